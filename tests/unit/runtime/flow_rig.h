/* A flow without a bus: batches made by hand, a worker that does what the message's text says, and
 * time that stands still. */
#ifndef VERBATIM_TESTS_FLOW_RIG_H
#define VERBATIM_TESTS_FLOW_RIG_H

#include "test.h"

#include <stdlib.h>

#include "bus/backend.h"
#include "runtime/flow.h"
#include "schema/record.h"

enum { RIG_BATCH_MAX = 64, RIG_BATCHES_MAX = 40, RIG_DEFERRED_MAX = 16 };

struct rig {
    struct flow flow;
    struct worker worker;
    struct worker_context context;
    struct bus_consumer consumer;
    struct bus_backend backend;
    struct clock_manual clock;
    struct random random;
    struct flow_limits limits;
    struct bus_message messages[RIG_BATCHES_MAX][RIG_BATCH_MAX];
    size_t batches, released;
    int64_t next_offset[8]; /* by partition */
    struct job *deferred[RIG_DEFERRED_MAX];
    size_t deferred_count, runs;
    enum err_code heal_to; /* what "heal" gives: E_OK once the dependency works again */
    int64_t durable;       /* what a keeping worker says; -1: it doesn't keep */
};

static inline struct rig *rig_of(const struct worker_context *context) { return context->state; }

/* "ok" and others pass on; "two" gives two; "retry", "heal", "reject", "fatal",
 * "defer" as they say. */
static inline int rig_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct rig *rig = rig_of(context);
    struct str text = job->message->value;
    rig->runs++;
    struct str copy = arena_printf(job->arena, "%.*s!", STR_ARGS(str_slice(text, 0, 64)));
    int rc = job_emit(job, TOPIC_DOCUMENTS, job->message->key, copy, err);
    if (rc == E_OK && str_equal(text, STR("two")))
        rc = job_emit(job, TOPIC_SAFETY, STR("other"), text, err);
    if (rc) return rc;
    if (str_equal(text, STR("retry"))) return err_set(err, E_UNAVAILABLE, "not now");
    if (str_equal(text, STR("heal")) && rig->heal_to) return err_set(err, rig->heal_to, "ill");
    if (str_equal(text, STR("reject"))) return err_set(err, E_BAD_MESSAGE, "no good");
    if (str_equal(text, STR("fatal"))) return err_set(err, E_BUG, "broken");
    if (str_equal(text, STR("defer"))) {
        assert_true(rig->deferred_count < RIG_DEFERRED_MAX);
        rig->deferred[rig->deferred_count++] = job;
        job_defer(job);
    }
    return E_OK;
}

/* Passes on whatever it gets, as it is. */
static inline int rig_copy(struct worker_context *context, struct job *job, struct err *err)
{
    (void)context;
    return job_emit(job, TOPIC_DOCUMENTS, job->message->key, job->message->value, err);
}

static inline int64_t rig_durable(struct worker_context *context, enum topic topic,
                                  uint32_t partition)
{
    (void)topic, (void)partition;
    return rig_of(context)->durable;
}

static inline void rig_release(struct bus_consumer *consumer, struct bus_batch *batch)
{
    struct rig *rig = (struct rig *)((char *)consumer - offsetof(struct rig, consumer));
    rig->released++;
    batch->messages = NULL;
}

static inline struct rig *rig_create(const struct flow_limits *limits)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->limits = limits ? *limits
                         : (struct flow_limits){.batches = 3,
                                                .attempts = 3,
                                                .backoff_least_ms = 100,
                                                .backoff_most_ms = 1000,
                                                .transaction_records = 1000,
                                                .dead_letter_bytes = 1024};
    rig->worker = (struct worker){.name = "rig", .consumes = TOPICS(FEEDBACK), .raw = true,
                                  .produces = TOPICS(DOCUMENTS) | TOPICS(SAFETY),
                                  .process = rig_process};
    rig->backend.release = rig_release;
    rig->consumer.backend = &rig->backend;
    rig->durable = -1;
    clock_manual_init(&rig->clock, 1700000000000);
    random_seed(&rig->random, 1);
    rig->context = (struct worker_context){.worker = &rig->worker, .clock = &rig->clock.clock,
                                           .random = &rig->random, .member = "rig-0", .state = rig};
    flow_init(&rig->flow, &rig->context, &rig->consumer, &rig->limits);
    return rig;
}

static inline void rig_destroy(struct rig *rig)
{
    flow_deinit(&rig->flow);
    assert_int_equal(rig->released, rig->batches);
    free(rig);
}

/* "0:ok 0:retry 1:ok": partition and text of each message, as one batch. */
static inline void rig_take(struct rig *rig, const char *plan)
{
    struct err err;
    struct str rest = str_of(plan);
    struct bus_message *messages = rig->messages[rig->batches];
    struct bus_batch batch = {.messages = messages};
    assert_true(rig->batches < RIG_BATCHES_MAX);
    while (rest.size) {
        struct str word = str_cut(&rest, ' ');
        uint32_t partition = (uint32_t)(word.data[0] - '0');
        assert_true(batch.count < RIG_BATCH_MAX);
        messages[batch.count++] = (struct bus_message){
            .topic = TOPIC_FEEDBACK, .partition = partition,
            .offset = rig->next_offset[partition]++,
            .timestamp_ms = 1699999999000, .key = STR("key"),
            .value = str_slice(word, 2, word.size)};
    }
    rig->batches++;
    assert_int_equal(flow_take(&rig->flow, &batch, &err), E_OK);
}

static inline void rig_run(struct rig *rig)
{
    while (flow_has_fresh(&rig->flow) && !rig->flow.fatal.code) flow_run(&rig->flow, 5);
}

/* What was gathered, as text: "0=2 1=1 | ok! ok!", positions and then the documents' values. */
static inline const char *rig_gather(struct rig *rig)
{
    static char text[1024];
    const struct flow *flow = &rig->flow;
    size_t used = 0;
    text[0] = '\0';
    if (!flow_gather(&rig->flow)) return "nothing";
    for (size_t i = 0; i < flow->position_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%u=%lld ",
                                 flow->positions[i].partition,
                                 (long long)flow->positions[i].offset);
    used += (size_t)snprintf(text + used, sizeof text - used, "|");
    for (size_t i = 0; i < flow->output_count; i++) {
        const struct bus_output *output = &flow->outputs[i];
        if (output->topic == TOPIC_DEAD_LETTERS)
            used += (size_t)snprintf(text + used, sizeof text - used, " dead");
        else
            used += (size_t)snprintf(text + used, sizeof text - used, " %.*s",
                                     STR_ARGS(output->value));
    }
    return text;
}

/* The one dead letter of what was gathered. */
static inline struct dead_letter rig_dead_letter(const struct rig *rig, struct arena *arena)
{
    struct dead_letter letter;
    struct record record;
    struct err err;
    const struct bus_output *found = NULL;
    for (size_t i = 0; i < rig->flow.output_count; i++)
        if (rig->flow.outputs[i].topic == TOPIC_DEAD_LETTERS) {
            assert_null(found);
            found = &rig->flow.outputs[i];
        }
    assert_non_null(found);
    assert_int_equal(record_scan(found->value, arena, &record, &err), E_OK);
    assert_int_equal(record_decode(&record, SECTION_DEAD_LETTER, &letter, arena, &err), E_OK);
    return letter;
}

#define assert_str(value, expected) assert_true(str_equal((value), str_of(expected)))

#endif
