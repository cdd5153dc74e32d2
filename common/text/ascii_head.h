/* The ASCII letters and digits at the head of 16 bytes, judged all at once:
 * for tokens and for the redactor.
 *
 * SSE2 is part of every x86-64; elsewhere callers go byte by byte, with the same result. */
#ifndef VERBATIM_TEXT_ASCII_HEAD_H
#define VERBATIM_TEXT_ASCII_HEAD_H

#include <stdint.h>

/* Bit i is about byte i; only the first `size` bytes have bits. */
struct ascii_head {
    unsigned size; /* letters and digits before anything else: 0 to 16 */
    uint32_t letters, uppers;
    uint32_t repeats; /* letters that equal the byte before, whatever their case */
};

enum { ASCII_HEAD_BYTES = 16 };

#ifdef __SSE2__
#include <emmintrin.h>

enum { ASCII_HEAD_WORKS = 1 };

/* Bytes of v in [first, first + count). */
static inline __m128i ascii_between(__m128i v, char first, char count)
{
    __m128i above = _mm_sub_epi8(v, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8((char)(count - 1))), above);
}

/* Reads and writes ASCII_HEAD_BYTES bytes; `folded` is in lower case up to the head's size. */
static inline struct ascii_head ascii_head_take(const char *text, char *folded)
{
    __m128i bytes = _mm_loadu_si128((const void *)text);
    __m128i low = _mm_or_si128(bytes, _mm_set1_epi8(0x20)); /* digits have this bit already */
    __m128i letter = ascii_between(low, 'a', 26), digit = ascii_between(bytes, '0', 10);
    __m128i repeat = _mm_and_si128(letter, _mm_cmpeq_epi8(low, _mm_slli_si128(low, 1)));
    uint32_t in_word = (uint32_t)_mm_movemask_epi8(_mm_or_si128(letter, digit));
    uint32_t lower = (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(bytes, 2)); /* by the bit 0x20 */
    unsigned size = (unsigned)__builtin_ctz(~in_word);
    uint32_t within = (1u << size) - 1;
    uint32_t letters = (uint32_t)_mm_movemask_epi8(letter) & within;
    _mm_storeu_si128((void *)folded, low);
    return (struct ascii_head){
        .size = size,
        .letters = letters,
        .uppers = letters & ~lower,
        .repeats = (uint32_t)_mm_movemask_epi8(repeat) & within,
    };
}

#else

enum { ASCII_HEAD_WORKS = 0 };

static inline struct ascii_head ascii_head_take(const char *text, char *folded)
{
    (void)text, (void)folded;
    return (struct ascii_head){0};
}

#endif
#endif
