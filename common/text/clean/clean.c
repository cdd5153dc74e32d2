/* Happy path: the scan finds nothing to do, and the text itself, or what is between the blanks at
 * its ends, is the answer.
 *
 * Otherwise the steps run in turn until markup has no more to take out: what one step removes may
 * join what the next one knows ("&am<b></b>p;lt;"). Nesting beyond PASSES is nobody's mark-up but
 * an attack; there, what could still open a tag or an entity gives way to blanks. So the work is
 * linear, and cleaning what is clean changes nothing. */
#include "text/clean.h"

#include "text/clean/internal.h"

enum { PASSES = 4 };

/* *needs: what clean_scan() says of the text, and then of what it became. */
static struct str repair_fully(struct str text, unsigned *needs, struct arena *arena)
{
    size_t before = SIZE_MAX; /* a repair at least halves what is beyond ASCII: there are few */
    while (text.data && text.size != before && *needs & CLEAN_REPAIR) {
        before = text.size;
        text = clean_repair(text, arena);
        *needs = text.data ? clean_scan(text) : 0;
    }
    return text;
}

/* In the right encoding, filtered and composed, until none of them changes anything. needs: what
 * clean_scan() says of it. */
static struct str normal_form(struct str text, unsigned needs, struct arena *arena)
{
    for (;;) {
        struct str before = text = repair_fully(text, &needs, arena);
        if (needs & CLEAN_FILTER) text = clean_filter(text, arena);
        if (text.data && needs & CLEAN_COMPOSE) text = clean_compose(text, arena);
        if (!text.data || str_equal(text, before)) return text;
        needs = clean_scan(text);
        if (!(needs & CLEAN_REPAIR)) return text;
    }
}

static struct str without_openers(struct str text, struct arena *arena)
{
    char *copy = arena_alloc(arena, text.size + 1);
    if (!copy) return (struct str){0};
    for (size_t i = 0; i < text.size; i++)
        copy[i] = text.data[i] == '<' || text.data[i] == '&' ? ' ' : text.data[i];
    text = str_make(copy, text.size);
    return normal_form(text, clean_scan(text), arena);
}

static bool holds_markup(struct str text)
{
    return text.size && (memchr(text.data, '<', text.size) || memchr(text.data, '&', text.size));
}

static struct str clean_slowly(struct str text, unsigned needs, struct arena *arena)
{
    bool changed = true;
    for (int pass = 0; pass < PASSES && changed; pass++) {
        text = normal_form(text, pass ? clean_scan(text) : needs, arena);
        if (!text.data || !holds_markup(text)) return text;
        text = clean_markup(text, arena, &changed);
        if (!text.data) return text;
    }
    return changed ? without_openers(text, arena) : text;
}

int text_clean(struct str text, struct arena *arena, struct str *ret_clean, struct err *err)
{
    return str_is_utf8(text) ? text_clean_checked(text, arena, ret_clean, err)
                             : err_set(err, E_BAD_TEXT, NULL);
}

int text_clean_checked(struct str text, struct arena *arena, struct str *ret_clean,
                       struct err *err)
{
    /* Blanks at the ends are all that is odd about many a text. */
    struct str trimmed = str_trim(text);
    unsigned needs = trimmed.size ? clean_scan(trimmed) : 0;
    if (!needs) {
        text = trimmed;
    } else {
        text = clean_slowly(text, trimmed.size < text.size ? clean_scan(text) : needs, arena);
        if (!text.data) return err_set(err, E_NO_MEMORY, NULL);
    }
    *ret_clean = text;
    return E_OK;
}
