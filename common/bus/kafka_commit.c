/* Committing on Kafka: the producer that it takes, replaced when it is of no more use, and what
 * both ways share. The ways are kafka_transaction.c and kafka_at_least_once.c. */
#include <assert.h>

#include "base/mutant.h"
#include "bus/kafka_commit.h"

enum {
    REPLACED_MAX = 4, /* producers in a row that break */
    FENCED_MAX = 3,   /* within FENCED_WITHIN_MS */
    FENCED_WITHIN_MS = 10 * 60 * 1000,
    WARM_SLICE_MS = 500,
    HASTY_END_MS = 2000,
};

int commit_left_ms(int64_t deadline_ms, int most_ms)
{
    int64_t left = deadline_ms - commit_now_ms();
    return left <= 0 ? 0 : left < most_ms ? (int)left : most_ms;
}

/* A commit or an abort that was begun may go on, unless its time is over. */
bool commit_may_go_on(struct kafka_commit *commit, int64_t deadline_ms)
{
    int64_t now = commit_now_ms(), hastened_ms = atomic_load(&commit->hastened_ms);
    return now < deadline_ms && (!hastened_ms || now < hastened_ms + HASTY_END_MS);
}

/* Reads an error, and frees it. E_SYSTEM says that the producer broke, and not for a time-out or
 * because it was fenced. */
enum verdict commit_judge(rd_kafka_error_t *error, const char *what, struct err *err)
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
    commit->sender.large_batches = !commit->small_batches;
    return sender_open(&commit->sender, consumer->bus, consumer->member, id, NULL, NULL, err);
}

static enum verdict init(struct kafka_commit *commit, int64_t deadline_ms, int slice_ms,
                         struct err *err)
{
    enum verdict verdict;
    do {
        int timeout_ms = commit_left_ms(deadline_ms, slice_ms);
        verdict = commit_judge(
            rd_kafka_init_transactions(commit->sender.client, timeout_ms > 0 ? timeout_ms : 1),
            "init_transactions", err);
    } while (verdict == AGAIN && commit_now_ms() < deadline_ms && !atomic_load(&commit->stops));
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
    if (commit_now_ms() - commit->fenced_ms > FENCED_WITHIN_MS)
        commit->fenced = 0, commit->fenced_ms = commit_now_ms();
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

/* As commit_replace(), where nobody knows what was written; the new producer settles it,
 * if the broker answers. */
int commit_start_over(struct kafka_consumer *consumer, struct err *err)
{
    struct err ignored;
    int rc = commit_replace(consumer, err);
    if (rc) return rc;
    if (!atomic_load(&consumer->commit.stops) && commit_open_sender(consumer, &ignored) == E_OK)
        (void)init(&consumer->commit, commit_now_ms() + KAFKA_CALL_MS, COMMIT_SLICE_MS, &ignored);
    err->code = E_CANCELLED;
    return E_CANCELLED;
}

int commit_make_ready(struct kafka_consumer *consumer, int64_t deadline_ms, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    int rc = E_OK;
    if (!commit->sender.client || !commit->ready) rc = commit_open_sender(consumer, err);
    if (rc || commit->ready) return rc;
    enum verdict verdict = init(commit, deadline_ms, COMMIT_SLICE_MS, err);
    if (verdict == GOOD) return E_OK;
    /* else the same producer may go on later */
    if (verdict != AGAIN) rc = commit_replace(consumer, err);
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
    (void)init(&consumer->commit, commit_now_ms() + consumer->bus->options.commit_timeout,
               WARM_SLICE_MS, &err);
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
    if (!atomic_exchange(&commit->stops, true)) atomic_store(&commit->hastened_ms, commit_now_ms());
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
    if (count && atomic_load(&consumer->lost))
        return err_set(err, E_CANCELLED, "the partitions are lost to another owner");
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
        code = sender_flush(&commit->sender, commit_left_ms(deadline_ms, COMMIT_SLICE_MS));
    while (code == RD_KAFKA_RESP_ERR__TIMED_OUT && commit_now_ms() < deadline_ms &&
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
        while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && commit_now_ms() < deadline_ms &&
               !atomic_load(&commit->stops)) {
            rd_kafka_poll(sender->client, COMMIT_SEND_WAIT_MS);
            code = sender_send(sender, &outputs[i], NULL);
        }
        if (code) return kafka_error(code, topic_info(outputs[i].topic)->name, NULL, err);
    }
    return E_OK;
}

/* --- the two ways ----------------------------------------------------------------------------- */

/* A topic that takes less than we may send (kafka_limits.c) refuses a large batch of small messages
 * too. So batches are small from then on, and the same is tried again: what is refused in a small
 * one is a message that is too large. */
static int blame_batches(struct kafka_consumer *consumer, size_t bytes, struct err *err)
{
    struct kafka_commit *commit = &consumer->commit;
    if (commit->small_batches || bytes <= KAFKA_SMALL_BATCH_BYTES) return E_TOO_LARGE;
    commit->small_batches = true;
    int rc = commit_replace(consumer, err);
    if (rc) return rc;
    err->code = E_UNAVAILABLE;
    return E_UNAVAILABLE;
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
    bool at_least_once = consumer->subscription.at_least_once;
    rc = at_least_once ? commit_at_least_once(consumer, outputs, output_count, positions,
                                              position_count, err)
                       : commit_transaction(consumer, outputs, output_count, positions,
                                            position_count, err);
    if (rc == E_TOO_LARGE) return blame_batches(consumer, bytes, err);
    if (rc == E_OK && !at_least_once) position_committed(consumer, positions, position_count);
    return rc;
}
