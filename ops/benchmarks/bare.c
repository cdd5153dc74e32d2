#include "ops/benchmarks/bare.h"

#include <stdio.h>

struct property {
    const char *name, *value;
};

/* As common/bus has them, with bus.prefetch at its default. */
static const struct property common[] = {
    {"socket.nagle.disable", "true"},
    {"topic.metadata.refresh.interval.ms", "5000"},
    {"message.max.bytes", "4259840"},
    {NULL, NULL},
};
static const struct property consuming[] = {
    {"auto.offset.reset", "earliest"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"isolation.level", "read_committed"},
    {"queued.max.messages.kbytes", "3072"},
    {"queued.min.messages", "1000000"},
    {"max.partition.fetch.bytes", "65536"},
    {NULL, NULL},
};
static const struct property producing[] = {
    {"enable.idempotence", "true"},
    {"partitioner", "murmur2_random"},
    {"queue.buffering.max.messages", "0"},
    {"linger.ms", "50"}, /* each 2000 are flushed at once */
    {"batch.size", "4000000"},
    {"delivery.report.only.error", "false"}, /* else a flush looks only every 10 ms (2.0.2) */
    {NULL, NULL},
};

static void set_all(rd_kafka_conf_t *conf, const struct property *properties)
{
    char text[256];
    for (; properties->name; properties++)
        if (rd_kafka_conf_set(conf, properties->name, properties->value, text, sizeof text))
            fprintf(stderr, "bare: %s\n", text);
}

static rd_kafka_conf_t *bare_conf(const char *bootstrap, const struct property *properties)
{
    const struct property own[] = {{"bootstrap.servers", bootstrap}, {NULL, NULL}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set_all(conf, own);
    set_all(conf, common);
    set_all(conf, properties);
    return conf;
}

rd_kafka_t *bare_consumer(const char *bootstrap, const char *group, const char *topic)
{
    char text[256];
    const struct property own[] = {{"group.id", group}, {NULL, NULL}};
    rd_kafka_conf_t *conf = bare_conf(bootstrap, consuming);
    set_all(conf, own);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    if (consumer) rd_kafka_poll_set_consumer(consumer), rd_kafka_subscribe(consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return consumer;
}

static void on_report(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    if (message->err) *(bool *)opaque = true;
}

rd_kafka_t *bare_producer(const char *bootstrap, bool *failed)
{
    char text[256];
    rd_kafka_conf_t *conf = bare_conf(bootstrap, producing);
    rd_kafka_conf_set_opaque(conf, failed);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    return rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
}

bool bare_forward(rd_kafka_t *producer, rd_kafka_topic_t *topic, rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_detach_headers(message, &headers)) headers = NULL;
    for (;;) {
        rd_kafka_resp_err_t code =
            __extension__ rd_kafka_producev(producer, RD_KAFKA_V_RKT(topic),
                                            RD_KAFKA_V_KEY(message->key, message->key_len),
                                            RD_KAFKA_V_VALUE(message->payload, message->len),
                                            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return code == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_poll(producer, 10);
    }
}
