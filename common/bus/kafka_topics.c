/* Topics: creating them with partitions, replication and retention, and looking at them. */
#include "bus/kafka.h"

#include <stdio.h>

/* What was written in the last two days is whole: a day's spending is summed up from it
 * (spend/budget.h). */
#define KAFKA_COMPACTION_LAG_MS "172800000"

/* A consuming client: one that produces would create the topics that it asks about. */
static int admin_client(struct kafka_bus *bus, rd_kafka_t **ret_client, struct err *err)
{
    static const struct kafka_property own[] = {{"client.id", "verbatim-admin"}, {NULL, NULL}};
    rd_kafka_conf_t *conf;
    int rc = E_OK;
    pthread_mutex_lock(&bus->admin_lock);
    if (!bus->admin) {
        rc = kafka_conf_create(bus, own, NULL, &conf, err);
        if (rc == E_OK) rc = kafka_client_create(RD_KAFKA_CONSUMER, conf, &bus->admin, err);
    }
    *ret_client = bus->admin;
    pthread_mutex_unlock(&bus->admin_lock);
    return rc;
}

void kafka_topics_close(struct kafka_bus *bus)
{
    if (bus->admin) rd_kafka_destroy(bus->admin);
    bus->admin = NULL;
}

/* --- partitions ------------------------------------------------------------------------------ */

static int count_of(const struct rd_kafka_metadata *metadata, uint32_t *ret_count, struct err *err)
{
    if (metadata->topic_cnt != 1)
        return err_set(err, E_UPSTREAM, "the broker's answer makes no sense");
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    if (topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return err_set(err, E_NOT_FOUND, "topic %s does not exist", topic->topic);
    if (topic->err) return kafka_error(topic->err, topic->topic, NULL, err);
    for (int i = 0; i < topic->partition_cnt; i++)
        if (topic->partitions[i].leader < 0)
            return err_set(err, E_UNAVAILABLE, "partition %d of %s has no leader", i, topic->topic);
    *ret_count = (uint32_t)topic->partition_cnt;
    return E_OK;
}

int kafka_partition_count(rd_kafka_t *client, const char *name, int timeout_ms, uint32_t *ret_count,
                          struct err *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    if (!topic)
        return err_set(err, E_UPSTREAM, "topic %s: %s", name,
                       rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, topic, &metadata, timeout_ms);
    int rc = code ? kafka_error(code, name, NULL, err) : count_of(metadata, ret_count, err);
    if (metadata) rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    return rc;
}

/* --- create ---------------------------------------------------------------------------------- */

static uint32_t partitions_of(const struct kafka_bus *bus, enum topic topic,
                              const struct bus_topic_settings *settings)
{
    if (settings->partitions) return settings->partitions;
    return bus->options.partitions ? bus->options.partitions : topic_info(topic)->partitions;
}

static int64_t retention_of(const struct kafka_bus *bus, enum topic topic,
                            const struct bus_topic_settings *settings)
{
    if (settings->retention_ms) return settings->retention_ms;
    return bus->options.retention ? bus->options.retention : topic_info(topic)->retention_ms;
}

static int new_topic(const struct kafka_bus *bus, enum topic topic,
                     const struct bus_topic_settings *settings, rd_kafka_NewTopic_t **ret_topic,
                     struct err *err)
{
    char text[256], retention_ms[32], retention_bytes[32] = "-1", message_bytes[32];
    uint32_t replication = settings->replication ? settings->replication : bus->options.replication;
    snprintf(retention_ms, sizeof retention_ms, "%lld",
             (long long)retention_of(bus, topic, settings));
    if (settings->retention_bytes)
        snprintf(retention_bytes, sizeof retention_bytes, "%llu",
                 (unsigned long long)settings->retention_bytes);
    snprintf(message_bytes, sizeof message_bytes, "%zu", bus->message_bytes_max + 64 * 1024);
    rd_kafka_NewTopic_t *made =
        rd_kafka_NewTopic_new(bus->topics[topic], (int)partitions_of(bus, topic, settings),
                              (int)replication, text, sizeof text);
    if (!made) return err_set(err, E_BAD_CONFIG, "topic %s: %s", bus->topics[topic], text);
    bool compacted = topic_info(topic)->keep == TOPIC_KEEP_NEWEST;
    rd_kafka_NewTopic_set_config(made, "cleanup.policy", compacted ? "compact,delete" : "delete");
    if (compacted)
        rd_kafka_NewTopic_set_config(made, "min.compaction.lag.ms", KAFKA_COMPACTION_LAG_MS);
    rd_kafka_NewTopic_set_config(made, "retention.ms", retention_ms);
    rd_kafka_NewTopic_set_config(made, "retention.bytes", retention_bytes);
    rd_kafka_NewTopic_set_config(made, "max.message.bytes", message_bytes);
    *ret_topic = made;
    return E_OK;
}

static int read_created(rd_kafka_event_t *event, bool *ret_created, struct err *err)
{
    const rd_kafka_CreateTopics_result_t *result =
        event ? rd_kafka_event_CreateTopics_result(event) : NULL;
    size_t count = 0;
    if (!event) return err_set(err, E_UNAVAILABLE, "no answer within %d s", KAFKA_ADMIN_MS / 1000);
    if (rd_kafka_event_error(event))
        return kafka_error(rd_kafka_event_error(event), "create",
                           rd_kafka_event_error_string(event), err);
    const rd_kafka_topic_result_t **topics =
        result ? rd_kafka_CreateTopics_result_topics(result, &count) : NULL;
    if (count != 1) return err_set(err, E_UPSTREAM, "the broker's answer makes no sense");
    rd_kafka_resp_err_t code = rd_kafka_topic_result_error(topics[0]);
    if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return kafka_error(code, "create", rd_kafka_topic_result_error_string(topics[0]), err);
    *ret_created = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    return E_OK;
}

/* The answer comes before every broker has heard of it. */
static int await_topic(rd_kafka_t *client, const char *topic, struct err *err)
{
    int64_t deadline_ms = clock_mono_ms(clock_system()) + KAFKA_ADMIN_MS;
    for (;;) {
        uint32_t count;
        int rc = kafka_partition_count(client, topic, KAFKA_ADMIN_MS, &count, err);
        if (rc == E_OK || clock_mono_ms(clock_system()) >= deadline_ms) return rc;
        rd_kafka_poll(client, KAFKA_RETRY_MS);
    }
}

int kafka_topic_create(struct bus *base, enum topic topic,
                       const struct bus_topic_settings *settings, bool *ret_created,
                       struct err *err)
{
    struct kafka_bus *bus = kafka_bus_of(base);
    rd_kafka_NewTopic_t *wanted;
    rd_kafka_t *client;
    char text[256];
    int rc = admin_client(bus, &client, err);
    if (rc == E_OK) rc = new_topic(bus, topic, settings, &wanted, err);
    if (rc) return rc;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, KAFKA_ADMIN_MS, text, sizeof text);
    rd_kafka_AdminOptions_set_operation_timeout(options, KAFKA_ADMIN_MS - 1000, text,
                                                sizeof text); /* until it is known */
    rd_kafka_CreateTopics(client, &wanted, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_ADMIN_MS + 1000);
    rc = read_created(event, ret_created, err);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wanted);
    if (rc) return err_wrap(err, "topic %s", bus->topics[topic]);
    return *ret_created ? await_topic(client, bus->topics[topic], err) : E_OK;
}

/* --- describe -------------------------------------------------------------------------------- */

/* A topic that was created a moment ago may not have found its leaders yet. */
static int count_records(rd_kafka_t *client, const char *topic, uint32_t partition,
                         int64_t deadline_ms, uint64_t *ret_records, struct err *err)
{
    int64_t low, high;
    for (;;) {
        rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
            client, topic, (int32_t)partition, &low, &high, KAFKA_ADMIN_MS);
        if (!code) break;
        int rc = kafka_error(code, topic, NULL, err);
        if (err_class((enum err_code)rc) != ERR_RETRY ||
            clock_mono_ms(clock_system()) >= deadline_ms)
            return rc;
        rd_kafka_poll(client, KAFKA_RETRY_MS);
    }
    *ret_records = (uint64_t)(high - low);
    return E_OK;
}

/* Offsets between the ends of each partition: transaction markers, which nobody can see, count
 * too. */
int kafka_topic_describe(struct bus *base, enum topic topic, struct bus_topic_state *ret_state,
                         struct err *err)
{
    struct kafka_bus *bus = kafka_bus_of(base);
    struct bus_topic_state state = {0};
    rd_kafka_t *client;
    int rc = admin_client(bus, &client, err);
    if (rc == E_OK)
        rc = kafka_partition_count(client, bus->topics[topic], KAFKA_ADMIN_MS, &state.partitions,
                                   err);
    int64_t deadline_ms = clock_mono_ms(clock_system()) + KAFKA_ADMIN_MS;
    for (uint32_t i = 0; i < state.partitions && rc == E_OK; i++) {
        uint64_t records = 0;
        rc = count_records(client, bus->topics[topic], i, deadline_ms, &records, err);
        state.records += records;
    }
    if (rc == E_OK) *ret_state = state;
    return rc;
}
