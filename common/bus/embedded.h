/* What the files of the embedded bus share. Nobody else includes this, except its tests.
 *
 *   embedded.c              opens and closes
 *   embedded_environment.c  one LMDB environment per folder and process
 *   embedded_topics.c       its topics: a record and databases each
 *   embedded_message.c      a message as bytes
 *   embedded_append.c       messages into an open write transaction
 *   embedded_consumer.c     reading and committing; wake-ups
 *   embedded_batch.c        what a poll brings
 *   embedded_group.c        groups: who owns which partition
 *   embedded_member.c       one member of a group: joins, leaves, may commit
 *   embedded_live.c         heartbeats and wake-ups: quick, and nothing that must survive
 *   embedded_producer.c     producers, of the door and others
 *   embedded_writer.c       a thread per process that commits what producers have queued
 *   embedded_retention.c    the oldest messages out, and room on the disk
 *   embedded_lag.c          how far another group is behind
 *   embedded_growth.c       the file grows ahead of what is written
 *   embedded_map.c          pages of the file that are given back to the kernel
 *
 * README.md says why it is built this way. */
#ifndef VERBATIM_BUS_EMBEDDED_H
#define VERBATIM_BUS_EMBEDDED_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "bus/backend.h"

enum {
    EMBEDDED_FORMAT = 1,
    EMBEDDED_NAME_MAX = 128,               /* of a group or a member */
    EMBEDDED_MESSAGE_MAX = 32 << 20,       /* bytes of one message with its key and headers */
    EMBEDDED_LEASE_MS = 10000,             /* a member that hasn't polled for so long has left */
    EMBEDDED_LOOK_MS = 1000,               /* how often to look for the dead, and for new topics */
    EMBEDDED_SWEEP_MS = 5000,              /* how often to look for messages that are too old */
    EMBEDDED_SWEEP_RECORDS = 10000,        /* most messages that one sweep deletes */
    EMBEDDED_SLOTS = 512,                  /* consumers with a group, over all processes */
    EMBEDDED_BATCHES_MAX = 64,             /* unreleased batches of one consumer */
    EMBEDDED_PARTITIONS_MAX = 256,         /* of a topic; a transaction takes 500 bytes for each */
    EMBEDDED_PARTITION_KEY = 40,           /* "dead-letters/255" fits */
};

/* --- environment ---------------------------------------------------------------------------- */

struct partition_handle {
    MDB_dbi messages; /* offset (MDB_INTEGERKEY) → stored message */
    uint32_t key_size;
    /* "feedback/3": its key in `states`, end of its key in `positions` */
    char key[EMBEDDED_PARTITION_KEY];
};

struct topic_handle {
    atomic_uint partition_count; /* 0: not known here (yet); what follows is fixed once it is set */
    int64_t retention_ms;
    uint64_t retention_bytes; /* per partition; 0: unlimited */
    struct partition_handle *partitions;
};

/* Values of the database `states`. */
struct partition_state {
    int64_t first, next; /* offsets: of the oldest message there is, and of the next one written */
    uint64_t bytes;      /* of the stored messages */
};

/* Values of the database `positions`: one per group and partition. */
struct group_position {
    int64_t offset;
    uint64_t owner; /* token of the member that may move it; free if no member has that token */
};

struct live_map;
struct writer;

/* A consumer as those see it who wake it. */
struct watch {
    struct watch *next;
    int wake_fd;
    uint32_t topics;   /* bits */
    uint64_t seen;     /* what live_sum() was when it was woken last */
};

struct environment {
    struct environment *next; /* in the process's registry */
    unsigned references;
    dev_t device;
    ino_t inode;
    char *path;
    MDB_env *mdb;
    MDB_dbi meta, topics, states, groups, members, positions;
    /* read: beginning a transaction; written: opening databases, resizing */
    pthread_rwlock_t gate;
    atomic_int transactions;  /* open in this process */
    uint64_t limit_bytes;     /* options.size_limit; what is kept back for deletions isn't in it */
    uint32_t page_bytes;
    void *map; /* LMDB's, where it is known; changes only while no transaction is open */
    size_t map_bytes;
    atomic_size_t unforgotten; /* bytes looked at since its pages were let go */
    uint64_t used_bytes, file_bytes; /* of data.mdb; embedded_growth.c, under LMDB's write lock */
    struct topic_handle topic[TOPIC_COUNT];
    atomic_llong sweep_due_ms, sync_due_ms; /* monotonic, by the clock of whoever commits */
    atomic_llong age_wall_ms;               /* by which messages age; embedded_retention.c */
    atomic_llong lead_ms;                   /* of the wall clock before the other; 0: unknown */
    atomic_llong leap_ms, leap_until_ms;    /* not counted yet, monotonic */
    atomic_bool durable;
    atomic_bool partitions_told; /* that topics have others than are asked for */

    int live_fd;
    uint32_t bell; /* its bit among the processes that wake each other; embedded_live.c */
    struct live_map *live;
    pthread_mutex_t mutex;    /* guards what follows */
    struct watch *watches;
    bool watching;
    atomic_bool watcher_stops;
    pthread_t watcher;
    struct writer *writer;    /* started by the first producer */
    unsigned producers;
};

int environment_open(const struct bus_options *options, struct environment **ret_environment,
                     struct err *err) CHECKED;
void environment_close(struct environment *environment);

/* Begins a transaction in *txn, which holds NULL or a reader that rests. */
int environment_read(struct environment *environment, MDB_txn **txn, struct err *err) CHECKED;
int environment_write(struct environment *environment, MDB_txn **ret_txn, struct err *err) CHECKED;
void environment_rest(struct environment *environment, MDB_txn *reader); /* reset, to be renewed */
void environment_abort(struct environment *environment, MDB_txn *txn);   /* of one that is open */
int environment_commit(struct environment *environment, MDB_txn *txn, const char *what,
                       struct err *err) CHECKED;
/* number of the last transaction */
uint64_t environment_last_commit(struct environment *environment);

/* embedded_map.c: where the map lies; of who just mapped it. */
/* What a commit adds to what this process has looked at. It looks at more, but single ones at the
 * same pages mostly; and letting go costs all threads their translations and new faults. */
enum { EMBEDDED_COMMIT_BYTES = 16 * 1024 };
void environment_find_map(struct environment *environment);
/* `bytes` more were looked at. Lets go of all pages of the map when that is much; for a transaction
 * that is open still, so that the map is where it was. */
void environment_forget(struct environment *environment, size_t bytes);

/* embedded_growth.c, in a write transaction: sees to it that its pages have a place in the file. */
void environment_grow(struct environment *environment);

int environment_error(int rc, const char *what, struct err *err); /* LMDB's code into ours */

static inline MDB_val mdb_value(const void *data, size_t size)
{
    return (MDB_val){.mv_size = size, .mv_data = (void *)data};
}
/* One fixed-size value; a value of another size is E_IO. *ret_found says whether it is there. */
int environment_get(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t key_size, void *out,
                    size_t size, bool *ret_found, struct err *err) CHECKED;
int environment_put(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t key_size, const void *value,
                    size_t size, struct err *err) CHECKED;

/* embedded_topics.c. Number of partitions as far as this process knows; 0: not known. */
static inline uint32_t environment_partitions(struct environment *environment, enum topic topic)
{
    return atomic_load_explicit(&environment->topic[topic].partition_count, memory_order_acquire);
}
int environment_load_topics(struct environment *environment, struct err *err) CHECKED;
int environment_create_topic(struct environment *environment, enum topic topic,
                             const struct bus_topic_settings *settings, bool *ret_created,
                             struct err *err) CHECKED;
int partition_read_state(struct environment *environment, MDB_txn *txn, enum topic topic,
                         uint32_t partition, struct partition_state *ret_state,
                         struct err *err) CHECKED;
int partition_write_state(struct environment *environment, MDB_txn *txn, enum topic topic,
                          uint32_t partition, const struct partition_state *state,
                          struct err *err) CHECKED;

/* --- live ----------------------------------------------------------------------------------- */

int live_open(struct environment *environment, struct err *err) CHECKED;
void live_close(struct environment *environment);
int live_watch(struct environment *environment, struct watch *watch, struct err *err) CHECKED;
void live_unwatch(struct environment *environment, struct watch *watch);

/* After a commit: messages were added to the topics (added[topic] counts, or NULL), or, with
 * `membership`, groups or topics changed. Wakes who reads them, in every process. */
void live_publish(struct environment *environment, const uint64_t *added, bool membership);

/* A slot is one consumer's proof of life: a lock that the kernel drops when the process dies, and
 * the time of its last poll. lease_fd is a descriptor of the consumer's own. */
int live_open_lease(struct environment *environment, int *ret_fd, struct err *err) CHECKED;
int live_take_slot(struct environment *environment, int lease_fd, const bool used[EMBEDDED_SLOTS],
                   int64_t now_ns, uint32_t *ret_slot, struct err *err) CHECKED;
void live_free_slot(int lease_fd, uint32_t slot);
void live_heartbeat(struct environment *environment, uint32_t slot, int64_t now_ns);
bool live_is_alive(struct environment *environment, int lease_fd, uint32_t slot, int64_t now_ns);

/* --- stored --------------------------------------------------------------------------------- */

enum { STORED_FIXED_BYTES = 24 };

size_t stored_size(const struct bus_output *output);
void stored_write(uint8_t *room, const struct bus_output *output, int64_t written_ms);
/* Fills timestamp, key, value, headers (in `room`) and header_count. False:
 * not a stored message. */
bool stored_read(struct str bytes, struct bus_message *message,
                 struct bus_header room[static BUS_HEADERS_MAX]);
bool stored_times(struct str bytes, int64_t *ret_timestamp_ms, int64_t *ret_written_ms);

/* --- appender ------------------------------------------------------------------------------- */

struct appender_slot {
    struct partition_state state;
    uint64_t stamp; /* of the transaction that state belongs to */
};

/* Scratch of one thread that writes; what it holds is valid for one transaction.
 * Zeroed is valid. */
struct appender {
    struct appender_slot *slots[TOPIC_COUNT]; /* per partition */
    struct touched { enum topic topic; uint32_t partition; } *touched;
    size_t touched_count, touched_capacity;
    uint64_t stamp, turn;
    uint64_t added[TOPIC_COUNT];
};
void appender_deinit(struct appender *appender);

/* Refuses what can't be stored (TOO_LARGE); writes nothing. */
int appender_check(const struct bus_output *outputs, size_t count, struct err *err) CHECKED;
/* Before the transaction: creates topics that are missing, and adds to *pages what
 * this will take. */
int appender_prepare(struct environment *environment, const struct bus_output *outputs,
                     size_t count, const struct bus_options *options, uint64_t *pages,
                     struct err *err) CHECKED;
void appender_begin(struct appender *appender);
int appender_add(struct appender *appender, struct environment *environment, MDB_txn *txn,
                 const struct bus_output *outputs, size_t count, int64_t wall_ms,
                 struct err *err) CHECKED;
/* Writes the partitions' states; also drops what exceeds their size. The caller commits. */
int appender_finish(struct appender *appender, struct environment *environment, MDB_txn *txn,
                    int64_t wall_ms, struct err *err) CHECKED;

/* --- retention ------------------------------------------------------------------------------ */

/* Deletes what is too old, and with `age` false only what is too much: at most *budget messages. */
int retention_trim(struct environment *environment, MDB_txn *txn, enum topic topic,
                   uint32_t partition, struct partition_state *state, int64_t wall_ms, bool age,
                   uint64_t *budget, struct err *err) CHECKED;
/* All partitions, in a transaction of its own, only if there is something to do. */
/* What time it is, from whoever writes: the watcher and the sweeps go by the last that was told. */
void retention_tell_time(struct environment *environment, const struct clock *clock);
int retention_sweep(struct environment *environment, struct err *err) CHECKED;
/* After commits, when it is due by the clock: a sweep, and with durable off a sync. Best effort. */
void retention_tick(struct environment *environment, const struct clock *clock);
/* DISK_FULL unless `pages` more fit below the limit; sweeps first if that helps. */
int retention_room(struct environment *environment, uint64_t pages, struct err *err) CHECKED;

/* --- consumer ------------------------------------------------------------------------------- */

struct embedded_bus {
    struct bus base;
    struct environment *environment;
    struct bus_options options;
    const struct clock *clock;
    char path[480]; /* of a bus with a prefix */
    char description[512];
};

struct owned_partition {
    enum topic topic;
    uint32_t partition;
    int64_t position; /* of the next message to read */
    int64_t end;      /* as of the last look */
};

struct embedded_batch;

struct embedded_consumer {
    struct bus_consumer base;
    struct embedded_bus *bus;
    struct environment *environment;
    struct watch watch;
    char group[EMBEDDED_NAME_MAX + 1], member[EMBEDDED_NAME_MAX + 1]; /* group "": a reader */
    /* of its pointers only the callbacks' and `user` are used */
    struct bus_subscription subscription;

    /* Of the loop's thread. */
    MDB_txn *look; /* a reader for short looks; rests in between */
    struct owned_partition *owned;
    size_t owned_count, owned_capacity, turn;
    struct embedded_batch *idle;
    size_t read_bytes; /* by the last batch; its pages may be mapped still */
    uint32_t batches_open;
    bool paused, readable; /* readable: wake_fd is known to be */
    bool fenced;
    int64_t look_due_ns;
    uint64_t generation; /* of the group, when its members were looked at last */
    uint64_t emptied_at; /* number of the transaction up to which all was read; 0: not all */
    uint64_t missed;
    uint32_t known_topics; /* bits: those of its topics that existed at the last look */
    uint32_t all_topics;   /* bits */
    uint32_t came_later;   /* bits: topics that weren't there when this member of a group came */

    /* membership */
    int lease_fd;
    uint32_t slot;
    /* changed by the loop's thread under LMDB's write lock, where the committer reads it */
    uint64_t token;
    bool joined;

    struct appender appender; /* of the committer's thread */
};

int membership_join(struct embedded_consumer *consumer, struct err *err) CHECKED;
void membership_leave(struct embedded_consumer *consumer);
/* Sees to it that this consumer owns what it should; calls on_revoked and on_assigned. */
int membership_tick(struct embedded_consumer *consumer, struct err *err) CHECKED;
/* In a write transaction: OK, CANCELLED (it has lost its place) or FENCED (another
 * took its name). */
int membership_check(struct embedded_consumer *consumer, MDB_txn *txn, struct err *err) CHECKED;
int membership_move(struct embedded_consumer *consumer, MDB_txn *txn,
                    const struct bus_position *positions, size_t count, struct err *err) CHECKED;
int membership_position(struct embedded_consumer *consumer, MDB_txn *txn, enum topic topic,
                        uint32_t partition, struct group_position *ret_position, bool *ret_found,
                        struct err *err) CHECKED;
/* or -1 */
int consumer_find(const struct embedded_consumer *consumer, enum topic topic, uint32_t partition);
uint32_t consumer_known_topics(const struct embedded_consumer *consumer); /* bits */
/* Adds to `owned`. */
int consumer_own(struct embedded_consumer *consumer, enum topic topic, uint32_t partition,
                 int64_t position, struct err *err) CHECKED;

/* embedded_lag.c */
int embedded_lag(struct bus *bus, const char *group, enum topic topic, struct bus_lag *ret_lag,
                 struct err *err) CHECKED;

int embedded_subscribe(struct bus *bus, const struct bus_subscription *subscription,
                       struct bus_consumer **ret_consumer, struct err *err) CHECKED;
void embedded_unsubscribe(struct bus_consumer *consumer);
int embedded_wake_fd(const struct bus_consumer *consumer);
int embedded_poll(struct bus_consumer *consumer, uint32_t max_records, size_t max_bytes,
                  struct bus_batch *ret_batch, struct err *err) CHECKED;
void embedded_release(struct bus_consumer *consumer, struct bus_batch *batch);
void embedded_free_batches(struct embedded_consumer *consumer);
/* What there is to read, as one batch; none: ret_batch stays as it is.
 * BUSY, NO_MEMORY, what LMDB says. */
int embedded_read_batch(struct embedded_consumer *consumer, uint32_t max_records, size_t max_bytes,
                        struct bus_batch *ret_batch, struct err *err) CHECKED;
void embedded_pause(struct bus_consumer *consumer, bool paused);
int embedded_commit(struct bus_consumer *consumer, const struct bus_output *outputs,
                    size_t output_count, const struct bus_position *positions,
                    size_t position_count, struct err *err) CHECKED;
int embedded_rewind(struct bus_consumer *consumer, struct err *err) CHECKED;
int embedded_seek(struct bus_consumer *consumer, const struct bus_position *position,
                  struct err *err) CHECKED;
size_t embedded_backlog(struct bus_consumer *consumer, struct bus_backlog *out, size_t max);
/* Messages that retention had deleted before this consumer came to read them. */
uint64_t embedded_missed(struct bus_consumer *consumer);

/* --- producer ------------------------------------------------------------------------------- */

int embedded_producer_open(struct bus *bus, const char *member, struct bus_producer **ret_producer,
                           struct err *err) CHECKED;
void embedded_producer_close(struct bus_producer *producer);
int embedded_produce(struct bus_producer *producer, const struct bus_output *outputs, size_t count,
                     bus_on_done *on_done, void *user, struct err *err) CHECKED;
int embedded_producer_wake_fd(const struct bus_producer *producer);
void embedded_producer_poll(struct bus_producer *producer);
int embedded_producer_flush(struct bus_producer *producer, int64_t timeout_ms,
                            struct err *err) CHECKED;
/* How long a commit waits for those that the last one let go: that had so many requests and took so
 * long, and so many have come since. */
int64_t embedded_gather_ns(size_t last_count, size_t queued, int64_t last_ns);

#endif
