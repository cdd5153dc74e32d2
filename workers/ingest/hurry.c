/* While somebody listens, a second reader of insights that is in a hurry: the feed's own lets the
 * broker gather some first, which spares it an answer for each record while nobody listens.
 *
 * Happy path: somebody listens → subscribed → begins where the feed's own reader stands, so that
 * nothing is between the two → both bring the same messages, in the order of each partition, and
 * who is first with one has it taken (feed_read()) → nobody has listened for a minute → given up.
 * Where it can't be had, or falls silent, all that listeners notice is that insights come later. */
#include <stdlib.h>

#include "workers/ingest/feed.h"

struct hurry {
    struct feed *feed;
    struct bus_consumer *consumer;
    bool placed; /* its partitions are known, and it begins where it shall */
    uv_poll_t ready;
};

/* False: the bus hasn't told yet which partitions there are. */
static bool place(struct hurry *hurry)
{
    enum { ITEMS = 2 * PARTITIONS_OF_A_TOPIC_MAX };
    struct bus_backlog items[ITEMS];
    struct err err;
    size_t count = bus_backlog(hurry->feed->consumer, items, ITEMS), placed = 0;
    for (size_t i = 0; i < count && i < ITEMS; i++) {
        const struct bus_position position = {TOPIC_INSIGHTS, items[i].partition,
                                              items[i].position};
        if (items[i].topic != TOPIC_INSIGHTS) continue;
        if (bus_seek(hurry->consumer, &position, &err)) return false;
        placed++;
    }
    return placed > 0;
}

static void read_on(struct hurry *hurry)
{
    struct bus_batch batch = {0};
    if (hurry->placed) {
        feed_read(hurry->feed, hurry->consumer);
        return;
    }
    /* of elsewhere, where it brings anything */
    if (bus_poll(hurry->consumer, POLL_RECORDS, STREAM_POLL_BYTES, &batch, NULL)) return;
    bus_release(hurry->consumer, &batch);
    hurry->placed = place(hurry);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    read_on(handle->data);
}

static void begin(struct feed *feed)
{
    const enum topic topic = TOPIC_INSIGHTS;
    const struct bus_subscription subscription = {
        .member = "stream", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct hurry *hurry = calloc(1, sizeof *hurry);
    if (!hurry) return;
    hurry->feed = feed;
    if (bus_subscribe(feed->state->context->bus, &subscription, &hurry->consumer, NULL)) {
        free(hurry);
        return;
    }
    uv_poll_init(feed->state->context->loop, &hurry->ready, bus_wake_fd(hurry->consumer));
    hurry->ready.data = hurry;
    uv_poll_start(&hurry->ready, UV_READABLE, on_ready);
    feed->hurry = hurry;
}

static void on_closed(uv_handle_t *handle) { free(handle->data); }

void hurry_end(struct feed *feed)
{
    struct hurry *hurry = feed->hurry;
    if (!hurry) return;
    feed->hurry = NULL;
    uv_poll_stop(&hurry->ready);
    bus_unsubscribe(hurry->consumer);
    uv_close((uv_handle_t *)&hurry->ready, on_closed);
}

void hurry_tend(struct feed *feed, int64_t now_ms)
{
    enum { UNHEARD_MS = 60000 }; /* who asks now and then shall find it */
    if (feed->streams || feed->waiters) feed->heard_until_ms = now_ms + UNHEARD_MS;
    if (!bus_answers(feed->consumer)) return; /* to begin and to end it would wait for a broker */
    if (now_ms >= feed->heard_until_ms) hurry_end(feed);
    else if (!feed->hurry) begin(feed);
    else read_on(feed->hurry); /* a wake-up may have been for a batch that failed */
}
