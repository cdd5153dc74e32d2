/* A thread per Kafka consumer for the calls that wait for a broker, which the loop must not
 * make.
 *
 * It asks for the ends of all partitions when it is told to: for the backlog of a consumer that
 * is new or paused, and because a request to the partitions' leaders wakes fetchers that pause
 * (see keep_fetching()). For a reader without a group it looks for its topics until all of them
 * are there, and where to begin, and then whether they have more partitions. When no broker can be
 * reached it asks until one answers: librdkafka says when all are down, not when one is back. */
#include <time.h>

#include "base/array.h"
#include "bus/kafka_begin.h"

enum {
    LOOK_EVERY_MS = 500, LOOK_MS = 2000, ASK_AGAIN_MS = 100, FIRST_LOOK_MS = 1000,
    LOOK_FOR_MORE_MS = 5000, /* as groups learn of new partitions: kafka_config.c */
};

static struct timespec after_ms(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + ms * 1000000;
    return (struct timespec){.tv_sec = at.tv_sec + (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};
}

/* --- ends ------------------------------------------------------------------------------------ */

void ends_take(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &list->elems[i];
        enum topic topic = kafka_topic_of(consumer->bus, item->topic);
        for (size_t j = 0; j < consumer->owned_count && !item->err; j++) {
            struct kafka_partition *partition = &consumer->owned[j];
            if (partition->topic == topic && partition->partition == (uint32_t)item->partition &&
                item->offset > partition->end)
                partition->end = item->offset;
        }
    }
}

rd_kafka_topic_partition_list_t *ends_of(rd_kafka_t *client,
                                         const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(list);
    for (int i = 0; i < ends->cnt; i++)
        ends->elems[i].offset = RD_KAFKA_OFFSET_END; /* as a "time" */
    if (ends->cnt &&
        rd_kafka_offsets_for_times(client, ends, KAFKA_ASK_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ends;
    rd_kafka_topic_partition_list_destroy(ends);
    return NULL;
}

/* The lock is held, but not while it waits. */
static void ask_ends(struct kafka_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = position_list(consumer);
    pthread_mutex_unlock(&consumer->lock);
    rd_kafka_topic_partition_list_t *ends = ends_of(consumer->client, list);
    pthread_mutex_lock(&consumer->lock);
    if (ends) ends_take(consumer, ends);
    if (ends) rd_kafka_topic_partition_list_destroy(ends);
    rd_kafka_topic_partition_list_destroy(list);
}

/* --- a reader's topics ----------------------------------------------------------------------- */

/* Those behind the first `known`. */
static bool add_found(struct kafka_watch *watch, enum topic topic, uint32_t known,
                      const rd_kafka_topic_partition_list_t *starts,
                      const rd_kafka_topic_partition_list_t *ends)
{
    size_t count = watch->found_count + (size_t)starts->cnt;
    if (!array_fits(&watch->found, &watch->found_capacity, count, sizeof *watch->found))
        return false;
    for (int i = 0; i < starts->cnt; i++) {
        int32_t partition = starts->elems[i].partition;
        if ((uint32_t)partition < known) continue;
        watch->found[watch->found_count++] =
            (struct kafka_found){.topic = topic,
                                 .partition = (uint32_t)partition,
                                 .start = starts->elems[i].offset,
                                 .end = kafka_offset_in(ends, partition)};
    }
    return true;
}

/* Where each partition of a topic ends, and begins for this reader; false: none but the `known`.
 * The ends come along, so that nobody takes one that isn't known yet for that of an empty
 * partition. */
static bool find_topic(struct kafka_consumer *consumer, enum topic topic, uint32_t known,
                       bool latest, bool *ret_absent, rd_kafka_topic_partition_list_t **ret_starts,
                       rd_kafka_topic_partition_list_t **ret_ends)
{
    const char *name = consumer->bus->topics[topic];
    rd_kafka_t *client = consumer->client;
    uint32_t count;
    int rc = kafka_partition_count(client, name, LOOK_MS, &count, NULL);
    *ret_absent = rc == E_NOT_FOUND;
    if (rc || count <= known) return false;
    if (kafka_ends(client, name, count, RD_KAFKA_OFFSET_END, LOOK_MS, ret_ends, NULL)) return false;
    if (latest) *ret_starts = rd_kafka_topic_partition_list_copy(*ret_ends);
    else rc = kafka_ends(client, name, count, RD_KAFKA_OFFSET_BEGINNING, LOOK_MS, ret_starts, NULL);
    if (rc) rd_kafka_topic_partition_list_destroy(*ret_ends);
    return rc == E_OK;
}

/* The lock is held, but not while it waits. A topic that wasn't there and comes later is read
 * whole, also by who begins at the end, and so is a partition of one that was; a broker that
 * doesn't answer says nothing of the kind. */
static void look_for_topics(struct kafka_consumer *consumer)
{
    struct kafka_watch *watch = &consumer->watch;
    for (int i = 0; i < TOPIC_COUNT && !watch->stops; i++) {
        rd_kafka_topic_partition_list_t *starts, *ends;
        uint32_t known = watch->partitions[i];
        bool missing = watch->missing >> i & 1, absent,
             latest = missing && consumer->subscription.start == BUS_LATEST &&
                      !(watch->absent >> i & 1);
        if (!missing && !known) continue;
        pthread_mutex_unlock(&consumer->lock);
        bool found = find_topic(consumer, (enum topic)i, known, latest, &absent, &starts, &ends);
        pthread_mutex_lock(&consumer->lock);
        if (absent && missing) watch->absent |= 1u << i;
        if (!found) continue;
        if (add_found(watch, (enum topic)i, known, starts, ends)) {
            watch->missing &= ~(1u << i);
            watch->partitions[i] = (uint32_t)starts->cnt;
        }
        rd_kafka_topic_partition_list_destroy(starts);
        rd_kafka_topic_partition_list_destroy(ends);
        consumer_make_readable(consumer);
    }
    watch->looked = true;
    pthread_cond_broadcast(&watch->changed);
}

/* --- brokers that don't answer --------------------------------------------------------------- */

/* The lock is held, but not while it waits. */
static void look_for_a_broker(struct kafka_consumer *consumer)
{
    const struct rd_kafka_metadata *metadata = NULL;
    pthread_mutex_unlock(&consumer->lock);
    bool answered = rd_kafka_metadata(consumer->client, 0, NULL, &metadata, LOOK_MS) ==
                    RD_KAFKA_RESP_ERR_NO_ERROR;
    if (metadata) rd_kafka_metadata_destroy(metadata);
    pthread_mutex_lock(&consumer->lock);
    if (!answered) return;
    consumer->watch.down = false;
    consumer_make_readable(consumer); /* who waits for it may look */
}

/* The lock is held, but not while it waits. */
static void await_committed(struct kafka_consumer *consumer)
{
    struct timespec again = after_ms(ASK_AGAIN_MS);
    if (begin_ask(consumer) || consumer->watch.stops) return;
    if (consumer->watch.down) look_for_a_broker(consumer);
    else pthread_cond_timedwait(&consumer->watch.changed, &consumer->lock, &again);
}

void ends_lost(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    consumer->watch.down = true;
    pthread_cond_broadcast(&consumer->watch.changed);
    pthread_mutex_unlock(&consumer->lock);
}

bool kafka_answers(struct bus_consumer *base)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    pthread_mutex_lock(&consumer->lock);
    bool answers = !consumer->watch.down;
    pthread_mutex_unlock(&consumer->lock);
    return answers;
}

/* --- thread ---------------------------------------------------------------------------------- */

static void *watch_main(void *argument)
{
    struct kafka_consumer *consumer = argument;
    struct kafka_watch *watch = &consumer->watch;
    struct timespec due = after_ms(0), more_due = after_ms(LOOK_FOR_MORE_MS);
    pthread_mutex_lock(&consumer->lock);
    while (!watch->stops) {
        if (consumer->awaited.starts && !consumer->awaited.known) {
            await_committed(consumer);
        } else if (watch->asked) {
            watch->asked = false;
            ask_ends(consumer);
        } else if (!watch->missing && !watch->down &&
                   !atomic_load(&consumer->bus->limits_checked)) {
            pthread_mutex_unlock(&consumer->lock);
            limits_check(consumer);
            pthread_mutex_lock(&consumer->lock);
        } else if (consumer->in_group && !watch->down) {
            pthread_cond_wait(&watch->changed, &consumer->lock);
        } else if (pthread_cond_timedwait(&watch->changed, &consumer->lock,
                                          watch->missing || watch->down ? &due : &more_due)) {
            if (watch->missing || !watch->down) look_for_topics(consumer);
            if (watch->down && !watch->stops) look_for_a_broker(consumer);
            due = after_ms(LOOK_EVERY_MS);
            more_due = after_ms(LOOK_FOR_MORE_MS);
        }
    }
    pthread_mutex_unlock(&consumer->lock);
    return NULL;
}

void ends_ask(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    consumer->watch.asked = true;
    pthread_cond_broadcast(&consumer->watch.changed);
    pthread_mutex_unlock(&consumer->lock);
}

/* A reader that begins at the end means this moment: so the first look is waited for, not for
 * long. */
static void await_first_look(struct kafka_consumer *consumer)
{
    struct timespec deadline = after_ms(FIRST_LOOK_MS);
    int rc = 0;
    pthread_mutex_lock(&consumer->lock);
    while (!consumer->watch.looked && rc == 0)
        rc = pthread_cond_timedwait(&consumer->watch.changed, &consumer->lock, &deadline);
    pthread_mutex_unlock(&consumer->lock);
}

int ends_start(struct kafka_consumer *consumer, struct err *err)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&consumer->watch.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!consumer->in_group) consumer->watch.missing = consumer->topics;
    consumer->watch.stops = false;
    consumer->watch.down = true; /* until the first answer */
    if (pthread_create(&consumer->watch.thread, NULL, watch_main, consumer)) {
        pthread_cond_destroy(&consumer->watch.changed);
        return err_set(err, E_SYSTEM, "the consumer's thread can't be started");
    }
    consumer->watch.started = true;
    if (!consumer->in_group) await_first_look(consumer);
    return E_OK;
}

void ends_stop(struct kafka_consumer *consumer)
{
    if (!consumer->watch.started) return;
    pthread_mutex_lock(&consumer->lock);
    consumer->watch.stops = true;
    pthread_cond_broadcast(&consumer->watch.changed);
    pthread_mutex_unlock(&consumer->lock);
    pthread_join(consumer->watch.thread, NULL);
    pthread_cond_destroy(&consumer->watch.changed);
    consumer->watch.started = false;
}
