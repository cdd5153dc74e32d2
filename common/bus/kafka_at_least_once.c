/* Committing on Kafka at least once: outputs first, by an idempotent producer, then positions. */
#include "bus/kafka_commit.h"

/* Nothing of ours may be left in the producer: the caller's memory goes. */
static int give_up_sending(struct kafka_consumer *consumer, int rc, struct err *err)
{
    struct kafka_sender *sender = &consumer->commit.sender;
    struct err why = {.code = E_TIMEOUT};
    rd_kafka_purge(sender->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    bool clean = sender_flush(sender, KAFKA_CALL_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    bool broken = commit_broken(sender, &why);
    if (clean && !broken) return rc;
    if (why.code == E_FENCED) why.code = E_SYSTEM; /* it has no rival: its epoch was outrun */
    int too_often = commit_replace(consumer, &why);
    if (too_often) *err = why;
    return too_often ? too_often : rc;
}

/* A queue of its own for each, so that an answer that comes too late is nobody's. */
static int commit_positions(struct kafka_consumer *consumer, const struct bus_position *positions,
                            size_t count, int64_t deadline_ms, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = commit_list(consumer, positions, count);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->client);
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(consumer->client, list, queue, NULL, NULL);
    rd_kafka_event_t *event = NULL;
    while (!code && !event) {
        int timeout_ms = commit_left_ms(deadline_ms, COMMIT_SLICE_MS);
        event = rd_kafka_queue_poll(queue, timeout_ms);
        if (timeout_ms == 0 || atomic_load(&consumer->commit.stops)) break;
    }
    if (!code) code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    const rd_kafka_topic_partition_list_t *answer =
        event ? rd_kafka_event_topic_partition_list(event) : NULL;
    for (int i = 0; answer && i < answer->cnt && !code; i++) code = answer->elems[i].err;
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_error(code, "positions", NULL, err) : E_OK;
}

int commit_at_least_once(struct kafka_consumer *consumer, const struct bus_output *outputs,
                                size_t output_count, const struct bus_position *positions,
                                size_t position_count, struct err *err)
{
    struct kafka_sender *sender = &consumer->commit.sender;
    int64_t deadline_ms = commit_now_ms() + consumer->bus->options.commit_timeout;
    int rc = commit_make_ready(consumer, deadline_ms, err);
    if (rc) return rc;
    rc = commit_send_all(&consumer->commit, outputs, output_count, deadline_ms, err);
    if (rc == E_OK && output_count) {
        rd_kafka_resp_err_t code = commit_flush(&consumer->commit, deadline_ms);
        if (code) rc = kafka_error(code, "outputs", NULL, err);
    }
    if (rc == E_OK && sender->failure.code) {
        *err = sender->failure;
        rc = (int)sender->failure.code;
    }
    if (rc == E_FENCED)
        rc = E_UNAVAILABLE; /* an idempotent producer has no rival; its epoch was outrun */
    if (rc) err->code = (enum err_code)rc;
    if (rc) return give_up_sending(consumer, rc, err);
    consumer->commit.replaced = 0;
    return position_count ? commit_positions(consumer, positions, position_count, deadline_ms, err)
                          : E_OK;
}
