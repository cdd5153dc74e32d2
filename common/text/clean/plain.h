/* How far a text is plain, sixteen bytes at once: for those who copy them. */
#ifndef VERBATIM_TEXT_CLEAN_PLAIN_H
#define VERBATIM_TEXT_CLEAN_PLAIN_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "clean_plain_bytes() counts from the low end"
#endif

enum { CLEAN_BLOCK = 16 };

typedef int8_t clean_bytes __attribute__((vector_size(CLEAN_BLOCK)));
typedef uint64_t clean_words __attribute__((vector_size(CLEAN_BLOCK)));

/* How many of sixteen bytes stand before the first one whose bits are set; little-endian: the first
 * is the lowest. */
static inline unsigned clean_before_odd(clean_bytes bytes)
{
    clean_words odd = (clean_words)bytes;
    if (odd[0]) return (unsigned)__builtin_ctzll(odd[0]) / 8;
    return odd[1] ? 8 + (unsigned)__builtin_ctzll(odd[1]) / 8 : CLEAN_BLOCK;
}

/* How many of the next sixteen bytes stand before one that may open mark-up. */
static inline unsigned clean_bytes_to_opener(const char *data)
{
    clean_bytes now;
    memcpy(&now, data, CLEAN_BLOCK);
    return clean_before_odd((now == '<') | (now == '&'));
}

/* How many of the next sixteen bytes are plain: no control, nothing beyond ASCII (negative), no
 * opener, and no blank that follows a blank, a newline or (to be looked at again) a character
 * beyond ASCII. The byte before them is readable. */
static inline unsigned clean_plain_bytes(const char *data)
{
    clean_bytes now, before;
    memcpy(&now, data, CLEAN_BLOCK);
    memcpy(&before, data - 1, CLEAN_BLOCK);
    return clean_before_odd((now < ' ') | (now == 0x7F) | (now == '<') | (now == '&') |
                            ((now == ' ') & (before <= ' ')));
}

#endif
