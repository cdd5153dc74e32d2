/* How far a group is behind, whoever asks: its positions against the ends, in one snapshot. */
#include <stdio.h>

#include "bus/embedded.h"

/* As embedded_group.c writes them: the group, a NUL, and the partition's key. */
static size_t position_key(const char *group, const struct partition_handle *handle, char *room,
                           size_t size)
{
    int group_size = snprintf(room, size, "%s", group) + 1;
    memcpy(room + group_size, handle->key, handle->key_size);
    return (size_t)group_size + handle->key_size;
}

static int add_partition(struct environment *environment, MDB_txn *txn, const char *group,
                         enum topic topic, uint32_t partition, struct bus_lag *lag, struct err *err)
{
    char key[EMBEDDED_NAME_MAX + 1 + EMBEDDED_PARTITION_KEY];
    struct partition_state state;
    struct group_position position;
    bool found;
    size_t key_size = position_key(group, &environment->topic[topic].partitions[partition], key,
                                   sizeof key);
    int rc = partition_read_state(environment, txn, topic, partition, &state, err);
    if (rc == E_OK)
        rc = environment_get(txn, environment->positions, key, key_size, &position, sizeof position,
                             &found, err);
    if (rc) return rc;
    int64_t from = found && position.offset > state.first ? position.offset : state.first;
    lag->written += (uint64_t)state.next;
    if (state.next > from) lag->records += (uint64_t)(state.next - from);
    return E_OK;
}

int embedded_lag(struct bus *base, const char *group, enum topic topic, struct bus_lag *ret_lag,
                 struct err *err)
{
    struct environment *environment = ((struct embedded_bus *)base)->environment;
    struct bus_lag lag = {0};
    MDB_txn *txn = NULL;
    if (strlen(group) > EMBEDDED_NAME_MAX)
        return err_set(err, E_BAD_CONFIG, "the name of a group has 1 to %d bytes",
                       EMBEDDED_NAME_MAX);
    int rc = environment_partitions(environment, topic) ? E_OK
                                                        : environment_load_topics(environment, err);
    uint32_t count = environment_partitions(environment, topic);
    if (rc) return rc;
    if (count == 0) return err_set(err, E_NOT_FOUND, "topic %s", topic_info(topic)->name);
    rc = environment_read(environment, &txn, err);
    if (rc) return rc;
    for (uint32_t i = 0; i < count && rc == E_OK; i++)
        rc = add_partition(environment, txn, group, topic, i, &lag, err);
    environment_abort(environment, txn);
    if (rc == E_OK) *ret_lag = lag;
    return rc;
}
