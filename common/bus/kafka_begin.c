/* Where the partitions of an assignment begin: the watcher asks what is committed of them.
 *
 * Where nothing is, a group begins at the beginning; one that begins at the end of a topic
 * (BUS_LATEST) has all ends of the topic committed before anything is read, once for all of its
 * members. So what has no position later came later, and is read whole: a partition that was added,
 * or a topic that wasn't there when this member came. */
#include "bus/kafka_begin.h"

/* --- between the loop and the watcher --------------------------------------------------------- */

static void forget_awaited(struct kafka_awaited *awaited)
{
    if (awaited->starts) rd_kafka_topic_partition_list_destroy(awaited->starts);
    if (awaited->ends) rd_kafka_topic_partition_list_destroy(awaited->ends);
    *awaited = (struct kafka_awaited){0};
}

void begin_await(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    struct kafka_awaited *awaited = &consumer->awaited;
    pthread_mutex_lock(&consumer->lock);
    forget_awaited(awaited);
    if (partitions) awaited->starts = rd_kafka_topic_partition_list_copy(partitions);
    awaited->known = partitions && partitions->cnt == 0;
    consumer->generation++;
    if (partitions) pthread_cond_broadcast(&consumer->watch.changed);
    pthread_mutex_unlock(&consumer->lock);
    if (partitions) consumer_make_readable(consumer);
}

rd_kafka_topic_partition_list_t *begin_awaited(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    rd_kafka_topic_partition_list_t *list =
        consumer->awaited.known ? consumer->awaited.starts : NULL;
    if (list) consumer->awaited.starts = NULL;
    pthread_mutex_unlock(&consumer->lock);
    return list;
}

void begin_adopt(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    if (consumer->awaited.ends) ends_take(consumer, consumer->awaited.ends);
    forget_awaited(&consumer->awaited);
    pthread_mutex_unlock(&consumer->lock);
}

/* --- at the end ------------------------------------------------------------------------------- */

static bool all_known(const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err) return false;
    return true;
}

/* Asks what is committed of the list. False: nobody says. */
static bool ask_list(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    return rd_kafka_committed(consumer->client, list, KAFKA_ASK_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* By our generation, so not by that of a member that was. */
static bool commit_list_now(struct kafka_consumer *consumer,
                            const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_queue_t *answers = rd_kafka_queue_new(consumer->client);
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(consumer->client, list, answers, NULL, NULL);
    rd_kafka_event_t *event = code ? NULL : rd_kafka_queue_poll(answers, KAFKA_ASK_MS);
    bool done = event && !rd_kafka_event_error(event) &&
                all_known(rd_kafka_event_topic_partition_list(event));
    if (done) position_committed_list(consumer, list);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(answers);
    return done;
}

/* Has the group begun in this topic? Else it does now, at the ends. False: not yet. */
static bool begin_topic(struct kafka_consumer *consumer, const char *topic)
{
    rd_kafka_t *client = consumer->client;
    rd_kafka_topic_partition_list_t *ends = NULL, *all;
    uint32_t count;
    bool begun = false;
    if (kafka_partition_count(client, topic, KAFKA_ASK_MS, &count, NULL)) return false;
    if (kafka_ends(client, topic, count, RD_KAFKA_OFFSET_END, KAFKA_ASK_MS, &ends, NULL))
        return false;
    all = rd_kafka_topic_partition_list_copy(ends);
    bool known = ask_list(consumer, all) && all_known(all);
    for (int i = 0; i < all->cnt && known; i++) begun |= all->elems[i].offset >= 0;
    if (known && !begun) begun = commit_list_now(consumer, ends);
    rd_kafka_topic_partition_list_destroy(all);
    rd_kafka_topic_partition_list_destroy(ends);
    return begun;
}

/* Sees to it that the group has begun in all topics of which `told` says that nothing is committed,
 * and asks again then. False: not yet. */
static bool begin_at_ends(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *told)
{
    uint32_t asked = 0;
    for (int i = 0; i < told->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &told->elems[i];
        enum topic topic = kafka_topic_of(consumer->bus, item->topic);
        if (item->offset >= 0 || topic == TOPIC_NONE || asked >> topic & 1) continue;
        asked |= 1u << topic;
        if (atomic_load(&consumer->came_later) >> topic & 1) continue;
        if (position_is_known(consumer, topic)) continue; /* and was made anew, or that is old */
        if (!begin_topic(consumer, item->topic)) return false;
    }
    return !asked || (ask_list(consumer, told) && all_known(told));
}

/* --- asking ----------------------------------------------------------------------------------- */

static void begin_uncommitted(rd_kafka_topic_partition_list_t *starts)
{
    for (int i = 0; i < starts->cnt; i++)
        if (starts->elems[i].offset < 0) starts->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
}

bool begin_ask(struct kafka_consumer *consumer)
{
    uint64_t generation = consumer->generation;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(
                                        consumer->awaited.starts),
                                    *ends = NULL;
    pthread_mutex_unlock(&consumer->lock);
    bool answered = ask_list(consumer, list);
    bool known = answered && all_known(list);
    if (!answered) position_doubt(consumer);
    if (known && consumer->subscription.start == BUS_LATEST) known = begin_at_ends(consumer, list);
    if (known) ends = ends_of(consumer->client, list);
    pthread_mutex_lock(&consumer->lock);
    if (known && consumer->generation == generation && position_trust(consumer, list)) {
        forget_awaited(&consumer->awaited);
        begin_uncommitted(list);
        consumer->awaited = (struct kafka_awaited){.starts = list, .ends = ends, .known = true};
        consumer_make_readable(consumer);
        return true;
    }
    if (ends) rd_kafka_topic_partition_list_destroy(ends);
    rd_kafka_topic_partition_list_destroy(list);
    return false;
}

/* --- and ends --------------------------------------------------------------------------------- */

static bool is_before_markers(const struct kafka_consumer *consumer,
                              const struct kafka_partition *partition)
{
    return partition->read_to >= 0 && partition->position > partition->read_to &&
           position_told(consumer, partition) == partition->read_to;
}

void begin_behind_markers(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)consumer->owned_count);
    for (size_t i = 0; i < consumer->owned_count && !consumer->watch.down; i++) {
        const struct kafka_partition *partition = &consumer->owned[i];
        if (is_before_markers(consumer, partition))
            rd_kafka_topic_partition_list_add(list, consumer->bus->topics[partition->topic],
                                              (int32_t)partition->partition)
                ->offset = partition->position;
    }
    pthread_mutex_unlock(&consumer->lock);
    if (list->cnt && consumer->in_group) (void)commit_list_now(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
}
