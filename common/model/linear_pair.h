/* Two linear models summed in one pass: the weights that a feature has in both lie side by side.
 *
 * Half the reads that miss the cache, which is what scoring costs. The sums are those
 * of linear_sum(). */
#ifndef VERBATIM_MODEL_LINEAR_PAIR_H
#define VERBATIM_MODEL_LINEAR_PAIR_H

#include "model/linear.h"

enum { LINEAR_PAIR_CLASSES = 4 /* of each, at most */ };

struct linear_pair {
    const struct linear_model *one, *other;
    /* buckets x 8; NULL: more than four classes; they are summed one after the other */
    uint8_t *weights;
    uint32_t bucket_bits; /* of weights */
};

/* The models must outlive the pair. NO_MEMORY. */
int linear_pair_init(const struct linear_model *one, const struct linear_model *other,
                     struct linear_pair *ret_pair, struct err *err) CHECKED;
void linear_pair_deinit(struct linear_pair *pair); /* zeroed is fine */

/* Asks for the weights of a feature, so that they are there when they are summed: best done among
 * other work, as the processor fetches only so many at a time. */
static inline void linear_pair_prefetch(const struct linear_pair *pair, uint32_t feature)
{
    /* any byte of a bucket will do, so its number needn't be cut off and multiplied; a number, as
     * there may be no weights */
    _Static_assert(2 * LINEAR_PAIR_CLASSES == 8, "eight bytes a bucket");
    uint32_t shift = 32 - 3 - pair->bucket_bits;
    __builtin_prefetch((const void *)((uintptr_t)pair->weights + (feature >> shift)));
}

enum linear_half { LINEAR_ONE, LINEAR_OTHER };

/* How far the sums had come, as stored and modulo 2^16, those of pair->one first: what lies between
 * two levels is what the features between them weigh. */
struct linear_level {
    uint16_t classes[2 * LINEAR_PAIR_CLASSES];
};

/* Adds the features of tokens [first, last) to the sums of each model. levels: NULL, or room for
 * one more than those features: the first is 0. Without pair->weights they aren't written. With
 * weights and levels, and only then, both sums may be NULL. */
void linear_pair_sum(const struct linear_pair *pair, const struct linear_features *features,
                     uint32_t first, uint32_t last, struct linear_sums *one,
                     struct linear_sums *other, struct linear_level *levels);

/* So many features add up to 16 bits at most, once what is stored with their weights is off. */
enum { LINEAR_PAIR_PART = 256 };
static inline void linear_pair_between_part(const struct linear_level *levels,
                                            enum linear_half half, uint32_t at, uint32_t end,
                                            int64_t *ret_sums)
{
    typedef uint16_t shorts_4 __attribute__((vector_size(2 * LINEAR_PAIR_CLASSES)));
    shorts_4 before, behind;
    memcpy(&before, &levels[at].classes[half * LINEAR_PAIR_CLASSES], sizeof before);
    memcpy(&behind, &levels[end].classes[half * LINEAR_PAIR_CLASSES], sizeof behind);
    behind -= before + (uint16_t)((end - at) * LINEAR_WEIGHT_ZERO);
    for (int i = 0; i < LINEAR_PAIR_CLASSES; i++) ret_sums[i] = (int16_t)behind[i];
}
/* The same of any number of features; at <= end. */
void linear_pair_between_parts(const struct linear_level *levels, enum linear_half half,
                               uint32_t at, uint32_t end, int64_t *ret_sums);

/* What linear_pair_sum() would add to sums of 0, of one model alone, by levels that it wrote of all
 * tokens. Sets *ret_sums, but for classes that no model of a pair has. */
static inline void linear_pair_between(const struct linear_features *features,
                                       const struct linear_level *levels, enum linear_half half,
                                       uint32_t first, uint32_t last, struct linear_sums *ret_sums)
{
    uint32_t at = features->first[first], end = features->first[last];
    ret_sums->count = end - at;
    if (end - at <= LINEAR_PAIR_PART)
        linear_pair_between_part(levels, half, at, end, ret_sums->classes);
    else linear_pair_between_parts(levels, half, at, end, ret_sums->classes);
}

#endif
