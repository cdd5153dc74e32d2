/* The Kafka bus on librdkafka's mock cluster, in this process: no broker is needed. It fences
 * nobody and forgets what transactions commit (README.md). */
#ifndef VERBATIM_TESTS_MOCK_RIG_H
#define VERBATIM_TESTS_MOCK_RIG_H

#include "must.h"

#include "bus/kafka.h"

#include <librdkafka/rdkafka_mock.h> /* after its main header, which bus/kafka.h includes */
#include <poll.h>

#include "kafka_rig.h"

enum { BROKERS = 1, WAIT_MS = 240000 };

struct mock {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster;
    struct config *config;
    struct bus *bus;
};

static inline int64_t now_ms(void) { return clock_mono_ms(clock_system()); }

static inline struct mock open_mock(const char *setting)
{
    const char *settings[] = {
        "bus.membership=dynamic", "kafka.reconnect.backoff.max.ms=100",
        "kafka.heartbeat.interval.ms=500",
        /* so long a client waits for an answer to its joining, which the mock never gives to a
         * member whose session it took for over meanwhile, as the process stood still */
        "kafka.max.poll.interval.ms=60000", setting, NULL};
    struct mock mock = {0};
    struct err err;
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    mock.owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    mock.cluster = rd_kafka_mock_cluster_new(mock.owner, BROKERS);
    rig_new_prefix();
    for (int i = 0; i < TOPIC_COUNT; i++) {
        snprintf(text, sizeof text, "%s%s", rig_prefix, topic_info((enum topic)i)->name);
        rd_kafka_mock_topic_create(mock.cluster, text, 1, 1);
    }
    must(rig_try(rd_kafka_mock_cluster_bootstraps(mock.cluster), settings, &mock.config, &mock.bus,
                 &err),
         &err);
    return mock;
}

static inline void close_mock(struct mock *mock)
{
    bus_close(mock->bus);
    config_destroy(mock->config);
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->owner);
}

/* As many messages on feedback, by the door. */
static inline void produce_many(struct mock *mock, int count)
{
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1};
    struct bus_producer *producer;
    struct err err;
    must(bus_producer_open(mock->bus, "door", &producer, &err), &err);
    for (int i = 0; i < count; i++) must(bus_produce(producer, &output, 1, NULL, NULL, &err), &err);
    must(bus_producer_flush(producer, WAIT_MS, &err), &err);
    bus_producer_close(producer);
}

static inline void wait_for(int fd)
{
    struct pollfd waiter = {.fd = fd, .events = POLLIN};
    poll(&waiter, 1, 50);
}

static inline void poll_once(struct bus_consumer *consumer)
{
    struct bus_batch batch;
    struct err err;
    int rc = bus_poll(consumer, 10, 1000, &batch, &err);
    if (rc == E_OK) bus_release(consumer, &batch);
    wait_for(bus_wake_fd(consumer));
}

/* A member that has its partition. */
static inline struct bus_consumer *subscribe_as(struct mock *mock, bool at_least_once)
{
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .group = "copy", .member = "copy-0", .topics = &topic, .topic_count = 1,
        .at_least_once = at_least_once};
    struct bus_consumer *consumer;
    struct err err;
    must(bus_subscribe(mock->bus, &subscription, &consumer, &err), &err);
    for (int64_t start = now_ms();
         bus_backlog(consumer, NULL, 0) == 0 && now_ms() - start < WAIT_MS;)
        poll_once(consumer);
    assert_int_equal(bus_backlog(consumer, NULL, 0), 1);
    return consumer;
}

static inline struct bus_consumer *subscribe(struct mock *mock)
{
    return subscribe_as(mock, false);
}

#endif
