/* HTML out of a text that people wrote: only what is sure to be mark-up goes.
 *
 * A tag has the name of an HTML element, then nothing or attributes with '='; so "I <3 it", "5 < 6
 * and 7 > 2", "<b and c>" and "<john@example.com>" stay. Tags of blocks become a newline, cells a
 * blank, others nothing. Comments, scripts and styles go with what they hold, when they end: what
 * doesn't end is text, since a word too much does less harm than a report of harm lost. Every
 * search that failed is remembered, so that the time stays linear. */
#include <stdlib.h>

#include "base/ascii.h"
#include "text/clean/internal.h"
#include "text/clean/plain.h"

enum { ELEMENT_BYTES = 10 };
enum effect { INLINE, BLOCK, CELL, HIDDEN /* goes with its content */ };

/* clang-format off */
static const struct element {
    char name[ELEMENT_BYTES + 1];
    uint8_t effect;
} elements[] = {
    /* sorted */
    {"a", INLINE}, {"abbr", INLINE}, {"acronym", INLINE}, {"address", BLOCK}, {"article", BLOCK},
    {"aside", BLOCK}, {"audio", INLINE}, {"b", INLINE}, {"base", INLINE}, {"basefont", INLINE},
    {"bdi", INLINE}, {"bdo", INLINE}, {"big", INLINE}, {"blink", INLINE}, {"blockquote", BLOCK},
    {"body", BLOCK}, {"br", BLOCK}, {"button", CELL}, {"canvas", INLINE}, {"caption", BLOCK},
    {"center", BLOCK}, {"cite", INLINE}, {"code", INLINE}, {"col", INLINE}, {"colgroup", INLINE},
    {"dd", BLOCK}, {"del", INLINE}, {"details", BLOCK}, {"dfn", INLINE}, {"dir", BLOCK},
    {"div", BLOCK}, {"dl", BLOCK}, {"dt", BLOCK}, {"em", INLINE}, {"embed", INLINE},
    {"fieldset", BLOCK}, {"figcaption", BLOCK}, {"figure", BLOCK}, {"font", INLINE},
    {"footer", BLOCK}, {"form", BLOCK}, {"frame", INLINE}, {"frameset", INLINE}, {"h1", BLOCK},
    {"h2", BLOCK}, {"h3", BLOCK}, {"h4", BLOCK}, {"h5", BLOCK}, {"h6", BLOCK}, {"head", BLOCK},
    {"header", BLOCK}, {"hr", BLOCK}, {"html", BLOCK}, {"i", INLINE}, {"iframe", INLINE},
    {"img", CELL}, {"input", CELL}, {"ins", INLINE}, {"kbd", INLINE}, {"label", INLINE},
    {"legend", BLOCK}, {"li", BLOCK}, {"link", INLINE}, {"main", BLOCK}, {"map", INLINE},
    {"mark", INLINE}, {"meta", INLINE}, {"nav", BLOCK}, {"nobr", INLINE}, {"noscript", INLINE},
    {"o:p", BLOCK}, {"object", INLINE}, {"ol", BLOCK}, {"optgroup", BLOCK}, {"option", BLOCK},
    {"p", BLOCK}, {"param", INLINE}, {"picture", INLINE}, {"pre", BLOCK}, {"q", INLINE},
    {"s", INLINE}, {"samp", INLINE}, {"script", HIDDEN}, {"section", BLOCK}, {"select", CELL},
    {"small", INLINE}, {"source", INLINE}, {"span", INLINE}, {"strike", INLINE}, {"strong", INLINE},
    {"style", HIDDEN}, {"sub", INLINE}, {"summary", BLOCK}, {"sup", INLINE}, {"svg", INLINE},
    {"table", BLOCK}, {"tbody", BLOCK}, {"td", CELL}, {"textarea", BLOCK}, {"tfoot", BLOCK},
    {"th", CELL}, {"thead", BLOCK}, {"time", INLINE}, {"title", BLOCK}, {"tr", BLOCK},
    {"tt", INLINE}, {"u", INLINE}, {"ul", BLOCK}, {"var", INLINE}, {"video", INLINE},
    {"wbr", INLINE},
};

/* clang-format on */
struct stripper {
    struct str text;
    char *out;
    size_t size;
    bool changed;
    struct search {
        size_t behind; /* the end found last; valid while it isn't passed */
        bool missed;   /* there is none up to the end of the text */
    } comment_end, script_end, style_end, cdata_end;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_name(char c) { return ascii_is_letter_or_digit(c) || c == ':'; }

static int compare_names(const void *key, const void *element)
{
    return strcmp(key, ((const struct element *)element)->name);
}

/* The element whose name starts at text[at]; *ret_end is behind the name. */
static const struct element *element_at(struct str text, size_t at, size_t *ret_end)
{
    char name[ELEMENT_BYTES + 1];
    size_t size = 0;
    while (at + size < text.size && is_name(text.data[at + size])) {
        if (size == ELEMENT_BYTES) return NULL;
        name[size] = ascii_lower(text.data[at + size]);
        size++;
    }
    name[size] = '\0';
    *ret_end = at + size;
    return bsearch(name, elements, sizeof elements / sizeof elements[0], sizeof elements[0],
                   compare_names);
}

/* Behind the '>' that ends a tag whose attributes start at text[at], or 0. A quoted value may hold
 * any character; outside of one, '<' means that this was no tag. */
static size_t end_of_tag(struct str text, size_t at)
{
    bool words = false, equals = false;
    char quote = 0;
    for (; at < text.size; at++) {
        char c = text.data[at];
        if (quote) {
            if (c == quote) quote = 0;
        } else if (c == '>') {
            return !words || equals ? at + 1 : 0;
        } else if (c == '<') {
            return 0;
        } else if (c == '=') {
            equals = true;
        } else if ((c == '"' || c == '\'') && equals) {
            quote = c;
        } else if (!is_space(c) && c != '/') {
            words = true;
        }
    }
    return 0;
}

/* Behind the first `end` from text[at] on, ignoring case, or 0. */
static size_t behind(struct stripper *stripper, size_t at, struct str end, struct search *search)
{
    if (search->behind >= at + end.size) return search->behind;
    for (; !search->missed && at + end.size <= stripper->text.size; at++) {
        const char *found =
            memchr(stripper->text.data + at, end.data[0], stripper->text.size - end.size + 1 - at);
        if (!found) break;
        at = (size_t)(found - stripper->text.data);
        if (str_equal_ignoring_case(str_slice(stripper->text, at, at + end.size), end))
            return search->behind = at + end.size;
    }
    search->missed = true;
    return 0;
}

/* Behind the end tag of what may hold '<' freely, or `at` when there is none. */
static size_t behind_hidden(struct stripper *stripper, const struct element *element, size_t at)
{
    bool script = element->name[1] == 'c';
    size_t end = script ? behind(stripper, at, STR("</script"), &stripper->script_end)
                        : behind(stripper, at, STR("</style"), &stripper->style_end);
    size_t closed = end ? end_of_tag(stripper->text, end) : 0;
    return closed ? closed : at;
}

static void put(struct stripper *stripper, char c) { stripper->out[stripper->size++] = c; }

/* "<!-- … -->", "<!DOCTYPE …>", "<![CDATA[ … ]]>" (its text stays), "<?xml … ?>":
 * behind it, or 0. */
static size_t take_declaration(struct stripper *stripper, size_t at)
{
    struct str rest = str_slice(stripper->text, at, stripper->text.size);
    if (str_starts(rest, STR("<!--")))
        return behind(stripper, at + 4, STR("-->"), &stripper->comment_end);
    if (str_starts(rest, STR("<![CDATA["))) {
        size_t end = behind(stripper, at + 9, STR("]]>"), &stripper->cdata_end);
        for (size_t i = at + 9; i + 3 < end; i++) put(stripper, stripper->text.data[i]);
        return end;
    }
    bool declares = str_equal_ignoring_case(str_slice(rest, 0, 9), STR("<!DOCTYPE")) ||
                    str_starts(rest, STR("<?xml")) || str_starts(rest, STR("<![if")) ||
                    str_starts(rest, STR("<![endif"));
    size_t end = at + 1;
    while (declares && end < stripper->text.size && stripper->text.data[end] != '<' &&
           stripper->text.data[end] != '>')
        end++;
    return declares && end < stripper->text.size && stripper->text.data[end] == '>' ? end + 1 : 0;
}

/* Behind the tag at text[at] == '<', or 0 where it is text. */
static size_t take_tag(struct stripper *stripper, size_t at)
{
    struct str text = stripper->text;
    if (at + 2 >= text.size) return 0;
    if (text.data[at + 1] == '!' || text.data[at + 1] == '?') return take_declaration(stripper, at);
    bool closing = text.data[at + 1] == '/';
    size_t end;
    const struct element *element = element_at(text, at + 1 + closing, &end);
    if (!element || end == text.size) return 0;
    if (!is_space(text.data[end]) && text.data[end] != '/' && text.data[end] != '>') return 0;
    end = end_of_tag(text, end);
    if (!end) return 0;
    if (element->effect == HIDDEN && !closing) end = behind_hidden(stripper, element, end);
    if (element->effect == BLOCK) put(stripper, '\n');
    if (element->effect == CELL || element->effect == HIDDEN) put(stripper, ' ');
    return end;
}

static size_t take_entity(struct stripper *stripper, size_t at)
{
    size_t written, size = clean_entity(str_slice(stripper->text, at, stripper->text.size),
                                        stripper->out + stripper->size, &written);
    stripper->size += written;
    return size ? at + size : 0;
}

/* Where the next '<' or '&' stands from `at` on; text.size: nowhere. */
static size_t next_opener(struct str text, size_t at)
{
    for (; text.size - at >= CLEAN_BLOCK; at += CLEAN_BLOCK) {
        unsigned plain = clean_bytes_to_opener(text.data + at);
        if (plain < CLEAN_BLOCK) return at + plain;
    }
    while (at < text.size && text.data[at] != '<' && text.data[at] != '&') at++;
    return at;
}

struct str clean_markup(struct str text, struct arena *arena, bool *ret_changed)
{
    struct stripper stripper = {.text = text, .out = arena_alloc(arena, text.size + 4)};
    if (!stripper.out) return (struct str){0};
    for (size_t at = 0, end; at < text.size; at = end) {
        end = next_opener(text, at);
        memcpy(stripper.out + stripper.size, text.data + at, end - at);
        stripper.size += end - at, at = end;
        if (at == text.size) break;
        end = text.data[at] == '<' ? take_tag(&stripper, at) : take_entity(&stripper, at);
        if (end)
            stripper.changed = true;
        else
            put(&stripper, text.data[at]), end = at + 1;
    }
    *ret_changed = stripper.changed;
    return stripper.changed ? str_make(stripper.out, stripper.size) : text;
}
