/* Entries of the topic `answers` on their way to the bus. What fails is tried again for as long as
 * it takes, in its order, so that the bus has each of them in the end.
 *
 * But for what is too large for the broker: that goes once more, alone, as others of its batch may
 * have been too much; then an answer goes without its words, which says that this was asked and
 * paid for, and that nobody need ask it again; and what is too large even so ends with TOO_LARGE.
 * One thread: the loop's. */
#ifndef VERBATIM_WORKERS_GENAI_PURCHASE_QUEUE_H
#define VERBATIM_WORKERS_GENAI_PURCHASE_QUEUE_H

#include "workers/genai/purchases.h"

/* An entry or a mark on its way. */
struct writing {
    struct purchase_queue *queue;
    struct writing *next;
    struct arena arena;
    struct bus_output output;
    purchases_on_written *on_written; /* NULL: a mark, or a bill */
    void *user;
    bool mark, said;                  /* said: an answer, at hand once written, under this key */
    bool refused;                     /* as too large, if in the company of others */
    struct answer_key key;
};

struct purchase_queue {
    struct worker_context *context;
    struct bus_producer *producer;
    struct writing *first, **last; /* not handed to the bus yet */
    uint32_t flying;
    bool alone;                    /* what flies was refused before */
    bool closing;
    int64_t retry_ms;
    /* The bus holds it, or `err` says why it won't; it is freed then. */
    void (*on_end)(void *user, struct writing *writing, const struct err *err);
    void *user;
};

void purchase_queue_init(struct purchase_queue *queue, struct worker_context *context);
/* NULL: NO_MEMORY */
struct writing *purchase_queue_new(struct purchase_queue *queue, struct err *err);
/* On its way, or freed: NO_MEMORY, TOO_LARGE. */
int purchase_queue_add(struct writing *writing, const struct purchase *purchase, struct str id,
                       struct err *err) CHECKED;
/* Also when nothing was added: for what failed. */
void purchase_queue_flush(struct purchase_queue *queue);
void purchase_queue_close(struct purchase_queue *queue); /* the producer is closed: CANCELLED */

#endif
