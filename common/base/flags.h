/* Flags, or sets of two bytes, of up to 64 words, and the words that have some of them as bits:
 * which do can't be foreseen, so that they are told of without a branch, and gone through bit by
 * bit. */
#ifndef VERBATIM_BASE_FLAGS_H
#define VERBATIM_BASE_FLAGS_H

#include <assert.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { FLAGS_MOST = 64 };

/* The lowest `count` bits, of 0 to FLAGS_MOST. */
static inline uint64_t flags_lowest(uint32_t count)
{
    assert(count <= FLAGS_MOST);
    return (UINT64_C(1) << count / 2 << (count - count / 2)) - 1; /* of 64 too: no branch */
}

/* Bit i: flags[i] has a bit of `mask`. Only the first `count` have bits; all may be read. */
static inline uint64_t flags_with(const uint8_t flags[static FLAGS_MOST], uint32_t count,
                                  uint8_t mask)
{
    uint64_t bits = 0;
#ifdef __SSE2__
#pragma GCC unroll 4
    for (uint32_t i = 0; i < FLAGS_MOST; i += 16) { /* all: how many there are can't be foreseen */
        __m128i bytes = _mm_loadu_si128((const void *)(flags + i));
        __m128i none = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)mask)),
                                      _mm_setzero_si128());
        bits |= (uint64_t)(~(uint32_t)_mm_movemask_epi8(none) & UINT16_MAX) << i;
    }
    return bits & flags_lowest(count);
#else
    for (uint32_t i = 0; i < count; i++) bits |= (uint64_t)((flags[i] & mask) != 0) << i;
    return bits;
#endif
}

/* Bit i: sets[i], of two bytes, has a bit of `mask`. As many may be read as are a multiple of
 * FLAGS_ROUND. */
enum { FLAGS_ROUND = 16 };
static inline uint64_t sets_with(const uint16_t *sets, uint32_t count, uint16_t mask)
{
    uint64_t bits = 0;
#ifdef __SSE2__
    const __m128i masks = _mm_set1_epi16((short)mask), zero = _mm_setzero_si128();
    for (uint32_t i = 0; i < count; i += FLAGS_ROUND) {
        __m128i low = _mm_loadu_si128((const void *)(sets + i)),
                high = _mm_loadu_si128((const void *)(sets + i + FLAGS_ROUND / 2));
        low = _mm_cmpeq_epi16(_mm_and_si128(low, masks), zero);
        high = _mm_cmpeq_epi16(_mm_and_si128(high, masks), zero);
        uint32_t none = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
        bits |= (uint64_t)(~none & UINT16_MAX) << i;
    }
    return bits & flags_lowest(count);
#else
    for (uint32_t i = 0; i < count; i++) bits |= (uint64_t)((sets[i] & mask) != 0) << i;
    return bits;
#endif
}

/* What the sets have between them; read as by sets_with(). */
static inline uint32_t sets_together(const uint16_t *sets, uint32_t count)
{
    uint32_t together = 0;
#ifdef __SSE2__
    static const uint16_t within[2 * FLAGS_ROUND] = {
        UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX,
        UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX,
        UINT16_MAX, UINT16_MAX};
    __m128i all = _mm_setzero_si128();
    for (uint32_t i = 0; i < count; i += FLAGS_ROUND) {
        uint32_t left = count - i < FLAGS_ROUND ? count - i : FLAGS_ROUND;
        const uint16_t *masks = within + FLAGS_ROUND - left;
        for (uint32_t half = 0; half < FLAGS_ROUND; half += FLAGS_ROUND / 2)
            all = _mm_or_si128(all, _mm_and_si128(
                                        _mm_loadu_si128((const void *)(sets + i + half)),
                                        _mm_loadu_si128((const void *)(masks + half))));
    }
    all = _mm_or_si128(all, _mm_srli_si128(all, 8));
    all = _mm_or_si128(all, _mm_srli_si128(all, 4));
    together = (uint32_t)_mm_cvtsi128_si32(all);
    return (together | together >> 16) & UINT16_MAX;
#else
    for (uint32_t i = 0; i < count; i++) together |= sets[i];
    return together;
#endif
}

/* How many there are; a library's function counts them where the processor's own can't be used. */
static inline uint32_t bits_of(uint64_t bits)
{
    const uint64_t fives = UINT64_C(0x5555555555555555), threes = UINT64_C(0x3333333333333333);
    bits -= bits >> 1 & fives;
    bits = (bits & threes) + (bits >> 2 & threes);
    return (uint32_t)(((bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f)) *
                          UINT64_C(0x0101010101010101) >> 56);
}

#endif
