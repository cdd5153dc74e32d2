/* Makes a safe document of what was received, and screens it for harm before anything else sees it.
 *
 * In this order: document.c (clean → language → personal data out → repeats), screening.c (safety),
 * strip.c. The original text goes no further, the customer only as a keyed hash.
 * A record whose screen is positive or unassessed is also emitted on the safety topic, at
 * once: people read that. */
#include "workers/preprocess/preprocess.h"

#include <stdlib.h>

#include "base/folder.h"
#include "base/log.h"
#include "workers/preprocess/document.h"
#include "workers/preprocess/screening.h"
#include "workers/preprocess/state.h"

#define OPTIONS_OWNER struct preprocess_options
OPTIONS_TABLE(preprocess, PREPROCESS_OPTIONS,
              "Clean-up, language, personal data, repeats, safety.");
#undef OPTIONS_OWNER

enum { WINDOW_PATH_BYTES = 4096 };

/* --- the record that goes on ------------------------------------------------------------------ */

static int make_record(struct worker_context *context, struct job *job, struct err *err)
{
    struct preprocess_state *state = context->state;
    const struct preprocess_options *options = context->options;
    struct feedback *feedback = arena_alloc(job->arena, sizeof *feedback);
    struct reading *reading = arena_alloc(job->arena, sizeof *reading);
    struct safety *safety = ARENA_NEW(job->arena, struct safety);
    if (!feedback || !reading || !safety) return err_set(err, E_NO_MEMORY, NULL);
    int rc = record_decode(&job->record, SECTION_FEEDBACK, feedback, job->arena, err);
    if (rc) return rc;
    if (!shape_has(feedback, feedback, text))
        return err_set(err, E_BAD_MESSAGE, "feedback: text is missing");
    rc = document_make(context, job, feedback, reading, err);
    if (rc || reading->retried) return rc;
    const char *language = reading->language.code;
    rc = screening_make(context, job, feedback, reading, safety, err);
    if (rc == E_OK)
        rc = strip_feedback(feedback, &state->pseudonym, language, &state->known, job->arena, err);
    if (rc == E_OK) rc = strip_sections(&job->record, &state->pseudonym, language, job->arena, err);
    if (rc) return rc;
    record_give(&job->record, SECTION_FEEDBACK, feedback);
    record_give(&job->record, SECTION_DOCUMENT, &reading->document);
    record_give(&job->record, SECTION_SAFETY, safety);
    struct str key = shape_has(feedback, feedback, customer) ? feedback->customer : job->record.id;
    if (safety->state != ENUM_safety_state_negative)
        rc = job_emit_record(job, TOPIC_SAFETY, key, err);
    if (rc == E_OK) rc = job_emit_record(job, TOPIC_DOCUMENTS, key, err);
    if (rc == E_OK)
        window_enter(state->window, &reading->seen, options->window_age, reading->match);
    return rc;
}

static int preprocess_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct preprocess_state *state = context->state;
    bool held = false;
    int rc = state->takeover ? takeover_hold(state->takeover, job, &held, err) : E_OK;
    return rc || held ? rc : make_record(context, job, err);
}

/* --- life ------------------------------------------------------------------------------------- */

static int open_lists(const struct preprocess_options *options, struct lists **ret_lists,
                      struct err *err)
{
    const struct lists_choice choice = {
        .cues = options->cues, .model = options->safety_model, .products = options->products,
        .clocks = options->due_clocks, .regions = options->regions,
        .language = options->language_model};
    return lists_open(&choice, ret_lists, err);
}

static int open_window(struct worker_context *context, struct preprocess_state *state,
                       struct err *err)
{
    const struct preprocess_options *options = context->options;
    char path[WINDOW_PATH_BYTES];
    if (options->window_records & (options->window_records - 1))
        return err_set(err, E_BAD_CONFIG, "preprocess.window_records: %u is not a power of two",
                       options->window_records);
    snprintf(path, sizeof path, "%s/%s" WINDOW_SUFFIX, options->folder, context->member);
    return window_open(options->folder[0] ? path : NULL, options->window_records, &state->window,
                       err);
}

/* Without a bus nobody else can have had a partition. */
static int open_takeover(struct worker_context *context, struct preprocess_state *state,
                         struct err *err)
{
    const struct preprocess_options *options = context->options;
    const struct takeover_calls calls = {.remember = document_remember, .process = make_record};
    if (!context->bus || !context->loop || options->takeover_records == 0) return E_OK;
    return takeover_open(context, state->window, &calls, options->takeover_records,
                         &state->takeover, err);
}

static void free_state(struct preprocess_state *state)
{
    takeover_close(state->takeover);
    lists_close(state->lists);
    window_close(state->window);
    pseudonym_close(&state->pseudonym);
    free(state);
}

/* One customer would be another one after a restart, and in another replica. */
static void warn_of_passing_key(const struct worker_context *context)
{
    const struct preprocess_options *options = context->options;
    struct log_event event;
    if (!context->bus || !context->loop || options->customer_key[0] || options->folder[0]) return;
    log_begin(&event, LOG_WARN, "preprocess",
              "customers get other hashes after each restart and in each replica; set "
              "preprocess.customer_key_file");
    log_end(&event);
}

static int preprocess_open(struct worker_context *context, struct err *err)
{
    const struct preprocess_options *options = context->options;
    struct preprocess_state *state = calloc(1, sizeof *state);
    if (!state) return err_set(err, E_NO_MEMORY, NULL);
    int rc = open_lists(options, &state->lists, err);
    if (rc == E_OK && options->folder[0]) rc = folder_create(options->folder, err);
    if (rc == E_OK)
        rc = pseudonym_open(&state->pseudonym, options->customer_key, options->folder, err);
    if (rc == E_OK) rc = open_window(context, state, err);
    if (rc == E_OK) rc = open_takeover(context, state, err);
    if (rc) free_state(state);
    else context->state = state, warn_of_passing_key(context);
    return rc;
}

static void preprocess_close(struct worker_context *context) { free_state(context->state); }

static void preprocess_rewound(struct worker_context *context)
{
    struct preprocess_state *state = context->state;
    if (state->takeover) takeover_rewound(state->takeover);
}

static int preprocess_reload(struct worker_context *context, struct err *err)
{
    struct preprocess_state *state = context->state;
    struct lists *lists;
    int rc = open_lists(context->options, &lists, err);
    if (rc) return rc;
    lists_close(state->lists);
    state->lists = lists;
    return E_OK;
}

static void preprocess_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    const struct preprocess_state *state = context->state;
    for (int i = 0; i < ENUM_safety_state_count; i++)
        metrics_sample(writer, METRIC_SAFETY, "state", safety_state_enumeration.values[i],
                       (double)state->states[i]);
    for (int i = 0; i < ENUM_duplicate_kind_count; i++)
        metrics_sample(writer, METRIC_DUPLICATES, "kind", duplicate_kind_enumeration.values[i],
                       (double)state->duplicates[i]);
    metrics_sample(writer, METRIC_DUPLICATES, "kind", "retried", (double)state->retried);
    for (int i = 0; i < ENUM_redaction_kind_count; i++)
        metrics_sample(writer, METRIC_REDACTIONS, "kind", redaction_kind_enumeration.values[i],
                       (double)state->redactions[i]);
    for (int i = 0; i < LANGUAGES_MAX && state->languages[i].code[0]; i++)
        metrics_sample(writer, METRIC_LANGUAGES, "language", state->languages[i].code,
                       (double)state->languages[i].records);
}

const struct worker preprocess_worker = {
    .name = "preprocess",
    .summary = "Cleans text, finds its language, takes personal data out, marks repeats, screens "
               "for safety.",
    .consumes = TOPICS(FEEDBACK),
    .produces = TOPICS(DOCUMENTS) | TOPICS(SAFETY),
    .reads = TOPICS(FEEDBACK), /* again, what another replica has seen */
    .options = &preprocess_option_table,
    .open = preprocess_open, .process = preprocess_process, .refused = screening_refused,
    .reload = preprocess_reload, .close = preprocess_close,
    .metrics = preprocess_metrics, .rewound = preprocess_rewound,
};
