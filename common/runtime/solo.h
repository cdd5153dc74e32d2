/* One worker on a loop, without a bus: messages in, what it emits out, many at once. For programs
 * that want what a worker makes of records while it waits for others (genai, where models are
 * asked): verbatim evaluate. The worker runs as it does everywhere; only what becomes of its
 * outputs is the caller's. */
#ifndef VERBATIM_RUNTIME_SOLO_H
#define VERBATIM_RUNTIME_SOLO_H

#include "runtime/worker.h"

struct solo;

/* `config` must know the worker's tables; it, the clock and the loop outlive it. What the worker's
 * open() says. */
int solo_create(uv_loop_t *loop, const struct worker *worker, const struct config *config,
                const struct clock *clock, struct solo **ret_solo, struct err *err) CHECKED;
/* What is under way is forgotten: no on_end() any more. The worker's handles close on the loop's
 * next turns. NULL is ignored. */
void solo_destroy(struct solo *solo);

/* How a message ended: E_OK, or what a runtime would retry, refuse or stop for. */
struct solo_end {
    enum err_code code;
    const struct err *err;
    const struct record
        *record; /* the first that was emitted on `topic`; NULL: none. Gone after on_end() */
    struct arena *arena; /* of the message, for who decodes the record */
};
typedef void solo_on_end(void *user, const struct solo_end *end);

/* One message, copied. E_OK: on_end() follows exactly once, from within or later, on the loop.
 * NO_MEMORY. */
struct solo_message {
    enum topic from, topic; /* it was read from; what is wanted */
    struct str key, value;
};
int solo_send(struct solo *solo, const struct solo_message *message, solo_on_end *on_end,
              void *user, struct err *err) CHECKED;
uint32_t solo_under_way(const struct solo *solo);
/* For what the worker tells beside its outputs. */
struct worker_context *solo_context(struct solo *solo);

#endif
