/* What the files of the simulated bus share. It behaves as Kafka does behind common/bus/kafka*:
 * bus_log.c keeps the partitions and ends transactions, bus_group.c is the groups' coordinator,
 * bus_consumer.c polls, bus_commit.c commits, bus_at_least_once.c without transactions,
 * bus_producer.c sends for the door. */
#ifndef VERBATIM_TESTS_SIM_BUS_H
#define VERBATIM_TESTS_SIM_BUS_H

#include "bus/backend.h"
#include "tests/sim/sim.h"

enum { SIM_PARTITIONS_MAX = 4, SIM_GROUPS = 6, SIM_MEMBERS_MAX = 12, SIM_SESSION_S = 15 };

/* --- logs ------------------------------------------------------------------------------------ */

enum outcome { OUTCOME_OPEN, OUTCOME_COMMITTED, OUTCOME_ABORTED };

struct group;
struct pending {
    struct pending *next;
    struct group *group;
    struct bus_position position;
};

struct transactional {
    struct transactional *next;
    char id[96];
    uint32_t epoch;
    struct transaction *open;
};

struct transaction {
    struct transactional *owner;
    enum outcome outcome;
    bool touched[TOPIC_COUNT][SIM_PARTITIONS_MAX];
    struct pending *pending;
};

/* At its offset in its log. */
struct entry {
    struct bus_message message;
    struct transaction *transaction; /* NULL: written outside of any */
    bool marker;
    int64_t visible_ns, written_ns;
};

struct log {
    struct entry *entries;
    size_t count, capacity;
};

extern struct log sim_logs[TOPIC_COUNT][SIM_PARTITIONS_MAX];

void log_append(const struct bus_output *output, struct transaction *transaction);
/* The next message that may be read at *position or behind it; *position becomes its offset. */
const struct entry *log_next(enum topic topic, uint32_t partition, int64_t *position);
bool log_is_data(const struct entry *entry); /* committed, no marker */
/* Behind the last message that counts. */
int64_t log_reach(enum topic topic, uint32_t partition);
void logs_free(void);

struct transactional *transactional_get(const char *id);
/* As init_transactions(): ends what is open, and fences who had the id. Returns the new epoch. */
uint32_t transactional_init(struct transactional *transactional);
struct transaction *transaction_begin(struct transactional *transactional);
void transaction_end(struct transaction *transaction, enum outcome outcome);

/* --- groups ---------------------------------------------------------------------------------- */

struct sim_consumer;

struct member {
    uint32_t id;
    char instance[64];
    struct sim_consumer *consumer;
    bool joined; /* the next generation */
};

struct group {
    char name[32];
    uint32_t topics;
    struct member members[SIM_MEMBERS_MAX];
    uint32_t member_count, generation;
    bool rebalancing;
    uint32_t owner[TOPIC_COUNT][SIM_PARTITIONS_MAX];
    int64_t committed[TOPIC_COUNT][SIM_PARTITIONS_MAX]; /* -1: nothing */
    /* open transactions with a position of it */
    uint32_t unstable[TOPIC_COUNT][SIM_PARTITIONS_MAX];
};

extern struct group sim_groups[SIM_GROUPS];
extern uint32_t sim_group_count;

struct group *group_get(const char *name);
struct member *group_find(struct group *group, uint32_t member_id);
/* Joins, follows a rebalance, or learns what is assigned. FENCED. */
int group_serve(struct sim_consumer *consumer, struct err *err);
void group_leave(struct sim_consumer *consumer);
void group_rebalance(struct group *group);
/* May this generation commit? */
bool group_knows(struct group *group, uint32_t member_id, uint32_t generation);
void groups_watch(void); /* a process fell silent: look when its sessions are over */

/* --- consumers ------------------------------------------------------------------------------- */

struct owned {
    enum topic topic;
    uint32_t partition;
    int64_t position; /* -1: not asked for yet */
};

struct telling;

struct sim_consumer {
    struct bus_consumer base;
    struct sim_consumer *next;
    struct process *process;
    struct bus_subscription subscription;
    uint32_t topics;
    struct group *group; /* NULL: a reader */
    uint32_t member_id, generation;
    struct owned owned[TOPIC_COUNT * SIM_PARTITIONS_MAX];
    size_t owned_count;
    bool paused, fenced_instance;
    bool lost; /* what it owns may have another owner: while it is told so */
    int fd;
    struct transactional *transactional;
    uint32_t epoch, fenced;
    bool ready; /* init_transactions() has been called */
    int64_t fenced_ns;
    /* at least once: positions that the coordinator is to be told, */
    struct telling *owed_asked, *owed_next;
    bool owed_failed;
    int64_t owed_asked_ns;
    int64_t withholds_since_ns; /* those that the runtime keeps back; -1: none */
    const struct bus_output *failed_outputs; /* of a commit that may be tried again */
    size_t failed_count;
};

struct sim_bus {
    struct bus base;
    struct process *process;
};

static inline struct sim_consumer *consumer_of(struct bus_consumer *consumer)
{
    return (struct sim_consumer *)consumer;
}

extern struct sim_consumer *sim_consumers;
extern const struct bus_backend sim_backend;

int sim_bus_open(void *user, const struct config *config, const struct clock *clock,
                 struct bus **ret_bus, struct err *err);
bool bus_reachable(const struct process *process);
void bus_stir(void); /* every consumer looks again */
/* lost: others may have them already */
void consumer_revoke(struct sim_consumer *consumer, bool lost);
void consumer_assign(struct sim_consumer *consumer);
int sim_commit(struct bus_consumer *base, const struct bus_output *outputs, size_t output_count,
               const struct bus_position *positions, size_t position_count, struct err *err);

bool commit_is_refused(const struct bus_output *output); /* for its size */
/* The runtime begins a commit: does it keep positions back for too long? */
void commit_begins(struct bus_consumer *base, const struct bus_output *outputs,
                   size_t output_count);
int sim_commit_at_least_once(struct sim_consumer *consumer, const struct bus_output *outputs,
                             size_t output_count, const struct bus_position *positions,
                             size_t position_count, struct err *err);
void tellings_go_on(struct sim_consumer *consumer);
bool tellings_settle(struct sim_consumer *consumer); /* false: not all could be told */
void tellings_forget(struct sim_consumer *consumer);

int sim_producer_open(struct bus *bus, const char *member, struct bus_producer **ret_producer,
                      struct err *err);
void sim_producer_close(struct bus_producer *base);
int sim_produce(struct bus_producer *base, const struct bus_output *outputs, size_t count,
                bus_on_done *on_done, void *user, struct err *err);
int sim_producer_wake_fd(const struct bus_producer *base);
void sim_producer_poll(struct bus_producer *base);
int sim_producer_flush(struct bus_producer *base, int64_t timeout_ms, struct err *err);

#endif
