/* Counts a text's n-grams in a small table on the stack and adds each to its bucket as it is met:
 * the step from tf to tf + 1 is worth ln(tf + 1) - ln(tf), so no second pass is needed. */
#include "model/features.h"

#include <math.h>

#include "base/hash.h"
#include "model/ngram.h"

/* Both of count_all()'s ways are to be written out: one asks much less. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

enum {
    SLOTS_MIN = 64, SLOTS_MAX = 4096,
    SLOTS_PER_TOKEN = 24, /* of two n-grams: few collide, and few branches are mispredicted */
    STEPS_KNOWN = 8, SEEN_MANY = UINT8_MAX
};

/* Only `seen` is emptied: with so many slots most keys are never looked at. */
struct counter {
    uint8_t seen[SLOTS_MAX];  /* how often; 0: the slot is free, SEEN_MANY: ask `many` */
    uint32_t many[SLOTS_MAX];
    uint32_t keys[SLOTS_MAX]; /* equal low 32 bits of the hash count as the same n-gram */
    uint32_t mask, left;      /* left: of room for n-grams unseen so far */
};

/* What the (count + 1)th sight of an n-gram adds: 1, ln 2, ln 3/2, ln 4/3, …; less, and more. The
 * sign is looked up, too: a branch on a hash would be mispredicted half the time. */
#define STEP(weight) {-weight, weight}
static const float steps[STEPS_KNOWN][2] = {
    STEP(1.0f),        STEP(0.69314718f), STEP(0.40546511f), STEP(0.28768207f),
    STEP(0.22314355f), STEP(0.18232156f), STEP(0.15415068f), STEP(0.13353139f)};
#undef STEP

static void counter_init(struct counter *counter, uint32_t tokens)
{
    uint32_t slots = SLOTS_MIN;
    while (slots < SLOTS_MAX && slots < tokens * SLOTS_PER_TOKEN) slots *= 2;
    memset(counter->seen, 0, slots * sizeof counter->seen[0]);
    counter->mask = slots - 1;
    counter->left = counter->mask < FEATURES_COUNTED ? counter->mask : FEATURES_COUNTED;
}

/* All bits, if an n-gram lies there. By a shift, so that the compiler makes no branch of it. */
static inline uint32_t is_taken(const struct counter *counter, uint32_t at)
{
    return (uint32_t)(-(int32_t)counter->seen[at] >> 31);
}

static inline void add(float *out, uint64_t hash, float weight)
{
    out[hash >> 56] += hash & 1 ? weight : -weight;
}

static void add_often_seen(struct counter *counter, uint32_t at, float *out, uint64_t hash)
{
    uint32_t before = counter->seen[at];
    if (before == SEEN_MANY) before = counter->many[at];
    counter->many[at] = before + 1;
    counter->seen[at] = (uint8_t)(before + 1 < SEEN_MANY ? before + 1 : SEEN_MANY);
    add(out, hash, log1pf(1.0f / (float)before));
}

/* Whether the n-gram was met before can't be predicted: a new one and one that lies where it is
 * sought take the same way, and only collisions another. bounded: there may be too little room. */
static ALWAYS_INLINE void count_ngram(struct counter *counter, uint32_t mask, float *out,
                                      uint64_t hash, bool bounded)
{
    uint32_t key = (uint32_t)hash, at = (uint32_t)(hash >> 32) & mask;
    while ((counter->keys[at] ^ key) & is_taken(counter, at)) at = (at + 1) & mask;
    uint32_t before = counter->seen[at];
    if (bounded && !before && counter->left-- == 0) {
        counter->left = 0;
        add(out, hash, 1.0f);
        return;
    }
    if (before >= STEPS_KNOWN) {
        add_often_seen(counter, at, out, hash);
        return;
    }
    counter->keys[at] = key;
    counter->seen[at] = (uint8_t)(before + 1);
    out[hash >> 56] += steps[before][hash & 1];
}

/* Bytes may be anybody's, so what is read again and again is kept beside the counter. */
static ALWAYS_INLINE void count_all(struct counter *counter, const struct tokens *tokens,
                                    float *out, bool bounded)
{
    const struct token *token = tokens->items, *end = token + tokens->count;
    uint32_t mask = counter->mask;
    uint64_t left = token->hash;
    count_ngram(counter, mask, out, left, bounded);
    while (++token < end) {
        uint64_t hash = token->hash;
        count_ngram(counter, mask, out, hash, bounded);
        count_ngram(counter, mask, out, ngram_pair(left, hash), bounded);
        left = hash;
    }
}

static void normalise(float *out)
{
    float sums[8] = {0};
    for (int i = 0; i < FEATURES_DIMENSIONS; i += 8)
        for (int lane = 0; lane < 8; lane++) sums[lane] += out[i + lane] * out[i + lane];
    float sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
                ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    if (sum <= 0.0f) return;
    float scale = 1.0f / sqrtf(sum);
    for (int i = 0; i < FEATURES_DIMENSIONS; i += 8)
        for (int lane = 0; lane < 8; lane++) out[i + lane] *= scale;
}

static void add_channel(float *out, struct str channel)
{
    if (channel.size == 0) return;
    uint64_t field = hash_fast(STR("channel="), 0);
    add(out, ngram_pair(field, hash_fast(channel, 0)), FEATURES_CHANNEL_WEIGHT);
}

static void add_rating(float *out, float rating)
{
    if (isnan(rating)) return;
    float cut = fminf(fmaxf(rating, 1.0f), 5.0f);
    add(out, hash_fast(STR("rating="), 0), FEATURES_RATING_WEIGHT * (cut - 3.0f) / 2.0f);
}

void features_extract(const struct tokens *tokens, struct str channel, bool has_rating,
                      float rating, float out[static FEATURES_DIMENSIONS])
{
    struct counter counter;
    uint32_t count = tokens->count;
    memset(out, 0, FEATURES_DIMENSIONS * sizeof *out);
    counter_init(&counter, count < SLOTS_MAX ? count : SLOTS_MAX);
    if (count && counter.left >= 2 * (uint64_t)count) count_all(&counter, tokens, out, false);
    else if (count) count_all(&counter, tokens, out, true);
    normalise(out);
    add_channel(out, channel);
    if (has_rating) add_rating(out, rating);
    normalise(out);
}
