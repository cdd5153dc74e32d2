/* Buckets of many keys come first, while there is room for them. */
#include "base/perfect.h"

#include <string.h>

enum { TRIES_MOST = 20000 };

struct building {
    const uint64_t *hashes;
    uint32_t *starts; /* bucket b has the keys order[starts[b]] to order[starts[b + 1] - 1] */
    uint32_t *order, *taken;
    uint32_t slot_bits;
};

static void sort_keys(struct building *building, uint32_t count, uint32_t buckets)
{
    uint32_t *starts = building->starts;
    memset(starts, 0, (buckets + 1) * sizeof *starts);
    for (uint32_t i = 0; i < count; i++) starts[building->hashes[i] & (buckets - 1)]++;
    for (uint32_t b = 0, sum = 0; b <= buckets; b++) starts[b] = sum += starts[b];
    for (uint32_t i = 0; i < count; i++)
        building->order[--starts[building->hashes[i] & (buckets - 1)]] = i;
}

static uint32_t slot_at(const struct building *building, uint32_t at, uint32_t factor)
{
    return perfect_slot(building->hashes[building->order[at]], factor, building->slot_bits);
}

/* Takes the slots of all keys of the bucket, or of none. */
static bool take(struct building *building, uint32_t bucket, uint32_t factor)
{
    uint32_t first = building->starts[bucket], end = building->starts[bucket + 1], at = first;
    for (; at < end; at++) {
        uint32_t slot = slot_at(building, at, factor), bit = 1u << slot % 32;
        if (building->taken[slot / 32] & bit) break;
        building->taken[slot / 32] |= bit;
    }
    if (at == end) return true;
    while (at-- > first) {
        uint32_t slot = slot_at(building, at, factor);
        building->taken[slot / 32] &= ~(1u << slot % 32);
    }
    return false;
}

static bool find_factor(struct building *building, uint32_t bucket, uint32_t *factor)
{
    const uint32_t step = 0x9E3779B2; /* even, so that all factors are odd */
    *factor = step | 1;
    for (int tries = 0; tries < TRIES_MOST; tries++, *factor += step)
        if (take(building, bucket, *factor)) return true;
    return false;
}

bool perfect_build(const uint64_t *hashes, uint32_t count, uint32_t bucket_bits, uint32_t slot_bits,
                   uint32_t *factors, uint32_t *scratch)
{
    uint32_t buckets = 1u << bucket_bits, most = 0;
    struct building building = {hashes, scratch, scratch + buckets + 1,
                                scratch + buckets + 1 + count, slot_bits};
    memset(building.taken, 0, (((size_t)1 << slot_bits) / 32 + 1) * sizeof *building.taken);
    sort_keys(&building, count, buckets);
    for (uint32_t b = 0; b < buckets; b++) {
        uint32_t size = building.starts[b + 1] - building.starts[b];
        most = size > most ? size : most;
    }
    for (uint32_t size = most + 1; size-- > 0;)
        for (uint32_t b = 0; b < buckets; b++)
            if (building.starts[b + 1] - building.starts[b] == size &&
                !find_factor(&building, b, &factors[b]))
                return false;
    return true;
}
