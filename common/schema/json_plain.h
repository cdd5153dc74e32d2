/* How far a text is the same in JSON: up to a quote, a backslash or a control character. */
#ifndef VERBATIM_SCHEMA_JSON_PLAIN_H
#define VERBATIM_SCHEMA_JSON_PLAIN_H

#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool json_is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\' && c != 0x7F;
}

#define EACH_BYTE(c) (0x0101010101010101u * (uint64_t)(c))

/* The first of eight bytes that isn't plain; 8 if all are. (Bit tricks for "a byte is less than
 * n", "is n": Anderson, "Bit Twiddling Hacks". Only behind a true hit may they see a false one, and
 * 0x80 or more is never a hit.) */
static inline size_t json_plain_of_eight(const char *at)
{
    uint64_t x;
    memcpy(&x, at, sizeof x);
    uint64_t quote = x ^ EACH_BYTE('"'), slash = x ^ EACH_BYTE('\\'), del = x ^ EACH_BYTE(0x7F);
    uint64_t found = ((x - EACH_BYTE(0x20)) & ~x) | ((quote - EACH_BYTE(1)) & ~quote) |
                     ((slash - EACH_BYTE(1)) & ~slash) | ((del - EACH_BYTE(1)) & ~del);
    found &= EACH_BYTE(0x80);
    /* little-endian, as every machine that this runs on */
    return found ? (size_t)__builtin_ctzll(found) / 8 : 8;
}

#ifdef __SSE2__
/* A bit for each of sixteen bytes that isn't plain. */
static inline unsigned json_marks(__m128i x)
{
    __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1F)), x);
    found = _mm_or_si128(found, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7F)));
    return (unsigned)_mm_movemask_epi8(found);
}

static inline unsigned json_marks_at(const char *at)
{
    return json_marks(_mm_loadu_si128((const __m128i *)(const void *)at));
}

static inline size_t json_plain_of_sixteen(const char *at)
{
    unsigned bits = json_marks_at(at);
    return bits ? (size_t)__builtin_ctz(bits) : 16;
}
#endif

#ifdef __SSE2__
/* A string that ends within the sixteen bytes, and is plain ASCII: its size; else 16. */
static inline size_t json_short_of_sixteen(const char *at)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
    size_t plain = json_plain_of_sixteen(at);
    if (plain == 16 || at[plain] != '"') return 16;
    return (unsigned)_mm_movemask_epi8(x) & ((1u << plain) - 1) ? 16 : plain;
}
#endif

/* How many bytes at the start of `size` are plain. */
static inline size_t json_plain(const char *text, size_t size)
{
    size_t at = 0;
#ifdef __SSE2__
    for (; size - at >= 16; at += 16) {
        size_t plain = json_plain_of_sixteen(text + at);
        if (plain < 16) return at + plain;
    }
#endif
    for (; size - at >= 8; at += 8) {
        size_t plain = json_plain_of_eight(text + at);
        if (plain < 8) return at + plain;
    }
    if (at == size) return at;
    if (size >= 8) { /* the last eight: those that were seen already are plain */
        size_t plain = json_plain_of_eight(text + size - 8);
        return plain < 8 ? size - 8 + plain : size;
    }
    while (at < size && json_is_plain(text[at])) at++;
    return at;
}

/* How many bytes behind a copied text may be written over. */
enum { JSON_COPY_MORE = 16 };

#ifdef __SSE2__
static inline __m128i json_load_half(const char *at)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)at);
}

/* Copies fewer than 16 bytes by two moves that overlap. Are all of them plain? */
static inline bool json_copy_short(char *to, const char *text, size_t size)
{
    if (size >= 8) {
        __m128i first = json_load_half(text), last = json_load_half(text + size - 8);
        _mm_storel_epi64((__m128i *)(void *)to, first);
        _mm_storel_epi64((__m128i *)(void *)(to + size - 8), last);
        return !json_marks(_mm_unpacklo_epi64(first, last));
    }
    int32_t ends[2];
    if (size >= 4) {
        memcpy(&ends[0], text, 4);
        memcpy(&ends[1], text + size - 4, 4);
        memcpy(to, &ends[0], 4);
        memcpy(to + size - 4, &ends[1], 4);
        return !(json_marks(_mm_set_epi32(0, 0, ends[1], ends[0])) & 0xFF);
    }
    if (!size) return true;
    char first = text[0], middle = text[size / 2], last = text[size - 1];
    to[0] = first, to[size / 2] = middle, to[size - 1] = last;
    return !(json_marks(_mm_cvtsi32_si128((uint8_t)first | (uint8_t)middle << 8 |
                                          (uint8_t)last << 16)) & 7);
}
#endif

/* Copies the text; how many bytes at its start are plain, as far as was looked: `size` if all are.
 * There is room for `size` and JSON_COPY_MORE; what comes behind is undefined. */
static inline size_t json_copy_plain(char *to, const char *text, size_t size)
{
#ifdef __SSE2__
    if (size < 16) return json_copy_short(to, text, size) ? size : 0;
    size_t at = 0, last = size - 16;
    for (; at < last; at += 16) {
        __m128i x = _mm_loadu_si128((const void *)(text + at));
        _mm_storeu_si128((void *)(to + at), x);
        if (json_marks(x)) return at;
    }
    __m128i x = _mm_loadu_si128((const void *)(text + last));
    _mm_storeu_si128((void *)(to + last), x);
    return json_marks(x) ? last : size; /* what was seen of it already is plain */
#else
    size_t plain = json_plain(text, size);
    if (plain) memcpy(to, text, plain);
    return plain;
#endif
}

#undef EACH_BYTE
#endif
