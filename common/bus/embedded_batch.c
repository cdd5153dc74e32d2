/* What a poll of the embedded bus brings.
 *
 * A batch is a read transaction and views into its snapshot: nothing is copied, and nothing
 * moves while it is held. Held batches keep the file from reusing what was deleted since,
 * so they should be short. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "bus/embedded.h"

/* Of one partition in a batch, at least. */
enum { SHARE_RECORDS = 64, SHARE_BYTES = 64 * 1024 };

struct embedded_batch {
    struct embedded_batch *next;
    MDB_txn *txn; /* rests while the batch is idle */
    struct bus_message *messages;
    uint32_t count;
    size_t capacity;
    struct bus_header *headers;
    size_t header_count, header_capacity;
    size_t bytes;
};

void embedded_free_batches(struct embedded_consumer *consumer)
{
    while (consumer->idle) {
        struct embedded_batch *batch = consumer->idle;
        consumer->idle = batch->next;
        if (batch->txn) mdb_txn_abort(batch->txn);
        free(batch->messages);
        free(batch->headers);
        free(batch);
    }
}

static int open_batch(struct embedded_consumer *consumer, struct embedded_batch **ret_batch,
                      struct err *err)
{
    struct embedded_batch *batch = consumer->idle;
    if (consumer->batches_open == EMBEDDED_BATCHES_MAX)
        return err_set(err, E_BUSY, "%d batches are held already", EMBEDDED_BATCHES_MAX);
    if (!batch && !(batch = calloc(1, sizeof *batch))) return err_set(err, E_NO_MEMORY, NULL);
    if (batch == consumer->idle) consumer->idle = batch->next;
    int rc = environment_read(consumer->environment, &batch->txn, err);
    if (rc) {
        batch->next = consumer->idle;
        consumer->idle = batch;
        return rc;
    }
    environment_forget(consumer->environment, consumer->read_bytes); /* it was worked off */
    consumer->read_bytes = 0;
    batch->count = 0;
    batch->header_count = batch->bytes = 0;
    consumer->batches_open++;
    *ret_batch = batch;
    return E_OK;
}

static void close_batch(struct embedded_consumer *consumer, struct embedded_batch *batch)
{
    environment_rest(consumer->environment, batch->txn);
    batch->next = consumer->idle;
    consumer->idle = batch;
    consumer->batches_open--;
}

static bool make_room(struct embedded_batch *batch)
{
    return array_fits(&batch->messages, &batch->capacity, batch->count + 1,
                      sizeof *batch->messages) &&
           array_fits(&batch->headers, &batch->header_capacity,
                      batch->header_count + BUS_HEADERS_MAX, sizeof *batch->headers);
}

static int add_message(struct embedded_batch *batch, struct owned_partition *from, MDB_val key,
                       MDB_val value, struct err *err)
{
    size_t offset;
    if (!make_room(batch)) return err_set(err, E_NO_MEMORY, NULL);
    struct bus_message *message = &batch->messages[batch->count];
    bool valid = key.mv_size == sizeof offset &&
                 stored_read(str_make(value.mv_data, value.mv_size), message,
                             batch->headers + batch->header_count);
    if (valid) {
        memcpy(&offset, key.mv_data, sizeof offset);
        valid = (int64_t)offset == from->position;
    }
    if (!valid)
        return err_set(err, E_IO, "the bus is damaged: %s/%u at %lld",
                       topic_info(from->topic)->name, from->partition, (long long)from->position);
    message->topic = from->topic;
    message->partition = from->partition;
    message->offset = from->position++;
    batch->header_count += message->header_count;
    batch->bytes += message->value.size;
    batch->count++;
    return E_OK;
}

/* Reads one partition until the batch has `records` messages or `bytes` of values. */
static int read_run(struct embedded_consumer *consumer, struct embedded_batch *batch,
                    struct owned_partition *from, uint32_t records, size_t bytes, struct err *err)
{
    const struct partition_handle *handle =
        &consumer->environment->topic[from->topic].partitions[from->partition];
    size_t offset = (size_t)from->position;
    MDB_val key = mdb_value(&offset, sizeof offset), value;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(batch->txn, handle->messages, &cursor);
    if (rc) return environment_error(rc, handle->key, err);
    MDB_cursor_op step = MDB_SET_KEY;
    while (from->position < from->end && batch->count < records &&
           (batch->bytes < bytes || batch->count == 0)) {
        rc = mdb_cursor_get(cursor, &key, &value, step);
        if (rc) {
            rc = environment_error(rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc, handle->key, err);
            break;
        }
        rc = add_message(batch, from, key, value, err);
        if (rc) break;
        step = MDB_NEXT;
    }
    mdb_cursor_close(cursor);
    return rc;
}

/* Where each partition ends in this snapshot; *ret_ready counts those with something to read. */
static int look_at_ends(struct embedded_consumer *consumer, MDB_txn *txn, uint32_t *ret_ready,
                        struct err *err)
{
    *ret_ready = 0;
    for (size_t i = 0; i < consumer->owned_count; i++) {
        struct owned_partition *at = &consumer->owned[i];
        struct partition_state state;
        int rc = partition_read_state(consumer->environment, txn, at->topic, at->partition, &state,
                                      err);
        if (rc) return rc;
        if (at->position < state.first) {
            consumer->missed += (uint64_t)(state.first - at->position);
            at->position = state.first;
        }
        at->end = state.next;
        *ret_ready += at->position < at->end;
    }
    return E_OK;
}

/* First an equal share from each partition, then whatever there is. Under a backlog a share has
 * some size: what lies side by side is read in one go, as each spot of the map costs a fault and
 * memory. The next batch begins where this one ended. */
static int fill(struct embedded_consumer *consumer, struct embedded_batch *batch,
                uint32_t max_records, size_t max_bytes, struct err *err)
{
    uint32_t ready, share;
    int rc = look_at_ends(consumer, batch->txn, &ready, err);
    if (rc || ready == 0) return rc;
    share = max_records / ready > SHARE_RECORDS ? max_records / ready : SHARE_RECORDS;
    size_t share_bytes = max_bytes / ready > SHARE_BYTES ? max_bytes / ready : SHARE_BYTES;
    size_t count = consumer->owned_count, step = 0;
    for (; step < 2 * count && batch->count < max_records && batch->bytes < max_bytes; step++) {
        struct owned_partition *from = &consumer->owned[(consumer->turn + step) % count];
        uint32_t records =
            step < count && share < max_records - batch->count ? batch->count + share : max_records;
        size_t bytes = step < count && share_bytes < max_bytes - batch->bytes
                           ? batch->bytes + share_bytes + 1
                           : max_bytes;
        if (from->position >= from->end) continue;
        rc = read_run(consumer, batch, from, records, bytes, err);
        if (rc) return rc;
    }
    consumer->turn = (consumer->turn + (step < count ? step : 1)) % count;
    size_t headers = 0; /* their array may have moved while it grew */
    for (uint32_t i = 0; i < batch->count; i++) {
        batch->messages[i].headers = batch->headers + headers;
        headers += batch->messages[i].header_count;
    }
    return E_OK;
}

/* What a batch took is to be read again. */
static void put_back(struct embedded_consumer *consumer, const struct embedded_batch *batch)
{
    for (uint32_t i = batch->count; i-- > 0;) {
        int index = consumer_find(consumer, batch->messages[i].topic, batch->messages[i].partition);
        if (index >= 0) consumer->owned[index].position = batch->messages[i].offset;
    }
}

int embedded_read_batch(struct embedded_consumer *consumer, uint32_t max_records, size_t max_bytes,
                        struct bus_batch *ret_batch, struct err *err)
{
    struct embedded_batch *batch = NULL;
    int rc = open_batch(consumer, &batch, err);
    if (rc) return rc;
    rc = fill(consumer, batch, max_records, max_bytes, err);
    consumer->read_bytes = batch->bytes;
    if (rc) put_back(consumer, batch);
    else if (batch->count == 0) consumer->emptied_at = mdb_txn_id(batch->txn);
    if (rc || batch->count == 0) {
        close_batch(consumer, batch);
        return rc;
    }
    *ret_batch = (struct bus_batch){batch->messages, batch->count, batch};
    return E_OK;
}

void embedded_release(struct bus_consumer *base, struct bus_batch *batch)
{
    if (batch->handle) close_batch((struct embedded_consumer *)base, batch->handle);
}
