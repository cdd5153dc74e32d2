/* Connections per address: open addressing with linear probing, sized once for all connections. */
#include "http/internal.h"

#include "base/hash.h"
#include "base/random.h"

#include <assert.h>
#include <stdlib.h>

int addresses_init(struct addresses *addresses, size_t connections, struct err *err)
{
    size_t count = 16;
    while (count < connections * 2 && count < SIZE_MAX / 4) count *= 2;
    struct random random;
    random_seed_system(&random);
    *addresses = (struct addresses){.mask = count - 1, .seed = random_u64(&random)};
    addresses->slots = calloc(count, sizeof *addresses->slots);
    return addresses->slots ? E_OK : err_set(err, E_NO_MEMORY, "table of addresses");
}

void addresses_deinit(struct addresses *addresses)
{
    free(addresses->slots);
    addresses->slots = NULL;
}

static size_t home_of(const struct addresses *addresses, const struct address_key *key)
{
    return (size_t)hash_fast(str_make(key->bytes, sizeof key->bytes),
                             addresses->seed) & addresses->mask;
}

/* The key's slot, or the free one where it would go. The table is never more than half full. */
static size_t find(const struct addresses *addresses, const struct address_key *key)
{
    size_t at = home_of(addresses, key);
    while (addresses->slots[at].count > 0 &&
           memcmp(&addresses->slots[at].key, key, sizeof *key) != 0)
        at = (at + 1) & addresses->mask;
    return at;
}

bool addresses_add(struct addresses *addresses, const struct address_key *key, size_t limit)
{
    struct address_slot *slot = &addresses->slots[find(addresses, key)];
    if (slot->count >= limit) return false;
    slot->key = *key;
    slot->count++;
    return true;
}

void addresses_remove(struct addresses *addresses, const struct address_key *key)
{
    size_t hole = find(addresses, key), mask = addresses->mask;
    assert(addresses->slots[hole].count > 0);
    if (--addresses->slots[hole].count > 0) return;
    /* Close the gap: pull back what was pushed behind it (Knuth 6.4, algorithm R). */
    for (size_t at = (hole + 1) & mask; addresses->slots[at].count > 0; at = (at + 1) & mask) {
        size_t home = home_of(addresses, &addresses->slots[at].key);
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        addresses->slots[hole] = addresses->slots[at];
        addresses->slots[at].count = 0;
        hole = at;
    }
}

struct address_key address_key_of(const struct sockaddr_storage *address)
{
    struct address_key key = {{0}};
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        key.bytes[10] = key.bytes[11] = 0xff;
        memcpy(key.bytes + 12, &v4->sin_addr, 4);
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        memcpy(key.bytes, &v6->sin6_addr, is_mapped ? 16 : 8); /* a /64 is one subscriber */
    }
    return key;
}
