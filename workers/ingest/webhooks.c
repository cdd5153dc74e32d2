/* The life of webhooks: which endpoints there are, and a thread for each, where a worker's runtime
 * runs with a group of its own. So what one endpoint does holds up nothing else, and its position,
 * its backlog and its dead letters are kept as those of any worker.
 *
 * A thread lives until the door ends: an endpoint that is taken out of the file stops, and goes on
 * where it was when it comes back. A runtime that fails is begun again after a pause. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "workers/ingest/webhook.h"

#define OPTIONS_OWNER struct webhooks_options
OPTIONS_TABLE(webhooks, WEBHOOKS_OPTIONS, "Finished insights, posted to endpoints of customers.");
#undef OPTIONS_OWNER

enum { AGAIN_AFTER_S = 30 };

struct webhooks {
    struct webhooks_options options;
    const struct worker_context *context; /* the door's */
    struct endpoint *endpoints[WEBHOOKS_MAX];
    size_t count;
};

/* --- a thread --------------------------------------------------------------------------------- */

/* Few records at once, as each waits for an answer; and nothing of the door's own. */
static void adjust(void *user, struct runtime_options *options)
{
    (void)user;
    options->group = options->admin = "";
    options->delivery = 1; /* at least once */
    options->batch_records = 128;
    options->batches = 2;
    options->ledger = false; /* of the way from receipt to insight, which ends before */
}

/* Or until something is wanted of it. */
static void pause_after_failure(struct endpoint *endpoint, const struct err *err)
{
    struct timespec until;
    log_error(LOG_ERROR, endpoint->name, "a webhook stopped; it is begun again soon", err);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += AGAIN_AFTER_S;
    endpoint->counters.failing = true;
    if (!endpoint->closing)
        pthread_cond_timedwait(&endpoint->changed, &endpoint->lock, &until);
}

/* The lock is held, but not while it runs. */
static int run_once(struct endpoint *endpoint, struct err *err)
{
    struct runtime_effects effects = runtime_system();
    effects.clock = endpoint->clock;
    effects.telemetry = false;
    effects.adjust = adjust;
    int rc = runtime_create_with(&endpoint->worker, endpoint->config, &effects, &endpoint->runtime,
                                 err);
    if (rc) return rc;
    struct runtime *runtime = endpoint->runtime;
    pthread_mutex_unlock(&endpoint->lock);
    rc = runtime_run(runtime, err);
    pthread_mutex_lock(&endpoint->lock);
    endpoint->runtime = NULL;
    runtime_destroy(runtime);
    return rc;
}

static void *endpoint_main(void *argument)
{
    struct endpoint *endpoint = argument;
    struct err err;
    pthread_mutex_lock(&endpoint->lock);
    while (!endpoint->closing) {
        if (!endpoint->wanted) pthread_cond_wait(&endpoint->changed, &endpoint->lock);
        else if (run_once(endpoint, &err)) pause_after_failure(endpoint, &err);
    }
    endpoint->ended = true;
    pthread_mutex_unlock(&endpoint->lock);
    return NULL;
}

/* --- an endpoint ------------------------------------------------------------------------------ */

static void free_webhook(struct webhook *webhook)
{
    if (webhook) explicit_bzero(webhook, sizeof *webhook);
    free(webhook);
}

static void endpoint_free(struct endpoint *endpoint)
{
    pthread_mutex_destroy(&endpoint->lock);
    pthread_cond_destroy(&endpoint->changed);
    free_webhook(endpoint->fresh);
    free_webhook(endpoint->webhook);
    free(endpoint);
}

static int endpoint_start(struct webhooks *webhooks, struct webhook *webhook, struct err *err)
{
    pthread_condattr_t monotonic;
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (!endpoint) return err_set(err, E_NO_MEMORY, NULL);
    snprintf(endpoint->name, sizeof endpoint->name, "webhook-%s", webhook->name);
    endpoint->worker = webhook_worker;
    endpoint->worker.name = endpoint->name;
    endpoint->options = &webhooks->options;
    endpoint->config = webhooks->context->config;
    endpoint->clock = webhooks->context->clock;
    endpoint->fresh = webhook;
    endpoint->wanted = true;
    pthread_mutex_init(&endpoint->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&endpoint->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&endpoint->thread, NULL, endpoint_main, endpoint)) {
        endpoint->fresh = NULL; /* the caller's still */
        endpoint_free(endpoint);
        return err_set(err, E_SYSTEM, "no thread for a webhook");
    }
    webhooks->endpoints[webhooks->count++] = endpoint;
    return E_OK;
}

/* NULL: it is in the file no more. */
static void endpoint_change(struct endpoint *endpoint, struct webhook *webhook)
{
    pthread_mutex_lock(&endpoint->lock);
    free_webhook(endpoint->fresh);
    endpoint->fresh = webhook;
    endpoint->wanted = webhook != NULL;
    if (endpoint->runtime && webhook) runtime_reload(endpoint->runtime);
    else if (endpoint->runtime) runtime_stop(endpoint->runtime);
    pthread_cond_signal(&endpoint->changed);
    pthread_mutex_unlock(&endpoint->lock);
}

static void endpoint_stop(struct endpoint *endpoint)
{
    pthread_mutex_lock(&endpoint->lock);
    endpoint->closing = true;
    if (endpoint->runtime) runtime_stop(endpoint->runtime);
    pthread_cond_signal(&endpoint->changed);
    pthread_mutex_unlock(&endpoint->lock);
}

/* --- all of them ------------------------------------------------------------------------------ */

static struct endpoint *find(const struct webhooks *webhooks, const char *name)
{
    for (size_t i = 0; i < webhooks->count; i++)
        if (strcmp(webhooks->endpoints[i]->name + strlen("webhook-"), name) == 0)
            return webhooks->endpoints[i];
    return NULL;
}

static bool lists(const struct webhook_list *list, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(endpoint->name + strlen("webhook-"), list->items[i].name) == 0) return true;
    return false;
}

static int take_one(struct webhooks *webhooks, const struct webhook *line, struct err *err)
{
    struct endpoint *endpoint = find(webhooks, line->name);
    struct webhook *webhook = malloc(sizeof *webhook);
    if (!webhook) return err_set(err, E_NO_MEMORY, NULL);
    *webhook = *line;
    int rc = E_OK;
    if (endpoint) endpoint_change(endpoint, webhook);
    else rc = endpoint_start(webhooks, webhook, err);
    if (rc) free_webhook(webhook);
    return rc;
}

/* Before anything is changed. */
static int check_room(const struct webhooks *webhooks, const struct webhook_list *list,
                      struct err *err)
{
    size_t count = webhooks->count;
    for (size_t i = 0; i < list->count; i++) count += !find(webhooks, list->items[i].name);
    return count <= WEBHOOKS_MAX
               ? E_OK
               : err_set(err, E_BAD_CONFIG,
                         "more than %d webhooks since the start, with those that went: restart",
                         WEBHOOKS_MAX);
}

static int take_file(struct webhooks *webhooks, struct err *err)
{
    struct webhook_list list = {0};
    const struct webhooks_options *options = &webhooks->options;
    int rc = webhook_list_read(options->endpoints, options->plain_http, &list, err);
    if (rc == E_OK) rc = check_room(webhooks, &list, err);
    for (size_t i = 0; i < webhooks->count && rc == E_OK; i++)
        if (!lists(&list, webhooks->endpoints[i])) endpoint_change(webhooks->endpoints[i], NULL);
    for (size_t i = 0; i < list.count && rc == E_OK; i++)
        rc = take_one(webhooks, &list.items[i], err);
    webhook_list_free(&list);
    return rc;
}

int webhooks_open(const struct worker_context *context, struct webhooks **ret_webhooks,
                  struct err *err)
{
    struct webhooks *webhooks = calloc(1, sizeof *webhooks);
    if (!webhooks) return err_set(err, E_NO_MEMORY, NULL);
    webhooks->context = context;
    int rc = config_get(context->config, &webhooks_option_table, &webhooks->options, err);
    if (rc == E_OK && webhooks->options.endpoints[0]) rc = take_file(webhooks, err);
    if (rc) webhooks_close(webhooks);
    else *ret_webhooks = webhooks;
    return rc;
}

int webhooks_reload(struct webhooks *webhooks, struct err *err)
{
    return webhooks->options.endpoints[0] ? take_file(webhooks, err) : E_OK;
}

void webhooks_stop(struct webhooks *webhooks)
{
    for (size_t i = 0; i < webhooks->count; i++) endpoint_stop(webhooks->endpoints[i]);
}

bool webhooks_busy(const struct webhooks *webhooks)
{
    bool busy = false;
    for (size_t i = 0; i < webhooks->count; i++) {
        struct endpoint *endpoint = webhooks->endpoints[i];
        pthread_mutex_lock(&endpoint->lock);
        busy |= !endpoint->ended;
        pthread_mutex_unlock(&endpoint->lock);
    }
    return busy;
}

void webhooks_close(struct webhooks *webhooks)
{
    if (!webhooks) return;
    webhooks_stop(webhooks);
    for (size_t i = 0; i < webhooks->count; i++) {
        pthread_join(webhooks->endpoints[i]->thread, NULL);
        endpoint_free(webhooks->endpoints[i]);
    }
    free(webhooks);
}

/* --- metrics ---------------------------------------------------------------------------------- */

/* What a scrape shows of one; none is shown that isn't in the file any more. */
struct shown {
    const char *name;
    struct webhook_counters counters;
    uint64_t backlog;
};

static size_t look(const struct webhooks *webhooks, struct shown out[static WEBHOOKS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < webhooks->count; i++) {
        struct endpoint *endpoint = webhooks->endpoints[i];
        struct runtime_progress progress = {0};
        pthread_mutex_lock(&endpoint->lock);
        if (endpoint->runtime) runtime_progress(endpoint->runtime, &progress);
        if (endpoint->wanted)
            out[count++] = (struct shown){endpoint->name + strlen("webhook-"), endpoint->counters,
                                          progress.backlog_records};
        pthread_mutex_unlock(&endpoint->lock);
    }
    return count;
}

void webhooks_metrics(const struct webhooks *webhooks, struct metrics_writer *writer)
{
    struct shown shown[WEBHOOKS_MAX];
    size_t count = look(webhooks, shown);
    for (size_t i = 0; i < count; i++) {
        const struct webhook_counters *counters = &shown[i].counters;
        metrics_sample2(writer, METRIC_WEBHOOK_REQUESTS, "webhook", shown[i].name, "result",
                        "delivered", (double)counters->delivered);
        metrics_sample2(writer, METRIC_WEBHOOK_REQUESTS, "webhook", shown[i].name, "result",
                        "failed", (double)counters->failed);
    }
    for (size_t i = 0; i < count; i++)
        metrics_sample(writer, METRIC_WEBHOOK_SET_ASIDE, "webhook", shown[i].name,
                       (double)shown[i].counters.set_aside);
    for (size_t i = 0; i < count; i++)
        metrics_sample(writer, METRIC_WEBHOOK_BACKLOG, "webhook", shown[i].name,
                       (double)shown[i].backlog);
    for (size_t i = 0; i < count; i++)
        metrics_sample(writer, METRIC_WEBHOOK_FAILING, "webhook", shown[i].name,
                       shown[i].counters.gone ? 2 : shown[i].counters.failing);
    for (size_t i = 0; i < count; i++) {
        const struct metric_label label = {"webhook", shown[i].name};
        metrics_histogram(writer, METRIC_WEBHOOK_SECONDS, &label, 1, &shown[i].counters.seconds);
    }
}
