#include "workers/genai/purchase_queue.h"

#include <stdlib.h>

#include "base/crash.h"
#include "base/log.h"
#include "workers/genai/purchase.h"

enum { RETRY_MS = 100 };

void purchase_queue_init(struct purchase_queue *queue, struct worker_context *context)
{
    *queue = (struct purchase_queue){.context = context, .last = &queue->first};
}

struct writing *purchase_queue_new(struct purchase_queue *queue, struct err *err)
{
    struct writing *writing = calloc(1, sizeof *writing);
    if (writing) writing->queue = queue;
    else (void)err_set(err, E_NO_MEMORY, NULL);
    return writing;
}

static void free_writing(struct writing *writing)
{
    arena_deinit(&writing->arena);
    free(writing);
}

static void end(struct writing *writing, const struct err *err)
{
    writing->queue->on_end(writing->queue->user, writing, err);
    free_writing(writing);
}

/* --- what was refused ------------------------------------------------------------------------- */

static void requeue(struct purchase_queue *queue, struct writing *writing, const struct err *err)
{
    writing->next = queue->first;
    if (!queue->first) queue->last = &writing->next;
    queue->first = writing;
    queue->retry_ms = clock_mono_ms(queue->context->clock) + RETRY_MS;
    if (err_class(err->code) == ERR_FATAL) worker_fail(queue->context, err);
}

/* False: there are no words to leave out, or no memory to do it in. */
static bool leave_words_out(struct writing *writing, const struct err *why)
{
    struct purchase purchase;
    struct err err;
    if (!writing->said || !purchase_read(writing->output.value, &writing->arena, &purchase) ||
        purchase.said.size == 0)
        return false;
    shape_set(purchase, &purchase, said, STR(""));
    log_error(LOG_WARN, "genai",
              "an answer is too large for the topic answers: it is used, and won't be asked for "
              "again",
              why);
    return purchase_write(&purchase, writing->output.key, writing->queue->context, &writing->arena,
                          &writing->output, &err) == E_OK;
}

static void take_failure(struct purchase_queue *queue, struct writing *writing,
                         const struct err *err)
{
    bool too_large = err->code == E_TOO_LARGE;
    if (!too_large || !writing->refused || leave_words_out(writing, err)) {
        writing->refused = too_large;
        requeue(queue, writing, err);
        return;
    }
    log_error(LOG_ERROR, "genai", "what was paid can't be told to the journal", err);
    end(writing, err);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void on_written(void *user, const struct err *err)
{
    struct writing *writing = user;
    struct purchase_queue *queue = writing->queue;
    queue->flying--;
    queue->alone = false;
    if (err && !queue->closing) take_failure(queue, writing, err);
    else end(writing, err);
}

void purchase_queue_flush(struct purchase_queue *queue)
{
    while (queue->first && !queue->alone &&
           clock_mono_ms(queue->context->clock) >= queue->retry_ms) {
        struct writing *writing = queue->first;
        struct err err;
        if (writing->refused && queue->flying) return;
        if (!(queue->first = writing->next)) queue->last = &queue->first;
        crash_point("genai.journal");
        if (bus_produce(queue->producer, &writing->output, 1, on_written, writing, &err)) {
            take_failure(queue, writing, &err);
            return;
        }
        queue->flying++;
        queue->alone = writing->refused;
    }
}

int purchase_queue_add(struct writing *writing, const struct purchase *purchase, struct str id,
                       struct err *err)
{
    struct purchase_queue *queue = writing->queue;
    struct purchase told = *purchase, read;
    int rc = purchase_write(&told, id, queue->context, &writing->arena, &writing->output, err);
    /* longer than the schema has it */
    if (rc == E_OK && writing->said &&
        !purchase_read(writing->output.value, &writing->arena, &read)) {
        shape_set(purchase, &told, said, STR(""));
        rc = purchase_write(&told, id, queue->context, &writing->arena, &writing->output, err);
    }
    if (rc) {
        free_writing(writing);
        return rc;
    }
    writing->next = NULL;
    *queue->last = writing;
    queue->last = &writing->next;
    purchase_queue_flush(queue);
    return E_OK;
}

void purchase_queue_close(struct purchase_queue *queue)
{
    struct err cancelled;
    err_set(&cancelled, E_CANCELLED, "the worker stops");
    while (queue->first) {
        struct writing *writing = queue->first;
        queue->first = writing->next;
        end(writing, &cancelled);
    }
}
