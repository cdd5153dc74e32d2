/* One character of a text: what it is, and what it folds to. Inside of tokens.c.
 *
 * ASCII is told by its bits, Latin letters with accents by one table; only what is left asks
 * utf8proc. */
#ifndef VERBATIM_TEXT_TOKENS_CHARACTER_H
#define VERBATIM_TEXT_TOKENS_CHARACTER_H

#include <stdbool.h>
#include <stdint.h>
#include <utf8proc.h>

#include "base/str.h"

enum {
    LATIN_FIRST = 0xC0, LATIN_LAST = 0x17F, FOLD_MOST = 4 /* bytes that one byte can fold to */
};

static const char latin[LATIN_LAST - LATIN_FIRST + 1][4] = {
#include "text/latin.inc"
};

enum class { OTHER, LETTER, DIGIT, MARK, EMOJI };

struct character {
    uint32_t code;
    uint8_t size; /* bytes */
    uint8_t class;
};

static inline bool is_letter(uint8_t c) { return (uint8_t)((c | 0x20) - 'a') < 26; }
static inline bool is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

/* One branch for both: marks and digits come when they will. */
static inline bool is_alphanumeric(uint8_t c)
{
    return ((unsigned)is_letter(c) | (unsigned)is_digit(c)) != 0;
}

static inline uint8_t ascii_class(uint8_t c)
{
    return is_letter(c) ? LETTER : is_digit(c) ? DIGIT : OTHER;
}

static inline bool is_emoji(uint32_t code)
{
    return (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x2600 && code <= 0x27BF) ||
           (code >= 0x1F1E6 && code <= 0x1F1FF) || code == 0x2B50 || code == 0x2B55 ||
           code == 0x203C || code == 0x2049;
}

/* What follows an emoji and belongs to it: variation selectors, skin tones, keycaps, tags. */
static inline bool is_modifier(uint32_t code)
{
    return code == 0xFE0F || code == 0xFE0E || code == 0x20E3 ||
           (code >= 0x1F3FB && code <= 0x1F3FF) || (code >= 0xE0020 && code <= 0xE007F);
}

static inline uint8_t class_of(uint32_t code)
{
    if (is_emoji(code)) return EMOJI;
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return LETTER;
    case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO: return DIGIT;
    case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_MC: case UTF8PROC_CATEGORY_ME: return MARK;
    default: return OTHER;
    }
}

static inline struct character read_wide(struct str text, size_t at)
{
    const uint8_t *p = (const uint8_t *)text.data + at;
    size_t left = text.size - at;
    if (p[0] < 0xE0 && left >= 2) {
        uint32_t code = (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
        return (struct character){code, 2, class_of(code)};
    }
    if (p[0] < 0xF0 && left >= 3) {
        uint32_t code = (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 |
                        (p[2] & 0x3F);
        return (struct character){code, 3, class_of(code)};
    }
    if (left >= 4) {
        uint32_t code = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 |
                        (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
        return (struct character){code, 4, class_of(code)};
    }
    return (struct character){0xFFFD, 1, OTHER};
}

/* The text is valid UTF-8, or was cut at a character: a broken tail reads as one odd byte. ASCII
 * and Latin letters are nearly all that there is, and told at once. */
static inline struct character read_character(struct str text, size_t at)
{
    uint8_t lead = (uint8_t)text.data[at];
    if (lead < 0x80) return (struct character){lead, 1, ascii_class(lead)};
    if (lead >= 0xC0 + LATIN_FIRST / 64 && lead <= 0xC0 + LATIN_LAST / 64 && text.size - at >= 2) {
        uint32_t code = (uint32_t)(lead & 0x1F) << 6 | ((uint8_t)text.data[at + 1] & 0x3F);
        return (struct character){code, 2, latin[code - LATIN_FIRST][0] ? LETTER : OTHER};
    }
    return read_wide(text, at);
}

/* --- folding ---------------------------------------------------------------------------------- */

static inline size_t fold_slowly(uint32_t code, char *out)
{
    utf8proc_int32_t parts[8];
    int boundary = 0;
    size_t size = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        (utf8proc_int32_t)code, parts, 8,
        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < 8 && size + 4 <= 8; i++)
        size += (size_t)utf8proc_encode_char(parts[i], (utf8proc_uint8_t *)out + size);
    return size;
}

/* Writes the folded form of one character, at most 8 bytes. */
static inline size_t fold_character(struct character c, char *out)
{
    if (c.code < 0x80) {
        out[0] = (char)(c.code >= 'A' && c.code <= 'Z' ? c.code + 32 : c.code);
        return 1;
    }
    if (c.code >= LATIN_FIRST && c.code <= LATIN_LAST && latin[c.code - LATIN_FIRST][0]) {
        const char *folded = latin[c.code - LATIN_FIRST];
        out[0] = folded[0];
        out[1] = folded[1]; /* NUL, and written over, where there is one */
        return folded[1] ? 2 : 1;
    }
    if (c.code == 0x2019) { /* the typographic apostrophe */
        out[0] = '\'';
        return 1;
    }
    return fold_slowly(c.code, out);
}

static inline bool is_upper(struct character c, const char *folded, size_t size)
{
    if (c.code < 0x80) return c.code >= 'A' && c.code <= 'Z';
    if (c.code <= LATIN_LAST) { /* case pairs: 32 apart in Latin-1, next to each other above */
        if (c.code < 0x100) return c.code < 0xE0 && c.code != 0xDF;
        return size > 0 && folded[0] &&
               utf8proc_category((utf8proc_int32_t)c.code) == UTF8PROC_CATEGORY_LU;
    }
    return utf8proc_category((utf8proc_int32_t)c.code) == UTF8PROC_CATEGORY_LU;
}

#endif
