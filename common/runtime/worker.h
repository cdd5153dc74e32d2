/* What a worker is: one declaration at the end of one file.
 *
 *     const struct worker segment_worker = {
 *         .name = "segment",
 *         .summary = "Assigns each feedback vector to its nearest customer segment.",
 *         .consumes = TOPICS(FEATURES),
 *         .produces = TOPICS(SEGMENTS),
 *         .options = &segment_option_table,
 *         .open = segment_open, .process = segment_process, .close = segment_close,
 *     };
 *
 * process() sees a job, its options, its state, the time and an arena, and can only emit;
 * it runs on the loop thread and must not block. The runtime owns reading, retries, dead letters
 * and commits; outputs appear if and only if the input's offset is committed. */
#ifndef VERBATIM_RUNTIME_WORKER_H
#define VERBATIM_RUNTIME_WORKER_H

#include <uv.h>

#include "base/random.h"
#include "bus/bus.h"
#include "config/config.h"
#include "observe/metrics.h"
#include "observe/trace.h"
#include "schema/record.h"
#include "telemetry/telemetry.h"

#define TOPICS(name) (1u << TOPIC_##name)

struct worker;
struct flow;
struct tokens;

struct worker_context {
    const struct worker *worker;
    const struct config *config;
    const void *options;       /* struct NAME_options, filled */
    void *state;               /* the worker's own, from open() to close() */
    const struct clock *clock;
    struct random *random;
    const char *member;        /* "segment-0": stable per replica */
    /* These are NULL when the worker runs in a chain, without a bus (verbatim analyze). In solo.h
     * there is a loop, and no bus. */
    struct telemetry *telemetry; /* NULL too when spans go nowhere */
    uv_loop_t *loop;
    struct bus *bus;
    struct flow *flow;         /* the runtime's own */
    uv_async_t *wake;          /* the runtime's own, for worker_wake() */
    char listens[72];          /* where open() began to listen: "127.0.0.1:8080" */
};

/* One message on its way through a worker. */
struct job {
    const struct bus_message *message;
    /* What process() needs, and never frees: gone when it returns, or when a deferred job is
     * finished. What was emitted is kept by the runtime. */
    struct arena *arena;
    struct tokens *words; /* of the document's text, once a worker has cut them: use job_words() */
    /* The runtime's own: */
    struct worker_context *context;
    struct job_output *outputs, **outputs_end;
    struct job *next;          /* in its partition's lane */
    struct batch *batch;
    uint32_t attempts;         /* how often it has been tried, this time included */
    uint8_t state;             /* enum job_state, in runtime/flow.h */
    bool deferred;
    uint64_t id_hash;          /* of the id that came in, for the ledger */
    struct job_span *span;     /* sent when the job ends; NULL: none is */
    /* in a chain: an emitted record goes to the next worker in memory, not as bytes */
    bool handed_on;
    int64_t retry_at_ms;
    /* The message as a record (not if .raw): the worker changes sections of it and emits it. Stands
     * last because it is filled separately. */
    struct record record;
};

struct worker {
    const char *name, *summary;
    uint32_t consumes, produces;          /* TOPICS(A) | TOPICS(B) */
    uint32_t reads;                       /* further topics, which it reads without a group */
    const char *joins;                    /* a second group, joined on `reads`; NULL: none */
    /* its own section, filled into context->options; NULL: none */
    const struct option_table *options;
    /* further sections that it reads by config_get(); ends with NULL; may be NULL */
    const struct option_table *const *tables;
    /* its group begins at the end of its topics, and skips what they hold already */
    bool from_end;
    /* don't scan records: the worker reads job->message->value itself */
    bool raw;
    /* Opens models, files and so on. Errors stop the program with their exit status. */
    int (*open)(struct worker_context *context, struct err *err);
    /* E_OK: done, outputs were emitted (or job_defer() was called: job_finish() follows later).
     * Otherwise the error's class decides: RETRY (again later), REJECT (dead letter),
     * FATAL (stop). */
    int (*process)(struct worker_context *context, struct job *job, struct err *err);
    /* The record has become a dead letter, which was emitted; job->record is that letter now. Here
     * the worker may emit what else others must know. id: of the record if it could be read, else
     * of the letter. Optional. */
    int (*refused)(struct worker_context *context, struct job *job, struct str id, struct err *err);
    /* SIGHUP: reread what may change; on an error the old stays in force. Optional. */
    int (*reload)(struct worker_context *context, struct err *err);
    /* Can it do its work now? For /readyz, beside what the runtime itself knows. Optional. */
    bool (*ready)(struct worker_context *context);
    /* SIGTERM or end: stop taking in. Called once before the drain; optional. */
    void (*drain)(struct worker_context *context);
    /* Not done draining yet? Polled until false or the deadline. Optional. */
    bool (*draining)(struct worker_context *context);
    /* The last chance to forget deferred jobs: the runtime has dropped them already. */
    void (*close)(struct worker_context *context);
    /* Adds the worker's own metrics to a scrape. Optional. */
    void (*metrics)(struct worker_context *context, struct metrics_writer *writer);
    /* For workers that keep records beyond process(), as logsink does: the highest position of this
     * partition that may be committed. NULL: all that is done. */
    int64_t (*durable)(struct worker_context *context, enum topic topic, uint32_t partition);
    /* Everything that isn't committed was dropped, and will be read again, here or by another
     * replica: forget what was kept for it. Optional. */
    void (*rewound)(struct worker_context *context);
};

/* All topics that the worker reads or writes, and those that the runtime does for it. */
uint32_t worker_reads(const struct worker *worker);
uint32_t worker_writes(const struct worker *worker);

/* Emits one message; key and value must live in the job's arena, in its message, or for ever. The
 * runtime adds the headers (content-type, ce_*, traceparent). TOO_LARGE: no bus would take it. */
int job_emit(struct job *job, enum topic topic, struct str key, struct str value,
             struct err *err) CHECKED;

/* Emits job->record as one message: the usual end of process(). The key as in job_emit(). */
int job_emit_record(struct job *job, enum topic topic, struct str key, struct err *err) CHECKED;

/* The traceparent for what this job causes elsewhere, such as a call of a model: the job's own
 * span; if it has none, the one that its message came with, or nothing. Valid as long as the job
 * is. */
struct str job_trace(const struct job *job);

/* Asynchronous step: process() calls job_defer() and returns E_OK; later, on the loop thread,
 * job_finish() says how it ended. The job stays valid until then. */
void job_defer(struct job *job);
void job_finish(struct job *job, enum err_code code, const struct err *err);

/* For workers with callbacks of their own, on the loop thread. worker_wake(): something has changed
 * that the runtime should look at now (job_finish() does this by itself). worker_fail(): the worker
 * can't go on, and the program stops. */
void worker_wake(struct worker_context *context);
void worker_fail(struct worker_context *context, const struct err *err);
/* For an outage that may last: commits what is done, gives back what is in flight, and takes
 * nothing in for `ms`, because messages held in memory hold the bus, too. rewound() is called; then
 * reading goes on from the committed positions. Loop thread; it happens on a later turn. */
void worker_give_back(struct worker_context *context, int64_t ms);
/* Records that wait for this replica: in flight, and not read yet, as far as the bus knows.
 * 0 without a bus. */
uint64_t worker_backlog(struct worker_context *context);

/* The headers that a message of ours carries: CloudEvents 1.0 Kafka binding, binary mode. */
enum { JOB_HEADERS = 6, JOB_HEADER_ID = 4 };

/* Marks that an operator's commands (ops/cli) put on a message: how often it was sent again from
 * the dead letters, and which run of a replay wrote it. Whatever is made of a marked message is
 * marked too, up to its insight or its next dead letter, and in the archive. So the ledger can tell
 * what came a second time. */
#define HEADER_REDRIVES "verbatim-redrives" /* a whole number, from 1 */
#define HEADER_REPLAY   "verbatim-replay"   /* a name */
/* On an insight that is sent again: the worker whose dead letter it was, and which alone reads
 * it. */
#define HEADER_FOR      "verbatim-for"
enum { JOB_MARKS = 2, MARK_BYTES_MAX = 64 };
/* On a status that says nothing new: the worker is alive. logsink passes over those. */
#define HEADER_HEARTBEAT "verbatim-heartbeat"
/* `traceparent`, `id` must live as long as the headers. */
void headers_fill(struct bus_header out[static JOB_HEADERS], enum topic topic,
                  const char *worker_source, struct str id, struct str traceparent);
/* data NULL: not there */
struct str header_find(const struct bus_message *message, struct str name);

#endif
