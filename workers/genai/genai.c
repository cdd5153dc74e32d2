/* Says what each record means: asks a provider, checks every claim against the text, emits the insight.
 *
 * Happy path: decode → ask → answer → check evidence → emit. The provider may answer later; the job is
 * deferred meanwhile. Safety was decided before and is passed on untouched: nothing here can lower it. */
#include "workers/genai/genai.h"

#include <stdlib.h>

#include "config/shipped.h"
#include "workers/genai/evidence.h"
#include "workers/genai/provider.h"

#define GENAI_OPTIONS(O)                                                                                  \
    O(CHOICE, provider, "local", "local", "Who answers.")                                                 \
    O(STR,    folder,   "",      "Folder with models/, topics/ and recommendations.txt; empty: the shipped one.")
OPTIONS_STRUCT(genai, GENAI_OPTIONS);
#define OPTIONS_OWNER struct genai_options
OPTIONS_TABLE(genai, GENAI_OPTIONS, "Sentiment, needs, topics and recommendations.");
#undef OPTIONS_OWNER

struct genai_state {
    struct provider *provider;
    uint64_t dropped_claims, sentiments[ENUM_sentiment_label_count];
};

static int genai_open(struct worker_context *context, struct err *err)
{
    static const struct provider_ops *const providers[] = {&provider_local};
    const struct genai_options *options = context->options;
    char folder[SHIPPED_PATH_BYTES];
    struct genai_state *state = calloc(1, sizeof *state);
    if (!state) return err_set(err, E_NO_MEMORY, NULL);
    int rc = shipped_path(options->folder, ".", folder, err);
    if (rc == E_OK) rc = providers[options->provider]->open(context, folder, &state->provider, err);
    if (rc) free(state);
    else context->state = state;
    return rc;
}

static void genai_close(struct worker_context *context)
{
    struct genai_state *state = context->state;
    state->provider->ops->close(state->provider);
    free(state);
}

/* New models and rules are complete before the old ones go. */
static int genai_reload(struct worker_context *context, struct err *err)
{
    const struct genai_options *options = context->options;
    struct genai_state *state = context->state;
    struct provider *fresh;
    char folder[SHIPPED_PATH_BYTES];
    int rc = shipped_path(options->folder, ".", folder, err);
    if (rc == E_OK) rc = state->provider->ops->open(context, folder, &fresh, err);
    if (rc) return rc;
    state->provider->ops->close(state->provider);
    state->provider = fresh;
    return E_OK;
}

static int finish(struct job *job, struct str text, struct insight *insight, struct err *err)
{
    struct genai_state *state = job->context->state;
    uint32_t dropped = evidence_check(insight, text);
    if (dropped) shape_set(insight, insight, dropped_claims, dropped);
    shape_set(insight, insight, provider, str_of(state->provider->ops->name));
    shape_set(insight, insight, finished_at, clock_wall_ms(job->context->clock));
    if (insight->sentiment.label >= ENUM_sentiment_label_count)
        return err_set(err, E_BAD_MESSAGE, "the provider gave a feeling that there isn't");
    int rc = record_put(&job->record, SECTION_INSIGHT, insight, job->arena, err);
    if (rc == E_OK) rc = job_emit_record(job, TOPIC_INSIGHTS, job->message->key, err);
    if (rc) return rc;
    state->dropped_claims += dropped;
    state->sentiments[insight->sentiment.label]++;
    return E_OK;
}

/* The end of a deferred job: a remote provider's reply has come. */
static void on_answer(struct job *job, enum err_code code, struct insight *answer, const struct err *err)
{
    struct err failure = err ? *err : (struct err){0};
    struct document document;
    if (code == E_OK) code = (enum err_code)record_decode(&job->record, SECTION_DOCUMENT, &document, job->arena, &failure);
    if (code == E_OK) code = (enum err_code)finish(job, document.text, answer, &failure);
    job_finish(job, code, &failure);
}

static int genai_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct genai_state *state = context->state;
    struct document document;
    struct feedback feedback = {0};
    struct safety safety = {0};
    struct insight insight = {0};
    int rc = record_decode(&job->record, SECTION_DOCUMENT, &document, job->arena, err);
    if (rc == E_OK && record_has(&job->record, SECTION_FEEDBACK)) rc = record_decode(&job->record, SECTION_FEEDBACK, &feedback, job->arena, err);
    if (rc == E_OK && record_has(&job->record, SECTION_SAFETY)) rc = record_decode(&job->record, SECTION_SAFETY, &safety, job->arena, err);
    if (rc) return rc;
    struct provider_question question = {
        .text = document.text,
        .language = document.language,
        .has_rating = shape_has(feedback, &feedback, rating),
        .rating = feedback.rating,
        .safety_positive = record_has(&job->record, SECTION_SAFETY) && safety.state == ENUM_safety_state_positive,
    };
    rc = state->provider->ops->ask(state->provider, job, &question, &insight, on_answer, err);
    return rc || job->deferred ? rc : finish(job, document.text, &insight, err);
}

static void genai_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    const struct genai_state *state = context->state;
    metrics_sample(writer, METRIC_CLAIMS_DROPPED, NULL, NULL, (double)state->dropped_claims);
    for (uint32_t i = 0; i < ENUM_sentiment_label_count; i++)
        metrics_sample(writer, METRIC_SENTIMENTS, "sentiment", sentiment_label_enumeration.values[i], (double)state->sentiments[i]);
}

const struct worker genai_worker = {
    .name = "genai",
    .summary = "Finds sentiment, unmet needs, topics and recommendations, each with evidence in the text.",
    .consumes = TOPICS(SEGMENTS),
    .produces = TOPICS(INSIGHTS),
    .options = &genai_option_table,
    .open = genai_open, .process = genai_process, .reload = genai_reload, .close = genai_close,
    .metrics = genai_metrics,
};
