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

/* Two numbers side by side, with which the same is done. */
typedef uint64_t lanes_2 __attribute__((vector_size(16)));
enum { VOTES_A_TURN = 16, PLANES_MOST = 32, PLANES_OF_MOST = 7 /* texts */ };

/* Counts how often each of 64 bits was set, all bits at once: bit b of planes[k] is
 * bit k of b's count. Each lane counts half of the votes. */
struct votes {
    lanes_2 planes[PLANES_MOST];
    uint32_t count;
    int used; /* planes that the count of all votes will need */
};

/* Three bits in, their sum and what it carries. */
static inline lanes_2 add_bits(lanes_2 *sum, lanes_2 a, lanes_2 b)
{
    lanes_2 odd = *sum ^ a, carry = (*sum & a) | (odd & b);
    *sum = odd ^ b;
    return carry;
}

static inline lanes_2 carry_on(lanes_2 *sum, lanes_2 carry)
{
    lanes_2 next = *sum & carry;
    *sum ^= carry;
    return next;
}

/* Eight a lane, added up among themselves, so that one carry in eight goes up; 0 votes for no
 * bit. It goes up all planes, whether or not there is a carry left: a branch on that is
 * mispredicted, and costs more. */
static inline void vote(struct votes *votes, const lanes_2 pairs[static VOTES_A_TURN / 2])
{
    lanes_2 *planes = votes->planes, fours[2];
    for (int half = 0; half < 2; half++) {
        const lanes_2 *four = pairs + 4 * half;
        lanes_2 twos = add_bits(&planes[0], four[0], four[1]);
        fours[half] = add_bits(&planes[1], twos, add_bits(&planes[0], four[2], four[3]));
    }
    lanes_2 carry = add_bits(&planes[2], fours[0], fours[1]);
    for (int plane = 3; plane < PLANES_OF_MOST; plane++) carry = carry_on(&planes[plane], carry);
    for (int plane = PLANES_OF_MOST; plane < votes->used; plane++)
        carry = carry_on(&planes[plane], carry);
}

/* The bits that more than half of all votes set: from the lowest plane up, where both lanes' counts
 * are added up, those whose bits so far are more than half's. */
static uint64_t majority(const struct votes *votes)
{
    uint32_t half = votes->count / 2;
    uint64_t more = 0, carry = 0;
    for (int plane = 0; plane < votes->used; plane++) {
        uint64_t one = votes->planes[plane][0], other = votes->planes[plane][1], odd = one ^ other,
                 bits = odd ^ carry, needed = -(uint64_t)(half >> plane & 1);
        carry = (one & other) | (odd & carry);
        more = (bits & more) | ((bits | more) & ~needed);
    }
    return more;
}

uint64_t text_simhash(const struct tokens *tokens)
{
    uint32_t words = tokens->count, at = 0;
    const struct token *token = tokens->items;
    struct votes votes = {.count = words, .used = words ? 32 - __builtin_clz(words) : 0};
    uint64_t last[VOTES_A_TURN] = {0};
    lanes_2 pairs[VOTES_A_TURN / 2];
    for (; at + VOTES_A_TURN <= words; at += VOTES_A_TURN, token += VOTES_A_TURN) {
        for (int i = 0; i < VOTES_A_TURN / 2; i++)
            pairs[i] = (lanes_2){token[2 * i].hash, token[2 * i + 1].hash};
        vote(&votes, pairs);
    }
    for (uint32_t i = 0; at + i < words; i++) last[i] = token[i].hash;
    memcpy(pairs, last, sizeof pairs);
    vote(&votes, pairs);
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
