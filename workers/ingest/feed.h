/* What the files of the feed share: feed.c reads the bus, hurry.c too while somebody listens,
 * streams.c writes to callers who follow, waiters.c answers posts that wait, recall.c and lookback.c
 * those that wait for what has passed, members.c knows the workers' states. All on the loop's
 * thread. */
#ifndef VERBATIM_WORKERS_INGEST_FEED_H
#define VERBATIM_WORKERS_INGEST_FEED_H

#include "schema/json.h"
#include "workers/ingest/state.h"

enum {
    DIGESTS_MAX = 16, POLL_RECORDS = 256, POLL_BYTES = 1 << 20,
    /* that event ids have places of: as many as the embedded bus has; Kafka's may be more, of which
     * a stream that comes back is told what is new */
    PARTITIONS_MAX = 256, PARTITIONS_OF_A_TOPIC_MAX = 1024,
    /* of messages at once where there are streams: as JSON they stay below what may wait unsent */
    STREAM_POLL_BYTES = 64 << 10,
    MEMBERS_MAX = 256 /* webhooks, too: each replica of the door has one of each */
};

/* What a stream and a filter want to know of a finished record. Views of the message or for ever.
 */
struct finished {
    struct str id, tenant, product, safety, sentiment;
    /* what a window says together; then the last three are empty. quiet: nothing was said in it */
    bool digest, quiet;
};

/* feed.c: of a message on insights. Also a record that isn't one of ours to show is an error. */
int finished_read(struct str message, struct arena *arena, struct finished *ret_finished,
                  struct err *err) CHECKED;

/* Offset of the next insight of each partition; 0: unknown, or nothing was read yet. */
struct positions {
    int64_t next[PARTITIONS_MAX];
};

struct stream;
struct waiter;
struct recall;
struct lookback;
struct hurry;

/* The last status of each member, as JSON. */
struct member {
    char name[64], json[512];
};

/* The last digest of a tenant, for those who come later. */
struct kept_digest {
    char tenant[65];
    struct buffer json;
};

struct feed {
    struct ingest_state *state;
    struct bus_consumer *consumer;
    struct hurry *hurry; /* NULL: nobody has listened for a while */
    int64_t heard_until_ms;
    uv_poll_t ready;
    uv_timer_t timer;
    unsigned handles; /* of the loop, that aren't closed yet */
    struct positions positions;
    struct stream *streams;
    struct waiter *waiters;
    struct recall *recall; /* NULL: nobody has waited yet */
    struct lookback *lookbacks;
    size_t lookback_count;
    size_t stream_count, resumed_count, waiter_count, member_count;
    struct member members[MEMBERS_MAX];
    struct kept_digest digests[DIGESTS_MAX];
    size_t digest_count;
    struct arena arena;
    struct buffer json, event;
};

static inline int64_t feed_now_ms(const struct feed *feed)
{
    return clock_mono_ms(feed->state->context->clock);
}

/* feed.c: sent again, for a webhook's sake: those who follow have had it. */
bool feed_is_for_one(const struct bus_message *message);
/* feed.c: decodes one message; `finished` and feed->json are good until the next. False: not ours
 * to show. */
bool feed_look_into(struct feed *feed, struct str message, struct finished *ret_finished);

/* feed.c: takes a batch, of the feed's own reader or of the one in a hurry. False: that was all. */
bool feed_read(struct feed *feed, struct bus_consumer *consumer);

/* feed.c: an insight leaves its mark, and whoever waits for it has it. */
void feed_take_passed(struct feed *feed, const struct bus_message *message);

/* feed.c: where the shared reader stands in partitions of which it has read nothing yet. */
void feed_learn_positions(struct feed *feed);

/* streams.c */
void streams_offer(struct feed *feed, const struct bus_message *message,
                   const struct finished *finished, struct str json);
void streams_end_closing(struct feed *feed); /* outside of any walk over the streams */
void streams_keep_alive(struct feed *feed, int64_t now_ms);
void streams_end_all(struct feed *feed);

/* hurry.c: for the timer; and when the feed closes, after which the loop turns once more. */
void hurry_tend(struct feed *feed, int64_t now_ms);
void hurry_end(struct feed *feed);

/* waiters.c */
void waiters_wake(struct feed *feed, struct str id, struct str json);
void waiters_time_out(struct feed *feed, int64_t now_ms);
void waiters_drop_all(struct feed *feed);

/* recall.c: what has passed. await: false, it has, and can't be had now. wants: a post waits for
 * this one, or has, so its JSON is worth making. */
bool recall_await(struct feed *feed, struct str id) CHECKED;
bool recall_wants(const struct feed *feed, struct str id);
/* json may be empty */
void recall_take(struct feed *feed, struct str id, const struct bus_message *message,
                 struct str json);
void recall_free(struct feed *feed);

/* lookback.c: reads what has passed once more. one: false, it can't; else who waits for it is told
 * in any case. tend: for the timer. */
void lookback_all(struct feed *feed);
bool lookback_one(struct feed *feed, struct str id, uint32_t partition, int64_t offset) CHECKED;
void lookbacks_tend(struct feed *feed, int64_t now_ms);
void lookbacks_end(struct feed *feed);

/* members.c */
void members_take(struct feed *feed, struct str audit_message);

#endif
