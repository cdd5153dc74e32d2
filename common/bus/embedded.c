/* The embedded bus: topics, groups and transactions in an LMDB environment on disk. */
#include "bus/embedded.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/log.h"

static struct embedded_bus *of(struct bus *bus) { return (struct embedded_bus *)bus; }

static void embedded_close(struct bus *base)
{
    struct embedded_bus *bus = of(base);
    environment_close(bus->environment);
    free(bus);
}

static const char *embedded_description(const struct bus *bus)
{
    return ((const struct embedded_bus *)bus)->description;
}

/* What isn't set comes from the options, and then from the table of topics. */
static int embedded_topic_create(struct bus *base, enum topic topic,
                                 const struct bus_topic_settings *settings, bool *ret_created,
                                 struct err *err)
{
    struct embedded_bus *bus = of(base);
    struct bus_topic_settings wanted = settings ? *settings : (struct bus_topic_settings){0};
    if (!wanted.partitions) wanted.partitions = bus->options.partitions;
    if (!wanted.retention_ms) wanted.retention_ms = bus->options.retention;
    if (!settings) wanted.retention_bytes = bus->options.retention_bytes;
    return environment_create_topic(bus->environment, topic, &wanted, ret_created, err);
}

static int sum_up(struct environment *environment, MDB_txn *txn, enum topic topic,
                  struct bus_topic_state *state, struct err *err)
{
    for (uint32_t i = 0; i < state->partitions; i++) {
        struct partition_state partition;
        int rc = partition_read_state(environment, txn, topic, i, &partition, err);
        if (rc) return rc;
        state->records += (uint64_t)(partition.next - partition.first);
        state->size_bytes += partition.bytes;
    }
    return E_OK;
}

static int embedded_topic_describe(struct bus *base, enum topic topic,
                                   struct bus_topic_state *ret_state, struct err *err)
{
    struct environment *environment = of(base)->environment;
    MDB_txn *txn = NULL;
    int rc = environment_partitions(environment, topic) ? E_OK
                                                        : environment_load_topics(environment, err);
    struct bus_topic_state state = {.partitions = environment_partitions(environment, topic)};
    if (rc) return rc;
    if (state.partitions == 0)
        return err_set(err, E_NOT_FOUND, "topic %s", topic_info(topic)->name);
    rc = environment_read(environment, &txn, err);
    if (rc) return rc;
    rc = sum_up(environment, txn, topic, &state, err);
    environment_abort(environment, txn);
    if (rc == E_OK) *ret_state = state;
    return rc;
}

static const struct bus_backend embedded_backend = {
    .close = embedded_close,
    .description = embedded_description,
    .topic_create = embedded_topic_create,
    .topic_describe = embedded_topic_describe,
    .lag = embedded_lag,
    .subscribe = embedded_subscribe,
    .unsubscribe = embedded_unsubscribe,
    .wake_fd = embedded_wake_fd,
    .poll = embedded_poll,
    .release = embedded_release,
    .pause = embedded_pause,
    .commit = embedded_commit,
    .rewind = embedded_rewind,
    .seek = embedded_seek,
    .backlog = embedded_backlog,
    .missed = embedded_missed,
    .producer_open = embedded_producer_open,
    .producer_close = embedded_producer_close,
    .produce = embedded_produce,
    .producer_wake_fd = embedded_producer_wake_fd,
    .producer_poll = embedded_producer_poll,
    .producer_flush = embedded_producer_flush,
};

/* Topics with a prefix are a bus of their own, in a folder below: they share nothing with those
 * without, as on Kafka. */
static int name_path(struct embedded_bus *bus, struct err *err)
{
    struct str prefix = str_of(bus->options.topic_prefix);
    if (str_starts(prefix, STR(".")) ||
        !ascii_consists_of(prefix, ASCII_LETTERS ASCII_DIGITS "._-"))
        return err_set(err, E_BAD_CONFIG,
                       "bus.topic_prefix has letters, digits and . _ - (not first a dot)");
    if (prefix.size == 0) return E_OK;
    int size = snprintf(bus->path, sizeof bus->path, "%s/%s", bus->options.path,
                        bus->options.topic_prefix);
    if (size < 0 || (size_t)size >= sizeof bus->path)
        return err_set(err, E_BAD_CONFIG, "bus.path with bus.topic_prefix is too long");
    bus->options.path = bus->path;
    return E_OK;
}

/* Topics keep the partitions that they were made with: who asks for others is told so, once. */
static void tell_partitions(const struct embedded_bus *bus)
{
    struct environment *environment = bus->environment;
    uint32_t wanted = bus->options.partitions;
    char topics[TOPIC_COUNT * 24] = "";
    size_t size = 0;
    for (int i = 0; i < TOPIC_COUNT && wanted; i++) {
        uint32_t has = environment_partitions(environment, (enum topic)i);
        if (!has || has == wanted || size >= sizeof topics) continue;
        size += (size_t)snprintf(topics + size, sizeof topics - size, "%s%s %u", size ? ", " : "",
                                 topic_info((enum topic)i)->name, has);
    }
    if (!size || atomic_exchange(&environment->partitions_told, true)) return;
    struct log_event event;
    log_begin(&event, LOG_WARN, "bus",
              "bus.partitions is for topics that are made: these stay as they are; for more, work "
              "this bus off and begin another, with an archive of its own (ops/runbook.md)");
    log_add(&event, "bus.partitions", "%u", wanted);
    log_add(&event, "topics", "%s", topics);
    log_add(&event, "path", "%s", bus->options.path);
    log_end(&event);
}

int bus_embedded_open(const struct bus_options *options, const struct clock *clock,
                      struct bus **ret_bus, struct err *err)
{
    struct embedded_bus *bus = calloc(1, sizeof *bus);
    if (!bus) return err_set(err, E_NO_MEMORY, NULL);
    bus->base.backend = &embedded_backend;
    bus->options = *options;
    bus->clock = clock;
    int rc = name_path(bus, err);
    snprintf(bus->description, sizeof bus->description, "embedded at %s", bus->options.path);
    if (rc == E_OK) rc = environment_open(&bus->options, &bus->environment, err);
    if (rc) {
        free(bus);
        return rc;
    }
    tell_partitions(bus);
    *ret_bus = &bus->base;
    return E_OK;
}
