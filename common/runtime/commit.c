/* The loop's side of commits: what goes into the next one, when it begins, and what becomes of one
 * that failed. The committer's thread does the waiting.
 *
 * At least once on Kafka a commit writes outputs alone; their positions, and what the ledger says
 * of them, go with the first commit TELL_EVERY_MS after those before, and before partitions change
 * hands or the worker stops: with single records they would be half of what a broker has to do. */

#include "base/log.h"
#include "runtime/internal.h"

enum { LAST_TRY_EVERY_MS = 100, TELL_EVERY_MS = 100, LONG_COMMIT_MS = 5, REST_MOST_MS = 50 };

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
        runtime_fail(runtime, &why);
        return;
    }
    arena_reset(&runtime->status_arena); /* its messages have gone from the transaction */
    if (ledger_add_gathered(runtime, &why)) runtime_fail(runtime, &why);
}

/* The same transaction again, later; meanwhile what is in flight fills up, and the source is
 * paused. Before a stop there is no time for a disk that is full (the embedded bus's; brokers fail
 * in other ways): it is tried a few times at once. */
static void commit_again(struct runtime *runtime, const struct err *err)
{
    bool by_disk = err->code == E_DISK_FULL || err->code == E_IO;
    bool last = by_disk && runtime->phase == PHASE_DRAINING;
    int64_t wait_ms = runtime_backoff_ms(runtime, ++runtime->commit_failures);
    runtime->commits_retried++;
    runtime->last_tries += last;
    runtime->failed_by_disk = by_disk;
    runtime->commit_again_ms = runtime_now_ms(runtime) + (last ? LAST_TRY_EVERY_MS : wait_ms);
    runtime_complain(runtime, runtime->commit_failures, "commit will be tried again", err);
}

static void commit_failed(struct runtime *runtime, const struct err *err)
{
    if (err->code == E_TOO_LARGE) {
        commit_too_large(runtime, err);
    } else if (err->code == E_CANCELLED) {
        runtime->commits_cancelled++;
        log_error(LOG_WARN, runtime->worker->name,
                  "commit was cancelled; starting from what is committed", err);
        runtime_lose_generation(runtime);
    } else if (err_class(err->code) == ERR_FATAL) {
        runtime_fail(runtime, err);
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
    runtime->rest_until_ms = runtime_now_ms(runtime) + rest_ms;
}

void commit_take(struct runtime *runtime)
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
    runtime_fail(runtime, &err);
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
    runtime_lose_generation(runtime);
}

void commit_start(struct runtime *runtime, int64_t now)
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

void commit_tell_last(struct runtime *runtime)
{
    if (!runtime->owes || runtime->gathered || runtime->generation_lost) return;
    runtime->tell_ms = 0;
    commit_start(runtime, runtime_now_ms(runtime));
    committer_wait(runtime->committer);
    commit_take(runtime);
}
