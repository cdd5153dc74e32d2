/* Whether what the group's coordinator tells is believed.
 *
 * For a while after its broker's restart Kafka's may answer before it has read all of its log,
 * and may go on so until somebody writes (soak 10, tests/soak): then it tells what was committed
 * a while ago, or nothing.
 *   less than we have committed ourselves   it is asked again; after OWN_AFTER_MS we begin at our
 *                                           own commit, and the next commit has the coordinator
 *                                           write before it is asked (kafka_commit.c). Where
 *                                           doubles are allowed, it is believed then
 *   less than another process has           is found out by asking again before the first commit
 *                                           since reading began
 * A topic that was made anew has truly gone back: so after DOUBTED_MS that is believed, and where
 * nothing is committed any more all that is there is new. */

#include "base/array.h"
#include "bus/kafka.h"

enum { OWN_AFTER_MS = 5000, DOUBTED_MS = 30000, FIRST_TRY_MS = 500 };

/* --- what is told, and what we know ----------------------------------------------------------- */

static struct kafka_own *find_own(const struct kafka_consumer *consumer, enum topic topic,
                                  uint32_t partition)
{
    for (size_t i = 0; i < consumer->own_count; i++)
        if (consumer->own[i].topic == topic && consumer->own[i].partition == partition)
            return &consumer->own[i];
    return NULL;
}

/* What we have committed ourselves, if that is more than is told; else NULL. */
static struct kafka_own *own_beyond(const struct kafka_consumer *consumer,
                                    const rd_kafka_topic_partition_t *told)
{
    struct kafka_own *own = find_own(consumer, kafka_topic_of(consumer->bus, told->topic),
                                     (uint32_t)told->partition);
    return own && own->offset >= 0 && told->offset < own->offset ? own : NULL;
}

static struct kafka_own *add_own(struct kafka_consumer *consumer)
{
    if (!array_fits(&consumer->own, &consumer->own_capacity, consumer->own_count + 1,
                    sizeof *consumer->own))
        return NULL; /* then an old answer isn't told from a new one */
    return &consumer->own[consumer->own_count++];
}

void position_committed(struct kafka_consumer *consumer, const struct bus_position *positions,
                        size_t count)
{
    pthread_mutex_lock(&consumer->lock);
    for (size_t i = 0; i < count; i++) {
        struct kafka_own *own = find_own(consumer, positions[i].topic, positions[i].partition);
        if (!own) own = add_own(consumer);
        if (own)
            *own = (struct kafka_own){positions[i].topic, positions[i].partition,
                                      positions[i].offset};
    }
    pthread_mutex_unlock(&consumer->lock);
}

void position_committed_list(struct kafka_consumer *consumer,
                             const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &list->elems[i];
        const struct bus_position position = {kafka_topic_of(consumer->bus, item->topic),
                                              (uint32_t)item->partition, item->offset};
        position_committed(consumer, &position, 1);
    }
}

bool position_is_known(struct kafka_consumer *consumer, enum topic topic)
{
    bool known = false;
    pthread_mutex_lock(&consumer->lock);
    for (size_t i = 0; i < consumer->own_count; i++) known |= consumer->own[i].topic == topic;
    pthread_mutex_unlock(&consumer->lock);
    return known;
}

int64_t position_told(const struct kafka_consumer *consumer,
                      const struct kafka_partition *partition)
{
    const struct kafka_own *own = find_own(consumer, partition->topic, partition->partition);
    return own ? own->offset : partition->told;
}

int64_t position_beginning(const struct kafka_consumer *consumer,
                           const rd_kafka_topic_partition_t *item, int64_t first_read)
{
    const struct kafka_own *own = find_own(consumer, kafka_topic_of(consumer->bus, item->topic),
                                           (uint32_t)item->partition);
    if (own && own->offset < 0) return RD_KAFKA_OFFSET_BEGINNING;
    return first_read >= 0 ? first_read : RD_KAFKA_OFFSET_BEGINNING;
}

static void go_back(struct kafka_own *own, const rd_kafka_topic_partition_t *told)
{
    own->offset = told->offset >= 0 ? told->offset : -1;
}

bool position_trust(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *told)
{
    int64_t now_ms = clock_mono_ms(clock_system());
    bool old = false, at_least_once = consumer->subscription.at_least_once;
    for (int i = 0; i < told->cnt; i++) old = old || own_beyond(consumer, &told->elems[i]);
    if (!old) consumer->old_ms = 0;
    else if (!consumer->old_ms) consumer->old_ms = now_ms;
    consumer->suspect = old && !at_least_once;
    if (old && now_ms - consumer->old_ms < OWN_AFTER_MS) return false;
    for (int i = 0; i < told->cnt; i++) {
        struct kafka_own *own = own_beyond(consumer, &told->elems[i]);
        if (own && at_least_once) go_back(own, &told->elems[i]);
        else if (own) told->elems[i].offset = own->offset;
    }
    return true;
}

/* --- before the first commit ----------------------------------------------------------------- */

void position_doubt(struct kafka_consumer *consumer)
{
    int64_t now_ms = clock_mono_ms(clock_system());
    pthread_mutex_lock(&consumer->lock);
    /* at first it may only be one of the addresses of a name (localhost) where nobody listens */
    if (now_ms - consumer->started_ms >= FIRST_TRY_MS) consumer->lost_ms = now_ms;
    pthread_mutex_unlock(&consumer->lock);
}

void position_group_lost(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    consumer->group_lost = true;
    pthread_mutex_unlock(&consumer->lock);
}

void position_topic_gone(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    consumer->unconfirmed = consumer->suspect = true;
    pthread_mutex_unlock(&consumer->lock);
}

enum position_standing position_standing(struct kafka_consumer *consumer, int64_t *ret_lost_ms)
{
    int64_t now_ms = clock_mono_ms(clock_system());
    pthread_mutex_lock(&consumer->lock);
    *ret_lost_ms = consumer->lost_ms;
    enum position_standing standing =
        !consumer->unconfirmed ? POSITION_CONFIRMED : POSITION_UNCONFIRMED;
    bool doubted = consumer->suspect || consumer->group_lost ||
                   (consumer->lost_ms && now_ms - consumer->lost_ms < DOUBTED_MS);
    if (standing == POSITION_UNCONFIRMED && doubted) standing = POSITION_DOUBTED;
    pthread_mutex_unlock(&consumer->lock);
    return standing;
}

/* Less is told than our own commit, although the coordinator has written: after a while that is so,
 * as a topic may have been made anew, and the next rewind goes by it. The lock is held. */
static int compare_own(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *item,
                       struct err *err)
{
    struct kafka_own *own = own_beyond(consumer, item);
    int64_t now_ms = clock_mono_ms(clock_system());
    if (!own) return E_OK;
    if (!consumer->old_ms) consumer->old_ms = now_ms;
    if (now_ms - consumer->old_ms < DOUBTED_MS)
        return err_set(
            err, E_TIMEOUT,
            "committed positions: the coordinator's answer is older than our own commit");
    go_back(own, item);
    if (own->offset < 0)
        return err_set(err, E_CANCELLED, "of partition %d of %s nothing is committed any more",
                       (int)item->partition, item->topic);
    return err_set(err, E_CANCELLED, "partition %d of %s went back to %lld", (int)item->partition,
                   item->topic, (long long)own->offset);
}

/* Not position_find(), which is the loop's. */
static const struct kafka_partition *find_owned(const struct kafka_consumer *consumer,
                                                const rd_kafka_topic_partition_t *item)
{
    enum topic topic = kafka_topic_of(consumer->bus, item->topic);
    for (size_t i = 0; i < consumer->owned_count; i++)
        if (consumer->owned[i].topic == topic &&
            consumer->owned[i].partition == (uint32_t)item->partition)
            return &consumer->owned[i];
    return NULL;
}

/* The lock is held. */
static int compare_one(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *item,
                       struct err *err)
{
    const struct kafka_partition *partition = find_owned(consumer, item);
    if (item->err)
        return err_set(err, E_UNAVAILABLE, "committed positions: %s", rd_kafka_err2name(item->err));
    if (partition && item->offset > partition->told)
        return err_set(err, E_CANCELLED,
                       "partition %d of %s is committed up to %lld, and reading began at %lld: an "
                       "old answer of the coordinator",
                       (int)item->partition, item->topic, (long long)item->offset,
                       (long long)partition->told);
    return consumer->suspect ? compare_own(consumer, item, err) : E_OK;
}

static rd_kafka_resp_err_t ask_again(struct kafka_consumer *consumer,
                                     rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
    pthread_mutex_lock(&consumer->client_lock);
    rd_kafka_resp_err_t code = consumer->client
                                   ? rd_kafka_committed(consumer->client, list, timeout_ms)
                                   : RD_KAFKA_RESP_ERR__STATE;
    pthread_mutex_unlock(&consumer->client_lock);
    return code;
}

int position_confirm(struct kafka_consumer *consumer, int timeout_ms, struct err *err)
{
    pthread_mutex_lock(&consumer->lock);
    uint64_t generation = consumer->generation;
    rd_kafka_topic_partition_list_t *list = position_list(consumer);
    pthread_mutex_unlock(&consumer->lock);
    rd_kafka_resp_err_t code = list->cnt ? ask_again(consumer, list, timeout_ms)
                                         : RD_KAFKA_RESP_ERR_NO_ERROR;
    int rc = code ? err_set(err, E_UNAVAILABLE, "committed positions: %s", rd_kafka_err2name(code))
                  : E_OK;
    pthread_mutex_lock(&consumer->lock);
    for (int i = 0; i < list->cnt && rc == E_OK; i++)
        rc = compare_one(consumer, &list->elems[i], err);
    if (consumer->generation != generation)
        rc = err_set(err, E_CANCELLED, "this member has lost its partitions");
    if (rc == E_OK)
        consumer->unconfirmed = consumer->suspect = consumer->group_lost = false,
        consumer->old_ms = 0;
    pthread_mutex_unlock(&consumer->lock);
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}
