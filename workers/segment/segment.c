/* Assigns each feedback vector to its nearest customer segment, by a versioned k-means model. */
#include "workers/segment/segment.h"

#include <stdlib.h>

#include "config/shipped.h"
#include "model/features.h"
#include "model/segments.h"

#define SEGMENT_OPTIONS(O)                                                                        \
    O(STR, model, "", "Model file, as `verbatim train segments` writes it; empty: the shipped one.")
OPTIONS_STRUCT(segment, SEGMENT_OPTIONS);
#define OPTIONS_OWNER struct segment_options
OPTIONS_TABLE(segment, SEGMENT_OPTIONS, "Customer segments.");
#undef OPTIONS_OWNER

struct segment_state {
    struct segment_model model;
    uint64_t *records; /* by segment */
};

/* A model that can't serve is refused here, before it could turn every record into
 * a dead letter. */
static int open_model(const char *path, struct segment_model *model, struct err *err)
{
    int rc = segment_model_open(path, FEATURES_VERSION, model, err);
    if (rc || model->centroids.dimensions == FEATURES_DIMENSIONS) return rc;
    rc = err_set(err, E_BAD_MODEL, "%s: centroids of %u dimensions; the extractor gives %d", path,
                 model->centroids.dimensions, FEATURES_DIMENSIONS);
    segment_model_close(model);
    return rc;
}

static int load(struct worker_context *context, struct segment_state *state, struct err *err)
{
    const struct segment_options *options = context->options;
    char path[SHIPPED_PATH_BYTES];
    int rc = shipped_path(options->model, "models/segments.model", path, err);
    if (rc == E_OK) rc = open_model(path, &state->model, err);
    rc = shipped_named("segment.model", rc, err);
    if (rc) return rc;
    state->records = calloc(state->model.centroids.count, sizeof *state->records);
    if (state->records) return E_OK;
    segment_model_close(&state->model);
    return err_set(err, E_NO_MEMORY, NULL);
}

static void unload(struct segment_state *state)
{
    segment_model_close(&state->model);
    free(state->records);
}

static int segment_open(struct worker_context *context, struct err *err)
{
    struct segment_state *state = calloc(1, sizeof *state);
    if (!state) return err_set(err, E_NO_MEMORY, NULL);
    int rc = load(context, state, err);
    if (rc) free(state);
    else context->state = state;
    return rc;
}

static void segment_close(struct worker_context *context)
{
    unload(context->state);
    free(context->state);
}

/* The new model is complete before the old one goes. */
static int segment_reload(struct worker_context *context, struct err *err)
{
    struct segment_state fresh = {0}, *state = context->state;
    int rc = load(context, &fresh, err);
    if (rc) return rc;
    unload(state);
    *state = fresh;
    return E_OK;
}

static int segment_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct segment_state *state = context->state;
    const struct segment_model *model = &state->model;
    struct segment *segment = ARENA_NEW(job->arena, struct segment);
    if (!segment) return err_set(err, E_NO_MEMORY, NULL);
    const struct features *features = record_view(&job->record, SECTION_FEATURES, job->arena, err);
    if (!features) return (int)err->code;
    if (features->vector.count != model->centroids.dimensions ||
        !str_equal(features->extractor, str_of(model->extractor)))
        return err_set(err, E_BAD_MESSAGE,
                       "features of %.*s (%u dimensions) don't fit model %s of %s (%u)",
                       STR_ARGS(features->extractor), features->vector.count, model->name,
                       model->extractor, model->centroids.dimensions);
    uint32_t index;
    float distance;
    centroids_nearest(&model->centroids, features->vector.values, &index, &distance);
    state->records[index]++;
    shape_set(segment, segment, segment, index);
    shape_set(segment, segment, distance, distance);
    shape_set(segment, segment, model, arena_copy(job->arena, str_of(model->name)));
    record_drop(&job->record, SECTION_FEATURES);
    record_give(&job->record, SECTION_SEGMENT, segment);
    return job_emit_record(job, TOPIC_SEGMENTS, job->message->key, err);
}

static void segment_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    const struct segment_state *state = context->state;
    for (uint32_t i = 0; i < state->model.centroids.count && i < 256; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        metrics_sample(writer, METRIC_SEGMENT_RECORDS, "segment", number,
                       (double)state->records[i]);
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
