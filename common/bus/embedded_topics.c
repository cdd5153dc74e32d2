/* Topics of the embedded bus: a record each, and one database per partition.
 *
 * Databases are named, not numbered ("feedback/3"), so that the order of schemas/topics.def
 * may change. LMDB wants handles to be opened while no other transaction begins:
 * that is what the gate is for. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/embedded.h"

/* Values of the database `topics`; keys are the topics' names. */
struct topic_record {
    uint32_t partitions, unused;
    int64_t retention_ms;
    uint64_t retention_bytes;
};

static int open_partition(MDB_txn *txn, enum topic topic, uint32_t number, unsigned flags,
                          struct partition_handle *handle, struct err *err)
{
    int size = snprintf(handle->key, sizeof handle->key, "%s/%u", topic_info(topic)->name, number);
    assert(size > 0 && (size_t)size < sizeof handle->key);
    handle->key_size = (uint32_t)size;
    int rc = mdb_dbi_open(txn, handle->key, MDB_INTEGERKEY | flags, &handle->messages);
    return rc ? environment_error(rc, handle->key, err) : E_OK;
}

/* Handles of all partitions; they become usable when the transaction is committed. */
static int open_partitions(MDB_txn *txn, enum topic topic, uint32_t count, unsigned flags,
                           struct partition_handle **ret_handles, struct err *err)
{
    if (count == 0 || count > EMBEDDED_PARTITIONS_MAX)
        return err_set(err, E_BAD_CONFIG,
                       "topic %s can't have %u partitions; on the embedded bus 1 to %d",
                       topic_info(topic)->name, count, EMBEDDED_PARTITIONS_MAX);
    struct partition_handle *handles = calloc(count, sizeof *handles);
    if (!handles) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < count; i++) {
        int rc = open_partition(txn, topic, i, flags, &handles[i], err);
        if (rc) {
            free(handles);
            return rc;
        }
    }
    *ret_handles = handles;
    return E_OK;
}

static void make_known(struct environment *environment, enum topic topic,
                       const struct topic_record *record, struct partition_handle *handles)
{
    struct topic_handle *handle = &environment->topic[topic];
    handle->retention_ms = record->retention_ms;
    handle->retention_bytes = record->retention_bytes;
    handle->partitions = handles;
    atomic_store_explicit(&handle->partition_count, record->partitions, memory_order_release);
}

static int read_record(struct environment *environment, MDB_txn *txn, enum topic topic,
                       struct topic_record *record, bool *ret_found, struct err *err)
{
    const char *name = topic_info(topic)->name;
    return environment_get(txn, environment->topics, name, strlen(name), record, sizeof *record,
                           ret_found, err);
}

/* The gate is closed. */
static int load_topics(struct environment *environment, struct err *err)
{
    struct topic_record records[TOPIC_COUNT] = {0};
    struct partition_handle *handles[TOPIC_COUNT] = {0};
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(environment->mdb, NULL, MDB_RDONLY, &txn);
    if (rc) return environment_error(rc, "bus", err);
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++) {
        bool found;
        if (environment_partitions(environment, (enum topic)i)) continue;
        rc = read_record(environment, txn, (enum topic)i, &records[i], &found, err);
        if (rc == E_OK && found)
            rc = open_partitions(txn, (enum topic)i, records[i].partitions, 0, &handles[i], err);
    }
    if (rc) mdb_txn_abort(txn);
    else if ((rc = mdb_txn_commit(txn)) != 0) rc = environment_error(rc, "bus", err);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        if (rc) free(handles[i]);
        else if (handles[i]) make_known(environment, (enum topic)i, &records[i], handles[i]);
    }
    return rc;
}

int environment_load_topics(struct environment *environment, struct err *err)
{
    pthread_rwlock_wrlock(&environment->gate);
    int rc = load_topics(environment, err);
    pthread_rwlock_unlock(&environment->gate);
    return rc;
}

/* The gate is closed. */
static int create_topic(struct environment *environment, enum topic topic,
                        const struct topic_record *wanted, bool *ret_created, struct err *err)
{
    struct topic_record record;
    struct partition_handle *handles = NULL;
    const struct partition_state empty = {0};
    const char *name = topic_info(topic)->name;
    bool found;
    MDB_txn *txn;
    int rc = mdb_txn_begin(environment->mdb, NULL, 0, &txn);
    if (rc) return environment_error(rc, name, err);
    rc = read_record(environment, txn, topic, &record, &found, err);
    if (rc || found) {
        mdb_txn_abort(txn);
        return rc ? rc : load_topics(environment, err); /* another process created it */
    }
    rc = environment_put(txn, environment->topics, name, strlen(name), wanted, sizeof *wanted, err);
    if (rc == E_OK) rc = open_partitions(txn, topic, wanted->partitions, MDB_CREATE, &handles, err);
    for (uint32_t i = 0; i < wanted->partitions && rc == E_OK; i++)
        rc = environment_put(txn, environment->states, handles[i].key, handles[i].key_size, &empty,
                             sizeof empty, err);
    if (rc) mdb_txn_abort(txn);
    else if ((rc = mdb_txn_commit(txn)) != 0) rc = environment_error(rc, name, err);
    if (rc) {
        free(handles);
        return rc;
    }
    make_known(environment, topic, wanted, handles);
    *ret_created = true;
    return E_OK;
}

int environment_create_topic(struct environment *environment, enum topic topic,
                             const struct bus_topic_settings *settings, bool *ret_created,
                             struct err *err)
{
    const struct topic_info *info = topic_info(topic);
    const struct topic_record record = {
        .partitions = settings->partitions ? settings->partitions : info->partitions,
        .retention_ms = settings->retention_ms ? settings->retention_ms : info->retention_ms,
        .retention_bytes = settings->retention_bytes,
    };
    bool created = false;
    int rc = E_OK;
    pthread_rwlock_wrlock(&environment->gate);
    if (environment_partitions(environment, topic) == 0)
        rc = create_topic(environment, topic, &record, &created, err);
    pthread_rwlock_unlock(&environment->gate);
    if (rc) return rc;
    if (created) live_publish(environment, NULL, true);
    *ret_created = created;
    return E_OK;
}

int partition_read_state(struct environment *environment, MDB_txn *txn, enum topic topic,
                         uint32_t partition, struct partition_state *ret_state, struct err *err)
{
    const struct partition_handle *handle = &environment->topic[topic].partitions[partition];
    struct partition_state state = {0};
    bool found;
    int rc = environment_get(txn, environment->states, handle->key, handle->key_size, &state,
                             sizeof state, &found, err);
    if (rc) return rc;
    if (!found || state.first < 0 || state.next < state.first)
        return err_set(err, E_IO, "the bus is damaged: state of %s", handle->key);
    *ret_state = state;
    return E_OK;
}

int partition_write_state(struct environment *environment, MDB_txn *txn, enum topic topic,
                          uint32_t partition, const struct partition_state *state, struct err *err)
{
    const struct partition_handle *handle = &environment->topic[topic].partitions[partition];
    return environment_put(txn, environment->states, handle->key, handle->key_size, state,
                           sizeof *state, err);
}
