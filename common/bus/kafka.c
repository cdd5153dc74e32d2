/* The Kafka bus, by librdkafka: opening, closing, and who it says it is. See kafka.h for the
 * rest. */
#include "bus/kafka.h"

#include <stdio.h>
#include <stdlib.h>

enum topic kafka_topic_of(const struct kafka_bus *bus, const char *name)
{
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (strcmp(name, bus->topics[i]) == 0) return (enum topic)i;
    return TOPIC_NONE;
}

static const char *brokers(const struct config *config)
{
    const char *list = config_property_value(config, "bootstrap.servers");
    return list ? list : config_property_value(config, "metadata.broker.list");
}

static int name_topics(struct kafka_bus *bus, struct err *err)
{
    for (int i = 0; i < TOPIC_COUNT; i++) {
        int size = snprintf(bus->topics[i], sizeof bus->topics[i], "%s%s",
                            bus->options.topic_prefix, topic_info((enum topic)i)->name);
        if (size < 0 || (size_t)size >= sizeof bus->topics[i])
            return err_set(err, E_BAD_CONFIG, "bus.topic_prefix is too long");
    }
    return E_OK;
}

static int prepare(struct kafka_bus *bus, struct err *err)
{
    const char *list = brokers(bus->config);
    int rc = name_topics(bus, err);
    if (rc == E_OK) rc = kafka_conf_check(bus, err); /* bootstrap.server is a typo, not none */
    if (rc) return rc;
    if (!list || !list[0]) return err_set(err, E_BAD_CONFIG, "kafka.bootstrap.servers is not set");
    snprintf(bus->description, sizeof bus->description, "kafka %.380s (librdkafka %.40s)", list,
             rd_kafka_version_str());
    return E_OK;
}

static void kafka_close(struct bus *base)
{
    struct kafka_bus *bus = kafka_bus_of(base);
    kafka_topics_close(bus);
    kafka_lag_close(bus);
    pthread_mutex_destroy(&bus->lag_lock);
    pthread_mutex_destroy(&bus->admin_lock);
    free(bus);
}

static const char *kafka_description(const struct bus *bus)
{
    return ((const struct kafka_bus *)bus)->description;
}

static const struct bus_backend kafka_backend = {
    .positions_apart = true,
    .close = kafka_close,
    .description = kafka_description,
    .topic_create = kafka_topic_create,
    .topic_describe = kafka_topic_describe,
    .lag = kafka_lag,
    .subscribe = kafka_subscribe,
    .unsubscribe = kafka_unsubscribe,
    .wake_fd = kafka_wake_fd,
    .poll = kafka_poll,
    .release = kafka_release,
    .pause = kafka_pause,
    .commit = kafka_commit,
    .hasten = kafka_hasten,
    .rewind = kafka_rewind,
    .seek = kafka_seek,
    .backlog = kafka_backlog,
    .missed = kafka_missed,
    .answers = kafka_answers,
    .producer_open = kafka_producer_open,
    .producer_close = kafka_producer_close,
    .produce = kafka_produce,
    .producer_wake_fd = kafka_producer_wake_fd,
    .producer_poll = kafka_producer_poll,
    .producer_flush = kafka_producer_flush,
};

int bus_kafka_open(const struct bus_options *options, const struct config *config,
                   const struct clock *clock, struct bus **ret_bus, struct err *err)
{
    struct kafka_bus *bus = calloc(1, sizeof *bus);
    if (!bus) return err_set(err, E_NO_MEMORY, NULL);
    bus->base.backend = &kafka_backend;
    bus->options = *options;
    bus->config = config;
    bus->clock = clock;
    pthread_mutex_init(&bus->admin_lock, NULL);
    pthread_mutex_init(&bus->lag_lock, NULL);
    int rc = prepare(bus, err);
    if (rc) {
        kafka_close(&bus->base);
        return rc;
    }
    *ret_bus = &bus->base;
    return E_OK;
}
