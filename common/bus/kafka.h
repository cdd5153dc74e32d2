/* The Kafka bus: what its files share.
 *
 *   kafka.c           opens and closes; who it says it is
 *   kafka_config.c    properties of a client: ours, then what [kafka] says
 *   kafka_error.c     librdkafka's errors into ours, and its log lines into our log
 *   kafka_topics.c    creates and describes topics
 *   kafka_lag.c       how far another group is behind
 *   kafka_member.c    a consumer's life: its client, joining, leaving
 *   kafka_consumer.c  polls, follows rebalances
 *   kafka_batch.c     the messages of one poll, until they are released
 *   kafka_position.c  which partitions, how far, how much is left; pause, rewind, seek
 *   kafka_trust.c     whether what the coordinator tells is believed
 *   kafka_begin.c     where partitions begin that were assigned
 *   kafka_watch.c     a thread per consumer for the calls that block
 *   kafka_limits.c    says at start which topics take less than we may send
 *   kafka_sender.c    a producing client: one message out
 *   kafka_commit.c    outputs and positions in one transaction; the producer that does it
 *   kafka_at_least_once.c  outputs first, then positions
 *   kafka_owed.c      at least once: positions that the coordinator is still to be told
 *   kafka_producer.c  the door's producer
 *
 * Threads: the loop's (poll, pause, rewind, seek, backlog), the committer's (commit), and the
 * consumer's own watcher. What two of them touch is guarded by kafka_consumer.lock. */
#ifndef VERBATIM_BUS_KAFKA_H
#define VERBATIM_BUS_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bus/backend.h"
#include "bus/kafka_missed.h"
#include "bus/kafka_sender.h"

enum {
    KAFKA_NAME_MAX = 249,   /* of topics, and what we allow of groups and members */
    KAFKA_CALL_MS = 5000,   /* for calls of the loop that wait for an answer */
    KAFKA_ASK_MS = 2000,    /* for those of a watcher */
    KAFKA_ADMIN_MS = 10000, /* for topics */
    KAFKA_RETRY_MS = 50,
    KAFKA_CLOSE_MS = 5000,        /* leaving a group; then it goes without saying goodbye */
    KAFKA_HASTY_CLOSE_MS = 1000,
    KAFKA_END_MS = 10000,         /* a client's threads end within a second, or never */
    KAFKA_MESSAGE_OVERHEAD = 512, /* what the broker adds to a message, generously */
    KAFKA_BACKS_OFF = 0x02020000, /* librdkafka's version that has fetch.queue.backoff.ms */
};

/* --- bus ------------------------------------------------------------------------------------- */

/* A client that asks what a group has committed. */
struct kafka_asker {
    struct kafka_asker *next;
    rd_kafka_t *client;
    char group[KAFKA_NAME_MAX + 1];
};

struct kafka_bus {
    struct bus base;
    struct bus_options options;
    const struct config *config; /* read, with its secrets, for each new client */
    const struct clock *clock;
    size_t message_bytes_max;                     /* message.max.bytes */
    char topics[TOPIC_COUNT][KAFKA_NAME_MAX + 1]; /* with the prefix */
    char description[512];
    atomic_bool limits_checked;
    pthread_mutex_t admin_lock;
    rd_kafka_t *admin; /* made when it is needed first */
    pthread_mutex_t lag_lock;
    struct kafka_asker *askers; /* of kafka_lag() */
};

enum topic kafka_topic_of(const struct kafka_bus *bus, const char *name); /* TOPIC_NONE: not ours */
static inline struct kafka_bus *kafka_bus_of(struct bus *bus) { return (struct kafka_bus *)bus; }

/* --- configuration --------------------------------------------------------------------------- */

struct kafka_property {
    const char *name, *value; /* no name: none */
};

/* A client's configuration: `own` (ends with a NULL name) below what the user set, `fixed` above
 * it. */
int kafka_conf_create(const struct kafka_bus *bus, const struct kafka_property *own,
                      const struct kafka_property *fixed, rd_kafka_conf_t **ret_conf,
                      struct err *err) CHECKED;
/* Checks all properties, and learns what the bus wants to know of them. */
int kafka_conf_check(struct kafka_bus *bus, struct err *err) CHECKED;
/* Takes `conf` over, also on an error. */
int kafka_client_create(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_client,
                        struct err *err) CHECKED;

/* --- errors ---------------------------------------------------------------------------------- */

/* `detail` (may be NULL) is librdkafka's own text. */
int kafka_error(rd_kafka_resp_err_t code, const char *what, const char *detail, struct err *err);
void kafka_on_log(const rd_kafka_t *client, int level, const char *facility, const char *text);

/* --- topics ---------------------------------------------------------------------------------- */

int kafka_topic_create(struct bus *bus, enum topic topic, const struct bus_topic_settings *settings,
                       bool *ret_created, struct err *err) CHECKED;
int kafka_topic_describe(struct bus *bus, enum topic topic, struct bus_topic_state *ret_state,
                         struct err *err) CHECKED;
void kafka_topics_close(struct kafka_bus *bus);
void kafka_lag_close(struct kafka_bus *bus);
int kafka_lag(struct bus *bus, const char *group, enum topic topic, struct bus_lag *ret_lag,
              struct err *err) CHECKED;
/* Of all partitions; `end` is RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END, as a "time". An
 * error of one is that of all. The caller destroys *ret_list. Blocks. */
int kafka_ends(rd_kafka_t *client, const char *topic, uint32_t count, int64_t end, int timeout_ms,
               rd_kafka_topic_partition_list_t **ret_list, struct err *err) CHECKED;
/* RD_KAFKA_OFFSET_INVALID: it isn't in the list, which may have any order. */
int64_t kafka_offset_in(const rd_kafka_topic_partition_list_t *list, int32_t partition);
/* Number of partitions of a topic; NOT_FOUND, or UNAVAILABLE. Blocks. */
int kafka_partition_count(rd_kafka_t *client, const char *topic, int timeout_ms,
                          uint32_t *ret_count, struct err *err) CHECKED;

/* --- consumer -------------------------------------------------------------------------------- */

struct kafka_partition {
    enum topic topic;
    uint32_t partition;
    int64_t position; /* of the next message to read; -1: not known yet */
    /* behind the last message read, so before markers that may follow; as `position` at first */
    int64_t read_to;
    /* where reading began, and a rewind goes as long as nothing is committed; -1: unknown */
    int64_t first_read;
    /* by the coordinator, when reading began here last; -1: nothing is committed */
    int64_t told;
    bool moved;             /* a reader's, sought and not assigned there yet */
    int64_t sought;         /* where reading shall begin, until a message has come; -1 */
    int64_t last_ms;        /* timestamp of the last message read; 0: none */
    int64_t caught_up_ms;   /* when last all had been read, by the wall clock; 0: never */
    int64_t end; /* as the watcher has heard; -1: not yet. Guarded by the lock. */
};

struct kafka_batch {
    struct kafka_batch *next;
    rd_kafka_message_t **held;
    struct bus_message *messages;
    uint32_t count, capacity;
    struct arena headers;
};

/* What the watcher found out about a topic that a reader waits for. */
struct kafka_found {
    enum topic topic;
    uint32_t partition;
    int64_t start, end;
};

/* What was assigned, until it is known where it begins. */
struct kafka_awaited {
    rd_kafka_topic_partition_list_t *starts, *ends; /* NULL: nothing; ends: not known */
    bool known;
};

/* What this consumer has committed itself, also of partitions that it no longer has. */
struct kafka_own {
    enum topic topic;
    uint32_t partition;
    int64_t offset;
};

struct kafka_watch {
    pthread_t thread;
    bool started;
    pthread_cond_t changed;
    /* guarded by the consumer's lock */
    bool stops, asked; /* asked: for the ends of all partitions */
    bool down;         /* no broker has answered yet, or could be reached, nor answered since */
    uint32_t missing;  /* topics that a reader still waits for */
    uint32_t absent;   /* of these, those that were not there when a broker was asked */
    bool looked;       /* it has looked once */
    uint32_t partitions[TOPIC_COUNT]; /* of a reader's topics, as far as they were found */
    struct kafka_found *found;
    size_t found_count, found_capacity;
};

/* Of the committer's thread, and before its first commit of the thread that warms it up. */
struct kafka_commit {
    struct kafka_sender sender;
    bool ready;         /* init_transactions() has succeeded */
    bool small_batches; /* a topic has refused a large one */
    unsigned replaced;  /* producers that broke since the last commit */
    unsigned fenced;    /* times it was fenced since fenced_ms */
    int64_t fenced_ms;
    pthread_t warmer;
    bool warming;
    atomic_bool stops;
    _Atomic int64_t hastened_ms; /* since when it shall stop, mono; 0: it needn't */
    char transactional_id[3 * KAFKA_NAME_MAX];
};

/* At least once: what the coordinator is still to be told (kafka_owed.c). Guarded by the lock. */
struct kafka_owed {
    rd_kafka_queue_t *answers; /* to what was asked last; NULL: no client */
    /* NULL: nothing; asked: it has been told, and hasn't answered yet */
    rd_kafka_topic_partition_list_t *next, *asked;
    int64_t asked_ms;   /* mono */
    struct err failure; /* of what was asked last */
};

/* A member that was fenced, maybe by itself: it joins again, a few times. */
struct kafka_exile {
    bool outside; /* its partitions have been given up */
    unsigned times;
    /* when it was first fenced, of `times`; not before it joins again */
    int64_t since_ms, again_ms;
};

struct kafka_consumer {
    struct bus_consumer base;
    struct kafka_bus *bus;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue; /* the one that everything is forwarded to */
    int wake_fd;
    struct bus_subscription subscription; /* of its pointers the callbacks' and `user` are used */
    bool in_group, hastened;
    bool left_behind;    /* a client of ours wouldn't end */
    atomic_bool closing; /* librdkafka's threads ask, too, when they log */
    uint32_t topics; /* bits */
    _Atomic uint32_t came_later; /* bits: topics that weren't there when this member came */
    char member[KAFKA_NAME_MAX + 1], group_id[KAFKA_NAME_MAX + 1];

    /* held while the committer's thread uses `client`, and while it goes */
    pthread_mutex_t client_lock;
    pthread_mutex_t lock; /* guards what the loop's thread changes here and others read: */
    struct kafka_partition *owned;
    size_t owned_count, owned_capacity;
    size_t hit;          /* index of the partition that was found last; of the loop's thread */
    uint64_t generation; /* counts assignments */
    void *group;         /* metadata of the group's generation that assigned them, in librdkafka's
                            own form; NULL: none is assigned */
    size_t group_bytes;

    struct kafka_awaited awaited;
    struct kafka_own *own;
    size_t own_count, own_capacity;
    /* nothing has been committed since reading began where the coordinator told, */
    bool unconfirmed;
    /* or, as that was older than our own commit, at this; old_ms: since when it is;
     * mono, 0: it isn't */
    bool suspect;
    int64_t old_ms;
    bool group_lost;     /* the group forgot us, or we it */
    atomic_bool lost;    /* what we seem to own has another owner: nothing of it is committed */
    /* when the client started; when a broker was last found away; mono, 0: never */
    int64_t started_ms, lost_ms;

    bool moved;          /* a reader's partitions are to be assigned (anew) by the next poll */
    int64_t assigned_ms; /* when they were last, mono; 0: never */
    bool paused, readable;
    struct err trouble; /* what librdkafka complained of since the last poll */
    bool fatal;
    struct kafka_exile exile;
    struct kafka_batch *current, *open, *idle;
    rd_kafka_topic_t *last_rkt; /* of the message before; its topic */
    enum topic last_topic;
    size_t peak; /* bytes in the prefetch queue, about, since it was asked for more */

    struct kafka_watch watch;
    struct kafka_commit commit;
    struct kafka_owed owed;
    struct kafka_missed missed;
};

static inline struct kafka_consumer *kafka_consumer_of(struct bus_consumer *consumer)
{
    return (struct kafka_consumer *)consumer;
}

int kafka_subscribe(struct bus *bus, const struct bus_subscription *subscription,
                    struct bus_consumer **ret_consumer, struct err *err) CHECKED;
void kafka_unsubscribe(struct bus_consumer *consumer);
/* A member that was fenced: E_OK, and it joins again; UNAVAILABLE: not yet; FENCED: once too often,
 * so another process has its name. Of the loop's thread. */
int member_rejoin(struct kafka_consumer *consumer, struct err *err) CHECKED;
void member_forget_group(struct kafka_consumer *consumer); /* the generation */
int kafka_wake_fd(const struct bus_consumer *consumer);
void consumer_make_readable(struct kafka_consumer *consumer);
int kafka_poll(struct bus_consumer *consumer, uint32_t max_records, size_t max_bytes,
               struct bus_batch *ret_batch, struct err *err) CHECKED;
void kafka_release(struct bus_consumer *consumer, struct bus_batch *batch);
uint64_t kafka_missed(struct bus_consumer *consumer);

/* batches: idle ones are kept, for their memory */
struct kafka_batch *batch_open(struct kafka_consumer *consumer); /* NULL: no memory */
/* room for one more; false: no memory */
bool batch_grow(struct kafka_batch *batch, uint32_t most);
/* Takes `held` over. False without memory. */
bool batch_take(struct kafka_consumer *consumer, struct kafka_batch *batch,
                rd_kafka_message_t *held) CHECKED;
void batch_empty(struct kafka_batch *batch);
void batch_close(struct kafka_consumer *consumer, struct kafka_batch *batch);
void batches_free(struct kafka_batch *first);
enum topic consumer_topic_of(struct kafka_consumer *consumer, rd_kafka_topic_t *rkt);

/* librdkafka's callbacks, inside kafka_poll() */
void consumer_on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t *partitions, void *opaque);
void consumer_on_error(rd_kafka_t *client, int code, const char *reason, void *opaque);

/* positions; the lock is taken where others could look */
struct kafka_partition *position_find(struct kafka_consumer *consumer, enum topic topic,
                                      uint32_t partition);
int position_add(struct kafka_consumer *consumer, enum topic topic, uint32_t partition,
                 int64_t start, int64_t end, struct err *err) CHECKED;
/* Of the committer's thread: what it has committed. */
void position_committed(struct kafka_consumer *consumer, const struct bus_position *positions,
                        size_t count);
/* Likewise; of any thread. */
void position_committed_list(struct kafka_consumer *consumer,
                             const rd_kafka_topic_partition_list_t *list);
/* What is committed of it, as far as we know; -1: nothing. The lock is held. */
int64_t position_told(const struct kafka_consumer *consumer,
                      const struct kafka_partition *partition);
/* Whether it has committed anything in this topic. */
bool position_is_known(struct kafka_consumer *consumer, enum topic topic);
/* What the coordinator tells is committed: false, it is older than our own commit, and to be asked
 * for again; after some seconds our own is put into `told`. The lock is held. */
bool position_trust(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *told);
/* Where a partition begins of which nothing is committed: where reading began here (-1: unknown),
 * else, and where what we had committed is gone, at its beginning. The lock is held. */
int64_t position_beginning(const struct kafka_consumer *consumer,
                           const rd_kafka_topic_partition_t *item, int64_t first_read);
/* A broker is away, or the coordinator doesn't answer as one:
 * what is told soon after may be old. */
void position_doubt(struct kafka_consumer *consumer);
void position_group_lost(struct kafka_consumer *consumer); /* likewise, but nothing is waited for */
/* A topic isn't there: one that is made anew soon is read on where the old one ended, so the next
 * commit asks whether ours are still known. */
void position_topic_gone(struct kafka_consumer *consumer);
/* Of the committer's thread. CONFIRMED: where reading began is. DOUBTED: not, and the
 * coordinator must write first.
 * *ret_lost_ms: see kafka_consumer. */
enum position_standing { POSITION_CONFIRMED, POSITION_UNCONFIRMED, POSITION_DOUBTED };
enum position_standing position_standing(struct kafka_consumer *consumer, int64_t *ret_lost_ms);
/* Of the committer's thread: asks the coordinator again where reading should have begun. CANCELLED:
 * elsewhere. UNAVAILABLE: it doesn't say. TIMEOUT: it still tells less than our own commit.
 * Blocks for timeout_ms. */
int position_confirm(struct kafka_consumer *consumer, int timeout_ms, struct err *err) CHECKED;
void position_clear(struct kafka_consumer *consumer);
/* All that it owns, from where they stand; the caller destroys the list. */
rd_kafka_topic_partition_list_t *position_list(const struct kafka_consumer *consumer);
/* Tells the subscription's owner; lost: another member may have them already. */
void position_tell_assigned(struct kafka_consumer *consumer);
void position_tell_revoked(struct kafka_consumer *consumer, bool lost);
/* Of a reader: begins to read where each partition stands, if one was added or sought. */
int position_assign(struct kafka_consumer *consumer, struct err *err) CHECKED;
/* Both before the assignment is told. */
void position_pause_coming(struct kafka_consumer *consumer);
void position_resume_going(struct kafka_consumer *consumer);
void kafka_pause(struct bus_consumer *consumer, bool paused);
int kafka_rewind(struct bus_consumer *consumer, struct err *err) CHECKED;
int kafka_seek(struct bus_consumer *consumer, const struct bus_position *position,
               struct err *err) CHECKED;
size_t kafka_backlog(struct bus_consumer *consumer, struct bus_backlog *out, size_t max);
bool kafka_answers(struct bus_consumer *consumer);

int ends_start(struct kafka_consumer *consumer, struct err *err) CHECKED;
void ends_stop(struct kafka_consumer *consumer);
/* For the ends; this also wakes fetchers that pause. */
void ends_ask(struct kafka_consumer *consumer);
void limits_check(struct kafka_consumer *consumer); /* of the watcher's thread; once for the bus */
void ends_lost(struct kafka_consumer *consumer); /* no broker is reached: try until one answers */

/* Positions that wait to be told, at least once; see kafka_owed.c. */
void owed_open(struct kafka_consumer *consumer); /* with each client */
void owed_close(struct kafka_consumer *consumer);
void owed_add(struct kafka_consumer *consumer, const struct bus_position *positions, size_t count);
void owed_go_on(struct kafka_consumer *consumer); /* takes an answer and tells more; never waits */
bool owed_is_late(struct kafka_consumer *consumer); /* something failed, or takes long */
/* Waits until all is told; what failed is tried once more, and then its error is the caller's. */
int owed_settle(struct kafka_consumer *consumer, int64_t deadline_ms, struct err *err);
/* No commit runs: on_revoked was called since the loop turned, or a generation is lost. */
void owed_forget(struct kafka_consumer *consumer);

/* commits: kafka_commit.h has what those that commit share */
int commit_open(struct kafka_consumer *consumer, struct err *err) CHECKED;
void commit_close(struct kafka_consumer *consumer);
void kafka_hasten(struct bus_consumer *consumer);
int kafka_commit(struct bus_consumer *consumer, const struct bus_output *outputs,
                 size_t output_count, const struct bus_position *positions, size_t position_count,
                 struct err *err) CHECKED;

/* --- producer -------------------------------------------------------------------------------- */

int kafka_producer_open(struct bus *bus, const char *member, struct bus_producer **ret_producer,
                        struct err *err) CHECKED;
void kafka_producer_close(struct bus_producer *producer);
int kafka_produce(struct bus_producer *producer, const struct bus_output *outputs, size_t count,
                  bus_on_done *on_done, void *user, struct err *err) CHECKED;
int kafka_producer_wake_fd(const struct bus_producer *producer);
void kafka_producer_poll(struct bus_producer *producer);
int kafka_producer_flush(struct bus_producer *producer, int64_t timeout_ms,
                         struct err *err) CHECKED;

#endif
