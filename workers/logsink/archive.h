/* The archive as the loop sees it: which records are kept where, and how far each partition is
 * safe.
 *
 * Happy path of a partition: the first record asks the store what it holds already (LOOKUP); then
 * records collect in an open object, which is sealed when it is old or large enough, and stored by
 * a worker thread (KEEP), one after the other; then archive_durable() moves on. Failures: a store
 * that fails is tried again after a pause, one call at a time, while everything is kept; when
 * memory is used up, jobs wait (deferred), and so the source pauses. An object that somebody else
 * has stored counts as ours, and what it doesn't hold is packed again (keep.h). After a rewind
 * everything is forgotten; a call that is still running then may end as it likes.
 *
 * No threads, timers or sockets here: calls are started through `start`, and come back through
 * archive_done(). */
#ifndef VERBATIM_LOGSINK_ARCHIVE_H
#define VERBATIM_LOGSINK_ARCHIVE_H

#include "runtime/worker.h"
#include "workers/logsink/task.h"
#include "workers/logsink/track.h"

struct archive_options {
    uint64_t count;        /* lines of an object, at most */
    uint64_t bytes;        /* held for an object, about */
    int64_t age_ms;        /* of its first record, by either clock */
    uint64_t memory_bytes; /* of all objects */
    uint32_t calls;        /* to the store at once */
    int64_t backoff_least_ms, backoff_most_ms;
    struct keep_options keep;
};

struct archive_counters {
    uint64_t written, adopted, failed; /* objects; failed calls of any kind */
    uint64_t written_bytes, records, raw, skipped;
};

struct archive {
    struct archive_options options;
    struct worker_context *context;
    void (*start)(void *user, struct task *task); /* owns the task until archive_done() */
    void *user;

    ZSTD_CCtx *quick;
    struct tracks tracks;
    uint32_t turn; /* the track that may start a call next */
    uint64_t generation;
    size_t open_bytes, sealed_bytes; /* sealed: those with a task too */
    uint32_t running;
    uint32_t failures;    /* in a row */
    int64_t try_again_ms; /* monotonic */
    int64_t due_ms;       /* when archive_tick() is due; -1: never */
    bool failed;          /* the worker stops: no more calls */
    bool touched;         /* since archive_draining() asked last */
    struct archive_counters counters;
    struct err last_error; /* of the store; code 0: it works */
};

/* NO_MEMORY. The archive keeps no copy of `context`. */
int archive_init(struct archive *archive, const struct archive_options *options,
                 struct worker_context *context, void (*start)(void *user, struct task *task),
                 void *user, struct err *err) CHECKED;
/* No task is running. Parked jobs are forgotten, not finished. */
void archive_deinit(struct archive *archive);

/* A worker's process(): takes the record, or defers the job. NO_MEMORY. */
int archive_take(struct archive *archive, struct job *job, struct err *err) CHECKED;
/* A task has ended: the archive's again. */
void archive_done(struct archive *archive, struct task *task);
/* Looks at the clock: seals what is old, tries again what failed. */
void archive_tick(struct archive *archive);
/* Up to which position this partition is safe; INT64_MAX: all that was taken. */
int64_t archive_durable(const struct archive *archive, enum topic topic, uint32_t partition);
/* Records that were taken and aren't stored: how many, and the earliest timestamp. */
struct archive_waiting {
    uint64_t records;
    int64_t oldest_ms;
};
struct archive_waiting archive_waiting(const struct archive *archive);
/* All that isn't stored will be read again. */
void archive_rewound(struct archive *archive);
/* From now on everything is sealed as soon as nothing more comes. */
void archive_drain(struct archive *archive);
/* Is something not stored yet? Called again and again while draining. */
bool archive_draining(struct archive *archive);

/* --- between archive.c and calls.c ------------------------------------------------------------ */

static inline int64_t archive_now_ms(const struct archive *archive)
{
    return clock_mono_ms(archive->context->clock);
}
void archive_fail(struct archive *archive, const struct err *err);
void archive_due_at(struct archive *archive, int64_t ms);
/* Destroys it; its memory isn't counted any more. */
void archive_drop(size_t *bytes, struct object *object);
void archive_go_on(struct archive *archive); /* jobs that waited, then calls */
void calls_start(struct archive *archive);   /* as many as may run */

#endif
