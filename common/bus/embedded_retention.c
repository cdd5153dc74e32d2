/* The oldest messages out, by age and by size, and whether there is room for more.
 *
 * Size is kept by every commit for the partitions that it writes to; age by sweeps over all
 * partitions, every few seconds of commits, and by the watcher when nobody commits.
 * A reader that still holds a deleted message keeps it: LMDB reuses its pages when the reader
 * has gone. Age counts from when a message was written, not from its own timestamp, so that old
 * feedback may be sent today.
 *
 * When the wall clock leaps (it is set, or the machine slept) all that lies here may be too old at
 * once, also what nobody could read: so a leap counts an hour later, which is time to read it. */
#include <string.h>

#include "bus/embedded.h"

static bool over_size(const struct environment *environment, enum topic topic,
                      const struct partition_state *state)
{
    uint64_t limit = environment->topic[topic].retention_bytes;
    return limit && state->bytes > limit && state->next - state->first > 1; /* the newest stays */
}

static bool over_age(const struct environment *environment, enum topic topic, MDB_val value,
                     int64_t wall_ms)
{
    int64_t retention_ms = environment->topic[topic].retention_ms, timestamp_ms, written_ms;
    if (retention_ms <= 0 ||
        !stored_times(str_make(value.mv_data, value.mv_size), &timestamp_ms, &written_ms))
        return false;
    return written_ms < wall_ms - retention_ms;
}

static int trim_cursor(struct environment *environment, MDB_cursor *cursor, enum topic topic,
                       struct partition_state *state, int64_t wall_ms, bool age, uint64_t *budget)
{
    MDB_val key, value;
    int rc = 0;
    while (*budget > 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST)) == 0) {
        size_t offset;
        if (key.mv_size != sizeof offset) return MDB_CORRUPTED;
        if (!over_size(environment, topic, state) &&
            !(age && over_age(environment, topic, value, wall_ms)))
            return 0;
        memcpy(&offset, key.mv_data, sizeof offset);
        if ((int64_t)offset < state->first || (int64_t)offset >= state->next ||
            value.mv_size > state->bytes)
            return MDB_CORRUPTED;
        state->first = (int64_t)offset + 1;
        state->bytes -= value.mv_size;
        if ((rc = mdb_cursor_del(cursor, 0)) != 0) return rc;
        --*budget;
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int retention_trim(struct environment *environment, MDB_txn *txn, enum topic topic,
                   uint32_t partition, struct partition_state *state, int64_t wall_ms, bool age,
                   uint64_t *budget, struct err *err)
{
    const struct partition_handle *handle = &environment->topic[topic].partitions[partition];
    MDB_cursor *cursor;
    if (!age && !over_size(environment, topic, state)) return E_OK;
    int rc = mdb_cursor_open(txn, handle->messages, &cursor);
    if (rc) return environment_error(rc, handle->key, err);
    rc = trim_cursor(environment, cursor, topic, state, wall_ms, age, budget);
    mdb_cursor_close(cursor);
    return rc ? environment_error(rc, handle->key, err) : E_OK;
}

/* --- sweep ---------------------------------------------------------------------------------- */

static int is_due(struct environment *environment, MDB_txn *txn, enum topic topic,
                  uint32_t partition, int64_t wall_ms, bool *ret_due, struct err *err)
{
    struct partition_state state;
    MDB_val key, value;
    int rc = partition_read_state(environment, txn, topic, partition, &state, err);
    *ret_due = false;
    if (rc || state.first == state.next) return rc;
    size_t offset = (size_t)state.first;
    key = mdb_value(&offset, sizeof offset);
    rc = mdb_get(txn, environment->topic[topic].partitions[partition].messages, &key, &value);
    if (rc) return environment_error(rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc, "retention", err);
    *ret_due = over_size(environment, topic, &state) ||
               over_age(environment, topic, value, wall_ms);
    return E_OK;
}

static int find_due(struct environment *environment, MDB_txn *txn, int64_t wall_ms, bool *ret_due,
                    struct err *err)
{
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        uint32_t count = environment_partitions(environment, (enum topic)topic);
        for (uint32_t partition = 0; partition < count; partition++) {
            int rc = is_due(environment, txn, (enum topic)topic, partition, wall_ms, ret_due, err);
            if (rc || *ret_due) return rc;
        }
    }
    return E_OK;
}

static int sweep(struct environment *environment, MDB_txn *txn, int64_t wall_ms, struct err *err)
{
    uint64_t budget = EMBEDDED_SWEEP_RECORDS;
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        uint32_t count = environment_partitions(environment, (enum topic)topic);
        for (uint32_t partition = 0; partition < count && budget; partition++) {
            struct partition_state state;
            int rc = partition_read_state(environment, txn, (enum topic)topic, partition, &state,
                                          err);
            if (rc) return rc;
            int64_t first = state.first;
            rc = retention_trim(environment, txn, (enum topic)topic, partition, &state, wall_ms,
                                true, &budget, err);
            if (rc == E_OK && state.first != first)
                rc = partition_write_state(environment, txn, (enum topic)topic, partition, &state,
                                           err);
            if (rc) return rc;
        }
    }
    return E_OK;
}

int retention_sweep(struct environment *environment, struct err *err)
{
    MDB_txn *txn = NULL;
    bool due = false;
    int64_t wall_ms = atomic_load(&environment->age_wall_ms);
    int rc = environment_read(environment, &txn, err);
    if (rc) return rc;
    rc = find_due(environment, txn, wall_ms, &due, err);
    environment_abort(environment, txn);
    if (rc || !due) return rc;
    rc = environment_write(environment, &txn, err);
    if (rc) return rc;
    rc = sweep(environment, txn, wall_ms, err);
    if (rc == E_OK) return environment_commit(environment, txn, "retention", err);
    environment_abort(environment, txn);
    return rc;
}

void retention_tell_time(struct environment *environment, const struct clock *clock)
{
    enum { LEAP_MS = 3600000 };
    int64_t wall_ms = clock_wall_ms(clock), now_ms = clock_mono_ms(clock);
    int64_t lead_ms = wall_ms - now_ms;
    int64_t before_ms = atomic_exchange(&environment->lead_ms, lead_ms);
    bool leaps = now_ms < atomic_load(&environment->leap_until_ms);
    int64_t leap_ms = leaps ? atomic_load(&environment->leap_ms) : 0;
    if (before_ms && lead_ms - before_ms > LEAP_MS) {
        leap_ms += lead_ms - before_ms;
        atomic_store(&environment->leap_ms, leap_ms);
        atomic_store(&environment->leap_until_ms, now_ms + LEAP_MS);
    }
    atomic_store(&environment->age_wall_ms, wall_ms - leap_ms);
}

/* One caller wins the right to do what is due; the next is due `pause_ms` later. */
static bool take_turn(atomic_llong *due_ms, int64_t now_ms, int64_t pause_ms)
{
    long long due = atomic_load(due_ms);
    return now_ms >= due && atomic_compare_exchange_strong(due_ms, &due, now_ms + pause_ms);
}

void retention_tick(struct environment *environment, const struct clock *clock)
{
    struct err err;
    int64_t now_ms = clock_mono_ms(clock);
    retention_tell_time(environment, clock);
    if (take_turn(&environment->sweep_due_ms, now_ms, EMBEDDED_SWEEP_MS) &&
        retention_sweep(environment, &err))
        return; /* a full disk or a broken one: the next commit says so */
    if (!atomic_load(&environment->durable) && take_turn(&environment->sync_due_ms, now_ms, 1000))
        mdb_env_sync(environment->mdb, 1);
}

/* --- room ----------------------------------------------------------------------------------- */

/* Kept back of the limit, as deleting needs pages too: an eighth, 4 MiB at most. */
static uint64_t reserve_bytes(const struct environment *environment)
{
    uint64_t eighth = environment->limit_bytes / 8, most = 4 << 20;
    return eighth < most ? eighth : most;
}

/* Pages on LMDB's free list: database 0, each value a list that begins with its length. */
static int count_free(struct environment *environment, uint64_t *ret_pages, struct err *err)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t pages = 0;
    size_t count;
    int rc = environment_read(environment, &txn, err);
    if (rc) return rc;
    rc = mdb_cursor_open(txn, 0, &cursor);
    if (rc == 0) {
        while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            if (value.mv_size < sizeof count) continue;
            memcpy(&count, value.mv_data, sizeof count);
            pages += count;
        }
        mdb_cursor_close(cursor);
    }
    environment_abort(environment, txn);
    if (rc != MDB_NOTFOUND) return environment_error(rc, "free pages", err);
    *ret_pages = pages;
    return E_OK;
}

static int has_room(struct environment *environment, uint64_t pages, bool *ret_room,
                    struct err *err)
{
    MDB_envinfo info;
    uint64_t free_pages = 0, limit = (environment->limit_bytes - reserve_bytes(environment)) /
                                     environment->page_bytes;
    int rc = mdb_env_info(environment->mdb, &info);
    if (rc) return environment_error(rc, "bus", err);
    uint64_t used = info.me_last_pgno + 1;
    *ret_room = used + pages <= limit;
    if (*ret_room) return E_OK; /* as it nearly always is */
    rc = count_free(environment, &free_pages, err);
    if (rc == E_OK) *ret_room = used - (free_pages < used ? free_pages : used) + pages <= limit;
    return rc;
}

int retention_room(struct environment *environment, uint64_t pages, struct err *err)
{
    bool room = false;
    int rc = has_room(environment, pages, &room, err);
    if (rc || room) return rc;
    rc = retention_sweep(environment, err);
    if (rc == E_OK) rc = has_room(environment, pages, &room, err);
    if (rc || room) return rc;
    return err_set(err, E_DISK_FULL, "%s has reached bus.size_limit (%llu bytes)",
                   environment->path, (unsigned long long)environment->limit_bytes);
}
