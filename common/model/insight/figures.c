/* What clauses tell besides the sum of their words: blame that is denied, idioms, what was good
 * once, and harm. */
#include "model/elision.h"
#include "model/insight/internal.h"

/* What denying blame ("not bad", "nada mal", "rien a redire") weighs, and what an idiom ("to die
 * for") does: as much as so many features that speak clearly. The model hears the words, as there
 * is little of this to learn from. */
#define LITOTES_WEIGHT 4.0f
#define IDIOM_WEIGHT 7.0f
#define ONCE_WEIGHT 5.0f /* "I used to love it" */
/* … and what the safety screen found in a clause ("it burned my hand"): few who tell of harm say
 * what they feel. */
#define HARM_WEIGHT 7.0f
enum { IDIOM_NEGATED_WITHIN = 3, ONCE_MOST = 32 /* a clause; nobody says it so often */ };

/* "not", and "isn't" too. */
static bool negates(const struct reading *reading, uint32_t at)
{
    const struct token *token = &reading->tokens->items[at];
    struct str word = token->folded;
    if (token->apostrophe && word.size > 3 && word.data[word.size - 2] == '\'')
        return word.data[word.size - 3] == 'n';
    return reading_sets_at(reading, at) & WORD_NEGATOR;
}

/* What negates() holds of, and more. */
static bool may_negate(const struct reading *reading, uint32_t at)
{
    return reading_sets_at(reading, at) & WORD_NEGATOR || reading->tokens->items[at].apostrophe;
}

bool reading_may_be_denied(const struct reading *reading, uint32_t at)
{
    return reading_sets_at(reading, at) & WORD_ONCE || (at && may_negate(reading, at - 1)) ||
           (at > 1 && may_negate(reading, at - 2));
}

/* "pas mal d'erreurs", of "mal". */
static bool counts_elided(const struct reading *reading, uint32_t at)
{
    const struct token *next = &reading->tokens->items[at + 1];
    if (at + 1 == reading->tokens->count || next->clause_before || next->sentence_before)
        return false;
    return next->apostrophe && next->folded.data[0] == 'd' && elision_bytes(next->folded);
}

/* "pas mal de problemes" are many of them; "pas mal du tout" isn't. */
static bool counts_things(const struct reading *reading, uint32_t at)
{
    const struct tokens *tokens = reading->tokens;
    if (at + 1 == tokens->count) return false;
    const struct token *next = &tokens->items[at + 1];
    if (next->clause_before || next->sentence_before) return false;
    struct str word = str_make(reading->text.data + next->start, next->end - next->start);
    return str_equal_ignoring_case(word, STR("de")) || str_equal_ignoring_case(word, STR("des")) ||
           str_equal_ignoring_case(word, STR("d")) || str_equal_ignoring_case(word, STR("d'")) ||
           counts_elided(reading, at);
}

/* Of a WORD_BAD: right behind a negator, or with one small word between. */
static bool is_litotes(const struct reading *reading, const struct clause *clause, uint32_t at)
{
    for (uint32_t back = at; back > clause->first && at - back < 2; back--) {
        if (reading->tokens->items[back].clause_before) return false;
        if (negates(reading, back - 1)) return !counts_things(reading, at);
        if (!(reading_sets_at(reading, back - 1) & WORD_LINK)) return false;
    }
    return false;
}

/* An idiom ends at token `at`, and isn't denied ("it's no game changer"). Praise counts
 * up, blame counts down. */
static bool hears_idiom(const struct reading *reading, const struct clause *clause, uint32_t at,
                        uint32_t *ret_from, float *praise)
{
    enum idiom_kind kind = idiom_at(reading->engine->idioms, reading->tokens, clause->first, at,
                                    reading->languages, ret_from);
    if (kind == IDIOM_NONE || (kind == IDIOM_SLANG && reading_is_harm(reading)))
        return false;
    if (kind == IDIOM_BLAME) *praise -= IDIOM_WEIGHT;
    if (kind == IDIOM_BLAME || kind == IDIOM_EVEN) return true;
    for (uint32_t back = *ret_from; back > clause->first && *ret_from - back < IDIOM_NEGATED_WITHIN;
         back--)
        if (negates(reading, back - 1)) return false;
    *praise += IDIOM_WEIGHT;
    return true;
}

void reading_hear_words(const struct reading *reading, uint32_t first, uint32_t last,
                       struct strongest *strongest)
{
    if (!strongest) return;
    feeling_hear(&reading->engine->scales, &reading->features, reading->levels, first, last,
                 strongest);
}

/* As much as so many features that speak clearly; below 0: blame. */
static void add_praise(const struct insight_engine *engine, struct clause *clause, float praise,
                       struct strongest *strongest)
{
    const float *scales = engine->sentiment.scales;
    clause->sentiment.classes[engine->positive] += (int64_t)(praise / scales[engine->positive]);
    clause->sentiment.classes[engine->negative] -= (int64_t)(praise / scales[engine->negative]);
    if (!strongest) return;
    strongest->praise = larger(strongest->praise, 2 * praise);
    strongest->blame = larger(strongest->blame, -2 * praise);
}

/* "Antes era", "avant c'etait", but neither "antes de" nor "avant la date": an imperfect is near.
 */
static bool stands_near_imperfect(const struct reading *reading, const struct clause *clause,
                                  uint32_t at)
{
    enum { NEAR = 3 };
    static const char *const ends[] = {"aba",   "aban",  "abas", "abamos", "era",   "eran", "iba",
                                       "etait", "avait", "lait", "tait",   "aient", "rais"};
    for (uint32_t i = at + 1; i < clause->last && i - at <= NEAR; i++) {
        struct str word = reading->tokens->items[i].folded;
        if (str_equal(word, STR("de")) || str_equal(word, STR("que"))) return false;
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
            if (str_ends(word, str_of(ends[k]))) return true;
    }
    return false;
}

/* "I used to love it", but neither "I got used to it" nor "it is used to clean". */
static bool tells_of_once(const struct reading *reading, const struct clause *clause, uint32_t at)
{
    static const char *const others[] = {"am",  "are", "be", "been", "being",  "get",
                                         "gets", "got", "is", "was",  "were", "getting"};
    const struct token *tokens = reading->tokens->items;
    struct str word = tokens[at].folded;
    if (str_equal(word, STR("antes")) || str_equal(word, STR("avant")))
        return stands_near_imperfect(reading, clause, at);
    if (!str_equal(word, STR("used")) || at + 2 >= clause->last) return false;
    if (!str_equal(tokens[at + 1].folded, STR("to"))) return false;
    if (at == clause->first) return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_equal(tokens[at - 1].folded, str_of(others[i]))) return false;
    return !tokens[at - 1].apostrophe;
}

static void take_words(const struct reading *reading, struct clause *clause,
                       const struct linear_sums *words)
{
    for (uint32_t i = 0; i < reading->engine->sentiment.classes; i++)
        clause->sentiment.classes[i] -= words->classes[i];
}

/* What was good once, and is told so, isn't any more; what was bad is told by its words. */
static bool turns_praise(const struct reading *reading, struct clause *clause, uint32_t at)
{
    const struct insight_engine *engine = reading->engine;
    const float *scales = engine->sentiment.scales;
    struct linear_sums words;
    if (!tells_of_once(reading, clause, at)) return false;
    reading_sum(reading, LINEAR_ONE, at, clause->last, &words);
    float praise = scales[engine->positive] * (float)words.classes[engine->positive],
          blame = scales[engine->negative] * (float)words.classes[engine->negative];
    if (praise <= blame) return false;
    take_words(reading, clause, &words);
    return true;
}

/* What figures of speech say counts, and what the words of an idiom say doesn't. */
static void hear_figures(const struct reading *reading, struct clause *clause,
                         struct strongest *strongest)
{
    const struct insight_engine *engine = reading->engine;
    float praise = 0;
    int asked = 0; /* turns_praise(), which looks at all that is left */
    uint32_t heard = clause->first; /* up to here words speak for themselves, or are an idiom's */
    for (uint32_t at = clause->first; at < clause->last; at++) {
        uint32_t sets = reading_sets_at(reading, at), from;
        if (sets & WORD_ONCE && asked++ < ONCE_MOST && turns_praise(reading, clause, at)) {
            if (heard < at) reading_hear_words(reading, heard, at, strongest);
            heard = clause->last;
            praise -= ONCE_WEIGHT;
            break;
        }
        if (sets & WORD_BAD && at > clause->first && negates(reading, at - 1) &&
            counts_elided(reading, at)) {
            from = at - 1;
        } else if (!(sets & WORD_IDIOM) || !hears_idiom(reading, clause, at, &from, &praise)) {
            bool denied = sets & WORD_BAD && is_litotes(reading, clause, at);
            praise += denied ? LITOTES_WEIGHT : 0;
            continue;
        }
        struct linear_sums words;
        reading_sum(reading, LINEAR_ONE, from, at + 1, &words);
        take_words(reading, clause, &words);
        if (heard < from) reading_hear_words(reading, heard, from, strongest);
        heard = at + 1;
    }
    reading_hear_words(reading, heard, clause->last, strongest);
    add_praise(engine, clause, praise, strongest);
}

bool reading_tells_harm(const struct reading *reading, uint32_t first, uint32_t last)
{
    struct insight_span span = reading_span(reading, first, last);
    for (uint32_t i = 0; i < reading->harm.count; i++)
        if (reading->harm.spans[i].start < span.end && reading->harm.spans[i].end > span.start)
            return true;
    return false;
}

void reading_hear(const struct reading *reading, struct clause *clause, struct strongest *strongest)
{
    if (clause->figures) hear_figures(reading, clause, strongest);
    if (reading_tells_harm(reading, clause->first, clause->last))
        add_praise(reading->engine, clause, -HARM_WEIGHT, strongest);
}

float reading_piece_score(const struct reading *reading, uint32_t from, uint32_t last)
{
    struct clause piece = {.first = from, .last = last};
    reading_sum(reading, LINEAR_ONE, from, last, &piece.sentiment);
    piece.figures = true;
    reading_hear(reading, &piece, NULL);
    return insight_score(reading->engine, &piece.sentiment);
}
