/* One worker's life: open, turn, drain, close.
 *
 * runtime_tick() is the one place where anything happens. Callbacks of libuv record nothing more
 * than that it is time, and call it. In its order: finish a commit, retry, run fresh records, poll,
 * gather and start the next commit. So the next batch is computed while one is being committed. */
#include "runtime/runtime.h"

#include <stdlib.h>

#include "base/log.h"
#include "runtime/internal.h"

#define OPTIONS_OWNER struct runtime_options
OPTIONS_TABLE(runtime, RUNTIME_OPTIONS, "How a worker runs: batches, delivery, retries, logs, admin address.");
#undef OPTIONS_OWNER

enum { RUN_CHUNK = 256, HEARTBEAT_MS = 1000, PAUSE_AFTER_MS = 5000 };

static int64_t now_ms(const struct runtime *runtime) { return clock_mono_ms(runtime->context.clock); }

static int64_t backoff_ms(struct runtime *runtime, uint32_t failures)
{
    int64_t most = runtime->options.backoff_least << (failures < 16 ? failures : 16);
    if (most > runtime->options.backoff_most) most = runtime->options.backoff_most;
    return runtime->options.backoff_least + (int64_t)random_below(&runtime->random, (uint64_t)most);
}

static void fail(struct runtime *runtime, const struct err *err)
{
    if (!runtime->fatal.code) runtime->fatal = *err;
}

/* --- starting over -------------------------------------------------------------------------- */

/* What is in flight is not ours any more, or was not committed: begin again at the committed positions. */
static void start_over(struct runtime *runtime)
{
    struct err err;
    flow_drop_all(&runtime->flow);
    runtime->gathered = false;
    runtime->generation_lost = false;
    if (runtime->worker->rewound) runtime->worker->rewound(&runtime->context);
    if (bus_rewind(runtime->consumer, &err)) {
        if (err_class(err.code) != ERR_RETRY) {
            fail(runtime, &err);
            return;
        }
        runtime->generation_lost = true; /* again after a while */
        runtime->poll_again_ms = now_ms(runtime) + backoff_ms(runtime, ++runtime->poll_failures);
    }
}

/* --- commit --------------------------------------------------------------------------------- */

static void commit_failed(struct runtime *runtime, const struct err *err)
{
    switch (err->code == E_CANCELLED ? ERR_REJECT : err_class(err->code)) {
    case ERR_RETRY: /* the same transaction again */
        runtime->commits_retried++;
        runtime->commit_again_ms = now_ms(runtime) + backoff_ms(runtime, runtime->commit_failures++);
        if (runtime->commit_failures % 4 == 1) log_error(LOG_WARN, runtime->worker->name, "commit will be tried again", err);
        return;
    case ERR_REJECT:
        runtime->commits_cancelled++;
        log_error(LOG_WARN, runtime->worker->name, "commit was cancelled; starting from what is committed", err);
        start_over(runtime);
        return;
    case ERR_FATAL: fail(runtime, err);
    }
}

static void take_commit(struct runtime *runtime)
{
    int code;
    struct err err;
    double seconds;
    if (!runtime->committer || !committer_take(runtime->committer, &code, &err, &seconds)) return;
    histogram_add(&runtime->commit_seconds, seconds, 1);
    if (code) {
        commit_failed(runtime, &err);
        return;
    }
    runtime->commits_done++;
    runtime->commit_failures = 0;
    runtime->gathered = false;
    flow_committed(&runtime->flow);
    arena_reset(&runtime->status_arena);
}

static void add_status(struct runtime *runtime, int64_t now)
{
    struct bus_output output;
    struct err err;
    if (now < runtime->next_status_ms || runtime->phase != PHASE_RUNNING) return;
    runtime->next_status_ms = now + runtime->options.status_every;
    if (!status_gather(runtime, &runtime->status_arena, &output)) return;
    if (flow_add_output(&runtime->flow, &output, &err) == E_OK) runtime->gathered = true;
}

static void start_commit(struct runtime *runtime, int64_t now)
{
    if (committer_busy(runtime->committer) || now < runtime->commit_again_ms) return;
    if (!runtime->gathered) {
        runtime->gathered = flow_gather(&runtime->flow);
        add_status(runtime, now);
    }
    if (!runtime->gathered) return;
    committer_start(runtime->committer, runtime->flow.outputs, runtime->flow.output_count, runtime->flow.positions,
                    runtime->flow.position_count);
}

/* --- taking in -------------------------------------------------------------------------------- */

/* Inside bus_poll(): a running commit is allowed to end first, as it is still ours. */
static void on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    struct runtime *runtime = user;
    (void)partitions;
    if (count == 0) return;
    committer_wait(runtime->committer);
    take_commit(runtime);
    flow_drop_all(&runtime->flow);
    runtime->gathered = false;
    runtime->generation_lost = true;
}

static void poll_failed(struct runtime *runtime, const struct err *err, int64_t now)
{
    if (err_class(err->code) == ERR_FATAL) {
        fail(runtime, err);
        return;
    }
    runtime->poll_again_ms = now + backoff_ms(runtime, runtime->poll_failures++);
    if (runtime->poll_failures % 4 == 1) log_error(LOG_WARN, runtime->worker->name, "the bus can't be read; trying again", err);
}

static void poll_bus(struct runtime *runtime, int64_t now)
{
    struct bus_batch batch = {0};
    struct err err;
    runtime->last_poll_ms = now;
    if (bus_poll(runtime->consumer, runtime->options.batch_records, runtime->options.batch_bytes, &batch, &err)) {
        poll_failed(runtime, &err, now);
        return;
    }
    runtime->poll_failures = 0;
    if (runtime->generation_lost) {
        bus_release(runtime->consumer, &batch);
        start_over(runtime);
        return;
    }
    runtime->input_empty = batch.count == 0;
    if (batch.count && flow_take(&runtime->flow, &batch, &err)) fail(runtime, &err);
}

/* Reads only what there is room for. When there is none for long, the source is paused, so that the
 * membership can be kept alive by polls that bring nothing. */
static void take_in(struct runtime *runtime, int64_t now)
{
    if (runtime->phase != PHASE_RUNNING || now < runtime->poll_again_ms) return;
    bool room = flow_has_room(&runtime->flow) && !flow_has_fresh(&runtime->flow);
    if (room && runtime->paused) bus_pause(runtime->consumer, runtime->paused = false);
    if (!room && !runtime->paused && now - runtime->last_poll_ms >= PAUSE_AFTER_MS) bus_pause(runtime->consumer, runtime->paused = true);
    if (room || (runtime->paused && now - runtime->last_poll_ms >= HEARTBEAT_MS)) poll_bus(runtime, now);
}

/* --- stopping and reloading --------------------------------------------------------------------- */

static void begin_drain(struct runtime *runtime)
{
    runtime->phase = PHASE_DRAINING;
    runtime->drain_deadline_ms = now_ms(runtime) + runtime->options.drain;
    if (runtime->worker->drain) runtime->worker->drain(&runtime->context);
}

static bool drained(struct runtime *runtime)
{
    if (runtime->worker->draining && runtime->worker->draining(&runtime->context)) return false;
    if (!runtime->consumer) return true;
    return runtime->flow.in_flight == 0 && !runtime->gathered && !committer_busy(runtime->committer);
}

static void reload(struct runtime *runtime)
{
    struct err err = {0};
    if (runtime->admin && http_server_reload_tls(runtime->admin, &err)) log_error(LOG_ERROR, runtime->worker->name, "admin certificate", &err);
    if (!runtime->worker->reload || runtime->worker->reload(&runtime->context, &err) == E_OK) {
        runtime->reloads_done++;
        log_line(LOG_INFO, runtime->worker->name, "reloaded");
        return;
    }
    runtime->reloads_refused++;
    log_error(LOG_ERROR, runtime->worker->name, "reload refused; what was in force stays", &err);
}

/* --- the tick ----------------------------------------------------------------------------------- */

static void publish_progress(struct runtime *runtime)
{
    const struct flow_counters *counters = &runtime->flow.counters;
    bool idle = runtime->input_empty && runtime->flow.in_flight == 0 && !runtime->gathered;
    atomic_store(&runtime->progress.done, counters->done);
    atomic_store(&runtime->progress.rejected, counters->rejected);
    atomic_store(&runtime->progress.outputs, counters->outputs);
    atomic_store(&runtime->progress.idle, idle);
}

static void set_readable(struct runtime *runtime, bool wanted);

static bool has_work(const struct runtime *runtime, int64_t now)
{
    if (flow_has_fresh(&runtime->flow)) return true;
    return runtime->phase == PHASE_RUNNING && !runtime->input_empty && now >= runtime->poll_again_ms && flow_has_room(&runtime->flow);
}

static void on_busy(uv_idle_t *handle) { runtime_tick(handle->data); }

static void set_busy(struct runtime *runtime, bool wanted)
{
    if (wanted == runtime->busy_started) return;
    runtime->busy_started = wanted;
    if (wanted) uv_idle_start(&runtime->busy, on_busy);
    else uv_idle_stop(&runtime->busy);
}

static void on_timer(uv_timer_t *handle)
{
    struct runtime *runtime = handle->data;
    runtime->input_empty = false; /* look again, whatever the descriptor says */
    runtime_tick(runtime);
}

/* The next time that something is due by the clock alone. */
static void arm_timer(struct runtime *runtime, int64_t now, int64_t retry_ms)
{
    int64_t due = now + (runtime->consumer ? HEARTBEAT_MS : 10 * HEARTBEAT_MS);
    if (runtime->phase == PHASE_DRAINING) due = now + 20;
    if (retry_ms >= 0 && retry_ms < due) due = retry_ms;
    if (runtime->poll_again_ms > now && runtime->poll_again_ms < due) due = runtime->poll_again_ms;
    if (runtime->commit_again_ms > now && runtime->commit_again_ms < due) due = runtime->commit_again_ms;
    uv_timer_start(&runtime->timer, on_timer, due > now ? (uint64_t)(due - now) : 1, 0);
}

static void tick_consumer(struct runtime *runtime, int64_t now, int64_t *retry_ms)
{
    take_commit(runtime);
    if (runtime->generation_lost && now >= runtime->poll_again_ms) start_over(runtime);
    *retry_ms = flow_retry_due(&runtime->flow, now);
    flow_run(&runtime->flow, RUN_CHUNK);
    if (runtime->flow.fatal.code) fail(runtime, &runtime->flow.fatal);
    if (runtime->fatal.code) return;
    take_in(runtime, now);
    if (runtime->fatal.code) return;
    start_commit(runtime, now);
    if (now >= runtime->next_backlog_ms) {
        runtime->next_backlog_ms = now + HEARTBEAT_MS;
        status_refresh(runtime);
    }
}

void runtime_tick(struct runtime *runtime)
{
    int64_t now = now_ms(runtime), retry_ms = -1;
    if (runtime->phase == PHASE_STOPPED) return;
    if (atomic_exchange(&runtime->reload_asked, false)) reload(runtime);
    if (atomic_load(&runtime->stop_asked) && runtime->phase == PHASE_RUNNING) begin_drain(runtime);
    if (runtime->consumer) tick_consumer(runtime, now, &retry_ms);
    publish_progress(runtime);
    bool late = runtime->phase == PHASE_DRAINING && now >= runtime->drain_deadline_ms;
    if (runtime->fatal.code || late || (runtime->phase == PHASE_DRAINING && drained(runtime))) {
        runtime->phase = PHASE_STOPPED;
        uv_stop(&runtime->loop);
        return;
    }
    bool work = runtime->consumer && has_work(runtime, now);
    set_busy(runtime, work);
    set_readable(runtime, runtime->consumer && !work && runtime->phase == PHASE_RUNNING && flow_has_room(&runtime->flow));
    arm_timer(runtime, now, retry_ms);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct runtime *runtime = handle->data;
    (void)status, (void)events;
    runtime->input_empty = false;
    runtime_tick(runtime);
}

static void set_readable(struct runtime *runtime, bool wanted)
{
    if (wanted == runtime->readable_started) return;
    runtime->readable_started = wanted;
    if (wanted) uv_poll_start(&runtime->readable, UV_READABLE, on_readable);
    else uv_poll_stop(&runtime->readable);
}

static void on_wake(uv_async_t *handle) { runtime_tick(handle->data); }
static void on_commit_done(void *user) { uv_async_send(&((struct runtime *)user)->wake); }

/* --- life ------------------------------------------------------------------------------------- */

static int open_consumer(struct runtime *runtime, struct err *err)
{
    enum topic topics[TOPIC_COUNT];
    size_t count = 0;
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (runtime->worker->consumes >> i & 1) topics[count++] = (enum topic)i;
    if (count == 0) return E_OK;
    struct bus_subscription subscription = {
        .group = runtime->options.group[0] ? runtime->options.group : runtime->worker->name,
        .member = runtime->member,
        .topics = topics,
        .topic_count = count,
        .start = BUS_EARLIEST,
        .at_least_once = runtime->options.delivery == 1,
        .on_revoked = on_revoked,
        .user = runtime,
    };
    int rc = bus_subscribe(runtime->bus, &subscription, &runtime->consumer, err);
    if (rc) return rc;
    struct flow_limits limits = {
        .batches = runtime->options.batches,
        .attempts = runtime->options.attempts,
        .backoff_least_ms = runtime->options.backoff_least,
        .backoff_most_ms = runtime->options.backoff_most,
        .transaction_records = runtime->options.batch_records * runtime->options.batches,
        .dead_letter_bytes = runtime->options.dead_letter_bytes,
    };
    flow_init(&runtime->flow, &runtime->context, runtime->consumer, &limits);
    rc = committer_create(runtime->consumer, on_commit_done, runtime, &runtime->committer, err);
    if (rc) return rc;
    uv_poll_init(&runtime->loop, &runtime->readable, bus_wake_fd(runtime->consumer));
    runtime->readable.data = runtime;
    return E_OK;
}

int runtime_create(const struct worker *worker, const struct config *config, struct runtime **ret_runtime, struct err *err)
{
    struct runtime *runtime = calloc(1, sizeof *runtime);
    if (!runtime) return err_set(err, E_NO_MEMORY, NULL);
    runtime->worker = worker;
    runtime->config = config;
    runtime->started_ns = clock_mono_ns(clock_system());
    int rc = config_get(config, &runtime_option_table, &runtime->options, err);
    if (rc == E_OK && worker->options) {
        runtime->worker_options = calloc(1, worker->options->struct_bytes);
        rc = runtime->worker_options ? config_get(config, worker->options, runtime->worker_options, err) : err_set(err, E_NO_MEMORY, NULL);
    }
    if (rc == E_OK && uv_loop_init(&runtime->loop)) rc = err_set(err, E_SYSTEM, "no event loop");
    if (rc) {
        free(runtime->worker_options);
        free(runtime);
        return rc;
    }
    random_seed_system(&runtime->random);
    snprintf(runtime->member, sizeof runtime->member, "%s-%u", worker->name, runtime->options.replica);
    uv_async_init(&runtime->loop, &runtime->wake, on_wake);
    uv_timer_init(&runtime->loop, &runtime->timer);
    uv_idle_init(&runtime->loop, &runtime->busy);
    runtime->wake.data = runtime->timer.data = runtime->busy.data = runtime;
    runtime->context = (struct worker_context){
        .worker = worker, .config = config, .options = runtime->worker_options, .clock = clock_system(),
        .random = &runtime->random, .member = runtime->member, .loop = &runtime->loop,
        .wake = &runtime->wake,
    };
    *ret_runtime = runtime;
    return E_OK;
}

static int start(struct runtime *runtime, bool *ret_opened, struct err *err)
{
    int rc = bus_open(runtime->config, runtime->context.clock, &runtime->bus, err);
    if (rc) return rc;
    runtime->context.bus = runtime->bus;
    if (runtime->worker->open) rc = runtime->worker->open(&runtime->context, err);
    if (rc) return rc;
    *ret_opened = true;
    rc = open_consumer(runtime, err);
    if (rc == E_OK && runtime->options.admin[0]) rc = admin_start(runtime, err);
    if (rc) return rc;
    runtime->phase = PHASE_RUNNING;
    runtime->ready_ns = clock_mono_ns(runtime->context.clock);
    atomic_store(&runtime->progress.ready, true);
    struct log_event event;
    log_begin(&event, LOG_INFO, runtime->worker->name, "ready");
    log_add(&event, "member", "%s", runtime->member);
    log_add(&event, "bus", "%s", bus_description(runtime->bus));
    log_add(&event, "after_ms", "%.1f", (double)(runtime->ready_ns - runtime->started_ns) * 1e-6);
    log_end(&event);
    return E_OK;
}

static void on_admin_stopped(void *user) { *(bool *)user = true; }

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void close_loop(struct runtime *runtime)
{
    uv_walk(&runtime->loop, close_handle, NULL);
    uv_run(&runtime->loop, UV_RUN_DEFAULT);
    uv_loop_close(&runtime->loop);
}

static void shut_down(struct runtime *runtime, bool opened)
{
    if (runtime->admin) {
        bool stopped = false;
        http_server_stop(runtime->admin, 0, on_admin_stopped, &stopped);
        for (int i = 0; i < 1000 && !stopped; i++) uv_run(&runtime->loop, UV_RUN_NOWAIT);
    }
    committer_destroy(runtime->committer);
    runtime->committer = NULL;
    if (runtime->consumer) {
        set_readable(runtime, false);
        flow_deinit(&runtime->flow);
    }
    if (opened && runtime->worker->close) runtime->worker->close(&runtime->context);
    bus_unsubscribe(runtime->consumer);
    runtime->consumer = NULL;
    http_server_destroy(runtime->admin);
    runtime->admin = NULL;
    bus_close(runtime->bus);
    runtime->bus = NULL;
}

int runtime_run(struct runtime *runtime, struct err *err)
{
    bool opened = false;
    int rc = start(runtime, &opened, err);
    if (rc == E_OK) {
        runtime_tick(runtime);
        if (runtime->phase != PHASE_STOPPED) uv_run(&runtime->loop, UV_RUN_DEFAULT);
        if (runtime->fatal.code) {
            if (err) *err = runtime->fatal;
            rc = runtime->fatal.code;
        }
    }
    runtime->phase = PHASE_STOPPED;
    atomic_store(&runtime->progress.ready, false);
    shut_down(runtime, opened);
    if (rc == E_OK) log_line(LOG_INFO, runtime->worker->name, "stopped");
    return rc;
}

void runtime_stop(struct runtime *runtime)
{
    atomic_store(&runtime->stop_asked, true);
    uv_async_send(&runtime->wake);
}

void runtime_reload(struct runtime *runtime)
{
    atomic_store(&runtime->reload_asked, true);
    uv_async_send(&runtime->wake);
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
    };
}

void runtime_destroy(struct runtime *runtime)
{
    if (!runtime) return;
    close_loop(runtime);
    arena_deinit(&runtime->status_arena);
    free(runtime->backlog);
    free(runtime->worker_options);
    free(runtime);
}
