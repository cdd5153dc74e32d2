/* A thread per Kafka consumer for the calls that wait for a broker, which the loop must not
 * make.
 *
 * It asks for the ends of all partitions when it is told to: for the backlog of a consumer that
 * is new or paused, and because a request to the partitions' leaders wakes fetchers that pause
 * (see keep_fetching()). For a reader without a group it looks for its topics until all of them
 * are there, and where to begin. When no broker can be reached it asks until one answers:
 * librdkafka says when all are down, not when one is back. */
#include <stdlib.h>
#include <time.h>

#include "bus/kafka.h"

enum { LOOK_EVERY_MS = 500, LOOK_MS = 2000, ASK_MS = 2000, FIRST_LOOK_MS = 1000 };

static struct timespec after_ms(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + ms * 1000000;
    return (struct timespec){.tv_sec = at.tv_sec + (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};
}

/* --- ends ------------------------------------------------------------------------------------ */

enum figure { FIGURE_END, FIGURE_COMMITTED };

static void take_figures(struct kafka_consumer *consumer,
                         const rd_kafka_topic_partition_list_t *list, enum figure figure)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &list->elems[i];
        enum topic topic = kafka_topic_of(consumer->bus, item->topic);
        for (size_t j = 0; j < consumer->owned_count && !item->err; j++) {
            struct kafka_partition *partition = &consumer->owned[j];
            if (partition->topic != topic || partition->partition != (uint32_t)item->partition)
                continue;
            if (figure == FIGURE_COMMITTED)
                partition->committed = item->offset;
            else if (item->offset > partition->end)
                partition->end = item->offset;
        }
    }
}

static bool is_new(const struct kafka_consumer *consumer)
{
    for (size_t i = 0; i < consumer->owned_count; i++)
        if (consumer->owned[i].end < 0) return true;
    return false;
}

/* The lock is held, but not while it waits. */
static void ask_ends(struct kafka_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = position_list(consumer), *committed = NULL;
    if (consumer->in_group && is_new(consumer))
        committed = rd_kafka_topic_partition_list_copy(list);
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = RD_KAFKA_OFFSET_END; /* as a "time" */
    pthread_mutex_unlock(&consumer->lock);
    bool has_committed = committed && rd_kafka_committed(consumer->client, committed, ASK_MS) ==
                                          RD_KAFKA_RESP_ERR_NO_ERROR;
    pthread_mutex_lock(&consumer->lock);
    bool stops = consumer->watch.stops;
    pthread_mutex_unlock(&consumer->lock);
    bool has_ends = list->cnt && !stops && rd_kafka_offsets_for_times(consumer->client, list, ASK_MS) ==
                                     RD_KAFKA_RESP_ERR_NO_ERROR;
    pthread_mutex_lock(&consumer->lock);
    if (has_committed) take_figures(consumer, committed, FIGURE_COMMITTED);
    if (has_ends) take_figures(consumer, list, FIGURE_END);
    rd_kafka_topic_partition_list_destroy(list);
    if (committed) rd_kafka_topic_partition_list_destroy(committed);
}

/* --- a reader's topics ----------------------------------------------------------------------- */

static bool add_found(struct kafka_watch *watch, enum topic topic,
                      const rd_kafka_topic_partition_list_t *list)
{
    size_t count = watch->found_count + (size_t)list->cnt;
    if (count > watch->found_capacity) {
        struct kafka_found *grown = realloc(watch->found, count * sizeof *grown);
        if (!grown) return false;
        watch->found = grown;
        watch->found_capacity = count;
    }
    for (int i = 0; i < list->cnt; i++)
        watch->found[watch->found_count++] =
            (struct kafka_found){topic, (uint32_t)list->elems[i].partition, list->elems[i].offset};
    return true;
}

/* Where each partition of a topic begins for this reader; a topic that came later is read whole.
 * Blocks. */
static rd_kafka_topic_partition_list_t *find_topic(struct kafka_consumer *consumer,
                                                   enum topic topic, bool latest)
{
    const char *name = consumer->bus->topics[topic];
    uint32_t count;
    if (kafka_partition_count(consumer->client, name, LOOK_MS, &count, NULL)) return NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (uint32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, name, (int32_t)i)->offset =
            latest ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
    bool ok =
        rd_kafka_offsets_for_times(consumer->client, list, LOOK_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < list->cnt; i++)
        ok = ok && !list->elems[i].err && list->elems[i].offset >= 0;
    if (ok) return list;
    rd_kafka_topic_partition_list_destroy(list);
    return NULL;
}

/* The lock is held, but not while it waits. */
static void look_for_topics(struct kafka_consumer *consumer)
{
    struct kafka_watch *watch = &consumer->watch;
    bool latest = consumer->subscription.start == BUS_LATEST && !watch->looked;
    for (int i = 0; i < TOPIC_COUNT && !watch->stops; i++) {
        if (!(watch->missing >> i & 1)) continue;
        pthread_mutex_unlock(&consumer->lock);
        rd_kafka_topic_partition_list_t *list = find_topic(consumer, (enum topic)i, latest);
        pthread_mutex_lock(&consumer->lock);
        if (!list) continue;
        if (add_found(watch, (enum topic)i, list)) watch->missing &= ~(1u << i);
        rd_kafka_topic_partition_list_destroy(list);
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
    if (answered) consumer->watch.down = false;
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
    struct timespec due = after_ms(0);
    pthread_mutex_lock(&consumer->lock);
    while (!watch->stops) {
        if (watch->asked) {
            watch->asked = false;
            ask_ends(consumer);
        } else if (!watch->missing && !watch->down && !atomic_load(&consumer->bus->limits_checked)) {
            pthread_mutex_unlock(&consumer->lock);
            limits_check(consumer);
            pthread_mutex_lock(&consumer->lock);
        } else if (!watch->missing && !watch->down) {
            pthread_cond_wait(&watch->changed, &consumer->lock);
        } else if (pthread_cond_timedwait(&watch->changed, &consumer->lock, &due)) {
            if (watch->missing) look_for_topics(consumer);
            if (watch->down && !watch->stops) look_for_a_broker(consumer);
            due = after_ms(LOOK_EVERY_MS);
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
