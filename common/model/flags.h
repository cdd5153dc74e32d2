/* A byte of flags for each of up to 64 words, and those that have some of them as bits: which do
 * can't be foreseen, so that they are told of without a branch, and gone through bit by bit. */
#ifndef VERBATIM_MODEL_FLAGS_H
#define VERBATIM_MODEL_FLAGS_H

#include <assert.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { FLAGS_MOST = 64 };

/* Bit i: flags[i] has a bit of `mask`. Only the first `count` have bits; all may be read. */
static inline uint64_t flags_with(const uint8_t flags[static FLAGS_MOST], uint32_t count,
                                  uint8_t mask)
{
    uint64_t bits = 0;
    assert(count <= FLAGS_MOST);
#ifdef __SSE2__
    for (uint32_t i = 0; i < count; i += 16) {
        __m128i bytes = _mm_loadu_si128((const void *)(flags + i));
        __m128i none = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)mask)),
                                      _mm_setzero_si128());
        bits |= (uint64_t)(~(uint32_t)_mm_movemask_epi8(none) & UINT16_MAX) << i;
    }
    return count == FLAGS_MOST ? bits : bits & ((UINT64_C(1) << count) - 1);
#else
    for (uint32_t i = 0; i < count; i++) bits |= (uint64_t)((flags[i] & mask) != 0) << i;
    return bits;
#endif
}

#endif
