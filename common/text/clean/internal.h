/* The steps of text_clean(), in files of their own. Each writes into the arena or returns its
 * input; data == NULL: out of memory. All take and give valid UTF-8. */
#ifndef VERBATIM_TEXT_CLEAN_INTERNAL_H
#define VERBATIM_TEXT_CLEAN_INTERNAL_H

#include "base/arena.h"

enum {
    CLEAN_FILTER = 1,  /* a character or a blank has to go */
    CLEAN_COMPOSE = 2, /* may not be NFC */
    CLEAN_MARKUP = 4,  /* holds '<' or '&' */
    CLEAN_REPAIR = 8,  /* may have been read in the wrong encoding */
};

/* scan.c: what a text needs, as bits of the above; 0 for most texts, found fast. */
unsigned clean_scan(struct str text);

/* characters.c: what may stay, blanks to one, trimmed. Never longer than its input. */
struct str clean_filter(struct str text, struct arena *arena);
struct str clean_compose(struct str text, struct arena *arena); /* Unicode NFC */

/* Whether the characters below U+10FFFF that need no look at their neighbours stay: no control,
 * format, private use, noncharacter, nor a blank that only looks like nothing. code >= 0x80. */
bool clean_keeps(uint32_t code);
bool clean_is_blank(uint32_t code);   /* a space of any width; code >= 0x80 */
bool clean_is_newline(uint32_t code); /* NEL, line and paragraph separator */

/* repair.c: UTF-8 that went through windows-1252; the text itself where there is no sign of
 * it. */
struct str clean_repair(struct str text, struct arena *arena);

/* markup.c: tags, comments, scripts and styles out, entities decoded: one level of each.
 * *ret_changed: whether anything was done. */
struct str clean_markup(struct str text, struct arena *arena, bool *ret_changed);

/* entities.c: the reference that starts at text[0] == '&'. Returns its size in bytes, or 0 if
 * it is none; writes what it stands for, at most 4 bytes and never more than the reference has. */
size_t clean_entity(struct str text, char *out, size_t *ret_written);

/* One code point; text.data[at] starts a character. */
static inline uint32_t clean_read(struct str text, size_t at, size_t *ret_size)
{
    const uint8_t *p = (const uint8_t *)text.data + at;
    if (p[0] < 0x80) return *ret_size = 1, p[0];
    if (p[0] < 0xE0) return *ret_size = 2, (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    if (p[0] < 0xF0)
        return *ret_size = 3,
               (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    *ret_size = 4;
    return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 |
           (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
}

#endif
