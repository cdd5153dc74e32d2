/* Settles what was said about each hit: affirmed, negated, conditional, the thing treated, a figure
 * of speech, or what happened elsewhere.
 *
 * Negators reach a few words forward within their clause, as in NegEx (Chapman et al. 2001, "A
 * simple algorithm for identifying negated findings and diseases in discharge summaries"), with
 * three changes: a comma ends a scope too, unless a list of findings goes on ("no rash, itching or
 * redness"); a negator inside another cue ("couldn't breathe") negates nothing else; conditions and
 * indications are scoped the same way. */
#include "base/flags.h"
#include "text/screen/scope.h"

enum {
    NEGATION_WORDS = 6, /* from the negator to the hit */
    AFTER_WORDS = 3,    /* from the hit to "free", "may occur", "is gone" */
    HYPOTHETICAL_WORDS = 9,
    INDICATION_WORDS = 5,
    LIST_WORDS = 3, /* "or any kind of" between two findings of one list */
};

/* Where a role leaves its mark: on all words of its match, or on the end that looks at the scope.
 */
static const struct {
    uint32_t all, first, last;
} role_marks[] = {
    [CUE_NEGATION_BEFORE] = {.last = MARK_NEGATION_BEFORE},
    [CUE_NEGATION_AFTER] = {.first = MARK_NEGATION_AFTER},
    [CUE_NEGATION_FALSE] = {.all = MARK_NEGATION_FALSE},
    [CUE_NEGATION_UNTIL] = {.all = MARK_NEGATION_FALSE},
    [CUE_HYPOTHETICAL_BEFORE] = {.last = MARK_HYPOTHETICAL_BEFORE},
    [CUE_HYPOTHETICAL_AFTER] = {.first = MARK_HYPOTHETICAL_AFTER},
    [CUE_INDICATION_BEFORE] = {.last = MARK_INDICATION_BEFORE},
    [CUE_INDICATION_GONE] = {.last = MARK_INDICATION_BEFORE | MARK_GONE},
    [CUE_INDICATION_PHRASE] = {.all = MARK_INDICATION_PHRASE},
    [CUE_INDICATION_AFTER] = {.first = MARK_INDICATION_AFTER},
    [CUE_IDIOM] = {.all = MARK_IDIOM},
    [CUE_ELSEWHERE] = {.all = MARK_ELSEWHERE},
    [CUE_PRAISE] = {.all = MARK_ELSEWHERE},
    [CUE_CAUSE] = {.all = MARK_CAUSE},
    [CUE_RELIEF] = {.last = MARK_RELIEF},
    [CUE_RELIEF_FALSE] = {0},
    [CUE_SPARED] = {.last = MARK_SPARED},
    [CUE_UNTRUE] = {.first = MARK_UNTRUE},
    [CUE_MILD] = {0},
    [CUE_SCOPE_END] = {.all = MARK_SCOPE_END},
    [CUE_LIST] = {.all = MARK_LIST},
    [CUE_REPORTER] = {0},
};

static bool is_one_clause(const struct screen_words *words, uint32_t first, uint32_t last)
{
    while (first < last && words->before[last] == BOUNDARY_NONE) last--;
    return first == last;
}

static bool is_denial(const struct screen_words *words, uint32_t at)
{
    return words->list->entries[words->entries[at]].groups & words->list->denied;
}

/* Words [first, last] are one clause, but for a list of findings: "no rash, itching or swelling
 * before this". */
static bool is_one_list(const struct screen_words *words, const uint32_t *marks, uint32_t first,
                        uint32_t last)
{
    for (uint32_t at = first + 1; at <= last; at++)
        if (words->before[at] > BOUNDARY_COMMA ||
            (words->before[at] == BOUNDARY_COMMA && !is_denial(words, at) &&
             !((marks[at] | marks[at + 1 < words->count ? at + 1 : at]) & MARK_IN_HIT)))
            return false;
    return true;
}

/* Words [first, last] are a clause of their own: "No rash. It does. It itches." */
static bool is_whole_clause(const struct screen_words *words, uint32_t first, uint32_t last)
{
    return words->before[first] != BOUNDARY_NONE && is_one_clause(words, first, last) &&
           (last + 1 == words->count || words->before[last + 1] != BOUNDARY_NONE);
}

/* The first word of the list of denials that ends with the one at `at`: commas part them, and each
 * begins with its negator: "no rash, no itching, nothing before this". */
static uint32_t list_start(const struct screen_words *words, uint32_t at)
{
    for (uint32_t first = at;; first--) {
        while (first > 0 && words->before[first] == BOUNDARY_NONE) first--;
        if (!is_denial(words, first)) return at;
        at = first;
        if (words->before[first] != BOUNDARY_COMMA) return at;
    }
}

static void mark_form(const struct screen_words *words, const struct cue_form *form, uint32_t at,
                      uint32_t *marks, struct raw_hits *hits)
{
    const struct cue *cue = &words->list->cues[form->cue];
    uint8_t role = cue_sections[cue->section].role;
    uint32_t first, last;
    if (!screen_form_match(words, form, at, &first, &last) ||
        !screen_context_match(words, cue, first, last))
        return;
    if (role == CUE_NEGATION_UNTIL && !is_one_list(words, marks, first, last)) return;
    if (role == CUE_UNTRUE && !is_whole_clause(words, first, last)) return;
    if (role == CUE_PRAISE && !is_one_clause(words, first, last)) return;
    if (role == CUE_NEGATION_UNTIL) first = list_start(words, first);
    for (uint32_t i = first; i <= last; i++) marks[i] |= role_marks[role].all;
    marks[first] |= role_marks[role].first;
    marks[last] |= role_marks[role].last;
    hits->patient |= role == CUE_PATIENT;
    hits->product |= role == CUE_PRODUCT;
    hits->reporter |= role == CUE_REPORTER;
    hits->left |= role == CUE_RELIEF_FALSE;
    hits->mild |= role == CUE_MILD;
}

static void mark_word(const struct screen_words *words, uint32_t at, enum screen_asked asked,
                      uint32_t *marks, struct raw_hits *hits)
{
    const struct cue_list *list = words->list;
    const struct cue_entry *entry = &list->entries[words->entries[at]];
    const struct cue_hanging *hanging = list->hanging + entry->first_form + entry->cue_forms;
    struct screen_sides sides = screen_sides_of(words, at);
    uint32_t count = entry->criterion_forms;
    if (asked != ASKED_CRITERIA) count += entry->other_forms;
    if (asked >= ASKED_OUTCOMES) hanging += count, count = entry->outcome_forms;
    if (asked == ASKED_UNTRUE) hanging += count, count = entry->untrue_forms;
    for (uint32_t k = 0; k < count; k++)
        if (screen_form_may_match(&sides, &hanging[k]))
            mark_form(words, &list->forms[hanging[k].form], at, marks, hits);
}

void screen_sentence_of(const struct screen_words *words, const struct raw_hit *hit,
                        uint32_t *ret_first, uint32_t *ret_end)
{
    uint32_t first = hit->first, end = hit->last + 1;
    while (first > 0 && words->before[first] != BOUNDARY_SENTENCE) first--;
    while (end < words->count && words->before[end] != BOUNDARY_SENTENCE) end++;
    *ret_first = first;
    *ret_end = end;
}

static bool names_all(const struct raw_hits *hits)
{
    return hits->patient & hits->product & hits->reporter;
}

void screen_mark(const struct screen_words *words, uint32_t first, uint32_t end, uint8_t flags,
                 enum screen_asked asked, uint32_t *marks, struct raw_hits *hits)
{
    for (uint32_t before = first % SCREEN_PLACES; first < end; before = 0) {
        uint32_t block = first - before, left = end - block;
        left = left < SCREEN_PLACES ? left : SCREEN_PLACES;
        uint64_t places = flags_with(words->flags + block, left, flags) >> before << before;
        for (; places; places &= places - 1) {
            if (asked == ASKED_CRITERIA && names_all(hits)) return;
            mark_word(words, block + (uint32_t)__builtin_ctzll(places), asked, marks, hits);
        }
        first = block + SCREEN_PLACES;
    }
}

/* All words in the sentences of hits: marks elsewhere say nothing of any. */
static void mark_sentences(const struct screen_words *words, uint32_t *marks, struct raw_hits *hits)
{
    uint32_t done = 0, first, end;
    for (uint32_t i = 0; i < hits->count; i++) {
        if (hits->items[i].first < done) continue; /* they come by their first words */
        screen_sentence_of(words, &hits->items[i], &first, &end);
        screen_mark(words, first, end, CUE_ANCHORS_CRITERIA | CUE_ANCHORS_OTHERS, ASKED_AROUND,
                    marks, hits);
        done = end;
    }
}

static void mark_words(const struct screen_words *words, uint32_t *marks, struct raw_hits *hits)
{
    for (uint32_t i = 0; i < hits->count; i++)
        for (uint32_t w = hits->items[i].first; w <= hits->items[i].last; w++)
            marks[w] |= MARK_IN_HIT;
    mark_sentences(words, marks, hits);
    screen_mark(words, 0, words->count, CUE_ANCHORS_CRITERIA, ASKED_CRITERIA, marks, hits);
}

/* What the words before the hit say about it, within their reach and its clause. */
static uint32_t look_back(const struct screen_words *words, const uint32_t *marks,
                          const struct raw_hit *hit)
{
    uint32_t found = 0;
    for (uint32_t n = 1; n <= hit->first && n <= HYPOTHETICAL_WORDS; n++) {
        if (words->before[hit->first - n + 1] != BOUNDARY_NONE) break;
        uint32_t mark = marks[hit->first - n];
        if (mark & MARK_SCOPE_END) break;
        if ((mark & MARK_NEGATION_BEFORE) && n <= NEGATION_WORDS &&
            !(mark & (MARK_NEGATION_FALSE | MARK_IN_HIT)))
            found |= MARK_NEGATION_BEFORE;
        if ((mark & MARK_INDICATION_BEFORE) && n <= INDICATION_WORDS)
            found |= mark & (MARK_INDICATION_BEFORE | MARK_GONE);
        if (mark & MARK_HYPOTHETICAL_BEFORE) found |= MARK_HYPOTHETICAL_BEFORE;
    }
    return found;
}

/* The cue itself asks for this word, so the word says nothing about the cue ("couldn't breathe").
 */
static bool is_asked_for(const struct screen_words *words, const struct raw_hit *hit, uint32_t at)
{
    const struct cue_form *form = &words->list->forms[hit->form];
    for (uint32_t i = 0; i < form->steps; i++)
        if (cue_entry_has(words->list, words->entries[at],
                          words->list->steps[form->first_step + i].symbol))
            return true;
    return false;
}

/* What stands in a gap of the cue: "my skin is not red". */
static uint32_t look_inside(const struct screen_words *words, const uint32_t *marks,
                            const struct raw_hit *hit)
{
    const uint32_t wanted =
        MARK_NEGATION_BEFORE | MARK_HYPOTHETICAL_BEFORE | MARK_INDICATION_BEFORE;
    uint32_t found = 0;
    for (uint32_t at = hit->first + 1; at < hit->last; at++)
        if ((marks[at] & wanted) && !(marks[at] & MARK_NEGATION_FALSE) &&
            !is_asked_for(words, hit, at))
            found |= marks[at] & wanted;
    return found;
}

static uint32_t look_ahead(const struct screen_words *words, const uint32_t *marks,
                           const struct raw_hit *hit)
{
    uint32_t found = 0;
    for (uint32_t n = 1; n <= AFTER_WORDS && hit->last + n < words->count; n++) {
        uint32_t at = hit->last + n;
        if (words->before[at] != BOUNDARY_NONE || (marks[at] & MARK_SCOPE_END)) break;
        found |=
            marks[at] & (MARK_NEGATION_AFTER | MARK_HYPOTHETICAL_AFTER | MARK_INDICATION_AFTER);
    }
    return found;
}

/* The hit goes on with a list that the one before belongs to: "or", "any" or a comma, and only
 * these, between them. */
static bool goes_on(const struct screen_words *words, const uint32_t *marks,
                    const struct raw_hit *before, const struct raw_hit *hit)
{
    if (hit->first <= before->last || hit->first - before->last - 1 > LIST_WORDS) return false;
    if (hit->first == before->last + 1 && words->before[hit->first] == BOUNDARY_NONE) return false;
    for (uint32_t i = before->last + 1; i <= hit->first; i++) {
        if (words->before[i] > BOUNDARY_COMMA) return false;
        if (i == hit->first) continue;
        if (!(marks[i] & (MARK_LIST | MARK_NEGATION_BEFORE)) || marks[i] & MARK_NEGATION_FALSE)
            return false;
    }
    return true;
}

bool screen_is_caused(const struct screen_words *words, const uint32_t *marks,
                      const struct raw_hit *hit)
{
    uint32_t first, end;
    screen_sentence_of(words, hit, &first, &end);
    for (uint32_t i = first; i < end; i++)
        if (marks[i] & MARK_CAUSE) return true;
    return false;
}

/* The hit begins with a negator that says the same as one before it or in it: "n'a eu aucun
 * effet", "no hizo ningún efecto" are one negation, and the cue holds it. */
static bool holds_negation(const struct screen_words *words, const struct raw_hit *hit)
{
    return words->list->entries[words->entries[hit->first]].groups & words->list->concord;
}

static enum screen_polarity polarity_of(const struct screen_words *words, const uint32_t *marks,
                                        const struct raw_hit *before, struct raw_hit *hit)
{
    uint32_t inside = 0;
    for (uint32_t i = hit->first; i <= hit->last; i++) inside |= marks[i];
    if (inside & MARK_IDIOM) return SCREEN_FIGURATIVE;
    if (inside & MARK_ELSEWHERE && !screen_is_caused(words, marks, hit)) return SCREEN_UNRELATED;
    uint32_t found = look_back(words, marks, hit) | look_inside(words, marks, hit) |
                     look_ahead(words, marks, hit);
    if (holds_negation(words, hit)) found &= ~(uint32_t)MARK_NEGATION_BEFORE;
    hit->gone = found & MARK_GONE; /* "no more", too, which denies */
    if (found & (MARK_NEGATION_BEFORE | MARK_NEGATION_AFTER)) return SCREEN_NEGATED;
    hit->gone = !(inside & MARK_INDICATION_PHRASE) && found & (MARK_GONE | MARK_INDICATION_AFTER);
    if (inside & MARK_INDICATION_PHRASE || found & (MARK_INDICATION_BEFORE | MARK_INDICATION_AFTER))
        return SCREEN_INDICATION;
    if (found & (MARK_HYPOTHETICAL_BEFORE | MARK_HYPOTHETICAL_AFTER)) return SCREEN_CONDITIONAL;
    if (before && before->polarity < SCREEN_FIGURATIVE && goes_on(words, marks, before, hit))
        return before->polarity;
    return SCREEN_AFFIRMED;
}

int screen_scope_resolve(const struct screen_words *words, struct arena *arena,
                         struct raw_hits *hits, struct err *err)
{
    uint32_t *marks = ARENA_ARRAY(arena, uint32_t, words->count);
    if (!marks) return err_set(err, E_NO_MEMORY, NULL);
    screen_words_tell_gaps(words);
    mark_words(words, marks, hits);
    const struct raw_hit *before = NULL;
    for (uint32_t i = 0; i < hits->count; i++) {
        struct raw_hit *hit = &hits->items[i];
        /* The nearest hit that ends before this one: overlapping ones belong to the same thing. */
        for (uint32_t k = i; k-- > 0;)
            if (hits->items[k].last < hit->first) {
                before = &hits->items[k];
                break;
            }
        hit->polarity = (uint8_t)polarity_of(words, marks, before, hit);
        if (hit->polarity < SCREEN_FIGURATIVE && screen_is_denied(words, marks, hit))
            hit->polarity = SCREEN_NEGATED;
    }
    screen_outcomes_find(words, marks, hits);
    return E_OK;
}
