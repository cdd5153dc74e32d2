/* Drives any worker, one message at a time, through the runtime's own flow: no bus, no threads, and
 * time that stands still. Include test.h before it. */
#ifndef VERBATIM_TEST_WORKER_BENCH_H
#define VERBATIM_TEST_WORKER_BENCH_H

#include <stdlib.h>

#include "must.h"
#include "bus/backend.h"
#include "runtime/flow.h"
#include "runtime/runtime.h"

/* Must stay where it was opened: it points into itself. */
struct bench {
    struct flow flow;
    struct config *config;
    const struct option_table **tables;
    void *options;
    struct worker_context context;
    struct bus_consumer consumer;
    struct bus_backend backend;
    struct clock_manual clock;
    struct random random;
    struct flow_limits limits;
    struct bus_message message;
    struct str key;     /* of the messages that are sent: "key", unless a test says another */
    struct arena arena; /* of what the test makes and reads; until bench_close() */
    int64_t offset;
};

static inline void bench_release(struct bus_consumer *consumer, struct bus_batch *batch)
{
    (void)consumer;
    batch->messages = NULL;
}

static inline void bench_configure(struct bench *bench, const struct worker *worker,
                                   const char *setting)
{
    struct err err;
    bench->tables = runtime_tables(&worker, 1);
    must(config_create(bench->tables, &bench->config, &err), &err);
    struct str rest = str_of(setting);
    while (rest.size)
        must(config_set(bench->config, str_cut(&rest, '\n'), "test", &err), &err);
    if (!worker->options) return;
    bench->options = calloc(1, worker->options->struct_bytes);
    must(config_get(bench->config, worker->options, bench->options, &err), &err);
}

/* Opens the worker with settings "section.name=value", parted by line ends; NULL: none. Its own
 * error is returned. */
static inline int bench_open(struct bench *bench, const struct worker *worker, const char *setting,
                             struct err *err)
{
    *bench = (struct bench){0};
    bench->limits = (struct flow_limits){
        .batches = 8, .attempts = 3, .backoff_least_ms = 1, .backoff_most_ms = 1,
        .transaction_records = 100, .dead_letter_bytes = 1 << 20};
    bench_configure(bench, worker, setting);
    clock_manual_init(&bench->clock, 1767323045678);
    random_seed(&bench->random, 1);
    bench->key = STR("key");
    bench->backend.release = bench_release;
    bench->consumer.backend = &bench->backend;
    bench->context = (struct worker_context){
        .worker = worker, .config = bench->config, .options = bench->options,
        .clock = &bench->clock.clock, .random = &bench->random, .member = "bench"};
    flow_init(&bench->flow, &bench->context, &bench->consumer, &bench->limits);
    return worker->open ? worker->open(&bench->context, err) : E_OK;
}

static inline void bench_close(struct bench *bench)
{
    flow_drop_all(&bench->flow);
    if (bench->context.state && bench->context.worker->close)
        bench->context.worker->close(&bench->context);
    flow_deinit(&bench->flow);
    config_destroy(bench->config);
    free(bench->tables);
    free(bench->options);
    arena_deinit(&bench->arena);
}

/* Sends one message in; a deferred step may have to be finished before bench_take()
 * finds a result. */
static inline void bench_send(struct bench *bench, enum topic topic, struct str value)
{
    struct err err;
    bench->message = (struct bus_message){
        .topic = topic, .offset = bench->offset++, .key = bench->key, .value = value};
    struct bus_batch batch = {.messages = &bench->message, .count = 1};
    must(flow_take(&bench->flow, &batch, &err), &err);
    flow_run(&bench->flow, 1);
}

/* What came of the message: its first output, decoded into sections by the caller; E_OK and
 * *ret_topic, or the fatal error. Retries are run at once. */
static inline int bench_take(struct bench *bench, enum topic *ret_topic, struct record *ret_record)
{
    struct err err;
    for (int i = 0; i < 10 && flow_retry_due(&bench->flow, INT64_MAX - 1) >= 0; i++)
        clock_manual_advance(&bench->clock, 10);
    if (bench->flow.fatal.code) return (int)bench->flow.fatal.code;
    if (!flow_gather(&bench->flow)) fail_msg("nothing came of it");
    assert_int_equal(bench->flow.output_count, 1);
    *ret_topic = bench->flow.outputs[0].topic;
    struct str kept = arena_copy(&bench->arena, bench->flow.outputs[0].value);
    flow_committed(&bench->flow);
    must(record_scan(kept, &bench->arena, ret_record, &err), &err);
    return E_OK;
}

static inline int bench_pass(struct bench *bench, enum topic topic, struct str value,
                             enum topic *ret_topic, struct record *ret_record)
{
    bench_send(bench, topic, value);
    return bench_take(bench, ret_topic, ret_record);
}

/* The same message again and again, each time with a little more memory for process(), until there
 * is enough: each time before it must stop the worker, and nothing of it may be committed. */
static inline void bench_torture(struct bench *bench, enum topic topic, struct str value)
{
    enum { STEP_BYTES = 256, ENOUGH_BYTES = 4 << 20 };
    size_t failures = 0;
    for (size_t limit = 16; limit < ENOUGH_BYTES; limit += STEP_BYTES) {
        flow_deinit(&bench->flow);
        flow_init(&bench->flow, &bench->context, &bench->consumer, &bench->limits);
        bench->flow.scratch = calloc(1, sizeof(struct arena));
        assert_non_null(bench->flow.scratch);
        arena_init(bench->flow.scratch, limit);
        bench_send(bench, topic, value);
        if (!bench->flow.fatal.code) break;
        assert_int_equal(bench->flow.fatal.code, E_NO_MEMORY);
        assert_false(flow_gather(&bench->flow));
        failures++;
    }
    assert_true(failures > 0 && flow_gather(&bench->flow));
    assert_int_not_equal(bench->flow.outputs[0].topic, TOPIC_DEAD_LETTERS);
    flow_committed(&bench->flow);
}

static inline struct dead_letter bench_letter(struct bench *bench, const struct record *record)
{
    struct dead_letter letter;
    struct err err;
    must(record_decode(record, SECTION_DEAD_LETTER, &letter, &bench->arena, &err), &err);
    return letter;
}
static inline struct str bench_cause(struct bench *bench, const struct record *record)
{
    return bench_letter(bench, record).cause;
}

/* A record with a document, as preprocess makes it; rating 0: none; channel NULL: none. */
static inline struct record bench_document(struct bench *bench, const char *text,
                                           const char *language, const char *channel, float rating)
{
    struct err err;
    struct record record = {.version = RECORD_VERSION, .id = STR("r-1")};
    struct document document = {0};
    struct feedback feedback = {0};
    shape_set(document, &document, text, str_of(text));
    shape_set(document, &document, language, str_of(language));
    shape_set(document, &document, language_confidence, 0.9f);
    shape_set(document, &document, content_hash, STR("0011223344556677"));
    if (channel) shape_set(feedback, &feedback, channel, str_of(channel));
    if (rating > 0) shape_set(feedback, &feedback, rating, rating);
    must(record_put(&record, SECTION_DOCUMENT, &document, &bench->arena, &err), &err);
    must(record_put(&record, SECTION_FEEDBACK, &feedback, &bench->arena, &err), &err);
    return record;
}

static inline struct str bench_write(struct bench *bench, struct record *record)
{
    struct str message;
    struct err err;
    must(record_write(record, &bench->arena, &message, &err), &err);
    return message;
}

#define assert_str(value, expected)                                                    \
    do {                                                                               \
        struct str assert_str_value = (value);                                         \
        if (!str_equal(assert_str_value, str_of(expected)))                            \
            fail_msg("\"%.*s\" isn't \"%s\"", STR_ARGS(assert_str_value), (expected)); \
    } while (0)

#endif
