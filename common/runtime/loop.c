/* One turn of a worker's loop.
 *
 * runtime_tick() is the one place where anything happens. Callbacks of libuv record nothing more
 * than that it is time, and call it. In its order: finish a commit, retry, run fresh records, poll,
 * gather and start the next commit. So the next batch is computed while one is being committed, and
 * what is done is committed as soon as the committer is free: under load in large
 * transactions, else at once.
 *
 * When a generation is lost (a commit was cancelled, or partitions changed hands inside
 * bus_poll()), everything in flight is dropped at once, and nothing runs until bus_rewind()
 * has succeeded. */

#include "base/log.h"
#include "base/mutant.h"
#include "runtime/internal.h"

enum { RUN_CHUNK = 256, HEARTBEAT_MS = 1000, PAUSE_AFTER_MS = 5000 };
enum { LAST_TRIES = 3 }; /* of a commit before a stop, where the bus's disk is full */

int64_t runtime_now_ms(const struct runtime *runtime)
{
    return clock_mono_ms(runtime->context.clock);
}

int64_t runtime_backoff_ms(struct runtime *runtime, uint32_t failures)
{
    return flow_backoff_ms(&runtime->flow.limits, &runtime->random, failures);
}

void runtime_fail(struct runtime *runtime, const struct err *err)
{
    if (!runtime->fatal.code) runtime->fatal = *err;
}

void runtime_complain(const struct runtime *runtime, uint32_t failures, const char *what,
                      const struct err *err)
{
    if (failures % 4 == 1) log_error(LOG_WARN, runtime->worker->name, what, err);
}

/* --- starting over -------------------------------------------------------------------------- */

void runtime_lose_generation(struct runtime *runtime)
{
    flow_drop_all(&runtime->flow);
    arena_reset(&runtime->status_arena);
    ledger_forget(runtime);
    runtime->gathered = runtime->owes = false;
    runtime->generation_lost = true;
    runtime->told = (struct status_told){0}; /* a status may have been lost with it */
    if (runtime->worker->rewound) runtime->worker->rewound(&runtime->context);
}

/* Begins again at the committed positions. False: not yet. */
static bool start_over(struct runtime *runtime, int64_t now)
{
    struct err err;
    if (now < runtime->poll_again_ms) return false;
    if (bus_rewind(runtime->consumer, &err) == E_OK) {
        runtime->generation_lost = false;
        return true;
    }
    if (err_class(err.code) == ERR_FATAL) {
        runtime_fail(runtime, &err);
        return false;
    }
    runtime->poll_again_ms = now + runtime_backoff_ms(runtime, ++runtime->poll_failures);
    runtime_complain(runtime, runtime->poll_failures,
                     "committed positions can't be read; trying again", &err);
    return false;
}

/* --- taking in ------------------------------------------------------------------------------ */

/* Inside bus_poll(): a running commit is allowed to end first, as its partitions are still ours.
 * Also while none are: that of a status may run, and what it commits through goes. */
void runtime_on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    struct runtime *runtime = user;
    (void)partitions;
    committer_wait(runtime->committer);
    commit_take(runtime);
    commit_tell_last(runtime);
    if (count == 0 || MUTANT(no_fencing)) return;
    if (!runtime->generation_lost) runtime_lose_generation(runtime);
}

static void poll_failed(struct runtime *runtime, const struct err *err, int64_t now)
{
    if (err_class(err->code) == ERR_FATAL) {
        runtime_fail(runtime, err);
        return;
    }
    runtime->poll_again_ms = now + runtime_backoff_ms(runtime, ++runtime->poll_failures);
    runtime_complain(runtime, runtime->poll_failures, "the bus can't be read; trying again", err);
}

static void poll_bus(struct runtime *runtime, int64_t now)
{
    const struct runtime_options *options = &runtime->options;
    struct bus_batch batch = {0};
    struct err err;
    runtime->last_poll_ms = now;
    if (bus_poll(runtime->consumer, options->batch_records, options->batch_bytes, &batch, &err)) {
        poll_failed(runtime, &err, now);
        return;
    }
    runtime->poll_failures = 0;
    runtime->input_empty = batch.count == 0;
    if (runtime->generation_lost) { /* what was read before the loss will be read again */
        bus_release(runtime->consumer, &batch);
        runtime->input_empty = false;
        return;
    }
    status_count(runtime, &batch);
    if (batch.count && flow_take(&runtime->flow, &batch, &err)) runtime_fail(runtime, &err);
}

static void set_paused(struct runtime *runtime, bool paused)
{
    if (runtime->paused == paused) return;
    runtime->paused = paused;
    bus_pause(runtime->consumer, paused);
}

/* Reads only what there is room for. When there is none for long, the source is paused, so that the
 * membership can be kept alive by polls that bring nothing. */
static void take_in(struct runtime *runtime, int64_t now)
{
    if (now < runtime->poll_again_ms) return;
    bool room = flow_has_room(&runtime->flow) && !flow_has_fresh(&runtime->flow);
    room = room && runtime->phase == PHASE_RUNNING && now >= runtime->away_until_ms;
    int64_t unpolled_ms = now - runtime->last_poll_ms;
    if (room) set_paused(runtime, false);
    else if (unpolled_ms >= PAUSE_AFTER_MS) set_paused(runtime, true);
    if (room || (runtime->paused && unpolled_ms >= HEARTBEAT_MS)) poll_bus(runtime, now);
}

/* --- stopping and reloading ----------------------------------------------------------------- */

static void begin_drain(struct runtime *runtime)
{
    runtime->phase = PHASE_DRAINING;
    runtime->drain_deadline_ms = runtime_now_ms(runtime) + runtime->options.drain;
    if (runtime->commit_failures && runtime->failed_by_disk) runtime->commit_again_ms = 0;
    if (runtime->worker->drain) runtime->worker->drain(&runtime->context);
}

/* Nothing in flight, and nothing to read. What the last poll found counts only if it began
 * after this was asked for. */
static bool finished(struct runtime *runtime)
{
    if (!runtime->consumer) return true;
    if (!runtime->finishing) {
        runtime->finishing = true;
        runtime->input_empty = false;
        return false;
    }
    return runtime->input_empty && !runtime->generation_lost && runtime->flow.in_flight == 0 &&
           !runtime->gathered && !runtime->owes;
}

/* The bus can't be reached, or written, and only the bus is waited for: what isn't committed will
 * be read again. */
static bool hopeless(struct runtime *runtime)
{
    if (!runtime->consumer) return false;
    bool answers = bus_answers(runtime->consumer);
    if (answers && runtime->last_tries < LAST_TRIES) return false;
    if (!answers) bus_hasten(runtime->consumer);
    if (runtime->worker->draining && runtime->worker->draining(&runtime->context)) return false;
    return runtime->commit_failures && !committer_busy(runtime->committer);
}

static bool drained(struct runtime *runtime)
{
    if (runtime->worker->draining && runtime->worker->draining(&runtime->context)) return false;
    if (!runtime->consumer) return true;
    return runtime->flow.in_flight == 0 && !runtime->gathered && !runtime->owes &&
           !committer_busy(runtime->committer);
}

static void reload(struct runtime *runtime)
{
    const char *name = runtime->worker->name;
    struct err err = {0};
    if (!runtime->worker->reload || runtime->worker->reload(&runtime->context, &err) == E_OK) {
        runtime->reloads_done++;
        log_line(LOG_INFO, name, "reloaded");
        return;
    }
    runtime->reloads_refused++;
    log_error(LOG_ERROR, name, "reload refused; what was in force stays", &err);
}

static void stop_loop(struct runtime *runtime, bool late)
{
    struct log_event event;
    runtime->phase = PHASE_STOPPED;
    uv_stop(&runtime->loop);
    if (!late) return;
    atomic_store(&runtime->progress.unfinished, true);
    log_begin(&event, LOG_WARN, runtime->worker->name,
              "stopping unfinished; what is in flight will be read again");
    log_add(&event, "in_flight", "%u", runtime->flow.in_flight);
    log_end(&event);
}

/* --- the tick ------------------------------------------------------------------------------- */

static void take_failure(struct runtime *runtime)
{
    if (runtime->flow.fatal.code) runtime_fail(runtime, &runtime->flow.fatal);
}

static void tick_consumer(struct runtime *runtime, int64_t now, int64_t *retry_ms)
{
    commit_take(runtime);
    if (runtime->generation_lost && !start_over(runtime, now)) return;
    *retry_ms = flow_retry_due(&runtime->flow, now);
    flow_run(&runtime->flow, RUN_CHUNK);
    take_failure(runtime);
    if (!runtime->fatal.code) take_in(runtime, now);
    if (runtime->fatal.code || runtime->generation_lost) return;
    commit_start(runtime, now);
    if (now < runtime->next_backlog_ms) return;
    runtime->next_backlog_ms = now + HEARTBEAT_MS;
    status_refresh(runtime);
}

void runtime_tick(struct runtime *runtime)
{
    int64_t now = runtime_now_ms(runtime), retry_ms = -1;
    if (runtime->phase == PHASE_STOPPED) return;
    if (atomic_exchange(&runtime->reload_asked, false)) reload(runtime);
    if (atomic_load(&runtime->stop_asked) && runtime->phase == PHASE_RUNNING) begin_drain(runtime);
    if (runtime->consumer) tick_consumer(runtime, now, &retry_ms);
    take_failure(runtime);
    runtime_tell_ready(runtime);
    runtime_publish_progress(runtime);
    if (runtime->phase == PHASE_RUNNING && atomic_load(&runtime->finish_asked) && finished(runtime))
        begin_drain(runtime);
    bool draining = runtime->phase == PHASE_DRAINING, done = draining && drained(runtime);
    bool late = draining && !done && (now >= runtime->drain_deadline_ms || hopeless(runtime));
    if (done || late || runtime->fatal.code) stop_loop(runtime, late && !runtime->fatal.code);
    else wakeup_arrange(runtime, now, retry_ms);
}
