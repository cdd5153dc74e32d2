/* Committing on Kafka at least once: outputs first, by an idempotent producer, then positions,
 * which nobody waits for (kafka_owed.c) unless earlier ones failed, or take long, or there is
 * nothing else. */
#include "base/crash.h"
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

int commit_at_least_once(struct kafka_consumer *consumer, const struct bus_output *outputs,
                                size_t output_count, const struct bus_position *positions,
                                size_t position_count, struct err *err)
{
    struct kafka_sender *sender = &consumer->commit.sender;
    int64_t deadline_ms = commit_now_ms() + consumer->bus->options.commit_timeout;
    int rc = commit_make_ready(consumer, deadline_ms, err);
    if (rc == E_OK && owed_is_late(consumer)) rc = owed_settle(consumer, deadline_ms, err);
    if (rc) return rc;
    crash_point("commit.begun");
    rc = commit_send_all(&consumer->commit, outputs, output_count, deadline_ms, err);
    crash_point("commit.sent");
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
    crash_point("commit.flushed");
    consumer->commit.replaced = 0;
    owed_add(consumer, positions, position_count);
    if (output_count == 0) return owed_settle(consumer, deadline_ms, err);
    owed_go_on(consumer);
    crash_point("commit.done");
    return E_OK;
}
