/* At least once: positions that the coordinator is still to be told.
 *
 * Outputs are out when a commit returns; positions follow while the next outputs are made,
 * one request at a time, each with the newest of all that came meanwhile. Waiting for them would
 * add the coordinator's time (5 ms and more with Kafka 4) to each hop, and a crash between outputs
 * and positions repeats some records either way.
 *
 * next -> asked -> answered: gone. What failed is next again, a second later, and the next commit
 * waits for it, as it does for an answer that takes long: so what a crash would repeat is bounded,
 * and a coordinator that is away pauses the source. Before partitions are given away, and before
 * the committed positions are read, all is told. Of those that are lost nothing is: another member
 * may have moved on. */
#include "base/crash.h"
#include "bus/kafka_commit.h"

enum { LATE_MS = 1000, SLICE_MS = 100 };

/* --- lists ------------------------------------------------------------------------------------ */

static void forget(rd_kafka_topic_partition_list_t **list)
{
    if (*list) rd_kafka_topic_partition_list_destroy(*list);
    *list = NULL;
}

static void put(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition,
                int64_t offset)
{
    rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_find(list, topic, partition);
    if (!item) item = rd_kafka_topic_partition_list_add(list, topic, partition);
    if (offset > item->offset) item->offset = offset; /* a new one has an invalid, negative one */
}

/* What was asked is to be told again, but where something newer waits. */
static void ask_again(struct kafka_owed *owed)
{
    if (!owed->next) {
        owed->next = owed->asked;
        owed->asked = NULL;
        return;
    }
    for (int i = 0; i < owed->asked->cnt; i++)
        put(owed->next, owed->asked->elems[i].topic, owed->asked->elems[i].partition,
            owed->asked->elems[i].offset);
    forget(&owed->asked);
}

/* --- telling ---------------------------------------------------------------------------------- */

/* The lock is held. */
static void tell_next(struct kafka_consumer *consumer)
{
    struct kafka_owed *owed = &consumer->owed;
    if (!owed->answers || owed->asked || !owed->next) return;
    owed->asked = owed->next;
    owed->next = NULL;
    owed->asked_ms = commit_now_ms();
    rd_kafka_resp_err_t code =
        rd_kafka_commit_queue(consumer->client, owed->asked, owed->answers, NULL, NULL);
    if (!code) return;
    kafka_error(code, "positions", NULL, &owed->failure);
    ask_again(owed);
}

static rd_kafka_resp_err_t answer_of(rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; list && i < list->cnt && !code; i++) code = list->elems[i].err;
    return code;
}

static void take_answer(struct kafka_consumer *consumer, rd_kafka_event_t *event)
{
    struct kafka_owed *owed = &consumer->owed;
    rd_kafka_resp_err_t code = answer_of(event);
    rd_kafka_event_destroy(event);
    pthread_mutex_lock(&consumer->lock);
    rd_kafka_topic_partition_list_t *told = code ? NULL : owed->asked;
    owed->failure.code = E_OK;
    if (code && owed->asked) {
        kafka_error(code, "positions", NULL, &owed->failure);
        ask_again(owed);
    }
    owed->asked = NULL;
    pthread_mutex_unlock(&consumer->lock);
    if (told) crash_point("commit.told"), position_committed_list(consumer, told);
    forget(&told);
}

/* Takes the answer, waiting for it for so long, and tells more. */
static void go_on(struct kafka_consumer *consumer, int timeout_ms)
{
    struct kafka_owed *owed = &consumer->owed;
    rd_kafka_event_t *event = rd_kafka_queue_poll(owed->answers, timeout_ms);
    if (event) take_answer(consumer, event);
    pthread_mutex_lock(&consumer->lock);
    if (!owed->failure.code || commit_now_ms() - owed->asked_ms > LATE_MS) tell_next(consumer);
    bool asked = owed->asked != NULL;
    pthread_mutex_unlock(&consumer->lock);
    if (asked) crash_point("commit.telling");
}

/* --- the interface ---------------------------------------------------------------------------- */

void owed_open(struct kafka_consumer *consumer)
{
    if (consumer->subscription.at_least_once && consumer->in_group)
        consumer->owed.answers = rd_kafka_queue_new(consumer->client);
}

void owed_close(struct kafka_consumer *consumer)
{
    forget(&consumer->owed.next);
    forget(&consumer->owed.asked);
    if (consumer->owed.answers) rd_kafka_queue_destroy(consumer->owed.answers);
    consumer->owed = (struct kafka_owed){0};
}

void owed_add(struct kafka_consumer *consumer, const struct bus_position *positions, size_t count)
{
    struct kafka_owed *owed = &consumer->owed;
    if (count == 0) return;
    pthread_mutex_lock(&consumer->lock);
    if (!owed->next) owed->next = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        put(owed->next, consumer->bus->topics[positions[i].topic], (int32_t)positions[i].partition,
            positions[i].offset);
    pthread_mutex_unlock(&consumer->lock);
}

void owed_go_on(struct kafka_consumer *consumer)
{
    if (consumer->owed.answers) go_on(consumer, 0);
}

bool owed_is_late(struct kafka_consumer *consumer)
{
    const struct kafka_owed *owed = &consumer->owed;
    pthread_mutex_lock(&consumer->lock);
    bool late = owed->failure.code || (owed->asked && commit_now_ms() - owed->asked_ms > LATE_MS);
    pthread_mutex_unlock(&consumer->lock);
    return late;
}

static bool is_waiting(struct kafka_consumer *consumer)
{
    const struct kafka_owed *owed = &consumer->owed;
    pthread_mutex_lock(&consumer->lock);
    bool waiting = (owed->asked || owed->next) && !owed->failure.code;
    pthread_mutex_unlock(&consumer->lock);
    return waiting;
}

int owed_settle(struct kafka_consumer *consumer, int64_t deadline_ms, struct err *err)
{
    struct kafka_owed *owed = &consumer->owed;
    int rc = E_OK, left_ms;
    if (!owed->answers) return E_OK;
    pthread_mutex_lock(&consumer->lock);
    owed->failure.code = E_OK; /* once more */
    pthread_mutex_unlock(&consumer->lock);
    go_on(consumer, 0);
    while (is_waiting(consumer) && !atomic_load(&consumer->commit.stops) &&
           (left_ms = commit_left_ms(deadline_ms, SLICE_MS)) > 0)
        go_on(consumer, left_ms);
    if (is_waiting(consumer)) return err_set(err, E_TIMEOUT, "positions");
    pthread_mutex_lock(&consumer->lock);
    if (owed->failure.code) *err = owed->failure, rc = (int)owed->failure.code;
    pthread_mutex_unlock(&consumer->lock);
    return rc;
}

/* With its queue, so that an answer that comes too late is nobody's. */
void owed_forget(struct kafka_consumer *consumer)
{
    if (!consumer->owed.answers) return;
    owed_close(consumer);
    owed_open(consumer);
}
