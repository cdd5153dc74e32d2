/* Adds one vector to each document: its words, channel and rating (common/model/features.h). */
#include "workers/featurize/featurize.h"

#include "model/features.h"
#include "runtime/words.h"

static int featurize_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct document document;
    struct feedback feedback = {0};
    const struct tokens *words;
    float *vector = arena_alloc(job->arena, FEATURES_DIMENSIONS * sizeof *vector);
    (void)context;
    if (!vector) return err_set(err, E_NO_MEMORY, NULL);
    int rc = record_decode(&job->record, SECTION_DOCUMENT, &document, job->arena, err);
    if (rc == E_OK && record_has(&job->record, SECTION_FEEDBACK))
        rc = record_decode(&job->record, SECTION_FEEDBACK, &feedback, job->arena, err);
    if (rc == E_OK) rc = job_words(job, document.text, &words, err);
    if (rc) return rc;
    features_extract(words, feedback.channel, shape_has(feedback, &feedback, rating),
                     feedback.rating, vector);

    struct features features = {0};
    shape_set(features, &features, vector, (struct vector){vector, FEATURES_DIMENSIONS});
    shape_set(features, &features, extractor, STR(FEATURES_VERSION));
    rc = record_put(&job->record, SECTION_FEATURES, &features, job->arena, err);
    return rc ? rc : job_emit_record(job, TOPIC_FEATURES, job->message->key, err);
}

const struct worker featurize_worker = {
    .name = "featurize",
    .summary = "Turns text, channel and rating into one fixed vector.",
    .consumes = TOPICS(DOCUMENTS),
    .produces = TOPICS(FEATURES),
    .process = featurize_process,
};
