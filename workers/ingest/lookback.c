/* Insights that have passed, read from the bus once more by a reader of their own: for a post that
 * waits for what is finished already.
 *
 * When somebody waits for the first time, the newest KEPT of all: each leaves its mark (recall.c),
 * and whoever waits for it has it. From then on all that passes leaves its mark, with its place; so
 * later it is one insight in its place.
 *
 * Happy path: subscribed → once the bus tells where its partitions end, placed → each wake-up brings
 * a batch → where it was to end, given up. What can't be read in time isn't: then who waits waits. */
#include <stdlib.h>

#include "workers/ingest/feed.h"

enum { LOOKBACKS_MAX = 8, KEPT = 16384, LONGEST_MS = 30000 };

struct lookback {
    struct feed *feed;
    struct lookback *next;
    struct bus_consumer *consumer;
    uv_poll_t ready;
    int64_t until_ms;
    bool placed;
    char *id;           /* the one that is sought; NULL: all of the newest */
    uint32_t partition; /* and its place */
    int64_t offset;
    struct positions ends;
};

static void on_closed(uv_handle_t *handle) { free(handle->data); }

/* The one that was sought isn't there any more: who waits for it has its receipt. */
static void end(struct lookback *lookback)
{
    struct feed *feed = lookback->feed;
    struct lookback **link = &feed->lookbacks;
    while (*link != lookback) link = &(*link)->next;
    *link = lookback->next;
    feed->lookback_count--;
    uv_poll_stop(&lookback->ready);
    bus_unsubscribe(lookback->consumer);
    if (lookback->id) waiters_wake(feed, str_of(lookback->id), (struct str){0});
    free(lookback->id);
    uv_close((uv_handle_t *)&lookback->ready, on_closed);
}

/* Where it begins in this partition; and where it ends. */
static int64_t begin_at(struct lookback *lookback, const struct bus_backlog *item,
                        size_t partitions)
{
    int64_t share = KEPT / (int64_t)partitions + 1, *stop = NULL;
    if (item->partition >= PARTITIONS_MAX) return item->end;
    stop = &lookback->ends.next[item->partition];
    if (!lookback->id) {
        *stop = item->end;
        return item->end > share ? item->end - share : 0;
    }
    if (item->partition != lookback->partition) return item->end;
    *stop = lookback->offset + 1;
    return lookback->offset;
}

static bool place(struct lookback *lookback)
{
    struct bus_backlog items[PARTITIONS_OF_A_TOPIC_MAX];
    struct err err;
    size_t count = bus_backlog(lookback->consumer, items, PARTITIONS_OF_A_TOPIC_MAX);
    if (count > PARTITIONS_OF_A_TOPIC_MAX) count = PARTITIONS_OF_A_TOPIC_MAX;
    for (size_t i = 0; i < count; i++) {
        struct bus_position from = {TOPIC_INSIGHTS, items[i].partition,
                                    begin_at(lookback, &items[i], count)};
        if (bus_seek(lookback->consumer, &from, &err)) return false;
    }
    return count > 0;
}

static bool is_through(const struct lookback *lookback)
{
    struct bus_backlog items[PARTITIONS_OF_A_TOPIC_MAX];
    size_t count = bus_backlog(lookback->consumer, items, PARTITIONS_OF_A_TOPIC_MAX);
    for (size_t i = 0; i < count && i < PARTITIONS_OF_A_TOPIC_MAX; i++)
        if (items[i].partition < PARTITIONS_MAX &&
            items[i].position < lookback->ends.next[items[i].partition])
            return false;
    return true;
}

/* False: it has ended. */
static bool read_on(struct lookback *lookback)
{
    struct feed *feed = lookback->feed;
    struct bus_batch batch = {0};
    bool placed = lookback->placed;
    if (bus_poll(lookback->consumer, POLL_RECORDS, POLL_BYTES, &batch, NULL)) return true;
    for (uint32_t i = 0; placed && i < batch.count; i++) {
        arena_reset(&feed->arena);
        feed_take_passed(feed, &batch.messages[i]);
    }
    bus_release(lookback->consumer, &batch);
    if (!placed) lookback->placed = place(lookback);
    if (!placed || !is_through(lookback)) return true;
    end(lookback);
    return false;
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    (void)read_on(handle->data);
}

static void begin(struct feed *feed, struct lookback *lookback)
{
    const enum topic topic = TOPIC_INSIGHTS;
    const struct bus_subscription subscription = {
        .member = "lookback", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    lookback->feed = feed;
    lookback->until_ms = feed_now_ms(feed) + LONGEST_MS;
    if (!bus_answers(feed->consumer) || /* it would wait for a broker */
        bus_subscribe(feed->state->context->bus, &subscription, &lookback->consumer, NULL)) {
        free(lookback->id);
        free(lookback);
        return;
    }
    uv_poll_init(feed->state->context->loop, &lookback->ready, bus_wake_fd(lookback->consumer));
    lookback->ready.data = lookback;
    uv_poll_start(&lookback->ready, UV_READABLE, on_ready);
    lookback->next = feed->lookbacks;
    feed->lookbacks = lookback;
    feed->lookback_count++;
}

void lookback_all(struct feed *feed)
{
    struct lookback *lookback = calloc(1, sizeof *lookback);
    if (lookback) begin(feed, lookback);
}

bool lookback_one(struct feed *feed, struct str id, uint32_t partition, int64_t offset)
{
    struct lookback *lookback =
        feed->lookback_count < LOOKBACKS_MAX ? calloc(1, sizeof *lookback) : NULL;
    size_t before = feed->lookback_count;
    if (!lookback) return false;
    lookback->id = strndup(id.data, id.size);
    lookback->partition = partition;
    lookback->offset = offset;
    if (lookback->id) begin(feed, lookback);
    else free(lookback);
    return feed->lookback_count > before;
}

void lookbacks_tend(struct feed *feed, int64_t now_ms)
{
    for (struct lookback *lookback = feed->lookbacks, *next; lookback; lookback = next) {
        next = lookback->next;
        /* a wake-up may have been for a batch that failed */
        if (read_on(lookback) && now_ms >= lookback->until_ms) end(lookback);
    }
}

void lookbacks_end(struct feed *feed)
{
    while (feed->lookbacks) end(feed->lookbacks);
}
