/* Finds the forms of cues that the words of a text make up. */
#include "text/screen/match.h"

#include <stdlib.h>

/* Words on either side in which a cue's `&` and `!` groups are looked for, within the sentence. */
enum { NEAR_WORDS = 6, FAR_WORDS = 4 };

/* Steps [step, end) match behind word `at`. Only a gap makes for choices, and so for recursion. */
static bool match_behind(const struct screen_words *words, const struct cue_step *steps,
                         uint32_t count, uint32_t at, uint32_t *ret_last)
{
    for (; count && !steps->gap; steps++, count--) {
        if (++at >= words->count || words->before[at] == BOUNDARY_SENTENCE ||
            !cue_entry_has(words->list, words->entries[at], steps->symbol))
            return false;
    }
    if (!count) {
        *ret_last = at;
        return true;
    }
    for (uint32_t next = at + 1; next < words->count && next <= at + 1 + steps->gap; next++) {
        if (words->before[next] == BOUNDARY_SENTENCE) return false;
        if (cue_entry_has(words->list, words->entries[next], steps->symbol) &&
            match_behind(words, steps + 1, count - 1, next, ret_last))
            return true;
    }
    return false;
}

/* The `count` steps before steps[0] match before word `at`, where steps[0] is. */
static bool match_before(const struct screen_words *words, const struct cue_step *steps,
                         uint32_t count, uint32_t at, uint32_t *ret_first)
{
    for (; count && !steps->gap; steps--, count--) {
        if (at == 0 || words->before[at] == BOUNDARY_SENTENCE ||
            !cue_entry_has(words->list, words->entries[--at], steps[-1].symbol))
            return false;
    }
    if (!count) {
        *ret_first = at;
        return true;
    }
    for (uint32_t gap = 0; gap <= steps->gap && at > gap; gap++) {
        if (words->before[at - gap] == BOUNDARY_SENTENCE) return false;
        uint32_t next = at - gap - 1;
        if (cue_entry_has(words->list, words->entries[next], steps[-1].symbol) &&
            match_before(words, steps - 1, count - 1, next, ret_first))
            return true;
    }
    return false;
}

bool screen_form_match(const struct screen_words *words, const struct cue_form *form, uint32_t at,
                       uint32_t *ret_first, uint32_t *ret_last)
{
    const struct cue_step *steps = words->list->steps + form->first_step;
    uint32_t behind = (uint32_t)form->steps - form->anchor - 1;
    if (form->steps == 1) {
        *ret_first = *ret_last = at;
        return true;
    }
    return match_before(words, steps + form->anchor, form->anchor, at, ret_first) &&
           match_behind(words, steps + form->anchor + 1, behind, at, ret_last);
}

static bool word_is(const struct screen_words *words, uint32_t at, uint64_t groups, uint16_t symbol)
{
    uint32_t entry = words->entries[at];
    if (words->list->entries[entry].groups & groups) return true;
    return symbol != CUE_NO_SYMBOL && cue_entry_has(words->list, entry, symbol);
}

/* One of the groups, or of the words of `symbol`, stands within `reach` of the match, in its
 * sentence. */
static bool stands_near(const struct screen_words *words, uint32_t first, uint32_t last,
                        uint32_t reach, uint64_t groups, uint16_t symbol)
{
    for (uint32_t i = first, n = 0;
         i > 0 && n < reach && words->before[i] != BOUNDARY_SENTENCE; i--, n++)
        if (word_is(words, i - 1, groups, symbol)) return true;
    for (uint32_t i = last + 1, n = 0; i < words->count && n < reach; i++, n++) {
        if (words->before[i] == BOUNDARY_SENTENCE) break;
        if (word_is(words, i, groups, symbol)) return true;
    }
    return false;
}

bool screen_context_match(const struct screen_words *words, const struct cue *cue, uint32_t first,
                          uint32_t last)
{
    bool asks = cue->near_groups || cue->near_words != CUE_NO_SYMBOL;
    bool refuses = cue->far_groups || cue->far_words != CUE_NO_SYMBOL;
    if (asks && !stands_near(words, first, last, NEAR_WORDS, cue->near_groups, cue->near_words))
        return false;
    return !refuses || !stands_near(words, first, last, FAR_WORDS, cue->far_groups, cue->far_words);
}

static int compare_hits(const void *a, const void *b)
{
    const struct raw_hit *left = a, *right = b;
    if (left->first != right->first) return left->first < right->first ? -1 : 1;
    if (left->last != right->last) return left->last > right->last ? -1 : 1; /* longer first */
    if (left->cue != right->cue) return left->cue < right->cue ? -1 : 1;
    if (left->at != right->at) return left->at < right->at ? -1 : 1;
    return left->form < right->form ? -1 : left->form > right->form;
}

/* One of the `kept` hits so far is of the same section and covers this one. It lies close by in the
 * sorted row. */
static bool is_covered(const struct cue_list *list, const struct raw_hit *hits, uint32_t kept,
                       const struct raw_hit *hit)
{
    enum { LOOK_BACK = 16 };
    uint8_t section = list->cues[hit->cue].section;
    for (uint32_t i = kept > LOOK_BACK ? kept - LOOK_BACK : 0; i < kept; i++)
        if (hits[i].last >= hit->last && list->cues[hits[i].cue].section == section) return true;
    return false;
}

/* Raw hits; at most `room` of them are written. */
struct hit_buffer {
    struct raw_hit *items;
    uint32_t room, count;
};

static void take_hit(const struct screen_words *words, uint32_t form_number, uint32_t at,
                     struct hit_buffer *hits)
{
    const struct cue_form *form = &words->list->forms[form_number];
    struct raw_hit hit = {.cue = form->cue, .form = form_number, .at = at};
    if (!screen_form_match(words, form, at, &hit.first, &hit.last) ||
        !screen_context_match(words, &words->list->cues[form->cue], hit.first, hit.last))
        return;
    if (hits->count < hits->room) hits->items[hits->count] = hit;
    hits->count++;
}

/* The form's trigger is on word `at`: from each word that may be its anchor, as far before or
 * behind as gaps allow. A match that holds two words of the trigger is taken twice. */
static void take_triggered(const struct screen_words *words, uint32_t form_number, uint32_t at,
                           struct hit_buffer *hits)
{
    const struct cue_form *form = &words->list->forms[form_number];
    const struct cue_step *steps = words->list->steps + form->first_step;
    bool before = form->anchor < form->trigger;
    uint32_t from = before ? form->anchor : form->trigger,
             to = before ? form->trigger : form->anchor, most = 0;
    if (from == to) {
        take_hit(words, form_number, at, hits);
        return;
    }
    for (uint32_t i = from; i++ < to;) most += 1u + steps[i].gap;
    for (uint32_t n = 1; n <= most; n++) {
        uint32_t place = before ? at - n : at + n; /* before the first word it is beyond all */
        if (place >= words->count) return;
        if (words->before[before ? place + 1 : place] == BOUNDARY_SENTENCE) return;
        if (n >= to - from &&
            cue_entry_has(words->list, words->entries[place], steps[form->anchor].symbol))
            take_hit(words, form_number, place, hits);
    }
}

static void scan_word(const struct screen_words *words, uint32_t at, struct hit_buffer *hits)
{
    const struct cue_list *list = words->list;
    const struct cue_entry *entry = &list->entries[words->entries[at]];
    const struct cue_hanging *hanging = list->hanging + entry->first_form;
    struct screen_sides sides = screen_sides_of(words, at);
    for (uint32_t k = 0; k < entry->cue_forms; k++)
        if (screen_form_may_match(&sides, &hanging[k]))
            take_triggered(words, hanging[k].form, at, hits);
}

static uint32_t scan(const struct screen_words *words, struct raw_hit *items, uint32_t room)
{
    struct hit_buffer hits = {.items = items, .room = room};
    for (uint32_t first = 0; first < words->count; first += SCREEN_PLACES)
        for (uint64_t left = words->cue_places[first / SCREEN_PLACES]; left; left &= left - 1) {
            scan_word(words, first + (uint32_t)__builtin_ctzll(left), &hits);
            if (hits.count > SCREEN_RAW_HITS) return hits.count;
        }
    return hits.count;
}

int screen_hits_find(const struct screen_words *words, struct arena *arena,
                     struct raw_hits *ret_hits, struct err *err)
{
    enum { FEW = 16 };
    struct raw_hit few[FEW];
    struct raw_hits hits = {0};
    uint32_t count = scan(words, few, FEW), kept = 0;
    if (!count) {
        *ret_hits = hits;
        return E_OK;
    }
    hits.cut = count > SCREEN_RAW_HITS;
    hits.count = hits.cut ? SCREEN_RAW_HITS : count;
    hits.items = ARENA_ARRAY(arena, struct raw_hit, hits.count);
    if (!hits.items) return err_set(err, E_NO_MEMORY, NULL);
    if (count <= FEW)
        memcpy(hits.items, few, count * sizeof *few);
    else
        (void)scan(words, hits.items, hits.count);
    qsort(hits.items, hits.count, sizeof *hits.items, compare_hits);
    for (uint32_t i = 0; i < hits.count; i++)
        if (!is_covered(words->list, hits.items, kept, &hits.items[i]))
            hits.items[kept++] = hits.items[i];
    hits.count = kept;
    *ret_hits = hits;
    return E_OK;
}
