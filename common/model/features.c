/* Adds up signs a bucket in whole numbers, then takes all buckets' roots at once. */
#include "model/features.h"

#include <math.h>

#include "base/fours.h"
#include "base/hash.h"
#include "model/ngram.h"

/* The vector before its roots are taken; the amounts of all of it, which are the square of its
 * length then; and the length of the words' part, which counts as 1. */
struct growing {
    float *out, square, words;
};

static inline void count(int32_t *sums, uint64_t hash)
{
    sums[hash >> 56] += (int32_t)(hash & 1) * 2 - 1;
}

static void count_all(int32_t *sums, const struct tokens *tokens)
{
    const struct token *token = tokens->items, *end = token + tokens->count;
    if (token == end) return;
    uint64_t left = token->hash;
    count(sums, left);
    while (++token < end) {
        uint64_t hash = token->hash;
        count(sums, hash);
        count(sums, ngram_pair(left, hash));
        left = hash;
    }
}

static struct growing grow_from(const int32_t *sums, float *out)
{
    floats_4 amounts = {0};
#pragma GCC unroll 4
    for (int i = 0; i < FEATURES_DIMENSIONS; i += FOUR) {
        ints_4 whole;
        memcpy(&whole, sums + i, sizeof whole);
        floats_4 four = __builtin_convertvector(whole, floats_4);
        amounts += (floats_4)((ints_4)four & INT32_MAX);
        memcpy(out + i, &four, sizeof four);
    }
    float square = (amounts[0] + amounts[1]) + (amounts[2] + amounts[3]);
    return (struct growing){out, square, square > 0 ? sqrtf(square) : 1.0f};
}

static inline float root(float sum) { return copysignf(sqrtf(fabsf(sum)), sum); }

/* Adds to what will be the bucket's root. */
static void add(struct growing *growing, uint64_t hash, float weight)
{
    float *bucket = &growing->out[hash >> 56];
    float sum = root(*bucket) + (hash & 1 ? weight : -weight) * growing->words;
    growing->square += sum * sum - fabsf(*bucket);
    *bucket = sum * fabsf(sum);
}

static void add_channel(struct growing *growing, struct str channel)
{
    if (channel.size == 0) return;
    uint64_t field = hash_fast(STR("channel="), 0);
    add(growing, ngram_pair(field, hash_fast(channel, 0)), FEATURES_CHANNEL_WEIGHT);
}

static void add_rating(struct growing *growing, float rating)
{
    if (isnan(rating)) return;
    float cut = fminf(fmaxf(rating, 1.0f), 5.0f);
    add(growing, hash_fast(STR("rating="), 0), FEATURES_RATING_WEIGHT * (cut - 3.0f) / 2.0f);
}

void features_extract(const struct tokens *tokens, struct str channel, bool has_rating,
                      float rating, float out[static FEATURES_DIMENSIONS])
{
    int32_t sums[FEATURES_DIMENSIONS] = {0};
    count_all(sums, tokens);
    struct growing growing = grow_from(sums, out);
    add_channel(&growing, channel);
    if (has_rating) add_rating(&growing, rating);
    if (growing.square <= 0.0f) return;
    float scale = 1.0f / sqrtf(growing.square);
#pragma GCC unroll 4
    for (int i = 0; i < FEATURES_DIMENSIONS; i++) out[i] = root(out[i]) * scale;
}
