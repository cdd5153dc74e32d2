/* Aspects: how each side of a product that a clause names is felt about.
 *
 * A clause that names one aspect speaks for it, with those around it in its sentence that name
 * none and don't contradict it: "it came a day early, very pleased". One that names several is cut
 * between them, at a comma or a word of joining, and each piece is scored by itself: "great price
 * and awful delivery" is two. Only such pieces are summed again. Questions don't judge. */
#include <math.h>

#include "model/insight_internal.h"

/* Praised and blamed: two clauses of this score, of either sign. */
#define BOTH_SCORE 0.4f

struct named {
    uint32_t at, last; /* tokens of the keyword */
    uint32_t aspect;
    bool wished; /* named behind a word of wishing: nothing is judged that isn't there yet */
};

/* What all clauses name, in their order: clause i names items[starts[i]] to items[starts[i
 * + 1] - 1]. */
struct namings {
    struct named *items;
    uint32_t *starts;
};

/* "customer service agent" is one naming of one aspect. */
static bool is_named(const struct named *first, const struct named *next, const struct named *more)
{
    for (; first < next; first++)
        if (first->aspect == more->aspect && more->at < first->last) return true;
    return false;
}

/* Appends what is named at token `at`, unless `first` and those behind it have it; words of the
 * longest keyword there. */
static uint32_t add_named(const struct reading *reading, uint32_t at, const struct named *first,
                          struct named **next)
{
    const struct topics *aspects = &reading->engine->aspects;
    struct topic_match matches[TOPIC_MATCHES_MAX];
    uint32_t found = topics_match(aspects, reading->tokens, at, reading->languages, matches),
             words = topics_longest(matches, found);
    for (uint32_t i = 0; i < found; i++) {
        struct named more = {at, at + words, matches[i].topic, false};
        if (matches[i].words != words || more.aspect == aspects->hiding) continue;
        if (!is_named(first, *next, &more)) *(*next)++ = more;
    }
    return words;
}

/* Appends what the clause names to `first`; behind it. The longest keyword owns its words:
 * in "noise cancelling" is no noise. Those under [-] name no aspect. */
static struct named *find_named(const struct reading *reading, const struct clause *clause,
                                struct named *first)
{
    struct named *next = first;
    uint32_t behind = clause->first; /* the keyword before */
    for (uint32_t from = clause->first; from < clause->last;) {
        uint32_t block = from / TOPIC_PLACES, end = (block + 1) * TOPIC_PLACES;
        uint64_t places = reading->places[block].other >> from % TOPIC_PLACES;
        if (end > clause->last) places &= (UINT64_C(1) << (clause->last - from)) - 1;
        for (; places; places &= places - 1) {
            uint32_t at = from + (uint32_t)__builtin_ctzll(places);
            if (at < behind) continue;
            uint32_t words = add_named(reading, at, first, &next);
            if (words) behind = at + words;
        }
        from = end;
    }
    return next;
}

/* "I love the screen but wish for a longer battery": of the clause's namings, those behind. */
static void note_wishes(const struct reading *reading, const struct clause *clause,
                        struct named *first, const struct named *next)
{
    uint32_t at = clause->first;
    if (first == next || !reading->sentences[clause->sentence].wished) return;
    while (at < clause->last &&
           (reading->features.sets[at] & (WORD_WISH | WORD_TURN | WORD_LACK)) != WORD_WISH)
        at++;
    for (; first < next; first++) first->wished = first->at > at;
}

static int find_namings(const struct reading *reading, struct namings *namings, struct err *err)
{
    namings->items =
        arena_alloc(reading->arena,
                    (size_t)reading->tokens->count * TOPIC_MATCHES_MAX * sizeof *namings->items);
    namings->starts = arena_alloc(reading->arena,
                                  ((size_t)reading->clause_count + 1) * sizeof *namings->starts);
    if (!namings->items || !namings->starts) return err_set(err, E_NO_MEMORY, NULL);
    struct named *next = namings->items;
    for (uint32_t i = 0; i < reading->clause_count; i++) {
        const struct clause *clause = &reading->clauses[i];
        namings->starts[i] = (uint32_t)(next - namings->items);
        struct named *first = next;
        if (!reading->sentences[clause->sentence].asked) next = find_named(reading, clause, next);
        note_wishes(reading, clause, first, next);
    }
    namings->starts[reading->clause_count] = (uint32_t)(next - namings->items);
    return E_OK;
}

/* Where a piece may begin between two namings: at a comma or a joining word, or `last`. */
static uint32_t cut_between(const struct reading *reading, uint32_t from, uint32_t last)
{
    for (uint32_t at = from; at < last; at++) {
        const struct token *token = &reading->tokens->items[at];
        if (token->clause_before ||
            reading->features.sets[at] & (WORD_JOIN | WORD_TURN))
            return at;
    }
    return last;
}

static void keep_aspect(struct reading *reading, struct insight_result *result,
                        const struct named *named, struct insight_span span, float score)
{
    uint32_t aspect = named->aspect;
    if (named->wished) score = 0;
    struct insight_aspect *kept = result->aspects;
    for (; kept < result->aspects + result->aspect_count &&
           kept->name.data != reading->engine->aspects.names[aspect].data;
         kept++)
        continue;
    if (kept == result->aspects + INSIGHT_ASPECTS_MAX) return;
    if (kept == result->aspects + result->aspect_count) {
        *kept = (struct insight_aspect){
            .name = reading->engine->aspects.names[aspect], .span = span, .score = score};
        result->aspect_count++;
    } else if (fabsf(score) > fabsf(kept->score)) {
        kept->span = span;
        kept->score = score;
    }
    kept->best = larger(kept->best, score);
    kept->worst = smaller(kept->worst, score);
}

/* Clause `at`, beside `own`, says more of the same: it is of its sentence, names nothing,
 * is parted from it by no turn ("but"; `seam` is the later of the two clauses), and doesn't
 * clearly feel the opposite. */
static bool joins(const struct reading *reading, const struct namings *namings,
                  const struct clause *own, uint32_t at, uint32_t seam)
{
    const struct clause *other = &reading->clauses[at];
    if (other->sentence != own->sentence || namings->starts[at] != namings->starts[at + 1])
        return false;
    if (reading->features.sets[reading->clauses[seam].first] & WORD_TURN) return false;
    return other->score * own->score >= 0 ||
           smaller(fabsf(other->score), fabsf(own->score)) < BOTH_SCORE;
}

/* How clause `at` feels with those that join it: clauses *ret_first to *ret_last. */
static float neighbourhood(const struct reading *reading, const struct namings *namings,
                           uint32_t at, uint32_t *ret_first, uint32_t *ret_last)
{
    const struct linear_model *model = &reading->engine->sentiment;
    const struct clause *own = &reading->clauses[at];
    struct linear_sums sums = own->sentiment;
    uint32_t first = at, last = at;
    while (first > 0 && joins(reading, namings, own, first - 1, first))
        reading_add_sums(model, &sums, &reading->clauses[--first].sentiment);
    while (last + 1 < reading->clause_count && joins(reading, namings, own, last + 1, last + 1))
        reading_add_sums(model, &sums, &reading->clauses[++last].sentiment);
    *ret_first = first;
    *ret_last = last;
    return first == last ? own->score : insight_score(reading->engine, &sums);
}

/* Namings [first, next) share the piece of tokens [from, last). */
static void judge_piece(struct reading *reading, struct insight_result *result,
                        const struct named *first, const struct named *next, uint32_t from,
                        uint32_t last)
{
    float score = reading_piece_score(reading, from, last);
    for (; first < next; first++)
        keep_aspect(reading, result, first, reading_span(reading, from, last), score);
}

static void judge_whole(struct reading *reading, struct insight_result *result,
                        const struct namings *namings, uint32_t at)
{
    uint32_t first, last;
    float score = neighbourhood(reading, namings, at, &first, &last);
    struct insight_span span = reading_span(reading, reading->clauses[first].first,
                                            reading->clauses[last].last);
    for (uint32_t i = namings->starts[at]; i < namings->starts[at + 1]; i++)
        keep_aspect(reading, result, &namings->items[i], span, score);
}

static void judge_clause(struct reading *reading, struct insight_result *result,
                         const struct namings *namings, uint32_t at)
{
    const struct clause *clause = &reading->clauses[at];
    const struct named *first = &namings->items[namings->starts[at]],
                       *next = &namings->items[namings->starts[at + 1]];
    uint32_t from = clause->first;
    for (const struct named *named = first + 1; named < next; named++) {
        if (named->aspect == named[-1].aspect) continue;
        uint32_t cut = cut_between(reading, named[-1].last, named->at + 1);
        if (cut > named->at) continue;
        judge_piece(reading, result, first, named, from, cut);
        from = cut;
        first = named;
    }
    if (from > clause->first) judge_piece(reading, result, first, next, from, clause->last);
    else if (first < next) judge_whole(reading, result, namings, at);
}

int reading_aspects(struct reading *reading, struct insight_result *result, struct err *err)
{
    struct namings namings;
    int rc = find_namings(reading, &namings, err);
    if (rc) return rc;
    for (uint32_t i = 0; i < reading->clause_count; i++)
        if (namings.starts[i] < namings.starts[i + 1]) judge_clause(reading, result, &namings, i);
    for (uint32_t i = 0; i < result->aspect_count; i++) {
        struct insight_aspect *aspect = &result->aspects[i];
        bool both = aspect->best >= BOTH_SCORE && aspect->worst <= -BOTH_SCORE;
        if (both) aspect->score = (aspect->best + aspect->worst) / 2;
        aspect->sentiment = both ? INSIGHT_MIXED : insight_label(aspect->score);
    }
    return E_OK;
}
