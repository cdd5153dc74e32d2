/* Records into objects, objects into the store: see archive.h. */
#include "workers/logsink/archive.h"

int archive_init(struct archive *archive, const struct archive_options *options,
                 struct worker_context *context, void (*start)(void *user, struct task *task),
                 void *user, struct err *err)
{
    *archive = (struct archive){
        .options = *options, .context = context, .start = start, .user = user, .due_ms = -1};
    archive->quick = ZSTD_createCCtx();
    return archive->quick ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

void archive_fail(struct archive *archive, const struct err *err)
{
    archive->failed = true;
    worker_fail(archive->context, err);
}

void archive_due_at(struct archive *archive, int64_t ms)
{
    if (archive->due_ms < 0 || ms < archive->due_ms) archive->due_ms = ms;
}

static int no_memory(struct err *err) { return err_set(err, E_NO_MEMORY, "archiving"); }

/* --- sealing --------------------------------------------------------------------------------- */

static void seal(struct archive *archive, struct track *track)
{
    struct object *object = track->open;
    if (!object) return;
    size_t bytes = object_memory_bytes(object);
    archive->open_bytes -= bytes;
    archive->sealed_bytes += bytes;
    track->open = NULL;
    track_push_back(track, object);
}

/* Half of the memory is for open objects, so that the other half can be stored meanwhile. */
static void make_room(struct archive *archive)
{
    while (archive->open_bytes > archive->options.memory_bytes / 2) {
        struct track *largest = NULL;
        for (uint32_t i = 0; i < archive->tracks.count; i++) {
            struct track *track = archive->tracks.items[i];
            if (track->open &&
                (!largest || object_memory_bytes(track->open) > object_memory_bytes(largest->open)))
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
    timestamp_ms = time_bounded(timestamp_ms);
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
    int64_t now = archive_now_ms(archive);
    track->open = object_create(track->topic, track->partition, now);
    if (!track->open) return NULL;
    archive->open_bytes += object_memory_bytes(track->open);
    archive_due_at(archive, now + archive->options.age_ms);
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

/* E_BUSY: not now; nothing was done. What the store holds is compared where a hole before it ends,
 * and where offsets went back, or the records of a topic that was made anew would be taken for, or
 * put among, those of the old one. */
static int take(struct archive *archive, struct track *track, struct job *job, struct err *err)
{
    if (track->state == TRACK_ASKING) return E_BUSY;
    int64_t offset = job->message->offset;
    bool back = offset < track->next, ahead = !back && is_ahead(track, offset);
    track->next = offset;
    if (ahead || back) seal(archive, track); /* it must end where the stored one begins */
    if (back || (ahead ? track->apart
                       : track->ahead_at == track->ahead.count && track->ahead.more)) {
        track->state = TRACK_ASKING;
        return E_BUSY;
    }
    if (!ahead && is_full(archive)) return E_BUSY;
    track->next++;
    if (ahead) {
        archive->counters.skipped++;
        return E_OK;
    }
    int rc = add(archive, track, job, err);
    track->apart = true;
    /* what is open may hold half a line, or none: it must not be stored */
    if (rc) archive->failed = true;
    return rc;
}

/* --- jobs that waited ------------------------------------------------------------------------ */

static void unpark(struct archive *archive, struct track *track)
{
    while (track_has_parked(track)) {
        struct job *job = track->parked[track->parked_at];
        struct err err = {0};
        int rc = take(archive, track, job, &err);
        if (rc == E_BUSY) return;
        track->parked_at++;
        job_finish(job, (enum err_code)rc, &err);
    }
}

void archive_go_on(struct archive *archive)
{
    for (uint32_t i = 0; i < archive->tracks.count; i++) unpark(archive, archive->tracks.items[i]);
    calls_start(archive);
}

int archive_take(struct archive *archive, struct job *job, struct err *err)
{
    struct track *track =
        tracks_get(&archive->tracks, job->message->topic, job->message->partition);
    if (!track) return no_memory(err);
    archive->touched = true;
    int rc = track_has_parked(track) ? E_BUSY : take(archive, track, job, err);
    if (rc == E_BUSY) rc = track_park(track, job) ? E_OK : no_memory(err);
    if (rc == E_OK && !track->busy && (job->deferred || track->sealed)) calls_start(archive);
    return rc;
}

/* --- the clock, the end, starting over ------------------------------------------------------- */

void archive_tick(struct archive *archive)
{
    int64_t now = archive_now_ms(archive);
    archive->due_ms = -1;
    for (uint32_t i = 0; i < archive->tracks.count; i++) {
        struct track *track = archive->tracks.items[i];
        if (!track->open) continue;
        int64_t due = track->open->opened_ms + archive->options.age_ms;
        if (now >= due)
            seal(archive, track);
        else
            archive_due_at(archive, due);
    }
    archive_go_on(archive);
}

static const struct object_facts *oldest_of(const struct track *track)
{
    if (track->storing) return &track->storing_facts;
    if (track->sealed) return &track->sealed->facts;
    return track->open ? &track->open->facts : NULL;
}

int64_t archive_durable(const struct archive *archive, enum topic topic, uint32_t partition)
{
    const struct track *track = tracks_find(&archive->tracks, topic, partition);
    if (!track) return INT64_MAX;
    const struct object_facts *oldest = oldest_of(track);
    return oldest ? oldest->span.start : INT64_MAX;
}

struct archive_waiting archive_waiting(const struct archive *archive)
{
    struct archive_waiting waiting = {0};
    for (uint32_t i = 0; i < archive->tracks.count; i++) {
        const struct track *track = archive->tracks.items[i];
        const struct object_facts *oldest = oldest_of(track);
        if (!oldest) continue;
        if (!waiting.records || oldest->earliest_ms < waiting.oldest_ms)
            waiting.oldest_ms = oldest->earliest_ms;
        if (track->storing) waiting.records += track->storing_facts.records;
        for (const struct object *object = track->sealed; object; object = object->next)
            waiting.records += object->facts.records;
        if (track->open) waiting.records += track->open->facts.records;
    }
    return waiting;
}

static void forget(struct archive *archive, struct track *track)
{
    if (track->open) archive_drop(&archive->open_bytes, track->open);
    track->open = NULL;
    while (track->sealed) archive_drop(&archive->sealed_bytes, track_pop(track));
    track->storing = false;
    track->state = TRACK_ASKING;
    track->ahead = (struct lookup_result){0};
    track->ahead_at = 0;
    track->next = 0;
}

void archive_rewound(struct archive *archive)
{
    archive->generation++;
    for (uint32_t i = 0; i < archive->tracks.count; i++) {
        struct track *track = archive->tracks.items[i];
        forget(archive, track);
        while (track_has_parked(track)) /* dropped by now: this lets go of them */
            job_finish(track->parked[track->parked_at++], E_OK, NULL);
    }
}

void archive_deinit(struct archive *archive)
{
    for (uint32_t i = 0; i < archive->tracks.count; i++) forget(archive, archive->tracks.items[i]);
    tracks_deinit(&archive->tracks);
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
    for (uint32_t i = 0; i < archive->tracks.count; i++) {
        struct track *track = archive->tracks.items[i];
        if (quiet && !track_has_parked(track)) seal(archive, track);
        left |= track->open || track->sealed || track->storing || track_has_parked(track);
    }
    if (quiet) calls_start(archive);
    return left || !quiet;
}
