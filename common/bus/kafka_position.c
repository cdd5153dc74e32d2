/* Which partitions a Kafka consumer has, how far it has read, and how much is left; pause,
 * rewind, seek.
 *
 * A pause throws the prefetched messages away, and resumes behind the message that was taken
 * last; which is wrong after a seek that no message followed yet. So `sought` remembers such a
 * seek, to be made again. */
#include <stdlib.h>

#include "base/array.h"
#include "bus/kafka.h"

struct kafka_partition *position_find(struct kafka_consumer *consumer, enum topic topic,
                                      uint32_t partition)
{
    for (size_t i = 0, at = consumer->hit; i < consumer->owned_count; i++, at++) {
        if (at >= consumer->owned_count) at = 0;
        if (consumer->owned[at].topic != topic || consumer->owned[at].partition != partition)
            continue;
        consumer->hit = at; /* messages of one partition come in runs */
        return &consumer->owned[at];
    }
    return NULL;
}

int position_add(struct kafka_consumer *consumer, enum topic topic, uint32_t partition,
                 int64_t start, int64_t end, struct err *err)
{
    int rc = E_OK;
    pthread_mutex_lock(&consumer->lock);
    if (!array_fits(&consumer->owned, &consumer->owned_capacity, consumer->owned_count + 1,
                    sizeof *consumer->owned))
        rc = err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK)
        consumer->owned[consumer->owned_count++] =
            (struct kafka_partition){.topic = topic,
                                     .partition = partition,
                                     .position = start,
                                     .read_to = start,
                                     .first_read = start >= 0 ? start : -1,
                                     .told = start >= 0 ? start : -1,
                                     .sought = -1,
                                     .end = end};
    consumer->unconfirmed = true;
    consumer->generation++;
    pthread_mutex_unlock(&consumer->lock);
    return rc;
}

void position_clear(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    consumer->owned_count = consumer->hit = 0;
    consumer->generation++;
    pthread_mutex_unlock(&consumer->lock);
    missed_forget(&consumer->missed);
    consumer->last_rkt = NULL;
    consumer->peak = 0;
}

rd_kafka_topic_partition_list_t *position_list(const struct kafka_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)consumer->owned_count);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        const struct kafka_partition *partition = &consumer->owned[i];
        rd_kafka_topic_partition_list_add(list, consumer->bus->topics[partition->topic],
                                          (int32_t)partition->partition)
            ->offset = partition->position >= 0 ? partition->position : RD_KAFKA_OFFSET_INVALID;
    }
    return list;
}

static void tell(struct kafka_consumer *consumer,
                 void (*call)(void *, const struct bus_position *, size_t))
{
    if (!call) return;
    struct bus_position *positions = calloc(consumer->owned_count + 1, sizeof *positions);
    if (!positions) {
        err_set(&consumer->trouble, E_NO_MEMORY, NULL);
        return;
    }
    for (size_t i = 0; i < consumer->owned_count; i++)
        positions[i] = (struct bus_position){consumer->owned[i].topic, consumer->owned[i].partition,
                                             consumer->owned[i].position};
    call(consumer->subscription.user, positions, consumer->owned_count);
    free(positions);
}

void position_tell_assigned(struct kafka_consumer *consumer)
{
    tell(consumer, consumer->subscription.on_assigned);
}

void position_tell_revoked(struct kafka_consumer *consumer, bool lost)
{
    atomic_store(&consumer->lost, lost);
    tell(consumer, consumer->subscription.on_revoked);
    atomic_store(&consumer->lost, false);
}

/* --- pause ----------------------------------------------------------------------------------- */

static void pause_all(struct kafka_consumer *consumer, bool paused)
{
    rd_kafka_topic_partition_list_t *list = position_list(consumer);
    if (list->cnt && paused)
        rd_kafka_pause_partitions(consumer->client, list);
    else if (list->cnt)
        rd_kafka_resume_partitions(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* librdkafka keeps a pause with the partition, not with the assignment. So partitions that come are
 * paused, and those that go are resumed, each before the assignment is told. Not after it:
 * librdkafka's thread may still be starting them, it takes the number of a request before it queues
 * it, and a start that another request of ours overtakes is thrown away as outdated. Such a
 * partition was never read (2.0.2; tests/kafka/test_reader.c). */
void position_pause_coming(struct kafka_consumer *consumer)
{
    if (consumer->paused) pause_all(consumer, true);
}

void position_resume_going(struct kafka_consumer *consumer)
{
    if (consumer->paused) pause_all(consumer, false);
}

/* Positions in `list` become where reading goes on. */
static int seek_all(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                    struct err *err)
{
    if (list->cnt == 0) return E_OK;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(consumer->client, list, KAFKA_CALL_MS);
    if (error) {
        int rc = kafka_error(rd_kafka_error_code(error), "seek", rd_kafka_error_string(error), err);
        rd_kafka_error_destroy(error);
        return rc;
    }
    for (int i = 0; i < list->cnt;
         i++) /* not begun yet: it will begin at what is committed, or was assigned */
        if (list->elems[i].err && list->elems[i].err != RD_KAFKA_RESP_ERR__STATE)
            return kafka_error(list->elems[i].err, "seek", NULL, err);
    return E_OK;
}

static void seek_again(struct kafka_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)consumer->owned_count);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        const struct kafka_partition *partition = &consumer->owned[i];
        if (partition->sought < 0) continue;
        rd_kafka_topic_partition_list_add(list, consumer->bus->topics[partition->topic],
                                          (int32_t)partition->partition)
            ->offset = partition->sought;
    }
    if (seek_all(consumer, list, &consumer->trouble)) consumer->trouble.code = E_UNAVAILABLE;
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_pause(struct bus_consumer *base, bool paused)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    if (paused == consumer->paused) return;
    consumer->paused = paused;
    pause_all(consumer, paused);
    if (paused) return;
    seek_again(consumer);
    consumer->peak = 0;
    consumer_make_readable(consumer);
}

/* --- rewind and seek ------------------------------------------------------------------------- */

static struct kafka_partition *partition_of(struct kafka_consumer *consumer,
                                            const rd_kafka_topic_partition_t *item)
{
    return position_find(consumer, kafka_topic_of(consumer->bus, item->topic),
                         (uint32_t)item->partition);
}

static int check_told(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                      struct err *err)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err)
            return kafka_error(list->elems[i].err, "committed positions", NULL, err);
    pthread_mutex_lock(&consumer->lock);
    bool trusted = position_trust(consumer, list);
    pthread_mutex_unlock(&consumer->lock);
    return trusted
               ? E_OK
               : err_set(
                     err, E_UNAVAILABLE,
                     "committed positions: the coordinator's answer is older than our own commit");
}

/* What was told is remembered, to be confirmed before the next commit. */
static void remember_told(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    pthread_mutex_lock(&consumer->lock);
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *item = &list->elems[i];
        struct kafka_partition *partition = partition_of(consumer, item);
        if (!partition) continue;
        partition->told = item->offset >= 0 ? item->offset : -1;
        if (item->offset < 0)
            item->offset = position_beginning(consumer, item, partition->first_read);
    }
    consumer->unconfirmed = true;
    pthread_mutex_unlock(&consumer->lock);
}

static void take_positions(struct kafka_consumer *consumer,
                           const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        struct kafka_partition *partition = partition_of(consumer, &list->elems[i]);
        if (partition)
            partition->position = partition->sought =
                list->elems[i].offset >= 0 ? list->elems[i].offset : -1;
    }
    consumer->peak = 0;
}

int kafka_rewind(struct bus_consumer *base, struct err *err)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    struct err ignored;
    if (!consumer->in_group || consumer->owned_count == 0) return E_OK;
    owed_settle(consumer, clock_mono_ms(clock_system()) + KAFKA_CALL_MS, &ignored);
    owed_forget(consumer);
    rd_kafka_topic_partition_list_t *list = position_list(consumer);
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->client, list, KAFKA_CALL_MS);
    int rc = code ? kafka_error(code, "committed positions", NULL, err)
                  : check_told(consumer, list, err);
    if (rc == E_OK) remember_told(consumer, list);
    if (rc == E_OK) rc = seek_all(consumer, list, err);
    if (rc == E_OK) take_positions(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    consumer_make_readable(consumer);
    if (rc == E_CANCELLED && err)
        err->code = E_UNAVAILABLE, rc = E_UNAVAILABLE; /* a rebalance is on: later */
    return rc;
}

/* Assigned anew rather than sought: that works also before fetching has begun. But never twice at
 * short notice, as librdkafka 2.0.2 aborts the process when partitions are assigned again before
 * it has stopped them (rd_kafka_assignment_partition_stopped()): so by the next poll, once for all
 * that was sought until then. */
int kafka_seek(struct bus_consumer *base, const struct bus_position *position, struct err *err)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    struct kafka_partition *partition =
        position_find(consumer, position->topic, position->partition);
    if (consumer->in_group) return err_set(err, E_BUG, "only readers without a group may seek");
    if (!partition)
        return err_set(err, E_NOT_FOUND, "partition %u of %s is not assigned", position->partition,
                       topic_info(position->topic)->name);
    partition->position = partition->sought = position->offset;
    partition->moved = consumer->moved = true;
    consumer_make_readable(consumer);
    return E_OK;
}

int position_assign(struct kafka_consumer *consumer, struct err *err)
{
    enum { STOPPED_MS = 500 }; /* by then it has stopped what was assigned before */
    int64_t now_ms = clock_mono_ms(clock_system());
    if (!consumer->moved) return E_OK;
    if (consumer->assigned_ms && now_ms - consumer->assigned_ms < STOPPED_MS) return E_OK;
    position_pause_coming(consumer);
    rd_kafka_topic_partition_list_t *list = position_list(consumer);
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code) return kafka_error(code, "assign", NULL, err);
    consumer->assigned_ms = now_ms;
    consumer->moved = false;
    for (size_t i = 0; i < consumer->owned_count; i++) consumer->owned[i].moved = false;
    return E_OK;
}

/* --- backlog --------------------------------------------------------------------------------- */

/* The end as fetches tell it, without asking; while none are made (paused), as the watcher has
 * heard. */
static int64_t end_of(const struct kafka_consumer *consumer,
                      const struct kafka_partition *partition, int64_t *ret_low)
{
    int64_t low = -1, high = -1;
    rd_kafka_get_watermark_offsets(consumer->client, consumer->bus->topics[partition->topic],
                                   (int32_t)partition->partition, &low, &high);
    if (partition->end > high) high = partition->end;
    *ret_low = low;
    return high > partition->position ? high : partition->position;
}

/* Before anything has been read, it is where reading will begin. */
static int64_t position_of(const struct kafka_partition *partition, int64_t low)
{
    if (partition->position >= 0) return partition->position;
    return low >= 0 ? low : 0;
}

/* The next message's timestamp isn't known before it is read. It isn't before the last one's,
 * nor before the time when there was nothing left to read. */
static int64_t oldest_ms(const struct kafka_partition *partition)
{
    if (!partition->last_ms) return 0;
    return partition->last_ms > partition->caught_up_ms ? partition->last_ms
                                                        : partition->caught_up_ms;
}

size_t kafka_backlog(struct bus_consumer *base, struct bus_backlog *out, size_t max)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    if (consumer->paused) ends_ask(consumer);
    pthread_mutex_lock(&consumer->lock);
    for (size_t i = 0; i < consumer->owned_count && i < max; i++) {
        const struct kafka_partition *partition = &consumer->owned[i];
        int64_t low, end = end_of(consumer, partition, &low),
                     position = position_of(partition, low);
        uint64_t records = end > position ? (uint64_t)(end - position) : 0;
        out[i] = (struct bus_backlog){.topic = partition->topic,
                                      .partition = partition->partition,
                                      .position = position,
                                      .end = end > 0 ? end : 0,
                                      .records = records,
                                      .oldest_ms = records ? oldest_ms(partition) : 0};
    }
    size_t count = consumer->owned_count;
    pthread_mutex_unlock(&consumer->lock);
    return count;
}
