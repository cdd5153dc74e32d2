/* Calls to the store: which may start, and what becomes of the partition when one has ended. */
#include <stdlib.h>

#include "base/backoff.h"
#include "workers/logsink/archive.h"

/* --- starting ---------------------------------------------------------------------- */

static struct task *new_task(struct archive *archive, struct track *track, enum task_kind kind)
{
    struct task *task = calloc(1, sizeof *task);
    if (!task) return NULL;
    task->kind = kind;
    task->track = track;
    task->topic = track->topic;
    task->partition = track->partition;
    task->generation = archive->generation;
    task->keep = archive->options.keep;
    return task;
}

static struct task *lookup_task(struct archive *archive, struct track *track)
{
    const struct job *job = track->parked[track->parked_at];
    struct task *task = new_task(archive, track, TASK_LOOKUP);
    bool raw;
    if (!task) return NULL;
    task->offset = job->message->offset;
    if (line_write(job->message, job->arena, &task->line, &raw, &task->err) != E_OK) {
        task_destroy(task);
        return NULL;
    }
    task->line.size--; /* its newline */
    return task;
}

static struct task *keep_task(struct archive *archive, struct track *track)
{
    struct task *task = new_task(archive, track, TASK_KEEP);
    if (!task) return NULL;
    task->object = track_pop(track);
    task->object_bytes = object_memory_bytes(task->object);
    track->storing = true;
    track->storing_facts = task->object->facts;
    return task;
}

/* Starts the track's next call, if there is something to do. False: nothing. */
static bool start_call(struct archive *archive, struct track *track)
{
    struct task *task = NULL;
    struct err err;
    if (track->busy) return false;
    bool lookup = track->state == TRACK_ASKING && track_has_parked(track) && !track->sealed;
    if (!lookup && !track->sealed) return false;
    task = lookup ? lookup_task(archive, track) : keep_task(archive, track);
    if (!task) {
        err_set(&err, E_NO_MEMORY, "archiving");
        archive_fail(archive, &err);
        return false;
    }
    track->busy = true;
    archive->running++;
    archive->start(archive->user, task);
    return true;
}

/* As many calls as may run: one at a time while the store fails, and none during a pause. */
void calls_start(struct archive *archive)
{
    uint32_t most = archive->options.calls;
    if (archive->failed) return;
    if (archive->failures) {
        if (archive_now_ms(archive) < archive->try_again_ms) {
            archive_due_at(archive, archive->try_again_ms);
            return;
        }
        most = 1;
    }
    for (uint32_t i = 0; i < archive->tracks.count && archive->running < most; i++) {
        uint32_t turn = archive->turn++ % archive->tracks.count;
        start_call(archive, archive->tracks.items[turn]);
    }
}

/* --- what became of it ------------------------------------------------------------------- */

static void pause_calls(struct archive *archive, const struct task *task)
{
    const struct archive_options *options = &archive->options;
    int64_t pause = backoff_jittered_ms(archive->context->random, options->backoff_least_ms,
                                        options->backoff_most_ms, archive->failures);
    if (task->retry_after_ms > pause) pause = task->retry_after_ms;
    archive->failures++;
    archive->counters.failed++;
    archive->last_error = task->err;
    archive->try_again_ms = archive_now_ms(archive) + pause;
}

/* May the call be made again? Refused credentials too: they are read anew, and people mend them. */
static bool is_passing(int rc)
{
    return err_class((enum err_code)rc) == ERR_RETRY || rc == E_DENIED || rc == E_CANCELLED;
}

void archive_drop(size_t *bytes, struct object *object)
{
    *bytes -= object_memory_bytes(object);
    object_destroy(object);
}

/* Another's object reaches to `end`, into this one: *object becomes what is behind it, or NULL. */
static int cut(struct archive *archive, size_t *bytes, struct object **object, int64_t end,
               struct err *err)
{
    struct object *old = *object, *rest = NULL;
    if (old->facts.span.start >= end) return E_OK;
    if (old->facts.span.end > end) {
        int rc = object_rest(old, archive->quick, end, &rest, err);
        if (rc != E_OK) return rc;
        *bytes += object_memory_bytes(rest);
    }
    archive_drop(bytes, old);
    *object = rest;
    return E_OK;
}

/* All that waits, and what is open, without what lies below `end`. */
static int cut_all(struct archive *archive, struct track *track, int64_t end, struct err *err)
{
    int rc = E_OK;
    while (rc == E_OK && track->sealed && track->sealed->facts.span.start < end) {
        struct object *object = track_pop(track);
        rc = cut(archive, &archive->sealed_bytes, &object, end, err);
        if (object) track_push_front(track, object);
    }
    if (rc == E_OK && track->open) rc = cut(archive, &archive->open_bytes, &track->open, end, err);
    return rc;
}

static void count_stored(struct archive_counters *counters, const struct task *task)
{
    if (task->adopted) {
        counters->adopted++;
        return;
    }
    counters->written++;
    counters->written_bytes += task->stored.bytes;
    counters->records += task->stored.records;
    counters->raw += task->stored.raw;
}

/* The object is stored, up to its own end or another's. */
static int take_stored(struct archive *archive, struct track *track, struct task *task,
                       struct err *err)
{
    int64_t ours = task->object->facts.span.end, end = task->stored.span.end;
    count_stored(&archive->counters, task);
    if (end == ours) return E_OK;
    archive->sealed_bytes += object_memory_bytes(task->object);
    track_push_front(track, task->object);
    task->object = NULL;
    /* Whoever stored it may have stored more. */
    track->ahead = (struct lookup_result){.spans = {task->stored.span}, .count = 1, .more = true};
    track->ahead_at = 0;
    track->apart = false;
    return cut_all(archive, track, end, err);
}

static void keep_ended(struct archive *archive, struct task *task)
{
    struct track *track = task->track;
    struct err err;
    archive->sealed_bytes -= task->object_bytes;
    if (task->generation != archive->generation) return;
    track->storing = false;
    if (task->rc == E_OK) {
        if (take_stored(archive, track, task, &err) != E_OK) archive_fail(archive, &err);
        return;
    }
    archive->sealed_bytes += object_memory_bytes(task->object);
    track_push_front(track, task->object);
    task->object = NULL;
}

static void lookup_ended(struct archive *archive, const struct task *task)
{
    struct track *track = task->track;
    if (task->generation != archive->generation || task->rc != E_OK) return;
    track->ahead = task->found;
    track->ahead_at = 0;
    track->apart = false;
    track->state = TRACK_TAKING;
}

void archive_done(struct archive *archive, struct task *task)
{
    archive->running--;
    task->track->busy = false;
    if (task->rc == E_OK) {
        archive->failures = 0;
        archive->last_error.code = E_OK;
    } else if (is_passing(task->rc)) {
        pause_calls(archive, task);
    } else {
        archive_fail(archive, &task->err);
    }
    if (task->kind == TASK_KEEP)
        keep_ended(archive, task);
    else
        lookup_ended(archive, task);
    task_destroy(task);
    archive_go_on(archive);
    worker_wake(archive->context);
}
