/* A view of bytes that somebody else owns: text (UTF-8 where stated) or raw. Not NUL-terminated. */
#ifndef VERBATIM_BASE_STR_H
#define VERBATIM_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *data;
    size_t size;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define STR_ARGS(s) ((int)(s).size), ((s).data ? (s).data : "")

static inline struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}
static inline struct str str_make(const void *data, size_t size)
{
    return (struct str){data, size};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.size >= prefix.size &&
           (prefix.size == 0 || memcmp(s.data, prefix.data, prefix.size) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.size >= suffix.size &&
        (suffix.size == 0 || memcmp(s.data + s.size - suffix.size, suffix.data, suffix.size) == 0);
}

/* Bytes [start, end) of s; both are clipped to its size. */
static inline struct str str_slice(struct str s, size_t start, size_t end)
{
    if (end > s.size) end = s.size;
    if (start > end) start = end;
    return (struct str){s.data ? s.data + start : s.data, end - start};
}

int str_compare(struct str a, struct str b);            /* bytewise, like memcmp */
bool str_equal_ignoring_case(struct str a, struct str b); /* ASCII case only */
struct str str_trim(struct str s);                       /* ASCII white space off both ends */
/* Cuts the part before the first `separator` off `rest` and returns it;
 * all of it if there is none. */
struct str str_cut(struct str *rest, char separator);
/* Cuts the first word off `rest`: up to a blank or tab, white space before it left out. Empty:
 * there is none. */
struct str str_cut_word(struct str *rest);
/* Position of needle in s, or s.size. */
size_t str_find(struct str s, struct str needle);

/* Whole-string number parsers: false on junk, overflow or an empty string. */
bool str_to_u64(struct str s, uint64_t *ret_value);
bool str_to_i64(struct str s, int64_t *ret_value);
bool str_to_f64(struct str s, double *ret_value);

/* Levenshtein distance of two short names (both cut at 63 bytes): for "did you mean". */
size_t str_distance(struct str a, struct str b);

/* First invalid byte of s as UTF-8 (no surrogates, no overlong forms, max U+10FFFF), or s.size. */
size_t str_utf8_valid_prefix(struct str s);
static inline bool str_is_utf8(struct str s) { return str_utf8_valid_prefix(s) == s.size; }
/* `at` is inside a character of the UTF-8 text, not where one starts or the text ends. */
static inline bool str_utf8_is_inside(struct str text, size_t at)
{
    return at < text.size && ((unsigned char)text.data[at] & 0xC0) == 0x80;
}
/* The first `bytes` of UTF-8 text, or what of them are whole characters. */
static inline struct str str_utf8_cut(struct str text, size_t bytes)
{
    while (bytes > 0 && str_utf8_is_inside(text, bytes)) bytes--;
    return str_slice(text, 0, bytes);
}

#endif
