/* An endpoint's worker, as its runtime sees it: it reads insights, and queues those that the
 * endpoint wants. What becomes of them is webhook_send.c's. */
#include <stdlib.h>

#include "workers/ingest/webhook.h"

static struct endpoint *endpoint_of(const struct worker_context *context)
{
    return (struct endpoint *)((char *)(uintptr_t)context->worker -
                               offsetof(struct endpoint, worker));
}

/* True: other settings than before. */
static bool adopt(struct endpoint *endpoint)
{
    pthread_mutex_lock(&endpoint->lock);
    struct webhook *fresh = endpoint->fresh;
    endpoint->fresh = NULL;
    pthread_mutex_unlock(&endpoint->lock);
    if (!fresh) return false;
    struct webhook *old = endpoint->webhook;
    bool changed = !old || memcmp(old, fresh, sizeof *fresh) != 0;
    if (old) explicit_bzero(old, sizeof *old);
    free(old);
    endpoint->webhook = fresh;
    return changed;
}

static int webhook_open(struct worker_context *context, struct err *err)
{
    struct endpoint *endpoint = endpoint_of(context);
    const struct wire_options options = {.connections = endpoint->options->at_once,
                                         .ca_file = endpoint->options->ca_file,
                                         .secure = true /* one lane is enough */};
    endpoint->context = context;
    endpoint->first = NULL;
    endpoint->last = &endpoint->first;
    endpoint->sending = 0;
    endpoint->draining = false;
    uv_timer_init(context->loop, &endpoint->timer);
    endpoint->timer.data = endpoint;
    webhook_begin_anew(endpoint);
    adopt(endpoint);
    int rc = webhook_open_slots(endpoint, err);
    if (rc == E_OK) rc = wire_open(context->loop, &options, &endpoint->wire, err);
    if (rc) webhook_close_slots(endpoint);
    return rc == E_BAD_CONFIG ? err_wrap(err, "webhooks") : rc;
}

/* Sent again by an operator for another's sake? */
static bool is_meant(const struct endpoint *endpoint, const struct bus_message *message)
{
    struct str whom = header_find(message, STR(HEADER_FOR));
    return !whom.size || str_equal(whom, str_of(endpoint->name));
}

static int webhook_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct endpoint *endpoint = endpoint_of(context);
    struct finished finished;
    if (!is_meant(endpoint, job->message)) return E_OK;
    int rc = finished_read(job->message->value, job->arena, &finished, err);
    if (rc || !filter_wants(&endpoint->webhook->filter, &finished)) return rc;
    if (endpoint->failures > 1 && webhook_is_too_old(endpoint, job)) {
        webhook_count(endpoint, &endpoint->counters.set_aside);
        return err_set(err, E_UNDELIVERED, "the webhook %s takes nothing, and this is too old",
                       endpoint->webhook->name);
    }
    return webhook_enqueue(endpoint, job) ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static void webhook_rewound(struct worker_context *context)
{
    webhook_forget_all(endpoint_of(context));
}

/* Whoever sends SIGHUP wants one that fails to be tried now. To one that does well, the same line
 * as before is nothing new: what is under way would only come twice. */
static int webhook_reload(struct worker_context *context, struct err *err)
{
    struct endpoint *endpoint = endpoint_of(context);
    (void)err;
    if (!adopt(endpoint) && !webhook_fails(endpoint)) return E_OK;
    webhook_begin_anew(endpoint);
    worker_give_back(context, 0);
    return E_OK;
}

static void webhook_drain(struct worker_context *context)
{
    struct endpoint *endpoint = endpoint_of(context);
    endpoint->draining = true;
    if (!endpoint->sending) worker_give_back(context, INT64_MAX);
}

static void webhook_close(struct worker_context *context)
{
    struct endpoint *endpoint = endpoint_of(context);
    webhook_forget_all(endpoint);
    webhook_close_slots(endpoint);
    wire_close(endpoint->wire);
    endpoint->wire = NULL;
    buffer_deinit(&endpoint->scratch);
    endpoint->scratch = (struct buffer){0};
    uv_close((uv_handle_t *)&endpoint->timer, NULL);
}

const struct worker webhook_worker = {
    .summary = "Posts insights to a customer's endpoint.",
    .consumes = TOPICS(INSIGHTS),
    .from_end = true,
    .open = webhook_open,
    .process = webhook_process,
    .rewound = webhook_rewound,
    .reload = webhook_reload,
    .drain = webhook_drain,
    .close = webhook_close,
};
