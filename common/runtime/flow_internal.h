/* What flow.c and flow_transaction.c share. */
#ifndef VERBATIM_RUNTIME_FLOW_INTERNAL_H
#define VERBATIM_RUNTIME_FLOW_INTERNAL_H

#include "runtime/flow.h"

/* The job's memory for one run. It is the job's own as long as it is deferred. False: no memory. */
bool flow_give_scratch(struct flow *flow, struct job *job);
void flow_take_scratch(struct flow *flow, struct job *job);
/* Moves what the job emitted from its scratch arena to its batch. False: no memory. */
bool flow_keep_outputs(struct job *job);

/* NULL: nothing of that partition was taken yet. */
struct lane *flow_find_lane(const struct flow *flow, enum topic topic, uint32_t partition);

/* The job is committed or dropped: gives its batch back when all the batch's jobs are gone. */
void flow_job_gone(struct flow *flow, struct job *job);

#endif
