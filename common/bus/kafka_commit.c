/* Committing on Kafka: outputs and positions in one transaction, or outputs first and positions
 * after.
 *
 * One transaction: begin, send, positions with the metadata of the generation in which the
 * partitions were assigned (KIP-447: that is what fences members of a former generation), commit. What a failing call says decides, in this
 * order:
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
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mutant.h"
#include "base/crash.h"
#include "bus/kafka.h"

enum {
    REPLACED_MAX = 4, /* producers in a row that break */
    FENCED_MAX = 3,   /* within FENCED_WITHIN_MS */
    FENCED_WITHIN_MS = 10 * 60 * 1000,
    CALL_SLICE_MS = 1000,
    POSITIONS_SLICE_MS = 3000,
    WARM_SLICE_MS = 500,
    SEND_WAIT_MS = 20,
    ABORT_MS = 10000,   /* then the producer is replaced, which aborts too */
    HASTY_END_MS = 2000,
    SETTLED_MS = 3000,  /* a coordinator's log is read by then */
};

enum verdict { GOOD, AGAIN, ABORT, REPLACE };

static int64_t now_ms(void) { return clock_mono_ms(clock_system()); }

int commit_left_ms(int64_t deadline_ms, int most_ms)
{
    int64_t left = deadline_ms - now_ms();
    return left <= 0 ? 0 : left < most_ms ? (int)left : most_ms;
}

/* A commit or an abort that was begun may go on, unless its time is over. */
static bool may_go_on(struct kafka_commit *commit, int64_t deadline_ms)
{
    int64_t now = now_ms(), hastened_ms = atomic_load(&commit->hastened_ms);
    return now < deadline_ms && (!hastened_ms || now < hastened_ms + HASTY_END_MS);
}

/* Reads an error, and frees it. E_SYSTEM says that the producer broke, and not for a time-out or
 * because it was fenced. */
static enum verdict judge(rd_kafka_error_t *error, const char *what, struct err *err)
{
    if (!error) return GOOD;
    enum verdict verdict = REPLACE;
    if (rd_kafka_error_is_fatal(error))
        verdict = REPLACE;
    else if (rd_kafka_error_txn_requires_abort(error))
        verdict = ABORT;
    else if (rd_kafka_error_is_retriable(error))
        verdict = AGAIN;
    int code = kafka_error(rd_kafka_error_code(error), what, rd_kafka_error_string(error), err);
    if (verdict == REPLACE && code != E_FENCED && code != E_TIMEOUT && err) err->code = E_SYSTEM;
    rd_kafka_error_destroy(error);
    return verdict;
}

/* --- producer -------------------------------------------------------------------------------- */

static int commit_open_sender(struct kafka_consumer *consumer, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    const char *id = consumer->subscription.at_least_once ? NULL : commit->transactional_id;
    commit->ready = id == NULL;
    if (commit->sender.client) return E_OK;
    return sender_open(&commit->sender, consumer->bus, consumer->member, id, NULL, NULL, err);
}

static enum verdict init(struct kafka_commit *commit, int64_t deadline_ms, int slice_ms,
                         struct err *err)
{
    enum verdict verdict;
    do {
        int timeout_ms = commit_left_ms(deadline_ms, slice_ms);
        verdict = judge(
            rd_kafka_init_transactions(commit->sender.client, timeout_ms > 0 ? timeout_ms : 1),
            "init_transactions", err);
    } while (verdict == AGAIN && now_ms() < deadline_ms && !atomic_load(&commit->stops));
    if (verdict == GOOD) commit->ready = true;
    return verdict;
}

/* Then `err` says why. */
bool commit_broken(const struct kafka_sender *sender, struct err *err)
{
    char text[256];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(sender->client, text, sizeof text);
    if (!code) return false;
    if (kafka_error(code, "producer", text, err) != E_FENCED) err->code = E_SYSTEM;
    return true;
}

static bool is_rival(struct kafka_commit *commit)
{
    if (now_ms() - commit->fenced_ms > FENCED_WITHIN_MS)
        commit->fenced = 0, commit->fenced_ms = now_ms();
    return ++commit->fenced > FENCED_MAX;
}

/* The producer goes, for the reason in `err`. E_OK, unless that was once too often: then what
 * stops the process. */
int commit_replace(struct kafka_consumer *consumer, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    sender_close(&commit->sender);
    commit->ready = false;
    if (err->code == E_FENCED && is_rival(commit)) {
        err_wrap(err, "another process uses the transactional.id %s", commit->transactional_id);
        return E_FENCED;
    }
    if (err->code == E_SYSTEM && ++commit->replaced > REPLACED_MAX) {
        err_wrap(err, "%u producers in a row broke", commit->replaced);
        return E_SYSTEM;
    }
    return E_OK;
}

/* As commit_replace(), where nobody knows what was written; the new producer settles it, if the broker
 * answers. */
static int start_over(struct kafka_consumer *consumer, struct err *err)
{
    struct err ignored;
    int rc = commit_replace(consumer, err);
    if (rc) return rc;
    if (!atomic_load(&consumer->commit.stops) && commit_open_sender(consumer, &ignored) == E_OK)
        (void)init(&consumer->commit, now_ms() + KAFKA_CALL_MS, CALL_SLICE_MS, &ignored);
    err->code = E_CANCELLED;
    return E_CANCELLED;
}

int commit_make_ready(struct kafka_consumer *consumer, int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    int rc = E_OK;
    if (!commit->sender.client || !commit->ready) rc = commit_open_sender(consumer, err);
    if (rc || commit->ready) return rc;
    enum verdict verdict = init(commit, deadline_ms, CALL_SLICE_MS, err);
    if (verdict == GOOD) return E_OK;
    if (verdict != AGAIN) rc = commit_replace(consumer, err); /* else the same producer may go on later */
    if (rc == E_OK) rc = E_UNAVAILABLE;                /* nothing was begun */
    err->code = (enum err_code)rc;
    return rc;
}

/* --- warming up ------------------------------------------------------------------------------ */

/* The first init_transactions() takes a second with librdkafka 2.0.2: meanwhile the consumer
 * joins. */
static void *warm_main(void *argument)
{
    struct kafka_consumer *consumer = argument;
    struct err err;
    (void)init(&consumer->commit, now_ms() + consumer->bus->options.commit_timeout, WARM_SLICE_MS,
               &err);
    return NULL;
}

int commit_open(struct kafka_consumer *consumer, struct err *err)
{
    int rc = commit_open_sender(consumer, err);
    if (rc || consumer->subscription.at_least_once) return rc;
    consumer->commit.warming =
        pthread_create(&consumer->commit.warmer, NULL, warm_main, consumer) == 0;
    return E_OK;
}

static void end_warming(struct kafka_commit *commit)
{
    if (commit->warming) pthread_join(commit->warmer, NULL);
    commit->warming = false;
}

void kafka_hasten(struct bus_consumer *consumer)
{
    struct kafka_commit *commit = &kafka_consumer_of(consumer)->commit;
    kafka_consumer_of(consumer)->hastened = true;
    if (!atomic_exchange(&commit->stops, true)) atomic_store(&commit->hastened_ms, now_ms());
}

void commit_close(struct kafka_consumer *consumer)
{
    atomic_store(&consumer->commit.stops, true);
    end_warming(&consumer->commit);
    sender_close(&consumer->commit.sender);
}

/* --- what both ways share -------------------------------------------------------------------- */

/* The broker doesn't know which partitions a member has, only its generation. */
static int check_owned(struct kafka_consumer *consumer, const struct bus_position *positions,
                       size_t count, struct err *err)
{
    int rc = E_OK;
    pthread_mutex_lock(&consumer->lock);
    for (size_t i = 0; i < count && rc == E_OK; i++) {
        bool found = false;
        for (size_t j = 0; j < consumer->owned_count && !found; j++)
            found = consumer->owned[j].topic == positions[i].topic &&
                    consumer->owned[j].partition == positions[i].partition;
        if (!found)
            rc = err_set(err, E_CANCELLED, "partition %u of %s has another owner",
                         positions[i].partition, topic_info(positions[i].topic)->name);
    }
    pthread_mutex_unlock(&consumer->lock);
    return rc;
}

rd_kafka_topic_partition_list_t *commit_list(const struct kafka_consumer *consumer,
                                                const struct bus_position *positions, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->bus->topics[positions[i].topic],
                                          (int32_t)positions[i].partition)
            ->offset = positions[i].offset;
    return list;
}

/* Waits until all is delivered or has failed, the time is over, or we stop. */
rd_kafka_resp_err_t commit_flush(struct kafka_commit *commit, int64_t deadline_ms)
{
    rd_kafka_resp_err_t code;
    do
        code = sender_flush(&commit->sender, commit_left_ms(deadline_ms, CALL_SLICE_MS));
    while (code == RD_KAFKA_RESP_ERR__TIMED_OUT && now_ms() < deadline_ms &&
           !atomic_load(&commit->stops));
    return code;
}

/* Waits for room in the producer's buffer where there is none. */
int commit_send_all(struct kafka_commit *commit, const struct bus_output *outputs, size_t count,
                    int64_t deadline_ms, struct err *err)
{
    struct kafka_sender *sender = &commit->sender;
    sender->failure.code = E_OK;
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = sender_send(sender, &outputs[i], NULL);
        while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && now_ms() < deadline_ms &&
               !atomic_load(&commit->stops)) {
            rd_kafka_poll(sender->client, SEND_WAIT_MS);
            code = sender_send(sender, &outputs[i], NULL);
        }
        if (code) return kafka_error(code, topic_info(outputs[i].topic)->name, NULL, err);
    }
    return E_OK;
}

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

/* One that fails because the transaction failed meanwhile says only that (_STATE); asked again, it says why. */
static rd_kafka_error_t *try_positions(struct kafka_commit *commit, const rd_kafka_topic_partition_list_t *list,
                                       const rd_kafka_consumer_group_metadata_t *group, int timeout_ms)
{
    rd_kafka_error_t *error = rd_kafka_send_offsets_to_transaction(commit->sender.client, list, group, timeout_ms);
    if (!error || rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__STATE || !rd_kafka_error_txn_requires_abort(error)) return error;
    rd_kafka_error_t *cause = rd_kafka_send_offsets_to_transaction(commit->sender.client, list, group, timeout_ms);
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
        verdict = judge(try_positions(&consumer->commit, list, group, timeout_ms), "positions", err);
        if (atomic_load(&consumer->commit.stops)) break;
    }
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(list);
    return verdict;
}

/* `err` says why.
 *
 * After an abort the producer goes, and with it its epoch. librdkafka 2.0.2 gives the sequence numbers of outputs
 * whose acknowledgement was lost or late to the next outputs (rd_kafka_toppar_purge_queues() moves epoch_base_msgid):
 * in the same epoch the broker takes those for messages that it has, acknowledges them, and drops them. What a
 * delivery report says of an output doesn't tell them all: after a second failure a written one counts as not written.
 * Found by ops/soak (soak 4, soak 6). */
static int abort_transaction(struct kafka_consumer *consumer, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    struct err why;
    int64_t commit_ms = consumer->bus->options.commit_timeout;
    int64_t deadline_ms = now_ms() + (commit_ms < ABORT_MS ? commit_ms : ABORT_MS);
    enum verdict verdict;
    do
        verdict = judge(
            rd_kafka_abort_transaction(commit->sender.client, commit_left_ms(deadline_ms, CALL_SLICE_MS)),
            "abort", &why);
    while (verdict == AGAIN && may_go_on(commit, deadline_ms));
    if (verdict == GOOD) {
        int rc = commit_replace(consumer, err);
        return rc ? rc : (int)err->code;
    }
    err->code = verdict == AGAIN ? E_TIMEOUT : why.code;
    return start_over(consumer, err);
}

/* A message was refused. With librdkafka 2.0.2 the producer's sequence numbers have a gap then,
 * also after an abort, so it is replaced; which aborts. */
static int give_up_message(struct kafka_consumer *consumer, struct err *err)
{
    *err = consumer->commit.sender.failure;
    if (err->code == E_FENCED) return start_over(consumer, err);
    int rc = commit_replace(consumer, err);
    return rc ? rc : (int)err->code;
}

/* The transaction is open, and `verdict` and `err` say why it can't go on. */
static int give_up(struct kafka_consumer *consumer, enum verdict verdict, struct err *err)
{
    if (commit_broken(&consumer->commit.sender, err)) return start_over(consumer, err);
    if (verdict != ABORT && verdict != GOOD) return start_over(consumer, err);
    if (consumer->commit.sender.failure.code) return give_up_message(consumer, err);
    if (err->code == E_FENCED) return start_over(consumer, err);
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

/* A transaction of nothing but positions, aborted. A coordinator that is behind its own log tells by it: it either notices
 * and reads all again, or, if it has read all meanwhile, tells the newest from then on and not what it knew at its last write. */
static int write_barrier(struct kafka_consumer *consumer, const struct bus_position *positions, size_t count,
                         int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    commit->sender.failure.code = E_OK;
    enum verdict verdict = judge(rd_kafka_begin_transaction(commit->sender.client), "begin", err);
    if (verdict == GOOD) verdict = send_positions(consumer, positions, count, deadline_ms, err);
    if (verdict == AGAIN) return too_slow(consumer, err);
    if (verdict != GOOD) return give_up(consumer, verdict, err);
    do
        verdict = judge(rd_kafka_abort_transaction(commit->sender.client, commit_left_ms(deadline_ms, CALL_SLICE_MS)), "abort", err);
    while (verdict == AGAIN && may_go_on(commit, deadline_ms));
    return verdict == GOOD ? E_OK : start_over(consumer, err);
}

/* Until no broker has been found away for SETTLED_MS; no longer than that, as one may be away for good. */
static int await_settled(struct kafka_consumer *consumer, int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    int64_t lost_ms, most_ms = now_ms() + SETTLED_MS;
    while (position_standing(consumer, &lost_ms) == POSITION_DOUBTED && now_ms() - lost_ms < SETTLED_MS && now_ms() < most_ms) {
        if (now_ms() >= deadline_ms || atomic_load(&commit->stops))
            return err_set(err, E_UNAVAILABLE, "brokers came back only now: what is committed isn't certain yet");
        rd_kafka_poll(commit->sender.client, SEND_WAIT_MS);
    }
    return E_OK;
}

/* Before the first commit since reading began: that it began at what is committed. */
static int confirm(struct kafka_consumer *consumer, const struct bus_position *positions, size_t count,
                   int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    int64_t lost_ms;
    int rc = E_OK;
    enum position_standing standing = position_standing(consumer, &lost_ms);
    if (count == 0 || standing == POSITION_CONFIRMED) return E_OK;
    if (standing == POSITION_DOUBTED) rc = await_settled(consumer, deadline_ms, err);
    if (standing == POSITION_DOUBTED && rc == E_OK) rc = write_barrier(consumer, positions, count, deadline_ms, err);
    if (rc) return rc;
    while ((rc = position_confirm(consumer, commit_left_ms(deadline_ms, CALL_SLICE_MS), err)) == E_UNAVAILABLE &&
           now_ms() < deadline_ms && !atomic_load(&commit->stops))
        rd_kafka_poll(commit->sender.client, SEND_WAIT_MS);
    return rc;
}

/* --- the transaction ------------------------------------------------------------------------- */

/* All has been written but the end. */
static int end_transaction(struct kafka_consumer *consumer, int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    enum verdict verdict;
    do {
        int timeout_ms = commit_left_ms(deadline_ms, CALL_SLICE_MS);
        verdict = judge(rd_kafka_commit_transaction(commit->sender.client, timeout_ms), "commit", err);
    } while (verdict == AGAIN && may_go_on(commit, deadline_ms));
    if (verdict == AGAIN) {
        err->code = E_TIMEOUT;
        return start_over(consumer, err);
    }
    if (verdict != GOOD) return give_up(consumer, verdict, err);
    crash_point("commit.done");
    commit->replaced = 0;
    return E_OK;
}

static int commit_transaction(struct kafka_consumer *consumer, const struct bus_output *outputs,
                              size_t output_count, const struct bus_position *positions,
                              size_t position_count, struct err *err)
{
    struct kafka_sender *sender = &consumer->commit.sender;
    int64_t deadline_ms = now_ms() + consumer->bus->options.commit_timeout;
    int rc = commit_make_ready(consumer, deadline_ms, err);
    if (rc == E_OK) rc = confirm(consumer, positions, position_count, deadline_ms, err);
    if (rc) return rc;
    enum verdict verdict = judge(rd_kafka_begin_transaction(sender->client), "begin", err);
    if (verdict != GOOD) return give_up(consumer, verdict, err);
    crash_point("commit.begun");
    rc = commit_send_all(&consumer->commit, outputs, output_count, deadline_ms, err);
    if (rc) return give_up(consumer, GOOD, err);
    crash_point("commit.sent");
    if (position_count)
        verdict = send_positions(consumer, positions, position_count, deadline_ms, err);
    if (verdict == AGAIN) return too_slow(consumer, err);
    if (verdict != GOOD) return give_up(consumer, verdict, err);
    crash_point("commit.positions");
    rd_kafka_resp_err_t flushed = commit_flush(&consumer->commit, deadline_ms);
    if (flushed == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        kafka_error(flushed, "outputs", NULL, err);
        return too_slow(consumer, err);
    }
    crash_point("commit.flushed");
    return end_transaction(consumer, deadline_ms, err);
}

int kafka_commit(struct bus_consumer *base, const struct bus_output *outputs, size_t output_count,
                 const struct bus_position *positions, size_t position_count, struct err *err)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    struct err local;
    size_t bytes = 0;
    assert(consumer->in_group);
    if (!err) err = &local;
    int rc = sender_check(consumer->bus, outputs, output_count, &bytes, err);
    if (rc == E_OK && !MUTANT(no_fencing))
        rc = check_owned(consumer, positions, position_count, err);
    if (rc || (output_count == 0 && position_count == 0)) return rc;
    end_warming(&consumer->commit);
    rc = consumer->subscription.at_least_once
             ? commit_at_least_once(consumer, outputs, output_count, positions, position_count, err)
             : commit_transaction(consumer, outputs, output_count, positions, position_count, err);
    if (rc == E_OK) position_committed(consumer, positions, position_count);
    return rc;
}
