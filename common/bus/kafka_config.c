/* Properties of a Kafka client: what we choose, below what [kafka] says, below what must be so.
 *
 * Any librdkafka property passes through; values of secrets are in no message. */
#include "bus/kafka.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "schema/msgpack.h"

/* Exactly-once, or both buses' agreement, rests on these. */
static const struct {
    const char *name, *why;
} reserved[] = {
    {"group.id", "runtime.group names the group"},
    {"transactional.id", "it is made of the worker's name and runtime.replica"},
    {"enable.idempotence", "it is always on"},
    {"enable.auto.commit", "positions move with the outputs"},
    {"enable.auto.offset.store", "positions move with the outputs"},
    {"enable.partition.eof", "the backlog is counted by it"},
    {"isolation.level", "it is always read_committed"},
    {"partition.assignment.strategy", "it is always range"},
    {"partitioner", "it is always murmur2_random, so that all producers agree"},
    {"auto.offset.reset", "each consumer chooses where it begins"},
    {"delivery.report.only.error", "each producer chooses"},
    {"message.timeout.ms", "bus.commit_timeout says how long a write may take"},
    {"delivery.timeout.ms", "bus.commit_timeout says how long a write may take"},
};

/* --- unknown names --------------------------------------------------------------------------- */

/* The property spelled most like `name`, from librdkafka's own table: the first word of each
 * row. */
static void find_nearest(const char *name, char out[static 128])
{
    char *text = NULL;
    size_t size = 0;
    struct nearest nearest = nearest_to(str_of(name));
    FILE *stream = open_memstream(&text, &size);
    out[0] = '\0';
    if (!stream) return;
    rd_kafka_conf_properties_show(stream);
    fclose(stream);
    struct str rest = str_make(text, size);
    while (rest.size) {
        struct str line = str_cut(&rest, '\n');
        if (str_find(line, STR(" | ")) == line.size) continue;
        struct str known = str_trim(str_cut(&line, '|'));
        if (known.size == 0 || known.size >= 128 || str_find(known, STR(" ")) < known.size)
            continue;
        if (nearest_offer(&nearest, known)) snprintf(out, 128, "%.*s", STR_ARGS(known));
    }
    free(text);
}

static int unknown(const char *name, struct err *err)
{
    char known[128];
    find_nearest(name, known);
    if (!known[0]) return err_set(err, E_BAD_CONFIG, "unknown property \"kafka.%.100s\"", name);
    return err_set(err, E_BAD_CONFIG,
                   "unknown property \"kafka.%.100s\"; did you mean \"kafka.%s\"?", name, known);
}

/* --- setting --------------------------------------------------------------------------------- */

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
    char text[256];
    switch (rd_kafka_conf_set(conf, name, value, text, sizeof text)) {
    case RD_KAFKA_CONF_OK: return E_OK;
    case RD_KAFKA_CONF_UNKNOWN: return unknown(name, err);
    default:
        if (config_property_is_secret(str_of(name)))
            return err_set(err, E_BAD_CONFIG, "kafka.%s: librdkafka refuses its value", name);
        return err_set(err, E_BAD_CONFIG, "kafka.%s: %s", name, text);
    }
}

static int set_all(rd_kafka_conf_t *conf, const struct kafka_property *properties, struct err *err)
{
    int rc = E_OK;
    for (; properties && properties->name && rc == E_OK; properties++)
        if (properties->name[0]) rc = set(conf, properties->name, properties->value, err);
    return rc;
}

static int set_by_user(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(name, reserved[i].name) == 0)
            return err_set(err, E_BAD_CONFIG, "kafka.%s can't be set: %s", name, reserved[i].why);
    return set(conf, name, value, err);
}

/* Whatever fits into a record fits on the bus, key and headers included: one limit everywhere. */
enum { KAFKA_MESSAGE_BYTES = MSGPACK_BYTES_MAX + 64 * 1024 };
#define KAFKA_MESSAGE_BYTES_TEXT "4259840"
_Static_assert(KAFKA_MESSAGE_BYTES == 4259840, "KAFKA_MESSAGE_BYTES_TEXT is the same in digits");

/* Whatever kind of client it will be. Brokers that come back are found soon; small requests go
 * at once. */
static const struct kafka_property common[] = {
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "2000"},
    {"topic.metadata.refresh.interval.ms", "5000"}, /* topics that are created later are found */
    {"log.connection.close", "false"},
    {"message.max.bytes", KAFKA_MESSAGE_BYTES_TEXT}, /* topics are created to take as much */
    {NULL, NULL},
};

int kafka_conf_create(const struct kafka_bus *bus, const struct kafka_property *own,
                      const struct kafka_property *fixed, rd_kafka_conf_t **ret_conf,
                      struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (!conf) return err_set(err, E_NO_MEMORY, NULL);
    int rc = set_all(conf, common, err);
    if (rc == E_OK) rc = set_all(conf, own, err);
    for (size_t i = 0; i < config_property_count(bus->config) && rc == E_OK; i++) {
        const char *name, *value;
        config_property(bus->config, i, &name, &value);
        rc = set_by_user(conf, name, value, err);
    }
    if (rc == E_OK) rc = set_all(conf, fixed, err);
    if (rc) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    rd_kafka_conf_set_log_cb(conf, kafka_on_log);
    *ret_conf = conf;
    return E_OK;
}

int kafka_conf_check(struct kafka_bus *bus, struct err *err)
{
    rd_kafka_conf_t *conf;
    char text[64];
    size_t size = sizeof text;
    uint64_t bytes;
    int rc = kafka_conf_create(bus, NULL, NULL, &conf, err);
    if (rc) return rc;
    bus->message_bytes_max = KAFKA_MESSAGE_BYTES;
    if (rd_kafka_conf_get(conf, "message.max.bytes", text, &size) == RD_KAFKA_CONF_OK &&
        str_to_u64(str_of(text), &bytes))
        bus->message_bytes_max = bytes;
    rd_kafka_conf_destroy(conf);
    return E_OK;
}

int kafka_client_create(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_client,
                        struct err *err)
{
    char text[256];
    rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof text);
    if (!client) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, E_BAD_CONFIG, "kafka: %s", text);
    }
    *ret_client = client;
    return E_OK;
}
