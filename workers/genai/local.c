/* The local provider: our own models (common/model/insight.h), no network, answers at once. */
#include <stdlib.h>

#include "model/insight.h"
#include "runtime/words.h"
#include "workers/genai/provider.h"

enum { LANGUAGE_BYTES = 8 };

struct local {
    struct provider provider;
    struct insight_engine *engine;
};

static int local_open(struct worker_context *context, const char *folder,
                      struct provider **ret_provider, struct err *err)
{
    struct local *local = calloc(1, sizeof *local);
    (void)context;
    if (!local) return err_set(err, E_NO_MEMORY, NULL);
    local->provider.ops = &provider_local;
    int rc = insight_engine_create(folder, &local->engine, err);
    if (rc) free(local);
    else *ret_provider = &local->provider;
    return rc;
}

static void local_close(struct provider *provider)
{
    struct local *local = (struct local *)provider;
    insight_engine_destroy(local->engine);
    free(local);
}

/* Bits of struct NAME: the fields that a literal of it sets. */
#define SET(name, field) (1u << FIELD_##name##_##field)

/* A result on its way into an insight. */
struct filling {
    const struct insight_result *result;
    struct str text;
    struct arena *arena;
    struct insight *insight;
    bool holds; /* all claims so far: evidence_holds() */
};

/* Asked here, where each claim is at hand anyway: it would cost more in rounds of its own. */
static inline void check(struct filling *filling, struct insight_span span)
{
    filling->holds &= evidence_holds(filling->text, span.start, span.end);
}

static bool fill_sentiment(struct filling *filling)
{
    const struct insight_result *result = filling->result;
    struct sentiment *sentiment = &filling->insight->sentiment;
    uint32_t count = result->evidence_count;
    struct span *items = arena_alloc(filling->arena, count * sizeof *items);
    if (!items) return false;
    for (uint32_t i = 0; i < count; i++) {
        check(filling, result->evidence[i]);
        items[i] = (struct span){
            .present = SET(span, start) | SET(span, end),
            .start = result->evidence[i].start, .end = result->evidence[i].end};
    }
    shape_set(sentiment, sentiment, label, (uint32_t)result->sentiment);
    shape_set(sentiment, sentiment, score, result->score);
    shape_set(sentiment, sentiment, confidence, result->confidence);
    if (count) shape_set(sentiment, sentiment, evidence, (struct span_list){items, count});
    filling->insight->present |= SET(insight, sentiment);
    return true;
}

static bool fill_needs(struct filling *filling)
{
    uint32_t count = filling->result->need_count;
    if (!count) return true;
    struct need *items = arena_alloc(filling->arena, count * sizeof *items);
    if (!items) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct insight_need *from = &filling->result->needs[i];
        check(filling, from->span);
        items[i] = (struct need){
            .present = SET(need, kind) | SET(need, text) | SET(need, start) | SET(need, end) |
                       SET(need, confidence),
            .kind = (uint32_t)from->kind, .text = from->text, .start = from->span.start,
            .end = from->span.end, .confidence = from->confidence};
    }
    shape_set(insight, filling->insight, needs, (struct need_list){items, count});
    return true;
}

/* Each topic has one mention, so that their names are the topics. */
static bool fill_topics(struct filling *filling)
{
    uint32_t count = filling->result->topic_count;
    if (!count) return true;
    struct mention *items = arena_alloc(filling->arena, count * sizeof *items);
    struct str *names = arena_alloc(filling->arena, count * sizeof *names);
    if (!items || !names) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct insight_topic *from = &filling->result->topics[i];
        check(filling, from->span);
        items[i] = (struct mention){
            .present = SET(mention, topic) | SET(mention, start) | SET(mention, end) |
                       SET(mention, sentiment),
            .topic = from->name, .start = from->span.start, .end = from->span.end,
            .sentiment = (uint32_t)from->sentiment};
        names[i] = from->name;
    }
    shape_set(insight, filling->insight, topics, (struct str_list){names, count});
    shape_set(insight, filling->insight, mentions, (struct mention_list){items, count});
    return true;
}

static bool fill_aspects(struct filling *filling)
{
    uint32_t count = filling->result->aspect_count;
    if (!count) return true;
    struct aspect *items = arena_alloc(filling->arena, count * sizeof *items);
    if (!items) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct insight_aspect *from = &filling->result->aspects[i];
        check(filling, from->span);
        items[i] = (struct aspect){
            .present = SET(aspect, aspect) | SET(aspect, label) | SET(aspect, score) |
                       SET(aspect, start) | SET(aspect, end),
            .aspect = from->name, .label = (uint32_t)from->sentiment, .score = from->score,
            .start = from->span.start, .end = from->span.end};
    }
    shape_set(insight, filling->insight, aspects, (struct aspect_list){items, count});
    return true;
}

static bool fill_recommendations(struct filling *filling)
{
    uint32_t count = filling->result->recommendation_count;
    if (!count) return true;
    struct recommendation *items = arena_alloc(filling->arena, count * sizeof *items);
    if (!items) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct insight_recommendation *from = &filling->result->recommendations[i];
        check(filling, from->span);
        items[i] = (struct recommendation){
            .present = SET(recommendation, text) | SET(recommendation, team) |
                       SET(recommendation, priority) | SET(recommendation, start) |
                       SET(recommendation, end),
            .text = from->text, .team = (uint32_t)from->team, .priority = from->priority,
            .start = from->span.start, .end = from->span.end};
    }
    shape_set(insight, filling->insight, recommendations,
              (struct recommendation_list){items, count});
    return true;
}

static int local_ask(struct provider *provider, struct job *job,
                     const struct provider_question *question, struct insight *insight,
                     bool *ret_holds, provider_on_answer *on_answer, struct err *err)
{
    struct local *local = (struct local *)provider;
    const struct tokens *words;
    (void)on_answer; /* answers at once */
    struct insight_result *result = arena_alloc(job->arena, sizeof *result);
    struct str language = arena_copy(job->arena, question->language);
    if (!result || !language.data) return err_set(err, E_NO_MEMORY, NULL);
    int rc = job_words(job, question->text, &words, err);
    if (rc == E_OK) rc = job_features(job, question->text, err);
    if (rc == E_OK)
        rc = insight_analyze(local->engine, question->text, words, language.data,
                             question->has_rating, question->rating,
                             &question->harm, job->arena, result, err);
    if (rc) return rc;
    shape_set(insight, insight, model, str_of(insight_engine_models(local->engine)));
    struct filling filling = {
        .result = result, .text = question->text, .arena = job->arena, .insight = insight,
        .holds = true};
    if (!fill_sentiment(&filling) || !fill_needs(&filling) || !fill_topics(&filling) ||
        !fill_aspects(&filling) || !fill_recommendations(&filling))
        return err_set(err, E_NO_MEMORY, NULL);
    *ret_holds = filling.holds;
    return E_OK;
}

static bool local_alert(struct provider *provider, struct str language,
                        struct recommendation *ret_advice)
{
    const struct local *local = (const struct local *)provider;
    struct insight_recommendation from;
    char code[LANGUAGE_BYTES] = {0}; /* all that matters of it */
    if (language.size)
        memcpy(code, language.data, language.size < sizeof code ? language.size : sizeof code - 1);
    if (!insight_alert_advice(local->engine, code, &from)) return false;
    shape_set(recommendation, ret_advice, text, from.text);
    shape_set(recommendation, ret_advice, team, (uint32_t)from.team);
    shape_set(recommendation, ret_advice, priority, from.priority);
    return true;
}

const struct provider_ops provider_local = {
    .name = "local",
    .open = local_open, .ask = local_ask, .alert = local_alert, .close = local_close,
};
