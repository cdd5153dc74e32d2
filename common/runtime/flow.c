/* In-flight records: batches, lanes, runs, retries, dead letters. What is done goes on in
 * flow_transaction.c. See flow.h. */
#include "runtime/flow_internal.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/backoff.h"
#include "schema/ledger.h"

void flow_init(struct flow *flow, struct worker_context *context, struct bus_consumer *consumer,
               const struct flow_limits *limits)
{
    *flow = (struct flow){.context = context, .consumer = consumer, .limits = *limits};
    context->flow = flow;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* a record that a model is asked about has used 1.0 to 1.3 kB by then */
enum { DEFERRED_BLOCK_BYTES = 2048 };

static void free_arena(struct arena *arena)
{
    arena_deinit(arena);
    free(arena);
}

static void free_batch(struct batch *batch)
{
    arena_deinit(&batch->arena);
    free(batch);
}

bool flow_give_scratch(struct flow *flow, struct job *job)
{
    if (!flow->scratch && !(flow->scratch = calloc(1, sizeof *flow->scratch))) return false;
    if (flow->defers) flow->scratch->block_bytes = DEFERRED_BLOCK_BYTES;
    job->arena = flow->scratch;
    return true;
}

void flow_take_scratch(struct flow *flow, struct job *job)
{
    struct arena *arena = job->arena;
    job->arena = NULL;
    if (!arena) return;
    if (flow->scratch && flow->scratch != arena) {
        free_arena(arena);
        return;
    }
    arena_reset(arena);
    flow->scratch = arena;
}

static bool lies_in(struct str part, struct str whole)
{
    return part.data >= whole.data && part.data + part.size <= whole.data + whole.size;
}

/* Views of the message stay; the rest is copied to the batch. */
static bool keep_bytes(struct job *job, struct str *bytes)
{
    if (bytes->size == 0 || lies_in(*bytes, job->message->value) ||
        lies_in(*bytes, job->message->key))
        return true;
    struct str copy = arena_copy(&job->batch->arena, *bytes);
    if (!copy.data) return false;
    *bytes = copy;
    return true;
}

bool flow_keep_outputs(struct job *job)
{
    for (struct job_output **link = &job->outputs; *link; link = &(*link)->next) {
        struct job_output *kept = arena_alloc(&job->batch->arena, sizeof *kept);
        if (!kept) return false;
        *kept = **link;
        struct str id = kept->headers[JOB_HEADER_ID].value;
        if (!keep_bytes(job, &kept->bus.key) || !keep_bytes(job, &kept->bus.value) ||
            !keep_bytes(job, &id))
            return false;
        job_fill_headers(job, kept, id);
        *link = kept;
    }
    return true;
}

/* --- batches and lanes ------------------------------------------------------------------------ */

/* Gives a batch's messages back and keeps its memory for the next one. */
static void close_batch(struct flow *flow, struct batch *batch)
{
    for (struct batch **link = &flow->batches; *link; link = &(*link)->next) {
        if (*link != batch) continue;
        *link = batch->next;
        break;
    }
    flow->batch_count--;
    flow->held_bytes -= batch->bytes;
    bus_release(flow->consumer, &batch->messages);
    arena_reset(&batch->arena);
    if (flow->spare) {
        free_batch(batch);
        return;
    }
    batch->next = NULL;
    flow->spare = batch;
}

/* The last jobs of a batch that may still be there: deferred ones, which nobody will finish. */
static void forget_batch(struct flow *flow, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->messages.count; i++)
        if (batch->jobs[i].deferred) flow_take_scratch(flow, &batch->jobs[i]);
    close_batch(flow, batch);
}

void flow_deinit(struct flow *flow)
{
    flow_drop_all(flow);
    while (flow->batches) forget_batch(flow, flow->batches);
    if (flow->spare) free_batch(flow->spare);
    if (flow->scratch) free_arena(flow->scratch);
    free(flow->lanes);
    free(flow->outputs);
    free(flow->positions);
    free(flow->gathered);
    *flow = (struct flow){0};
}

static struct batch *open_batch(struct flow *flow, struct bus_batch *messages)
{
    struct batch *batch = flow->spare ? flow->spare : calloc(1, sizeof *batch);
    if (!batch) return NULL;
    flow->spare = NULL;
    batch->jobs = ARENA_ARRAY(&batch->arena, struct job, messages->count);
    if (!batch->jobs) {
        free_batch(batch);
        return NULL;
    }
    batch->messages = *messages;
    batch->open = messages->count;
    batch->next_run = 0;
    batch->bytes = 0;
    batch->next = NULL;
    return batch;
}

struct lane *flow_find_lane(const struct flow *flow, enum topic topic, uint32_t partition)
{
    for (uint32_t i = 0; i < flow->lane_count; i++)
        if (flow->lanes[i].topic == topic && flow->lanes[i].partition == partition)
            return &flow->lanes[i];
    return NULL;
}

static struct lane *lane_of(struct flow *flow, enum topic topic, uint32_t partition)
{
    struct lane *lane = flow_find_lane(flow, topic, partition);
    if (lane) return lane;
    if (!array_fits(&flow->lanes, &flow->lane_capacity, flow->lane_count + 1, sizeof *flow->lanes))
        return NULL;
    lane = &flow->lanes[flow->lane_count++];
    *lane = (struct lane){.topic = topic, .partition = partition, .done = -1, .committed = -1};
    return lane;
}

static void append_job(struct lane *lane, struct job *job)
{
    if (lane->last) lane->last->next = job;
    else lane->first = job;
    lane->last = job;
}

int flow_take(struct flow *flow, struct bus_batch *messages, struct err *err)
{
    struct batch *batch = open_batch(flow, messages), **link = &flow->batches;
    struct lane *lane = NULL;
    if (!batch) {
        bus_release(flow->consumer, messages);
        return err_set(err, E_NO_MEMORY, NULL);
    }
    while (*link) link = &(*link)->next;
    *link = batch;
    flow->batch_count++;
    flow->in_flight += messages->count;
    for (uint32_t i = 0; i < messages->count; i++) {
        struct job *job = &batch->jobs[i];
        *job = (struct job){
            .message = &batch->messages.messages[i], .context = flow->context, .batch = batch};
        if (!lane || lane->topic != job->message->topic ||
            lane->partition != job->message->partition)
            lane = lane_of(flow, job->message->topic, job->message->partition);
        /* fatal to the worker: nothing is committed */
        if (!lane) return err_set(err, E_NO_MEMORY, NULL);
        append_job(lane, job);
        batch->bytes += job->message->value.size;
        flow->held_bytes += job->message->value.size;
    }
    return E_OK;
}

/* --- running ---------------------------------------------------------------------------------- */

static void reject(struct flow *flow, struct job *job, enum err_code code, const struct err *cause)
{
    struct err err;
    struct job_span *span = job->span;
    job_reset(job); /* what it emitted before it failed must not appear */
    job->span = span;
    if (dead_letter_emit(job, code, cause, flow->limits.dead_letter_bytes, &err)) {
        flow->fatal = err;
        return;
    }
    flow->counters.rejected++;
    flow->counters.dead_letters[code]++;
    job->state = JOB_DONE;
}

int64_t flow_backoff_ms(const struct flow_limits *limits, struct random *random, uint32_t failures)
{
    return backoff_jittered_ms(random, limits->backoff_least_ms, limits->backoff_most_ms, failures);
}

static void retry_later(struct flow *flow, struct job *job)
{
    const struct worker_context *context = flow->context;
    job->state = JOB_WAITING;
    job->retry_at_ms = clock_mono_ms(context->clock) +
                       flow_backoff_ms(&flow->limits, context->random, job->attempts);
    flow->waiting++;
    flow->counters.retries++;
}

static void judge(struct flow *flow, struct job *job, enum err_code code, const struct err *err)
{
    if (code == E_OK) {
        job->state = JOB_DONE;
        flow->counters.done++;
    } else if (err_class(code) == ERR_FATAL) {
        flow->fatal = *err;
    } else if (err_class(code) == ERR_RETRY && job->attempts < flow->limits.attempts) {
        retry_later(flow, job);
    } else {
        reject(flow, job, code, err);
    }
}

/* The job has ended, well or not: what becomes of it, and of its memory. */
static void settle(struct flow *flow, struct job *job, enum err_code code, const struct err *err)
{
    job_span_end(job, code);
    judge(flow, job, code, err);
    if (job->state == JOB_DONE && !flow_keep_outputs(job)) err_set(&flow->fatal, E_NO_MEMORY, NULL);
    flow_take_scratch(flow, job);
}

static void run(struct flow *flow, struct job *job)
{
    const struct worker *worker = flow->context->worker;
    struct err err = {0};
    int rc = E_OK;
    if (!flow_give_scratch(flow, job)) {
        err_set(&flow->fatal, E_NO_MEMORY, NULL);
        return;
    }
    job->state = JOB_RUNNING;
    job->attempts++;
    job_reset(job);
    job_span_begin(job);
    if (!worker->raw) rc = record_scan(job->message->value, job->arena, &job->record, &err);
    job->id_hash = ledger_hash(rc == E_OK ? job->record.id : (struct str){0});
    if (rc == E_OK) rc = worker->process(flow->context, job, &err);
    if (rc == E_OK && job->deferred) flow->defers = true, flow->scratch = NULL;
    else settle(flow, job, (enum err_code)rc, &err);
}

void flow_job_gone(struct flow *flow, struct job *job)
{
    struct batch *batch = job->batch;
    flow->in_flight--;
    if (--batch->open == 0) close_batch(flow, batch);
}

void job_finish(struct job *job, enum err_code code, const struct err *err)
{
    struct flow *flow = job->context->flow;
    assert(job->deferred);
    job->deferred = false;
    if (!flow) {
        solo_finish(job, code, err);
        return;
    }
    worker_wake(job->context); /* to gather it, without waiting for the next heartbeat */
    if (job->state == JOB_DROPPED) { /* its partition went to somebody else meanwhile */
        flow_take_scratch(flow, job);
        flow_job_gone(flow, job);
        return;
    }
    assert(job->state == JOB_RUNNING);
    settle(flow, job, code, err);
}

uint32_t flow_run(struct flow *flow, uint32_t most)
{
    uint32_t count = 0;
    int64_t start_ns = clock_mono_ns(flow->context->clock);
    for (struct batch *batch = flow->batches; batch && count < most; batch = batch->next)
        while (batch->next_run < batch->messages.count && count < most && !flow->fatal.code) {
            struct job *job = &batch->jobs[batch->next_run++];
            count++;
            if (job->state != JOB_READY) continue; /* dropped before it ran */
            flow->counters.input_bytes += job->message->value.size;
            run(flow, job);
        }
    if (count)
        histogram_add(&flow->counters.process_seconds,
                      (double)(clock_mono_ns(flow->context->clock) - start_ns) * 1e-9, 1);
    return count;
}

bool flow_has_fresh(const struct flow *flow)
{
    for (const struct batch *batch = flow->batches; batch; batch = batch->next)
        if (batch->next_run < batch->messages.count) return true;
    return false;
}

int64_t flow_retry_due(struct flow *flow, int64_t now_ms)
{
    int64_t next = -1;
    if (flow->waiting == 0) return next; /* the usual case: nothing to look for */
    for (uint32_t i = 0; i < flow->lane_count; i++)
        for (struct job *job = flow->lanes[i].first; job && !flow->fatal.code; job = job->next) {
            if (job->state == JOB_WAITING && job->retry_at_ms <= now_ms) {
                flow->waiting--;
                run(flow, job);
            }
            if (job->state == JOB_WAITING && (next < 0 || job->retry_at_ms < next))
                next = job->retry_at_ms;
        }
    return next;
}
