/* The messages of one poll: librdkafka's own, held until they are released; keys and values are
 * views into them. */
#include <stdlib.h>

#include "bus/kafka.h"

struct kafka_batch *batch_open(struct kafka_consumer *consumer)
{
    struct kafka_batch *batch = consumer->idle;
    if (batch)
        consumer->idle = batch->next;
    else
        batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    batch->next = consumer->open;
    consumer->open = batch;
    return batch;
}

void batch_empty(struct kafka_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) rd_kafka_message_destroy(batch->held[i]);
    batch->count = 0;
    arena_reset(&batch->headers);
}

void batch_close(struct kafka_consumer *consumer, struct kafka_batch *batch)
{
    struct kafka_batch **link = &consumer->open;
    while (*link != batch) link = &(*link)->next;
    *link = batch->next;
    batch_empty(batch);
    batch->next = consumer->idle;
    consumer->idle = batch;
}

void batches_free(struct kafka_batch *first)
{
    while (first) {
        struct kafka_batch *next = first->next;
        /* A message that is still held would keep the client from closing (issue 4187). */
        batch_empty(first);
        arena_deinit(&first->headers);
        free(first->held);
        free(first->messages);
        free(first);
        first = next;
    }
}

bool batch_grow(struct kafka_batch *batch, uint32_t most)
{
    uint32_t capacity = batch->capacity ? batch->capacity * 2 : 64;
    if (batch->count < batch->capacity) return true;
    if (capacity > most) capacity = most;
    rd_kafka_message_t **held = realloc(batch->held, capacity * sizeof(rd_kafka_message_t *));
    if (held) batch->held = held;
    struct bus_message *messages = realloc(batch->messages, capacity * sizeof *messages);
    if (messages) batch->messages = messages;
    if (held && messages) batch->capacity = capacity;
    return held && messages;
}

void kafka_release(struct bus_consumer *base, struct bus_batch *batch)
{
    batch_close(kafka_consumer_of(base), batch->handle);
}

/* --- one message ----------------------------------------------------------------------------- */

enum topic consumer_topic_of(struct kafka_consumer *consumer, rd_kafka_topic_t *rkt)
{
    if (rkt != consumer->last_rkt) {
        consumer->last_rkt = rkt;
        consumer->last_topic = kafka_topic_of(consumer->bus, rd_kafka_topic_name(rkt));
    }
    return consumer->last_topic;
}

/* Copies of the message's headers. librdkafka's own, each in memory of its own, would stay
 * until the message goes; they take three times as much. */
static bool copy_headers(struct arena *arena, const rd_kafka_headers_t *headers,
                         struct bus_message *message)
{
    size_t count = rd_kafka_header_cnt(headers);
    if (count > BUS_HEADERS_MAX) count = BUS_HEADERS_MAX;
    struct bus_header *copies = arena_alloc(arena, count * sizeof *copies);
    if (!copies) return false;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        const void *value;
        size_t size;
        if (rd_kafka_header_get_all(headers, i, &name, &value, &size)) return false;
        copies[i].name = arena_copy(arena, str_of(name));
        copies[i].value = arena_copy(arena, str_make(value, size));
        if (!copies[i].name.data || !copies[i].value.data) return false;
    }
    message->headers = copies;
    message->header_count = (uint32_t)count;
    return true;
}

static bool take_headers(struct kafka_batch *batch, rd_kafka_message_t *held,
                         struct bus_message *message)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_detach_headers(held, &headers)) return true; /* it has none */
    bool taken = copy_headers(&batch->headers, headers, message);
    rd_kafka_headers_destroy(headers);
    return taken;
}

/* 1 at least: to librdkafka, which is given it again with what becomes of the message, 0 is now. */
static int64_t time_of(const rd_kafka_message_t *held)
{
    rd_kafka_timestamp_type_t type;
    int64_t wall_ms = time_bounded(rd_kafka_message_timestamp(held, &type));
    return wall_ms ? wall_ms : 1;
}

/* Takes `held` over. False without memory. */
bool batch_take(struct kafka_consumer *consumer, struct kafka_batch *batch,
                         rd_kafka_message_t *held)
{
    struct kafka_partition *partition =
        position_find(consumer, consumer_topic_of(consumer, held->rkt), (uint32_t)held->partition);
    if (!partition || partition->moved) { /* of one that we have just lost, or from elsewhere */
        rd_kafka_message_destroy(held);
        return true;
    }
    if (consumer->paused) { /* it slipped through: read it again later */
        if (partition->sought < 0 || held->offset < partition->sought)
            partition->sought = held->offset;
        rd_kafka_message_destroy(held);
        return true;
    }
    if (atomic_load(&consumer->missed.count))
        missed_at(&consumer->missed, partition->topic, partition->partition, partition->position,
                  held->offset);
    struct bus_message *message = &batch->messages[batch->count];
    *message = (struct bus_message){
        .topic = partition->topic,
        .partition = partition->partition,
        .offset = held->offset,
        .timestamp_ms = time_of(held),
        .key = str_make(held->key, held->key_len),
        .value = str_make(held->payload, held->len),
    };
    batch->held[batch->count++] = held;
    if (!take_headers(batch, held, message)) return false;
    partition->position = partition->read_to = held->offset + 1;
    partition->sought = -1;
    partition->last_ms = message->timestamp_ms;
    if (partition->first_read < 0) partition->first_read = held->offset;
    return true;
}
