/* Finished insights as they come: for streams (SSE), for posts that wait, and the workers' states.
 *
 * One reader without a group follows insights and audit. Each insight is written to the streams that want it,
 * under an event id that says where every partition stands; a stream that comes back with a Last-Event-ID gets a
 * reader of its own from there, so nothing is missed. A reader too slow for its stream is cut off, and may resume. */
#include <stdio.h>
#include <stdlib.h>

#include "schema/json.h"
#include "workers/ingest/state.h"

enum { PARTITIONS_MAX = 64, WORKERS_MAX = 64, WAITERS_MAX = 4096, RESUMED_MAX = 32, POLL_RECORDS = 256, BEAT_MS = 15000, EVENT_ID_BYTES = 1024 };

/* What a stream asks for; empty: anything. */
struct filter {
    char tenant[65], product[257], safety[16], sentiment[16];
};

struct positions {
    int64_t next[PARTITIONS_MAX]; /* offset of the next insight of each partition */
};

struct stream {
    struct feed *feed;
    struct http_request *request;
    struct filter filter;
    struct bus_consumer *own; /* NULL: fed by the shared reader */
    uv_poll_t own_ready;
    struct positions positions;
    int64_t written_ms;
    bool closing;
    struct stream *next;
};

struct waiter {
    char id[129];
    int64_t until_ms;
    feed_on_insight *on_insight;
    void *user;
    struct waiter *next;
};

/* The last status of each member, as JSON. */
struct member {
    char name[64], json[512];
};

struct feed {
    struct ingest_state *state;
    struct bus_consumer *consumer;
    uv_poll_t ready;
    uv_timer_t timer;
    struct positions positions;
    struct stream *streams;
    struct waiter *waiters;
    size_t stream_count, resumed_count, waiter_count, member_count;
    struct member members[WORKERS_MAX];
    struct arena arena;
    struct buffer json, event;
};

static int64_t now_ms(const struct feed *feed) { return clock_mono_ms(feed->state->context->clock); }

/* --- events ------------------------------------------------------------------------------------- */

static void format_positions(const struct positions *positions, char out[static EVENT_ID_BYTES])
{
    size_t size = 0;
    out[0] = '\0';
    for (int i = 0; i < PARTITIONS_MAX; i++) {
        if (positions->next[i] == 0) continue;
        int added = snprintf(out + size, EVENT_ID_BYTES - size, "%s%d:%lld", size ? "," : "", i, (long long)positions->next[i]);
        if (added < 0 || size + (size_t)added >= EVENT_ID_BYTES) return;
        size += (size_t)added;
    }
}

static bool parse_positions(struct str text, struct positions *positions)
{
    while (text.size) {
        struct str offset = str_cut(&text, ','), partition = str_cut(&offset, ':');
        uint64_t number;
        int64_t next;
        if (!str_to_u64(partition, &number) || number >= PARTITIONS_MAX || !str_to_i64(offset, &next) || next < 0) return false;
        positions->next[number] = next;
    }
    return true;
}

struct finished {
    struct str id, tenant, product, safety, sentiment;
};

static int look_into(struct str message, struct arena *arena, struct finished *finished, struct err *err)
{
    struct record record;
    struct feedback feedback = {0};
    struct safety safety = {0};
    struct insight insight = {0};
    int rc = record_scan(message, arena, &record, err);
    if (rc == E_OK && record_has(&record, SECTION_FEEDBACK)) rc = record_decode(&record, SECTION_FEEDBACK, &feedback, arena, err);
    if (rc == E_OK && record_has(&record, SECTION_SAFETY)) rc = record_decode(&record, SECTION_SAFETY, &safety, arena, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_INSIGHT, &insight, arena, err);
    if (rc) return rc;
    *finished = (struct finished){
        .id = record.id, .tenant = feedback.tenant, .product = feedback.product,
        .safety = record_has(&record, SECTION_SAFETY) ? str_of(safety_state_enumeration.values[safety.state]) : STR(""),
        .sentiment = str_of(sentiment_label_enumeration.values[insight.sentiment.label]),
    };
    return E_OK;
}

static bool wants(const struct filter *filter, const struct finished *finished)
{
    if (filter->tenant[0] && !str_equal(finished->tenant, str_of(filter->tenant))) return false;
    if (filter->product[0] && !str_equal(finished->product, str_of(filter->product))) return false;
    if (filter->safety[0] && !str_equal(finished->safety, str_of(filter->safety))) return false;
    return !filter->sentiment[0] || str_equal(finished->sentiment, str_of(filter->sentiment));
}

static void write_event(struct stream *stream, struct str json)
{
    struct feed *feed = stream->feed;
    char id[EVENT_ID_BYTES];
    format_positions(&stream->positions, id);
    buffer_clear(&feed->event);
    buffer_printf(&feed->event, "id: %s\nevent: insight\ndata: ", id);
    buffer_add(&feed->event, json);
    buffer_add(&feed->event, STR("\n\n"));
    stream->written_ms = now_ms(feed);
    if (feed->event.failed || !http_stream_write(stream->request, buffer_str(&feed->event))) stream->closing = true;
}

static void advance(struct positions *positions, const struct bus_message *message)
{
    if (message->partition < PARTITIONS_MAX) positions->next[message->partition] = message->offset + 1;
}

/* --- streams ------------------------------------------------------------------------------------ */

static void free_stream(uv_handle_t *handle) { free(handle->data); }

static void remove_stream(struct stream *stream)
{
    struct feed *feed = stream->feed;
    for (struct stream **link = &feed->streams; *link; link = &(*link)->next) {
        if (*link != stream) continue;
        *link = stream->next;
        break;
    }
    feed->stream_count--;
    if (!stream->own) {
        free(stream);
        return;
    }
    feed->resumed_count--;
    uv_poll_stop(&stream->own_ready);
    bus_unsubscribe(stream->own);
    uv_close((uv_handle_t *)&stream->own_ready, free_stream);
}

static void on_stream_closed(struct http_request *request, void *user)
{
    (void)request;
    remove_stream(user);
}

/* Outside of any walk over the streams. */
static void end_closing(struct feed *feed)
{
    for (struct stream *stream = feed->streams, *next; stream; stream = next) {
        next = stream->next;
        if (!stream->closing) continue;
        http_stream_end(stream->request);
        remove_stream(stream);
    }
}

static void offer(struct stream *stream, const struct bus_message *message, const struct finished *finished, struct str json)
{
    if (stream->closing) return;
    advance(&stream->positions, message);
    if (wants(&stream->filter, finished)) write_event(stream, json);
}

static void drain_own(struct stream *stream)
{
    struct feed *feed = stream->feed;
    struct bus_batch batch = {0};
    struct err err;
    if (bus_poll(stream->own, POLL_RECORDS, 1 << 20, &batch, &err)) return;
    for (uint32_t i = 0; i < batch.count; i++) {
        struct finished finished;
        arena_reset(&feed->arena);
        buffer_clear(&feed->json);
        if (look_into(batch.messages[i].value, &feed->arena, &finished, &err) || json_write_record(batch.messages[i].value, &feed->json, &err)) continue;
        offer(stream, &batch.messages[i], &finished, buffer_str(&feed->json));
    }
    bus_release(stream->own, &batch);
}

static void on_own_ready(uv_poll_t *handle, int status, int events)
{
    struct stream *stream = handle->data;
    struct feed *feed = stream->feed;
    (void)status, (void)events;
    drain_own(stream);
    end_closing(feed);
}

static int resume(struct stream *stream, struct str last_event_id, struct err *err)
{
    const enum topic topics[] = {TOPIC_INSIGHTS};
    struct feed *feed = stream->feed;
    struct positions wanted = {.next = {0}};
    if (!parse_positions(last_event_id, &wanted)) return err_set(err, E_BAD_MESSAGE, "Last-Event-ID is not one of ours");
    if (feed->resumed_count == RESUMED_MAX) return err_set(err, E_BUSY, "too many streams are being resumed");
    struct bus_subscription subscription = {.member = "stream", .topics = topics, .topic_count = 1, .start = BUS_EARLIEST};
    int rc = bus_subscribe(feed->state->context->bus, &subscription, &stream->own, err);
    if (rc) return rc;
    for (uint32_t i = 0; i < PARTITIONS_MAX && rc == E_OK; i++)
        if (wanted.next[i]) rc = bus_seek(stream->own, &(struct bus_position){TOPIC_INSIGHTS, i, wanted.next[i]}, err);
    if (rc) {
        bus_unsubscribe(stream->own);
        stream->own = NULL;
        return rc;
    }
    stream->positions = wanted;
    feed->resumed_count++;
    uv_poll_init(feed->state->context->loop, &stream->own_ready, bus_wake_fd(stream->own));
    stream->own_ready.data = stream;
    uv_poll_start(&stream->own_ready, UV_READABLE, on_own_ready);
    return E_OK;
}

static bool take_query(struct http_request *request, struct str name, char *out, size_t room)
{
    struct str value;
    out[0] = '\0';
    return http_query_get(request->query, name, out, room, &value) != HTTP_QUERY_BAD;
}

static bool known(const struct enumeration *enumeration, const char *value)
{
    return !value[0] || enumeration_find(enumeration, str_of(value)) < enumeration->count;
}

/* 0, or why the filter is refused. */
static const char *read_filter(struct http_request *request, const struct caller *caller, struct filter *filter)
{
    if (!take_query(request, STR("tenant"), filter->tenant, sizeof filter->tenant)) return "tenant is too long.";
    if (!take_query(request, STR("product"), filter->product, sizeof filter->product)) return "product is too long.";
    if (!take_query(request, STR("safety"), filter->safety, sizeof filter->safety) || !known(&safety_state_enumeration, filter->safety))
        return "safety is positive, negative or unassessed.";
    if (!take_query(request, STR("sentiment"), filter->sentiment, sizeof filter->sentiment) || !known(&sentiment_label_enumeration, filter->sentiment))
        return "sentiment is positive, negative, neutral or mixed.";
    if (caller->tenant.size) snprintf(filter->tenant, sizeof filter->tenant, "%.*s", STR_ARGS(caller->tenant)); /* never another's */
    return NULL;
}

void feed_stream(struct feed *feed, struct http_request *request, const struct caller *caller)
{
    struct stream *stream = feed->stream_count < feed->state->options->streams ? calloc(1, sizeof *stream) : NULL;
    struct str last = http_header(request, STR("last-event-id"));
    struct err err;
    if (!stream) {
        http_refuse_busy(request, 503, 5, "Too many streams are open.");
        return;
    }
    *stream = (struct stream){.feed = feed, .request = request, .positions = feed->positions, .written_ms = now_ms(feed)};
    const char *refusal = read_filter(request, caller, &stream->filter);
    int rc = !refusal && last.size ? resume(stream, last, &err) : E_OK;
    if (refusal || rc) {
        if (rc == E_BUSY || (rc && err_class((enum err_code)rc) == ERR_RETRY)) http_refuse_busy(request, 503, 5, err.text);
        else http_refuse(request, 400, refusal ? refusal : err.text);
        free(stream);
        return;
    }
    stream->next = feed->streams;
    feed->streams = stream;
    feed->stream_count++;
    http_on_close(request, on_stream_closed, stream);
    http_stream_begin(request, 200, STR("text/event-stream"));
    if (!http_stream_write(request, STR("retry: 2000\n: insights follow\n\n"))) stream->closing = true;
    if (stream->own) drain_own(stream);
    end_closing(feed);
}

void feed_end_streams(struct feed *feed)
{
    for (struct stream *stream = feed->streams; stream; stream = stream->next) stream->closing = true;
    end_closing(feed);
}

uint64_t feed_stream_count(const struct feed *feed) { return feed->stream_count; }

/* --- waiting posts -------------------------------------------------------------------------------- */

int feed_wait(struct feed *feed, struct str id, int64_t timeout_ms, feed_on_insight *on_insight, void *user, struct err *err)
{
    struct waiter *waiter = feed->waiter_count < WAITERS_MAX && id.size < sizeof waiter->id ? calloc(1, sizeof *waiter) : NULL;
    if (!waiter) return err_set(err, E_BUSY, "too many posts are waiting");
    memcpy(waiter->id, id.data, id.size);
    waiter->until_ms = now_ms(feed) + timeout_ms;
    waiter->on_insight = on_insight;
    waiter->user = user;
    waiter->next = feed->waiters;
    feed->waiters = waiter;
    feed->waiter_count++;
    return E_OK;
}

static void unlink_waiter(struct feed *feed, struct waiter **link)
{
    struct waiter *waiter = *link;
    *link = waiter->next;
    feed->waiter_count--;
    free(waiter);
}

void feed_forget(struct feed *feed, void *user)
{
    for (struct waiter **link = &feed->waiters; *link;)
        if ((*link)->user == user) unlink_waiter(feed, link);
        else link = &(*link)->next;
}

static void wake_waiters(struct feed *feed, struct str id, struct str json)
{
    for (struct waiter **link = &feed->waiters; *link;) {
        struct waiter waiter = **link;
        if (!str_equal(str_of(waiter.id), id)) {
            link = &(*link)->next;
            continue;
        }
        unlink_waiter(feed, link);
        waiter.on_insight(waiter.user, json);
    }
}

static void time_out_waiters(struct feed *feed, int64_t now)
{
    for (struct waiter **link = &feed->waiters; *link;) {
        struct waiter waiter = **link;
        if (now < waiter.until_ms) {
            link = &(*link)->next;
            continue;
        }
        unlink_waiter(feed, link);
        waiter.on_insight(waiter.user, (struct str){0});
    }
}

/* --- the workers' states ---------------------------------------------------------------------------- */

static struct str detail_of(const struct audit *audit, struct str name)
{
    for (uint32_t i = 0; i < audit->detail.count; i++)
        if (str_equal(audit->detail.items[i].name, name)) return audit->detail.items[i].value;
    return STR("");
}

static void write_member(const struct audit *audit, struct member *member)
{
    static const char *const numbers[] = {"backlog_records", "backlog_seconds", "done", "rejected", "in_flight"};
    struct buffer out = {0};
    char at[TIME_TEXT_BYTES];
    time_format(audit->at, at);
    buffer_add(&out, STR("{\"member\":"));
    json_write_string(&out, audit->actor);
    buffer_add(&out, STR(",\"worker\":"));
    json_write_string(&out, detail_of(audit, STR("worker")));
    buffer_printf(&out, ",\"at\":\"%s\"", at);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double value = 0;
        if (!str_to_f64(detail_of(audit, str_of(numbers[i])), &value)) continue;
        buffer_printf(&out, ",\"%s\":", numbers[i]);
        json_write_number(&out, value);
    }
    buffer_add_char(&out, '}');
    if (!out.failed && out.size < sizeof member->json) snprintf(member->json, sizeof member->json, "%s", buffer_cstr(&out));
    buffer_deinit(&out);
}

static void take_status(struct feed *feed, struct str message)
{
    struct record record;
    struct audit audit;
    size_t at = 0;
    if (record_scan(message, &feed->arena, &record, NULL) || !record_has(&record, SECTION_AUDIT) ||
        record_decode(&record, SECTION_AUDIT, &audit, &feed->arena, NULL) || !str_equal(audit.action, STR("status")) || audit.actor.size >= 64)
        return;
    while (at < feed->member_count && !str_equal(str_of(feed->members[at].name), audit.actor)) at++;
    if (at == WORKERS_MAX) return;
    if (at == feed->member_count) {
        feed->member_count++;
        memcpy(feed->members[at].name, audit.actor.data, audit.actor.size);
    }
    write_member(&audit, &feed->members[at]);
}

void feed_status(struct feed *feed, struct http_request *request)
{
    struct buffer out = {0};
    const struct ingest_state *state = feed->state;
    buffer_printf(&out, "{\"version\":\"%s\",\"bus\":", VERBATIM_VERSION);
    json_write_string(&out, str_of(bus_description(state->context->bus)));
    buffer_printf(&out, ",\"receipts\":%llu,\"invalid\":%llu,\"streams\":%zu,\"workers\":[", (unsigned long long)state->receipts,
                  (unsigned long long)state->invalid, feed->stream_count);
    for (size_t i = 0; i < feed->member_count; i++) buffer_printf(&out, "%s%s", i ? "," : "", feed->members[i].json);
    buffer_add(&out, STR("]}\n"));
    if (out.failed) http_refuse_busy(request, 503, 1, "The server is short of memory.");
    else http_respond(request, 200, STR("application/json"), buffer_str(&out));
    buffer_deinit(&out);
}

/* --- the shared reader -------------------------------------------------------------------------------- */

static void take_insight(struct feed *feed, const struct bus_message *message)
{
    struct finished finished;
    struct err err;
    advance(&feed->positions, message);
    buffer_clear(&feed->json);
    if (!feed->streams && !feed->waiters) return;
    if (look_into(message->value, &feed->arena, &finished, &err) || json_write_record(message->value, &feed->json, &err)) return;
    for (struct stream *stream = feed->streams; stream; stream = stream->next)
        if (!stream->own) offer(stream, message, &finished, buffer_str(&feed->json));
    wake_waiters(feed, finished.id, buffer_str(&feed->json));
}

static bool drain(struct feed *feed)
{
    struct bus_batch batch = {0};
    struct err err;
    if (bus_poll(feed->consumer, POLL_RECORDS, 1 << 20, &batch, &err)) return false;
    for (uint32_t i = 0; i < batch.count; i++) {
        arena_reset(&feed->arena);
        if (batch.messages[i].topic == TOPIC_AUDIT) take_status(feed, batch.messages[i].value);
        else take_insight(feed, &batch.messages[i]);
    }
    bool full = batch.count == POLL_RECORDS;
    bus_release(feed->consumer, &batch);
    end_closing(feed);
    return full;
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    for (int i = 0; i < 4 && drain(handle->data); i++) continue; /* other callers want the loop too */
}

/* Proxies close what is silent. */
static void keep_alive(struct feed *feed, int64_t now)
{
    for (struct stream *stream = feed->streams; stream; stream = stream->next) {
        if (now - stream->written_ms < BEAT_MS) continue;
        stream->written_ms = now;
        if (!http_stream_write(stream->request, STR(": still here\n\n"))) stream->closing = true;
    }
    end_closing(feed);
}

/* Partitions where nothing was read yet: their place belongs into event ids too. */
static void learn_positions(struct feed *feed)
{
    struct bus_backlog items[2 * PARTITIONS_MAX];
    size_t count = bus_backlog(feed->consumer, items, 2 * PARTITIONS_MAX);
    for (size_t i = 0; i < count && i < 2 * PARTITIONS_MAX; i++)
        if (items[i].topic == TOPIC_INSIGHTS && items[i].partition < PARTITIONS_MAX && !feed->positions.next[items[i].partition])
            feed->positions.next[items[i].partition] = items[i].position > 0 ? items[i].position : 0;
}

static void on_timer(uv_timer_t *handle)
{
    struct feed *feed = handle->data;
    int64_t now = now_ms(feed);
    drain(feed);
    learn_positions(feed);
    time_out_waiters(feed, now);
    keep_alive(feed, now);
}

int feed_open(struct ingest_state *state, struct feed **ret_feed, struct err *err)
{
    const enum topic topics[] = {TOPIC_INSIGHTS, TOPIC_AUDIT};
    struct feed *feed = calloc(1, sizeof *feed);
    if (!feed) return err_set(err, E_NO_MEMORY, NULL);
    feed->state = state;
    struct bus_subscription subscription = {.member = "feed", .topics = topics, .topic_count = 2, .start = BUS_LATEST};
    int rc = bus_subscribe(state->context->bus, &subscription, &feed->consumer, err);
    if (rc) {
        free(feed);
        return rc;
    }
    uv_poll_init(state->context->loop, &feed->ready, bus_wake_fd(feed->consumer));
    uv_timer_init(state->context->loop, &feed->timer);
    feed->ready.data = feed->timer.data = feed;
    uv_poll_start(&feed->ready, UV_READABLE, on_ready);
    uv_timer_start(&feed->timer, on_timer, 100, 100);
    *ret_feed = feed;
    return E_OK;
}

static void on_feed_closed(uv_handle_t *handle)
{
    struct feed *feed = handle->data;
    arena_deinit(&feed->arena);
    buffer_deinit(&feed->json);
    buffer_deinit(&feed->event);
    free(feed);
}

void feed_close(struct feed *feed)
{
    if (!feed) return;
    feed_end_streams(feed);
    while (feed->waiters) unlink_waiter(feed, &feed->waiters);
    uv_poll_stop(&feed->ready);
    uv_timer_stop(&feed->timer);
    bus_unsubscribe(feed->consumer);
    uv_close((uv_handle_t *)&feed->ready, NULL);
    uv_close((uv_handle_t *)&feed->timer, on_feed_closed); /* closed in this order, so the last */
}
