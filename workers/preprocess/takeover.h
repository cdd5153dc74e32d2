/* Partitions that another replica had until now: its last records are read back before the first
 * new one is processed, so that a post which is made again around a rebalance is known. */
#ifndef VERBATIM_WORKERS_PREPROCESS_TAKEOVER_H
#define VERBATIM_WORKERS_PREPROCESS_TAKEOVER_H

#include "runtime/worker.h"
#include "workers/preprocess/window.h"

struct takeover;

struct takeover_calls {
    /* One record of the past; `user` is the worker's context, what lives in the arena goes
     * afterwards. */
    void (*remember)(void *user, const struct bus_message *message, struct arena *arena);
    /* A job that was held: as the worker's process(). */
    int (*process)(struct worker_context *context, struct job *job, struct err *err);
};

/* At most `records` are read back of a partition (more where the window was cleared), and of all
 * that there are no more than three quarters of what the window holds, within TAKEOVER_MS. The
 * window says how far each partition is known already. NO_MEMORY. */
enum { TAKEOVER_MS = 10000 };
int takeover_open(struct worker_context *context, struct window *window,
                  const struct takeover_calls *calls, uint32_t records,
                  struct takeover **ret_takeover, struct err *err) CHECKED;
/* Jobs have been dropped by now; they are let go. */
void takeover_close(struct takeover *takeover);
/* *ret_held: the job is deferred, and will be processed once its partition's past is known.
 * NO_MEMORY. */
int takeover_hold(struct takeover *takeover, struct job *job, bool *ret_held,
                  struct err *err) CHECKED;
/* Partitions may have changed hands; held jobs have been dropped, and are let go. */
void takeover_rewound(struct takeover *takeover);

#endif
