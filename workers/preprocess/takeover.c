/* Held jobs, and a reader without a group that looks at what was before them.
 *
 * Happy path: the first job of a partition that we don't know up to there is held, with those
 * behind it → a reader goes to the records before it → each is remembered → the job's own place is
 * reached → the held jobs are processed in order. Failures: when the bus can't be read in
 * TAKEOVER_MS, work goes on without, and the log says that a repeat may be missed. */
#include "workers/preprocess/takeover.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/log.h"

enum { PARTITIONS_MAX = 65536, TICK_MS = 2, POLLS = 4, POLL_RECORDS = 512, POLL_BYTES = 1 << 20,
       CLEARED_RECORDS = 65536 /* of all partitions, which leaves time enough of TAKEOVER_MS */ };

enum place_state { PLACE_UNKNOWN, PLACE_READING, PLACE_KNOWN };

struct place {
    enum place_state state;
    bool begun, sought;  /* begun: `known` has been asked of the window */
    int64_t known;       /* all before it is known, as far as it shall be */
    int64_t next, until; /* while reading */
    struct job **held;
    uint32_t held_count;
    size_t held_capacity;
};

struct takeover {
    struct worker_context *context;
    struct window *window;
    struct takeover_calls calls;
    uint32_t records, room; /* of a partition, of all */
    struct place *places;   /* by partition */
    uint32_t place_count, reading;
    struct bus_consumer *reader; /* NULL while there is nothing to read */
    int64_t deadline_ms;
    struct arena arena;
    uv_timer_t timer;
};

/* --- held jobs -------------------------------------------------------------------------------- */

static int hold(struct place *place, struct job *job, struct err *err)
{
    if (!array_fits(&place->held, &place->held_capacity, place->held_count + 1,
                    sizeof(struct job *)))
        return err_set(err, E_NO_MEMORY, NULL);
    job_defer(job);
    place->held[place->held_count++] = job;
    return E_OK;
}

/* One that is tried again comes after those behind it. */
static void note_known(struct place *place, int64_t offset)
{
    if (place->known <= offset) place->known = offset + 1;
}

static void process_held(struct takeover *takeover, struct place *place)
{
    for (uint32_t i = 0; i < place->held_count; i++) {
        struct job *job = place->held[i];
        struct err err = {0};
        note_known(place, job->message->offset);
        int rc = takeover->calls.process(takeover->context, job, &err);
        job_finish(job, (enum err_code)rc, &err);
    }
    place->held_count = 0;
}

static void end_reading(struct takeover *takeover, struct place *place)
{
    place->state = PLACE_KNOWN;
    takeover->reading--;
    process_held(takeover, place);
}

/* --- reading back ----------------------------------------------------------------------------- */

/* What is read back must not push what this replica has seen itself out of the window; of one that
 * was cleared more of that is missing than another replica's last records. */
static void take_share(const struct takeover *takeover, struct place *place, size_t partitions)
{
    int64_t share = takeover->room / (int64_t)partitions,
            most = CLEARED_RECORDS / (int64_t)partitions;
    if (most < takeover->records) most = takeover->records;
    if (share > most) share = most;
    if (place->until - place->next > share) place->next = place->until - share;
}

/* Where reading begins; and partitions of no interest at their end. Kafka tells its partitions a
 * little later than it is asked. */
static int seek_places(struct takeover *takeover, struct err *err)
{
    size_t count = bus_backlog(takeover->reader, NULL, 0);
    struct bus_backlog *items = count ? calloc(count, sizeof *items) : NULL;
    int rc = E_OK;
    if (count && !items) return err_set(err, E_NO_MEMORY, NULL);
    if (count) (void)bus_backlog(takeover->reader, items, count);
    for (size_t i = 0; i < count && rc == E_OK; i++) {
        struct place *place = items[i].partition < takeover->place_count
                                  ? &takeover->places[items[i].partition]
                                  : NULL;
        bool wanted = place && place->state == PLACE_READING;
        if (wanted && place->sought) continue;
        if (wanted) take_share(takeover, place, count);
        struct bus_position position = {TOPIC_FEEDBACK, items[i].partition,
                                        wanted ? place->next : items[i].end};
        rc = bus_seek(takeover->reader, &position, err);
        if (wanted) place->sought = rc == E_OK;
    }
    free(items);
    return rc;
}

static bool all_sought(const struct takeover *takeover)
{
    for (uint32_t i = 0; i < takeover->place_count; i++)
        if (takeover->places[i].state == PLACE_READING && !takeover->places[i].sought) return false;
    return true;
}

static void take(struct takeover *takeover, const struct bus_message *message)
{
    struct place *place =
        message->partition < takeover->place_count ? &takeover->places[message->partition] : NULL;
    if (!place || place->state != PLACE_READING || !place->sought || message->offset < place->next)
        return;
    if (message->offset >= place->until) {
        end_reading(takeover, place);
        return;
    }
    takeover->calls.remember(takeover->context, message, &takeover->arena);
    arena_reset(&takeover->arena);
    place->next = message->offset + 1;
}

static int read_some(struct takeover *takeover, struct err *err)
{
    int rc = E_OK;
    for (int i = 0; i < POLLS && rc == E_OK && takeover->reading; i++) {
        struct bus_batch batch = {0};
        rc = bus_poll(takeover->reader, POLL_RECORDS, POLL_BYTES, &batch, err);
        if (rc || batch.count == 0) break;
        for (uint32_t j = 0; j < batch.count; j++) take(takeover, &batch.messages[j]);
        bus_release(takeover->reader, &batch);
    }
    return rc;
}

static int read_back(struct takeover *takeover, struct err *err)
{
    static const enum topic topics[] = {TOPIC_FEEDBACK};
    const struct bus_subscription subscription = {
        .member = "takeover", .topics = topics, .topic_count = 1, .start = BUS_EARLIEST};
    int rc = E_OK;
    if (!takeover->reader)
        rc = bus_subscribe(takeover->context->bus, &subscription, &takeover->reader, err);
    if (rc == E_OK && !all_sought(takeover)) rc = seek_places(takeover, err);
    return rc ? rc : read_some(takeover, err);
}

static void give_up(struct takeover *takeover, const struct err *err)
{
    log_error(LOG_WARN, "preprocess",
              "what another replica has seen can't be read back; a repeat may be missed", err);
    for (uint32_t i = 0; i < takeover->place_count; i++)
        if (takeover->places[i].state == PLACE_READING) end_reading(takeover, &takeover->places[i]);
}

static void rest(struct takeover *takeover)
{
    uv_timer_stop(&takeover->timer);
    bus_unsubscribe(takeover->reader);
    takeover->reader = NULL;
    arena_deinit(&takeover->arena);
    takeover->arena = (struct arena){0};
}

static void on_timer(uv_timer_t *timer)
{
    struct takeover *takeover = timer->data;
    struct err err;
    err_set(&err, E_TIMEOUT, "not within %d s", TAKEOVER_MS / 1000);
    (void)read_back(takeover, &err); /* what fails is tried again until the deadline */
    if (takeover->reading && clock_mono_ms(takeover->context->clock) >= takeover->deadline_ms)
        give_up(takeover, &err);
    if (takeover->reading == 0) rest(takeover);
}

static void begin_reading(struct takeover *takeover, struct place *place, int64_t offset)
{
    bool cleared = window_was_cleared(takeover->window);
    int64_t from = offset - (int64_t)(cleared ? takeover->room : takeover->records);
    if (from < place->known) from = place->known;
    place->state = from < offset ? PLACE_READING : PLACE_KNOWN;
    if (place->state == PLACE_KNOWN) return;
    place->next = from;
    place->until = offset;
    place->sought = false;
    takeover->deadline_ms = clock_mono_ms(takeover->context->clock) + TAKEOVER_MS;
    if (takeover->reading++ == 0) uv_timer_start(&takeover->timer, on_timer, 0, TICK_MS);
}

/* --- the worker's calls ----------------------------------------------------------------------- */

static bool grow(struct takeover *takeover, uint32_t partition)
{
    if (partition < takeover->place_count) return true;
    uint32_t count = partition + 8;
    struct place *grown = realloc(takeover->places, count * sizeof *grown);
    if (!grown) return false;
    memset(grown + takeover->place_count, 0, (count - takeover->place_count) * sizeof *grown);
    takeover->places = grown;
    takeover->place_count = count;
    return true;
}

int takeover_hold(struct takeover *takeover, struct job *job, bool *ret_held, struct err *err)
{
    uint32_t partition = job->message->partition;
    int64_t offset = job->message->offset;
    if (partition >= PARTITIONS_MAX) return E_OK;
    if (!grow(takeover, partition)) return err_set(err, E_NO_MEMORY, NULL);
    struct place *place = &takeover->places[partition];
    if (!place->begun && offset > 0) place->known = window_end(takeover->window, partition);
    place->begun = true;
    if (place->state == PLACE_UNKNOWN) begin_reading(takeover, place, offset);
    if (place->state == PLACE_READING) return *ret_held = true, hold(place, job, err);
    note_known(place, offset);
    return E_OK;
}

void takeover_rewound(struct takeover *takeover)
{
    for (uint32_t i = 0; i < takeover->place_count; i++) {
        struct place *place = &takeover->places[i];
        if (place->state == PLACE_READING) place->known = place->next;
        place->state = PLACE_UNKNOWN;
        for (uint32_t j = 0; j < place->held_count; j++) job_finish(place->held[j], E_OK, NULL);
        place->held_count = 0;
    }
    if (takeover->reading) rest(takeover);
    takeover->reading = 0;
}

int takeover_open(struct worker_context *context, struct window *window,
                  const struct takeover_calls *calls, uint32_t records,
                  struct takeover **ret_takeover, struct err *err)
{
    struct takeover *takeover = calloc(1, sizeof *takeover);
    if (!takeover) return err_set(err, E_NO_MEMORY, NULL);
    *takeover = (struct takeover){
        .context = context, .window = window, .calls = *calls, .records = records,
        .room = window_entries(window) / 4 * 3};
    uv_timer_init(context->loop, &takeover->timer);
    takeover->timer.data = takeover;
    *ret_takeover = takeover;
    return E_OK;
}

static void on_closed(uv_handle_t *handle) { free(handle->data); }

void takeover_close(struct takeover *takeover)
{
    if (!takeover) return;
    takeover_rewound(takeover);
    for (uint32_t i = 0; i < takeover->place_count; i++) free(takeover->places[i].held);
    free(takeover->places);
    uv_close((uv_handle_t *)&takeover->timer, on_closed);
}
