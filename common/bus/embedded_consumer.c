/* Reading and committing on the embedded bus.
 *
 * What a poll brings is embedded_batch.c's; here are the life of a consumer, its wake-ups,
 * commits and positions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/array.h"
#include "base/crash.h"
#include "bus/embedded.h"

static struct embedded_consumer *of(struct bus_consumer *consumer)
{
    return (struct embedded_consumer *)consumer;
}

/* --- what it owns ----------------------------------------------------------------------------- */

int consumer_find(const struct embedded_consumer *consumer, enum topic topic, uint32_t partition)
{
    for (size_t i = 0; i < consumer->owned_count; i++)
        if (consumer->owned[i].topic == topic && consumer->owned[i].partition == partition)
            return (int)i;
    return -1;
}

uint32_t consumer_known_topics(const struct embedded_consumer *consumer)
{
    uint32_t known = 0;
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (consumer->all_topics >> i & 1 &&
            environment_partitions(consumer->environment, (enum topic)i))
            known |= 1u << i;
    return known;
}

int consumer_own(struct embedded_consumer *consumer, enum topic topic, uint32_t partition,
                 int64_t position, struct err *err)
{
    if (!array_fits(&consumer->owned, &consumer->owned_capacity, consumer->owned_count + 1,
                    sizeof *consumer->owned))
        return err_set(err, E_NO_MEMORY, NULL);
    consumer->owned[consumer->owned_count++] = (struct owned_partition){
        topic, partition, position, position};
    return E_OK;
}

/* --- a reader without a group ----------------------------------------------------------------- */

/* Adds a topic that has become known. One that was created after the subscription is read whole. */
static int add_topic(struct embedded_consumer *consumer, enum topic topic, bool latest,
                     struct err *err)
{
    uint32_t count = environment_partitions(consumer->environment, topic);
    int rc = environment_read(consumer->environment, &consumer->look, err);
    if (rc) return rc;
    for (uint32_t i = 0; i < count && rc == E_OK; i++) {
        struct partition_state state;
        rc = partition_read_state(consumer->environment, consumer->look, topic, i, &state, err);
        if (rc == E_OK)
            rc = consumer_own(consumer, topic, i, latest ? state.next : state.first, err);
    }
    environment_rest(consumer->environment, consumer->look);
    if (rc == E_OK) consumer->known_topics |= 1u << topic;
    consumer->emptied_at = 0;
    return rc;
}

static int reader_look(struct embedded_consumer *consumer, bool latest, struct err *err)
{
    int64_t now_ns = clock_mono_ns(consumer->bus->clock);
    int rc = E_OK;
    if (consumer->known_topics == consumer->all_topics) return E_OK;
    if (now_ns >= consumer->look_due_ns) {
        rc = environment_load_topics(consumer->environment, err);
        consumer->look_due_ns = now_ns + (int64_t)EMBEDDED_LOOK_MS * 1000000;
    }
    uint32_t fresh = consumer_known_topics(consumer) & ~consumer->known_topics;
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++)
        if (fresh >> i & 1) rc = add_topic(consumer, (enum topic)i, latest, err);
    return rc;
}

/* --- life ------------------------------------------------------------------------------------- */

static int check_name(const char *what, const char *name, struct err *err)
{
    size_t size = name ? strlen(name) : 0;
    if (size >= 1 && size <= EMBEDDED_NAME_MAX) return E_OK;
    return err_set(err, E_BAD_CONFIG, "the name of a %s has 1 to %d bytes", what,
                   EMBEDDED_NAME_MAX);
}

static int start(struct embedded_consumer *consumer, struct err *err)
{
    int rc = live_watch(consumer->environment, &consumer->watch, err);
    if (rc) return rc;
    if (!consumer->group[0])
        return reader_look(consumer, consumer->subscription.start == BUS_LATEST, err);
    rc = live_open_lease(consumer->environment, &consumer->lease_fd, err);
    if (rc == E_OK) rc = environment_load_topics(consumer->environment, err);
    consumer->came_later = consumer->all_topics & ~consumer_known_topics(consumer);
    return rc ? rc : membership_join(consumer, err);
}

int embedded_subscribe(struct bus *bus, const struct bus_subscription *subscription,
                       struct bus_consumer **ret_consumer, struct err *err)
{
    int rc = subscription->group ? check_name("group", subscription->group, err) : E_OK;
    if (rc == E_OK && subscription->group) rc = check_name("member", subscription->member, err);
    if (rc) return rc;
    struct embedded_consumer *consumer = calloc(1, sizeof *consumer);
    if (!consumer) return err_set(err, E_NO_MEMORY, NULL);
    consumer->base.backend = bus->backend;
    consumer->bus = (struct embedded_bus *)bus;
    consumer->environment = consumer->bus->environment;
    consumer->subscription = *subscription;
    consumer->lease_fd = consumer->watch.wake_fd = -1;
    if (subscription->group)
        snprintf(consumer->group, sizeof consumer->group, "%s", subscription->group);
    if (subscription->group)
        snprintf(consumer->member, sizeof consumer->member, "%s", subscription->member);
    for (size_t i = 0; i < subscription->topic_count; i++)
        consumer->all_topics |= 1u << subscription->topics[i];
    consumer->watch.topics = consumer->all_topics;
    rc = start(consumer, err);
    if (rc) {
        embedded_unsubscribe(&consumer->base);
        return rc;
    }
    *ret_consumer = &consumer->base;
    return E_OK;
}

void embedded_unsubscribe(struct bus_consumer *base)
{
    struct embedded_consumer *consumer = of(base);
    live_unwatch(consumer->environment, &consumer->watch);
    if (consumer->group[0]) membership_leave(consumer);
    if (consumer->lease_fd >= 0) close(consumer->lease_fd);
    if (consumer->look) mdb_txn_abort(consumer->look);
    embedded_free_batches(consumer);
    appender_deinit(&consumer->appender);
    free(consumer->owned);
    free(consumer);
}

/* --- wake-ups --------------------------------------------------------------------------------- */

int embedded_wake_fd(const struct bus_consumer *consumer)
{
    return ((const struct embedded_consumer *)consumer)->watch.wake_fd;
}

static void make_readable(struct embedded_consumer *consumer)
{
    if (consumer->readable) return;
    consumer->readable = true;
    if (eventfd_write(consumer->watch.wake_fd, 1)) return; /* full: readable */
}

static void make_quiet(struct embedded_consumer *consumer)
{
    eventfd_t value;
    consumer->readable = false;
    if (eventfd_read(consumer->watch.wake_fd, &value)) return; /* quiet already */
}

void embedded_pause(struct bus_consumer *base, bool paused)
{
    struct embedded_consumer *consumer = of(base);
    consumer->paused = paused;
    if (!paused) make_readable(consumer);
}

/* --- polling ---------------------------------------------------------------------------------- */

/* Nothing, where no commit came since nothing was found. */
static int look(struct embedded_consumer *consumer, uint32_t max_records, size_t max_bytes,
                struct bus_batch *ret_batch, struct err *err)
{
    if (consumer->emptied_at == environment_last_commit(consumer->environment)) return E_OK;
    int rc = embedded_read_batch(consumer, max_records, max_bytes, ret_batch, err);
    if (rc == E_OK && ret_batch->count) make_readable(consumer);
    return rc;
}

/* The descriptor is quietened before the last look, so that no wake-up is lost between the two:
 * who commits what that didn't see makes it readable later. Until then there is nothing to look
 * for: LMDB tells of a commit while it still writes it, which takes a disk's time. */
static int poll_messages(struct embedded_consumer *consumer, uint32_t max_records, size_t max_bytes,
                         struct bus_batch *ret_batch, struct err *err)
{
    int rc = look(consumer, max_records, max_bytes, ret_batch, err);
    if (rc || ret_batch->count) return rc;
    make_quiet(consumer);
    return look(consumer, max_records, max_bytes, ret_batch, err);
}

int embedded_poll(struct bus_consumer *base, uint32_t max_records, size_t max_bytes,
                  struct bus_batch *ret_batch, struct err *err)
{
    struct embedded_consumer *consumer = of(base);
    struct bus_batch batch = {0};
    if (consumer->fenced)
        return err_set(err, E_FENCED, "another %s has joined group %s", consumer->member,
                       consumer->group);
    int rc = consumer->group[0] ? membership_tick(consumer, err)
                                : reader_look(consumer, false, err);
    if (rc == E_OK && consumer->paused) make_quiet(consumer);
    else if (rc == E_OK && max_records > 0)
        rc = poll_messages(consumer, max_records, max_bytes, &batch, err);
    if (rc == E_OK) *ret_batch = batch;
    return rc;
}

/* --- committing ------------------------------------------------------------------------------- */

static int write_commit(struct embedded_consumer *consumer, MDB_txn *txn,
                        const struct bus_output *outputs, size_t output_count,
                        const struct bus_position *positions, size_t position_count,
                        int64_t wall_ms, struct err *err)
{
    struct appender *appender = &consumer->appender;
    struct environment *environment = consumer->environment;
    int rc = consumer->group[0] ? membership_check(consumer, txn, err) : E_OK;
    if (rc == E_OK) rc = membership_move(consumer, txn, positions, position_count, err);
    if (rc == E_OK)
        rc = appender_add(appender, environment, txn, outputs, output_count, wall_ms, err);
    if (rc == E_OK) rc = appender_finish(appender, environment, txn, wall_ms, err);
    return rc;
}

/* Outputs and positions in one transaction; at_least_once asks for less, and gets the same. */
int embedded_commit(struct bus_consumer *base, const struct bus_output *outputs,
                    size_t output_count, const struct bus_position *positions,
                    size_t position_count, struct err *err)
{
    struct embedded_consumer *consumer = of(base);
    struct environment *environment = consumer->environment;
    int64_t wall_ms = clock_wall_ms(consumer->bus->clock);
    uint64_t pages = 0;
    MDB_txn *txn = NULL;
    if (position_count && !consumer->group[0])
        return err_set(err, E_BUG, "a reader without a group commits no positions");
    retention_tell_time(environment, consumer->bus->clock);
    int rc = appender_check(outputs, output_count, err);
    if (rc == E_OK)
        rc = appender_prepare(environment, outputs, output_count, &consumer->bus->options, &pages,
                              err);
    if (rc == E_OK) rc = retention_room(environment, pages, err);
    if (rc == E_OK) rc = environment_write(environment, &txn, err);
    if (rc) return rc;
    appender_begin(&consumer->appender);
    rc = write_commit(consumer, txn, outputs, output_count, positions, position_count, wall_ms,
                      err);
    if (rc) {
        environment_abort(environment, txn);
        return rc;
    }
    crash_point("commit.flushed");
    rc = environment_commit(environment, txn, "commit", err);
    if (rc) return rc;
    crash_point("commit.done"); /* and nobody was woken */
    if (output_count) live_publish(environment, consumer->appender.added, false);
    retention_tick(environment, consumer->bus->clock);
    return E_OK;
}

/* --- positions -------------------------------------------------------------------------------- */

int embedded_rewind(struct bus_consumer *base, struct err *err)
{
    struct embedded_consumer *consumer = of(base);
    if (!consumer->group[0])
        return err_set(err, E_BUG, "a reader without a group has no committed position");
    int rc = environment_read(consumer->environment, &consumer->look, err);
    if (rc) return rc;
    for (size_t i = 0; i < consumer->owned_count && rc == E_OK; i++) {
        struct owned_partition *at = &consumer->owned[i];
        struct group_position position;
        bool found;
        rc = membership_position(consumer, consumer->look, at->topic, at->partition, &position,
                                 &found, err);
        if (rc == E_OK && found) at->position = position.offset;
    }
    environment_rest(consumer->environment, consumer->look);
    consumer->emptied_at = 0;
    make_readable(consumer);
    return rc;
}

int embedded_seek(struct bus_consumer *base, const struct bus_position *position, struct err *err)
{
    struct embedded_consumer *consumer = of(base);
    if (consumer->group[0]) return err_set(err, E_BUG, "a group's positions move by commits only");
    int index = consumer_find(consumer, position->topic, position->partition);
    if (index < 0 || position->offset < 0)
        return err_set(err, E_NOT_FOUND, "%s/%u at %lld", topic_info(position->topic)->name,
                       position->partition, (long long)position->offset);
    consumer->owned[index].position = position->offset;
    consumer->emptied_at = 0;
    make_readable(consumer);
    return E_OK;
}

static struct bus_backlog backlog_of(struct embedded_consumer *consumer, struct owned_partition *at)
{
    struct bus_backlog item = {
        .topic = at->topic, .partition = at->partition, .position = at->position, .end = at->end};
    struct partition_state state;
    struct err err;
    int64_t timestamp_ms, written_ms;
    if (partition_read_state(consumer->environment, consumer->look, at->topic, at->partition,
                             &state, &err))
        return item;
    item.end = at->end = state.next;
    size_t offset = (size_t)(at->position > state.first ? at->position : state.first);
    if ((int64_t)offset >= state.next) return item;
    item.records = (uint64_t)state.next - offset;
    MDB_val key = mdb_value(&offset, sizeof offset), value;
    MDB_dbi messages = consumer->environment->topic[at->topic].partitions[at->partition].messages;
    if (mdb_get(consumer->look, messages, &key, &value) == 0 &&
        stored_times(str_make(value.mv_data, value.mv_size), &timestamp_ms, &written_ms))
        item.oldest_ms = timestamp_ms;
    return item;
}

size_t embedded_backlog(struct bus_consumer *base, struct bus_backlog *out, size_t max)
{
    struct embedded_consumer *consumer = of(base);
    struct err err;
    bool open = environment_read(consumer->environment, &consumer->look, &err) == E_OK;
    for (size_t i = 0; i < consumer->owned_count && i < max; i++) {
        struct owned_partition *at = &consumer->owned[i];
        if (open) out[i] = backlog_of(consumer, at);
        else
            out[i] = (struct bus_backlog){.topic = at->topic,
                                          .partition = at->partition,
                                          .position = at->position,
                                          .end = at->end,
                                          .records = (uint64_t)(at->end - at->position)};
    }
    if (open) environment_rest(consumer->environment, consumer->look);
    return consumer->owned_count;
}

uint64_t embedded_missed(struct bus_consumer *consumer)
{
    return ((const struct embedded_consumer *)consumer)->missed;
}
