/* Consumer groups: who is a member, and who owns which partition.
 *
 * Three databases hold it. `members`: group NUL member → token, slot, topics. `groups`: group →
 * generation, counted up whenever members come, go or let go of a partition. `positions`: group NUL
 * partition → committed offset and the owner's token. All change in write transactions only,
 * so each process sees the same history, and a commit is fenced by one comparison:
 * is the partition's owner still me?
 *
 * Every member computes the same assignment from the same table (ranges over members in the
 * order of their names) and takes two steps towards it: let go of what it shouldn't own, take
 * what is free. A partition is free when no member has its owner's token: the owner let go,
 * left, or was evicted. So nothing changes hands while a living owner may still commit, and
 * only what must move does.
 *
 * Anybody may evict a member whose process is dead (its slot's lock is gone: noticed within a
 * second) or that hasn't polled for a lease. One that comes back finds itself missing, drops its
 * work and joins again. A member that starts under the name of another replaces it, alive or not,
 * as with Kafka's static membership; the other is FENCED. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "bus/embedded_member.h"

struct member {
    uint64_t token;
    uint32_t slot, topics;
    size_t key_size;
    char key[KEY_MAX];
};

/* The group at one moment. */
struct view {
    uint64_t generation;
    struct member *members; /* in the order of their names */
    size_t count, capacity, me; /* me == count: missing */
};

/* --- the view --------------------------------------------------------------------------------- */

static int add_member(struct view *view, MDB_val key, MDB_val value, struct err *err)
{
    struct member_record record;
    if (key.mv_size > KEY_MAX || value.mv_size != sizeof record)
        return err_set(err, E_IO, "the bus is damaged: members");
    if (!array_fits(&view->members, &view->capacity, view->count + 1, sizeof *view->members))
        return err_set(err, E_NO_MEMORY, NULL);
    memcpy(&record, value.mv_data, sizeof record);
    struct member *member = &view->members[view->count++];
    *member = (struct member){
        .token = record.token, .slot = record.slot, .topics = member_topics(record.topics)};
    memcpy(member->key, key.mv_data, key.mv_size);
    member->key_size = key.mv_size;
    return E_OK;
}

static int read_members(struct embedded_consumer *consumer, MDB_txn *txn, struct view *view,
                        struct err *err)
{
    struct key prefix = group_key(consumer, "", 0);
    struct str own = str_make(consumer->member, strlen(consumer->member));
    MDB_val key = mdb_value(prefix.data, prefix.size), value;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, consumer->environment->members, &cursor);
    if (rc) return environment_error(rc, "members", err);
    size_t me = SIZE_MAX;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (key.mv_size < prefix.size || memcmp(key.mv_data, prefix.data, prefix.size) != 0) break;
        struct str name = str_make((const char *)key.mv_data + prefix.size,
                                   key.mv_size - prefix.size);
        if (str_equal(name, own)) me = view->count;
        int failed = add_member(view, key, value, err);
        if (failed) {
            mdb_cursor_close(cursor);
            return failed;
        }
    }
    mdb_cursor_close(cursor);
    view->me = me == SIZE_MAX ? view->count : me;
    return rc == 0 || rc == MDB_NOTFOUND ? E_OK : environment_error(rc, "members", err);
}

static int read_view(struct embedded_consumer *consumer, struct view *view, struct err *err)
{
    struct environment *environment = consumer->environment;
    view->count = 0;
    int rc = environment_read(environment, &consumer->look, err);
    if (rc) return rc;
    rc = group_generation(consumer, consumer->look, &view->generation, err);
    if (rc == E_OK) rc = read_members(consumer, consumer->look, view, err);
    environment_rest(environment, consumer->look);
    return rc;
}

static bool is_member(const struct view *view, uint64_t token)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->members[i].token == token) return true;
    return false;
}

/* Ranges over the members that read the topic, in the order of their names. */
static bool should_own(const struct view *view, enum topic topic, uint32_t partition,
                       uint32_t partitions)
{
    size_t readers = 0, mine = 0;
    for (size_t i = 0; i < view->count; i++) {
        if (!(view->members[i].topics >> topic & 1)) continue;
        if (i == view->me) mine = readers;
        readers++;
    }
    return readers && partition >= partitions * mine / readers &&
           partition < partitions * (mine + 1) / readers;
}

/* --- evicting --------------------------------------------------------------------------------- */

static bool is_dead(struct embedded_consumer *consumer, const struct view *view, size_t index)
{
    if (index == view->me) return false;
    return !live_is_alive(consumer->environment, consumer->lease_fd, view->members[index].slot,
                          clock_mono_ns(consumer->bus->clock));
}

static int evict_one(struct embedded_consumer *consumer, MDB_txn *txn, const struct member *member,
                     struct err *err)
{
    struct member_record record;
    bool found;
    MDB_val name = mdb_value(member->key, member->key_size);
    int rc = environment_get(txn, consumer->environment->members, member->key, member->key_size,
                             &record, sizeof record, &found, err);
    if (rc || !found || record.token != member->token) return rc; /* somebody was faster */
    rc = mdb_del(txn, consumer->environment->members, &name, NULL);
    return rc ? environment_error(rc, "members", err) : E_OK;
}

/* *ret_changed: the view must be read again. */
static int evict_dead(struct embedded_consumer *consumer, const struct view *view,
                      bool *ret_changed, struct err *err)
{
    size_t i = 0;
    MDB_txn *txn;
    *ret_changed = false;
    while (i < view->count && !is_dead(consumer, view, i)) i++;
    if (i == view->count) return E_OK;
    int rc = environment_write(consumer->environment, &txn, err);
    if (rc) return rc;
    for (; i < view->count && rc == E_OK; i++)
        if (is_dead(consumer, view, i)) rc = evict_one(consumer, txn, &view->members[i], err);
    *ret_changed = true;
    return group_finish(consumer, txn, rc, err);
}

/* --- letting go ------------------------------------------------------------------------------- */

static int tell_revoked(struct embedded_consumer *consumer, const bool *leaving,
                        size_t leaving_count, struct err *err)
{
    size_t count = 0;
    if (leaving_count == 0 || !consumer->subscription.on_revoked) return E_OK;
    struct bus_position *positions = calloc(leaving_count, sizeof *positions);
    if (!positions) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        const struct owned_partition *at = &consumer->owned[i];
        if (leaving[i])
            positions[count++] = (struct bus_position){at->topic, at->partition, at->position};
    }
    consumer->subscription.on_revoked(consumer->subscription.user, positions, count);
    free(positions);
    return E_OK;
}

static int clear_owner(struct embedded_consumer *consumer, MDB_txn *txn,
                       const struct owned_partition *at, struct err *err)
{
    struct group_position position;
    bool found;
    int rc = membership_position(consumer, txn, at->topic, at->partition, &position, &found, err);
    if (rc || !found || position.owner != consumer->token) return rc;
    position.owner = 0;
    return group_put_position(consumer, txn, at->topic, at->partition, &position, err);
}

static void forget(struct embedded_consumer *consumer, const bool *leaving)
{
    size_t kept = 0;
    for (size_t i = 0; i < consumer->owned_count; i++)
        if (!leaving[i]) consumer->owned[kept++] = consumer->owned[i];
    consumer->owned_count = kept;
}

static int let_go(struct embedded_consumer *consumer, const bool *leaving, size_t count,
                  struct err *err)
{
    MDB_txn *txn;
    int rc = tell_revoked(consumer, leaving, count, err);
    if (rc == E_OK) rc = environment_write(consumer->environment, &txn, err);
    if (rc) return rc;
    for (size_t i = 0; i < consumer->owned_count && rc == E_OK; i++)
        if (leaving[i]) rc = clear_owner(consumer, txn, &consumer->owned[i], err);
    rc = group_finish(consumer, txn, rc, err);
    if (rc == E_OK) forget(consumer, leaving);
    return rc;
}

static int release_surplus(struct embedded_consumer *consumer, const struct view *view,
                           struct err *err)
{
    size_t count = 0;
    int rc = E_OK;
    bool *leaving = calloc(consumer->owned_count + 1, sizeof *leaving);
    if (!leaving) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        const struct owned_partition *at = &consumer->owned[i];
        leaving[i] = !should_own(view, at->topic, at->partition,
                                 environment_partitions(consumer->environment, at->topic));
        count += leaving[i];
    }
    if (count) rc = let_go(consumer, leaving, count, err);
    free(leaving);
    return rc;
}

/* Its place is gone, and with it all that it owned. */
static int drop_everything(struct embedded_consumer *consumer, struct err *err)
{
    bool *leaving = calloc(consumer->owned_count + 1, sizeof *leaving);
    if (!leaving) return err_set(err, E_NO_MEMORY, NULL);
    memset(leaving, true, consumer->owned_count);
    int rc = tell_revoked(consumer, leaving, consumer->owned_count, err);
    if (rc == E_OK) consumer->owned_count = 0;
    free(leaving);
    return rc;
}

/* --- taking ----------------------------------------------------------------------------------- */

static int start_of(struct embedded_consumer *consumer, MDB_txn *txn, enum topic topic,
                    uint32_t partition, int64_t *ret_offset, struct err *err)
{
    struct partition_state state;
    int rc = partition_read_state(consumer->environment, txn, topic, partition, &state, err);
    bool latest =
        consumer->subscription.start == BUS_LATEST && !(consumer->came_later >> topic & 1);
    if (rc == E_OK) *ret_offset = latest ? state.next : state.first;
    return rc;
}

static int take_one(struct embedded_consumer *consumer, MDB_txn *txn, const struct view *view,
                    enum topic topic, uint32_t partition, struct err *err)
{
    struct group_position position;
    bool found;
    int rc = membership_position(consumer, txn, topic, partition, &position, &found, err);
    if (rc) return rc;
    if (found && position.owner && position.owner != consumer->token &&
        is_member(view, position.owner))
        return E_OK; /* not yet: when its owner lets go, the generation goes up */
    if (!found) rc = start_of(consumer, txn, topic, partition, &position.offset, err);
    position.owner = consumer->token;
    if (rc == E_OK) rc = group_put_position(consumer, txn, topic, partition, &position, err);
    if (rc == E_OK) rc = consumer_own(consumer, topic, partition, position.offset, err);
    return rc;
}

static bool wants(const struct embedded_consumer *consumer, const struct view *view,
                  enum topic topic, uint32_t partition, uint32_t partitions)
{
    return consumer->all_topics >> topic & 1 && should_own(view, topic, partition, partitions) &&
           consumer_find(consumer, topic, partition) < 0;
}

/* With `txn` NULL: is there anything to take at all? */
static int take_free(struct embedded_consumer *consumer, MDB_txn *txn, const struct view *view,
                     bool *ret_any, struct err *err)
{
    *ret_any = false;
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        uint32_t count = environment_partitions(consumer->environment, (enum topic)topic);
        for (uint32_t partition = 0; partition < count; partition++) {
            if (!wants(consumer, view, (enum topic)topic, partition, count)) continue;
            *ret_any = true;
            if (!txn) return E_OK;
            int rc = take_one(consumer, txn, view, (enum topic)topic, partition, err);
            if (rc) return rc;
        }
    }
    return E_OK;
}

static int tell_assigned(struct embedded_consumer *consumer, size_t from, struct err *err)
{
    size_t count = consumer->owned_count - from;
    if (count == 0 || !consumer->subscription.on_assigned) return E_OK;
    struct bus_position *positions = calloc(count, sizeof *positions);
    if (!positions) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < count; i++) {
        const struct owned_partition *at = &consumer->owned[from + i];
        positions[i] = (struct bus_position){at->topic, at->partition, at->position};
    }
    consumer->subscription.on_assigned(consumer->subscription.user, positions, count);
    free(positions);
    return E_OK;
}

static int take_missing(struct embedded_consumer *consumer, const struct view *view,
                        struct err *err)
{
    bool any;
    uint64_t generation = 0;
    MDB_txn *txn;
    size_t before = consumer->owned_count;
    int rc = take_free(consumer, NULL, view, &any, err);
    if (rc || !any) return rc;
    rc = environment_write(consumer->environment, &txn, err);
    if (rc) return rc;
    rc = group_generation(consumer, txn, &generation, err);
    if (rc == E_OK && generation == view->generation)
        rc = take_free(consumer, txn, view, &any, err);
    if (rc == E_OK && consumer->owned_count > before)
        rc = environment_commit(consumer->environment, txn, consumer->group, err);
    else environment_abort(consumer->environment, txn);
    if (rc) {
        consumer->owned_count = before;
        return rc;
    }
    /* the group moved on: look again at once */
    if (generation != view->generation) consumer->look_due_ns = 0;
    if (consumer->owned_count > before) consumer->emptied_at = 0;
    return tell_assigned(consumer, before, err);
}

/* --- tick ------------------------------------------------------------------------------------- */

/* A view in which this consumer is a member, and nobody is dead. */
static int settle(struct embedded_consumer *consumer, struct view *view, struct err *err)
{
    for (int round = 0; round < 4; round++) {
        bool again = false;
        int rc = read_view(consumer, view, err);
        if (rc) return rc;
        if (view->me == view->count) {
            rc = drop_everything(consumer, err);
            if (rc == E_OK) rc = membership_join(consumer, err);
            again = true;
        } else if (view->members[view->me].token != consumer->token) {
            consumer->fenced = true;
            rc = drop_everything(consumer, err);
            if (rc == E_OK)
                rc = err_set(err, E_FENCED, "another %s has joined group %s", consumer->member,
                             consumer->group);
        } else {
            rc = evict_dead(consumer, view, &again, err);
        }
        if (rc || !again) return rc;
    }
    return err_set(err, E_BUSY, "group %s doesn't settle", consumer->group);
}

static int look_at_group(struct embedded_consumer *consumer, struct err *err)
{
    struct view view = {0};
    int rc = E_OK;
    if (consumer_known_topics(consumer) != consumer->all_topics)
        rc = environment_load_topics(consumer->environment, err);
    consumer->known_topics = consumer_known_topics(consumer);
    if (rc == E_OK) rc = settle(consumer, &view, err);
    if (rc == E_OK) rc = release_surplus(consumer, &view, err);
    if (rc == E_OK) rc = read_view(consumer, &view, err); /* letting go changed the generation */
    if (rc == E_OK && view.me < view.count) rc = take_missing(consumer, &view, err);
    if (rc == E_OK) consumer->generation = view.generation;
    free(view.members);
    return rc;
}

int membership_tick(struct embedded_consumer *consumer, struct err *err)
{
    uint64_t generation;
    int64_t now_ns = clock_mono_ns(consumer->bus->clock);
    if (consumer->joined) live_heartbeat(consumer->environment, consumer->slot, now_ns);
    if (now_ns < consumer->look_due_ns &&
        consumer_known_topics(consumer) == consumer->known_topics) {
        int rc = environment_read(consumer->environment, &consumer->look, err);
        if (rc) return rc;
        rc = group_generation(consumer, consumer->look, &generation, err);
        environment_rest(consumer->environment, consumer->look);
        if (rc || generation == consumer->generation) return rc;
    }
    consumer->look_due_ns = now_ns + (int64_t)EMBEDDED_LOOK_MS * 1000000;
    int rc = look_at_group(consumer, err);
    if (rc) consumer->look_due_ns = 0;
    return rc;
}
