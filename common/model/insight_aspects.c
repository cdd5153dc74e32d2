/* Aspects: how each side of a product that a clause names is felt about.
 *
 * A clause that names one aspect speaks for it. One that names several is cut between them, at a comma or
 * a word of joining, and each piece is scored by itself: "great price and awful delivery" is two. Only such
 * pieces are summed again. Questions don't judge. */
#include <math.h>

#include "model/insight_internal.h"

/* Praised and blamed: two clauses of this score, of either sign. */
#define BOTH_SCORE 0.4f

enum { NAMED_MAX = 16 /* in one clause; what comes behind them is theirs */ };

struct named {
    uint32_t at, last; /* tokens of the keyword */
    uint32_t aspect;
};

static void add_named(struct named named[NAMED_MAX], uint32_t *count, const struct named *more)
{
    for (uint32_t i = 0; i < *count; i++) /* "customer service agent" is one naming of one aspect */
        if (named[i].aspect == more->aspect && more->at < named[i].last) return;
    if (*count < NAMED_MAX) named[(*count)++] = *more;
}

static uint32_t find_named(const struct reading *reading, const struct clause *clause,
                           struct named named[NAMED_MAX])
{
    uint32_t count = 0;
    for (uint32_t at = clause->first; at < clause->last; at++) {
        struct topic_match matches[TOPIC_MATCHES_MAX];
        uint32_t found = topics_match(&reading->engine->aspects, reading->tokens, at, reading->languages, matches);
        for (uint32_t i = 0; i < found; i++)
            add_named(named, &count, &(struct named){at, at + matches[i].words, matches[i].topic});
    }
    return count;
}

/* Where a piece may begin between two namings: at a comma or a joining word, or `last`. */
static uint32_t cut_between(const struct reading *reading, uint32_t from, uint32_t last)
{
    for (uint32_t at = from; at < last; at++) {
        const struct token *token = &reading->tokens->items[at];
        if (token->clause_before || words_sets(reading->words, token->hash) & (WORD_JOIN | WORD_TURN)) return at;
    }
    return last;
}

static void keep_aspect(struct reading *reading, struct insight_result *result, uint32_t aspect,
                        struct insight_span span, float score)
{
    struct insight_aspect *kept = result->aspects;
    for (; kept < result->aspects + result->aspect_count && kept->name.data != reading->engine->aspects.names[aspect].data; kept++)
        continue;
    if (kept == result->aspects + INSIGHT_ASPECTS_MAX) return;
    if (kept == result->aspects + result->aspect_count) {
        *kept = (struct insight_aspect){.name = reading->engine->aspects.names[aspect], .span = span, .score = score};
        result->aspect_count++;
    } else if (fabsf(score) > fabsf(kept->score)) {
        kept->span = span;
        kept->score = score;
    }
    kept->best = fmaxf(kept->best, score);
    kept->worst = fminf(kept->worst, score);
}

/* The namings [first, next) share the piece of tokens [from, last). */
static void judge_piece(struct reading *reading, struct insight_result *result, const struct clause *clause,
                        const struct named *first, const struct named *next, uint32_t from, uint32_t last)
{
    float score = clause->score;
    if (from > clause->first || last < clause->last) {
        struct linear_sums sums = {0};
        linear_sum(&reading->engine->sentiment, &reading->features, from, last, &sums);
        score = insight_score(reading->engine, &sums);
    }
    for (; first < next; first++)
        keep_aspect(reading, result, first->aspect, reading_span(reading, from, last), score);
}

static void judge_clause(struct reading *reading, struct insight_result *result, const struct clause *clause)
{
    struct named named[NAMED_MAX];
    uint32_t count = find_named(reading, clause, named), from = clause->first, first = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (named[i].aspect == named[i - 1].aspect) continue;
        uint32_t cut = cut_between(reading, named[i - 1].last, named[i].at + 1);
        if (cut > named[i].at) continue;
        judge_piece(reading, result, clause, &named[first], &named[i], from, cut);
        from = cut;
        first = i;
    }
    judge_piece(reading, result, clause, &named[first], &named[count], from, clause->last);
}

void reading_aspects(struct reading *reading, struct insight_result *result)
{
    for (uint32_t i = 0; i < reading->clause_count; i++)
        if (!reading->sentences[reading->clauses[i].sentence].asked) judge_clause(reading, result, &reading->clauses[i]);
    for (uint32_t i = 0; i < result->aspect_count; i++) {
        struct insight_aspect *aspect = &result->aspects[i];
        bool both = aspect->best >= BOTH_SCORE && aspect->worst <= -BOTH_SCORE;
        if (both) aspect->score = (aspect->best + aspect->worst) / 2;
        aspect->sentiment = both ? INSIGHT_MIXED : insight_label(aspect->score);
    }
}
