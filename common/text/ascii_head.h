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

/* Of 64 bytes the letters and digits, what parts clauses, what parts sentences (and so clauses
 * too), and what is beyond ASCII. */
struct ascii_marks {
    uint64_t words, clauses, sentences, others;
};

enum { ASCII_HEAD_BYTES = 16, ASCII_MARKS_BYTES = 64 };

#ifdef __SSE2__
#include <emmintrin.h>

enum { ASCII_HEAD_WORKS = 1 };

/* Bytes of v in [first, first + count). */
static inline __m128i ascii_between(__m128i v, char first, char count)
{
    __m128i above = _mm_sub_epi8(v, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8((char)(count - 1))), above);
}

static inline __m128i ascii_letters(__m128i bytes)
{
    return ascii_between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
}

/* The head, whose size is known. Reads and writes ASCII_HEAD_BYTES bytes; `folded` is in lower case
 * up to the head's size. */
static inline struct ascii_head ascii_head_of(const char *text, unsigned size, char *folded)
{
    __m128i bytes = _mm_loadu_si128((const void *)text);
    __m128i low = _mm_or_si128(bytes, _mm_set1_epi8(0x20)); /* digits have this bit already */
    __m128i letter = ascii_letters(bytes);
    __m128i repeat = _mm_and_si128(letter, _mm_cmpeq_epi8(low, _mm_slli_si128(low, 1)));
    uint32_t lower = (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(bytes, 2)); /* by the bit 0x20 */
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

/* Which of 16 bytes are letters or digits. */
static inline uint32_t ascii_words(__m128i bytes)
{
    return (uint32_t)_mm_movemask_epi8(
        _mm_or_si128(ascii_letters(bytes), ascii_between(bytes, '0', 10)));
}

static inline struct ascii_head ascii_head_take(const char *text, char *folded)
{
    uint32_t words = ascii_words(_mm_loadu_si128((const void *)text));
    return ascii_head_of(text, (unsigned)__builtin_ctz(~words), folded);
}

static inline __m128i ascii_equal(__m128i v, char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); }

/* . ! ? and the newline */
static inline __m128i ascii_sentence_ends(__m128i v)
{
    return _mm_or_si128(_mm_or_si128(ascii_equal(v, '.'), ascii_equal(v, '!')),
                        _mm_or_si128(ascii_equal(v, '?'), ascii_equal(v, '\n')));
}

/* , - / : ; ( ) [ ] { } and the quotation mark; some of what ends sentences as well */
static inline __m128i ascii_clause_ends(__m128i v)
{
    __m128i low = _mm_or_si128(v, _mm_set1_epi8(0x20)); /* [ ] as { } */
    __m128i brackets = _mm_or_si128(_mm_or_si128(ascii_equal(low, '{'), ascii_equal(low, '}')),
                                    ascii_between(v, '(', 2));
    __m128i others = _mm_or_si128(ascii_between(v, ',', 4), ascii_between(v, ':', 2));
    return _mm_or_si128(_mm_or_si128(brackets, others), ascii_equal(v, '"'));
}

/* Of 64 bytes, bit i of each is about byte i. */
static inline struct ascii_marks ascii_marks_of(const char *text)
{
    struct ascii_marks marks = {0};
    for (int i = 0; i < ASCII_MARKS_BYTES; i += 16) {
        __m128i bytes = _mm_loadu_si128((const void *)(text + i)),
                sentence = ascii_sentence_ends(bytes),
                clause = _mm_or_si128(ascii_clause_ends(bytes), sentence);
        marks.words |= (uint64_t)ascii_words(bytes) << i;
        marks.sentences |= (uint64_t)(uint32_t)_mm_movemask_epi8(sentence) << i;
        marks.clauses |= (uint64_t)(uint32_t)_mm_movemask_epi8(clause) << i;
        marks.others |= (uint64_t)(uint32_t)_mm_movemask_epi8(bytes) << i;
    }
    return marks;
}

#else

enum { ASCII_HEAD_WORKS = 0 };

static inline struct ascii_head ascii_head_take(const char *text, char *folded)
{
    (void)text, (void)folded;
    return (struct ascii_head){0};
}

static inline struct ascii_head ascii_head_of(const char *text, unsigned size, char *folded)
{
    (void)size;
    return ascii_head_take(text, folded);
}

static inline struct ascii_marks ascii_marks_of(const char *text)
{
    (void)text;
    return (struct ascii_marks){0};
}

#endif
#endif
