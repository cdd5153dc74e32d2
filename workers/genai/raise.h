/* A model may raise what the safety screen found, never lower it. */
#ifndef VERBATIM_WORKERS_GENAI_RAISE_H
#define VERBATIM_WORKERS_GENAI_RAISE_H

#include "runtime/worker.h"
#include "schema/clocks.h"

/* The clocks that run for who was raised, as for who the screen found. */
struct raise_clocks {
    const struct clocks *clocks;
    struct str regions;
};

/* Where the screen found nothing and the insight holds a signal whose words are in the text: the
 * record's safety section becomes positive, with the signals' kinds and places, and says who raised
 * it, and when a report would be due. In all other cases it stays as it is, byte for byte.
 * NO_MEMORY, BAD_MESSAGE. */
int raise_safety(struct job *job, const struct raise_clocks *clocks, const struct insight *insight,
                 bool *ret_raised, struct err *err) CHECKED;

#endif
