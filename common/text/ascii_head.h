/* What each of 16 or 64 bytes of a text is, told of all of them at once: for all who look through
 * texts.
 *
 * SSE2 is part of every x86-64; elsewhere callers go byte by byte, with the same result: they ask
 * for ASCII_HEAD_WORKS, or for __SSE2__ where they use the pieces themselves. */
#ifndef VERBATIM_TEXT_ASCII_HEAD_H
#define VERBATIM_TEXT_ASCII_HEAD_H

#include <stdint.h>
#include <string.h>

/* The letters and digits at the head of 16 bytes. Bit i is about byte i; only those have bits. */
struct ascii_head {
    unsigned size; /* 0 to 16 */
    uint32_t letters, uppers;
    uint32_t repeats; /* letters that equal the byte before, whatever their case */
};

/* Of 64 bytes, bit i is about byte i. */
struct ascii_marks {
    uint64_t words; /* letters, digits, and apostrophes within words */
    uint64_t letters, uppers, apostrophes;
    uint64_t repeats; /* letters that equal the byte before, whatever their case */
    uint64_t clauses, sentences; /* what parts clauses, and sentences (and so clauses, too) */
    uint64_t others; /* beyond ASCII, and apostrophes between a word and that */
};

enum { ASCII_HEAD_BYTES = 16, ASCII_MARKS_BYTES = 64 };

/* `size` bytes that can be read, of a text that has `left` more there: the text itself, or `room`,
 * filled up with `fill`, where it ends before. */
static inline const char *ascii_readable(const char *text, size_t left, size_t size, char fill,
                                         char *room)
{
    if (left >= size) return text;
    memset(room, fill, size);
    return memcpy(room, text, left);
}

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
    __m128i letter = ascii_between(low, 'a', 26);
    __m128i repeat = _mm_and_si128(letter, _mm_cmpeq_epi8(low, _mm_slli_si128(low, 1)));
    __m128i word = _mm_or_si128(letter, ascii_between(bytes, '0', 10));
    uint32_t lower = (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(bytes, 2)); /* by the bit 0x20 */
    unsigned size = (unsigned)__builtin_ctz(~(uint32_t)_mm_movemask_epi8(word));
    uint32_t within = (1u << size) - 1, letters = (uint32_t)_mm_movemask_epi8(letter) & within;
    _mm_storeu_si128((void *)folded, low);
    return (struct ascii_head){
        .size = size,
        .letters = letters,
        .uppers = letters & ~lower,
        .repeats = (uint32_t)_mm_movemask_epi8(repeat) & within,
    };
}

static inline __m128i ascii_equal(__m128i v, char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); }

/* . ! ? and the newline */
static inline __m128i ascii_sentence_ends(__m128i v)
{
    return _mm_or_si128(_mm_or_si128(ascii_equal(v, '.'), ascii_equal(v, '!')),
                        _mm_or_si128(ascii_equal(v, '?'), ascii_equal(v, '\n')));
}

/* , - . / : ; ( ) [ ] { } and the quotation mark. low: v | 0x20, where [ ] are { } */
static inline __m128i ascii_clause_ends(__m128i v, __m128i low)
{
    __m128i pair = _mm_and_si128(v, _mm_set1_epi8((char)0xFE)), /* without the lowest bit */
        four = _mm_and_si128(v, _mm_set1_epi8((char)0xFC));
    __m128i brackets = _mm_or_si128(_mm_or_si128(ascii_equal(low, '{'), ascii_equal(low, '}')),
                                    ascii_equal(pair, '('));
    __m128i others = _mm_or_si128(ascii_equal(four, ','), ascii_equal(pair, ':'));
    return _mm_or_si128(_mm_or_si128(brackets, others), ascii_equal(v, '"'));
}

/* The bits of 16 bytes as those of bytes `at` to at + 15 of 64. */
static inline uint64_t ascii_bits(__m128i v, int at)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(v) << at;
}

/* Reads and writes ASCII_MARKS_BYTES bytes; in `folded` letters and digits are in lower case. */
static inline struct ascii_marks ascii_marks_of(const char *text, char *folded)
{
    struct ascii_marks marks = {0};
    __m128i earlier = _mm_setzero_si128();
    uint64_t lower = 0, digits = 0, apostrophes = 0;
#pragma GCC unroll 4
    for (int i = 0; i < ASCII_MARKS_BYTES; i += ASCII_HEAD_BYTES) {
        __m128i bytes = _mm_loadu_si128((const void *)(text + i)),
                low = _mm_or_si128(bytes, _mm_set1_epi8(0x20)),
                before = _mm_or_si128(_mm_slli_si128(low, 1), _mm_srli_si128(earlier, 15)),
                letter = ascii_between(low, 'a', 26), sentence = ascii_sentence_ends(bytes);
        _mm_storeu_si128((void *)(folded + i), low);
        marks.letters |= ascii_bits(letter, i);
        marks.repeats |= ascii_bits(_mm_and_si128(letter, _mm_cmpeq_epi8(low, before)), i);
        marks.sentences |= ascii_bits(sentence, i);
        marks.clauses |= ascii_bits(_mm_or_si128(ascii_clause_ends(bytes, low), sentence), i);
        marks.others |= ascii_bits(bytes, i);
        lower |= ascii_bits(_mm_slli_epi16(bytes, 2), i); /* by the bit 0x20 */
        digits |= ascii_bits(ascii_between(bytes, '0', 10), i);
        apostrophes |= ascii_bits(ascii_equal(bytes, '\''), i);
        earlier = low;
    }
    marks.uppers = marks.letters & ~lower;
    marks.words = marks.letters | digits;
    apostrophes &= marks.words << 1;
    marks.others |= apostrophes & marks.others >> 1;
    /* what follows the last byte isn't known: as if its word went on */
    marks.apostrophes = apostrophes & (marks.letters >> 1 | UINT64_C(1) << 63);
    marks.words |= marks.apostrophes;
    return marks;
}

#else

enum { ASCII_HEAD_WORKS = 0 };

static inline struct ascii_head ascii_head_take(const char *text, char *folded)
{
    (void)text, (void)folded;
    return (struct ascii_head){0};
}

static inline struct ascii_marks ascii_marks_of(const char *text, char *folded)
{
    (void)text, (void)folded;
    return (struct ascii_marks){0};
}

#endif
#endif
