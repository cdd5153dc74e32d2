/* What an implementation of the bus provides; bus.c forwards to it. */
#ifndef VERBATIM_BUS_BACKEND_H
#define VERBATIM_BUS_BACKEND_H

#include "bus/bus.h"

struct bus_backend {
    bool positions_apart; /* see bus_positions_apart() */
    void (*close)(struct bus *bus);
    const char *(*description)(const struct bus *bus);
    int (*topic_create)(struct bus *, enum topic, const struct bus_topic_settings *, bool *,
                        struct err *);
    int (*topic_describe)(struct bus *, enum topic, struct bus_topic_state *, struct err *);
    int (*lag)(struct bus *, const char *, enum topic, struct bus_lag *, struct err *);
    int (*subscribe)(struct bus *, const struct bus_subscription *, struct bus_consumer **,
                     struct err *);
    void (*unsubscribe)(struct bus_consumer *);
    int (*wake_fd)(const struct bus_consumer *);
    int (*poll)(struct bus_consumer *, uint32_t, size_t, struct bus_batch *, struct err *);
    void (*release)(struct bus_consumer *, struct bus_batch *);
    void (*pause)(struct bus_consumer *, bool);
    int (*commit)(struct bus_consumer *, const struct bus_output *, size_t,
                  const struct bus_position *, size_t, struct err *);
    void (*hasten)(struct bus_consumer *); /* NULL: a commit never waits long */
    int (*rewind)(struct bus_consumer *, struct err *);
    int (*seek)(struct bus_consumer *, const struct bus_position *, struct err *);
    size_t (*backlog)(struct bus_consumer *, struct bus_backlog *, size_t);
    uint64_t (*missed)(struct bus_consumer *);
    bool (*answers)(struct bus_consumer *); /* NULL: always */
    int (*producer_open)(struct bus *, const char *, struct bus_producer **, struct err *);
    void (*producer_close)(struct bus_producer *);
    int (*produce)(struct bus_producer *, const struct bus_output *, size_t, bus_on_done *, void *,
                   struct err *);
    int (*producer_wake_fd)(const struct bus_producer *);
    void (*producer_poll)(struct bus_producer *);
    int (*producer_flush)(struct bus_producer *, int64_t, struct err *);
};

/* First member of every implementation's own structs. */
struct bus { const struct bus_backend *backend; };
struct bus_consumer { const struct bus_backend *backend; };
struct bus_producer { const struct bus_backend *backend; };

/* [bus] */
#define BUS_OPTIONS(O)                                                                             \
    O(CHOICE, kind,            "embedded", "embedded|kafka", "Where the topics live.")             \
    O(STR,    path,            "data/bus", "Folder of the embedded bus.")                          \
    O(STR,    topic_prefix,    "",                                                                 \
      "Put before every topic name, e.g. \"verbatim.\"; embedded: a bus of its own in that "       \
      "folder below path.")                                                                        \
    O(BOOL,   durable,         "true",                                                             \
      "Embedded: fsync each commit. Off: a power cut may lose the last seconds.")                  \
    O(U32,    partitions,      "0", 0, 1024,                                                       \
      "Partitions of topics that are created; 0: the schema's number. Never fewer than there "     \
      "will be replicas of a worker. On Kafka 4 are quicker for single records, 8 for a backlog. " \
      "Embedded: 256 at most, and topics that are there keep theirs.")                             \
    O(U32,    replication,     "1", 1, 9,                                                          \
      "Kafka: replication factor of topics that are created.")                                     \
    O(MS,     retention,       "0", 0, 315360000000, "Age at which messages go; 0: the schema's.") \
    O(BYTES,  retention_bytes, "1G", 0, 1099511627776,                                             \
      "Size per partition at which the oldest messages go; 0: no limit.")                          \
    O(BYTES,  size_limit,      "64G", 1048576, 1099511627776,                                      \
      "Embedded: largest size of the whole bus on disk.")                                          \
    O(MS,     commit_timeout,  "20s", 1000, 600000,                                                \
      "Kafka: how long one commit, or one write of a producer without commits, may take before "   \
      "its producer is replaced.")                                                                 \
    O(CHOICE, membership,      "static", "static|dynamic",                                         \
      "Kafka: static: a replica that comes back has its partitions at once; others wait for a "    \
      "session time-out. dynamic: one that stops hands them over at once.")                        \
    O(BYTES,  buffer,          "32M", 1048576, 1073741824,                                         \
      "Kafka: bound of the producer's buffer.")                                                    \
    O(BYTES,  prefetch,        "3M", 1048576, 1073741824,                                          \
      "Kafka: bound of the consumer's prefetch queue.")
OPTIONS_STRUCT(bus, BUS_OPTIONS);

int bus_embedded_open(const struct bus_options *options, const struct clock *clock,
                      struct bus **ret_bus, struct err *err) CHECKED;
int bus_kafka_open(const struct bus_options *options, const struct config *config,
                   const struct clock *clock, struct bus **ret_bus, struct err *err) CHECKED;

#endif
