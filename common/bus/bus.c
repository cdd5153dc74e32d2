/* Chooses an implementation of the bus and forwards to it. */
#include "bus/bus.h"

#include "base/mutant.h"
#include "bus/backend.h"

#define OPTIONS_OWNER struct bus_options
OPTIONS_TABLE(bus, BUS_OPTIONS, "Where the topics live and how they are kept.");
#undef OPTIONS_OWNER

/* [kafka] has no rows: every librdkafka property is passed through and checked by librdkafka. */
const struct option_table kafka_option_table = {
    .module = "kafka", .summary = "Any librdkafka property, as it is."};

int bus_open(const struct config *config, const struct clock *clock, struct bus **ret_bus,
             struct err *err)
{
    struct bus_options options;
    int rc = config_get(config, &bus_option_table, &options, err);
    if (rc) return rc;
    rc = options.kind == 0 ? bus_embedded_open(&options, clock, ret_bus, err)
                           : bus_kafka_open(&options, config, clock, ret_bus, err);
    if (rc) config_locate(config, err);
    return rc;
}

void bus_close(struct bus *bus)
{
    if (bus) bus->backend->close(bus);
}

const char *bus_system(const struct bus *bus)
{
    return str_starts(str_of(bus_description(bus)), STR("kafka")) ? "kafka" : "verbatim";
}

const char *bus_description(const struct bus *bus) { return bus->backend->description(bus); }

bool bus_positions_apart(const struct bus *bus) { return bus->backend->positions_apart; }

int bus_topic_create(struct bus *bus, enum topic topic, const struct bus_topic_settings *settings,
                     bool *ret_created, struct err *err)
{
    return bus->backend->topic_create(bus, topic, settings, ret_created, err);
}

int bus_topic_describe(struct bus *bus, enum topic topic, struct bus_topic_state *ret_state,
                       struct err *err)
{
    return bus->backend->topic_describe(bus, topic, ret_state, err);
}

int bus_lag(struct bus *bus, const char *group, enum topic topic, struct bus_lag *ret_lag,
            struct err *err)
{
    return bus->backend->lag(bus, group, topic, ret_lag, err);
}

int bus_subscribe(struct bus *bus, const struct bus_subscription *subscription,
                  struct bus_consumer **ret_consumer, struct err *err)
{
    return bus->backend->subscribe(bus, subscription, ret_consumer, err);
}

void bus_unsubscribe(struct bus_consumer *consumer)
{
    if (consumer) consumer->backend->unsubscribe(consumer);
}

int bus_wake_fd(const struct bus_consumer *consumer)
{
    return consumer->backend->wake_fd(consumer);
}

int bus_poll(struct bus_consumer *consumer, uint32_t max_records, size_t max_bytes,
             struct bus_batch *ret_batch, struct err *err)
{
    return consumer->backend->poll(consumer, max_records, max_bytes, ret_batch, err);
}

void bus_release(struct bus_consumer *consumer, struct bus_batch *batch)
{
    if (batch->handle || batch->count) consumer->backend->release(consumer, batch);
    *batch = (struct bus_batch){0};
}

void bus_pause(struct bus_consumer *consumer, bool paused)
{
    consumer->backend->pause(consumer, paused);
}

int bus_commit(struct bus_consumer *consumer, const struct bus_output *outputs, size_t output_count,
               const struct bus_position *positions, size_t position_count, struct err *err)
{
    if (MUTANT(commit_before_produce) && output_count && position_count) {
        int rc = consumer->backend->commit(consumer, NULL, 0, positions, position_count, err);
        return rc ? rc : consumer->backend->commit(consumer, outputs, output_count, NULL, 0, err);
    }
    return consumer->backend->commit(consumer, outputs, output_count, positions, position_count,
                                     err);
}

void bus_hasten(struct bus_consumer *consumer)
{
    if (consumer && consumer->backend->hasten) consumer->backend->hasten(consumer);
}

int bus_rewind(struct bus_consumer *consumer, struct err *err)
{
    return consumer->backend->rewind(consumer, err);
}

int bus_seek(struct bus_consumer *consumer, const struct bus_position *position, struct err *err)
{
    return consumer->backend->seek(consumer, position, err);
}

size_t bus_backlog(struct bus_consumer *consumer, struct bus_backlog *out, size_t max)
{
    return consumer->backend->backlog(consumer, out, max);
}

uint64_t bus_missed(struct bus_consumer *consumer) { return consumer->backend->missed(consumer); }

bool bus_answers(struct bus_consumer *consumer)
{
    return !consumer->backend->answers || consumer->backend->answers(consumer);
}

int bus_producer_open(struct bus *bus, const char *member, struct bus_producer **ret_producer,
                      struct err *err)
{
    return bus->backend->producer_open(bus, member, ret_producer, err);
}

void bus_producer_close(struct bus_producer *producer)
{
    if (producer) producer->backend->producer_close(producer);
}

int bus_produce(struct bus_producer *producer, const struct bus_output *outputs, size_t count,
                bus_on_done *on_done, void *user, struct err *err)
{
    return producer->backend->produce(producer, outputs, count, on_done, user, err);
}

int bus_producer_wake_fd(const struct bus_producer *producer)
{
    return producer->backend->producer_wake_fd(producer);
}
void bus_producer_poll(struct bus_producer *producer)
{
    producer->backend->producer_poll(producer);
}

int bus_producer_flush(struct bus_producer *producer, int64_t timeout_ms, struct err *err)
{
    return producer->backend->producer_flush(producer, timeout_ms, err);
}

/* Murmur2 as in Apache Kafka's org.apache.kafka.common.utils.Utils.murmur2 (seed 0x9747b28c). */
static uint32_t murmur2(const uint8_t *data, size_t size)
{
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28c ^ (uint32_t)size;
    for (; size >= 4; data += 4, size -= 4) {
        uint32_t k = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                     (uint32_t)data[3] << 24;
        k *= m, k ^= k >> 24, k *= m;
        h = (h * m) ^ k;
    }
    switch (size) {
    case 3: h ^= (uint32_t)data[2] << 16; /* fall through */
    case 2: h ^= (uint32_t)data[1] << 8;  /* fall through */
    case 1: h = (h ^ data[0]) * m;
    }
    h ^= h >> 13, h *= m, h ^= h >> 15;
    return h;
}

uint32_t bus_partition_of(struct str key, uint32_t partitions)
{
    return (murmur2((const uint8_t *)key.data, key.size) & 0x7FFFFFFF) % partitions;
}
