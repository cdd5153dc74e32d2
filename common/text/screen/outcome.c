/* What other sentences, or the whole text, say of hits whose own clause is settled. */
#include "text/screen/scope.h"

enum {
    STORY_WORDS = 2, /* so many in a text make all of it a story; one makes its sentence one, but
                      * for hazards and goods: "the film melted" */
    REAL_WORDS = 8,  /* on either side of a hit, within its sentence */
    BELIED_WORDS = 32, /* from a denial to what belies it */
};

static uint32_t count_words(const struct screen_words *words, uint64_t group, uint32_t first,
                            uint32_t end)
{
    uint32_t count = 0;
    for (uint32_t i = first; i < end; i++)
        count += (words->list->entries[words->entries[i]].groups & group) != 0;
    return count;
}

/* It is told of a film, a book or a game, and nobody and nothing of the writer's stands by: what
 * happens there happens to nobody. */
static bool is_story(const struct screen_words *words, const struct raw_hit *hit, uint32_t in_text)
{
    uint8_t kind = cue_sections[words->list->cues[hit->cue].section].kind;
    uint32_t first, end, from, to;
    screen_sentence_of(words, hit, &first, &end);
    if (in_text < STORY_WORDS && (kind != SCREEN_ADVERSE_EVENT ||
                                  !count_words(words, words->list->story, first, end)))
        return false;
    from = hit->first - first > REAL_WORDS ? hit->first - REAL_WORDS : first;
    to = end - hit->last - 1 > REAL_WORDS ? hit->last + 1 + REAL_WORDS : end;
    return !count_words(words, words->list->real, from, to);
}

/* Last of all, as few texts have any hit that decides. */
static void find_stories(const struct screen_words *words, struct raw_hits *hits)
{
    uint32_t in_text = count_words(words, words->list->story, 0, words->count);
    for (uint32_t i = 0; i < hits->count && in_text; i++)
        if (hits->items[i].polarity != SCREEN_NEGATED && is_story(words, &hits->items[i], in_text))
            hits->items[i].polarity = SCREEN_UNRELATED;
}

/* An ailment, told before what is said to have taken it away: "broke out every spring. One of these
 * and I'm fine". Not what is grave, nor what came of something. */
static bool is_relieved(const struct screen_words *words, const uint32_t *marks,
                        const struct raw_hit *hit, uint32_t last_relief)
{
    const struct cue_section *section = &cue_sections[words->list->cues[hit->cue].section];
    return section->kind == SCREEN_ADVERSE_EVENT && !section->seriousness &&
           hit->first <= last_relief && !screen_is_caused(words, marks, hit);
}

/* What was foretold ends here: "I read the leaflet, yet", "it might sting, my face". */
static bool is_told_anew(const struct screen_words *words, const uint32_t *marks, uint32_t at)
{
    return marks[at] & MARK_SCOPE_END ||
           (words->before[at] != BOUNDARY_NONE &&
            words->list->entries[words->entries[at]].groups & words->list->real);
}

/* Its sentence tells before it of what is only read, feared or foretold: "the leaflet is scary,
 * fits, vomiting". Alone that says little, and much where the text has "none of it". */
static bool is_foretold(const struct screen_words *words, const uint32_t *marks,
                        const struct raw_hit *hit)
{
    uint32_t first, end;
    if (hit->polarity == SCREEN_CONDITIONAL) return true;
    if (hit->polarity != SCREEN_AFFIRMED || screen_is_caused(words, marks, hit)) return false;
    screen_sentence_of(words, hit, &first, &end);
    bool told = false;
    for (; first < hit->first; first++)
        told = marks[first] & MARK_HYPOTHETICAL_BEFORE ||
               (told && !is_told_anew(words, marks, first));
    return told && !is_told_anew(words, marks, hit->first);
}

/* Of a denial: the next sentence, or what follows a dash, says that it isn't so: "no side effects.
 * Lies." */
static bool is_belied(const struct screen_words *words, uint32_t *marks, struct raw_hits *hits,
                      const struct raw_hit *hit)
{
    uint32_t at = hit->asked_end ? hit->asked_end : hit->last + 1,
             last = words->count - at > BELIED_WORDS ? at + BELIED_WORDS : words->count;
    for (bool more = true; more && at < last; at++) {
        if (words->before[at] <= BOUNDARY_COMMA) continue;
        uint32_t end = at + 1;
        while (end < words->count && words->before[end] == BOUNDARY_NONE) end++;
        screen_mark(words, at, end, CUE_ANCHORS_UNTRUE, ASKED_UNTRUE, marks, hits);
        if (marks[at] & MARK_UNTRUE) return true;
        more = words->before[at] != BOUNDARY_SENTENCE;
    }
    return false;
}

/* The sentence that begins with `first` says what it came of: "had a stroke last year. Your pill
 * gave me another". */
static bool is_cause(const struct screen_words *words, uint32_t *marks, struct raw_hits *hits,
                     uint32_t first)
{
    uint32_t end;
    const struct raw_hit in = {.first = first, .last = first};
    if (first == words->count) return false;
    screen_sentence_of(words, &in, &first, &end);
    screen_mark(words, first, end, CUE_ANCHORS_OTHERS, ASKED_AROUND, marks, hits);
    return screen_is_caused(words, marks, &in);
}

/* What seemed to be from elsewhere isn't where another finding decides, or a cause follows. */
static void doubt_elsewhere(const struct screen_words *words, uint32_t *marks,
                            struct raw_hits *hits)
{
    bool decided = false, caused = false;
    uint32_t asked = 0, first, end;
    for (uint32_t i = 0; i < hits->count; i++)
        decided |= hits->items[i].polarity == SCREEN_AFFIRMED;
    for (uint32_t i = 0; i < hits->count; i++) {
        struct raw_hit *hit = &hits->items[i];
        if (hit->polarity != SCREEN_UNRELATED) continue;
        screen_sentence_of(words, hit, &first, &end);
        if (!decided && end != asked) caused = is_cause(words, marks, hits, asked = end);
        if (decided || caused) hit->polarity = SCREEN_AFFIRMED;
    }
}

static bool is_gone(const struct raw_hit *hit)
{
    return hit->gone && (hit->polarity == SCREEN_INDICATION || hit->polarity == SCREEN_NEGATED);
}

/* Whether what the whole text says could change anything: of hits few are such. */
static bool asks_outcome(const struct raw_hits *hits)
{
    bool asks = !hits->count;
    for (uint32_t i = 0; i < hits->count && !asks; i++)
        asks = hits->items[i].polarity == SCREEN_AFFIRMED ||
               hits->items[i].polarity == SCREEN_CONDITIONAL || is_gone(&hits->items[i]);
    return asks;
}

static void find_outcomes(const struct screen_words *words, uint32_t *marks, struct raw_hits *hits)
{
    uint32_t found = 0, last_relief = 0;
    if (!hits->count)
        screen_mark(words, 0, words->count, CUE_ANCHORS_OTHERS, ASKED_AROUND, marks, hits);
    screen_mark(words, 0, words->count, CUE_ANCHORS_OUTCOMES, ASKED_OUTCOMES, marks, hits);
    for (uint32_t at = 0; at < words->count; at++) found |= marks[at];
    if (found & MARK_RELIEF)
        for (last_relief = words->count - 1; !(marks[last_relief] & MARK_RELIEF);) last_relief--;
    if (hits->left) found &= ~(uint32_t)MARK_RELIEF;
    hits->eased = found & (MARK_RELIEF | MARK_SPARED) && !(found & MARK_CAUSE);
    for (uint32_t i = 0; i < hits->count; i++) {
        struct raw_hit *hit = &hits->items[i];
        if (found & MARK_SPARED && is_foretold(words, marks, hit))
            hit->polarity = SCREEN_NEGATED;
        else if (hits->left && is_gone(hit)) /* it went because the product was left */
            hit->polarity = SCREEN_AFFIRMED;
        else if (found & MARK_RELIEF && hit->polarity == SCREEN_AFFIRMED &&
                 is_relieved(words, marks, hit, last_relief))
            hit->polarity = SCREEN_INDICATION;
    }
}

void screen_outcomes_find(const struct screen_words *words, uint32_t *marks, struct raw_hits *hits)
{
    if (asks_outcome(hits)) find_outcomes(words, marks, hits);
    for (uint32_t i = 0; i < hits->count; i++) {
        struct raw_hit *hit = &hits->items[i];
        if (hit->polarity == SCREEN_NEGATED && is_belied(words, marks, hits, hit))
            hit->polarity = SCREEN_AFFIRMED;
    }
    doubt_elsewhere(words, marks, hits);
    if (words->list->story) find_stories(words, hits);
}
