/* Exact search, then search in a plain form that remembers where each byte came from. */
#include "workers/genai/quote.h"

#include <utf8proc.h>

#include "base/ascii.h"
#include "model/insight.h"

enum { PLAIN_CODEPOINTS = 32, CHARACTER_BYTES = 4 };

/* A plain form in the making. */
struct plain {
    char *bytes;
    uint32_t *starts, *ends;
    size_t size, room;
};

static void put(struct plain *plain, const char *bytes, size_t size, uint32_t start, uint32_t end)
{
    for (size_t i = 0; i < size && plain->size < plain->room; i++) {
        plain->bytes[plain->size] = bytes[i];
        plain->starts[plain->size] = start;
        plain->ends[plain->size] = end;
        plain->size++;
    }
}

static void put_space(struct plain *plain, uint32_t start, uint32_t end)
{
    if (plain->size == 0 || plain->bytes[plain->size - 1] == ' ') return;
    put(plain, " ", 1, start, end);
}

/* What writers and models use one for the other. 0: nothing of the kind. */
static char plain_mark(int32_t c)
{
    switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201A:
    case 0x201B:
    case 0x2032:
    case 0x60:
    case 0xB4: return '\'';
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x201F:
    case 0x2033:
    case 0xAB:
    case 0xBB: return '"';
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2015:
    case 0x2212: return '-';
    default: return 0;
    }
}

static bool is_space(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return c == ' ' || (c >= '\t' && c <= '\r') || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

static void put_character(struct plain *plain, int32_t c, uint32_t start, uint32_t end)
{
    int32_t parts[PLAIN_CODEPOINTS];
    int boundary = 0;
    char mark = plain_mark(c);
    if (mark) {
        put(plain, &mark, 1, start, end);
        return;
    }
    if (is_space(c)) {
        put_space(plain, start, end);
        return;
    }
    utf8proc_ssize_t count =
        utf8proc_decompose_char(c, parts, PLAIN_CODEPOINTS,
                                UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                                    UTF8PROC_STRIPMARK | UTF8PROC_IGNORE,
                                &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < PLAIN_CODEPOINTS; i++) {
        utf8proc_uint8_t bytes[CHARACTER_BYTES];
        if (is_space(parts[i]))
            put_space(plain, start, end);
        else
            put(plain, (const char *)bytes, (size_t)utf8proc_encode_char(parts[i], bytes), start,
                end);
    }
}

/* A character may become a few others; what has no room is not found. */
static bool make_plain(struct str text, struct arena *arena, struct plain *ret_plain)
{
    size_t room = text.size * 2 + 16;
    *ret_plain = (struct plain){.bytes = arena_alloc(arena, room),
                                .starts = ARENA_ARRAY(arena, uint32_t, room),
                                .ends = ARENA_ARRAY(arena, uint32_t, room),
                                .room = room};
    if (!ret_plain->bytes || !ret_plain->starts || !ret_plain->ends) return false;
    for (size_t at = 0; at < text.size;) {
        int32_t c;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                                 (utf8proc_ssize_t)(text.size - at), &c);
        if (size <= 0) break;
        put_character(ret_plain, c, (uint32_t)at, (uint32_t)(at + (size_t)size));
        at += (size_t)size;
    }
    return true;
}

static struct str trim_plain(struct str s)
{
    static const char loose[] = " \"'.";
    while (s.size && memchr(loose, s.data[0], sizeof loose - 1)) s = str_slice(s, 1, s.size);
    while (s.size && memchr(loose, s.data[s.size - 1], sizeof loose - 1)) s.size--;
    return s;
}

/* Whether it comes between two bytes of one word of Latin letters. */
static bool cuts(struct str text, size_t at)
{
    return at > 0 && at < text.size && ascii_is_letter_or_digit(text.data[at - 1]) &&
           ascii_is_letter_or_digit(text.data[at]);
}

/* Not within a word of Latin letters: "car" is no quote of "scared". */
static bool on_edges(struct str text, size_t start, size_t end)
{
    return !cuts(text, start) && !cuts(text, end);
}

/* Its first place on the edges of words, or text.size. */
static size_t find_words(struct str text, struct str sought)
{
    for (size_t at = 0; at < text.size; at++) {
        at += str_find(str_slice(text, at, text.size), sought);
        if (at < text.size && on_edges(text, at, at + sought.size)) return at;
    }
    return text.size;
}

static enum quote_found find_plain(struct quotable *quotable, struct str quote, uint32_t *ret_start,
                                   uint32_t *ret_end)
{
    struct plain plain;
    if (!quotable->plain.data) {
        if (!make_plain(quotable->text, quotable->arena, &plain)) return QUOTE_NO_MEMORY;
        quotable->plain = str_make(plain.bytes, plain.size);
        quotable->starts = plain.starts, quotable->ends = plain.ends;
    }
    if (!make_plain(quote, quotable->arena, &plain)) return QUOTE_NO_MEMORY;
    struct str sought = trim_plain(str_make(plain.bytes, plain.size));
    if (sought.size == 0) return QUOTE_NOWHERE;
    size_t at = find_words(quotable->plain, sought);
    if (at >= quotable->plain.size) return QUOTE_NOWHERE;
    uint32_t start = quotable->starts[at], end = quotable->ends[at + sought.size - 1];
    if (!evidence_holds(quotable->text, start, end)) return QUOTE_NOWHERE;
    *ret_start = start, *ret_end = end;
    return QUOTE_PLAIN;
}

enum quote_found quote_find(struct quotable *quotable, struct str quote, uint32_t *ret_start,
                            uint32_t *ret_end)
{
    struct str sought = str_trim(quote);
    if (sought.size == 0 || sought.size > quotable->text.size * 2 + 16) return QUOTE_NOWHERE;
    size_t at = find_words(quotable->text, sought);
    if (at < quotable->text.size &&
        evidence_holds(quotable->text, (uint32_t)at, (uint32_t)(at + sought.size))) {
        *ret_start = (uint32_t)at, *ret_end = (uint32_t)(at + sought.size);
        return QUOTE_EXACT;
    }
    return find_plain(quotable, sought, ret_start, ret_end);
}
