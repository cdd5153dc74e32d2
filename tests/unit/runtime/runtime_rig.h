/* Runtimes on threads of this process, on an embedded bus in a folder of its own.
 * Every wait is for something that must happen, and gives up after four minutes. */
#ifndef VERBATIM_TESTS_RUNTIME_RIG_H
#define VERBATIM_TESTS_RUNTIME_RIG_H

#include "must.h"
#include "own_folder.h"
#include "replica.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "bus/backend.h"
#include "runtime/internal.h"

enum { RIG_WAIT_MS = 240000, RIG_PARTITIONS = 4, RIG_TURN_MS = 1 };


/* --- faults: the test's CMakeLists wraps these calls of the bus ------------------------------- */

/* as if the bus were Kafka: at least once positions are told seldom */
static atomic_bool rig_positions_apart;

bool __wrap_bus_positions_apart(const struct bus *bus);
bool __wrap_bus_positions_apart(const struct bus *bus)
{
    (void)bus;
    return atomic_load(&rig_positions_apart);
}

/* the next `count` commits give this code */
static atomic_int commit_fault, commit_fault_count, commits_asked;
/* of those only that withhold their positions, as the one before did */
static atomic_bool commit_fault_withheld;
static atomic_int commits_withheld; /* in a row */
/* each takes so long; how many are at it */
static atomic_int commit_takes_ms, commits_running;
/* the shortest time between two, and when the last one ended; 0: none yet */
static atomic_int_fast64_t commits_gap_ms, commit_ended_ms;
/* how many were asked for with positions; of these, without an entry in the ledger */
static atomic_int commits_telling, commits_unaccounted;
/* and how many with nothing at all */
static atomic_int commits_empty;
/* of one message; 0: any, as a broker with a lower limit than ours */
static atomic_size_t commit_bytes_most;

int __real_bus_commit(struct bus_consumer *consumer, const struct bus_output *outputs,
                      size_t output_count, const struct bus_position *positions,
                      size_t position_count, struct err *err);
int __wrap_bus_commit(struct bus_consumer *consumer, const struct bus_output *outputs,
                      size_t output_count, const struct bus_position *positions,
                      size_t position_count, struct err *err);
int __wrap_bus_commit(struct bus_consumer *consumer, const struct bus_output *outputs,
                      size_t output_count, const struct bus_position *positions,
                      size_t position_count, struct err *err)
{
    bool accounted = position_count == 0;
    for (size_t i = 0; i < output_count; i++) accounted |= outputs[i].topic == TOPIC_LEDGER;
    atomic_fetch_add(&commits_telling, position_count > 0);
    atomic_fetch_add(&commits_unaccounted, !accounted);
    atomic_fetch_add(&commits_empty, output_count + position_count == 0);
    atomic_fetch_add(&commits_asked, 1);
    int64_t gap_ms = clock_mono_ms(clock_system()) - atomic_load(&commit_ended_ms);
    if (gap_ms < atomic_load(&commits_gap_ms)) atomic_store(&commits_gap_ms, gap_ms);
    atomic_fetch_add(&commits_running, 1);
    if (atomic_load(&commit_takes_ms)) poll(NULL, 0, atomic_load(&commit_takes_ms));
    atomic_fetch_sub(&commits_running, 1);
    atomic_store(&commit_ended_ms, clock_mono_ms(clock_system()));
    bool withheld_before = atomic_load(&commits_withheld) > 0;
    if (position_count) atomic_store(&commits_withheld, 0);
    if (atomic_load(&commit_fault_count) > 0 &&
        (!atomic_load(&commit_fault_withheld) || (position_count == 0 && withheld_before))) {
        atomic_fetch_sub(&commit_fault_count, 1);
        return err_set(err, (enum err_code)atomic_load(&commit_fault), "by the test");
    }
    for (size_t i = 0; i < output_count && atomic_load(&commit_bytes_most); i++)
        if (outputs[i].value.size > atomic_load(&commit_bytes_most))
            return err_set(err, E_TOO_LARGE, "by the test");
    atomic_fetch_add(&commits_withheld, position_count == 0);
    return __real_bus_commit(consumer, outputs, output_count, positions, position_count, err);
}

static inline void rig_fail_commits(enum err_code code, int count)
{
    atomic_store(&commit_fault, (int)code);
    atomic_store(&commit_fault_count, count);
}

/* --- a worker that does what the message says ------------------------------------------------- */

static atomic_int shell_hold, shell_reload_fails, shell_reloads, shell_drains, shell_deferred,
    shell_rewinds;

struct shell {
    struct job *held[64];
    int held_count;
    uv_timer_t timer; /* finishes what is held, once shell_hold is off */
};

static inline void shell_release(struct shell *shell)
{
    while (shell->held_count) {
        struct job *job = shell->held[--shell->held_count];
        struct err err = {0};
        enum err_code code = E_OK;
        if (job->state == JOB_RUNNING)
            code = (enum err_code)job_emit(job, TOPIC_DOCUMENTS, job->message->key,
                                           job->message->value, &err);
        job_finish(job, code, &err);
    }
}

static inline void shell_on_timer(uv_timer_t *timer)
{
    if (!atomic_load(&shell_hold)) shell_release(timer->data);
}

static inline int shell_open(struct worker_context *context, struct err *err)
{
    struct shell *shell = calloc(1, sizeof *shell);
    if (!shell) return err_set(err, E_NO_MEMORY, NULL);
    uv_timer_init(context->loop, &shell->timer);
    shell->timer.data = shell;
    uv_timer_start(&shell->timer, shell_on_timer, 1, 1);
    context->state = shell;
    return E_OK;
}

static inline void shell_on_closed(uv_handle_t *handle) { free(handle->data); }

static inline void shell_close(struct worker_context *context)
{
    struct shell *shell = context->state;
    uv_timer_stop(&shell->timer);
    uv_close((uv_handle_t *)&shell->timer, shell_on_closed);
}

/* "reject…" and "fatal…" fail so, "silent…" gives nothing, "defer…" answers later; all others are
 * passed on, with the member. */
static inline int shell_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct shell *shell = context->state;
    struct str value = job->message->value;
    if (str_starts(value, STR("reject"))) return err_set(err, E_BAD_MESSAGE, "no good");
    if (str_starts(value, STR("fatal"))) return err_set(err, E_BUG, "broken");
    if (str_starts(value, STR("silent"))) return E_OK;
    if (str_starts(value, STR("defer"))) {
        assert_true(shell->held_count < 64);
        shell->held[shell->held_count++] = job;
        atomic_fetch_add(&shell_deferred, 1);
        job_defer(job);
        return E_OK;
    }
    struct str passed = arena_printf(job->arena, "%.*s %s", STR_ARGS(value), context->member);
    if (!passed.data) return err_set(err, E_NO_MEMORY, NULL);
    return job_emit(job, TOPIC_DOCUMENTS, job->message->key, passed, err);
}

static inline int shell_reload(struct worker_context *context, struct err *err)
{
    (void)context;
    if (atomic_load(&shell_reload_fails)) return err_set(err, E_BAD_MODEL, "half a model");
    atomic_fetch_add(&shell_reloads, 1);
    return E_OK;
}

static inline void shell_drain(struct worker_context *context)
{
    (void)context;
    atomic_fetch_add(&shell_drains, 1);
}

static inline void shell_rewound(struct worker_context *context)
{
    (void)context;
    atomic_fetch_add(&shell_rewinds, 1);
}

static inline void shell_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    (void)context;
    metrics_sample(writer, METRIC_OBJECTS, NULL, NULL, 7);
}

static const struct worker shell_worker = {
    .name = "shell", .summary = "Passes text on.", .consumes = TOPICS(FEEDBACK),
    .produces = TOPICS(DOCUMENTS),
    .raw = true, .open = shell_open, .process = shell_process, .reload = shell_reload,
    .drain = shell_drain,
    .close = shell_close, .metrics = shell_metrics, .rewound = shell_rewound,
};

/* --- life of the rig -------------------------------------------------------------------------- */

static inline int rig_setup(void **state)
{
    atomic_int *const counters[] = {
        &commit_fault_count, &commits_asked, &commits_telling, &commits_unaccounted,
        &commits_empty, &commits_withheld, &commit_takes_ms, &shell_hold, &shell_reload_fails,
        &shell_reloads, &shell_drains, &shell_deferred, &shell_rewinds};
    for (size_t i = 0; i < COUNT_OF(counters); i++) atomic_store(counters[i], 0);
    atomic_store(&commit_bytes_most, 0);
    atomic_store(&commit_ended_ms, 0);
    atomic_store(&commits_gap_ms, INT64_MAX);
    atomic_store(&commit_fault_withheld, false);
    atomic_store(&rig_positions_apart, false);
    return own_folder_make(state);
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, own_folder_remove)

/* For the next case of a table: as if its test began. */
static inline void rig_anew(void)
{
    assert_int_equal(own_folder_remove(NULL), 0);
    assert_int_equal(rig_setup(NULL), 0);
}

static inline struct config *rig_config(const char *const *settings)
{
    static const struct worker *const workers[] = {&shell_worker};
    static const struct option_table **tables;
    const char *const defaults[] = {"bus.durable=false", "bus.size_limit=1G", "bus.partitions=4",
                                    "runtime.backoff_least=1ms", "runtime.backoff_most=20ms",
                                    "runtime.status_every=1h"};
    struct config *config;
    struct err err;
    char path[128];
    if (!tables) tables = runtime_tables(workers, 1);
    must(config_create(tables, &config, &err), &err);
    snprintf(path, sizeof path, "bus.path=%s/bus", own_folder);
    must(config_set(config, str_of(path), "test", &err), &err);
    for (size_t i = 0; i < COUNT_OF(defaults); i++)
        must(config_set(config, str_of(defaults[i]), "test", &err), &err);
    for (; settings && *settings; settings++)
        must(config_set(config, str_of(*settings), "test", &err), &err);
    return config;
}

/* Waits until `condition` holds, which is looked at again and again. */
#define RIG_AWAIT(condition)                                                                    \
    do {                                                                                        \
        int64_t until_ms = clock_mono_ms(clock_system()) + RIG_WAIT_MS;                         \
        while (!(condition)) {                                                                  \
            if (clock_mono_ms(clock_system()) >= until_ms) fail_msg("never: %s", #condition);   \
            poll(NULL, 0, RIG_TURN_MS);                                                         \
        }                                                                                       \
    } while (0)

static inline void replica_start(struct replica *replica, const char *const *settings)
{
    replica_run(replica, &shell_worker, rig_config(settings));
}

static inline void replica_await_ready(const struct replica *replica)
{
    RIG_AWAIT(replica_progress(replica).ready);
}

/* --- the bus from outside --------------------------------------------------------------------- */

struct outside {
    struct config *config;
    struct bus *bus;
    struct bus_consumer *reader;
};

static inline void outside_open(struct outside *outside, enum topic topic)
{
    struct err err;
    outside->config = rig_config(NULL);
    must(bus_open(outside->config, clock_system(), &outside->bus, &err), &err);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct bus_topic_settings settings = {.partitions = RIG_PARTITIONS};
        bool created;
        must(bus_topic_create(outside->bus, (enum topic)i, &settings, &created, &err), &err);
    }
    struct bus_subscription subscription = {
        .member = "outside", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    must(bus_subscribe(outside->bus, &subscription, &outside->reader, &err), &err);
}

static inline void outside_close(struct outside *outside)
{
    bus_unsubscribe(outside->reader);
    bus_close(outside->bus);
    config_destroy(outside->config);
}

static inline void outside_on_done(void *user, const struct err *err)
{
    (void)user;
    if (err) print_error("not written: %s: %s\n", err_name(err->code), err->text);
    if (err) abort();
}

/* Messages "<word> <number>" with keys that spread over the partitions. */
static inline void outside_produce(struct outside *outside, const char *word, int first, int count,
                                   const struct bus_header *headers, uint32_t header_count)
{
    struct bus_producer *producer;
    struct err err;
    must(bus_producer_open(outside->bus, "door", &producer, &err), &err);
    for (int i = first; i < first + count; i++) {
        char key[16], value[8192];
        snprintf(key, sizeof key, "k%d", i);
        snprintf(value, sizeof value, "%s %d", word, i);
        struct bus_output output = {
            .topic = TOPIC_FEEDBACK, .timestamp_ms = clock_wall_ms(clock_system()),
            .key = str_of(key), .value = str_of(value), .headers = headers,
            .header_count = header_count};
        must(bus_produce(producer, &output, 1, outside_on_done, NULL, &err), &err);
        must(bus_producer_flush(producer, RIG_WAIT_MS, &err), &err);
    }
    bus_producer_close(producer);
}

typedef void outside_on_message(void *user, const struct bus_message *message);

/* Reads until `count` messages have come. */
static inline void outside_read(struct outside *outside, int count, outside_on_message *on_message,
                                void *user)
{
    struct err err;
    int64_t until_ms = clock_mono_ms(clock_system()) + RIG_WAIT_MS;
    while (count > 0) {
        struct bus_batch batch;
        struct pollfd wake = {.fd = bus_wake_fd(outside->reader), .events = POLLIN};
        must(bus_poll(outside->reader, 100, 1 << 20, &batch, &err), &err);
        for (uint32_t i = 0; i < batch.count; i++) on_message(user, &batch.messages[i]);
        count -= (int)batch.count;
        bool none = batch.count == 0;
        bus_release(outside->reader, &batch);
        if (none) poll(&wake, 1, 100);
        assert_true(clock_mono_ms(clock_system()) < until_ms);
    }
    assert_int_equal(count, 0); /* never more than expected */
}

/* Nothing more on the topic. */
static inline void outside_read_none(struct outside *outside)
{
    struct bus_batch batch;
    struct err err;
    must(bus_poll(outside->reader, 100, 1 << 20, &batch, &err), &err);
    assert_int_equal(batch.count, 0);
    bus_release(outside->reader, &batch);
}

/* Counts each number once; "<word> <number> <member>". */
struct tally {
    int seen[8192];
    int by_member[4];
    int64_t last[RIG_PARTITIONS]; /* number of the last one in each partition */
    bool ordered;
};
static inline struct tally fresh_tally(void) { return (struct tally){.ordered = true}; }

static inline void tally_on_message(void *user, const struct bus_message *message)
{
    struct tally *tally = user;
    struct str rest = message->value;
    uint64_t number = 0;
    str_cut(&rest, ' ');
    assert_true(str_to_u64(str_cut(&rest, ' '), &number) && number < COUNT_OF(tally->seen));
    tally->seen[number]++;
    if (rest.size) tally->by_member[(rest.data[rest.size - 1] - '0') & 3]++;
    if ((int64_t)number < tally->last[message->partition]) tally->ordered = false;
    tally->last[message->partition] = (int64_t)number;
}

static inline void tally_check(const struct tally *tally, int first, int count)
{
    for (int i = first; i < first + count; i++)
        if (tally->seen[i] != 1) fail_msg("record %d came %d times", i, tally->seen[i]);
}

#endif
