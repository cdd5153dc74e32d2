/* One thread that does nothing but commit: a commit blocks, and the loop must not.
 * While it runs, the loop computes the next batch. */
#ifndef VERBATIM_RUNTIME_COMMITTER_H
#define VERBATIM_RUNTIME_COMMITTER_H

#include "bus/bus.h"

struct committer;

/* on_done is called on the committer's own thread: it may only wake the loop. */
int committer_create(struct bus_consumer *consumer, void (*on_done)(void *user), void *user,
                     struct committer **ret_committer, struct err *err) CHECKED;
void committer_destroy(struct committer *committer); /* waits for a running commit */

/* Starts a commit; the arrays must stay as they are until committer_take(). Not while busy. */
void committer_start(struct committer *committer, const struct bus_output *outputs,
                     size_t output_count, const struct bus_position *positions,
                     size_t position_count);
bool committer_busy(const struct committer *committer); /* started and not taken */
/* True once it has ended: the result, and how long it took. */
bool committer_take(struct committer *committer, int *ret_code, struct err *ret_err,
                    double *ret_seconds);
/* Blocks until the running commit has ended; then committer_take() is true. */
void committer_wait(struct committer *committer);

#endif
