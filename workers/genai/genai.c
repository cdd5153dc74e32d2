/* Says what each record means: asks a provider, checks every claim against the text,
 * emits the insight.
 *
 * Happy path: decode → ask → answer → check evidence → emit. Local models answer at once; where
 * the chain names others, the job is deferred, the asker asks them (asker.h), and local answers
 * only what they can't, marked degraded. Safety was decided before: a model's answer can raise it
 * (raise.h), nothing here can lower it, and what is to be done about it comes first (advise.h). */
#include "workers/genai/genai.h"

#include <stdlib.h>

#include "config/shipped.h"
#include "workers/genai/account.h"
#include "workers/genai/advise.h"
#include "workers/genai/digest.h"
#include "workers/genai/evidence.h"
#include "workers/genai/harm.h"
#include "workers/genai/provider.h"
#include "workers/genai/raise.h"
#include "workers/genai/remote.h"

#define OPTIONS_OWNER struct genai_options
OPTIONS_TABLE(genai, GENAI_OPTIONS, "Sentiment, needs, topics and recommendations.");
#undef OPTIONS_OWNER

enum { INSIGHT_MODEL_BYTES = 128 }; /* schemas/insight.def */

struct genai_state {
    struct provider *local;
    struct remote *remote; /* NULL: local alone */
    struct digest_maker *digests; /* NULL: none are made */
    struct digest_teller *teller; /* of the digests */
    struct clocks *clocks; /* of reports, for records that a model raises */
    uint64_t dropped_claims, raised, sentiments[ENUM_sentiment_label_count];
};

/* A record that remote providers are asked about. */
struct errand {
    struct task task;
    struct job *job;
    bool waits, ended; /* waits: nobody else turns the loop */
    int rc;
    struct err err;
};

static void on_end(void *user, struct task *task, struct insight *insight,
                   const struct asker_source *source);

/* --- opening, closing ------------------------------------------------------------------------- */

static int open_digests(struct worker_context *context, struct genai_state *state,
                        const char *folder, struct err *err)
{
    const struct genai_options *options = context->options;
    struct asker *asker = state->remote ? remote_asker(state->remote) : NULL;
    if (options->digest_every < DIGEST_LEAST_MS)
        return err_set(err, E_BAD_CONFIG, "genai.digest_every: at least 1s, or 0");
    int rc = digest_teller_open(context, asker, folder, &state->teller, err);
    return rc ? rc
              : digest_open(context, options->digest_every, state->teller, &state->digests, err);
}

static int open_clocks(const struct genai_options *options, struct clocks **ret_clocks,
                       struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    struct clocks *clocks = calloc(1, sizeof *clocks);
    if (!clocks) return err_set(err, E_NO_MEMORY, NULL);
    int rc = shipped_path(options->due_clocks, "clocks.txt", path, err);
    if (rc == E_OK) rc = clocks_open(path, clocks, err);
    rc = shipped_named("genai.due_clocks", rc, err);
    if (rc == E_OK) rc = clocks_check_regions(clocks, str_of(options->regions), err);
    if (rc) free(clocks);
    else *ret_clocks = clocks;
    return rc;
}

static int open_state(struct worker_context *context, struct genai_state *state, struct err *err)
{
    const struct genai_options *options = context->options;
    struct remote_chain chain = {0};
    struct budget_limits limits;
    char folder[SHIPPED_PATH_BYTES];
    int rc = remote_parse(options->providers, &chain, err);
    if (rc == E_OK) rc = account_read_limits(options, &limits, err);
    if (rc) return rc;
    rc = shipped_path(options->folder, "", folder, err);
    if (rc == E_OK) rc = provider_local.open(context, folder, &state->local, err);
    rc = shipped_named("genai.folder", rc, err);
    if (rc == E_OK) rc = open_clocks(options, &state->clocks, err);
    if (rc == E_OK && chain.count)
        rc = remote_open(context, &chain, folder, on_end, state, &state->remote, err);
    if (rc == E_OK && context->bus && options->digest_every)
        rc = open_digests(context, state, folder, err);
    if (rc) remote_close(state->remote);
    if (rc) digest_teller_close(state->teller);
    if (rc && state->local) state->local->ops->close(state->local);
    if (rc) free(state->clocks);
    return rc;
}

static int genai_open(struct worker_context *context, struct err *err)
{
    struct genai_state *state = calloc(1, sizeof *state);
    if (!state) return err_set(err, E_NO_MEMORY, NULL);
    int rc = open_state(context, state, err);
    if (rc) free(state);
    else context->state = state;
    return rc;
}

static void genai_close(struct worker_context *context)
{
    struct genai_state *state = context->state;
    remote_close(state->remote); /* first: it may be asked about what digests hold */
    digest_close(state->digests);
    digest_teller_close(state->teller);
    state->local->ops->close(state->local);
    free(state->clocks);
    free(state);
}

/* What files say: models and rules, clocks, prompts, prices, keys. */
struct files {
    struct provider *local;
    struct clocks *clocks;
    struct remote_files remote;
    struct prompt *digest_prompt;
};

static int read_files(struct worker_context *context, struct files *files, struct err *err)
{
    const struct genai_options *options = context->options;
    const struct genai_state *state = context->state;
    char folder[SHIPPED_PATH_BYTES];
    int rc = shipped_path(options->folder, "", folder, err);
    if (rc == E_OK) rc = open_clocks(options, &files->clocks, err);
    if (rc == E_OK) rc = state->local->ops->open(context, folder, &files->local, err);
    if (rc == E_OK && state->remote)
        rc = remote_read(state->remote, context, folder, &files->remote, err);
    if (rc == E_OK && state->teller)
        rc = digest_teller_read(state->teller, folder, &files->digest_prompt, err);
    return rc;
}

static void swap_files(struct genai_state *state, struct files *files)
{
    struct provider *local = state->local;
    struct clocks *clocks = state->clocks;
    state->local = files->local, files->local = local;
    state->clocks = files->clocks, files->clocks = clocks;
    if (state->remote) remote_swap(state->remote, &files->remote);
    if (state->teller) digest_teller_swap(state->teller, &files->digest_prompt);
}

static void free_files(struct files *files)
{
    if (files->local) files->local->ops->close(files->local);
    free(files->clocks);
    remote_files_free(&files->remote);
    prompt_close(files->digest_prompt);
}

/* All or nothing: what is left over, the new files or those before, goes. */
static int genai_reload(struct worker_context *context, struct err *err)
{
    struct files files = {0};
    int rc = read_files(context, &files, err);
    if (rc == E_OK) swap_files(context->state, &files);
    free_files(&files);
    return rc;
}

/* Everything not committed will be read again: what isn't in a call yet need not be asked now. */
static void genai_rewound(struct worker_context *context)
{
    struct genai_state *state = context->state;
    if (state->remote) remote_rewound(state->remote);
}

/* --- the insight ------------------------------------------------------------------------------ */

/* holds: the claims were checked already, and there is nothing to drop. */
static int finish(struct job *job, const struct provider_question *asked, struct insight *insight,
                  bool holds, struct err *err)
{
    struct genai_state *state = job->context->state;
    const struct genai_options *options = job->context->options;
    const struct raise_clocks clocks = {state->clocks, str_of(options->regions)};
    uint32_t dropped = holds ? 0 : evidence_check(insight, asked->text);
    bool raised = false, by_model = shape_has(insight, insight, provider);
    state->dropped_claims += dropped;
    dropped += shape_has(insight, insight, dropped_claims) ? insight->dropped_claims : 0;
    if (dropped) shape_set(insight, insight, dropped_claims, dropped);
    if (!by_model) shape_set(insight, insight, provider, str_of(state->local->ops->name));
    shape_set(insight, insight, finished_at, clock_wall_ms(job->context->clock));
    if (insight->sentiment.label >= ENUM_sentiment_label_count)
        return err_set(err, E_BAD_MESSAGE, "the provider gave a feeling that there isn't");
    int rc = raise_safety(job, &clocks, insight, &raised, err);
    if (rc == E_OK && by_model && (asked->harm.alarm == INSIGHT_ALERT || raised))
        rc = advise_safety_first(job, state->local, asked, insight, err);
    if (rc == E_OK) rc = record_put(&job->record, SECTION_INSIGHT, insight, job->arena, err);
    if (rc == E_OK) rc = job_emit_record(job, TOPIC_INSIGHTS, job->message->key, err);
    if (rc == E_OK && raised) rc = job_emit_record(job, TOPIC_SAFETY, job->message->key, err);
    if (rc) return rc;
    state->raised += raised;
    state->sentiments[insight->sentiment.label]++;
    return E_OK;
}

/* The end of a local provider's deferred job. */
static void on_answer(struct job *job, enum err_code code, struct insight *answer,
                      const struct err *err)
{
    struct err failure = err ? *err : (struct err){0};
    struct document document = {0};
    if (code == E_OK)
        code = (enum err_code)record_decode(&job->record, SECTION_DOCUMENT, &document, job->arena,
                                            &failure);
    const struct provider_question asked = {.text = document.text};
    if (code == E_OK) code = (enum err_code)finish(job, &asked, answer, false, &failure);
    job_finish(job, code, &failure);
}

/* --- remote ----------------------------------------------------------------------------------- */

static void tell_source(struct insight *insight, const struct asker_source *source,
                        const struct task *task, struct arena *arena)
{
    shape_set(insight, insight, provider, str_of(source->provider));
    if (source->model.size)
        shape_set(insight, insight, model,
                  arena_copy(arena, str_slice(source->model, 0, INSIGHT_MODEL_BYTES)));
    shape_set(insight, insight, prompt, str_of(source->prompt));
    if (source->has_usage) {
        shape_set(insight, insight, input_tokens, source->input_tokens);
        shape_set(insight, insight, output_tokens, source->output_tokens);
    }
    if (source->cost_usd >= 0) shape_set(insight, insight, cost_usd, (float)source->cost_usd);
    if (!source->cached) shape_set(insight, insight, latency_us, source->latency_us);
    if (source->cached) shape_set(insight, insight, cached, true);
    if (source->degraded) shape_set(insight, insight, degraded, true);
    if (source->dropped) shape_set(insight, insight, dropped_claims, source->dropped);
    if (task->calls) shape_set(insight, insight, attempts, task->calls);
}

static int conclude(struct errand *errand, struct insight *answer,
                    const struct asker_source *source, struct err *err)
{
    struct job *job = errand->job;
    struct genai_state *state = job->context->state;
    struct insight insight = {0};
    bool holds = false;
    if (answer) {
        insight = *answer;
        tell_source(&insight, source, &errand->task, job->arena);
        state->dropped_claims += source->dropped;
        if (shape_has(insight, &insight, model) && !insight.model.data)
            return err_set(err, E_NO_MEMORY, NULL);
    } else {
        int rc = state->local->ops->ask(state->local, job, &errand->task.asked, &insight, &holds,
                                        on_answer, err);
        if (rc) return rc;
        shape_set(insight, &insight, degraded, true);
        if (errand->task.calls) shape_set(insight, &insight, attempts, errand->task.calls);
    }
    return finish(job, &errand->task.asked, &insight, holds, err);
}

static void on_end(void *user, struct task *task, struct insight *insight,
                   const struct asker_source *source)
{
    struct errand *errand = task->user;
    (void)user;
    errand->rc = conclude(errand, insight, source, &errand->err);
    errand->ended = true;
    if (!errand->waits) job_finish(errand->job, (enum err_code)errand->rc, &errand->err);
}

static int ask_remote(struct genai_state *state, struct job *job,
                      const struct provider_question *question, struct err *err)
{
    struct errand *errand = ARENA_NEW(job->arena, struct errand);
    if (!errand) return err_set(err, E_NO_MEMORY, NULL);
    errand->job = job;
    errand->task.asked = *question;
    errand->task.arena = job->arena;
    errand->task.user = errand;
    errand->task.trace = job_trace(job);
    errand->waits = !job->context->loop;
    if (!errand->waits) job_defer(job);
    asker_ask(remote_asker(state->remote), &errand->task);
    if (!errand->waits) return E_OK;
    remote_wait(state->remote, &errand->ended);
    if (errand->rc && err) *err = errand->err;
    return errand->rc;
}

/* --- a record --------------------------------------------------------------------------------- */

static int genai_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct genai_state *state = context->state;
    static const struct feedback no_feedback;
    const struct feedback *feedback = &no_feedback;
    const struct safety *safety = NULL; /* the record may have none */
    struct insight insight = {0};
    const struct document *document = record_view(&job->record, SECTION_DOCUMENT, job->arena, err);
    if (document && record_has(&job->record, SECTION_FEEDBACK))
        feedback = record_view(&job->record, SECTION_FEEDBACK, job->arena, err);
    bool judged = record_has(&job->record, SECTION_SAFETY);
    if (document && feedback && judged)
        safety = record_view(&job->record, SECTION_SAFETY, job->arena, err);
    if (!document || !feedback || (judged && !safety)) return (int)err->code;
    struct provider_question question = {
        .text = document->text,
        .language = document->language,
        .tenant = feedback->tenant,
        .has_rating = shape_has(feedback, feedback, rating),
        .rating = feedback->rating,
    };
    bool holds = false;
    int rc = safety ? harm_note(safety, job->arena, &question, err) : E_OK;
    if (rc) return rc;
    if (state->remote) return ask_remote(state, job, &question, err);
    rc = state->local->ops->ask(state->local, job, &question, &insight, &holds, on_answer, err);
    return rc || job->deferred ? rc : finish(job, &question, &insight, holds, err);
}

static void genai_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    const struct genai_state *state = context->state;
    metrics_sample(writer, METRIC_CLAIMS_DROPPED, NULL, NULL, (double)state->dropped_claims);
    for (uint32_t i = 0; i < ENUM_sentiment_label_count; i++)
        metrics_sample(writer, METRIC_SENTIMENTS, "sentiment",
                       sentiment_label_enumeration.values[i], (double)state->sentiments[i]);
    metrics_sample(writer, METRIC_SAFETY_RAISED, NULL, NULL, (double)state->raised);
    if (state->teller) digest_teller_metrics(state->teller, writer);
    if (state->digests)
        metrics_sample(writer, METRIC_DIGESTS, NULL, NULL, (double)digest_count(state->digests));
    if (state->remote) remote_metrics(state->remote, worker_backlog(context), writer);
}

bool genai_tally(const struct worker_context *context, struct genai_tally *ret_tally)
{
    const struct genai_state *state = context->state;
    if (state->remote) remote_tally(state->remote, ret_tally);
    return state->remote != NULL;
}

static const struct option_table *const further_tables[] = {
    &bedrock_option_table, &anthropic_option_table, &openai_option_table, NULL};

const struct worker genai_worker = {
    .name = "genai",
    .summary = "Finds sentiment, unmet needs, topics and recommendations, each with evidence in "
               "the text.",
    .consumes = TOPICS(SEGMENTS),
    .produces = TOPICS(INSIGHTS) | TOPICS(SAFETY) | TOPICS(ANSWERS),
    /* for the digests; what was paid for before, here or by another replica */
    .reads = TOPICS(INSIGHTS) | TOPICS(ANSWERS),
    .joins = DIGEST_GROUP,
    .options = &genai_option_table,
    .tables = further_tables,
    .open = genai_open, .process = genai_process, .reload = genai_reload, .close = genai_close,
    .rewound = genai_rewound, .metrics = genai_metrics,
};
