/* A producing client, used by one thread. Payloads aren't copied: they must stay until the
 * message is delivered or sender_close() has returned. */
#ifndef VERBATIM_BUS_KAFKA_SENDER_H
#define VERBATIM_BUS_KAFKA_SENDER_H

#include <librdkafka/rdkafka.h>

#include "bus/bus.h"

struct kafka_bus;

enum { KAFKA_SMALL_BATCH_BYTES = 1000000, KAFKA_LARGE_BATCH_BYTES = 4000000 };
enum { KAFKA_SPARE_HEADERS = 2048 }; /* some 500 bytes each */

struct kafka_sender {
    rd_kafka_t *client; /* NULL: closed; zeroed is valid */
    /* chosen before it is opened: a commit is to be few requests (kafka_sender.c) */
    bool large_batches;
    const struct kafka_bus *bus;
    rd_kafka_topic_t *topics[TOPIC_COUNT]; /* of those that were sent to: others may be forbidden */
    struct err failure; /* why the first message since it was cleared was not delivered */
    rd_kafka_headers_t *spare[KAFKA_SPARE_HEADERS]; /* of delivered messages, for the next ones */
    size_t spare_count;
};

/* `transactional_id` NULL: idempotent only. `on_report` NULL: only failures are noted, in
 * `failure`. Both are called by this thread, while it polls or flushes. */
int sender_open(struct kafka_sender *sender, const struct kafka_bus *bus, const char *client_id,
                const char *transactional_id,
                void (*on_report)(rd_kafka_t *, const rd_kafka_message_t *, void *), void *opaque,
                struct err *err) CHECKED;
void sender_close(struct kafka_sender *sender);
/* TOO_LARGE, without sending anything. Adds to *bytes what the messages weigh. */
int sender_check(const struct kafka_bus *bus, const struct bus_output *outputs, size_t count,
                 size_t *bytes, struct err *err) CHECKED;
rd_kafka_resp_err_t sender_send(struct kafka_sender *sender, const struct bus_output *output,
                                void *opaque);
/* For `on_report`, of each message: what it leaves behind is used again. */
void sender_recycle(struct kafka_sender *sender, const rd_kafka_message_t *message);
/* Waits until all are delivered or given up. */
rd_kafka_resp_err_t sender_flush(struct kafka_sender *sender, int timeout_ms);

#endif
