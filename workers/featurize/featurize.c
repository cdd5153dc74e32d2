/* Adds one vector to each document: its words, channel and rating (common/model/features.h). */
#include "workers/featurize/featurize.h"

#include "model/features.h"
#include "runtime/words.h"

static int featurize_process(struct worker_context *context, struct job *job, struct err *err)
{
    static const struct feedback unknown;
    const struct feedback *feedback = &unknown;
    const struct tokens *words;
    (void)context;
    struct features *features = ARENA_NEW(job->arena, struct features);
    float *vector = arena_alloc(job->arena, FEATURES_DIMENSIONS * sizeof *vector);
    if (!features || !vector) return err_set(err, E_NO_MEMORY, NULL);
    const struct document *document = record_view(&job->record, SECTION_DOCUMENT, job->arena, err);
    if (document && record_has(&job->record, SECTION_FEEDBACK))
        feedback = record_view(&job->record, SECTION_FEEDBACK, job->arena, err);
    if (!document || !feedback) return (int)err->code;
    int rc = job_words(job, document->text, &words, err);
    if (rc) return rc;
    features_extract(words, feedback->channel, shape_has(feedback, feedback, rating),
                     feedback->rating, vector);
    shape_set(features, features, vector, (struct vector){vector, FEATURES_DIMENSIONS});
    shape_set(features, features, extractor, STR(FEATURES_VERSION));
    record_give(&job->record, SECTION_FEATURES, features);
    return job_emit_record(job, TOPIC_FEATURES, job->message->key, err);
}

const struct worker featurize_worker = {
    .name = "featurize",
    .summary = "Turns text, channel and rating into one fixed vector.",
    .consumes = TOPICS(DOCUMENTS),
    .produces = TOPICS(FEATURES),
    .process = featurize_process,
};
