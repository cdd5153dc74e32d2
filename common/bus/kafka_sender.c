/* A producing client of Kafka: one message out.
 *
 * Keys choose partitions by murmur2, as Java's clients do; an empty key goes anywhere. Payloads
 * aren't copied. Headers are librdkafka's own objects, because passing them by value double-
 * frees them when a message is refused (issue 4628, fixed in 2.12). */
#include <stdio.h>
#include <string.h>

#include "bus/kafka.h"

/* --- headers --- */

/* librdkafka allocates each header of a message. So the list of a message that is delivered serves
 * the next one: most of its headers are the same. */
void sender_recycle(struct kafka_sender *sender, const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *list;
    if (sender->spare_count < KAFKA_SPARE_HEADERS &&
        !rd_kafka_message_detach_headers((rd_kafka_message_t *)(uintptr_t)message, &list))
        sender->spare[sender->spare_count++] = list;
}

static rd_kafka_headers_t *take_spare(struct kafka_sender *sender)
{
    return sender->spare_count ? sender->spare[--sender->spare_count] : NULL;
}

static bool is_same(const rd_kafka_headers_t *list, size_t at, const struct bus_header *header)
{
    const char *name;
    const void *value;
    size_t size;
    return !rd_kafka_header_get_all(list, at, &name, &value, &size) &&
           str_equal(str_make(value, size), header->value) &&
           strncmp(name, header->name.data, header->name.size) == 0 && !name[header->name.size];
}

/* Leaves the first `kept`. By their names, as librdkafka knows no other way: false where that took
 * too many (a name twice). */
static bool drop_behind(rd_kafka_headers_t *list, size_t kept)
{
    char copy[64]; /* librdkafka compares with it after the header has gone */
    const char *name;
    const void *value;
    size_t size;
    for (size_t at = rd_kafka_header_cnt(list); at-- > kept;) {
        if (rd_kafka_header_get_all(list, at, &name, &value, &size) || strlen(name) >= sizeof copy)
            return false;
        memcpy(copy, name, strlen(name) + 1);
        rd_kafka_header_remove(list, copy);
    }
    return rd_kafka_header_cnt(list) == kept;
}

/* A list that begins with the first *ret_kept of the output's headers, and has no others. */
static rd_kafka_headers_t *new_headers(struct kafka_sender *sender, const struct bus_output *output,
                                       uint32_t *ret_kept)
{
    rd_kafka_headers_t *list = take_spare(sender);
    uint32_t kept = 0;
    while (list && kept < output->header_count && is_same(list, kept, &output->headers[kept]))
        kept++;
    *ret_kept = kept;
    if (list && drop_behind(list, kept)) return list;
    if (list) rd_kafka_headers_destroy(list);
    *ret_kept = 0;
    return rd_kafka_headers_new(output->header_count);
}

static rd_kafka_headers_t *make_headers(struct kafka_sender *sender,
                                        const struct bus_output *output)
{
    uint32_t kept;
    rd_kafka_headers_t *headers = new_headers(sender, output, &kept);
    for (uint32_t i = kept; headers && i < output->header_count; i++) {
        const struct bus_header *header = &output->headers[i];
        const char *value = header->value.data ? header->value.data : "";
        rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.size, value,
                            (ssize_t)header->value.size);
    }
    return headers;
}

/* --- life --- */

static void note_failure(struct kafka_sender *sender, rd_kafka_resp_err_t code)
{
    if (sender->failure.code) return;
    kafka_error(code, "a message was not delivered", NULL, &sender->failure);
}

/* What is purged was given up on purpose. */
static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client;
    struct kafka_sender *sender = opaque;
    sender_recycle(sender, message);
    if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return;
    if (message->err) note_failure(sender, message->err);
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    (void)client, (void)code, (void)reason,
        (void)opaque; /* each call and each message has its own error */
}

int sender_open(struct kafka_sender *sender, const struct kafka_bus *bus, const char *client_id,
                const char *transactional_id,
                void (*on_report)(rd_kafka_t *, const rd_kafka_message_t *, void *), void *opaque,
                struct err *err)
{
    enum { TRANSACTION_GRACE_MS = 5000 }; /* for the broker, after we have given up */
    char kbytes[32], timeout_ms[32], transaction_ms[32], batch[32];
    int64_t commit_ms = bus->options.commit_timeout;
    /* linger.ms: a commit flushes as soon as it has sent all. In a transaction outputs wait for
     * their partitions to be registered, and gather meanwhile. retry.backoff.ms: how often
     * positions are offered while the markers of the transaction before are written, which takes
     * some ms (kafka_transaction.c). */
    /* message.timeout.ms: a message that librdkafka gives up alone lets those behind it go on, so
     * that a key's records are written out of their order; whoever waits gives up all, by a purge.
     * In a transaction nobody sees it, and librdkafka wants it to end no later. */
    /* batch.size: while a partition has more to send than its request takes, or a broker is to be
     * sent more than five, librdkafka's thread spins until the broker answers (2.0.2). */
    /* Messages weigh more in the queue than on the wire. The door counts for itself. */
    snprintf(kbytes, sizeof kbytes, "%llu",
             (unsigned long long)(on_report ? 2097151 : bus->options.buffer / 1024));
    snprintf(batch, sizeof batch, "%d",
             sender->large_batches ? KAFKA_LARGE_BATCH_BYTES : KAFKA_SMALL_BATCH_BYTES);
    snprintf(timeout_ms, sizeof timeout_ms, "%lld", (long long)(transactional_id ? commit_ms : 0));
    snprintf(transaction_ms, sizeof transaction_ms, "%lld",
             (long long)(commit_ms + TRANSACTION_GRACE_MS));
    const struct kafka_property own[] = {
        {"client.id", client_id},
        {"queue.buffering.max.kbytes", kbytes},
        {"queue.buffering.max.messages", "0"}, /* the bytes are the bound */
        {"linger.ms", on_report ? "0" : transactional_id ? "1" : "50"},
        {"batch.size", batch},
        {"message.timeout.ms", timeout_ms},
        {transactional_id ? "transaction.timeout.ms" : "", transaction_ms},
        {transactional_id ? "retry.backoff.ms" : "", "5"},
        {NULL, NULL},
    };
    const struct kafka_property fixed[] = {
        {"enable.idempotence", "true"},
        {"partitioner", "murmur2_random"},
        /* a flush is woken by reports alone; without it looks every 10 ms */
        {"delivery.report.only.error", "false"},
        {transactional_id ? "transactional.id" : "", transactional_id},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    int rc = kafka_conf_create(bus, own, fixed, &conf, err);
    if (rc) return rc;
    rd_kafka_conf_set_opaque(conf, on_report ? opaque : sender);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report ? on_report : on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rc = kafka_client_create(RD_KAFKA_PRODUCER, conf, &sender->client, err);
    if (rc) return rc;
    sender->failure.code = E_OK;
    sender->bus = bus;
    return E_OK;
}

/* librdkafka's main thread frees the transaction's error before its broker threads have ended;
 * a late answer "fenced" to what is in flight would free it again (soak 11; 2.0.2, and in its
 * sources still). So nothing may be in flight when the client is destroyed: the purge waits
 * for each broker thread. */
void sender_close(struct kafka_sender *sender)
{
    if (!sender->client) return;
    rd_kafka_purge(sender->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        if (sender->topics[i]) rd_kafka_topic_destroy(sender->topics[i]);
        sender->topics[i] = NULL;
    }
    rd_kafka_destroy(sender->client);
    for (rd_kafka_headers_t *list; (list = take_spare(sender));) rd_kafka_headers_destroy(list);
    sender->client = NULL;
}

static int check_output(const struct kafka_bus *bus, const struct bus_output *output, size_t *bytes,
                        struct err *err)
{
    if (output->key.size > BUS_KEY_BYTES_MAX)
        return err_set(err, E_TOO_LARGE, "key of %zu bytes", output->key.size);
    if (output->header_count > BUS_HEADERS_MAX)
        return err_set(err, E_TOO_LARGE, "%u headers", output->header_count);
    size_t size = output->key.size + output->value.size + KAFKA_MESSAGE_OVERHEAD;
    for (uint32_t i = 0; i < output->header_count; i++)
        size += output->headers[i].name.size + output->headers[i].value.size;
    if (size > bus->message_bytes_max)
        return err_set(err, E_TOO_LARGE, "message of %zu bytes; kafka.message.max.bytes is %zu",
                       size, bus->message_bytes_max);
    *bytes += size;
    return E_OK;
}

int sender_check(const struct kafka_bus *bus, const struct bus_output *outputs, size_t count,
                 size_t *bytes, struct err *err)
{
    int rc = E_OK;
    for (size_t i = 0; i < count && rc == E_OK; i++)
        rc = check_output(bus, &outputs[i], bytes, err);
    return rc;
}

/* --- sending --- */

rd_kafka_resp_err_t sender_send(struct kafka_sender *sender, const struct bus_output *output,
                                void *opaque)
{
    rd_kafka_topic_t **topic = &sender->topics[output->topic];
    if (!*topic)
        *topic = rd_kafka_topic_new(sender->client, sender->bus->topics[output->topic], NULL);
    if (!*topic) return rd_kafka_last_error();
    rd_kafka_headers_t *headers = output->header_count ? make_headers(sender, output) : NULL;
    const char *value = output->value.data ? output->value.data : "";
    /* librdkafka's macros are statement expressions, which clang calls an extension. */
    rd_kafka_resp_err_t code = __extension__ rd_kafka_producev(
        sender->client, RD_KAFKA_V_RKT(*topic),
        RD_KAFKA_V_KEY(output->key.size ? output->key.data : NULL, output->key.size),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, output->value.size),
        RD_KAFKA_V_TIMESTAMP(output->timestamp_ms), RD_KAFKA_V_OPAQUE(opaque),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code && headers) rd_kafka_headers_destroy(headers);
    return code;
}

rd_kafka_resp_err_t sender_flush(struct kafka_sender *sender, int timeout_ms)
{
    return rd_kafka_flush(sender->client, timeout_ms);
}
