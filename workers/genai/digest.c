/* One digest for all partitions, made by one replica, each record in exactly one.
 *
 * The replicas join the group `digest` on `insights`, paused: they read nothing through it.
 * Who owns partition 0 is the one that makes digests. It follows all partitions with a reader
 * of its own and counts (digest_counts.c). When the window is over and all that had been written
 * by then is counted, it is told in words (digest_teller.c), and the events (one a tenant)
 * and the group's position of partition 0 are committed together: so a replica that has lost its
 * ownership can't write any.
 *
 * No state is kept anywhere else. The events say which positions they cover and what has been
 * usual; all have the same key, so they lie in one partition (of as many as there are). Whoever
 * comes to own partition 0 looks there, backwards in growing steps, for the last ones, takes up
 * what they say, and counts from where they ended. Where there is none it begins at the oldest
 * insight.
 *
 * Failures: a bus that can't be read or written is tried again at each tick; a lost generation
 * drops the counts, and the search begins anew; the group's position tells whether the last events
 * can be seen already. An event that the broker finds too large is written shorter. */
#include "workers/genai/digest_maker.h"

#include <stdlib.h>

#include "base/log.h"

enum {
    TICK_MS = 250,
    BUSY_MS = 1,
};
#define HISTORY_MS (INT64_C(28) * 86400000) /* over which what is usual fades */

static void complain(struct digest_maker *maker, const char *what, const struct err *err)
{
    if (maker->failures++ % 64 == 8) log_error(LOG_WARN, "genai", what, err);
}

static void drop(struct digest_maker *maker)
{
    bus_unsubscribe(maker->reader);
    maker->reader = NULL;
    digest_teller_drop(maker->teller);
    digest_counts_destroy(maker->counts);
    maker->counts = NULL;
    maker->cutting = false;
    maker->phase = PHASE_IDLE;
}

/* --- a window --------------------------------------------------------------------------------- */

static int take_insight(struct digest_maker *maker, const struct bus_message *message,
                        struct err *err)
{
    int rc = digest_counts_add(maker->counts, message->value, &maker->arena, err);
    if (rc == E_OK || rc == E_NO_MEMORY) return rc;
    maker->skipped++; /* what can't be read can't be counted: consumers see it too */
    return E_OK;
}

static bool fill_places(const struct digest_maker *maker, struct arena *arena,
                        struct digest *digest)
{
    struct digest_place_list list = {
        .items = ARENA_ARRAY(arena, struct digest_place, maker->place_count),
        .count = maker->place_count};
    if (!list.items) return false;
    for (uint32_t i = 0; i < list.count; i++) {
        shape_set(digest_place, &list.items[i], partition, i);
        shape_set(digest_place, &list.items[i], from, (uint64_t)maker->places[i].from);
        shape_set(digest_place, &list.items[i], to, (uint64_t)maker->places[i].next);
    }
    shape_set(digest, digest, places, list);
    return true;
}

static int write_event(struct digest_maker *maker, struct digest *digest, struct bus_output *output,
                       struct err *err)
{
    struct arena *arena = &maker->out;
    struct record record = {.version = RECORD_VERSION};
    char *trace = arena_alloc(arena, TRACE_TEXT_BYTES);
    struct bus_header *headers = ARENA_ARRAY(arena, struct bus_header, JOB_HEADERS);
    record.id = arena_printf(arena, "digest-%lld-%.*s", (long long)maker->until_ms,
                             STR_ARGS(digest->tenant));
    if (!trace || !headers || !record.id.data || !fill_places(maker, arena, digest))
        return err_set(err, E_NO_MEMORY, NULL);
    shape_set(digest, digest, since, maker->since_ms);
    shape_set(digest, digest, until, maker->until_ms);
    trace_alone(maker->context->random, trace);
    *output = (struct bus_output){
        .topic = TOPIC_INSIGHTS, .timestamp_ms = digest_wall_ms(maker), .key = DIGEST_KEY,
        .headers = headers, .header_count = JOB_HEADERS};
    headers_fill(headers, TOPIC_INSIGHTS, "genai", record.id, str_of(trace));
    int rc = record_put(&record, SECTION_DIGEST, digest, arena, err);
    return rc ? rc : record_write(&record, arena, &output->value, err);
}

/* The words go with the lot; the events are written out by then. */
static int write_events(struct digest_maker *maker, struct err *err)
{
    int rc = E_OK;
    for (uint32_t i = 0; i < maker->output_count && rc == E_OK; i++) {
        rc = digest_teller_fill(maker->teller, i, &maker->digests[i], err);
        if (rc == E_OK) rc = write_event(maker, &maker->digests[i], &maker->outputs[i], err);
    }
    if (rc) return rc;
    digest_teller_drop(maker->teller);
    maker->position = (struct bus_position){TOPIC_INSIGHTS, 0, maker->places[0].next};
    maker->phase = PHASE_COMMIT;
    return E_OK;
}

static int begin_telling(struct digest_maker *maker, struct err *err)
{
    uint32_t count = digest_counts_tenants(maker->counts);
    int rc = E_OK;
    arena_reset(&maker->out);
    maker->digests = ARENA_ARRAY(&maker->out, struct digest, count ? count : 1);
    maker->outputs = ARENA_ARRAY(&maker->out, struct bus_output, count ? count : 1);
    if (!maker->digests || !maker->outputs) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < count && rc == E_OK; i++)
        rc = digest_counts_fill(maker->counts, i, &maker->out, &maker->digests[i], err);
    if (rc == E_OK) rc = digest_teller_begin(maker->teller, maker->digests, count, err);
    if (rc) return rc;
    maker->output_count = count;
    maker->phase = PHASE_TELL;
    return digest_teller_done(maker->teller) ? write_events(maker, err) : E_OK;
}

static void begin_window(struct digest_maker *maker)
{
    int64_t now = digest_wall_ms(maker);
    digest_counts_close_window(maker->counts);
    for (uint32_t i = 0; i < maker->place_count; i++) maker->places[i].from = maker->places[i].next;
    maker->since_ms = maker->until_ms;
    maker->until_ms = now - now % maker->every_ms + maker->every_ms;
    maker->cutting = false;
    maker->phase = PHASE_COUNT;
}

/* All that was written when the window ended is in it; what came since then and was read along,
 * too: the events say the positions. */
static int count(struct digest_maker *maker, bool *ret_idle, struct err *err)
{
    struct bus_backlog items[PLACES_MAX];
    uint32_t count;
    int rc = digest_read(maker, take_insight, ret_idle, err);
    if (rc || digest_wall_ms(maker) < maker->until_ms || !digest_ends(maker, items, &count))
        return rc;
    if (count > maker->place_count) { /* the topic has more partitions now */
        drop(maker);
        return E_OK;
    }
    for (uint32_t i = 0; i < count && !maker->cutting; i++)
        if (items[i].partition < maker->place_count)
            maker->places[items[i].partition].until = items[i].end;
    maker->cutting = true;
    for (uint32_t i = 0; i < count; i++)
        if (items[i].partition < maker->place_count && !digest_reached(maker, &items[i], *ret_idle))
            return E_OK;
    if (digest_counts_tenants(maker->counts)) return begin_telling(maker, err);
    begin_window(maker); /* nobody has said anything yet */
    return E_OK;
}

/* --- commit ----------------------------------------------------------------------------------- */

/* First without the words, then each time with half of the needs and the rows, which are ordered:
 * what is left out of the rows is known to us, but not to who takes over. False: there is nothing
 * more to leave out. */
static bool shorten(struct digest *digest)
{
    if (shape_has(digest, digest, stories)) return shape_unset(digest, digest, stories), true;
    if (!digest->needs.count && !digest->rows.count) return false;
    digest->needs.count /= 2;
    digest->rows.count /= 2;
    if (!digest->needs.count) shape_unset(digest, digest, needs);
    if (!digest->rows.count) shape_unset(digest, digest, rows);
    return true;
}

/* A broker with a lower limit than ours: never the same events again. */
static void write_shorter(struct digest_maker *maker, const struct err *err)
{
    struct err why;
    size_t largest = 0;
    for (size_t i = 1; i < maker->output_count; i++)
        if (maker->outputs[i].value.size > maker->outputs[largest].value.size) largest = i;
    log_error(LOG_WARN, "genai", "the bus refuses a digest; it is written shorter", err);
    int rc = shorten(&maker->digests[largest])
                 ? write_event(maker, &maker->digests[largest], &maker->outputs[largest], &why)
                 : err_set(&why, E_SYSTEM, "%s", err->text);
    if (rc) worker_fail(maker->context, &why);
}

static void take_commit(struct digest_maker *maker)
{
    int code;
    struct err err;
    double seconds;
    if (!committer_take(maker->committer, &code, &err, &seconds)) return;
    if (code == E_OK) {
        maker->made += maker->output_count;
        maker->failures = 0;
        if (maker->phase == PHASE_COMMIT) begin_window(maker);
    } else if (code == E_CANCELLED) {
        maker->lost = true;
        drop(maker);
    } else if (err_class((enum err_code)code) == ERR_FATAL) {
        worker_fail(maker->context, &err);
    } else if (code == E_TOO_LARGE) {
        write_shorter(maker, &err);
    } else {
        complain(maker, "a digest can't be committed; trying again", &err);
    }
}

static void on_done(void *user) { (void)user; } /* the next tick looks */

/* Inside bus_poll(): a running commit may end first. */
static void on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    struct digest_maker *maker = user;
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].partition != 0) continue;
        committer_wait(maker->committer);
        take_commit(maker);
        drop(maker);
        maker->owns = false;
    }
}

static void on_assigned(void *user, const struct bus_position *partitions, size_t count)
{
    struct digest_maker *maker = user;
    for (size_t i = 0; i < count; i++) maker->owns |= partitions[i].partition == 0;
}

/* --- the tick --------------------------------------------------------------------------------- */

static int keep_membership(struct digest_maker *maker, struct err *err)
{
    struct bus_batch batch = {0};
    bus_pause(maker->member, true);
    int rc = bus_poll(maker->member, 1, 1024, &batch, err);
    if (rc) return rc;
    bus_release(maker->member, &batch);
    if (!maker->lost || committer_busy(maker->committer)) return E_OK;
    rc = bus_rewind(maker->member, err);
    if (rc == E_OK) maker->lost = false;
    return rc;
}

static int step(struct digest_maker *maker, bool *ret_idle, struct err *err)
{
    bool open = false;
    int rc;
    switch (maker->phase) {
    case PHASE_IDLE:
        maker->back = DIGEST_SEARCH_FIRST;
        maker->wide = false;
        maker->search_began_ms = clock_mono_ms(maker->context->clock);
        maker->phase = PHASE_OPEN;
        return E_OK;
    case PHASE_OPEN:
        rc = digest_open_reader(maker, &open, err);
        return rc == E_OK && open ? digest_begin_search(maker, err) : rc;
    case PHASE_SEARCH: return digest_search(maker, ret_idle, err);
    case PHASE_COUNT: return count(maker, ret_idle, err);
    case PHASE_TELL: return digest_teller_done(maker->teller) ? write_events(maker, err) : E_OK;
    case PHASE_COMMIT:
        if (!committer_busy(maker->committer))
            committer_start(maker->committer, maker->outputs, maker->output_count, &maker->position,
                            1);
        return E_OK;
    }
    return E_OK;
}

static void on_timer(uv_timer_t *timer)
{
    struct digest_maker *maker = timer->data;
    struct err err = {0};
    bool idle = true;
    take_commit(maker);
    int rc = keep_membership(maker, &err);
    if (rc == E_OK && maker->owns && !maker->lost) rc = step(maker, &idle, &err);
    if (rc && err_class((enum err_code)rc) == ERR_FATAL) {
        worker_fail(maker->context, &err);
        return;
    }
    if (rc) {
        complain(maker, "the digest waits for the bus", &err);
        if (err_class((enum err_code)rc) != ERR_RETRY && !committer_busy(maker->committer))
            drop(maker);
    }
    uv_timer_start(timer, on_timer, idle || rc ? TICK_MS : BUSY_MS, 0);
}

/* --- life ------------------------------------------------------------------------------------- */

int digest_open(struct worker_context *context, int64_t every_ms, struct digest_teller *teller,
                struct digest_maker **ret_maker, struct err *err)
{
    static const enum topic topics[] = {TOPIC_INSIGHTS};
    struct digest_maker *maker = calloc(1, sizeof *maker);
    if (!maker) return err_set(err, E_NO_MEMORY, NULL);
    *maker = (struct digest_maker){.context = context, .every_ms = every_ms, .teller = teller};
    maker->trailing = every_ms < HISTORY_MS ? (uint32_t)(HISTORY_MS / every_ms) : 1;
    const struct bus_subscription subscription = {
        .group = DIGEST_GROUP, .member = context->member, .topics = topics, .topic_count = 1,
        .start = BUS_EARLIEST,
        .on_revoked = on_revoked, .on_assigned = on_assigned, .user = maker};
    int rc = bus_subscribe(context->bus, &subscription, &maker->member, err);
    if (rc == E_OK) rc = committer_create(maker->member, on_done, maker, &maker->committer, err);
    if (rc) {
        bus_unsubscribe(maker->member);
        free(maker);
        return rc;
    }
    bus_pause(maker->member, true);
    uv_timer_init(context->loop, &maker->timer);
    maker->timer.data = maker;
    uv_timer_start(&maker->timer, on_timer, TICK_MS, 0);
    *ret_maker = maker;
    return E_OK;
}

static void on_closed(uv_handle_t *handle) { free(handle->data); }

void digest_close(struct digest_maker *maker)
{
    if (!maker) return;
    uv_timer_stop(&maker->timer);
    bus_hasten(maker->member);
    committer_destroy(maker->committer);
    maker->committer = NULL;
    drop(maker);
    bus_unsubscribe(maker->member);
    arena_deinit(&maker->arena);
    arena_deinit(&maker->out);
    uv_close((uv_handle_t *)&maker->timer, on_closed);
}

uint64_t digest_count(const struct digest_maker *maker) { return maker ? maker->made : 0; }
