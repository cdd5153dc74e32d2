/* ASCII characters, whatever the locale. Bytes of other characters are of no class. */
#ifndef VERBATIM_BASE_ASCII_H
#define VERBATIM_BASE_ASCII_H

#include "base/str.h"

/* For ascii_consists_of(). */
#define ASCII_DIGITS  "0123456789"
#define ASCII_LOWERS  "abcdefghijklmnopqrstuvwxyz"
#define ASCII_LETTERS ASCII_LOWERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static inline bool ascii_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool ascii_is_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool ascii_is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool ascii_is_letter(char c) { return ascii_is_lower(c) || ascii_is_upper(c); }
static inline bool ascii_is_letter_or_digit(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c);
}

static inline char ascii_lower(char c) { return ascii_is_upper(c) ? (char)(c + ('a' - 'A')) : c; }
static inline char ascii_upper(char c) { return ascii_is_lower(c) ? (char)(c - ('a' - 'A')) : c; }

/* Of a hexadecimal digit in either case, its value; -1: it is none. */
static inline int ascii_hex(char c)
{
    if (ascii_is_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether all of its bytes are of the `characters`, as an empty one's are: for names, as in
 * ascii_consists_of(name, ASCII_LOWERS ASCII_DIGITS "-_"). */
bool ascii_consists_of(struct str s, const char *characters);

/* Bytes from 2 × size hexadecimal digits of either case, as hash_hex() writes them. False: it is
 * something else; `out` may have been written to. */
bool ascii_read_hex(struct str text, uint8_t *out, size_t size);

/* "%41" is "A" (RFC 3986 section 2.1), and "+" a space if so said. Into `room` bytes at `out`,
 * which may be where `in` is: it gets no longer. False: a malformed escape, or no room. */
bool ascii_percent_decode(struct str in, bool plus_is_space, char *out, size_t room,
                          struct str *ret_text);

#endif
