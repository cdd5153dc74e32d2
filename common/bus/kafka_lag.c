/* How far a group is behind, whoever asks: its committed offsets against both ends of each
 * partition. A few requests; the group isn't joined. Needs Describe on the group and the topic. */
#include "bus/kafka.h"

#include <stdio.h>
#include <stdlib.h>

enum { LAG_MS = 3000 };

static rd_kafka_topic_partition_list_t *partitions_at(const char *topic, uint32_t count,
                                                      int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (uint32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, (int32_t)i)->offset = offset;
    return list;
}

/* Hands out a list that a broker has filled in, unless that failed for one of its partitions. */
static int answered(rd_kafka_resp_err_t code, const char *topic,
                    rd_kafka_topic_partition_list_t *list,
                    rd_kafka_topic_partition_list_t **ret_list, struct err *err)
{
    for (int i = 0; !code && i < list->cnt; i++) code = list->elems[i].err;
    if (code) {
        rd_kafka_topic_partition_list_destroy(list);
        return kafka_error(code, topic, NULL, err);
    }
    *ret_list = list;
    return E_OK;
}

int kafka_ends(rd_kafka_t *client, const char *topic, uint32_t count, int64_t end, int timeout_ms,
               rd_kafka_topic_partition_list_t **ret_list, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = partitions_at(topic, count, end);
    return answered(rd_kafka_offsets_for_times(client, list, timeout_ms), topic, list, ret_list,
                    err);
}

/* --- asking ---------------------------------------------------------------------------------- */

/* A client that is in nobody's way: it has the group's name, so that it may ask what is committed,
 * and never subscribes, so that it never joins. (ListConsumerGroupOffsets would do with one client
 * for all groups, but librdkafka 2.0.2 dies of it where the coordinator isn't known yet.) */
static int asker_of(struct kafka_bus *bus, const char *group, rd_kafka_t **ret_client,
                    struct err *err)
{
    const struct kafka_property own[] = {{"client.id", "verbatim-lag"}, {NULL, NULL}};
    const struct kafka_property fixed[] = {{"group.id", group}, {NULL, NULL}};
    struct kafka_asker *asker = bus->askers;
    rd_kafka_conf_t *conf;
    while (asker && strcmp(asker->group, group) != 0) asker = asker->next;
    if (asker) {
        *ret_client = asker->client;
        return E_OK;
    }
    asker = calloc(1, sizeof *asker);
    if (!asker) return err_set(err, E_NO_MEMORY, NULL);
    snprintf(asker->group, sizeof asker->group, "%s", group);
    int rc = kafka_conf_create(bus, own, fixed, &conf, err);
    if (rc == E_OK) rc = kafka_client_create(RD_KAFKA_CONSUMER, conf, &asker->client, err);
    if (rc) {
        free(asker);
        return rc;
    }
    asker->next = bus->askers;
    *ret_client = asker->client;
    bus->askers = asker;
    return E_OK;
}

void kafka_lag_close(struct kafka_bus *bus)
{
    while (bus->askers) {
        struct kafka_asker *asker = bus->askers;
        bus->askers = asker->next;
        rd_kafka_destroy_flags(asker->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        free(asker);
    }
}

static int ask_committed(rd_kafka_t *client, const char *topic, uint32_t count,
                         rd_kafka_topic_partition_list_t **ret_list, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = partitions_at(topic, count, RD_KAFKA_OFFSET_INVALID);
    return answered(rd_kafka_committed(client, list, LAG_MS), topic, list, ret_list, err);
}

/* --- lag ------------------------------------------------------------------------------------- */

int64_t kafka_offset_in(const rd_kafka_topic_partition_list_t *list, int32_t partition)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].partition == partition) return list->elems[i].offset;
    return RD_KAFKA_OFFSET_INVALID;
}

static struct bus_lag lag_of(const rd_kafka_topic_partition_list_t *first,
                             const rd_kafka_topic_partition_list_t *next,
                             const rd_kafka_topic_partition_list_t *committed)
{
    struct bus_lag lag = {0};
    for (int i = 0; i < next->cnt; i++) {
        int32_t partition = next->elems[i].partition;
        int64_t end = next->elems[i].offset, from = kafka_offset_in(first, partition),
                done = kafka_offset_in(committed, partition);
        if (done > from) from = done;
        if (end > 0) lag.written += (uint64_t)end;
        if (end > from && from >= 0) lag.records += (uint64_t)(end - from);
    }
    return lag;
}

static int ask(struct kafka_bus *bus, const char *group, enum topic topic, struct bus_lag *ret_lag,
               struct err *err)
{
    const char *name = bus->topics[topic];
    rd_kafka_topic_partition_list_t *first = NULL, *next = NULL, *committed = NULL;
    uint32_t count = 0;
    rd_kafka_t *client = NULL;
    int rc = asker_of(bus, group, &client, err);
    if (rc == E_OK) rc = kafka_partition_count(client, name, LAG_MS, &count, err);
    /* The ends last: what was committed meanwhile must not seem to lie beyond them. */
    if (rc == E_OK) rc = ask_committed(client, name, count, &committed, err);
    if (rc == E_OK)
        rc = kafka_ends(client, name, count, RD_KAFKA_OFFSET_BEGINNING, LAG_MS, &first, err);
    if (rc == E_OK)
        rc = kafka_ends(client, name, count, RD_KAFKA_OFFSET_END, LAG_MS, &next, err);
    if (rc == E_OK) *ret_lag = lag_of(first, next, committed);
    if (first) rd_kafka_topic_partition_list_destroy(first);
    if (next) rd_kafka_topic_partition_list_destroy(next);
    if (committed) rd_kafka_topic_partition_list_destroy(committed);
    return rc;
}

int kafka_lag(struct bus *base, const char *group, enum topic topic, struct bus_lag *ret_lag,
              struct err *err)
{
    struct kafka_bus *bus = kafka_bus_of(base);
    char full[KAFKA_NAME_MAX + 1]; /* groups have the topics' prefix, too */
    int size = snprintf(full, sizeof full, "%s%s", bus->options.topic_prefix, group);
    if (size < 0 || (size_t)size >= sizeof full)
        return err_set(err, E_BAD_CONFIG, "the name of group %s is too long", group);
    pthread_mutex_lock(&bus->lag_lock);
    int rc = ask(bus, full, topic, ret_lag, err);
    pthread_mutex_unlock(&bus->lag_lock);
    return rc;
}
