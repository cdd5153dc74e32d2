/* Four sums of bytes at once, 16 bits each: what adding up a linear model's weights is made of. Private to linear.c. */
#ifndef VERBATIM_MODEL_LINEAR_LANES_H
#define VERBATIM_MODEL_LINEAR_LANES_H

#include <stdint.h>
#include <string.h>

enum { LANES = 4 };

#ifdef __SSE2__ /* part of every x86-64 */
#include <emmintrin.h>

struct lanes {
    __m128i sums;
};

static inline struct lanes lanes_zero(void) { return (struct lanes){_mm_setzero_si128()}; }

static inline void lanes_add(struct lanes *lanes, const uint8_t *bytes)
{
    int32_t four;
    memcpy(&four, bytes, sizeof four);
    lanes->sums = _mm_add_epi16(lanes->sums, _mm_unpacklo_epi8(_mm_cvtsi32_si128(four), _mm_setzero_si128()));
}

static inline uint16_t lanes_get(const struct lanes *lanes, int lane)
{
    return (uint16_t)((uint64_t)_mm_cvtsi128_si64(lanes->sums) >> 16 * lane);
}

#else

struct lanes {
    uint64_t sums; /* bytes 0, 2, 1, 3 from the low end on */
};

static inline struct lanes lanes_zero(void) { return (struct lanes){0}; }

static inline void lanes_add(struct lanes *lanes, const uint8_t *bytes)
{
    uint32_t x;
    memcpy(&x, bytes, sizeof x);
    lanes->sums += (x & 0x00ff00ffu) | (uint64_t)(x >> 8 & 0x00ff00ffu) << 32;
}

static inline uint16_t lanes_get(const struct lanes *lanes, int lane)
{
    return (uint16_t)(lanes->sums >> 16 * ((lane & 1) << 1 | lane >> 1));
}

#endif
#endif
