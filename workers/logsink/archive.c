/* Records into objects, objects into the store: see archive.h. */
#include "workers/logsink/archive.h"

#include <stdlib.h>

int archive_init(struct archive *archive, const struct archive_options *options,
                 struct worker_context *context, void (*start)(void *user, struct task *task),
                 void *user, struct err *err)
{
    *archive = (struct archive){
        .options = *options, .context = context, .start = start, .user = user, .due_ms = -1};
    archive->quick = ZSTD_createCCtx();
    return archive->quick ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int64_t now_ms(const struct archive *archive)
{
    return clock_mono_ms(archive->context->clock);
}

static void due_at(struct archive *archive, int64_t ms)
{
    if (archive->due_ms < 0 || ms < archive->due_ms) archive->due_ms = ms;
}

static int no_memory(struct err *err) { return err_set(err, E_NO_MEMORY, "archiving"); }

/* --- tracks ---------------------------------------------------------------------------------- */

static struct track *find_track(const struct archive *archive, enum topic topic, uint32_t partition)
{
    const struct track_index *index = &archive->index[topic];
    return partition < index->count ? index->of[partition] : NULL;
}

static bool grow_index(struct track_index *index, uint32_t partition)
{
    if (partition < index->count) return true;
    uint32_t count = partition + 8;
    struct track **grown = realloc(index->of, count * sizeof(struct track *));
    if (!grown) return false;
    memset(grown + index->count, 0, (count - index->count) * sizeof(struct track *));
    *index = (struct track_index){.of = grown, .count = count};
    return true;
}

static bool grow_tracks(struct archive *archive)
{
    if (archive->track_count < archive->track_capacity) return true;
    uint32_t capacity = archive->track_capacity ? archive->track_capacity * 2 : 16;
    struct track **grown = realloc(archive->tracks, capacity * sizeof(struct track *));
    if (!grown) return false;
    archive->tracks = grown;
    archive->track_capacity = capacity;
    return true;
}

static struct track *track_of(struct archive *archive, enum topic topic, uint32_t partition)
{
    struct track *track = find_track(archive, topic, partition);
    if (track) return track;
    if (!grow_tracks(archive) || !grow_index(&archive->index[topic], partition)) return NULL;
    track = calloc(1, sizeof *track);
    if (!track) return NULL;
    track->topic = topic;
    track->partition = partition;
    track->sealed_end = &track->sealed;
    archive->tracks[archive->track_count++] = track;
    return archive->index[topic].of[partition] = track;
}

static bool park(struct track *track, struct job *job)
{
    if (track->parked_at == track->parked_count) track->parked_at = track->parked_count = 0;
    if (track->parked_count == track->parked_capacity) {
        uint32_t capacity = track->parked_capacity ? track->parked_capacity * 2 : 64;
        struct job **grown = realloc(track->parked, capacity * sizeof(struct job *));
        if (!grown) return false;
        track->parked = grown;
        track->parked_capacity = capacity;
    }
    job_defer(job);
    track->parked[track->parked_count++] = job;
    return true;
}

static bool has_parked(const struct track *track) { return track->parked_at < track->parked_count; }

/* --- sealing --------------------------------------------------------------------------------- */

static void seal(struct archive *archive, struct track *track)
{
    struct object *object = track->open;
    if (!object) return;
    size_t bytes = object_memory_bytes(object);
    archive->open_bytes -= bytes;
    archive->sealed_bytes += bytes;
    track->open = NULL;
    *track->sealed_end = object;
    track->sealed_end = &object->next;
}

/* Half of the memory is for open objects, so that the other half can be stored meanwhile. */
static void make_room(struct archive *archive)
{
    while (archive->open_bytes > archive->options.memory_bytes / 2) {
        struct track *largest = NULL;
        for (uint32_t i = 0; i < archive->track_count; i++) {
            struct track *track = archive->tracks[i];
            if (track->open && (!largest || object_memory_bytes(track->open) >
                                                object_memory_bytes(largest->open)))
                largest = track;
        }
        if (!largest) return;
        seal(archive, largest);
    }
}

static bool is_full(const struct archive *archive)
{
    return archive->open_bytes + archive->sealed_bytes > archive->options.memory_bytes;
}

/* Must the record begin a new object? By the clock of the records, so that it would be cut there
 * whenever it is read. An earlier date rides along: else a few late records would cut many. */
static bool begins_object(const struct archive *archive, const struct object *open,
                          int64_t timestamp_ms)
{
    char before[LAYOUT_DATE_BYTES], date[LAYOUT_DATE_BYTES];
    timestamp_ms = layout_time(timestamp_ms);
    if (timestamp_ms - open->facts.first_ms >= archive->options.age_ms) return true;
    if (timestamp_ms / 86400000 == open->facts.first_ms / 86400000) return false;
    layout_date(open->facts.first_ms, before);
    layout_date(timestamp_ms, date);
    return strcmp(date, before) > 0;
}

static bool is_large(const struct archive *archive, const struct object *open)
{
    return open->facts.records >= archive->options.count ||
           open->piece_bytes + open->tail.size >= archive->options.bytes;
}

/* --- taking ---------------------------------------------------------------------------------- */

static struct object *open_object(struct archive *archive, struct track *track,
                                  const struct bus_message *message)
{
    if (track->open && begins_object(archive, track->open, message->timestamp_ms))
        seal(archive, track);
    if (track->open) return track->open;
    int64_t now = now_ms(archive);
    track->open = object_create(track->topic, track->partition, now);
    if (!track->open) return NULL;
    archive->open_bytes += object_memory_bytes(track->open);
    due_at(archive, now + archive->options.age_ms);
    return track->open;
}

static int add(struct archive *archive, struct track *track, struct job *job, struct err *err)
{
    const struct bus_message *message = job->message;
    struct object *object = open_object(archive, track, message);
    bool raw;
    if (!object) return no_memory(err);
    archive->open_bytes -= object_memory_bytes(object);
    struct buffer *tail = object_tail(object);
    size_t before = tail->size;
    int rc = line_write(message, job->arena, tail, &raw, err);
    if (rc == E_OK)
        rc = object_added(object, archive->quick, message->offset, message->timestamp_ms, raw,
                          tail->size - before, err);
    archive->open_bytes += object_memory_bytes(object);
    if (rc == E_OK && is_large(archive, object)) seal(archive, track);
    make_room(archive);
    return rc;
}

/* Does the store hold the record already? */
static bool is_ahead(struct track *track, int64_t offset)
{
    struct lookup_result *ahead = &track->ahead;
    while (track->ahead_at < ahead->count && ahead->spans[track->ahead_at].end <= offset)
        track->ahead_at++;
    return track->ahead_at < ahead->count && ahead->spans[track->ahead_at].start <= offset;
}

/* E_BUSY: not now; nothing was done. */
static int take(struct archive *archive, struct track *track, struct job *job, struct err *err)
{
    if (track->state == TRACK_ASKING) return E_BUSY;
    if (is_ahead(track, job->message->offset)) {
        seal(archive, track); /* it must end where the stored one begins */
        archive->counters.skipped++;
        return E_OK;
    }
    if (track->ahead_at == track->ahead.count && track->ahead.more) {
        track->state = TRACK_ASKING;
        return E_BUSY;
    }
    if (is_full(archive)) return E_BUSY;
    return add(archive, track, job, err);
}

/* --- calls to the store ---------------------------------------------------------------------- */

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

static struct object *pop_sealed(struct track *track)
{
    struct object *object = track->sealed;
    track->sealed = object->next;
    if (!track->sealed) track->sealed_end = &track->sealed;
    object->next = NULL;
    return object;
}

static void push_front(struct track *track, struct object *object)
{
    object->next = track->sealed;
    track->sealed = object;
    if (!object->next) track->sealed_end = &object->next;
}

static struct task *keep_task(struct archive *archive, struct track *track)
{
    struct task *task = new_task(archive, track, TASK_KEEP);
    if (!task) return NULL;
    task->object = pop_sealed(track);
    task->object_bytes = object_memory_bytes(task->object);
    track->storing = true;
    track->storing_span = task->object->facts.span;
    return task;
}

/* Starts the track's next call, if there is something to do. False: nothing. */
static bool start_call(struct archive *archive, struct track *track)
{
    struct task *task = NULL;
    struct err err;
    if (track->busy) return false;
    bool lookup = track->state == TRACK_ASKING && has_parked(track) && !track->sealed;
    if (!lookup && !track->sealed) return false;
    task = lookup ? lookup_task(archive, track) : keep_task(archive, track);
    if (!task) {
        no_memory(&err);
        worker_fail(archive->context, &err);
        return false;
    }
    track->busy = true;
    archive->running++;
    archive->start(archive->user, task);
    return true;
}

/* As many calls as may run: one at a time while the store fails, and none during a pause. */
static void start_calls(struct archive *archive)
{
    uint32_t most = archive->options.calls;
    if (archive->failures) {
        if (now_ms(archive) < archive->try_again_ms) {
            due_at(archive, archive->try_again_ms);
            return;
        }
        most = 1;
    }
    for (uint32_t i = 0; i < archive->track_count && archive->running < most; i++) {
        uint32_t turn = archive->turn++ % archive->track_count;
        start_call(archive, archive->tracks[turn]);
    }
}

/* --- jobs that waited ------------------------------------------------------------------------ */

static void unpark(struct archive *archive, struct track *track)
{
    while (has_parked(track)) {
        struct job *job = track->parked[track->parked_at];
        struct err err = {0};
        int rc = take(archive, track, job, &err);
        if (rc == E_BUSY) return;
        track->parked_at++;
        job_finish(job, (enum err_code)rc, &err);
    }
}

static void go_on(struct archive *archive)
{
    for (uint32_t i = 0; i < archive->track_count; i++) unpark(archive, archive->tracks[i]);
    start_calls(archive);
}

int archive_take(struct archive *archive, struct job *job, struct err *err)
{
    struct track *track = track_of(archive, job->message->topic, job->message->partition);
    if (!track) return no_memory(err);
    archive->touched = true;
    int rc = has_parked(track) ? E_BUSY : take(archive, track, job, err);
    if (rc == E_BUSY) rc = park(track, job) ? E_OK : no_memory(err);
    if (rc == E_OK && !track->busy && (job->deferred || track->sealed)) start_calls(archive);
    return rc;
}

/* --- what became of a call ------------------------------------------------------------------- */

static void pause_calls(struct archive *archive, const struct task *task)
{
    const struct archive_options *options = &archive->options;
    uint32_t doublings = archive->failures < 16 ? archive->failures : 16;
    int64_t most = options->backoff_least_ms << doublings;
    if (most > options->backoff_most_ms) most = options->backoff_most_ms;
    int64_t pause = options->backoff_least_ms;
    if (most > pause) pause += (int64_t)random_below(archive->context->random,
                                                     (uint64_t)(most - pause) + 1);
    if (task->retry_after_ms > pause) pause = task->retry_after_ms;
    archive->failures++;
    archive->counters.failed++;
    archive->last_error = task->err;
    archive->try_again_ms = now_ms(archive) + pause;
}

/* May the call be made again? Refused credentials too: they are read anew, and people mend them. */
static bool is_passing(int rc)
{
    return err_class((enum err_code)rc) == ERR_RETRY || rc == E_DENIED || rc == E_CANCELLED;
}

static void drop(size_t *bytes, struct object *object)
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
    drop(bytes, old);
    *object = rest;
    return E_OK;
}

/* All that waits, and what is open, without what lies below `end`. */
static int cut_all(struct archive *archive, struct track *track, int64_t end, struct err *err)
{
    int rc = E_OK;
    while (rc == E_OK && track->sealed && track->sealed->facts.span.start < end) {
        struct object *object = pop_sealed(track);
        rc = cut(archive, &archive->sealed_bytes, &object, end, err);
        if (object) push_front(track, object);
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
    push_front(track, task->object);
    task->object = NULL;
    /* Whoever stored it may have stored more. */
    track->ahead = (struct lookup_result){.spans = {task->stored.span}, .count = 1, .more = true};
    track->ahead_at = 0;
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
        if (take_stored(archive, track, task, &err) != E_OK) worker_fail(archive->context, &err);
        return;
    }
    archive->sealed_bytes += object_memory_bytes(task->object);
    push_front(track, task->object);
    task->object = NULL;
}

static void lookup_ended(struct archive *archive, const struct task *task)
{
    struct track *track = task->track;
    if (task->generation != archive->generation || task->rc != E_OK) return;
    track->ahead = task->found;
    track->ahead_at = 0;
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
        worker_fail(archive->context, &task->err);
    }
    if (task->kind == TASK_KEEP)
        keep_ended(archive, task);
    else
        lookup_ended(archive, task);
    task_destroy(task);
    go_on(archive);
    worker_wake(archive->context);
}

/* --- the clock, the end, starting over ------------------------------------------------------- */

void archive_tick(struct archive *archive)
{
    int64_t now = now_ms(archive);
    archive->due_ms = -1;
    for (uint32_t i = 0; i < archive->track_count; i++) {
        struct track *track = archive->tracks[i];
        if (!track->open) continue;
        int64_t due = track->open->opened_ms + archive->options.age_ms;
        if (now >= due)
            seal(archive, track);
        else
            due_at(archive, due);
    }
    go_on(archive);
}

int64_t archive_durable(const struct archive *archive, enum topic topic, uint32_t partition)
{
    const struct track *track = find_track(archive, topic, partition);
    if (!track) return INT64_MAX;
    if (track->storing) return track->storing_span.start;
    const struct object *oldest = track->sealed ? track->sealed : track->open;
    return oldest ? oldest->facts.span.start : INT64_MAX;
}

static void forget(struct archive *archive, struct track *track)
{
    if (track->open) drop(&archive->open_bytes, track->open);
    track->open = NULL;
    while (track->sealed) drop(&archive->sealed_bytes, pop_sealed(track));
    track->storing = false;
    track->state = TRACK_ASKING;
    track->ahead = (struct lookup_result){0};
    track->ahead_at = 0;
}

void archive_rewound(struct archive *archive)
{
    archive->generation++;
    for (uint32_t i = 0; i < archive->track_count; i++) {
        struct track *track = archive->tracks[i];
        forget(archive, track);
        while (has_parked(track)) /* dropped by now: this lets go of them */
            job_finish(track->parked[track->parked_at++], E_OK, NULL);
    }
}

void archive_deinit(struct archive *archive)
{
    for (uint32_t i = 0; i < archive->track_count; i++) {
        struct track *track = archive->tracks[i];
        forget(archive, track);
        free(track->parked);
        free(track);
    }
    for (int i = 0; i < TOPIC_COUNT; i++) free(archive->index[i].of);
    free(archive->tracks);
    ZSTD_freeCCtx(archive->quick);
    *archive = (struct archive){0};
}

void archive_drain(struct archive *archive) { archive->touched = true; }

/* Records that were read before the drain began still come, a few at each turn of the loop: sealing
 * waits for a turn without any. */
bool archive_draining(struct archive *archive)
{
    bool quiet = !archive->touched, left = false;
    archive->touched = false;
    for (uint32_t i = 0; i < archive->track_count; i++) {
        struct track *track = archive->tracks[i];
        if (quiet && !has_parked(track)) seal(archive, track);
        left |= track->open || track->sealed || track->storing || has_parked(track);
    }
    if (quiet) start_calls(archive);
    return left || !quiet;
}
