/* An order-dependent mix of word hashes, a vote of words on each of 64 bits, and least
 * hashes of pairs. Words' hashes (hash_word()) are as good as drawn by lot: they are taken as they
 * are. */
#include "text/similar.h"

#include "base/fours.h"

static inline uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
}

#define EXACT_FIRST UINT64_C(0x9E3779B97F4A7C15)
#define EXACT_FACTOR UINT64_C(0xD6E8FEB86659FD93)

/* Exclusive or and the turn keep it from being linear: a polynomial modulo 2^64 is the same of
 * 1,024 words in Thue and Morse's order and of those with the two swapped, whatever they are. */
static inline uint64_t exact_step(uint64_t exact, uint64_t hash)
{
    return ((exact << 32 | exact >> 32) ^ hash) * EXACT_FACTOR;
}

/* Counts how often each of 64 bits was set, all bits at once: bit b of planes[k] is
 * bit k of b's count. */
struct votes {
    uint64_t planes[32];
    uint32_t count;
    int used; /* planes that the count of all votes will need */
};

/* Three bits in, their sum and what it carries. */
static inline uint64_t add_bits(uint64_t *sum, uint64_t a, uint64_t b)
{
    uint64_t odd = *sum ^ a, carry = (*sum & a) | (odd & b);
    *sum = odd ^ b;
    return carry;
}

/* Eight at a time, added up among themselves, so that one carry in eight goes up; 0 votes for no
 * bit. It goes up all planes, whether or not there is a carry left: a branch on that is
 * mispredicted, and costs more. */
static void vote_eight(struct votes *votes, const uint64_t hashes[static 8])
{
    uint64_t *planes = votes->planes, fours[2];
    for (int half = 0; half < 2; half++) {
        const uint64_t *four = hashes + 4 * half;
        uint64_t twos = add_bits(&planes[0], four[0], four[1]);
        fours[half] = add_bits(&planes[1], twos, add_bits(&planes[0], four[2], four[3]));
    }
    uint64_t carry = add_bits(&planes[2], fours[0], fours[1]);
    for (int plane = 3; plane < votes->used; plane++) {
        uint64_t next = planes[plane] & carry;
        planes[plane] ^= carry;
        carry = next;
    }
}

/* The bits that more than half of all votes set. */
static uint64_t majority(const struct votes *votes)
{
    uint32_t half = votes->count / 2;
    uint64_t more = 0, equal = ~UINT64_C(0); /* so far, from the highest plane down */
    for (int plane = votes->used - 1; plane >= 0; plane--) {
        uint64_t bits = votes->planes[plane], needed = -(uint64_t)(half >> plane & 1);
        more |= equal & bits & ~needed;
        equal &= ~(bits ^ needed);
    }
    return more;
}

uint64_t text_simhash(const struct tokens *tokens)
{
    uint32_t words = tokens->count, at = 0;
    struct votes votes = {.count = words, .used = words ? 32 - __builtin_clz(words) : 0};
    uint64_t hashes[8];
    for (; at + 8 <= words; at += 8) {
        for (uint32_t i = 0; i < 8; i++) hashes[i] = tokens->items[at + i].hash;
        vote_eight(&votes, hashes);
    }
    memset(hashes, 0, sizeof hashes);
    for (uint32_t i = 0; at + i < words; i++) hashes[i] = tokens->items[at + i].hash;
    vote_eight(&votes, hashes);
    return majority(&votes);
}

_Static_assert((int)SIMILAR_BANDS == FOUR, "a band's minimum is one of four numbers");

/* The high bits of each pair's hash are permuted by a number (exclusive or), a band's own: its
 * least is the one whose highest bits agree best with that number, as signed numbers.
 * So a band sees the pairs that begin with two bits of its own, and is independent of the others
 * while there are some (after Li, Owen and Zhang 2012, "One Permutation Hashing"). Where there are
 * none, of few pairs, its minimum is another band's pair, and the two agree or differ together. */
static const ints_4 bands = {0, INT32_C(1) << 30, INT32_MIN, INT32_MIN | INT32_C(1) << 30};

static inline ints_4 lower_bands(ints_4 least, uint64_t before, uint64_t hash)
{
    int32_t pair = (int32_t)((before * 3 + hash) >> 32);
    ints_4 permuted = (ints_4){pair, pair, pair, pair} ^ bands, less = permuted < least;
    return (permuted & less) | (least & ~less);
}

/* Each step of the exact hash waits for the one before; the pairs use that time. */
static uint64_t exact_and_bands(const struct tokens *tokens,
                                uint16_t ret_bands[static SIMILAR_BANDS])
{
    ints_4 least = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};
    uint64_t before = tokens->count ? tokens->items[0].hash : 0,
             exact = tokens->count ? exact_step(EXACT_FIRST, before) : EXACT_FIRST;
    for (uint32_t i = 1; i < tokens->count; i++) {
        uint64_t hash = tokens->items[i].hash;
        least = lower_bands(least, before, hash);
        exact = exact_step(exact, hash);
        before = hash;
    }
    /* A minimum's high bits say little: most of them are 0. Mixed again, all do. */
    for (int band = 0; band < SIMILAR_BANDS; band++)
        ret_bands[band] = tokens->count > 1 ? (uint16_t)mix((uint32_t)least[band]) : 0;
    return mix(exact);
}

void text_similar(const struct tokens *tokens, struct similar *ret_similar)
{
    ret_similar->exact = exact_and_bands(tokens, ret_similar->bands);
    ret_similar->similar = text_simhash(tokens);
}
