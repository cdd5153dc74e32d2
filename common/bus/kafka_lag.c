/* How far a group is behind, whoever asks: its committed offsets against both ends of each
 * partition. Three requests; the group isn't joined. Needs Describe on the group and the topic. */
#include "bus/kafka.h"

#include <stdio.h>

enum { LAG_MS = 3000 };

static rd_kafka_topic_partition_list_t *partitions_at(const char *topic, uint32_t count,
                                                      int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (uint32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, (int32_t)i)->offset = offset;
    return list;
}

/* The first error of a list that a broker has filled in. */
static int check_list(const rd_kafka_topic_partition_list_t *list, const char *what,
                      struct err *err)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err) return kafka_error(list->elems[i].err, what, NULL, err);
    return E_OK;
}

/* `end` is RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END, as a "time". */
static int ask_ends(rd_kafka_t *client, const char *topic, uint32_t count, int64_t end,
                    rd_kafka_topic_partition_list_t **ret_list, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = partitions_at(topic, count, end);
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client, list, LAG_MS);
    int rc = code ? kafka_error(code, topic, NULL, err) : check_list(list, topic, err);
    if (rc)
        rd_kafka_topic_partition_list_destroy(list);
    else
        *ret_list = list;
    return rc;
}

/* --- what is committed ----------------------------------------------------------------------- */

static int read_committed(rd_kafka_event_t *event, const char *group,
                          rd_kafka_topic_partition_list_t **ret_list, struct err *err)
{
    size_t count = 0;
    if (!event) return err_set(err, E_UNAVAILABLE, "no answer about group %s", group);
    if (rd_kafka_event_error(event))
        return kafka_error(rd_kafka_event_error(event), group, rd_kafka_event_error_string(event),
                           err);
    const rd_kafka_ListConsumerGroupOffsets_result_t *result =
        rd_kafka_event_ListConsumerGroupOffsets_result(event);
    const rd_kafka_group_result_t **groups =
        result ? rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count) : NULL;
    if (count != 1) return err_set(err, E_UPSTREAM, "the broker's answer makes no sense");
    const rd_kafka_error_t *error = rd_kafka_group_result_error(groups[0]);
    if (error)
        return kafka_error(rd_kafka_error_code(error), group, rd_kafka_error_string(error), err);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(groups[0]);
    int rc = check_list(list, group, err);
    if (rc == E_OK) *ret_list = rd_kafka_topic_partition_list_copy(list);
    return rc;
}

static int ask_committed(rd_kafka_t *client, const char *group, const char *topic, uint32_t count,
                         rd_kafka_topic_partition_list_t **ret_list, struct err *err)
{
    char text[256];
    rd_kafka_topic_partition_list_t *wanted = partitions_at(topic, count, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_ListConsumerGroupOffsets_t *request = rd_kafka_ListConsumerGroupOffsets_new(group, wanted);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_AdminOptions_set_request_timeout(options, LAG_MS, text, sizeof text);
    rd_kafka_ListConsumerGroupOffsets(client, &request, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, LAG_MS + 1000);
    int rc = read_committed(event, group, ret_list, err);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    rd_kafka_topic_partition_list_destroy(wanted);
    return rc;
}

/* --- lag ------------------------------------------------------------------------------------- */

static int64_t offset_in(const rd_kafka_topic_partition_list_t *list,
                         const rd_kafka_topic_partition_t *partition)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].partition == partition->partition) return list->elems[i].offset;
    return RD_KAFKA_OFFSET_INVALID;
}

static struct bus_lag lag_of(const rd_kafka_topic_partition_list_t *first,
                             const rd_kafka_topic_partition_list_t *next,
                             const rd_kafka_topic_partition_list_t *committed)
{
    struct bus_lag lag = {0};
    for (int i = 0; i < next->cnt; i++) {
        int64_t end = next->elems[i].offset, from = offset_in(first, &next->elems[i]),
                done = offset_in(committed, &next->elems[i]);
        if (done > from) from = done;
        if (end > 0) lag.written += (uint64_t)end;
        if (end > from && from >= 0) lag.records += (uint64_t)(end - from);
    }
    return lag;
}

int kafka_lag(struct bus *base, const char *group, enum topic topic, struct bus_lag *ret_lag,
              struct err *err)
{
    struct kafka_bus *bus = kafka_bus_of(base);
    const char *name = bus->topics[topic];
    char full[KAFKA_NAME_MAX + 1]; /* groups have the topics' prefix, too */
    rd_kafka_topic_partition_list_t *first = NULL, *next = NULL, *committed = NULL;
    uint32_t count = 0;
    rd_kafka_t *client;
    int size = snprintf(full, sizeof full, "%s%s", bus->options.topic_prefix, group);
    if (size < 0 || (size_t)size >= sizeof full)
        return err_set(err, E_BAD_CONFIG, "the name of group %s is too long", group);
    int rc = kafka_admin_client(bus, &client, err);
    if (rc == E_OK) rc = kafka_partition_count(client, name, LAG_MS, &count, err);
    /* The ends last: what was committed meanwhile must not seem to lie beyond them. */
    if (rc == E_OK) rc = ask_committed(client, full, name, count, &committed, err);
    if (rc == E_OK) rc = ask_ends(client, name, count, RD_KAFKA_OFFSET_BEGINNING, &first, err);
    if (rc == E_OK) rc = ask_ends(client, name, count, RD_KAFKA_OFFSET_END, &next, err);
    if (rc == E_OK) *ret_lag = lag_of(first, next, committed);
    if (first) rd_kafka_topic_partition_list_destroy(first);
    if (next) rd_kafka_topic_partition_list_destroy(next);
    if (committed) rd_kafka_topic_partition_list_destroy(committed);
    return rc;
}
