/* An order-dependent mix of word hashes, a vote of words on each of 64 bits, and least
 * hashes of pairs. */
#include "text/similar.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_X86 1
#endif

#define MIX_FACTOR UINT64_C(0xD6E8FEB86659FD93)

static inline uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= MIX_FACTOR;
    x ^= x >> 32;
    x *= MIX_FACTOR;
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

/* Odd factors permute the 64-bit numbers; the pairs' hashes are mixed well before. */
static const uint64_t factors[SIMILAR_BANDS] = {
    0x9E3779B97F4A7C15u, 0xC2B2AE3D27D4EB4Fu, 0x165667B19E3779F9u, 0xFF51AFD7ED558CCDu};

/* A minimum's high bits say little: most of them are 0. Mixed again, all do. */
static uint16_t band_of(uint64_t least) { return (uint16_t)mix(least); }

void text_minhash(const struct tokens *tokens, uint16_t ret_bands[static SIMILAR_BANDS])
{
    uint64_t least[SIMILAR_BANDS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    for (uint32_t i = 1; i < tokens->count; i++) {
        uint64_t pair = mix(tokens->items[i - 1].hash * 3 + tokens->items[i].hash);
        for (int band = 0; band < SIMILAR_BANDS; band++) {
            uint64_t permuted = pair * factors[band];
            least[band] = permuted < least[band] ? permuted : least[band];
        }
    }
    for (int band = 0; band < SIMILAR_BANDS; band++)
        ret_bands[band] = tokens->count > 1 ? band_of(least[band]) : 0;
}

#ifdef HAVE_X86
/* --- four words at a time ---------------------------------------------------------------------- */

#define AVX2 static inline __attribute__((target("avx2"), always_inline))
enum { FOUR = 4, ROUND = 16 /* words whose votes are added up at once */ };

AVX2 __m256i hashes_of(const struct token *items)
{
    return _mm256_set_epi64x((long long)items[3].hash, (long long)items[2].hash,
                             (long long)items[1].hash, (long long)items[0].hash);
}

/* x * factor, of 64 bits each; high: x >> 32. */
AVX2 __m256i times(__m256i x, __m256i high, uint64_t factor)
{
    __m256i low_half = _mm256_set1_epi64x((long long)factor),
            high_half = _mm256_set1_epi64x((long long)(factor >> 32));
    __m256i crossed = _mm256_add_epi64(_mm256_mul_epu32(high, low_half),
                                       _mm256_mul_epu32(x, high_half));
    return _mm256_add_epi64(_mm256_mul_epu32(x, low_half), _mm256_slli_epi64(crossed, 32));
}

AVX2 __m256i mix_four(__m256i x)
{
    for (int round = 0; round < 2; round++) {
        __m256i high = _mm256_srli_epi64(x, 32); /* as it is behind the exclusive or, too */
        x = times(_mm256_xor_si256(x, high), high, MIX_FACTOR);
    }
    return _mm256_xor_si256(x, _mm256_srli_epi64(x, 32));
}

/* add_bits() of four at once. */
AVX2 __m256i add_four(__m256i *sum, __m256i a, __m256i b)
{
    __m256i odd = _mm256_xor_si256(*sum, a),
            carry = _mm256_or_si256(_mm256_and_si256(*sum, a), _mm256_and_si256(odd, b));
    *sum = _mm256_xor_si256(odd, b);
    return carry;
}

/* Of the words of one lane in four; as vote_eight() does. */
AVX2 void vote_round(__m256i *planes, int used, const __m256i *votes)
{
    __m256i one = add_four(&planes[0], votes[0], votes[1]),
            other = add_four(&planes[0], votes[2], votes[3]),
            carry = add_four(&planes[1], one, other);
    for (int plane = 2; plane < used; plane++) {
        __m256i next = _mm256_and_si256(planes[plane], carry);
        planes[plane] = _mm256_xor_si256(planes[plane], carry);
        carry = next;
    }
}

/* What another lane has counted. */
static void add_lane(struct votes *votes, uint64_t (*planes)[FOUR], int lane)
{
    uint64_t carry = 0;
    for (int plane = 0; plane < votes->used; plane++)
        carry = add_bits(&votes->planes[plane], planes[plane][lane], carry);
}

AVX2 void lower_bands(__m256i *least, __m256i before, __m256i hashes)
{
    const __m256i sign = _mm256_set1_epi64x(INT64_MIN); /* numbers are compared as signed ones */
    __m256i three = _mm256_add_epi64(before, _mm256_add_epi64(before, before)),
            pairs = mix_four(_mm256_add_epi64(three, hashes)),
            high = _mm256_srli_epi64(pairs, 32);
    for (int band = 0; band < SIMILAR_BANDS; band++) {
        __m256i permuted = _mm256_xor_si256(times(pairs, high, factors[band]), sign);
        least[band] = _mm256_blendv_epi8(least[band], permuted,
                                         _mm256_cmpgt_epi64(least[band], permuted));
    }
}

AVX2 uint64_t least_of(__m256i lanes)
{
    int64_t each[FOUR], least;
    _mm256_storeu_si256((void *)each, lanes);
    least = each[0];
    for (int lane = 1; lane < FOUR; lane++) least = each[lane] < least ? each[lane] : least;
    return (uint64_t)least ^ (uint64_t)INT64_MIN;
}

/* Of five words or more. Each step of the exact hash waits for the one before: all else uses that
 * time. */
__attribute__((target("avx2"))) static void similar_avx2(const struct tokens *tokens,
                                                         struct similar *ret_similar)
{
    static const uint64_t new_lanes[2 * FOUR] = {0, 0, 0, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                                 UINT64_MAX};
    const struct token *items = tokens->items;
    uint32_t count = tokens->count, at = 1, votes = 0;
    int used = 32 - __builtin_clz(count / FOUR + 1); /* planes of a lane's count */
    struct votes all = {.count = count, .used = 32 - __builtin_clz(count)};
    uint64_t exact = exact_step(EXACT_FIRST, items[0].hash), counted[32][FOUR];
    __m256i least[SIMILAR_BANDS], round[ROUND / FOUR], planes[32],
        before = _mm256_set1_epi64x((long long)items[0].hash);
    for (int band = 0; band < SIMILAR_BANDS; band++) least[band] = _mm256_set1_epi64x(INT64_MAX);
    for (int plane = 0; plane < all.used; plane++) planes[plane] = _mm256_setzero_si256();
    planes[0] = _mm256_set_epi64x(0, 0, 0, (long long)mix(items[0].hash));
    for (; at + FOUR <= count; at += FOUR) {
        __m256i hashes = hashes_of(&items[at]),
                turned = _mm256_permute4x64_epi64(hashes, _MM_SHUFFLE(2, 1, 0, 3));
        lower_bands(least, _mm256_blend_epi32(turned, before, 3), hashes);
        before = turned;
        round[votes++] = mix_four(hashes);
        for (uint32_t i = 0; i < FOUR; i++) exact = exact_step(exact, items[at + i].hash);
        if (votes < ROUND / FOUR) continue;
        vote_round(planes, used, round);
        votes = 0;
    }
    /* the last four: pairs may be seen twice, votes may not */
    const struct token *last = &items[count - FOUR];
    __m256i hashes = hashes_of(last),
            fresh = _mm256_loadu_si256((const void *)&new_lanes[count - at]);
    lower_bands(least, hashes_of(last - 1), hashes);
    round[votes++] = _mm256_and_si256(mix_four(hashes), fresh);
    while (votes < ROUND / FOUR) round[votes++] = _mm256_setzero_si256();
    vote_round(planes, used, round);
    for (; at < count; at++) exact = exact_step(exact, items[at].hash);

    for (int plane = 0; plane < all.used; plane++)
        _mm256_storeu_si256((void *)counted[plane], planes[plane]);
    for (int lane = 0; lane < FOUR; lane++) add_lane(&all, counted, lane);
    ret_similar->exact = exact;
    ret_similar->similar = majority(&all);
    for (int band = 0; band < SIMILAR_BANDS; band++)
        ret_similar->bands[band] = band_of(least_of(least[band]));
}
#endif

void text_similar(const struct tokens *tokens, struct similar *ret_similar)
{
#ifdef HAVE_X86
    if (tokens->count > FOUR && __builtin_cpu_supports("avx2")) {
        similar_avx2(tokens, ret_similar);
        return;
    }
#endif
    ret_similar->exact = text_exact_hash(tokens);
    ret_similar->similar = text_simhash(tokens);
    text_minhash(tokens, ret_similar->bands);
}
