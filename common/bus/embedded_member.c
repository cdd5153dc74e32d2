/* One member of a group: its records in the databases (embedded_group.c says which), whether its
 * commits are still valid, joining and leaving. */
#include <string.h>

#include "base/random.h"
#include "bus/embedded_member.h"

struct key group_key(const struct embedded_consumer *consumer, const char *tail, size_t tail_size)
{
    struct key key = {0};
    size_t group_size = strlen(consumer->group) + 1;
    memcpy(key.data, consumer->group, group_size);
    memcpy(key.data + group_size, tail, tail_size);
    key.size = group_size + tail_size;
    return key;
}

static struct key own_key(const struct embedded_consumer *consumer)
{
    return group_key(consumer, consumer->member, strlen(consumer->member));
}

static struct key position_key(const struct embedded_consumer *consumer, enum topic topic,
                               uint32_t partition)
{
    const struct partition_handle *handle =
        &consumer->environment->topic[topic].partitions[partition];
    return group_key(consumer, handle->key, handle->key_size);
}

/* --- records ---------------------------------------------------------------------------------- */

static void topics_to_text(uint32_t topics, char text[static TOPIC_LIST_MAX])
{
    size_t size = 0;
    memset(text, 0, TOPIC_LIST_MAX);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const char *name = topic_info((enum topic)i)->name;
        size_t more = strlen(name) + 1;
        if (!(topics >> i & 1) || size + more >= TOPIC_LIST_MAX) continue;
        memcpy(text + size, name, more - 1);
        text[size + more - 1] = ',';
        size += more;
    }
}

uint32_t member_topics(const char text[static TOPIC_LIST_MAX])
{
    uint32_t topics = 0;
    struct str rest = str_make(text, strnlen(text, TOPIC_LIST_MAX));
    while (rest.size) {
        enum topic topic = topic_by_name(str_cut(&rest, ','));
        if (topic != TOPIC_NONE) topics |= 1u << topic;
    }
    return topics;
}

int group_generation(const struct embedded_consumer *consumer, MDB_txn *txn,
                     uint64_t *ret_generation, struct err *err)
{
    bool found;
    uint64_t generation = 0;
    int rc = environment_get(txn, consumer->environment->groups, consumer->group,
                             strlen(consumer->group), &generation, sizeof generation, &found, err);
    if (rc == E_OK) *ret_generation = generation;
    return rc;
}

static int bump_generation(const struct embedded_consumer *consumer, MDB_txn *txn, struct err *err)
{
    uint64_t generation;
    int rc = group_generation(consumer, txn, &generation, err);
    generation++;
    if (rc) return rc;
    return environment_put(txn, consumer->environment->groups, consumer->group,
                           strlen(consumer->group), &generation, sizeof generation, err);
}

/* Ends a transaction that changed the group: commits and tells everybody, or aborts. */
int group_finish(const struct embedded_consumer *consumer, MDB_txn *txn, int rc, struct err *err)
{
    if (rc == E_OK) rc = bump_generation(consumer, txn, err);
    if (rc) {
        environment_abort(consumer->environment, txn);
        return rc;
    }
    rc = environment_commit(consumer->environment, txn, consumer->group, err);
    if (rc == E_OK) live_publish(consumer->environment, NULL, true);
    return rc;
}

int membership_position(struct embedded_consumer *consumer, MDB_txn *txn, enum topic topic,
                        uint32_t partition, struct group_position *ret_position, bool *ret_found,
                        struct err *err)
{
    struct key key = position_key(consumer, topic, partition);
    return environment_get(txn, consumer->environment->positions, key.data, key.size, ret_position,
                           sizeof *ret_position, ret_found, err);
}

int group_put_position(struct embedded_consumer *consumer, MDB_txn *txn, enum topic topic,
                       uint32_t partition, const struct group_position *position, struct err *err)
{
    struct key key = position_key(consumer, topic, partition);
    return environment_put(txn, consumer->environment->positions, key.data, key.size, position,
                           sizeof *position, err);
}

/* --- fencing ---------------------------------------------------------------------------------- */

int membership_check(struct embedded_consumer *consumer, MDB_txn *txn, struct err *err)
{
    struct key key = own_key(consumer);
    struct member_record record;
    bool found;
    int rc = environment_get(txn, consumer->environment->members, key.data, key.size, &record,
                             sizeof record, &found, err);
    if (rc) return rc;
    if (!found)
        return err_set(err, E_CANCELLED, "%s was taken out of group %s", consumer->member,
                       consumer->group);
    if (record.token != consumer->token)
        return err_set(err, E_FENCED, "another %s has joined group %s", consumer->member,
                       consumer->group);
    return E_OK;
}

static int move_one(struct embedded_consumer *consumer, MDB_txn *txn, const struct bus_position *to,
                    struct err *err)
{
    struct group_position at;
    struct partition_state state;
    bool found;
    const char *name = topic_info(to->topic)->name;
    if (to->partition >= environment_partitions(consumer->environment, to->topic))
        return err_set(err, E_BUG, "%s has no partition %u", name, to->partition);
    int rc = membership_position(consumer, txn, to->topic, to->partition, &at, &found, err);
    if (rc == E_OK)
        rc = partition_read_state(consumer->environment, txn, to->topic, to->partition, &state,
                                  err);
    if (rc) return rc;
    if (!found || at.owner != consumer->token)
        return err_set(err, E_CANCELLED, "%s/%u isn't %s's any more", name, to->partition,
                       consumer->member);
    if (to->offset < at.offset) /* somebody was further already: this work was done */
        return err_set(err, E_CANCELLED, "%s/%u is committed up to %lld, not %lld", name,
                       to->partition, (long long)at.offset, (long long)to->offset);
    if (to->offset > state.next)
        return err_set(err, E_BUG, "%s/%u ends at %lld, before %lld", name, to->partition,
                       (long long)state.next, (long long)to->offset);
    at.offset = to->offset;
    return group_put_position(consumer, txn, to->topic, to->partition, &at, err);
}

int membership_move(struct embedded_consumer *consumer, MDB_txn *txn,
                    const struct bus_position *positions, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = move_one(consumer, txn, &positions[i], err);
        if (rc) return rc;
    }
    return E_OK;
}

/* --- joining and leaving ---------------------------------------------------------------------- */

/* Slots that members of any group hold; those of the dead too, until somebody evicts them. */
static int read_used_slots(struct environment *environment, MDB_txn *txn, bool used[EMBEDDED_SLOTS],
                           struct err *err)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, environment->members, &cursor);
    if (rc) return environment_error(rc, "members", err);
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        struct member_record record;
        if (value.mv_size != sizeof record) continue;
        memcpy(&record, value.mv_data, sizeof record);
        if (record.slot < EMBEDDED_SLOTS) used[record.slot] = true;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? E_OK : environment_error(rc, "members", err);
}

static uint64_t new_token(void)
{
    struct random random;
    random_seed_system(&random);
    uint64_t token = random_u64(&random);
    return token ? token : 1;
}

static int join(struct embedded_consumer *consumer, MDB_txn *txn, struct err *err)
{
    bool used[EMBEDDED_SLOTS] = {0};
    struct key key = own_key(consumer);
    struct member_record record = {0};
    int64_t now_ns = clock_mono_ns(consumer->bus->clock);
    int rc = read_used_slots(consumer->environment, txn, used, err);
    if (rc) return rc;
    if (!consumer->joined) {
        rc = live_take_slot(consumer->environment, consumer->lease_fd, used, now_ns,
                            &consumer->slot, err);
        if (rc) return rc;
        consumer->joined = true;
    }
    live_heartbeat(consumer->environment, consumer->slot, now_ns);
    consumer->token = record.token = new_token();
    record.slot = consumer->slot;
    topics_to_text(consumer->all_topics, record.topics);
    return environment_put(txn, consumer->environment->members, key.data, key.size, &record,
                           sizeof record, err);
}

int membership_join(struct embedded_consumer *consumer, struct err *err)
{
    MDB_txn *txn;
    int rc = environment_write(consumer->environment, &txn, err);
    if (rc) return rc;
    return group_finish(consumer, txn, join(consumer, txn, err), err);
}

void membership_leave(struct embedded_consumer *consumer)
{
    MDB_txn *txn;
    struct err err;
    struct key key = own_key(consumer);
    MDB_val name = mdb_value(key.data, key.size);
    if (consumer->joined && environment_write(consumer->environment, &txn, &err) == E_OK) {
        int rc = membership_check(consumer, txn, &err);
        if (rc == E_OK && mdb_del(txn, consumer->environment->members, &name, NULL)) rc = E_IO;
        rc = group_finish(consumer, txn, rc, &err);
        (void)rc; /* on failure the lock's end shows that it has left */
    }
    if (consumer->joined) live_free_slot(consumer->lease_fd, consumer->slot);
    consumer->joined = false;
}
