/* One worker's life: create, start, run, stop, destroy. What it does meanwhile is in loop.c. */
#include "runtime/runtime.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/log.h"
#include "runtime/internal.h"

#define OPTIONS_OWNER struct runtime_options
OPTIONS_TABLE(runtime, RUNTIME_OPTIONS,
              "How a worker runs: batches, delivery, retries, logs, admin address.");
#undef OPTIONS_OWNER

enum { ADMIN_STOP_TURNS = 1000 };

static void on_wake(uv_async_t *handle) { runtime_tick(handle->data); }

static void on_commit_done(void *user) { uv_async_send(&((struct runtime *)user)->wake); }

/* --- effects ---------------------------------------------------------------------------------- */

static void seed_by_system(void *user, struct random *random)
{
    (void)user;
    random_seed_system(random);
}

static int open_configured_bus(void *user, const struct config *config, const struct clock *clock,
                               struct bus **ret_bus, struct err *err)
{
    (void)user;
    return bus_open(config, clock, ret_bus, err);
}

/* --- create ----------------------------------------------------------------------------------- */

static int read_options(struct runtime *runtime, struct err *err)
{
    const struct option_table *own = runtime->worker->options;
    int rc = config_get(runtime->config, &runtime_option_table, &runtime->options, err);
    if (rc == E_OK && runtime->effects.adjust)
        runtime->effects.adjust(runtime->effects.user, &runtime->options);
    if (rc || !own) return rc;
    runtime->worker_options = calloc(1, own->struct_bytes);
    if (!runtime->worker_options) return err_set(err, E_NO_MEMORY, NULL);
    return config_get(runtime->config, own, runtime->worker_options, err);
}

static void init_handles(struct runtime *runtime)
{
    uv_async_init(&runtime->loop, &runtime->wake, on_wake);
    uv_timer_init(&runtime->loop, &runtime->timer);
    uv_idle_init(&runtime->loop, &runtime->busy);
    runtime->wake.data = runtime->timer.data = runtime->busy.data = runtime;
}

struct runtime_effects runtime_system(void)
{
    return (struct runtime_effects){.clock = clock_system(), .seed = seed_by_system,
                                    .open_bus = open_configured_bus, .telemetry = true};
}

int runtime_create(const struct worker *worker, const struct config *config,
                   struct runtime **ret_runtime, struct err *err)
{
    const struct runtime_effects system = runtime_system();
    return runtime_create_with(worker, config, &system, ret_runtime, err);
}

int runtime_create_with(const struct worker *worker, const struct config *config,
                        const struct runtime_effects *effects, struct runtime **ret_runtime,
                        struct err *err)
{
    struct runtime *runtime = calloc(1, sizeof *runtime);
    if (!runtime) return err_set(err, E_NO_MEMORY, NULL);
    runtime->worker = worker;
    runtime->config = config;
    runtime->effects = *effects;
    runtime->started_ns = clock_mono_ns(effects->clock);
    int rc = read_options(runtime, err);
    if (rc == E_OK && uv_loop_init(&runtime->loop)) rc = err_set(err, E_SYSTEM, "no event loop");
    if (rc) {
        free(runtime->worker_options);
        free(runtime);
        return rc;
    }
    effects->seed(effects->user, &runtime->random);
    snprintf(runtime->member, sizeof runtime->member, "%s-%u", worker->name,
             runtime->options.replica);
    init_handles(runtime);
    runtime->context = (struct worker_context){
        .worker = worker, .config = config, .options = runtime->worker_options,
        .clock = effects->clock,
        .random = &runtime->random, .member = runtime->member, .loop = &runtime->loop,
        .wake = &runtime->wake,
        .flow = &runtime->flow, /* also of a worker that reads nothing, which may fail */
    };
    *ret_runtime = runtime;
    return E_OK;
}

/* --- topics ----------------------------------------------------------------------------------- */

uint32_t worker_reads(const struct worker *worker) { return worker->consumes | worker->reads; }

/* Who consumes reports on the audit topic, keeps a ledger, and sets aside what it can't process. */
uint32_t worker_writes(const struct worker *worker)
{
    return worker->produces |
           (worker->consumes ? TOPICS(DEAD_LETTERS) | TOPICS(AUDIT) | TOPICS(LEDGER) : 0);
}

/* --- start ------------------------------------------------------------------------------------ */

static int subscribe(struct runtime *runtime, struct err *err)
{
    const struct runtime_options *options = &runtime->options;
    enum topic topics[TOPIC_COUNT];
    struct bus_subscription subscription = {
        .group = options->group[0] ? options->group : runtime->worker->name,
        .member = runtime->member,
        .topics = topics,
        .start = runtime->worker->from_end ? BUS_LATEST : BUS_EARLIEST,
        .at_least_once = options->delivery == 1,
        .patient_ms = runtime->worker->durable ? 500 : 0, /* it gathers them anyway */
        .on_revoked = runtime_on_revoked,
        .user = runtime,
    };
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (runtime->worker->consumes >> i & 1) topics[subscription.topic_count++] = (enum topic)i;
    return bus_subscribe(runtime->bus, &subscription, &runtime->consumer, err);
}

static int open_consumer(struct runtime *runtime, struct err *err)
{
    const struct runtime_options *options = &runtime->options;
    struct flow_limits limits = {
        .batches = options->batches,
        .batch_records = options->batch_records,
        .batch_bytes = options->batch_bytes,
        .attempts = options->attempts,
        .backoff_least_ms = options->backoff_least,
        .backoff_most_ms = options->backoff_most,
        .transaction_records = options->batch_records * options->batches,
        .dead_letter_bytes = options->dead_letter_bytes,
    };
    bool repeats = options->delivery == 1, apart = bus_positions_apart(runtime->bus);
    runtime->rests = apart && !repeats; /* else a long one is a hiccup, or our own disk */
    /* who keeps records commits seldom anyway */
    runtime->tells_seldom = apart && repeats && !runtime->worker->durable;
    int rc = subscribe(runtime, err);
    if (rc) return rc;
    flow_init(&runtime->flow, &runtime->context, runtime->consumer, &limits);
    rc = committer_create(runtime->consumer, on_commit_done, runtime, &runtime->committer, err);
    if (rc) return rc;
    uv_poll_init(&runtime->loop, &runtime->readable, bus_wake_fd(runtime->consumer));
    runtime->readable.data = runtime;
    return E_OK;
}

static int open_telemetry(struct runtime *runtime, struct err *err)
{
    struct telemetry_options options;
    struct telemetry_source source = {
        .service = runtime->service, .instance = runtime->member, .scope = runtime->service};
    if (!runtime->effects.telemetry) return E_OK;
    snprintf(runtime->service, sizeof runtime->service, "verbatim-%s", runtime->worker->name);
    int rc = config_get(runtime->config, &telemetry_option_table, &options, err);
    if (rc == E_OK)
        rc = telemetry_open(&options, &source, runtime->context.clock, &runtime->telemetry, err);
    runtime->context.telemetry = runtime->telemetry;
    return rc;
}

static void log_waiting(const struct runtime *runtime)
{
    struct log_event event;
    log_begin(&event, LOG_INFO, runtime->worker->name, "waiting for the bus");
    log_add(&event, "bus", "%s", bus_description(runtime->bus));
    log_end(&event);
}

static void log_ready(const struct runtime *runtime)
{
    struct log_event event;
    log_begin(&event, LOG_INFO, runtime->worker->name, "ready");
    log_add(&event, "member", "%s", runtime->member);
    log_add(&event, "bus", "%s", bus_description(runtime->bus));
    if (runtime->context.listens[0]) log_add(&event, "listens", "%s", runtime->context.listens);
    if (runtime->admin) log_add(&event, "admin", "%s", runtime->admin_listens);
    if (runtime->telemetry)
        log_add(&event, "spans", "%s", telemetry_description(runtime->telemetry));
    log_add(&event, "after_ms", "%.1f", (double)(runtime->ready_ns - runtime->started_ns) * 1e-6);
    log_end(&event);
}

static int start(struct runtime *runtime, struct err *err)
{
    const struct runtime_effects *effects = &runtime->effects;
    int rc = open_telemetry(runtime, err);
    if (rc) return rc;
    rc = effects->open_bus(effects->user, runtime->config, effects->clock, &runtime->bus, err);
    if (rc) return rc;
    runtime->context.bus = runtime->bus;
    if (runtime->worker->open) rc = runtime->worker->open(&runtime->context, err);
    if (rc) return rc;
    runtime->opened = true;
    malloc_trim(0); /* lists and models were read through what is free by now */
    if (runtime->worker->consumes) rc = open_consumer(runtime, err);
    if (rc == E_OK && runtime->options.admin[0]) rc = admin_start(runtime, err);
    if (rc) return rc;
    runtime->phase = PHASE_RUNNING;
    if (!runtime_is_ready(runtime)) log_waiting(runtime);
    return E_OK;
}

void worker_give_back(struct worker_context *context, int64_t ms)
{
    struct runtime *runtime = (struct runtime *)((char *)context -
                                                 offsetof(struct runtime, context));
    int64_t now = clock_mono_ms(context->clock);
    runtime->away_asked = true;
    runtime->away_until_ms = ms < INT64_MAX - now ? now + ms : INT64_MAX;
    worker_wake(context);
}

/* --- ready ------------------------------------------------------------------------------------ */

bool runtime_is_ready(struct runtime *runtime)
{
    return runtime->phase == PHASE_RUNNING && !runtime->fatal.code && !runtime->poll_failures &&
           !runtime->commit_failures && (!runtime->consumer || bus_answers(runtime->consumer)) &&
           (!runtime->worker->ready || runtime->worker->ready(&runtime->context));
}

void runtime_tell_ready(struct runtime *runtime)
{
    if (runtime->ready_ns || !runtime_is_ready(runtime)) return;
    runtime->ready_ns = clock_mono_ns(runtime->context.clock);
    atomic_store(&runtime->progress.ready, true);
    log_ready(runtime);
}

/* --- stop ------------------------------------------------------------------------------------- */

static void on_admin_stopped(void *user) { *(bool *)user = true; }

static void stop_admin(struct runtime *runtime)
{
    bool stopped = false;
    if (!runtime->admin) return;
    http_server_stop(runtime->admin, 0, on_admin_stopped, &stopped);
    for (int i = 0; i < ADMIN_STOP_TURNS && !stopped; i++) uv_run(&runtime->loop, UV_RUN_NOWAIT);
    http_server_destroy(runtime->admin);
    runtime->admin = NULL;
}

/* Backwards through start(). Deferred jobs are dropped before the worker closes, which is its last
 * chance to finish them, and forgotten after. */
static void shut_down(struct runtime *runtime)
{
    stop_admin(runtime);
    if (runtime->committer && committer_busy(runtime->committer)) bus_hasten(runtime->consumer);
    committer_destroy(runtime->committer);
    runtime->committer = NULL;
    if (runtime->consumer) {
        wakeup_on_readable(runtime, false);
        flow_drop_all(&runtime->flow);
    }
    if (runtime->opened && runtime->worker->close) runtime->worker->close(&runtime->context);
    if (runtime->consumer) flow_deinit(&runtime->flow);
    bus_unsubscribe(runtime->consumer);
    runtime->consumer = NULL;
    bus_close(runtime->bus);
    runtime->bus = NULL;
    telemetry_close(runtime->telemetry);
    runtime->telemetry = runtime->context.telemetry = NULL;
}

int runtime_begin(struct runtime *runtime, struct err *err)
{
    int rc = start(runtime, err);
    if (rc == E_OK) runtime_tick(runtime);
    return rc;
}

bool runtime_ended(const struct runtime *runtime) { return runtime->phase == PHASE_STOPPED; }

int runtime_end(struct runtime *runtime, int rc, struct err *err)
{
    if (rc == E_OK && runtime->fatal.code) {
        if (err) *err = runtime->fatal;
        rc = (int)runtime->fatal.code;
    }
    runtime->phase = PHASE_STOPPED;
    atomic_store(&runtime->progress.ready, false);
    shut_down(runtime);
    if (rc == E_OK) log_line(LOG_INFO, runtime->worker->name, "stopped");
    return rc;
}

int runtime_run(struct runtime *runtime, struct err *err)
{
    int rc = runtime_begin(runtime, err);
    if (rc == E_OK && !runtime_ended(runtime)) uv_run(&runtime->loop, UV_RUN_DEFAULT);
    return runtime_end(runtime, rc, err);
}

void runtime_stop(struct runtime *runtime)
{
    atomic_store(&runtime->stop_asked, true);
    uv_async_send(&runtime->wake);
}

void runtime_finish(struct runtime *runtime)
{
    atomic_store(&runtime->finish_asked, true);
    uv_async_send(&runtime->wake);
}

void runtime_reload(struct runtime *runtime)
{
    atomic_store(&runtime->reload_asked, true);
    uv_async_send(&runtime->wake);
}

void runtime_publish_progress(struct runtime *runtime)
{
    const struct flow_counters *counters = &runtime->flow.counters;
    bool idle = runtime->input_empty && runtime->flow.in_flight == 0 && !runtime->gathered &&
                !runtime->owes;
    atomic_store(&runtime->progress.done, counters->done);
    atomic_store(&runtime->progress.rejected, counters->rejected);
    atomic_store(&runtime->progress.outputs, counters->outputs);
    atomic_store(&runtime->progress.idle, idle);
}

void runtime_progress(const struct runtime *runtime, struct runtime_progress *ret_progress)
{
    *ret_progress = (struct runtime_progress){
        .done = atomic_load(&runtime->progress.done),
        .rejected = atomic_load(&runtime->progress.rejected),
        .outputs = atomic_load(&runtime->progress.outputs),
        .backlog_records = atomic_load(&runtime->progress.backlog_records),
        .ready = atomic_load(&runtime->progress.ready),
        .idle = atomic_load(&runtime->progress.idle),
        .unfinished = atomic_load(&runtime->progress.unfinished),
    };
}

const char *runtime_listens(const struct runtime *runtime) { return runtime->context.listens; }

/* --- destroy ---------------------------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

void runtime_destroy(struct runtime *runtime)
{
    if (!runtime) return;
    uv_walk(&runtime->loop, close_handle, NULL);
    /* Not once: a stop in the very first tick is still pending, and ends the first run at once. */
    while (uv_run(&runtime->loop, UV_RUN_DEFAULT)) continue;
    uv_loop_close(&runtime->loop);
    arena_deinit(&runtime->status_arena);
    ledger_deinit(runtime);
    free(runtime->backlog);
    free(runtime->worker_options);
    free(runtime);
}
