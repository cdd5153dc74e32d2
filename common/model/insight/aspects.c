/* Aspects: how each side of a product that a clause names is felt about.
 *
 * A clause that names one aspect speaks for it, with those around it in its sentence that name
 * none and don't contradict it: "it came a day early, very pleased". One that names several is cut
 * between them, at a comma or a word of joining, and each piece is scored by itself: "great price
 * and awful delivery" is two. Only such pieces are summed again. Questions don't judge. */
#include <math.h>

#include "model/insight/internal.h"

/* Praised and blamed: two clauses of this score, of either sign. */
#define BOTH_SCORE 0.4f

struct named {
    uint32_t at, last; /* tokens of the keyword */
    uint32_t aspect, clause;
    bool wished; /* named behind a word of wishing: nothing is judged that isn't there yet */
};

/* What all clauses name, in their order. */
struct namings {
    struct named *items;
    uint32_t count;
};

/* Appends what is named at token `at`, behind the keyword before; words of the longest keyword
 * there: it owns them, in "noise cancelling" is no noise, and "customer service agent" is one
 * naming. Those under [-] name no aspect. */
static uint32_t add_named(const struct reading *reading, uint32_t at, uint32_t by, uint32_t clause,
                          struct named **next)
{
    const struct topics *aspects = &reading->engine->aspects;
    struct topic_match matches[TOPIC_MATCHES_MAX];
    uint32_t found = topics_match(aspects, reading->tokens, at, reading->languages, by,
                                  NULL, matches);
    uint32_t words = topics_longest(matches, found);
    for (uint32_t i = 0; i < found; i++) {
        if (matches[i].words != words || matches[i].topic == TOPIC_UNNAMED) continue;
        *(*next)++ = (struct named){at, at + words, topics_parent(aspects, matches[i].topic),
                                    clause, false};
    }
    return words;
}

/* "I love the screen but wish for a longer battery": of a clause's namings, those behind. */
static void note_wishes(const struct reading *reading, struct named *first,
                        const struct named *next)
{
    if (first == next) return;
    struct clause *clause = &reading->clauses[first->clause];
    uint32_t at = clause->first;
    clause->names = true;
    if (!reading->sentences[clause->sentence].wished) return;
    while (at < clause->last &&
           (reading->features.sets[at] & (WORD_WISH | WORD_TURN | WORD_LACK)) != WORD_WISH)
        at++;
    for (; first < next; first++) first->wished = first->at > at;
}

static int find_namings(const struct reading *reading, struct namings *namings, struct err *err)
{
    uint32_t blocks = (reading->tokens->count + TOPIC_PLACES - 1) / TOPIC_PLACES;
    uint32_t clause = 0, behind = 0; /* the keyword before */
    size_t most = 0;
    for (uint32_t block = 0; block < blocks; block++)
        most += bits_of(topics_places_of(&reading->places[block], TOPIC_OTHER));
    struct named *next = arena_alloc(reading->arena, most * TOPIC_MATCHES_MAX * sizeof *next),
                 *first = next;
    if (!next) return err_set(err, E_NO_MEMORY, NULL);
    namings->items = next;
    for (uint32_t block = 0; block < blocks; block++) {
        const struct topic_places *here = &reading->places[block];
        uint64_t places = topics_places_of(here, TOPIC_OTHER);
        for (; places; places &= places - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(places), at = block * TOPIC_PLACES + bit;
            const struct clause *named = reading_clause_at(reading, at);
            if (reading->sentences[named->sentence].asked) continue;
            if (named != &reading->clauses[clause]) {
                note_wishes(reading, first, next);
                clause = (uint32_t)(named - reading->clauses);
                first = next;
                behind = named->first;
            }
            if (at < behind) continue;
            uint32_t by = topics_found_by(here, TOPIC_OTHER, bit);
            uint32_t words = add_named(reading, at, by, clause, &next);
            if (words) behind = at + words;
        }
    }
    note_wishes(reading, first, next);
    namings->count = (uint32_t)(next - namings->items);
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
    uint8_t *number = &reading->aspect_numbers[named->aspect];
    if (named->wished) score = 0;
    if (!*number) {
        if (result->aspect_count == INSIGHT_ASPECTS_MAX) return;
        result->aspects[result->aspect_count++] = (struct insight_aspect){
            .name = reading->engine->aspects.names[named->aspect], .span = span, .score = score};
        *number = (uint8_t)result->aspect_count;
    }
    struct insight_aspect *kept = &result->aspects[*number - 1];
    if (fabsf(score) > fabsf(kept->score)) {
        kept->span = span;
        kept->score = score;
    }
    kept->best = larger(kept->best, score);
    kept->worst = smaller(kept->worst, score);
}

/* Clause `at`, beside `own`, says more of the same: it is of its sentence, names nothing,
 * is parted from it by no turn ("but"; `seam` is the later of the two clauses), and doesn't
 * clearly feel the opposite. */
static bool joins(const struct reading *reading, const struct clause *own, uint32_t at,
                  uint32_t seam)
{
    const struct clause *other = &reading->clauses[at];
    if (other->sentence != own->sentence || other->names) return false;
    if (reading->features.sets[reading->clauses[seam].first] & WORD_TURN) return false;
    return other->score * own->score >= 0 ||
           smaller(fabsf(other->score), fabsf(own->score)) < BOTH_SCORE;
}

/* How clause `at` feels with those that join it: clauses *ret_first to *ret_last. */
static float neighbourhood(const struct reading *reading, uint32_t at, uint32_t *ret_first,
                           uint32_t *ret_last)
{
    const struct linear_model *model = &reading->engine->sentiment;
    const struct clause *own = &reading->clauses[at];
    struct linear_sums sums = own->sentiment;
    uint32_t first = at, last = at;
    while (first > 0 && joins(reading, own, first - 1, first))
        reading_add_sums(model, &sums, &reading->clauses[--first].sentiment);
    while (last + 1 < reading->clause_count && joins(reading, own, last + 1, last + 1))
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

/* Namings [first, next) are all of their clause. */
static void judge_whole(struct reading *reading, struct insight_result *result,
                        const struct named *first, const struct named *next)
{
    uint32_t from, last;
    float score = neighbourhood(reading, first->clause, &from, &last);
    const struct clause *clause = &reading->clauses[first->clause];
    if (from == last && reading_tells_facts(reading, clause->first, clause->last)) score = 0;
    struct insight_span span = reading_span(reading, reading->clauses[from].first,
                                            reading->clauses[last].last);
    for (; first < next; first++) keep_aspect(reading, result, first, span, score);
}

static void judge_clause(struct reading *reading, struct insight_result *result,
                         const struct named *first, const struct named *next)
{
    const struct clause *clause = &reading->clauses[first->clause];
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
    else judge_whole(reading, result, first, next);
}

int reading_aspects(struct reading *reading, struct insight_result *result, struct err *err)
{
    struct namings namings = {0};
    int rc = find_namings(reading, &namings, err);
    if (rc) return rc;
    for (uint32_t first = 0, next; first < namings.count; first = next) {
        uint32_t clause = namings.items[first].clause;
        next = first + 1;
        while (next < namings.count && namings.items[next].clause == clause) next++;
        judge_clause(reading, result, &namings.items[first], &namings.items[next]);
    }
    for (uint32_t i = 0; i < result->aspect_count; i++) {
        struct insight_aspect *aspect = &result->aspects[i];
        bool both = aspect->best >= BOTH_SCORE && aspect->worst <= -BOTH_SCORE;
        if (both) aspect->score = (aspect->best + aspect->worst) / 2;
        aspect->sentiment = both ? INSIGHT_MIXED : insight_label(aspect->score);
    }
    return E_OK;
}
