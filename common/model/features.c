/* Counts a text's n-grams in a small table on the stack and adds each to its bucket as it is met:
 * the step from tf to tf + 1 is worth ln(tf + 1) - ln(tf), so no second pass is needed. */
#include "model/features.h"

#include <math.h>

#include "base/hash.h"
#include "model/ngram.h"

enum {
    SLOTS_MIN = 64, SLOTS_MAX = 4096,
    SLOTS_PER_TOKEN = 12 /* of two n-grams: few collide, and few branches are mispredicted */
};

/* Only counts are emptied: with so many slots most keys are never looked at. */
struct counter {
    uint32_t counts[SLOTS_MAX]; /* 0: the slot is free */
    uint32_t keys[SLOTS_MAX];   /* equal low 32 bits of the hash count as the same n-gram */
    uint32_t mask, left;        /* left: of room for n-grams unseen so far */
};

/* What the (count + 1)th sight of an n-gram adds: 1, ln 2, ln 3/2, ln 4/3, … */
static const float STEPS[] = {1.0f,        0.69314718f, 0.40546511f, 0.28768207f,
                              0.22314355f, 0.18232156f, 0.15415068f, 0.13353139f};

static void counter_init(struct counter *counter, uint32_t tokens)
{
    uint32_t slots = SLOTS_MIN;
    while (slots < SLOTS_MAX && slots < tokens * SLOTS_PER_TOKEN) slots *= 2;
    memset(counter->counts, 0, slots * sizeof counter->counts[0]);
    counter->mask = slots - 1;
    counter->left = counter->mask < FEATURES_COUNTED ? counter->mask : FEATURES_COUNTED;
}

/* All bits, if an n-gram lies there. By a shift, so that the compiler makes no branch of it. */
static inline uint32_t is_taken(const struct counter *counter, uint32_t at)
{
    return (uint32_t)(-(int32_t)counter->counts[at] >> 31);
}

/* How often the n-gram was met before. Whether it was can't be predicted: a new one and one that
 * lies where it is sought take the same way, and only collisions another. */
static inline uint32_t counter_add(struct counter *counter, uint64_t hash)
{
    uint32_t key = (uint32_t)hash, at = (uint32_t)(hash >> 32) & counter->mask;
    while ((counter->keys[at] ^ key) & is_taken(counter, at)) at = (at + 1) & counter->mask;
    uint32_t before = counter->counts[at];
    if (counter->left == 0 && before == 0) return 0;
    counter->left -= before == 0;
    counter->keys[at] = key;
    counter->counts[at] = before + 1;
    return before;
}

/* The sign goes in as a bit: a branch on a hash would be mispredicted half the time. */
static inline void add(float *out, uint64_t hash, float weight)
{
    uint32_t bits;
    memcpy(&bits, &weight, sizeof bits);
    bits ^= (uint32_t)(~hash & 1) << 31;
    memcpy(&weight, &bits, sizeof bits);
    out[hash >> 56] += weight;
}

static inline float step_of(uint32_t before)
{
    return before < sizeof STEPS / sizeof STEPS[0] ? STEPS[before] : log1pf(1.0f / (float)before);
}

static inline void count_ngram(struct counter *counter, float *out, uint64_t hash)
{
    add(out, hash, step_of(counter_add(counter, hash)));
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
    for (int i = 0; i < FEATURES_DIMENSIONS; i++) out[i] *= scale;
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
    uint64_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = tokens->items[i].hash;
        count_ngram(&counter, out, hash);
        if (i) count_ngram(&counter, out, ngram_pair(left, hash));
        left = hash;
    }
    normalise(out);
    add_channel(out, channel);
    if (has_rating) add_rating(out, rating);
    normalise(out);
}
