/* The words of a document's text, cut once for all workers of a chain; on a bus each cuts them for itself. */
#ifndef VERBATIM_RUNTIME_WORDS_H
#define VERBATIM_RUNTIME_WORDS_H

#include "runtime/worker.h"
#include "text/tokens.h"

/* `text`: the document's, as the job's record has it, or will have it. NO_MEMORY. */
static inline int job_words(struct job *job, struct str text, const struct tokens **ret_words, struct err *err)
{
    if (!job->words) {
        struct tokens *words = ARENA_NEW(job->arena, struct tokens);
        int rc = words ? text_tokenize(text, job->arena, words, err) : err_set(err, E_NO_MEMORY, NULL);
        if (rc) return rc;
        job->words = words;
    }
    *ret_words = job->words;
    return E_OK;
}

#endif
