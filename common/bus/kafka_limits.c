/* Says, once a process, which topics take smaller messages than we may send.
 *
 * A record that is too large for its topic becomes a dead letter only when it comes, perhaps after
 * months; so the operator is told at the start. Who may not ask (DescribeConfigs) isn't told: then
 * there is nothing to say. */
#include "base/log.h"
#include "bus/kafka.h"

enum { LIMITS_MS = 5000, LIMITS_SLICE_MS = 100 };

static void check_topic(const struct kafka_bus *bus, const rd_kafka_ConfigResource_t *topic)
{
    size_t count;
    uint64_t bytes;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(topic, &count);
    for (size_t i = 0; i < count; i++) {
        struct log_event event;
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "max.message.bytes") != 0) continue;
        if (!value || !str_to_u64(str_of(value), &bytes) || bytes >= bus->message_bytes_max) return;
        log_begin(&event, LOG_WARN, "kafka",
                  "a topic takes smaller messages than we may send; larger records become dead "
                  "letters");
        log_add(&event, "topic", "%s", rd_kafka_ConfigResource_name(topic));
        log_add(&event, "max.message.bytes", "%s", value);
        log_add(&event, "kafka.message.max.bytes", "%zu", bus->message_bytes_max);
        log_end(&event);
    }
}

static void check_answer(const struct kafka_bus *bus, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **topics =
        result && !rd_kafka_event_error(event)
            ? rd_kafka_DescribeConfigs_result_resources(result, &count)
            : NULL;
    for (size_t i = 0; i < count; i++)
        if (!rd_kafka_ConfigResource_error(topics[i])) check_topic(bus, topics[i]);
}

/* The caller's thread waits, unless the consumer is to stop. */
static bool is_stopped(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    bool stops = consumer->watch.stops;
    pthread_mutex_unlock(&consumer->lock);
    return stops;
}

void limits_check(struct kafka_consumer *consumer)
{
    struct kafka_bus *bus = consumer->bus;
    rd_kafka_ConfigResource_t *topics[TOPIC_COUNT];
    char text[256];
    if (atomic_exchange(&bus->limits_checked, true)) return;
    for (int i = 0; i < TOPIC_COUNT; i++)
        topics[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, bus->topics[i]);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->client);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(consumer->client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(options, LIMITS_MS, text, sizeof text);
    rd_kafka_DescribeConfigs(consumer->client, topics, TOPIC_COUNT, options, queue);
    rd_kafka_event_t *event = NULL;
    for (int i = 0; !event && i < LIMITS_MS / LIMITS_SLICE_MS && !is_stopped(consumer); i++)
        event = rd_kafka_queue_poll(queue, LIMITS_SLICE_MS);
    if (event) check_answer(bus, event);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    for (int i = 0; i < TOPIC_COUNT; i++) rd_kafka_ConfigResource_destroy(topics[i]);
}
