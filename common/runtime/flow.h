/* The heart of a worker's runtime, without threads, timers or sockets: which records are in flight,
 * what became of each, and what may be committed next.
 *
 * Happy path: flow_take() a polled batch; flow_run() processes each record; flow_gather() collects
 * the done prefix of every partition into one transaction; when that is committed,
 * flow_committed() forgets them and gives batches back. Failures: a RETRY is scheduled with
 * back-off and jitter and blocks its own partition only (others go on until the batches are used
 * up); a REJECT becomes a dead letter, which is an output like any other; a lost generation drops
 * everything (flow_drop_all).
 *
 * Memory: a job runs in a scratch arena that stays in the cache; only what it emitted is
 * copied to its batch, which lives until the commit. A deferred job keeps its scratch arena
 * until it is finished. */
#ifndef VERBATIM_RUNTIME_FLOW_H
#define VERBATIM_RUNTIME_FLOW_H

#include <assert.h>

#include "runtime/worker.h"

enum job_state {
    JOB_READY, JOB_RUNNING, JOB_WAITING /* for a retry */, JOB_DONE, JOB_GATHERED, JOB_DROPPED
};

struct job_output {
    struct job_output *next;
    struct bus_output bus;
    /* handed on: instead of the message's value and headers; NULL otherwise */
    struct record *record;
    struct tokens *words; /* of that record's document */
    struct bus_header headers[JOB_HEADERS + JOB_MARKS];
    char traceparent[TRACE_TEXT_BYTES];
    char source[32]; /* ce_source, where it isn't the worker's name */
};

/* The span of a job's run, where one is told. */
struct job_span {
    char traceparent[TRACE_TEXT_BYTES];
    int64_t began_ns;
};

/* One polled batch; given back when its last job is committed or dropped. */
struct batch {
    struct bus_batch messages;
    struct job *jobs;
    struct arena arena; /* of the jobs and of what they emitted */
    uint32_t open;     /* jobs not yet committed or dropped */
    uint32_t next_run; /* first job that has not been run */
    size_t bytes;      /* of its messages' values */
    struct batch *next;
};

/* The jobs of one partition, in offset order. */
struct lane {
    enum topic topic;
    uint32_t partition;
    struct job *first, *last;
    int64_t done;      /* position behind the gathered jobs; -1: none since the start */
    int64_t committed; /* position last committed; -1 likewise. Withheld ones aren't */
};

struct flow_limits {
    uint32_t batches;      /* full ones held at once */
    uint32_t batch_records;
    size_t batch_bytes;
    uint32_t attempts;     /* of one record before it becomes a dead letter */
    int64_t backoff_least_ms, backoff_most_ms;
    uint32_t transaction_records;
    size_t dead_letter_bytes; /* raw bytes kept in a dead letter */
};

struct flow_counters {
    uint64_t done, rejected, dropped, retries, outputs, input_bytes;
    uint64_t dead_letters[ERR_COUNT];
    struct histogram process_seconds, age_seconds;
};

struct flow {
    struct worker_context *context;
    struct bus_consumer *consumer;
    struct flow_limits limits;
    struct batch *batches, *spare;
    struct arena *scratch; /* of the next job to run; NULL: a deferred one has taken it */
    bool defers;           /* jobs may wait, many at once: the memory of each begins small */
    uint32_t batch_count, in_flight;
    size_t held_bytes;     /* of the values of all batches */
    uint32_t waiting;      /* jobs in JOB_WAITING */
    struct lane *lanes;
    uint32_t lane_count;
    size_t lane_capacity;
    struct flow_counters counters;
    struct err fatal;      /* code != E_OK: the worker must stop */
    /* The transaction that was gathered last; valid until flow_committed() or a drop. */
    struct bus_output *outputs;
    struct bus_position *positions;
    struct job **gathered;
    size_t own_count; /* of the outputs: added by flow_add_output() */
    /* For at least once. Set before gathering: outputs are gathered without their positions, which
     * a later gathering takes along that doesn't withhold them. */
    bool withholds;
    size_t output_count, output_capacity, position_count, position_capacity, gathered_count,
        gathered_capacity;
};

void flow_init(struct flow *flow, struct worker_context *context, struct bus_consumer *consumer,
               const struct flow_limits *limits);
/* No commit running. Deferred jobs are forgotten: none may be finished any more. */
void flow_deinit(struct flow *flow);

/* How many batches may be held where they are small, and their records in all. */
enum { FLOW_SMALL_BATCHES = 32, FLOW_SMALL_RECORDS = 64 };
/* Is there room for another batch, even if it is a full one? There may be more than `batches` of
 * them, as long as all together hold little: records that come one at a time take a batch each, and
 * those behind the last would wait for the next commit but one. Under load, few and large batches
 * are cheaper. */
static inline bool flow_has_room(const struct flow *flow)
{
    const struct flow_limits *limits = &flow->limits;
    if (flow->batch_count < limits->batches) return true;
    return flow->batch_count < FLOW_SMALL_BATCHES && flow->in_flight <= FLOW_SMALL_RECORDS &&
           flow->in_flight <= limits->batch_records / 4 &&
           flow->held_bytes <= limits->batch_bytes / 4;
}
/* Takes the batch over, also on an error. NO_MEMORY. */
int flow_take(struct flow *flow, struct bus_batch *batch, struct err *err) CHECKED;
/* Records taken and not yet run? */
bool flow_has_fresh(const struct flow *flow);
/* Processes at most `most` fresh records; returns how many it did. */
uint32_t flow_run(struct flow *flow, uint32_t most);
/* Runs what is due again. Returns the time of the next retry, or -1. */
int64_t flow_retry_due(struct flow *flow, int64_t now_ms);

/* Collects what may be committed. False: nothing. */
bool flow_gather(struct flow *flow);
/* Adds a message of the runtime's own to what was gathered, or makes one where nothing was.
 * NO_MEMORY. */
int flow_add_output(struct flow *flow, const struct bus_output *output, struct err *err) CHECKED;
/* The bus refuses a message of what was gathered for its size, and won't say which (a limit of the
 * broker's that is below ours): the record with the largest output becomes a dead letter without
 * its bytes, and the rest may be tried again. What flow_add_output() added goes. TOO_LARGE: nothing
 * is left to make smaller; NO_MEMORY. */
int flow_refuse_largest(struct flow *flow, const struct err *cause, struct err *err) CHECKED;
void flow_committed(struct flow *flow);
/* Position of a partition that was committed last; -1: none since it was assigned. */
int64_t flow_committed_position(const struct flow *flow, enum topic topic, uint32_t partition);
/* Records in flight are no longer ours. Not while a gathered transaction is being committed. */
void flow_drop_all(struct flow *flow);

/* Pause before try number `failures` + 1: exponential with full jitter (Brooker, "Exponential
 * Backoff And Jitter"), never below the least. */
int64_t flow_backoff_ms(const struct flow_limits *limits, struct random *random, uint32_t failures);

/* Of a job without a flow: in solo.c. */
void solo_finish(struct job *job, enum err_code code, const struct err *err);

/* span.c: a run as a span, if anybody is told; its end. */
void job_span_begin(struct job *job);
void job_span_end(const struct job *job, enum err_code code);

/* For job.c, dead_letter.c, chain.c and solo.c. */
void job_reset(struct job *job);
void job_fill_headers(const struct job *job, struct job_output *output, struct str id);
int dead_letter_emit(struct job *job, enum err_code code, const struct err *cause,
                     size_t bytes_limit, struct err *err) CHECKED;

#endif
