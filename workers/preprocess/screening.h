/* The section `safety`: what the screen found in a document, and by when somebody must
 * have looked at it. */
#ifndef VERBATIM_WORKERS_PREPROCESS_SCREENING_H
#define VERBATIM_WORKERS_PREPROCESS_SCREENING_H

#include "workers/preprocess/document.h"

/* By cue lists and, where there is one, the trained model. Fills `safety`, which is zeroed; its
 * pointers are the job's arena's or the lists'. NO_MEMORY. */
int screening_make(struct worker_context *context, struct job *job, const struct feedback *feedback,
                   const struct reading *reading, struct safety *safety, struct err *err) CHECKED;

/* Nobody has screened what became a dead letter: people must. They find its text by the id, in the
 * letter; here there is none of it, nor its key, which may be a person's. */
int screening_refused(struct worker_context *context, struct job *job, struct str id,
                      struct err *err) CHECKED;

#endif
