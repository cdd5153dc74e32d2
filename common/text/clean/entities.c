/* Character references of HTML, with the semicolon: "&eacute;", "&#233;", "&#xE9;".
 *
 * As browsers do, numbers 128 to 159 are read as windows-1252. Halves of a UTF-16 pair, written as
 * two numbers by programs that didn't know better, become the one character that was meant. */
#include <stdlib.h>

#include "base/ascii.h"
#include "text/clean/internal.h"

#include <utf8proc.h>

enum { NAME_MAX_BYTES = 14, DIGITS_MAX = 8, CODE_MAX = 0x10FFFF };

static const struct entity {
    char name[NAME_MAX_BYTES + 2];
    uint16_t code;
} entities[] = {
#include "text/clean/entities.inc"
};

/* clang-format off */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};
/* clang-format on */

static int compare_names(const void *key, const void *entity)
{
    const struct str *name = key;
    const struct entity *other = entity;
    return str_compare(*name, str_of(other->name));
}

static size_t named(struct str text, uint32_t *ret_code)
{
    size_t end = 1;
    while (end < text.size && end <= NAME_MAX_BYTES + 1 && text.data[end] != ';') end++;
    if (end == text.size || text.data[end] != ';') return 0;
    struct str name = str_slice(text, 1, end);
    const struct entity *entity = bsearch(&name, entities, sizeof entities / sizeof entities[0],
                                          sizeof entities[0], compare_names);
    if (!entity) return 0;
    *ret_code = entity->code;
    return end + 1;
}

/* "&#233;" or "&#xE9;" at the start of text: its size, or 0. */
static size_t numbered(struct str text, uint32_t *ret_code)
{
    bool hexadecimal = text.size > 2 && (text.data[2] | 0x20) == 'x';
    size_t first = hexadecimal ? 3 : 2, at = first;
    uint32_t code = 0;
    if (!str_starts(text, STR("&#"))) return 0;
    for (; at < text.size && at < first + DIGITS_MAX; at++) {
        int digit = hexadecimal || ascii_is_digit(text.data[at]) ? ascii_hex(text.data[at]) : -1;
        if (digit < 0) break;
        code = code * (hexadecimal ? 16 : 10) + (uint32_t)digit; /* 8 digits fit */
    }
    if (at == first || at == text.size || text.data[at] != ';') return 0;
    *ret_code = code >= 0x80 && code < 0xA0 ? windows_1252[code - 0x80] : code;
    return at + 1;
}

static size_t number_or_pair(struct str text, uint32_t *ret_code)
{
    size_t size = numbered(text, ret_code);
    if (!size || *ret_code < 0xD800 || *ret_code > 0xDBFF) return size;
    uint32_t low;
    size_t more = numbered(str_slice(text, size, text.size), &low);
    if (!more || low < 0xDC00 || low > 0xDFFF) return size;
    *ret_code = 0x10000 + ((*ret_code - 0xD800) << 10) + (low - 0xDC00);
    return size + more;
}

size_t clean_entity(struct str text, char *out, size_t *ret_written)
{
    uint32_t code;
    size_t size =
        text.size > 1 && text.data[1] == '#' ? number_or_pair(text, &code) : named(text, &code);
    *ret_written = 0;
    if (!size || code == 0 || code > CODE_MAX || (code >= 0xD800 && code <= 0xDFFF))
        return size; /* stands for nothing */
    *ret_written = (size_t)utf8proc_encode_char((utf8proc_int32_t)code, (utf8proc_uint8_t *)out);
    return size;
}
