/* Finished insights as they come: for streams (SSE), for posts that wait, and the workers' states.
 *
 * One reader without a group follows the topics insights and audit from their end. It costs little
 * while nobody listens: messages then come some at once, a little later, and are only counted. As
 * soon as somebody does, another brings them at once (hurry.c). A bus that can't be read is tried
 * again at every tick of the timer. */
#include "workers/ingest/feed.h"

#include <stdio.h>
#include <stdlib.h>

static int decode_digest(const struct record *record, struct arena *arena,
                         struct finished *finished, struct err *err)
{
    struct digest digest;
    int rc = record_decode(record, SECTION_DIGEST, &digest, arena, err);
    if (rc) return rc;
    *finished = (struct finished){
        .id = record->id, .tenant = digest.tenant, .digest = true, .quiet = digest.records == 0};
    return E_OK;
}

int finished_read(struct str message, struct arena *arena, struct finished *finished,
                  struct err *err)
{
    struct record record;
    struct feedback feedback = {0};
    struct safety safety = {0};
    struct insight insight = {0};
    int rc = record_scan(message, arena, &record, err);
    if (rc == E_OK && record_has(&record, SECTION_DIGEST))
        return decode_digest(&record, arena, finished, err);
    if (rc == E_OK && record_has(&record, SECTION_FEEDBACK))
        rc = record_decode(&record, SECTION_FEEDBACK, &feedback, arena, err);
    if (rc == E_OK && record_has(&record, SECTION_SAFETY))
        rc = record_decode(&record, SECTION_SAFETY, &safety, arena, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_INSIGHT, &insight, arena, err);
    if (rc) return rc;
    bool screened = record_has(&record, SECTION_SAFETY);
    *finished = (struct finished){
        .id = record.id,
        .tenant = feedback.tenant,
        .product = feedback.product,
        .safety = screened ? str_of(safety_state_enumeration.values[safety.state]) : STR(""),
        .sentiment = str_of(sentiment_label_enumeration.values[insight.sentiment.label]),
    };
    return E_OK;
}

bool feed_is_for_one(const struct bus_message *message)
{
    return header_find(message, STR(HEADER_FOR)).size > 0;
}

bool feed_look_into(struct feed *feed, struct str message, struct finished *ret_finished)
{
    struct err err;
    arena_reset(&feed->arena);
    buffer_clear(&feed->json);
    return finished_read(message, &feed->arena, ret_finished, &err) == E_OK &&
           json_write_record(message, &feed->json, &err) == E_OK && !feed->json.failed;
}

/* --- the shared reader ------------------------------------------------------------------------ */

static void keep_digest(struct feed *feed, const struct finished *finished)
{
    struct kept_digest *kept = feed->digests;
    if (finished->tenant.size >= sizeof kept->tenant) return;
    while (kept < feed->digests + feed->digest_count &&
           !str_equal(finished->tenant, str_of(kept->tenant)))
        kept++;
    if (kept == feed->digests + DIGESTS_MAX) return;
    /* what was said last is worth more */
    if (finished->quiet && kept < feed->digests + feed->digest_count) return;
    if (kept == feed->digests + feed->digest_count) {
        snprintf(kept->tenant, sizeof kept->tenant, "%.*s", STR_ARGS(finished->tenant));
        feed->digest_count++;
    }
    buffer_clear(&kept->json);
    buffer_add(&kept->json, buffer_str(&feed->json));
}

/* Where nobody listens: is it one that somebody may ask for again? Otherwise only its mark is kept,
 * which costs no JSON. */
static bool is_recalled(struct feed *feed, const struct bus_message *message)
{
    struct record record;
    if (!feed->recall || record_scan(message->value, &feed->arena, &record, NULL)) return false;
    if (recall_wants(feed, record.id)) return true;
    recall_take(feed, record.id, message, (struct str){0});
    return false;
}

void feed_take_passed(struct feed *feed, const struct bus_message *message)
{
    struct finished finished;
    if (feed_is_for_one(message) || !is_recalled(feed, message)) return;
    if (!feed_look_into(feed, message->value, &finished) || finished.digest) return;
    recall_take(feed, finished.id, message, buffer_str(&feed->json));
    waiters_wake(feed, finished.id, buffer_str(&feed->json));
}

/* Two readers bring the same. Beyond PARTITIONS_MAX nobody knows which was first. */
static bool is_taken(const struct feed *feed, const struct bus_consumer *consumer,
                     const struct bus_message *message)
{
    if (message->partition >= PARTITIONS_MAX) return consumer != feed->consumer;
    return feed->hurry && message->offset < feed->positions.next[message->partition];
}

static void take_insight(struct feed *feed, const struct bus_message *message)
{
    struct finished finished;
    if (message->partition < PARTITIONS_MAX)
        feed->positions.next[message->partition] = message->offset + 1;
    bool digest = str_equal(message->key, STR("digest"));
    if (feed_is_for_one(message)) return;
    if (!feed->streams && !feed->waiters && !digest && !is_recalled(feed, message)) return;
    if (!feed_look_into(feed, message->value, &finished)) return;
    if (finished.digest) keep_digest(feed, &finished);
    else recall_take(feed, finished.id, message, buffer_str(&feed->json));
    streams_offer(feed, message, &finished, buffer_str(&feed->json));
    waiters_wake(feed, finished.id, buffer_str(&feed->json));
}

bool feed_read(struct feed *feed, struct bus_consumer *consumer)
{
    struct bus_batch batch = {0};
    struct err err;
    size_t bytes = feed->streams ? STREAM_POLL_BYTES : POLL_BYTES;
    if (bus_poll(consumer, POLL_RECORDS, bytes, &batch, &err)) return false;
    for (uint32_t i = 0; i < batch.count; i++) {
        arena_reset(&feed->arena);
        const struct bus_message *message = &batch.messages[i];
        if (message->topic == TOPIC_AUDIT) members_take(feed, message->value);
        else if (!is_taken(feed, consumer, message)) take_insight(feed, message);
    }
    bool full = batch.count == POLL_RECORDS;
    bus_release(consumer, &batch);
    streams_end_closing(feed);
    return full;
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct feed *feed = handle->data;
    (void)status, (void)events;
    /* other callers want the loop too, and streams to send what they were told */
    for (int i = 0; feed_read(feed, feed->consumer) && i < 3 && !feed->streams; i++) continue;
}

/* Partitions where nothing was read yet: their place belongs into event ids too. */
void feed_learn_positions(struct feed *feed)
{
    enum { ITEMS = 2 * PARTITIONS_OF_A_TOPIC_MAX };
    struct bus_backlog items[ITEMS];
    size_t count = bus_backlog(feed->consumer, items, ITEMS);
    for (size_t i = 0; i < count && i < ITEMS; i++) {
        if (items[i].topic != TOPIC_INSIGHTS || items[i].partition >= PARTITIONS_MAX) continue;
        int64_t *next = &feed->positions.next[items[i].partition];
        if (*next == 0 && items[i].position > 0) *next = items[i].position;
    }
}

static void on_timer(uv_timer_t *handle)
{
    struct feed *feed = handle->data;
    int64_t now_ms = feed_now_ms(feed);
    feed_read(feed, feed->consumer);
    hurry_tend(feed, now_ms);
    lookbacks_tend(feed, now_ms);
    feed_learn_positions(feed);
    waiters_time_out(feed, now_ms);
    streams_keep_alive(feed, now_ms);
}

/* --- life ------------------------------------------------------------------------------------- */

int feed_open(struct ingest_state *state, struct feed **ret_feed, struct err *err)
{
    enum { TICK_MS = 100, PATIENT_MS = 100 };
    const enum topic topics[] = {TOPIC_INSIGHTS, TOPIC_AUDIT};
    struct feed *feed = calloc(1, sizeof *feed);
    if (!feed) return err_set(err, E_NO_MEMORY, NULL);
    feed->state = state;
    struct bus_subscription subscription = {.member = "feed",
                                            .topics = topics,
                                            .topic_count = 2,
                                            .start = BUS_LATEST,
                                            .patient_ms = PATIENT_MS};
    int rc = bus_subscribe(state->context->bus, &subscription, &feed->consumer, err);
    if (rc) {
        free(feed);
        return rc;
    }
    uv_poll_init(state->context->loop, &feed->ready, bus_wake_fd(feed->consumer));
    uv_timer_init(state->context->loop, &feed->timer);
    feed->ready.data = feed->timer.data = feed;
    feed->handles = 2;
    uv_poll_start(&feed->ready, UV_READABLE, on_ready);
    uv_timer_start(&feed->timer, on_timer, TICK_MS, TICK_MS);
    feed_learn_positions(feed);
    *ret_feed = feed;
    return E_OK;
}

static void on_feed_closed(uv_handle_t *handle)
{
    struct feed *feed = handle->data;
    if (--feed->handles > 0) return; /* libuv closes in no order that it promises */
    arena_deinit(&feed->arena);
    for (size_t i = 0; i < feed->digest_count; i++) buffer_deinit(&feed->digests[i].json);
    buffer_deinit(&feed->json);
    buffer_deinit(&feed->event);
    recall_free(feed);
    free(feed);
}

void feed_end_streams(struct feed *feed) { streams_end_all(feed); }

void feed_close(struct feed *feed)
{
    if (!feed) return;
    streams_end_all(feed);
    waiters_drop_all(feed);
    lookbacks_end(feed);
    uv_poll_stop(&feed->ready);
    uv_timer_stop(&feed->timer);
    hurry_end(feed);
    bus_unsubscribe(feed->consumer);
    uv_close((uv_handle_t *)&feed->ready, on_feed_closed);
    uv_close((uv_handle_t *)&feed->timer, on_feed_closed);
}
