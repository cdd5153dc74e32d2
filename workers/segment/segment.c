/* Assigns each feedback vector to its nearest customer segment, by a versioned k-means model; or by
 * one of two, of which the second, a canary, serves a share of the customers. */
#include "workers/segment/segment.h"

#include <stdlib.h>

#include "base/hash.h"
#include "config/shipped.h"
#include "model/features.h"
#include "model/segments.h"

#define SEGMENT_OPTIONS(O)                                                                        \
    O(STR, model, "",                                                                             \
      "Model file, as `verbatim train segments` writes it; empty: the shipped one.")              \
    O(STR, canary, "", "Model file that is on trial beside it.")                                  \
    O(U32, canary_share, "0", 0, 100,                                                             \
      "Percent of customers whose records the canary serves, always the same ones; 0: the canary " \
      "is off, and records tell no arm.")
OPTIONS_STRUCT(segment, SEGMENT_OPTIONS);
#define OPTIONS_OWNER struct segment_options
OPTIONS_TABLE(segment, SEGMENT_OPTIONS, "Customer segments.");
#undef OPTIONS_OWNER

enum arm { ARM_CONTROL, ARM_CANARY, ARMS };
static const char *const arm_names[ARMS] = {"control", "canary"};

struct variant {
    struct segment_model model;
    uint64_t *records; /* by segment */
    struct histogram distances;
};
struct segment_state {
    struct variant arms[ARMS]; /* the canary's is zeroed while there is none */
};

/* A model that can't serve is refused here, before it could turn every record into
 * a dead letter. */
static int check_model(const struct segment_model *model, const char *path, struct err *err)
{
    if (model->centroids.dimensions == FEATURES_DIMENSIONS) return E_OK;
    return err_set(err, E_BAD_MODEL, "%s: centroids of %u dimensions; the extractor gives %d", path,
                   model->centroids.dimensions, FEATURES_DIMENSIONS);
}

static void variant_close(struct variant *variant)
{
    segment_model_close(&variant->model);
    free(variant->records);
    *variant = (struct variant){0};
}

static int variant_open(struct variant *variant, const char *path, struct err *err)
{
    *variant = (struct variant){.distances.scale = SCALE_DISTANCES};
    int rc = segment_model_open(path, FEATURES_VERSION, &variant->model, err);
    if (rc == E_OK) rc = check_model(&variant->model, path, err);
    if (rc == E_OK) {
        variant->records = calloc(variant->model.centroids.count, sizeof *variant->records);
        if (!variant->records) rc = err_set(err, E_NO_MEMORY, NULL);
    }
    if (rc) variant_close(variant);
    return rc;
}

static void unload(struct segment_state *state)
{
    for (int arm = 0; arm < ARMS; arm++) variant_close(&state->arms[arm]);
}

/* All that serves, or nothing. */
static int load(const struct segment_options *options, struct segment_state *state, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    if (options->canary_share && !options->canary[0])
        return err_set(err, E_BAD_CONFIG,
                       "segment.canary_share is %u, but segment.canary names no model",
                       options->canary_share);
    int rc = shipped_path(options->model, "models/segments.model", path, err);
    if (rc == E_OK) rc = variant_open(&state->arms[ARM_CONTROL], path, err);
    rc = shipped_named("segment.model", rc, err);
    if (rc == E_OK && options->canary_share)
        rc = shipped_named("segment.canary",
                           variant_open(&state->arms[ARM_CANARY], options->canary, err), err);
    if (rc) unload(state);
    return rc;
}

static int segment_open(struct worker_context *context, struct err *err)
{
    struct segment_state *state = calloc(1, sizeof *state);
    if (!state) return err_set(err, E_NO_MEMORY, NULL);
    int rc = load(context->options, state, err);
    if (rc) free(state);
    else context->state = state;
    return rc;
}

static void segment_close(struct worker_context *context)
{
    unload(context->state);
    free(context->state);
}

/* The new models are complete before the old ones go. */
static int segment_reload(struct worker_context *context, struct err *err)
{
    struct segment_state fresh = {0}, *state = context->state;
    int rc = load(context->options, &fresh, err);
    if (rc) return rc;
    unload(state);
    *state = fresh;
    return E_OK;
}

/* By the key, the customer's hash, or by the id where no customer is known: so a customer is in the
 * same arm in each replica, after a restart and in a replay, and a larger share moves some from
 * control to canary, and none back. The salt parts this from other choices by a hash of the key; it
 * may never change. */
static enum arm arm_of(uint32_t share, const struct job *job)
{
    enum { SALT = 0x61726D73 }; /* "arms" */
    if (share == 0) return ARM_CONTROL;
    struct str who = job->message->key.size ? job->message->key : job->record.id;
    return (hash_fast(who, SALT) >> 32) * 100 >> 32 < share ? ARM_CANARY : ARM_CONTROL;
}

static int segment_process(struct worker_context *context, struct job *job, struct err *err)
{
    const struct segment_options *options = context->options;
    struct segment_state *state = context->state;
    struct segment *segment = ARENA_NEW(job->arena, struct segment);
    if (!segment) return err_set(err, E_NO_MEMORY, NULL);
    const struct features *features = record_view(&job->record, SECTION_FEATURES, job->arena, err);
    if (!features) return (int)err->code;
    enum arm arm = arm_of(options->canary_share, job);
    struct variant *variant = &state->arms[arm];
    const struct segment_model *model = &variant->model;
    if (features->vector.count != model->centroids.dimensions ||
        !str_equal(features->extractor, str_of(model->extractor)))
        return err_set(err, E_BAD_MESSAGE,
                       "features of %.*s (%u dimensions) don't fit model %s of %s (%u)",
                       STR_ARGS(features->extractor), features->vector.count, model->name,
                       model->extractor, model->centroids.dimensions);
    uint32_t index;
    float distance;
    centroids_nearest(&model->centroids, features->vector.values, &index, &distance);
    variant->records[index]++;
    histogram_add(&variant->distances, (double)distance, 1);
    shape_set(segment, segment, segment, index);
    shape_set(segment, segment, distance, distance);
    shape_set(segment, segment, model, arena_copy(job->arena, str_of(model->name)));
    if (options->canary_share) shape_set(segment, segment, arm, str_of(arm_names[arm]));
    record_drop(&job->record, SECTION_FEATURES);
    record_give(&job->record, SECTION_SEGMENT, segment);
    return job_emit_record(job, TOPIC_SEGMENTS, job->message->key, err);
}

static void segment_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    const struct segment_options *options = context->options;
    const struct segment_state *state = context->state;
    int arms = options->canary_share ? ARMS : 1;
    const char *label = arms > 1 ? "arm" : NULL;
    for (int arm = 0; arm < arms; arm++) {
        const struct variant *variant = &state->arms[arm];
        for (uint32_t i = 0; i < variant->model.centroids.count && i < 256; i++) {
            char number[16];
            snprintf(number, sizeof number, "%u", i);
            metrics_sample2(writer, METRIC_SEGMENT_RECORDS, "segment", number, label,
                            arm_names[arm], (double)variant->records[i]);
        }
    }
    for (int arm = 0; arm < arms; arm++) {
        const struct metric_label labels[] = {{"arm", label ? arm_names[arm] : NULL},
                                              {"model", state->arms[arm].model.name}};
        metrics_histogram(writer, METRIC_SEGMENT_DISTANCE, labels, sizeof labels / sizeof *labels,
                          &state->arms[arm].distances);
    }
}

const struct worker segment_worker = {
    .name = "segment",
    .summary = "Assigns each feedback vector to its nearest customer segment.",
    .consumes = TOPICS(FEATURES),
    .produces = TOPICS(SEGMENTS),
    .options = &segment_option_table,
    .open = segment_open, .process = segment_process, .reload = segment_reload,
    .close = segment_close,
    .metrics = segment_metrics,
};
