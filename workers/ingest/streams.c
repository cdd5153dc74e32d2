/* GET /v1/insights/stream: finished insights as server-sent events, filtered, and resumable without
 * loss.
 *
 * Happy path: the shared reader offers each insight to every stream; one that wants it gets an
 * event whose id says where all partitions stand. A stream that comes back with a Last-Event-ID, or
 * asks for ?recent=N, first gets a reader of its own (stream_replay.c). A caller too slow for its
 * stream is cut off, and resumes. */
#include <stdio.h>
#include <stdlib.h>

#include "workers/ingest/streams.h"

enum {
    RECENT_MAX = 10000,
    BEAT_MS = 15000, /* proxies close what is silent */
    EVENT_ID_BYTES = PARTITIONS_MAX * sizeof "255:9223372036854775807",
};

/* --- event ids -------------------------------------------------------------------------------- */

static void format_positions(const struct positions *positions, char out[static EVENT_ID_BYTES])
{
    size_t size = 0;
    out[0] = '\0';
    for (int i = 0; i < PARTITIONS_MAX; i++) {
        if (positions->next[i] == 0) continue;
        int added = snprintf(out + size, EVENT_ID_BYTES - size, "%s%d:%lld", size ? "," : "", i,
                             (long long)positions->next[i]);
        size += (size_t)added; /* all of them fit */
    }
}

static bool parse_positions(struct str text, struct positions *positions)
{
    while (text.size) {
        struct str offset = str_cut(&text, ','), partition = str_cut(&offset, ':');
        uint64_t number;
        int64_t next;
        if (!str_to_u64(partition, &number) || number >= PARTITIONS_MAX) return false;
        if (!str_to_i64(offset, &next) || next < 0) return false;
        positions->next[number] = next;
    }
    return true;
}

/* --- events ----------------------------------------------------------------------------------- */

bool filter_wants(const struct filter *filter, const struct finished *finished)
{
    if (filter->tenant[0] && !str_equal(finished->tenant, str_of(filter->tenant))) return false;
    if (finished->digest) return !filter->product[0] && !filter->safety[0] && !filter->sentiment[0];
    if (filter->product[0] && !str_equal(finished->product, str_of(filter->product))) return false;
    if (filter->safety[0] && !str_equal(finished->safety, str_of(filter->safety))) return false;
    return !filter->sentiment[0] || str_equal(finished->sentiment, str_of(filter->sentiment));
}

static void write_text(struct stream *stream, struct str text)
{
    stream->written_ms = feed_now_ms(stream->feed);
    if (!http_stream_write(stream->request, text)) stream->closing = true;
}

static void write_event(struct stream *stream, const char *kind, struct str json)
{
    struct buffer *event = &stream->feed->event;
    char id[EVENT_ID_BYTES];
    format_positions(&stream->positions, id);
    buffer_clear(event);
    buffer_printf(event, "id: %s\nevent: %s\ndata: ", id, kind);
    buffer_add(event, json);
    buffer_add(event, STR("\n\n"));
    if (event->failed)
        stream->closing = true;
    else
        write_text(stream, buffer_str(event));
}

void stream_tell(struct stream *stream, const struct finished *finished, struct str json)
{
    if (filter_wants(&stream->filter, finished))
        write_event(stream, finished->digest ? "digest" : "insight", json);
}

/* The last digests, to one that begins: the next may be hours away. */
static void write_digests(struct stream *stream)
{
    const struct feed *feed = stream->feed;
    for (size_t i = 0; i < feed->digest_count && !stream->closing; i++) {
        const struct kept_digest *kept = &feed->digests[i];
        struct finished finished = {.tenant = str_of(kept->tenant), .digest = true};
        if (!kept->json.failed) stream_tell(stream, &finished, buffer_str(&kept->json));
    }
}

bool stream_advance(struct stream *stream, const struct bus_message *message)
{
    if (message->partition >= PARTITIONS_MAX) return true;
    int64_t *next = &stream->positions.next[message->partition];
    if (message->offset < *next) return false;
    *next = message->offset + 1;
    return true;
}

/* What the shared reader has passed, its streams have had. Some places it learns late: Kafka is
 * asked for them. */
static void catch_places(struct stream *stream)
{
    for (int i = 0; i < PARTITIONS_MAX; i++)
        if (stream->positions.next[i] < stream->feed->positions.next[i])
            stream->positions.next[i] = stream->feed->positions.next[i];
}

void streams_offer(struct feed *feed, const struct bus_message *message,
                   const struct finished *finished, struct str json)
{
    for (struct stream *stream = feed->streams; stream; stream = stream->next) {
        if (stream->closing || stream->replay || !stream_advance(stream, message)) continue;
        catch_places(stream);
        stream_tell(stream, finished, json);
    }
}

/* --- ends ------------------------------------------------------------------------------------- */

static void remove_stream(struct stream *stream)
{
    struct feed *feed = stream->feed;
    for (struct stream **link = &feed->streams; *link; link = &(*link)->next) {
        if (*link != stream) continue;
        *link = stream->next;
        break;
    }
    feed->stream_count--;
    stream_replay_end(stream);
    free(stream);
}

static void on_stream_closed(struct http_request *request, void *user)
{
    (void)request;
    remove_stream(user);
}

void streams_end_closing(struct feed *feed)
{
    for (struct stream *stream = feed->streams, *next; stream; stream = next) {
        next = stream->next;
        if (!stream->closing) continue;
        http_stream_end(stream->request);
        remove_stream(stream);
    }
}

void streams_end_all(struct feed *feed)
{
    for (struct stream *stream = feed->streams; stream; stream = stream->next)
        stream->closing = true;
    streams_end_closing(feed);
}

void streams_keep_alive(struct feed *feed, int64_t now_ms)
{
    for (struct stream *stream = feed->streams; stream; stream = stream->next) {
        if (stream->replay)
            stream_replay_read(stream); /* a wake-up may have been for a batch that failed */
        if (now_ms - stream->written_ms >= BEAT_MS) write_text(stream, STR(": still here\n\n"));
    }
    streams_end_closing(feed);
}

/* --- the request ------------------------------------------------------------------------------ */

static bool take_query(struct str query, struct str name, char *out, size_t room)
{
    struct str value;
    out[0] = '\0';
    return http_query_get(query, name, out, room, &value) != HTTP_QUERY_BAD;
}

static bool take_choice(struct str query, struct str name, const struct enumeration *enumeration,
                        char *out, size_t room)
{
    if (!take_query(query, name, out, room)) return false;
    return !out[0] || enumeration_find(enumeration, str_of(out)) < enumeration->count;
}

/* A filter with a typo would let everything through. */
static bool knows_parameters(struct str query, struct str also)
{
    static const struct str own = {"product safety sentiment tenant", 31};
    while (query.size) {
        struct str value = str_cut(&query, '&'), name = str_cut(&value, '=');
        struct str ours = own, others = also, known = {0};
        while (ours.size && !str_equal(known, name)) known = str_cut_word(&ours);
        while (others.size && !str_equal(known, name)) known = str_cut_word(&others);
        if (name.size && !str_equal(known, name)) return false;
    }
    return true;
}

const char *filter_read(struct str query, const char *also, struct str tenant,
                        struct filter *filter)
{
    if (!knows_parameters(query, str_of(also)))
        return *also ? "A stream takes product, safety, sentiment, tenant, recent and key, nothing "
                       "else."
                     : "A filter takes product, safety, sentiment and tenant, nothing else.";
    if (!take_query(query, STR("tenant"), filter->tenant, sizeof filter->tenant))
        return "tenant is too long.";
    if (!take_query(query, STR("product"), filter->product, sizeof filter->product))
        return "product is too long.";
    if (!take_choice(query, STR("safety"), &safety_state_enumeration, filter->safety,
                     sizeof filter->safety))
        return "safety is positive, negative or unassessed.";
    if (!take_choice(query, STR("sentiment"), &sentiment_label_enumeration, filter->sentiment,
                     sizeof filter->sentiment))
        return "sentiment is positive, negative, neutral or mixed.";
    if (tenant.size) /* never another's */
        snprintf(filter->tenant, sizeof filter->tenant, "%.*s", STR_ARGS(tenant));
    return NULL;
}

/* So many of the newest, spread over the partitions. */
static void place_recent(const struct feed *feed, uint64_t recent, struct positions *from)
{
    int64_t partitions = 0;
    for (int i = 0; i < PARTITIONS_MAX; i++) partitions += feed->positions.next[i] > 0;
    int64_t share = partitions ? ((int64_t)recent + partitions - 1) / partitions : 0;
    for (int i = 0; i < PARTITIONS_MAX; i++)
        if (feed->positions.next[i] > share) from->next[i] = feed->positions.next[i] - share;
}

/* Where the stream begins. NULL, or why it can't; *ret_replay: with a reader of its own. */
static const char *read_start(const struct feed *feed, struct http_request *request,
                              struct positions *from, bool *ret_replay)
{
    char room[16];
    struct str last = http_header(request, STR("last-event-id")), text = {0};
    uint64_t recent = 0;
    *ret_replay = last.size > 0;
    if (last.size) return parse_positions(last, from) ? NULL : "Last-Event-ID is not one of ours.";
    enum http_query found = http_query_get(request->query, STR("recent"), room, sizeof room, &text);
    if (found == HTTP_QUERY_ABSENT) return NULL;
    if (found == HTTP_QUERY_BAD || !str_to_u64(text, &recent) || recent > RECENT_MAX)
        return "recent is a number up to 10000.";
    place_recent(feed, recent, from);
    *ret_replay = recent > 0;
    return NULL;
}

static void refuse(struct http_request *request, int rc, const struct err *err)
{
    if (err_class((enum err_code)rc) == ERR_RETRY || rc == E_NO_MEMORY)
        http_refuse_busy(request, 503, 5, rc == E_BUSY ? err->text : "The bus can't be read now.");
    else
        http_refuse(request, 400, "Last-Event-ID is not one of ours.");
}

static void begin(struct stream *stream)
{
    struct feed *feed = stream->feed;
    stream->next = feed->streams;
    feed->streams = stream;
    feed->stream_count++;
    http_on_close(stream->request, on_stream_closed, stream);
    http_stream_begin(stream->request, 200, STR("text/event-stream"));
    write_text(stream, STR("retry: 2000\n: insights follow\n\n"));
    write_digests(stream);
    if (stream->replay) stream_replay_read(stream);
    streams_end_closing(feed);
}

void feed_stream(struct feed *feed, struct http_request *request, const struct caller *caller)
{
    bool room = feed->stream_count < feed->state->options->streams, replay = false;
    struct stream *stream = room ? calloc(1, sizeof *stream) : NULL;
    struct positions from = {.next = {0}};
    struct err err;
    if (!stream) {
        http_refuse_busy(request, 503, 5, "Too many streams are open.");
        return;
    }
    *stream = (struct stream){.feed = feed, .request = request, .positions = feed->positions};
    const char *refusal = filter_read(request->query, "recent key", caller->tenant,
                                      &stream->filter);
    if (!refusal) refusal = read_start(feed, request, &from, &replay);
    int rc = !refusal && replay ? stream_replay_begin(stream, &from, &err) : E_OK;
    if (!refusal && !rc) {
        begin(stream);
        return;
    }
    if (refusal)
        http_refuse(request, 400, refusal);
    else
        refuse(request, rc, &err);
    free(stream);
}

uint64_t feed_stream_count(const struct feed *feed) { return feed->stream_count; }
