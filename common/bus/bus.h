/* The bus: topics of keyed messages in numbered partitions, read by groups,
 * written in transactions.
 *
 * One small interface, two implementations that a worker can't tell apart: bus_embedded (LMDB on
 * disk) and bus_kafka (librdkafka). Offsets count from 0 in each partition; "position" always means
 * the offset of the next message.
 *
 * Threads: a consumer is polled, paused and asked on one thread (the loop). bus_commit() blocks,
 * and runs on one other thread at a time (the committer). Nothing else may be called while it runs,
 * except bus_poll(), bus_pause(), bus_backlog() and bus_release(). A producer is used by one
 * thread.
 *
 * Errors: RETRY means nothing was written and the same call may be made again; CANCELLED that the
 * consumer has lost the right to these partitions (its generation is over): drop what was in flight
 * and bus_rewind(); FATAL that the process must stop. */
#ifndef VERBATIM_BUS_BUS_H
#define VERBATIM_BUS_BUS_H

#include "base/arena.h"
#include "base/clock.h"
#include "config/config.h"
#include "schema/topic.h"

enum { BUS_HEADERS_MAX = 16, BUS_KEY_BYTES_MAX = 1024 };

struct bus_header {
    struct str name, value;
};

struct bus_message {
    enum topic topic;
    uint32_t partition;
    int64_t offset, timestamp_ms;
    struct str key, value;             /* views; valid until the batch is released */
    const struct bus_header *headers;
    uint32_t header_count;
};

/* What bus_poll() hands out. Messages of one partition are in offset order. */
struct bus_batch {
    struct bus_message *messages;
    uint32_t count;
    void *handle; /* of the implementation */
};

struct bus_output {
    enum topic topic;
    int64_t timestamp_ms;
    struct str key, value;             /* must stay valid until committed, or reported as done */
    const struct bus_header *headers;
    uint32_t header_count;
};

struct bus_position {
    enum topic topic;
    uint32_t partition;
    int64_t offset; /* next to read: last processed + 1 */
};

/* Where one partition stands for this consumer. */
struct bus_backlog {
    enum topic topic;
    uint32_t partition;
    int64_t position, end; /* end: offset that the next written message would get */
    /* messages between; 0 when all are read (transaction markers don't count) */
    uint64_t records;
    /* timestamp of the next message to read; 0 when records == 0 or unknown */
    int64_t oldest_ms;
};

enum bus_start { BUS_EARLIEST, BUS_LATEST };

struct bus_subscription {
    const char *group;      /* NULL: no group; reads all partitions from `start`, commits nothing */
    /* stable name of this replica, e.g. "segment-0": transactional.id, static membership */
    const char *member;
    const enum topic *topics;
    size_t topic_count;
    /* Where a reader begins, or a group that has committed nothing. BUS_LATEST of a group is
     * committed at once for all partitions of a topic, so that partitions which are added later are
     * read from their beginning. */
    enum bus_start start;
    bool at_least_once;     /* outputs first, offsets after, no transaction */
    /* messages may come so much later, in larger portions, which costs a broker less; 0: at once */
    uint32_t patient_ms;
    /* Called inside bus_poll(), before the partitions change hands; on Kafka also with a count of
     * 0. With at_least_once, no commit may be running when on_revoked returns. May be NULL. */
    void (*on_revoked)(void *user, const struct bus_position *partitions, size_t count);
    void (*on_assigned)(void *user, const struct bus_position *partitions, size_t count);
    void *user;
};

struct bus;
struct bus_consumer;
struct bus_producer;

/* --- bus ------------------------------------------------------------------------------------ */

/* Which implementation, where: from the [bus] and [kafka] sections. */
extern const struct option_table bus_option_table, kafka_option_table;
int bus_open(const struct config *config, const struct clock *clock, struct bus **ret_bus,
             struct err *err) CHECKED;
void bus_close(struct bus *bus); /* after its consumers and producers */
/* OpenTelemetry's messaging.system: "kafka"; "verbatim" is the embedded one */
const char *bus_system(const struct bus *bus);
/* for people: "embedded at data/bus", "kafka 127.0.0.1:9092 (librdkafka 2.0.2)" */
const char *bus_description(const struct bus *bus);

/* With at_least_once: are positions committed by a request of their own, after the outputs (Kafka)?
 * Where they aren't (embedded), committing them costs nothing, and a crash repeats nothing. */
bool bus_positions_apart(const struct bus *bus);

struct bus_topic_settings {
    uint32_t partitions;   /* 0: the table's */
    uint32_t replication;  /* ignored by the embedded bus */
    int64_t retention_ms;  /* 0: the table's */
    uint64_t retention_bytes; /* per partition; 0: unlimited */
};
/* Creates what is missing; *ret_created says whether it was. Existing topics are left alone. */
int bus_topic_create(struct bus *bus, enum topic topic, const struct bus_topic_settings *settings,
                     bool *ret_created, struct err *err) CHECKED;

struct bus_topic_state {
    uint32_t partitions;
    uint64_t records, size_bytes; /* size_bytes 0: unknown */
};
int bus_topic_describe(struct bus *bus, enum topic topic, struct bus_topic_state *ret_state,
                       struct err *err) CHECKED; /* NOT_FOUND */

/* How far a group is behind on a topic. A group that never committed is behind by all there is. */
struct bus_lag {
    uint64_t records; /* not handled yet; on Kafka transaction markers count too */
    uint64_t written; /* rises by one with each message (and marker) written to the topic */
};
/* The caller needn't be in the group. Blocks for some seconds if a broker doesn't answer; any
 * thread. NOT_FOUND: no such topic. */
int bus_lag(struct bus *bus, const char *group, enum topic topic, struct bus_lag *ret_lag,
            struct err *err) CHECKED;

/* --- consumer ------------------------------------------------------------------------------- */

int bus_subscribe(struct bus *bus, const struct bus_subscription *subscription,
                  struct bus_consumer **ret_consumer, struct err *err) CHECKED;
/* leaves the group; open batches must be released before */
void bus_unsubscribe(struct bus_consumer *consumer);

/* A descriptor that becomes readable when bus_poll() may have something; also poll every second. */
int bus_wake_fd(const struct bus_consumer *consumer);

/* Never blocks. Up to max_records messages and about max_bytes of values; count 0 when there is
 * nothing. Several batches may be held at once. */
int bus_poll(struct bus_consumer *consumer, uint32_t max_records, size_t max_bytes,
             struct bus_batch *ret_batch, struct err *err) CHECKED;
void bus_release(struct bus_consumer *consumer, struct bus_batch *batch);

/* While paused bus_poll() returns no messages, but keeps the membership alive. */
void bus_pause(struct bus_consumer *consumer, bool paused);

/* Writes the outputs and moves the group's positions, both or neither (at_least_once: outputs, then
 * positions). Blocks; committer thread. */
int bus_commit(struct bus_consumer *consumer, const struct bus_output *outputs, size_t output_count,
               const struct bus_position *positions, size_t position_count,
               struct err *err) CHECKED;

/* Before a stop: a commit that waits for a broker gives up within some seconds, and so does every
 * later one. Loop thread. */
void bus_hasten(struct bus_consumer *consumer);

/* Goes back to the committed positions of all assigned partitions. Loop thread,
 * no commit running. */
int bus_rewind(struct bus_consumer *consumer, struct err *err) CHECKED;

/* For readers without a group: the next poll begins there. */
int bus_seek(struct bus_consumer *consumer, const struct bus_position *position,
             struct err *err) CHECKED;

/* Assigned partitions; at most max are written; returns how many there are. Loop thread, cheap. */
size_t bus_backlog(struct bus_consumer *consumer, struct bus_backlog *out, size_t max);

/* How many messages retention deleted before they were read here, since subscribing. On Kafka that
 * includes the markers of their transactions, but 0 if only markers were deleted. Loop thread,
 * cheap. */
uint64_t bus_missed(struct bus_consumer *consumer);

/* Does a broker answer? False before the first answer, and while none can be reached. Loop thread,
 * cheap. */
bool bus_answers(struct bus_consumer *consumer);

/* --- producer ------------------------------------------------------------------------------- */

/* For the door: writes without reading. Idempotent on Kafka (acks=all). */
int bus_producer_open(struct bus *bus, const char *member, struct bus_producer **ret_producer,
                      struct err *err) CHECKED;
void bus_producer_close(struct bus_producer *producer); /* waits for what is in flight, bounded */

/* All outputs of one call are reported once, by on_done, from bus_producer_poll(): err == NULL when
 * the broker holds every one of them. BUSY at once when the producer's bound is reached: nothing
 * was taken, try later. */
typedef void bus_on_done(void *user, const struct err *err);
int bus_produce(struct bus_producer *producer, const struct bus_output *outputs, size_t count,
                bus_on_done *on_done, void *user, struct err *err) CHECKED;
int bus_producer_wake_fd(const struct bus_producer *producer);
void bus_producer_poll(struct bus_producer *producer); /* calls on_done of what is finished */
/* For programs without a loop: polls until nothing is in flight, or the deadline. */
int bus_producer_flush(struct bus_producer *producer, int64_t timeout_ms, struct err *err) CHECKED;

/* --- for implementations -------------------------------------------------------------------- */

/* Which partition a key goes to: murmur2 as Kafka's default partitioner, so that both buses and
 * Java producers agree. */
uint32_t bus_partition_of(struct str key, uint32_t partitions);

#endif
