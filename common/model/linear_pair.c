/* Eight bytes a bucket, as many buckets as the finer of the two models has, widened to eight sums
 * of 16 bits in one register, which are taken off before they go round. A model of fewer than four
 * classes gets sums of its padding as well; nobody reads them. */
#include "model/linear_pair.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { EACH = LINEAR_PAIR_CLASSES, BOTH = 2 * EACH, PAGE_BYTES = 2 << 20 };

typedef uint8_t bytes_16 __attribute__((vector_size(2 * BOTH)));
typedef uint16_t shorts_8 __attribute__((vector_size(2 * BOTH)));

/* In pages of 2 MiB where the system has them to give: nearly every feature is on a page of its
 * own, and 4 KiB each are more than the processor keeps addresses of. */
static uint8_t *allocate(size_t bytes)
{
    if (bytes < PAGE_BYTES) return malloc(bytes);
    uint8_t *memory = aligned_alloc(PAGE_BYTES, bytes);
    if (memory) (void)madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

/* Bucket by bucket of the coarser model, and the finer one's that share it. */
static void interleave(const struct linear_model *fine, size_t fine_at,
                       const struct linear_model *coarse, size_t coarse_at, uint8_t *restrict out)
{
    const uint8_t *left = fine->weights, *shared = coarse->weights,
                  *end = shared + ((size_t)EACH << coarse->bucket_bits);
    size_t run = (size_t)1 << (fine->bucket_bits - coarse->bucket_bits);
    for (; shared < end; shared += EACH)
        for (size_t i = 0; i < run; i++, left += EACH, out += BOTH) {
            memcpy(out + fine_at, left, EACH);
            memcpy(out + coarse_at, shared, EACH);
        }
}

int linear_pair_init(const struct linear_model *one, const struct linear_model *other,
                     struct linear_pair *ret_pair, struct err *err)
{
    struct linear_pair pair = {.one = one, .other = other};
    if (one->stride == EACH && other->stride == EACH) {
        bool finer = one->bucket_bits > other->bucket_bits;
        pair.bucket_bits = finer ? one->bucket_bits : other->bucket_bits;
        pair.weights = allocate((size_t)BOTH << pair.bucket_bits);
        if (!pair.weights) return err_set(err, E_NO_MEMORY, NULL);
        if (finer) interleave(one, 0, other, EACH, pair.weights);
        else interleave(other, EACH, one, 0, pair.weights);
        model_file_rest(&one->file);
        model_file_rest(&other->file);
    }
    *ret_pair = pair;
    return E_OK;
}

void linear_pair_deinit(struct linear_pair *pair)
{
    if (!pair) return;
    free(pair->weights);
    *pair = (struct linear_pair){0};
}

static void drain(shorts_8 lanes, uint32_t features, struct linear_sums *one,
                  struct linear_sums *other)
{
    for (int i = 0; i < EACH; i++) {
        one->classes[i] += (int64_t)lanes[i] - (int64_t)features * LINEAR_WEIGHT_ZERO;
        other->classes[i] += (int64_t)lanes[EACH + i] - (int64_t)features * LINEAR_WEIGHT_ZERO;
    }
}

void linear_pair_between_parts(const struct linear_level *levels, enum linear_half half,
                               uint32_t at, uint32_t end, int64_t *ret_sums)
{
    assert(at <= end); /* a range that is turned round looks long, and comes here, too */
    memset(ret_sums, 0, EACH * sizeof *ret_sums);
    while (at < end) {
        uint32_t next = end - at < LINEAR_PAIR_PART ? end : at + LINEAR_PAIR_PART;
        int64_t more[EACH];
        linear_pair_between_part(levels, half, at, next, more);
        for (int i = 0; i < EACH; i++) ret_sums[i] += more[i];
        at = next;
    }
}

/* Eight bytes as shorts: interleaved with zeros, which compilers do at once. They come as one
 * number: copied into a vector's half, they would go through memory, and be waited for. */
static inline shorts_8 widen(const uint8_t *weights)
{
    typedef uint64_t longs_2 __attribute__((vector_size(2 * BOTH)));
    const bytes_16 zero = {0};
    uint64_t eight;
    memcpy(&eight, weights, sizeof eight);
    bytes_16 bytes = (bytes_16)(longs_2){eight, 0};
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (shorts_8)__builtin_shufflevector(bytes, zero, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                             6, 22, 7, 23);
#else
    return (shorts_8)__builtin_shufflevector(bytes, zero, 16, 0, 17, 1, 18, 2, 19, 3, 20, 4, 21, 5,
                                             22, 6, 23, 7);
#endif
}

/* What `count` features, at most LINEAR_PAIR_PART, add to the lanes, modulo 2^16. */
static inline shorts_8 sum_part(const struct linear_pair *pair, const uint32_t *items,
                                uint32_t count, shorts_8 lanes, struct linear_level *levels)
{
    uint32_t shift = 32 - pair->bucket_bits, i = 0;
    const uint8_t *weights = pair->weights;
    for (; i + 2 <= count; i += 2) {
        shorts_8 both = lanes + widen(weights + (size_t)(items[i] >> shift) * BOTH);
        if (levels) memcpy(&levels[i], &both, sizeof both);
        lanes = both + widen(weights + (size_t)(items[i + 1] >> shift) * BOTH);
        if (levels) memcpy(&levels[i + 1], &lanes, sizeof lanes);
    }
    if (i == count) return lanes;
    lanes += widen(weights + (size_t)(items[i] >> shift) * BOTH);
    if (levels) memcpy(&levels[i], &lanes, sizeof lanes);
    return lanes;
}

void linear_pair_sum(const struct linear_pair *pair, const struct linear_features *features,
                     uint32_t first, uint32_t last, struct linear_sums *one,
                     struct linear_sums *other, struct linear_level *levels)
{
    assert(one || pair->weights);
    assert(first <= last && last <= features->tokens);
    if (!pair->weights) {
        linear_sum(pair->one, features, first, last, one);
        linear_sum(pair->other, features, first, last, other);
        return;
    }
    const uint32_t *items = features->items + features->first[first];
    uint32_t count = features->first[last] - features->first[first];
    shorts_8 lanes = {0};
    if (one) one->count += count, other->count += count;
    if (levels) memset(levels++, 0, sizeof *levels);
    while (count) {
        uint32_t part = count < LINEAR_PAIR_PART ? count : LINEAR_PAIR_PART;
        shorts_8 before = lanes;
        lanes = levels ? sum_part(pair, items, part, lanes, levels)
                       : sum_part(pair, items, part, lanes, NULL);
        if (one) drain(lanes - before, part, one, other);
        items += part;
        count -= part;
        if (levels) levels += part;
    }
}
