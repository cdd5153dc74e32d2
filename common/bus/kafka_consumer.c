/* Reading from Kafka: subscribe, take batches, follow rebalances.
 *
 * A batch holds librdkafka's own messages until it is released: keys and values are views into
 * them. Messages are taken one by one, because taking many at once loses some around
 * a pause (librdkafka issue 4208, fixed in 2.1). Everything is forwarded to one queue, which
 * makes wake_fd readable when it stops being empty; a poll that leaves something behind makes it
 * readable itself.
 *
 * A rebalance is told inside bus_poll(), before the partitions change hands; what the running
 * poll had taken from them is dropped, as their next owner begins at the committed positions. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "bus/kafka_begin.h"

/* --- wake-ups -------------------------------------------------------------------------------- */

int kafka_wake_fd(const struct bus_consumer *consumer)
{
    return ((const struct kafka_consumer *)consumer)->wake_fd;
}

void consumer_make_readable(struct kafka_consumer *consumer)
{
    if (eventfd_write(consumer->wake_fd, 1)) return; /* full: readable */
}

static void make_quiet(struct kafka_consumer *consumer)
{
    eventfd_t value;
    if (eventfd_read(consumer->wake_fd, &value)) return; /* quiet already */
}

/* --- what comes in place of a message --------------------------------------------------------- */

static void note_trouble(struct kafka_consumer *consumer, rd_kafka_resp_err_t code,
                         const char *text)
{
    kafka_error(code, "kafka", text, &consumer->trouble);
}

/* The client is of no more use: another process has our name, or librdkafka gave up. Also a fenced
 * static member comes as an event in place of a message (librdkafka 2.0.2), not by on_error(). */
static void note_fatal(struct kafka_consumer *consumer)
{
    char text[256] = "";
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(consumer->client, text, sizeof text);
    note_trouble(consumer, code, text);
    consumer->trouble.code = code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ? E_FENCED : E_SYSTEM;
    consumer->fatal = true;
}

static void note_absent(struct kafka_consumer *consumer, const rd_kafka_topic_t *rkt)
{
    enum topic topic = rkt ? kafka_topic_of(consumer->bus, rd_kafka_topic_name(rkt)) : TOPIC_NONE;
    if (topic != TOPIC_NONE) atomic_fetch_or(&consumer->came_later, 1u << topic);
}

/* What comes in place of a message. */
static void take_event(struct kafka_consumer *consumer, const rd_kafka_message_t *event)
{
    struct kafka_partition *partition = NULL;
    switch (event->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        partition = position_find(consumer, consumer_topic_of(consumer, event->rkt),
                                  (uint32_t)event->partition);
        if (!partition || partition->moved) return;
        partition->position = event->offset; /* beyond transaction markers */
        partition->caught_up_ms = clock_wall_ms(consumer->bus->clock);
        return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: /* it may be created later */
        note_absent(consumer, event->rkt);
        log_line(LOG_WARN, "kafka",
                 "a topic does not exist yet; `verbatim topics create` creates it");
        return;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: return; /* a rebalance follows */
    case RD_KAFKA_RESP_ERR__FATAL: note_fatal(consumer); return;
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        if (!consumer->in_group) return; /* a reader has no use for a group */
        break;
    default: break;
    }
    if (!consumer->fatal) note_trouble(consumer, event->err, rd_kafka_message_errstr(event));
}

/* --- rebalance ------------------------------------------------------------------------------- */

/* The generation to which the partitions belong. Asked for later it could be another one, or that
 * of nobody, which brokers don't fence. */
static void remember_group(struct kafka_consumer *consumer)
{
    void *bytes = NULL;
    size_t size = 0;
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(consumer->client);
    rd_kafka_error_t *error =
        group ? rd_kafka_consumer_group_metadata_write(group, &bytes, &size) : NULL;
    if (error) rd_kafka_error_destroy(error);
    if (group) rd_kafka_consumer_group_metadata_destroy(group);
    member_forget_group(consumer);
    pthread_mutex_lock(&consumer->lock);
    consumer->group = error ? NULL : bytes;
    consumer->group_bytes = size;
    pthread_mutex_unlock(&consumer->lock);
}

/* Where reading begins is asked for apart from it, by the watcher. What librdkafka asks itself,
 * 2.0.2 and newer, takes "a transaction is open" for "nothing is committed" where the assignment
 * changed meanwhile, and begins at the beginning (rd_kafka_assignment_apply_offsets(); soak 8), and
 * after NOT_COORDINATOR it never begins (issue 5586). */
static int begin_reading(struct kafka_consumer *consumer, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = begin_awaited(consumer);
    int rc = E_OK;
    if (!list) return E_OK;
    for (int i = 0; i < list->cnt && rc == E_OK; i++) {
        rd_kafka_topic_partition_t *item = &list->elems[i];
        enum topic topic = kafka_topic_of(consumer->bus, item->topic);
        if (topic != TOPIC_NONE)
            rc = position_add(consumer, topic, (uint32_t)item->partition, item->offset, -1, err);
    }
    position_pause_coming(consumer);
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (rc == E_OK && code) rc = kafka_error(code, "assign", NULL, err);
    begin_adopt(consumer);
    position_tell_assigned(consumer);
    return rc;
}

void consumer_on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    struct err ignored;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        remember_group(consumer);
        begin_await(consumer, partitions);
        return;
    }
    begin_await(consumer, NULL);
    bool lost = rd_kafka_assignment_lost(client);
    if (lost) position_group_lost(consumer);
    if (consumer->current) batch_empty(consumer->current);
    if (!consumer->closing) position_tell_revoked(consumer, lost);
    /* for the next owner, if it is in time */
    if (!lost) owed_settle(consumer, clock_mono_ms(clock_system()) + KAFKA_CALL_MS, &ignored);
    owed_forget(consumer);
    position_resume_going(consumer);
    position_clear(consumer);
    member_forget_group(consumer);
    rd_kafka_assign(client, NULL);
}

/* A topic of ours was deleted, and may be made anew before librdkafka tells of a rebalance. Where
 * doubles are allowed we begin again at once at what is committed; else commits ask for that. */
static void note_gone(struct kafka_consumer *consumer)
{
    if (!consumer->in_group || consumer->closing) return;
    if (!consumer->subscription.at_least_once) {
        position_topic_gone(consumer);
        return;
    }
    if (consumer->current) batch_empty(consumer->current);
    position_tell_revoked(consumer, true);
    owed_forget(consumer);
}

void consumer_on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    (void)client;
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        note_fatal(consumer);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        position_doubt(consumer);
    /* One connection that fails is no trouble as long as another works. */
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
        consumer->fatal)
        return;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) ends_lost(consumer);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
        note_gone(consumer);
    note_trouble(consumer, (rd_kafka_resp_err_t)code, reason);
}

uint64_t kafka_missed(struct bus_consumer *base)
{
    return kafka_consumer_of(base)->missed.messages;
}

/* --- poll ------------------------------------------------------------------------------------ */

/* A reader's topics that the watcher has found meanwhile. */
static int adopt_found(struct kafka_consumer *consumer, struct err *err)
{
    int rc = E_OK;
    pthread_mutex_lock(&consumer->lock);
    struct kafka_found *found = consumer->watch.found;
    size_t count = consumer->watch.found_count;
    consumer->watch.found = NULL;
    consumer->watch.found_count = consumer->watch.found_capacity = 0;
    pthread_mutex_unlock(&consumer->lock);
    for (size_t i = 0; i < count && rc == E_OK; i++)
        rc = position_add(consumer, found[i].topic, found[i].partition, found[i].start,
                          found[i].end, err);
    free(found);
    if (rc || count == 0) return rc;
    consumer->moved = true;
    /* the next poll assigns them, where the caller sought by then */
    consumer_make_readable(consumer);
    position_tell_assigned(consumer);
    return E_OK;
}

/* When the prefetch queue is full, librdkafka stops fetching and looks again only a second later
 * (before KAFKA_BACKS_OFF). Asking the partitions' leaders for something wakes the fetchers at
 * once, so ask when half of what there was has been read, and again when half of the rest
 * has. `bytes`: of what was read now, by which the rest is weighed. */
static void keep_fetching(struct kafka_consumer *consumer, uint32_t count, size_t bytes)
{
    enum { SMALL_SHARE = 8 }; /* a queue that small was not full */
    if (rd_kafka_version() >= KAFKA_BACKS_OFF) return;
    size_t left = rd_kafka_queue_length(consumer->queue) * (bytes / count);
    if (left + bytes > consumer->peak) consumer->peak = left + bytes;
    if (left > consumer->peak / 2) return;
    if (consumer->peak < consumer->bus->options.prefetch / SMALL_SHARE) return;
    consumer->peak = left;
    ends_ask(consumer);
}

static int fill_batch(struct kafka_consumer *consumer, struct kafka_batch *batch,
                      uint32_t max_records, size_t max_bytes, size_t *bytes, struct err *err)
{
    while (batch->count < max_records && *bytes < max_bytes) {
        if (!batch_grow(batch, max_records)) return err_set(err, E_NO_MEMORY, NULL);
        rd_kafka_message_t *held = rd_kafka_consumer_poll(consumer->client, 0);
        if (!held) return E_OK;
        if (held->err) {
            take_event(consumer, held);
            rd_kafka_message_destroy(held);
            continue;
        }
        *bytes += held->len;
        if (!batch_take(consumer, batch, held)) return err_set(err, E_NO_MEMORY, NULL);
    }
    consumer_make_readable(consumer); /* the budget is spent; there may be more */
    return E_OK;
}

static int read_trouble(struct kafka_consumer *consumer, struct err *err)
{
    if (consumer->fatal && consumer->trouble.code == E_FENCED) return member_rejoin(consumer, err);
    int rc = (int)consumer->trouble.code;
    if (rc && err) *err = consumer->trouble;
    if (!consumer->fatal) consumer->trouble.code = E_OK;
    return rc;
}

int kafka_poll(struct bus_consumer *base, uint32_t max_records, size_t max_bytes,
               struct bus_batch *ret_batch, struct err *err)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    size_t bytes = 0;
    *ret_batch = (struct bus_batch){0};
    make_quiet(consumer);
    owed_go_on(consumer);
    int rc = consumer->fatal ? read_trouble(consumer, err) : E_OK;
    if (rc == E_OK)
        rc = consumer->in_group ? begin_reading(consumer, err) : position_assign(consumer, err);
    if (rc == E_OK && !consumer->in_group) rc = adopt_found(consumer, err);
    if (rc) return rc;
    struct kafka_batch *batch = consumer->current = batch_open(consumer);
    if (!batch) return err_set(err, E_NO_MEMORY, NULL);
    rc = fill_batch(consumer, batch, max_records, max_bytes, &bytes, err);
    consumer->current = NULL;
    if (rc == E_OK && batch->count == 0) rc = read_trouble(consumer, err);
    if (rc || batch->count == 0) {
        batch_close(consumer, batch);
        return rc;
    }
    keep_fetching(consumer, batch->count, bytes);
    *ret_batch =
        (struct bus_batch){.messages = batch->messages, .count = batch->count, .handle = batch};
    return E_OK;
}
