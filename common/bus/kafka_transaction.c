/* Exactly once on Kafka: outputs and positions in one transaction. Begin, positions with the
 * metadata of the generation in which the partitions were assigned (KIP-447: that is what fences
 * members of a former generation), send, commit.
 *
 * Positions come first because the coordinator refuses a transaction until the markers of the one
 * before are written. librdkafka asks again for positions after retry.backoff.ms, which is ours,
 * and for the partitions of outputs after 20 ms, which isn't; once positions are in, partitions
 * are taken at once.
 *
 * What a failing call says decides, in this order:
 *   fatal      the producer is of no more use: it is replaced, and the caller begins again at what
 *              is committed; REPLACED_MAX times in a row, then the process stops
 *   abortable  the transaction is aborted. A lost generation cancels; else the same may be tried
 *              again
 *   retriable  the same call again, until commit_timeout
 *   others     as fatal
 * A commit that times out may or may not have happened: the producer is replaced, whose
 * init_transactions() makes the coordinator decide, and the caller asks what is committed (issue
 * 5423). The same when an abort fails (issue 4849).
 *
 * Before a stop (kafka_hasten()) all that waits for a broker ends at its next slice. A commit that
 * is past its flush, and an abort, have HASTY_END_MS more: interrupted they leave an open question,
 * which the successor's init_transactions() settles.
 *
 * Being fenced may be our own doing (a transaction took longer than transaction.timeout.ms), so
 * it is forgiven a few times; after that another process has our name, and we stop. */

#include "base/crash.h"
#include "base/mutant.h"
#include "bus/kafka_commit.h"

enum {
    POSITIONS_SLICE_MS = 3000,
    ABORT_MS = 10000,  /* then the producer is replaced, which aborts too */
    SETTLED_MS = 3000, /* a coordinator's log is read by then */
};

/* --- exactly once ---------------------------------------------------------------------------- */

static rd_kafka_consumer_group_metadata_t *no_generation(const struct kafka_consumer *consumer)
{
    char group[KAFKA_NAME_MAX + 1];
    snprintf(group, sizeof group, "%s%s", consumer->bus->options.topic_prefix,
             consumer->subscription.group);
    return rd_kafka_consumer_group_metadata_new(group); /* of no generation: nothing is checked */
}

/* Of the generation in which the partitions were assigned; NULL: it is over. */
static rd_kafka_consumer_group_metadata_t *recall_group(struct kafka_consumer *consumer)
{
    rd_kafka_consumer_group_metadata_t *group = NULL;
    if (MUTANT(no_fencing)) return no_generation(consumer);
    pthread_mutex_lock(&consumer->lock);
    rd_kafka_error_t *error = consumer->group ? rd_kafka_consumer_group_metadata_read(
                                                    &group, consumer->group, consumer->group_bytes)
                                              : NULL;
    pthread_mutex_unlock(&consumer->lock);
    if (error) rd_kafka_error_destroy(error);
    return error ? NULL : group;
}

/* One that fails because the transaction failed meanwhile says only that (_STATE);
 * asked again, it says why. */
static rd_kafka_error_t *try_positions(struct kafka_commit *commit,
                                       const rd_kafka_topic_partition_list_t *list,
                                       const rd_kafka_consumer_group_metadata_t *group,
                                       int timeout_ms)
{
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(commit->sender.client, list, group, timeout_ms);
    if (!error || rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__STATE ||
        !rd_kafka_error_txn_requires_abort(error))
        return error;
    rd_kafka_error_t *cause =
        rd_kafka_send_offsets_to_transaction(commit->sender.client, list, group, timeout_ms);
    if (!cause) return error;
    rd_kafka_error_destroy(error);
    return cause;
}

static enum verdict send_positions(struct kafka_consumer *consumer,
                                   const struct bus_position *positions, size_t count,
                                   int64_t deadline_ms, struct err *err)
{
    rd_kafka_consumer_group_metadata_t *group = recall_group(consumer);
    enum verdict verdict = AGAIN;
    if (!group) {
        err_set(err, E_CANCELLED, "this member has lost its partitions");
        return ABORT;
    }
    rd_kafka_topic_partition_list_t *list = commit_list(consumer, positions, count);
    while (verdict == AGAIN) { /* with identical arguments */
        int timeout_ms = commit_left_ms(deadline_ms, POSITIONS_SLICE_MS);
        if (timeout_ms == 0) break;
        verdict = commit_judge(try_positions(&consumer->commit, list, group, timeout_ms),
                               "positions", err);
        if (atomic_load(&consumer->commit.stops)) break;
    }
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(list);
    return verdict;
}

/* `err` says why.
 *
 * After an abort the producer goes, and with it its epoch. librdkafka 2.0.2 gives the
 * sequence numbers of outputs whose acknowledgement was lost or late to the next outputs
 * (rd_kafka_toppar_purge_queues() moves epoch_base_msgid): in the same epoch the broker takes those
 * for messages that it has, acknowledges them, and drops them. What a delivery report says of an
 * output doesn't tell them all: after a second failure a written one counts as not written. Found
 * by ops/soak (soak 4, soak 6). */
static int abort_transaction(struct kafka_consumer *consumer, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    struct err why;
    int64_t commit_ms = consumer->bus->options.commit_timeout;
    int64_t deadline_ms = commit_now_ms() + (commit_ms < ABORT_MS ? commit_ms : ABORT_MS);
    enum verdict verdict;
    do
        verdict =
            commit_judge(rd_kafka_abort_transaction(commit->sender.client,
                                                    commit_left_ms(deadline_ms, COMMIT_SLICE_MS)),
                         "abort", &why);
    while (verdict == AGAIN && commit_may_go_on(commit, deadline_ms));
    if (verdict == GOOD) {
        int rc = commit_replace(consumer, err);
        return rc ? rc : (int)err->code;
    }
    err->code = verdict == AGAIN ? E_TIMEOUT : why.code;
    return commit_start_over(consumer, err);
}

/* A message was refused. With librdkafka 2.0.2 the producer's sequence numbers have a gap then,
 * also after an abort, so it is replaced; which aborts. */
static int give_up_message(struct kafka_consumer *consumer, struct err *err)
{
    *err = consumer->commit.sender.failure;
    if (err->code == E_FENCED) return commit_start_over(consumer, err);
    int rc = commit_replace(consumer, err);
    return rc ? rc : (int)err->code;
}

/* The transaction is open, and `verdict` and `err` say why it can't go on. */
static int give_up(struct kafka_consumer *consumer, enum verdict verdict, struct err *err)
{
    if (commit_broken(&consumer->commit.sender, err)) return commit_start_over(consumer, err);
    if (verdict != ABORT && verdict != GOOD) return commit_start_over(consumer, err);
    if (consumer->commit.sender.failure.code) return give_up_message(consumer, err);
    if (err->code == E_FENCED) return commit_start_over(consumer, err);
    return abort_transaction(consumer, err);
}

/* Outputs or positions did not get through in time. Nothing is committed then, so the same may be
 * tried again. */
static int too_slow(struct kafka_consumer *consumer, struct err *err)
{
    err->code = E_TIMEOUT;
    int rc = commit_replace(consumer, err);
    return rc ? rc : E_TIMEOUT;
}

/* --- where reading began --------------------------------------------------------------------- */

/* A transaction of nothing but positions, aborted. A coordinator that is behind its own log tells
 * by it: it either notices and reads all again, or, if it has read all meanwhile, tells the newest
 * from then on and not what it knew at its last write. */
static int write_barrier(struct kafka_consumer *consumer, const struct bus_position *positions,
                         size_t count, int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    commit->sender.failure.code = E_OK;
    enum verdict verdict = commit_judge(rd_kafka_begin_transaction(commit->sender.client), "begin",
                                        err);
    if (verdict == GOOD) verdict = send_positions(consumer, positions, count, deadline_ms, err);
    if (verdict == AGAIN) return too_slow(consumer, err);
    if (verdict != GOOD) return give_up(consumer, verdict, err);
    do
        verdict =
            commit_judge(rd_kafka_abort_transaction(commit->sender.client,
                                                    commit_left_ms(deadline_ms, COMMIT_SLICE_MS)),
                         "abort", err);
    while (verdict == AGAIN && commit_may_go_on(commit, deadline_ms));
    return verdict == GOOD ? E_OK : commit_start_over(consumer, err);
}

/* Until no broker has been found away for SETTLED_MS; no longer than that, as one may
 * be away for good. */
static int await_settled(struct kafka_consumer *consumer, int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    int64_t lost_ms, most_ms = commit_now_ms() + SETTLED_MS;
    while (position_standing(consumer, &lost_ms) == POSITION_DOUBTED &&
           commit_now_ms() - lost_ms < SETTLED_MS && commit_now_ms() < most_ms) {
        if (commit_now_ms() >= deadline_ms || atomic_load(&commit->stops))
            return err_set(err, E_UNAVAILABLE,
                           "brokers came back only now: what is committed isn't certain yet");
        rd_kafka_poll(commit->sender.client, COMMIT_SEND_WAIT_MS);
    }
    return E_OK;
}

/* Before the first commit since reading began: that it began at what is committed. */
static int confirm(struct kafka_consumer *consumer, const struct bus_position *positions,
                   size_t count, int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    int64_t lost_ms;
    int rc = E_OK;
    enum position_standing standing = position_standing(consumer, &lost_ms);
    if (count == 0 || standing == POSITION_CONFIRMED) return E_OK;
    if (standing == POSITION_DOUBTED) rc = await_settled(consumer, deadline_ms, err);
    if (standing == POSITION_DOUBTED && rc == E_OK)
        rc = write_barrier(consumer, positions, count, deadline_ms, err);
    if (rc) return rc;
    while ((rc = position_confirm(consumer, commit_left_ms(deadline_ms, COMMIT_SLICE_MS), err)) ==
               E_UNAVAILABLE &&
           commit_now_ms() < deadline_ms && !atomic_load(&commit->stops))
        rd_kafka_poll(commit->sender.client, COMMIT_SEND_WAIT_MS);
    return rc;
}

/* --- the transaction ------------------------------------------------------------------------- */

/* All has been written but the end. */
static int end_transaction(struct kafka_consumer *consumer, int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    enum verdict verdict;
    do {
        int timeout_ms = commit_left_ms(deadline_ms, COMMIT_SLICE_MS);
        verdict = commit_judge(rd_kafka_commit_transaction(commit->sender.client, timeout_ms),
                               "commit", err);
    } while (verdict == AGAIN && commit_may_go_on(commit, deadline_ms));
    if (verdict == AGAIN) {
        err->code = E_TIMEOUT;
        return commit_start_over(consumer, err);
    }
    if (verdict != GOOD) return give_up(consumer, verdict, err);
    crash_point("commit.done");
    commit->replaced = 0;
    return E_OK;
}

int commit_transaction(struct kafka_consumer *consumer, const struct bus_output *outputs,
                       size_t output_count, const struct bus_position *positions,
                       size_t position_count, struct err *err)
{
    struct kafka_sender *sender = &consumer->commit.sender;
    int64_t deadline_ms = commit_now_ms() + consumer->bus->options.commit_timeout;
    int rc = commit_make_ready(consumer, deadline_ms, err);
    if (rc == E_OK) rc = confirm(consumer, positions, position_count, deadline_ms, err);
    if (rc) return rc;
    enum verdict verdict = commit_judge(rd_kafka_begin_transaction(sender->client), "begin", err);
    if (verdict != GOOD) return give_up(consumer, verdict, err);
    crash_point("commit.begun");
    sender->failure.code = E_OK; /* of the transaction before */
    if (position_count)
        verdict = send_positions(consumer, positions, position_count, deadline_ms, err);
    if (verdict == AGAIN) return too_slow(consumer, err);
    if (verdict != GOOD) return give_up(consumer, verdict, err);
    crash_point("commit.positions");
    rc = commit_send_all(&consumer->commit, outputs, output_count, deadline_ms, err);
    if (rc) return give_up(consumer, GOOD, err);
    crash_point("commit.sent");
    rd_kafka_resp_err_t flushed = commit_flush(&consumer->commit, deadline_ms);
    if (flushed == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        kafka_error(flushed, "outputs", NULL, err);
        return too_slow(consumer, err);
    }
    crash_point("commit.flushed");
    return end_transaction(consumer, deadline_ms, err);
}
