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

static bool fill_sentiment(const struct insight_result *result, struct arena *arena,
                           struct sentiment *sentiment)
{
    uint32_t count = result->evidence_count;
    struct span *items = arena_alloc(arena, count * sizeof *items);
    if (!items) return false;
    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct span){
            .present = SET(span, start) | SET(span, end),
            .start = result->evidence[i].start, .end = result->evidence[i].end};
    shape_set(sentiment, sentiment, label, (uint32_t)result->sentiment);
    shape_set(sentiment, sentiment, score, result->score);
    shape_set(sentiment, sentiment, confidence, result->confidence);
    if (count) shape_set(sentiment, sentiment, evidence, (struct span_list){items, count});
    return true;
}

static bool fill_needs(const struct insight_result *result, struct arena *arena,
                       struct insight *insight)
{
    uint32_t count = result->need_count;
    if (!count) return true;
    struct need *items = arena_alloc(arena, count * sizeof *items);
    if (!items) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct insight_need *from = &result->needs[i];
        items[i] = (struct need){
            .present = SET(need, kind) | SET(need, text) | SET(need, start) | SET(need, end) |
                       SET(need, confidence),
            .kind = (uint32_t)from->kind, .text = from->text, .start = from->span.start,
            .end = from->span.end, .confidence = from->confidence};
    }
    shape_set(insight, insight, needs, (struct need_list){items, count});
    return true;
}

static bool has_topic(const struct str_list *topics, struct str name)
{
    for (uint32_t i = 0; i < topics->count; i++)
        if (str_equal(topics->items[i], name)) return true;
    return false;
}

static bool fill_topics(const struct insight_result *result, struct arena *arena,
                        struct insight *insight)
{
    uint32_t count = result->topic_count;
    if (!count) return true;
    struct mention *items = arena_alloc(arena, count * sizeof *items);
    struct str_list topics = {.items = arena_alloc(arena, count * sizeof *topics.items)};
    if (!items || !topics.items) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct insight_topic *from = &result->topics[i];
        items[i] = (struct mention){
            .present = SET(mention, topic) | SET(mention, start) | SET(mention, end) |
                       SET(mention, sentiment),
            .topic = from->name, .start = from->span.start, .end = from->span.end,
            .sentiment = (uint32_t)from->sentiment};
        if (!has_topic(&topics, from->name)) topics.items[topics.count++] = from->name;
    }
    shape_set(insight, insight, topics, topics);
    shape_set(insight, insight, mentions, (struct mention_list){items, count});
    return true;
}

static bool fill_aspects(const struct insight_result *result, struct arena *arena,
                         struct insight *insight)
{
    uint32_t count = result->aspect_count;
    if (!count) return true;
    struct aspect *items = arena_alloc(arena, count * sizeof *items);
    if (!items) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct insight_aspect *from = &result->aspects[i];
        items[i] = (struct aspect){
            .present = SET(aspect, aspect) | SET(aspect, label) | SET(aspect, score) |
                       SET(aspect, start) | SET(aspect, end),
            .aspect = from->name, .label = (uint32_t)from->sentiment, .score = from->score,
            .start = from->span.start, .end = from->span.end};
    }
    shape_set(insight, insight, aspects, (struct aspect_list){items, count});
    return true;
}

static bool fill_recommendations(const struct insight_result *result, struct arena *arena,
                                 struct insight *insight)
{
    uint32_t count = result->recommendation_count;
    if (!count) return true;
    struct recommendation *items = arena_alloc(arena, count * sizeof *items);
    if (!items) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct insight_recommendation *from = &result->recommendations[i];
        items[i] = (struct recommendation){
            .present = SET(recommendation, text) | SET(recommendation, team) |
                       SET(recommendation, priority) | SET(recommendation, start) |
                       SET(recommendation, end),
            .text = from->text, .team = (uint32_t)from->team, .priority = from->priority,
            .start = from->span.start, .end = from->span.end};
    }
    shape_set(insight, insight, recommendations, (struct recommendation_list){items, count});
    return true;
}

static int local_ask(struct provider *provider, struct job *job,
                     const struct provider_question *question, struct insight *insight,
                     provider_on_answer *on_answer, struct err *err)
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
                             question->safety_positive ? &question->harm : NULL, job->arena,
                             result, err);
    if (rc) return rc;
    shape_set(insight, insight, model, str_of(insight_engine_models(local->engine)));
    bool ok = fill_sentiment(result, job->arena, &insight->sentiment) &&
              fill_needs(result, job->arena, insight) && fill_topics(result, job->arena, insight) &&
              fill_aspects(result, job->arena, insight) &&
              fill_recommendations(result, job->arena, insight);
    insight->present |= 1u << FIELD_insight_sentiment;
    return ok ? E_OK : err_set(err, E_NO_MEMORY, NULL);
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
