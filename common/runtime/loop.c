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
 * has succeeded.
 *
 * At least once on Kafka a commit writes outputs alone; their positions, and what the ledger says
 * of them, go with the first commit TELL_EVERY_MS after those before, and before partitions change
 * hands or the worker stops: with single records they would be half of what a broker has to do. */

#include "base/log.h"
#include "base/mutant.h"
#include "runtime/internal.h"

enum { RUN_CHUNK = 256, HEARTBEAT_MS = 1000, PAUSE_AFTER_MS = 5000 };
/* Before a stop, where the bus's disk is full. */
enum { LAST_TRIES = 3, LAST_TRY_EVERY_MS = 100 };
enum { TELL_EVERY_MS = 100 };
enum { LONG_COMMIT_MS = 5, REST_MOST_MS = 50 };

static int64_t now_ms(const struct runtime *runtime)
{
    return clock_mono_ms(runtime->context.clock);
}

static int64_t backoff_ms(struct runtime *runtime, uint32_t failures)
{
    return flow_backoff_ms(&runtime->flow.limits, &runtime->random, failures);
}

static void fail(struct runtime *runtime, const struct err *err)
{
    if (!runtime->fatal.code) runtime->fatal = *err;
}

/* Every fourth failure of a row is worth a line. */
static void complain(const struct runtime *runtime, uint32_t failures, const char *what,
                     const struct err *err)
{
    if (failures % 4 == 1) log_error(LOG_WARN, runtime->worker->name, what, err);
}

/* --- starting over -------------------------------------------------------------------------- */

/* What is in flight is not ours any more, or can't be committed. No commit is running. */
static void lose_generation(struct runtime *runtime)
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
        fail(runtime, &err);
        return false;
    }
    runtime->poll_again_ms = now + backoff_ms(runtime, ++runtime->poll_failures);
    complain(runtime, runtime->poll_failures, "committed positions can't be read; trying again",
             &err);
    return false;
}

/* --- commit --------------------------------------------------------------------------------- */

/* A broker with a lower limit than ours: never the same transaction again. */
static void commit_too_large(struct runtime *runtime, const struct err *err)
{
    struct err why;
    log_error(LOG_WARN, runtime->worker->name,
              "the bus refuses a message; its record becomes a dead letter", err);
    runtime->commits_retried++;
    if (flow_refuse_largest(&runtime->flow, err, &why)) {
        /* not even a bare dead letter is taken */
        if (err_class(why.code) != ERR_FATAL) why.code = E_SYSTEM;
        fail(runtime, &why);
        return;
    }
    arena_reset(&runtime->status_arena); /* its messages have gone from the transaction */
    if (ledger_add_gathered(runtime, &why)) fail(runtime, &why);
}

/* The same transaction again, later; meanwhile what is in flight fills up, and the source is
 * paused. Before a stop there is no time for a disk that is full (the embedded bus's; brokers fail
 * in other ways): it is tried a few times at once. */
static void commit_again(struct runtime *runtime, const struct err *err)
{
    bool by_disk = err->code == E_DISK_FULL || err->code == E_IO;
    bool last = by_disk && runtime->phase == PHASE_DRAINING;
    int64_t wait_ms = backoff_ms(runtime, ++runtime->commit_failures);
    runtime->commits_retried++;
    runtime->last_tries += last;
    runtime->failed_by_disk = by_disk;
    runtime->commit_again_ms = now_ms(runtime) + (last ? LAST_TRY_EVERY_MS : wait_ms);
    complain(runtime, runtime->commit_failures, "commit will be tried again", err);
}

static void commit_failed(struct runtime *runtime, const struct err *err)
{
    if (err->code == E_TOO_LARGE) {
        commit_too_large(runtime, err);
    } else if (err->code == E_CANCELLED) {
        runtime->commits_cancelled++;
        log_error(LOG_WARN, runtime->worker->name,
                  "commit was cancelled; starting from what is committed", err);
        lose_generation(runtime);
    } else if (err_class(err->code) == ERR_FATAL) {
        fail(runtime, err);
    } else {
        commit_again(runtime, err);
    }
}

/* What was gathered is written, as far as it is to be. */
static void end_commit(struct runtime *runtime)
{
    runtime->gathered = false;
    if (runtime->flow.position_count) {
        runtime->owes = runtime->flow.withholds;
        ledger_committed(runtime);
    }
    flow_committed(&runtime->flow);
    arena_reset(&runtime->status_arena);
}

/* A transaction of many records costs a broker little more than one of few, and all wait for the
 * same broker. So while they take long, the next gathers for half as long as the last one took. */
static void rest(struct runtime *runtime, double seconds)
{
    int64_t took_ms = (int64_t)(seconds * 1e3);
    int64_t rest_ms = took_ms / 2 < REST_MOST_MS ? took_ms / 2 : REST_MOST_MS;
    if (!runtime->rests || took_ms < LONG_COMMIT_MS) return;
    runtime->rest_until_ms = now_ms(runtime) + rest_ms;
}

static void take_commit(struct runtime *runtime)
{
    int code;
    struct err err;
    double seconds;
    if (!committer_take(runtime->committer, &code, &err, &seconds)) return;
    histogram_add(&runtime->commit_seconds, seconds, 1);
    if (code) {
        commit_failed(runtime, &err);
        return;
    }
    runtime->commits_done++;
    rest(runtime, seconds);
    runtime->commit_failures = runtime->last_tries = 0;
    end_commit(runtime);
}

static void add_status(struct runtime *runtime, int64_t now)
{
    struct bus_output output;
    struct err err;
    enum status_due due = status_due(runtime, now);
    if (due == STATUS_NOT_DUE || runtime->phase != PHASE_RUNNING) return;
    if (!status_gather(runtime, due, now, &output)) return;
    bool silent = due == STATUS_NEWS && !runtime->gathered &&
                  ledger_add_silence(runtime, &err) == E_OK;
    bool told = flow_add_output(&runtime->flow, &output, &err) == E_OK;
    if ((silent && ledger_is_kept(runtime)) || told) runtime->gathered = true;
}

/* Without its entry in the ledger a transaction must not be committed. */
static bool add_ledger(struct runtime *runtime)
{
    struct err err;
    if (ledger_add_gathered(runtime, &err) == E_OK) return true;
    fail(runtime, &err);
    return false;
}

static void gather(struct runtime *runtime, int64_t now)
{
    struct flow *flow = &runtime->flow;
    flow->withholds = runtime->tells_seldom && now < runtime->tell_ms &&
                      runtime->phase == PHASE_RUNNING;
    runtime->gathered = flow_gather(flow);
    if (runtime->gathered && !flow->withholds) runtime->tell_ms = now + TELL_EVERY_MS;
}

/* Nothing of what is in flight is left to be committed. */
static void give_back(struct runtime *runtime)
{
    runtime->away_asked = false;
    lose_generation(runtime);
}

static void start_commit(struct runtime *runtime, int64_t now)
{
    const struct flow *flow = &runtime->flow;
    bool rests = now < runtime->rest_until_ms && flow_has_room(flow);
    if (committer_busy(runtime->committer) || now < runtime->commit_again_ms) return;
    if (rests && runtime->phase == PHASE_RUNNING) return;
    if (!runtime->gathered) {
        gather(runtime, now);
        if (runtime->gathered && !add_ledger(runtime)) return;
        add_status(runtime, now);
    }
    if (!runtime->gathered) {
        if (runtime->away_asked && !runtime->owes) give_back(runtime);
        return;
    }
    size_t position_count = flow->withholds ? 0 : flow->position_count;
    if (flow->output_count + position_count == 0) /* nothing came of the records */
        end_commit(runtime);
    else
        committer_start(runtime->committer, flow->outputs, flow->output_count, flow->positions,
                        position_count);
}

/* Before partitions go: for their next owner. */
static void tell_last(struct runtime *runtime)
{
    if (!runtime->owes || runtime->gathered || runtime->generation_lost) return;
    runtime->tell_ms = 0;
    start_commit(runtime, now_ms(runtime));
    committer_wait(runtime->committer);
    take_commit(runtime);
}

/* --- taking in ------------------------------------------------------------------------------ */

/* Inside bus_poll(): a running commit is allowed to end first, as its partitions are still ours.
 * Also while none are: that of a status may run, and what it commits through goes. */
void runtime_on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    struct runtime *runtime = user;
    (void)partitions;
    committer_wait(runtime->committer);
    take_commit(runtime);
    tell_last(runtime);
    if (count == 0 || MUTANT(no_fencing)) return;
    if (!runtime->generation_lost) lose_generation(runtime);
}

static void poll_failed(struct runtime *runtime, const struct err *err, int64_t now)
{
    if (err_class(err->code) == ERR_FATAL) {
        fail(runtime, err);
        return;
    }
    runtime->poll_again_ms = now + backoff_ms(runtime, ++runtime->poll_failures);
    complain(runtime, runtime->poll_failures, "the bus can't be read; trying again", err);
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
    if (batch.count && flow_take(&runtime->flow, &batch, &err)) fail(runtime, &err);
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
    runtime->drain_deadline_ms = now_ms(runtime) + runtime->options.drain;
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

static void tick_consumer(struct runtime *runtime, int64_t now, int64_t *retry_ms)
{
    take_commit(runtime);
    if (runtime->generation_lost && !start_over(runtime, now)) return;
    *retry_ms = flow_retry_due(&runtime->flow, now);
    flow_run(&runtime->flow, RUN_CHUNK);
    if (runtime->flow.fatal.code) fail(runtime, &runtime->flow.fatal);
    if (!runtime->fatal.code) take_in(runtime, now);
    if (runtime->fatal.code || runtime->generation_lost) return;
    start_commit(runtime, now);
    if (now < runtime->next_backlog_ms) return;
    runtime->next_backlog_ms = now + HEARTBEAT_MS;
    status_refresh(runtime);
}

void runtime_tick(struct runtime *runtime)
{
    int64_t now = now_ms(runtime), retry_ms = -1;
    if (runtime->phase == PHASE_STOPPED) return;
    if (atomic_exchange(&runtime->reload_asked, false)) reload(runtime);
    if (atomic_load(&runtime->stop_asked) && runtime->phase == PHASE_RUNNING) begin_drain(runtime);
    if (runtime->consumer) tick_consumer(runtime, now, &retry_ms);
    runtime_tell_ready(runtime);
    runtime_publish_progress(runtime);
    if (runtime->phase == PHASE_RUNNING && atomic_load(&runtime->finish_asked) && finished(runtime))
        begin_drain(runtime);
    bool draining = runtime->phase == PHASE_DRAINING, done = draining && drained(runtime);
    bool late = draining && !done && (now >= runtime->drain_deadline_ms || hopeless(runtime));
    if (done || late || runtime->fatal.code) stop_loop(runtime, late && !runtime->fatal.code);
    else wakeup_arrange(runtime, now, retry_ms);
}
