/* Reads insights for a digest: first the last events, backwards in growing steps, which say where
 * to count from; then on from there. What is read by phase is digest.c's. */
#include "workers/genai/digest_maker.h"

enum {
    POLLS = 8,
    POLL_RECORDS = 512,
    POLL_BYTES = 1 << 20,
    SEARCH_GROWTH = 8,
    SETTLED_MS = 2000, /* by then a transaction's markers are written, and its outputs seen */
    UNSEEN_MS = 30000, /* after that the last events are believed to be gone (retention) */
};

static int open_reader(struct digest_maker *maker, struct err *err)
{
    static const enum topic topics[] = {TOPIC_INSIGHTS};
    const struct bus_subscription subscription = {
        .member = "digest", .topics = topics, .topic_count = 1, .start = BUS_EARLIEST};
    if (maker->reader) return E_OK;
    return bus_subscribe(maker->context->bus, &subscription, &maker->reader, err);
}

/* The bus tells partitions and their ends to a reader that polls: the embedded one at once,
 * Kafka a little later. What is read meanwhile will be read again. */
int digest_open_reader(struct digest_maker *maker, bool *ret_open, struct err *err)
{
    struct bus_batch batch = {0};
    int rc = open_reader(maker, err);
    if (rc == E_OK) rc = bus_poll(maker->reader, POLL_RECORDS, POLL_BYTES, &batch, err);
    if (rc) return rc;
    bus_release(maker->reader, &batch);
    *ret_open = bus_backlog(maker->reader, NULL, 0) > 0;
    return E_OK;
}

/* Partitions with their ends; false: the bus hasn't told them yet. */
bool digest_ends(struct digest_maker *maker, struct bus_backlog items[static PLACES_MAX],
                 uint32_t *ret_count)
{
    size_t count = bus_backlog(maker->reader, items, PLACES_MAX);
    if (count == 0 || count > PLACES_MAX) return false;
    for (size_t i = 0; i < count; i++)
        if (items[i].partition >= count || items[i].end < 0) return false;
    *ret_count = (uint32_t)count;
    return true;
}

static int seek(struct digest_maker *maker, uint32_t partition, int64_t offset, struct err *err)
{
    const struct bus_position position = {TOPIC_INSIGHTS, partition, offset};
    maker->places[partition].next = offset;
    return bus_seek(maker->reader, &position, err);
}

/* The events' partition; all where that has none, as it may be another one since there are more. */
static bool is_searched(const struct digest_maker *maker, uint32_t partition)
{
    return maker->wide || partition == maker->home;
}

/* What is searched from `back` records before its end on, the others at their ends. */
int digest_begin_search(struct digest_maker *maker, struct err *err)
{
    struct bus_backlog items[PLACES_MAX];
    uint32_t count;
    int rc = E_OK;
    if (!digest_ends(maker, items, &count)) return E_OK;
    maker->place_count = count;
    maker->home = bus_partition_of(DIGEST_KEY, count);
    digest_counts_destroy(maker->counts);
    maker->counts = digest_counts_create(maker->trailing);
    maker->found_until_ms = INT64_MIN;
    if (!maker->counts) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < count && rc == E_OK; i++) {
        uint32_t partition = items[i].partition;
        int64_t from = items[i].end > maker->back ? items[i].end - maker->back : 0;
        maker->places[partition] = (struct place){.until = items[i].end};
        rc = seek(maker, partition, is_searched(maker, partition) ? from : items[i].end, err);
    }
    if (rc == E_OK) maker->phase = PHASE_SEARCH;
    return rc;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* *ret_idle: there is nothing more to read now. */
int digest_read(struct digest_maker *maker, digest_take *take, bool *ret_idle, struct err *err)
{
    int rc = E_OK;
    *ret_idle = false;
    for (int i = 0; i < POLLS && rc == E_OK && !*ret_idle; i++) {
        struct bus_batch batch = {0};
        rc = bus_poll(maker->reader, POLL_RECORDS, POLL_BYTES, &batch, err);
        if (rc) return rc;
        *ret_idle = batch.count == 0;
        for (uint32_t j = 0; j < batch.count && rc == E_OK; j++) {
            const struct bus_message *message = &batch.messages[j];
            if (message->partition >= maker->place_count ||
                message->offset < maker->places[message->partition].next)
                continue;
            arena_reset(&maker->arena);
            rc = take(maker, message, err);
            if (rc == E_OK) maker->places[message->partition].next = message->offset + 1;
        }
        bus_release(maker->reader, &batch);
    }
    return rc;
}

/* All of [partition] up to its `until`? On Kafka the last offsets may be markers,
 * which nobody gets. */
bool digest_reached(const struct digest_maker *maker, const struct bus_backlog *item, bool idle)
{
    const struct place *place = &maker->places[item->partition];
    return place->next >= place->until || (idle && item->records == 0);
}

/* --- the last events -------------------------------------------------------------------------- */

static int restore(struct digest_maker *maker, const struct digest *digest, struct err *err)
{
    if (digest->until < maker->found_until_ms) return E_OK;
    if (digest->until > maker->found_until_ms) { /* what was found before is older */
        digest_counts_destroy(maker->counts);
        maker->counts = digest_counts_create(maker->trailing);
        maker->found_until_ms = digest->until;
        if (!maker->counts) return err_set(err, E_NO_MEMORY, NULL);
        for (uint32_t i = 0; i < maker->place_count; i++) maker->places[i].from = 0;
        for (uint32_t i = 0; i < digest->places.count; i++) {
            const struct digest_place *place = &digest->places.items[i];
            if (place->partition < maker->place_count)
                maker->places[place->partition].from = (int64_t)place->to;
        }
    }
    return digest_counts_restore(maker->counts, digest, err);
}

static int take_event(struct digest_maker *maker, const struct bus_message *message,
                      struct err *err)
{
    struct record record;
    struct digest digest;
    if (record_scan(message->value, &maker->arena, &record, NULL) ||
        !record_has(&record, SECTION_DIGEST))
        return E_OK;
    if (record_decode(&record, SECTION_DIGEST, &digest, &maker->arena, NULL)) return E_OK;
    return restore(maker, &digest, err);
}

/* Of partition 0, with the last events; 0: none. */
static int64_t committed(struct digest_maker *maker)
{
    struct bus_backlog items[PLACES_MAX];
    size_t count = bus_backlog(maker->member, items, PLACES_MAX);
    for (size_t i = 0; i < count && i < PLACES_MAX; i++)
        if (items[i].partition == 0 && items[i].position > 0) return items[i].position;
    return 0;
}

/* Do we see the events that were committed last? Where partition 0 is empty its position says
 * nothing: none are believed in after a while. */
static bool sees_last(struct digest_maker *maker)
{
    int64_t age_ms = clock_mono_ms(maker->context->clock) - maker->search_began_ms;
    bool seen = maker->found_until_ms == INT64_MIN
                    ? committed(maker) == 0 && age_ms >= SETTLED_MS
                    : maker->places[0].from >= committed(maker);
    return seen || age_ms >= UNSEEN_MS;
}

static int begin_counting(struct digest_maker *maker, struct err *err)
{
    int64_t now = digest_wall_ms(maker);
    int rc = E_OK;
    for (uint32_t i = 0; i < maker->place_count && rc == E_OK; i++)
        rc = seek(maker, i, maker->places[i].from, err);
    maker->since_ms =
        maker->found_until_ms == INT64_MIN ? now - now % maker->every_ms : maker->found_until_ms;
    maker->until_ms = now - now % maker->every_ms + maker->every_ms;
    maker->cutting = false;
    if (rc == E_OK) maker->phase = PHASE_COUNT;
    return rc;
}

int digest_search(struct digest_maker *maker, bool *ret_idle, struct err *err)
{
    struct bus_backlog items[PLACES_MAX];
    uint32_t count;
    int rc = digest_read(maker, take_event, ret_idle, err);
    if (rc || !digest_ends(maker, items, &count)) return rc;
    bool all = true; /* from the beginning on */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t partition = items[i].partition;
        if (!is_searched(maker, partition)) continue;
        if (!digest_reached(maker, &items[i], *ret_idle)) return E_OK;
        all &= maker->places[partition].until <= maker->back;
    }
    if (maker->found_until_ms == INT64_MIN && (!all || (!maker->wide && committed(maker)))) {
        maker->back = all ? DIGEST_SEARCH_FIRST : maker->back * SEARCH_GROWTH;
        maker->wide |= all;
        return digest_begin_search(maker, err);
    }
    return sees_last(maker) ? begin_counting(maker, err) : digest_begin_search(maker, err);
}
