/* A model may raise what the safety screen found, never lower it. */
#ifndef VERBATIM_WORKERS_GENAI_RAISE_H
#define VERBATIM_WORKERS_GENAI_RAISE_H

#include "runtime/worker.h"

/* Where the screen found nothing and the insight holds a signal whose words are in the text: the
 * record's safety section becomes positive, with the signals' kinds and places, and says who raised
 * it. In all other cases it stays as it is, byte for byte. NO_MEMORY, BAD_MESSAGE. */
int raise_safety(struct job *job, const struct insight *insight, bool *ret_raised,
                 struct err *err) CHECKED;

#endif
