/* Which characters stay, blanks and newlines, and Unicode's composed form.
 *
 * Hidden characters go: they carry no meaning that a reader sees, and can hide words from the
 * screens behind us. Joiners and variation selectors stay where they make an emoji. Marks on one
 * letter are bounded (as Unicode's stream-safe format does): putting them in order is quadratic in
 * their number. */
#include "text/clean/internal.h"
#include "text/clean/plain.h"

#include <utf8proc.h>

enum {
    MARKS_MAX = 30,
    TAGS_MAX = 8,
    ZERO_WIDTH_JOINER = 0x200D,
    KEYCAP = 0x20E3,
    BLACK_FLAG = 0x1F3F4
};

static bool is_private_or_none(uint32_t code)
{
    return (code >= 0xE000 && code <= 0xF8FF) || code >= 0xF0000 || (code & 0xFFFE) == 0xFFFE ||
           (code >= 0xFDD0 && code <= 0xFDEF);
}

/* Assigned as letters or marks, and shown as nothing. */
static bool is_invisible(uint32_t code)
{
    return code == 0x034F || code == 0x115F || code == 0x1160 || code == 0x17B4 || code == 0x17B5 ||
           code == 0x3164 || code == 0xFFA0 || code == 0x2800 ||
           (code >= 0x180B && code <= 0x180F) || (code >= 0xFE00 && code <= 0xFE0D) ||
           (code >= 0xE0000 && code <= 0xE0FFF);
}

bool clean_keeps(uint32_t code)
{
    if (code < 0xA0) return false; /* C1 controls */
    if (code < 0x300) return code != 0xAD;
    if (is_private_or_none(code) || is_invisible(code)) return false;
    return utf8proc_category((utf8proc_int32_t)code) != UTF8PROC_CATEGORY_CF;
}

bool clean_is_newline(uint32_t code) { return code == 0x85 || code == 0x2028 || code == 0x2029; }

bool clean_is_blank(uint32_t code)
{
    return code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x202F ||
           code == 0x205F || code == 0x3000;
}

/* --- emoji ------------------------------------------------------------------------------------ */

static bool is_pictograph(uint32_t code)
{
    return (code >= 0x1F000 && code <= 0x1FAFF) || (code >= 0x2190 && code <= 0x2BFF) ||
           code == 0xA9 || code == 0xAE || code == 0x203C || code == 0x2049 || code == 0x2122 ||
           code == 0x2139 || code == 0x3030 || code == 0x303D || code == 0x3297 || code == 0x3299;
}

static bool is_tag(uint32_t code) { return code >= 0xE0020 && code <= 0xE007F; }

static bool is_selector(uint32_t code) { return code == 0xFE0E || code == 0xFE0F; }

struct filter {
    struct str text;
    char *out;
    size_t size;
    char blank;        /* to write before the next character, or 0 */
    unsigned newlines; /* the same; instead of the blank */
    uint32_t last;     /* the character written last */
    unsigned marks, tags;
};

/* Whether a character that makes emoji stands in one. next: where the character behind it starts.
 */
static bool joins_emoji(const struct filter *filter, uint32_t code, size_t next)
{
    size_t size;
    uint32_t follower = next < filter->text.size ? clean_read(filter->text, next, &size) : 0;
    if (filter->blank || filter->newlines) return false;
    if (code == ZERO_WIDTH_JOINER)
        return (is_pictograph(filter->last) || is_selector(filter->last)) &&
               is_pictograph(follower);
    if (is_selector(code)) {
        bool key = (filter->last >= '0' && filter->last <= '9') || filter->last == '#' ||
                   filter->last == '*';
        return is_pictograph(filter->last) || (key && follower == KEYCAP);
    }
    return is_tag(code) && filter->tags < TAGS_MAX &&
           (filter->last == BLACK_FLAG || is_tag(filter->last));
}

/* --- marks ------------------------------------------------------------------------------------ */

/* Marks at the end of a character's full decomposition: the same for equivalent texts. */
static unsigned marks_of(uint32_t code)
{
    utf8proc_int32_t parts[8];
    int boundary = 0;
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)code, parts, 8, UTF8PROC_DECOMPOSE, &boundary);
    unsigned marks = 0;
    for (utf8proc_ssize_t i = count < 8 ? count - 1 : 7;
         i >= 0 && utf8proc_get_property(parts[i])->combining_class; i--)
        marks++;
    return marks;
}

static bool is_one_mark_too_many(struct filter *filter, uint32_t code)
{
    if (code < 0x300 || !utf8proc_get_property((utf8proc_int32_t)code)->combining_class) {
        filter->marks = 0;
        return false;
    }
    if (!filter->marks && filter->last >= 0xC0) filter->marks = marks_of(filter->last);
    filter->marks += marks_of(code);
    return filter->marks > MARKS_MAX;
}

/* --- the filter ------------------------------------------------------------------------------- */

static void write_pending(struct filter *filter)
{
    if (filter->size) {
        for (unsigned i = 0; i < filter->newlines; i++) filter->out[filter->size++] = '\n';
        if (!filter->newlines && filter->blank) filter->out[filter->size++] = filter->blank;
    }
    filter->newlines = 0;
    filter->blank = 0;
}

static void write_character(struct filter *filter, size_t at, size_t size, uint32_t code)
{
    if (filter->blank || filter->newlines) {
        filter->last = ' ';
        filter->marks = 0;
        write_pending(filter);
    }
    if (is_one_mark_too_many(filter, code)) return;
    memcpy(filter->out + filter->size, filter->text.data + at, size);
    filter->size += size;
    filter->tags = is_tag(code) ? filter->tags + 1 : 0;
    filter->last = code;
}

static void take_ascii(struct filter *filter, size_t at, uint32_t code)
{
    if (code == '\n' || code == '\r') {
        bool second_half = code == '\n' && at && filter->text.data[at - 1] == '\r';
        if (filter->newlines < 2 && !second_half) filter->newlines++;
    } else if (code == ' ' || code == '\t' || code == 0x0B || code == 0x0C) {
        filter->blank = filter->blank || code != '\t' ? ' ' : '\t';
    } else if (code >= 0x20 && code != 0x7F) {
        write_character(filter, at, 1, code);
    }
}

/* A run of plain bytes that begins with no blank, copied at once. Returns its size;
 * 0: go by characters. */
static size_t take_plain(struct filter *filter, size_t at)
{
    struct str text = filter->text;
    if (!at || text.size - at < CLEAN_BLOCK || text.data[at] == ' ') return 0;
    size_t size = clean_plain_bytes(text.data + at);
    if (!size) return 0;
    bool blank = text.data[at + size - 1] == ' ';
    write_pending(filter);
    /* what is too much is written over */
    memcpy(filter->out + filter->size, text.data + at, CLEAN_BLOCK);
    filter->size += size - blank;
    filter->blank = blank ? ' ' : 0;
    filter->last = (uint8_t)filter->out[filter->size - 1];
    filter->marks = filter->tags = 0;
    return size;
}

struct str clean_filter(struct str text, struct arena *arena)
{
    struct filter filter = {.text = text, .out = arena_alloc(arena, text.size + CLEAN_BLOCK)};
    if (!filter.out) return (struct str){0};
    for (size_t at = 0, size; at < text.size; at += size) {
        size = take_plain(&filter, at);
        if (size) continue;
        uint32_t code = clean_read(text, at, &size);
        if (code < 0x80)
            take_ascii(&filter, at, code);
        else if (clean_is_newline(code))
            filter.newlines += filter.newlines < 2;
        else if (clean_is_blank(code))
            filter.blank = ' ';
        else if (code == ZERO_WIDTH_JOINER || is_selector(code) || is_tag(code)
                     ? joins_emoji(&filter, code, at + size)
                     : clean_keeps(code))
            write_character(&filter, at, size, code);
    }
    return str_make(filter.out, filter.size);
}

struct str clean_compose(struct str text, struct arena *arena)
{
    const utf8proc_option_t options = UTF8PROC_COMPOSE | UTF8PROC_STABLE;
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.data;
    utf8proc_ssize_t size = (utf8proc_ssize_t)text.size;
    utf8proc_ssize_t room = utf8proc_decompose(bytes, size, NULL, 0, options);
    if (room < 0) return (struct str){0};
    utf8proc_int32_t *codes = arena_alloc(arena, ((size_t)room + 1) * sizeof *codes);
    if (!codes) return (struct str){0};
    utf8proc_ssize_t count = utf8proc_decompose(bytes, size, codes, room, options);
    if (count >= 0) count = utf8proc_reencode(codes, count, options);
    return count < 0 ? (struct str){0} : str_make(codes, (size_t)count);
}
