/* A question about harm, or a form's label, that is answered no: "Any rash? No, none at all.",
 * "Side effects: none", "Rash - no".
 *
 * The question may hold nothing but the finding and words of [group asking] ("did you have any")
 * and, behind it, of [group occasion] ("from the tablets"): "why did I get hives? No idea" and "was
 * she warned of the rash? No" deny something else. The answer begins with a word of [group denial],
 * goes on with those of [group denying] up to a boundary, and no word of [group recant] takes it
 * back. All else leaves the finding affirmed. */
#include "text/screen/match.h"

enum { RECANT_WORDS = 3 /* of the sentence behind the answer's: "No. Not at first." */ };

static bool is_in(const struct screen_words *words, uint32_t at, uint64_t group)
{
    return words->list->entries[words->entries[at]].groups & group;
}

/* What is written between the word before and this one. */
static struct str gap_before(const struct screen_words *words, uint32_t at)
{
    const struct token *tokens = words->tokens->items;
    uint32_t left = words->places[at - 1], right = words->places[at];
    if (left == right) return (struct str){0}; /* one elided word: "l'eau" */
    return str_trim(str_slice(words->text, tokens[left].end, tokens[right].start));
}

/* ":", or behind a bracket or a name's placeholder, "]:". No emoticon. */
static bool is_colon(struct str gap)
{
    return gap.size && gap.size <= 2 && gap.data[gap.size - 1] == ':';
}

/* What stands for a colon on forms: "side effects - none". */
static bool is_dash(struct str gap)
{
    return str_equal(gap, STR("-")) || str_equal(gap, STR("–")) || str_equal(gap, STR("—"));
}

static bool is_question(struct str gap) { return gap.size && memchr(gap.data, '?', gap.size); }

/* "the reaction", "la reacción": asks nothing of the finding, as "the rash" would. */
static bool is_named(const struct screen_words *words, const uint32_t *marks, uint32_t at)
{
    return is_in(words, at, words->list->occasion) && at + 1 < words->count &&
           !(marks[at + 1] & MARK_IN_HIT) && is_in(words, at + 1, words->list->asking);
}

/* Words [hit, answer) and those before them in their clause do no more than ask for it. */
static bool is_asked(const struct screen_words *words, const uint32_t *marks,
                     struct raw_hit *hit, uint32_t *ret_answer)
{
    uint32_t at = hit->first;
    while (at > 0 && words->before[at] == BOUNDARY_NONE) at--;
    hit->asked_first = at;
    for (; at < words->count; at++) {
        if (at > hit->last && words->before[at] > BOUNDARY_COMMA) break;
        uint64_t group = words->list->asking | (at > hit->last ? words->list->occasion : 0);
        bool found = marks[at] & MARK_IN_HIT;
        if (found ? marks[at] & MARK_NEGATION_BEFORE
                  : !is_in(words, at, group) && !is_named(words, marks, at))
            return false;
    }
    if (at == words->count) return false;
    *ret_answer = at;
    struct str gap = gap_before(words, at);
    return is_question(gap) || is_colon(gap) || is_dash(gap);
}

/* Later in the answer's sentence, or as the next one begins, there was something after all. The
 * next sentence may tell another finding ("No. Itchy after use"), or be a form's next line. */
static bool is_recanted(const struct screen_words *words, const uint32_t *marks, uint32_t at)
{
    uint32_t behind = 0;
    for (; at < words->count && behind <= RECANT_WORDS; at++) {
        behind += behind || words->before[at] == BOUNDARY_SENTENCE;
        if (behind && (marks[at] & MARK_IN_HIT || is_colon(gap_before(words, at)))) return false;
        if (behind <= RECANT_WORDS && is_in(words, at, words->list->recant)) return true;
    }
    return false;
}

bool screen_is_denied(const struct screen_words *words, const uint32_t *marks,
                      struct raw_hit *hit)
{
    const struct cue_list *list = words->list;
    uint32_t at;
    if (!is_asked(words, marks, hit, &at)) return false;
    bool named = at + 1 < words->count && is_colon(gap_before(words, at + 1));
    if (named && !is_in(words, at, list->recant | list->denial) && !(marks[at] & MARK_IN_HIT))
        at++; /* who answers */
    if (!is_in(words, at, list->denial)) return false;
    for (at++; at < words->count && words->before[at] == BOUNDARY_NONE; at++)
        if (!is_in(words, at, list->denial | list->denying)) return false;
    if (is_recanted(words, marks, at)) return false;
    hit->asked_end = at;
    return true;
}
