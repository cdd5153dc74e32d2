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
static inline size_t json_plain_of_sixteen(const char *at)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at),
            last_control = _mm_set1_epi8(0x1F);
    __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(x, last_control), x);
    found = _mm_or_si128(found, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7F)));
    int bits = _mm_movemask_epi8(found);
    return bits ? (size_t)__builtin_ctz((unsigned)bits) : 16;
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

/* Fewer than 16 bytes, by two moves that overlap. */
static inline void json_copy_short(char *to, const char *text, size_t size)
{
    if (size >= 8) {
        memcpy(to, text, 8);
        memcpy(to + size - 8, text + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, text, 4);
        memcpy(to + size - 4, text + size - 4, 4);
    } else if (size) {
        to[0] = text[0], to[size / 2] = text[size / 2], to[size - 1] = text[size - 1];
    }
}

/* Copies what it counts: how many bytes at the start of `size` are plain. There is room for `size`
 * and JSON_COPY_MORE; what comes behind is undefined. */
static inline size_t json_copy_plain(char *to, const char *text, size_t size)
{
#ifdef __SSE2__
    size_t at = 0;
    if (size < 16) { /* judged where there are sixteen bytes to be read */
        memset(to, 0, 16);
        json_copy_short(to, text, size);
        size_t plain = json_plain_of_sixteen(to);
        return plain < size ? plain : size;
    }
    for (; size - at >= 16; at += 16) {
        memcpy(to + at, text + at, 16);
        size_t plain = json_plain_of_sixteen(text + at);
        if (plain < 16) return at + plain;
    }
    if (at == size) return size;
    at = size - 16; /* the last sixteen: those that were seen already are plain */
    memcpy(to + at, text + at, 16);
    return at + json_plain_of_sixteen(text + at);
#else
    if (size) memcpy(to, text, size);
    return json_plain(text, size);
#endif
}

#undef EACH_BYTE
#endif
