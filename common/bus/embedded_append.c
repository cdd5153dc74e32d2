/* Messages into an open write transaction, at the ends of their partitions. */
#include <stdlib.h>

#include "base/array.h"
#include "bus/embedded.h"

/* What a message costs in pages: small ones share them, large ones have pages of their own. */
static uint64_t pages_needed(const struct environment *environment, size_t bytes)
{
    const uint64_t page = environment->page_bytes;
    return bytes + 16 > page / 2 ? (bytes + 16 + page - 1) / page : 0;
}

void appender_deinit(struct appender *appender)
{
    for (int i = 0; i < TOPIC_COUNT; i++) free(appender->slots[i]);
    free(appender->touched);
    *appender = (struct appender){0};
}

static int check_output(const struct bus_output *output, struct err *err)
{
    if (output->key.size > BUS_KEY_BYTES_MAX)
        return err_set(err, E_TOO_LARGE, "key of %zu bytes", output->key.size);
    if (output->header_count > BUS_HEADERS_MAX)
        return err_set(err, E_TOO_LARGE, "%u headers", output->header_count);
    size_t size = output->value.size;
    for (uint32_t i = 0; i < output->header_count && size <= EMBEDDED_MESSAGE_MAX; i++) {
        const struct bus_header *header = &output->headers[i];
        if (header->name.size > UINT16_MAX || header->value.size > EMBEDDED_MESSAGE_MAX)
            return err_set(err, E_TOO_LARGE, "header %u", i);
        size += header->name.size + header->value.size;
    }
    if (size > EMBEDDED_MESSAGE_MAX) return err_set(err, E_TOO_LARGE, "message of %zu bytes", size);
    return E_OK;
}

int appender_check(const struct bus_output *outputs, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = check_output(&outputs[i], err);
        if (rc) return rc;
    }
    return E_OK;
}

/* A topic that isn't there yet is created as the options and the table of topics say. */
static int ensure_topic(struct environment *environment, enum topic topic,
                        const struct bus_options *options, struct err *err)
{
    bool created;
    if (environment_partitions(environment, topic)) return E_OK;
    const struct bus_topic_settings settings = {
        .partitions = options->partitions, .retention_ms = options->retention,
        .retention_bytes = options->retention_bytes};
    return environment_create_topic(environment, topic, &settings, &created, err);
}

int appender_prepare(struct environment *environment, const struct bus_output *outputs,
                     size_t count, const struct bus_options *options, uint64_t *pages,
                     struct err *err)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        int rc = ensure_topic(environment, outputs[i].topic, options, err);
        if (rc) return rc;
        size_t size = stored_size(&outputs[i]);
        uint64_t own = pages_needed(environment, size);
        *pages += own;
        bytes += own ? 32 : size + 32;
    }
    /* A quarter more for what doesn't fill its page, and some for the trees above. */
    *pages += bytes / environment->page_bytes * 5 / 4 + 16;
    return E_OK;
}

void appender_begin(struct appender *appender)
{
    appender->stamp++;
    appender->touched_count = 0;
    for (int i = 0; i < TOPIC_COUNT; i++) appender->added[i] = 0;
}

/* The partition's state as this transaction has it. */
static int touch(struct appender *appender, struct environment *environment, MDB_txn *txn,
                 enum topic topic, uint32_t partition, struct appender_slot **ret_slot,
                 struct err *err)
{
    if (!appender->slots[topic])
        appender->slots[topic] = calloc(environment_partitions(environment, topic),
                                        sizeof *appender->slots[topic]);
    if (!appender->slots[topic] ||
        !array_fits(&appender->touched, &appender->touched_capacity, appender->touched_count + 1,
                    sizeof *appender->touched))
        return err_set(err, E_NO_MEMORY, NULL);
    struct appender_slot *slot = &appender->slots[topic][partition];
    if (slot->stamp != appender->stamp) {
        int rc = partition_read_state(environment, txn, topic, partition, &slot->state, err);
        if (rc) return rc;
        slot->stamp = appender->stamp;
        appender->touched[appender->touched_count++] = (struct touched){topic, partition};
    }
    *ret_slot = slot;
    return E_OK;
}

static int append(struct environment *environment, MDB_txn *txn, const struct bus_output *output,
                  uint32_t partition, struct partition_state *state, int64_t wall_ms,
                  struct err *err)
{
    const struct partition_handle *handle =
        &environment->topic[output->topic].partitions[partition];
    size_t offset = (size_t)state->next;
    MDB_val key = mdb_value(&offset, sizeof offset), room = mdb_value(NULL, stored_size(output));
    int rc = mdb_put(txn, handle->messages, &key, &room, MDB_APPEND | MDB_RESERVE);
    if (rc == MDB_KEYEXIST)
        return err_set(err, E_IO, "the bus is damaged: %s reaches beyond its end", handle->key);
    if (rc) return environment_error(rc, handle->key, err);
    stored_write(room.mv_data, output, wall_ms);
    state->next++;
    state->bytes += room.mv_size;
    return E_OK;
}

int appender_add(struct appender *appender, struct environment *environment, MDB_txn *txn,
                 const struct bus_output *outputs, size_t count, int64_t wall_ms, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct bus_output *output = &outputs[i];
        struct appender_slot *slot = NULL;
        uint32_t partitions = environment_partitions(environment, output->topic);
        uint32_t partition = output->key.size ? bus_partition_of(output->key, partitions)
                                              : (uint32_t)(appender->turn++ % partitions);
        int rc = touch(appender, environment, txn, output->topic, partition, &slot, err);
        if (rc == E_OK)
            rc = append(environment, txn, output, partition, &slot->state, wall_ms, err);
        if (rc) return rc;
        appender->added[output->topic]++;
    }
    return E_OK;
}

int appender_finish(struct appender *appender, struct environment *environment, MDB_txn *txn,
                    int64_t wall_ms, struct err *err)
{
    for (size_t i = 0; i < appender->touched_count; i++) {
        const struct touched *at = &appender->touched[i];
        struct partition_state *state = &appender->slots[at->topic][at->partition].state;
        uint64_t budget = appender->added[at->topic] * 2 + 64; /* faster than it grows */
        int rc = retention_trim(environment, txn, at->topic, at->partition, state, wall_ms, false,
                                &budget, err);
        if (rc == E_OK)
            rc = partition_write_state(environment, txn, at->topic, at->partition, state, err);
        if (rc) return rc;
    }
    return E_OK;
}
