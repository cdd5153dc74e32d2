/* The words of a document's text and the features of linear models, made once for all workers of
 * a chain; on a bus each makes them for itself. */
#ifndef VERBATIM_RUNTIME_WORDS_H
#define VERBATIM_RUNTIME_WORDS_H

#include "model/linear.h"
#include "runtime/worker.h"
#include "text/tokens.h"

/* `text`: the document's, as the job's record has it, or will have it. NO_MEMORY. */
static inline int job_words(struct job *job, struct str text, const struct tokens **ret_words,
                            struct err *err)
{
    if (!job->words) {
        struct tokens *words = ARENA_NEW(job->arena, struct tokens);
        int rc = words ? text_tokenize(text, job->arena, words, err)
                       : err_set(err, E_NO_MEMORY, NULL);
        if (rc) return rc;
        job->words = words;
    }
    *ret_words = job->words;
    return E_OK;
}

/* Behind job_words(), before linear models score the words. NO_MEMORY. */
static inline int job_features(struct job *job, struct str text, struct err *err)
{
    if (job->words->features) return E_OK;
    struct linear_features *features = ARENA_NEW(job->arena, struct linear_features);
    int rc = features ? linear_extract(text, job->words, job->arena, features, err)
                      : err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK) job->words->features = features;
    return rc;
}

#endif
