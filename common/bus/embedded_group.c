/* Consumer groups: who is a member, and who owns which partition.
 *
 * Three databases hold it. `members`: group NUL member → token, slot, topics. `groups`: group →
 * generation, counted up whenever members come, go or let go of a partition. `positions`: group NUL
 * partition → committed offset and the owner's token. All change in write transactions only, so each
 * process sees the same history, and a commit is fenced by one comparison: is the partition's owner
 * still me?
 *
 * Every member computes the same assignment from the same table (ranges over members in the order of
 * their names) and takes two steps towards it: let go of what it shouldn't own, take what is free. A
 * partition is free when no member has its owner's token: the owner let go, left, or was evicted. So
 * nothing changes hands while a living owner may still commit, and only what must move does.
 *
 * Anybody may evict a member whose process is dead (its slot's lock is gone: noticed within a second)
 * or that hasn't polled for a lease. One that comes back finds itself missing, drops its work and joins
 * again. A member that starts under the name of another replaces it, alive or not, as with Kafka's
 * static membership; the other is FENCED. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "bus/embedded.h"

enum { KEY_MAX = 2 * EMBEDDED_NAME_MAX + 2, TOPIC_LIST_MAX = 240 };
_Static_assert(KEY_MAX <= 511 && EMBEDDED_NAME_MAX + 1 + EMBEDDED_PARTITION_KEY <= 511, "LMDB's largest key");

/* Values of the database `members`. */
struct member_record {
    uint64_t token;
    uint32_t slot, unused;
    char topics[TOPIC_LIST_MAX]; /* names, each followed by a comma; numbers differ between versions */
};

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

struct key { size_t size; char data[KEY_MAX]; };

static struct key key_of(const struct embedded_consumer *consumer, const char *tail, size_t tail_size)
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
    return key_of(consumer, consumer->member, strlen(consumer->member));
}

static struct key position_key(const struct embedded_consumer *consumer, enum topic topic, uint32_t partition)
{
    const struct partition_handle *handle = &consumer->environment->topic[topic].partitions[partition];
    return key_of(consumer, handle->key, handle->key_size);
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

static uint32_t topics_from_text(const char text[static TOPIC_LIST_MAX])
{
    uint32_t topics = 0;
    struct str rest = str_make(text, strnlen(text, TOPIC_LIST_MAX));
    while (rest.size) {
        enum topic topic = topic_by_name(str_cut(&rest, ','));
        if (topic != TOPIC_NONE) topics |= 1u << topic;
    }
    return topics;
}

static int read_generation(const struct embedded_consumer *consumer, MDB_txn *txn, uint64_t *ret_generation,
                           struct err *err)
{
    bool found;
    uint64_t generation = 0;
    int rc = environment_get(txn, consumer->environment->groups, consumer->group, strlen(consumer->group),
                             &generation, sizeof generation, &found, err);
    if (rc == E_OK) *ret_generation = generation;
    return rc;
}

static int bump_generation(const struct embedded_consumer *consumer, MDB_txn *txn, struct err *err)
{
    uint64_t generation;
    int rc = read_generation(consumer, txn, &generation, err);
    generation++;
    if (rc) return rc;
    return environment_put(txn, consumer->environment->groups, consumer->group, strlen(consumer->group),
                           &generation, sizeof generation, err);
}

/* Ends a transaction that changed the group: commits and tells everybody, or aborts. */
static int finish(const struct embedded_consumer *consumer, MDB_txn *txn, int rc, struct err *err)
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
                        uint32_t partition, struct group_position *ret_position, bool *ret_found, struct err *err)
{
    struct key key = position_key(consumer, topic, partition);
    return environment_get(txn, consumer->environment->positions, key.data, key.size, ret_position,
                           sizeof *ret_position, ret_found, err);
}

static int put_position(struct embedded_consumer *consumer, MDB_txn *txn, enum topic topic, uint32_t partition,
                        const struct group_position *position, struct err *err)
{
    struct key key = position_key(consumer, topic, partition);
    return environment_put(txn, consumer->environment->positions, key.data, key.size, position, sizeof *position, err);
}

/* --- fencing ------------------------------------------------------------------------------------ */

int membership_check(struct embedded_consumer *consumer, MDB_txn *txn, struct err *err)
{
    struct key key = own_key(consumer);
    struct member_record record;
    bool found;
    int rc = environment_get(txn, consumer->environment->members, key.data, key.size, &record, sizeof record, &found, err);
    if (rc) return rc;
    if (!found) return err_set(err, E_CANCELLED, "%s was taken out of group %s", consumer->member, consumer->group);
    if (record.token != consumer->token)
        return err_set(err, E_FENCED, "another %s has joined group %s", consumer->member, consumer->group);
    return E_OK;
}

static int move_one(struct embedded_consumer *consumer, MDB_txn *txn, const struct bus_position *to, struct err *err)
{
    struct group_position at;
    struct partition_state state;
    bool found;
    const char *name = topic_info(to->topic)->name;
    if (to->partition >= environment_partitions(consumer->environment, to->topic))
        return err_set(err, E_BUG, "%s has no partition %u", name, to->partition);
    int rc = membership_position(consumer, txn, to->topic, to->partition, &at, &found, err);
    if (rc == E_OK) rc = partition_read_state(consumer->environment, txn, to->topic, to->partition, &state, err);
    if (rc) return rc;
    if (!found || at.owner != consumer->token)
        return err_set(err, E_CANCELLED, "%s/%u isn't %s's any more", name, to->partition, consumer->member);
    if (to->offset < at.offset) /* somebody was further already: this work was done */
        return err_set(err, E_CANCELLED, "%s/%u is committed up to %lld, not %lld", name, to->partition,
                       (long long)at.offset, (long long)to->offset);
    if (to->offset > state.next)
        return err_set(err, E_BUG, "%s/%u ends at %lld, before %lld", name, to->partition, (long long)state.next,
                       (long long)to->offset);
    at.offset = to->offset;
    return put_position(consumer, txn, to->topic, to->partition, &at, err);
}

int membership_move(struct embedded_consumer *consumer, MDB_txn *txn, const struct bus_position *positions,
                    size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = move_one(consumer, txn, &positions[i], err);
        if (rc) return rc;
    }
    return E_OK;
}

/* --- joining and leaving -------------------------------------------------------------------------- */

/* Slots that members of any group hold; those of the dead too, until somebody evicts them. */
static int read_used_slots(struct environment *environment, MDB_txn *txn, bool used[EMBEDDED_SLOTS], struct err *err)
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
        rc = live_take_slot(consumer->environment, consumer->lease_fd, used, now_ns, &consumer->slot, err);
        if (rc) return rc;
        consumer->joined = true;
    }
    live_heartbeat(consumer->environment, consumer->slot, now_ns);
    consumer->token = record.token = new_token();
    record.slot = consumer->slot;
    topics_to_text(consumer->all_topics, record.topics);
    return environment_put(txn, consumer->environment->members, key.data, key.size, &record, sizeof record, err);
}

int membership_join(struct embedded_consumer *consumer, struct err *err)
{
    MDB_txn *txn;
    int rc = environment_write(consumer->environment, &txn, err);
    if (rc) return rc;
    return finish(consumer, txn, join(consumer, txn, err), err);
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
        rc = finish(consumer, txn, rc, &err);
        (void)rc; /* on failure the lock's end shows that it has left */
    }
    if (consumer->joined) live_free_slot(consumer->lease_fd, consumer->slot);
    consumer->joined = false;
}

/* --- the view ----------------------------------------------------------------------------------- */

static int add_member(struct view *view, MDB_val key, MDB_val value, struct err *err)
{
    struct member_record record;
    if (key.mv_size > KEY_MAX || value.mv_size != sizeof record) return err_set(err, E_IO, "the bus is damaged: members");
    if (view->count == view->capacity) {
        size_t capacity = view->capacity ? view->capacity * 2 : 8;
        struct member *grown = realloc(view->members, capacity * sizeof *grown);
        if (!grown) return err_set(err, E_NO_MEMORY, NULL);
        view->members = grown;
        view->capacity = capacity;
    }
    memcpy(&record, value.mv_data, sizeof record);
    struct member *member = &view->members[view->count++];
    *member = (struct member){.token = record.token, .slot = record.slot, .topics = topics_from_text(record.topics)};
    memcpy(member->key, key.mv_data, key.mv_size);
    member->key_size = key.mv_size;
    return E_OK;
}

static int read_members(struct embedded_consumer *consumer, MDB_txn *txn, struct view *view, struct err *err)
{
    struct key prefix = key_of(consumer, "", 0);
    struct str own = str_make(consumer->member, strlen(consumer->member));
    MDB_val key = mdb_value(prefix.data, prefix.size), value;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, consumer->environment->members, &cursor);
    if (rc) return environment_error(rc, "members", err);
    size_t me = SIZE_MAX;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (key.mv_size < prefix.size || memcmp(key.mv_data, prefix.data, prefix.size) != 0) break;
        struct str name = str_make((const char *)key.mv_data + prefix.size, key.mv_size - prefix.size);
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
    rc = read_generation(consumer, consumer->look, &view->generation, err);
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
static bool should_own(const struct view *view, enum topic topic, uint32_t partition, uint32_t partitions)
{
    size_t readers = 0, mine = 0;
    for (size_t i = 0; i < view->count; i++) {
        if (!(view->members[i].topics >> topic & 1)) continue;
        if (i == view->me) mine = readers;
        readers++;
    }
    return readers && partition >= partitions * mine / readers && partition < partitions * (mine + 1) / readers;
}

/* --- evicting ----------------------------------------------------------------------------------- */

static bool is_dead(struct embedded_consumer *consumer, const struct view *view, size_t index)
{
    if (index == view->me) return false;
    return !live_is_alive(consumer->environment, consumer->lease_fd, view->members[index].slot,
                          clock_mono_ns(consumer->bus->clock));
}

static int evict_one(struct embedded_consumer *consumer, MDB_txn *txn, const struct member *member, struct err *err)
{
    struct member_record record;
    bool found;
    MDB_val name = mdb_value(member->key, member->key_size);
    int rc = environment_get(txn, consumer->environment->members, member->key, member->key_size, &record,
                             sizeof record, &found, err);
    if (rc || !found || record.token != member->token) return rc; /* somebody was faster */
    rc = mdb_del(txn, consumer->environment->members, &name, NULL);
    return rc ? environment_error(rc, "members", err) : E_OK;
}

/* *ret_changed: the view must be read again. */
static int evict_dead(struct embedded_consumer *consumer, const struct view *view, bool *ret_changed, struct err *err)
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
    return finish(consumer, txn, rc, err);
}

/* --- letting go ----------------------------------------------------------------------------------- */

static int tell_revoked(struct embedded_consumer *consumer, const bool *leaving, size_t leaving_count, struct err *err)
{
    size_t count = 0;
    if (leaving_count == 0 || !consumer->subscription.on_revoked) return E_OK;
    struct bus_position *positions = calloc(leaving_count, sizeof *positions);
    if (!positions) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        const struct owned_partition *at = &consumer->owned[i];
        if (leaving[i]) positions[count++] = (struct bus_position){at->topic, at->partition, at->position};
    }
    consumer->subscription.on_revoked(consumer->subscription.user, positions, count);
    free(positions);
    return E_OK;
}

static int clear_owner(struct embedded_consumer *consumer, MDB_txn *txn, const struct owned_partition *at, struct err *err)
{
    struct group_position position;
    bool found;
    int rc = membership_position(consumer, txn, at->topic, at->partition, &position, &found, err);
    if (rc || !found || position.owner != consumer->token) return rc;
    position.owner = 0;
    return put_position(consumer, txn, at->topic, at->partition, &position, err);
}

static void forget(struct embedded_consumer *consumer, const bool *leaving)
{
    size_t kept = 0;
    for (size_t i = 0; i < consumer->owned_count; i++)
        if (!leaving[i]) consumer->owned[kept++] = consumer->owned[i];
    consumer->owned_count = kept;
}

static int let_go(struct embedded_consumer *consumer, const bool *leaving, size_t count, struct err *err)
{
    MDB_txn *txn;
    int rc = tell_revoked(consumer, leaving, count, err);
    if (rc == E_OK) rc = environment_write(consumer->environment, &txn, err);
    if (rc) return rc;
    for (size_t i = 0; i < consumer->owned_count && rc == E_OK; i++)
        if (leaving[i]) rc = clear_owner(consumer, txn, &consumer->owned[i], err);
    rc = finish(consumer, txn, rc, err);
    if (rc == E_OK) forget(consumer, leaving);
    return rc;
}

static int release_surplus(struct embedded_consumer *consumer, const struct view *view, struct err *err)
{
    size_t count = 0;
    int rc = E_OK;
    bool *leaving = calloc(consumer->owned_count + 1, sizeof *leaving);
    if (!leaving) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        const struct owned_partition *at = &consumer->owned[i];
        leaving[i] = !should_own(view, at->topic, at->partition, environment_partitions(consumer->environment, at->topic));
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

/* --- taking --------------------------------------------------------------------------------------- */

static int start_of(struct embedded_consumer *consumer, MDB_txn *txn, enum topic topic, uint32_t partition,
                    int64_t *ret_offset, struct err *err)
{
    struct partition_state state;
    int rc = partition_read_state(consumer->environment, txn, topic, partition, &state, err);
    if (rc == E_OK) *ret_offset = consumer->subscription.start == BUS_LATEST ? state.next : state.first;
    return rc;
}

static int take_one(struct embedded_consumer *consumer, MDB_txn *txn, const struct view *view, enum topic topic,
                    uint32_t partition, struct err *err)
{
    struct group_position position;
    bool found;
    int rc = membership_position(consumer, txn, topic, partition, &position, &found, err);
    if (rc) return rc;
    if (found && position.owner && position.owner != consumer->token && is_member(view, position.owner))
        return E_OK; /* not yet: when its owner lets go, the generation goes up */
    if (!found) rc = start_of(consumer, txn, topic, partition, &position.offset, err);
    position.owner = consumer->token;
    if (rc == E_OK) rc = put_position(consumer, txn, topic, partition, &position, err);
    if (rc == E_OK) rc = consumer_own(consumer, topic, partition, position.offset, err);
    return rc;
}

static bool wants(const struct embedded_consumer *consumer, const struct view *view, enum topic topic,
                  uint32_t partition, uint32_t partitions)
{
    return consumer->all_topics >> topic & 1 && should_own(view, topic, partition, partitions) &&
           consumer_find(consumer, topic, partition) < 0;
}

/* With `txn` NULL: is there anything to take at all? */
static int take_free(struct embedded_consumer *consumer, MDB_txn *txn, const struct view *view, bool *ret_any,
                     struct err *err)
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

static int take_missing(struct embedded_consumer *consumer, const struct view *view, struct err *err)
{
    bool any;
    uint64_t generation = 0;
    MDB_txn *txn;
    size_t before = consumer->owned_count;
    int rc = take_free(consumer, NULL, view, &any, err);
    if (rc || !any) return rc;
    rc = environment_write(consumer->environment, &txn, err);
    if (rc) return rc;
    rc = read_generation(consumer, txn, &generation, err);
    if (rc == E_OK && generation == view->generation) rc = take_free(consumer, txn, view, &any, err);
    if (rc == E_OK && consumer->owned_count > before) rc = environment_commit(consumer->environment, txn, consumer->group, err);
    else environment_abort(consumer->environment, txn);
    if (rc) {
        consumer->owned_count = before;
        return rc;
    }
    if (generation != view->generation) consumer->look_due_ns = 0; /* the group moved on: look again at once */
    if (consumer->owned_count > before) consumer->emptied_at = 0;
    return tell_assigned(consumer, before, err);
}

/* --- tick ------------------------------------------------------------------------------------------- */

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
            if (rc == E_OK) rc = err_set(err, E_FENCED, "another %s has joined group %s", consumer->member, consumer->group);
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
    if (consumer_known_topics(consumer) != consumer->all_topics) rc = environment_load_topics(consumer->environment, err);
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
    if (now_ns < consumer->look_due_ns && consumer_known_topics(consumer) == consumer->known_topics) {
        int rc = environment_read(consumer->environment, &consumer->look, err);
        if (rc) return rc;
        rc = read_generation(consumer, consumer->look, &generation, err);
        environment_rest(consumer->environment, consumer->look);
        if (rc || generation == consumer->generation) return rc;
    }
    consumer->look_due_ns = now_ns + (int64_t)EMBEDDED_LOOK_MS * 1000000;
    int rc = look_at_group(consumer, err);
    if (rc) consumer->look_due_ns = 0;
    return rc;
}
