/* An order-dependent mix of word hashes, a vote of words on each of 64 bits, and least
 * hashes of pairs. */
#include "text/similar.h"

static inline uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
}

#define EXACT_FIRST UINT64_C(0x9E3779B97F4A7C15)

static inline uint64_t exact_step(uint64_t exact, uint64_t hash) { return mix(exact ^ hash); }

uint64_t text_exact_hash(const struct tokens *tokens)
{
    uint64_t exact = EXACT_FIRST;
    for (uint32_t i = 0; i < tokens->count; i++) exact = exact_step(exact, tokens->items[i].hash);
    return exact;
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

/* Eight at a time, added up among themselves, so that one carry in eight goes up; 0 votes for no bit.
 * It goes up all planes, whether or not there is a carry left: a branch on that is mispredicted, and
 * costs more. */
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

static uint64_t word_hash(const struct tokens *tokens, uint32_t at)
{
    return mix(tokens->items[at].hash);
}

uint64_t text_simhash(const struct tokens *tokens)
{
    uint32_t words = tokens->count, at = 0;
    struct votes votes = {.count = words, .used = words ? 32 - __builtin_clz(words) : 0};
    uint64_t hashes[8];
    for (; at + 8 <= words; at += 8) {
        for (uint32_t i = 0; i < 8; i++) hashes[i] = word_hash(tokens, at + i);
        vote_eight(&votes, hashes);
    }
    memset(hashes, 0, sizeof hashes);
    for (uint32_t i = 0; at + i < words; i++) hashes[i] = word_hash(tokens, at + i);
    vote_eight(&votes, hashes);
    return majority(&votes);
}

/* Each step of the exact hash waits for the one before; the pairs' hashes use that time.
 * Odd factors permute the 64-bit numbers; the pairs' hashes are mixed well before. */
uint64_t text_exact_minhash(const struct tokens *tokens, uint16_t ret_bands[static SIMILAR_BANDS])
{
    static const uint64_t factors[SIMILAR_BANDS] = {
        0x9E3779B97F4A7C15u, 0xC2B2AE3D27D4EB4Fu, 0x165667B19E3779F9u, 0xFF51AFD7ED558CCDu};
    uint64_t least[SIMILAR_BANDS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    uint64_t exact = tokens->count ? exact_step(EXACT_FIRST, tokens->items[0].hash) : EXACT_FIRST;
    for (uint32_t i = 1; i < tokens->count; i++) {
        uint64_t hash = tokens->items[i].hash, pair = mix(tokens->items[i - 1].hash * 3 + hash);
        exact = exact_step(exact, hash);
        for (int band = 0; band < SIMILAR_BANDS; band++) {
            uint64_t permuted = pair * factors[band];
            least[band] = permuted < least[band] ? permuted : least[band];
        }
    }
    /* A minimum's high bits say little: most of them are 0. Mixed again, all do. */
    for (int band = 0; band < SIMILAR_BANDS; band++)
        ret_bands[band] = tokens->count > 1 ? (uint16_t)mix(least[band]) : 0;
    return exact;
}

void text_minhash(const struct tokens *tokens, uint16_t ret_bands[static SIMILAR_BANDS])
{
    text_exact_minhash(tokens, ret_bands);
}
