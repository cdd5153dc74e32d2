/* Commits on the mock cluster, and the requests that they are made of. */
#ifndef VERBATIM_TESTS_KAFKA_MOCK_COMMITS_H
#define VERBATIM_TESTS_KAFKA_MOCK_COMMITS_H

#include "mock_rig.h"

enum {
    PRODUCE = 0, OFFSET_COMMIT = 8, OFFSET_FETCH = 9, HEARTBEAT = 12, INIT_PRODUCER_ID = 22,
    ADD_PARTITIONS = 24, ADD_OFFSETS = 25, END_TRANSACTION = 26, TXN_OFFSET_COMMIT = 28
};
enum { FOR_EVER_MS = 3600 * 1000 };

static int64_t last_offset;

static inline int commit(struct bus_consumer *consumer, struct err *err)
{
    const struct bus_output output = {
        .topic = TOPIC_DOCUMENTS, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1};
    const struct bus_position position = {TOPIC_FEEDBACK, 0, ++last_offset};
    return bus_commit(consumer, &output, 1, &position, 1, err);
}

/* The name that librdkafka gave the producer has a number, which tells whether it
 * is another one. */
static inline void producer_name(struct bus_consumer *consumer, char out[static 64])
{
    rd_kafka_t *client = ((struct kafka_consumer *)consumer)->commit.sender.client;
    snprintf(out, 64, "%s", client ? rd_kafka_name(client) : "none");
}

#endif
