/* A stream that catches up: a reader of its own, from where the caller left off to where
 * the shared reader is.
 *
 * Happy path: subscribed at its place → each wake-up brings a batch → nothing is between it and the
 * shared reader any more → it is given up. While the caller has yet to read what was sent nothing
 * is read on, so whoever catches up may be as slow as he likes. A place behind the end (the bus was
 * replaced) is moved to the beginning, as all that is there came since; one in a partition that
 * isn't there ends the stream. */
#include <stdlib.h>

#include "workers/ingest/streams.h"

enum {
    REPLAYS_MAX = 32,
    UNSENT_BYTES = 64 << 10, /* with one batch more still below what may wait */
    LOOK_AGAIN_MS = 10,
};

struct replay {
    struct stream *stream;
    struct bus_consumer *consumer;
    bool placed; /* its partitions are known, and it stands where it shall begin */
    uv_poll_t ready;
    uv_timer_t later; /* has the caller read enough? */
    unsigned handles;
};

static void free_replay(uv_handle_t *handle)
{
    struct replay *replay = handle->data;
    if (--replay->handles == 0) free(replay);
}

void stream_replay_end(struct stream *stream)
{
    struct replay *replay = stream->replay;
    if (!replay) return;
    stream->replay = NULL;
    stream->feed->resumed_count--;
    uv_poll_stop(&replay->ready);
    bus_unsubscribe(replay->consumer);
    uv_close((uv_handle_t *)&replay->ready, free_replay);
    uv_close((uv_handle_t *)&replay->later, free_replay);
}

/* Nothing is between this stream and the shared reader. */
static bool caught_up(const struct stream *stream)
{
    const struct positions *shared = &stream->feed->positions;
    bool known = false;
    for (int i = 0; i < PARTITIONS_MAX; i++) {
        if (stream->positions.next[i] < shared->next[i]) return false;
        known |= shared->next[i] > 0;
    }
    return known;
}

/* Goes where the stream shall begin, once the bus has told which partitions there are and where
 * they end: the embedded one at once, Kafka a little later. A place that no insight has
 * belongs to a bus that was here before. NOT_FOUND: a place in a partition that isn't there. */
static int place(struct replay *replay, struct err *err)
{
    struct bus_backlog items[PARTITIONS_OF_A_TOPIC_MAX];
    struct positions *from = &replay->stream->positions;
    bool found[PARTITIONS_MAX] = {0};
    size_t count = bus_backlog(replay->consumer, items, PARTITIONS_OF_A_TOPIC_MAX);
    int rc = E_OK;
    if (count == 0) return E_OK;
    for (size_t i = 0; i < count && i < PARTITIONS_OF_A_TOPIC_MAX && rc == E_OK; i++) {
        struct bus_position position = {TOPIC_INSIGHTS, items[i].partition, items[i].end};
        if (items[i].partition < PARTITIONS_MAX) {
            int64_t *next = &from->next[items[i].partition];
            found[items[i].partition] = true;
            if (*next > items[i].end) *next = 0;
            position.offset = *next;
        }
        rc = bus_seek(replay->consumer, &position, err);
    }
    for (uint32_t i = 0; i < PARTITIONS_MAX && rc == E_OK; i++)
        if (from->next[i] && !found[i])
            rc = err_set(err, E_NOT_FOUND, "no partition %u", i);
    replay->placed = rc == E_OK;
    return rc;
}

/* What this reader has passed, the stream has had: transaction markers too, which nobody sees. */
static void catch_places(struct stream *stream)
{
    struct bus_backlog items[PARTITIONS_OF_A_TOPIC_MAX];
    size_t count = bus_backlog(stream->replay->consumer, items, PARTITIONS_OF_A_TOPIC_MAX);
    for (size_t i = 0; i < count && i < PARTITIONS_OF_A_TOPIC_MAX; i++) {
        if (items[i].partition >= PARTITIONS_MAX) continue;
        int64_t *next = &stream->positions.next[items[i].partition];
        if (*next < items[i].position) *next = items[i].position;
    }
}

static void on_replay_ready(uv_poll_t *handle, int status, int events);

static void on_later(uv_timer_t *timer)
{
    struct replay *replay = timer->data;
    struct feed *feed = replay->stream->feed;
    uv_poll_start(&replay->ready, UV_READABLE, on_replay_ready);
    stream_replay_read(replay->stream);
    streams_end_closing(feed);
}

void stream_replay_read(struct stream *stream)
{
    struct feed *feed = stream->feed;
    struct replay *replay = stream->replay;
    struct bus_batch batch = {0};
    struct err err;
    bool placed = replay->placed;
    if (http_stream_waiting(stream->request) > UNSENT_BYTES) {
        uv_poll_stop(&replay->ready); /* it stays readable */
        uv_timer_start(&replay->later, on_later, LOOK_AGAIN_MS, 0);
        return;
    }
    if (bus_poll(replay->consumer, POLL_RECORDS, STREAM_POLL_BYTES, &batch, &err)) return;
    for (uint32_t i = 0; placed && i < batch.count && !stream->closing; i++) {
        struct finished finished;
        if (!stream_advance(stream, &batch.messages[i])) continue;
        if (feed_is_for_one(&batch.messages[i])) continue;
        if (!feed_look_into(feed, batch.messages[i].value, &finished)) continue;
        stream_tell(stream, &finished, buffer_str(&feed->json));
    }
    bus_release(replay->consumer, &batch);
    if (!placed && place(replay, &err)) stream->closing = true;
    if (!placed) return;
    catch_places(stream);
    feed_learn_positions(feed);
    if (caught_up(stream)) stream_replay_end(stream);
}

static void on_replay_ready(uv_poll_t *handle, int status, int events)
{
    struct stream *stream = ((struct replay *)handle->data)->stream;
    struct feed *feed = stream->feed;
    (void)status, (void)events;
    stream_replay_read(stream);
    streams_end_closing(feed);
}

int stream_replay_begin(struct stream *stream, const struct positions *from, struct err *err)
{
    const enum topic topics[] = {TOPIC_INSIGHTS};
    struct feed *feed = stream->feed;
    if (feed->resumed_count == REPLAYS_MAX)
        return err_set(err, E_BUSY, "Too many streams are catching up.");
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay) return err_set(err, E_NO_MEMORY, NULL);
    struct bus_subscription subscription = {
        .member = "stream", .topics = topics, .topic_count = 1, .start = BUS_EARLIEST};
    replay->stream = stream;
    stream->positions = *from;
    int rc = bus_subscribe(feed->state->context->bus, &subscription, &replay->consumer, err);
    if (rc == E_OK) rc = place(replay, err);
    if (rc) {
        bus_unsubscribe(replay->consumer);
        free(replay);
        return rc;
    }
    stream->replay = replay;
    feed->resumed_count++;
    uv_loop_t *loop = feed->state->context->loop;
    uv_poll_init(loop, &replay->ready, bus_wake_fd(replay->consumer));
    uv_timer_init(loop, &replay->later);
    replay->ready.data = replay->later.data = replay;
    replay->handles = 2;
    uv_poll_start(&replay->ready, UV_READABLE, on_replay_ready);
    return E_OK;
}
