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

static bool fill_sentiment(const struct insight_result *result, struct arena *arena,
                           struct sentiment *sentiment)
{
    struct span_list list = {
        .items = ARENA_ARRAY(arena, struct span, result->evidence_count),
        .count = result->evidence_count};
    if (!list.items) return false;
    for (uint32_t i = 0; i < list.count; i++) {
        shape_set(span, &list.items[i], start, result->evidence[i].start);
        shape_set(span, &list.items[i], end, result->evidence[i].end);
    }
    shape_set(sentiment, sentiment, label, (uint32_t)result->sentiment);
    shape_set(sentiment, sentiment, score, result->score);
    shape_set(sentiment, sentiment, confidence, result->confidence);
    if (list.count) shape_set(sentiment, sentiment, evidence, list);
    return true;
}

static bool fill_needs(const struct insight_result *result, struct arena *arena,
                       struct insight *insight)
{
    struct need_list list = {
        .items = ARENA_ARRAY(arena, struct need, result->need_count), .count = result->need_count};
    if (!list.items) return false;
    for (uint32_t i = 0; i < list.count; i++) {
        const struct insight_need *need = &result->needs[i];
        shape_set(need, &list.items[i], kind, (uint32_t)need->kind);
        shape_set(need, &list.items[i], text, need->text);
        shape_set(need, &list.items[i], start, need->span.start);
        shape_set(need, &list.items[i], end, need->span.end);
        shape_set(need, &list.items[i], confidence, need->confidence);
    }
    if (list.count) shape_set(insight, insight, needs, list);
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
    struct mention_list mentions = {
        .items = ARENA_ARRAY(arena, struct mention, result->topic_count),
        .count = result->topic_count};
    struct str_list topics = {.items = ARENA_ARRAY(arena, struct str, result->topic_count)};
    if (!mentions.items || !topics.items) return false;
    for (uint32_t i = 0; i < mentions.count; i++) {
        const struct insight_topic *topic = &result->topics[i];
        shape_set(mention, &mentions.items[i], topic, topic->name);
        shape_set(mention, &mentions.items[i], start, topic->span.start);
        shape_set(mention, &mentions.items[i], end, topic->span.end);
        shape_set(mention, &mentions.items[i], sentiment, (uint32_t)topic->sentiment);
        if (!has_topic(&topics, topic->name)) topics.items[topics.count++] = topic->name;
    }
    if (topics.count)
        shape_set(insight, insight, topics, topics),
            shape_set(insight, insight, mentions, mentions);
    return true;
}

static bool fill_aspects(const struct insight_result *result, struct arena *arena,
                         struct insight *insight)
{
    struct aspect_list list = {
        .items = ARENA_ARRAY(arena, struct aspect, result->aspect_count),
        .count = result->aspect_count};
    if (!list.items) return false;
    for (uint32_t i = 0; i < list.count; i++) {
        const struct insight_aspect *from = &result->aspects[i];
        shape_set(aspect, &list.items[i], aspect, from->name);
        shape_set(aspect, &list.items[i], label, (uint32_t)from->sentiment);
        shape_set(aspect, &list.items[i], score, from->score);
        shape_set(aspect, &list.items[i], start, from->span.start);
        shape_set(aspect, &list.items[i], end, from->span.end);
    }
    if (list.count) shape_set(insight, insight, aspects, list);
    return true;
}

static bool fill_recommendations(const struct insight_result *result, struct arena *arena,
                                 struct insight *insight)
{
    struct recommendation_list list = {
        .items = ARENA_ARRAY(arena, struct recommendation, result->recommendation_count),
        .count = result->recommendation_count};
    if (!list.items) return false;
    for (uint32_t i = 0; i < list.count; i++) {
        const struct insight_recommendation *from = &result->recommendations[i];
        shape_set(recommendation, &list.items[i], text, from->text);
        shape_set(recommendation, &list.items[i], team, (uint32_t)from->team);
        shape_set(recommendation, &list.items[i], priority, from->priority);
        shape_set(recommendation, &list.items[i], start, from->span.start);
        shape_set(recommendation, &list.items[i], end, from->span.end);
    }
    if (list.count) shape_set(insight, insight, recommendations, list);
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
                             question->safety_positive ? &question->harm : NULL, job->arena, result, err);
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
