/* One transaction, step by step as bus/kafka_commit.c makes it, with what can go wrong at each step
 * and what the caller then hears: see the head of that file. */
#include "base/mutant.h"
#include "tests/sim/bus.h"

enum { FENCED_MAX = 3, FENCED_WITHIN_S = 600, COMMIT_TIMEOUT_S = 20, BROKER_BYTES_MAX = 9000 };

static int dead(struct err *err) { return err_set(err, E_CANCELLED, "dead"); }

static void pause_shortly(void) { fiber_sleep((int64_t)random_below(&sim.order, 5000) * 1000); }

static bool is_fenced(const struct sim_consumer *consumer)
{
    return consumer->epoch != consumer->transactional->epoch;
}

static void init(struct sim_consumer *consumer)
{
    consumer->epoch = transactional_init(consumer->transactional);
    consumer->ready = true;
}

/* Nobody knows what was written, or the producer is of no more use: the next one settles it. */
static int start_over(struct sim_consumer *consumer, const char *why, struct err *err)
{
    consumer->ready = false;
    if (bus_reachable(consumer->process)) init(consumer);
    return err_set(err, E_CANCELLED, "%s", why);
}

static int fenced(struct sim_consumer *consumer, struct err *err)
{
    if (sim.now_ns - consumer->fenced_ns > FENCED_WITHIN_S * SECONDS)
        consumer->fenced = 0, consumer->fenced_ns = sim.now_ns;
    consumer->ready = false;
    if (++consumer->fenced > FENCED_MAX)
        return err_set(err, E_FENCED, "another process uses the transactional.id");
    return start_over(consumer, "fenced", err);
}

static void abort_open(struct sim_consumer *consumer)
{
    if (!is_fenced(consumer) && consumer->transactional->open)
        transaction_end(consumer->transactional->open, OUTCOME_ABORTED);
}

static int check_owned(const struct sim_consumer *consumer, const struct bus_position *positions,
                       size_t count, struct err *err)
{
    if (count && consumer->lost)
        return err_set(err, E_CANCELLED, "the partitions are lost to another owner");
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t j = 0; j < consumer->owned_count && !found; j++)
            found = consumer->owned[j].topic == positions[i].topic &&
                    consumer->owned[j].partition == positions[i].partition;
        if (!found && !MUTANT(no_fencing))
            return err_set(err, E_CANCELLED, "partition %u of %s has another owner",
                           positions[i].partition, topic_info(positions[i].topic)->name);
    }
    return E_OK;
}

static int begin(struct sim_consumer *consumer, struct err *err)
{
    if (!effect("begin")) return dead(err);
    if (!bus_reachable(consumer->process)) {
        fiber_sleep(SECONDS);
        return err_set(err, E_UNAVAILABLE, "nothing was begun");
    }
    if (!consumer->ready) init(consumer);
    if (is_fenced(consumer)) return fenced(consumer, err);
    if (chance(FAULT_FATAL_PRODUCER)) return start_over(consumer, "the producer broke", err);
    transaction_begin(consumer->transactional);
    return E_OK;
}

/* As bus/kafka_commit.c's give_up_message(). */
bool commit_is_refused(const struct bus_output *output)
{
    return output->value.size > BROKER_BYTES_MAX && chance(FAULT_TOO_LARGE);
}

static int send_outputs(struct sim_consumer *consumer, const struct bus_output *outputs,
                        size_t count, struct err *err)
{
    size_t refused =
        chance(FAULT_SEND_FAILS) ? chance_below(FAULT_SEND_FAILS, count + 1) : count + 1;
    for (size_t i = 0; i < count; i++) {
        if (i == refused) {
            abort_open(consumer);
            return err_set(err, E_UNAVAILABLE, "an output was refused");
        }
        if (commit_is_refused(&outputs[i])) {
            abort_open(consumer);
            return err_set(err, E_TOO_LARGE, "larger than the broker takes");
        }
        log_append(&outputs[i], consumer->transactional->open);
    }
    pause_shortly();
    if (!effect("sent")) return dead(err);
    return is_fenced(consumer) ? fenced(consumer, err) : E_OK;
}

static void add_pending(struct sim_consumer *consumer, const struct bus_position *position)
{
    struct transaction *transaction = consumer->transactional->open;
    struct pending *pending = sim_alloc(sizeof *pending);
    *pending = (struct pending){transaction->pending, consumer->group, *position};
    transaction->pending = pending;
    consumer->group->unstable[position->topic][position->partition]++;
}

static int send_positions(struct sim_consumer *consumer, const struct bus_position *positions,
                          size_t count, struct err *err)
{
    if (chance(FAULT_POSITIONS_LATE) || !bus_reachable(consumer->process)) {
        consumer->ready = false; /* replaced, which aborts; the same may be tried again */
        fiber_sleep(COMMIT_TIMEOUT_S * SECONDS);
        return err_set(err, E_TIMEOUT, "positions");
    }
    if (!group_knows(consumer->group, consumer->member_id, consumer->generation)) {
        abort_open(consumer);
        return err_set(err, E_CANCELLED, "the generation is over");
    }
    for (size_t i = 0; i < count; i++) add_pending(consumer, &positions[i]);
    pause_shortly();
    if (!effect("positions")) return dead(err);
    return is_fenced(consumer) ? fenced(consumer, err) : E_OK;
}

static int end(struct sim_consumer *consumer, struct err *err)
{
    if (chance(FAULT_COMMIT_LOST) || !bus_reachable(consumer->process)) {
        fiber_sleep(COMMIT_TIMEOUT_S * SECONDS);
        if (!effect("timeout")) return dead(err);
        return start_over(consumer, "the commit timed out", err);
    }
    transaction_end(consumer->transactional->open, OUTCOME_COMMITTED);
    pause_shortly();
    if (!effect("committed")) return dead(err);
    if (!chance(FAULT_COMMIT_UNHEARD)) return E_OK;
    fiber_sleep(COMMIT_TIMEOUT_S * SECONDS);
    if (!effect("timeout")) return dead(err);
    return start_over(consumer, "the commit timed out", err);
}

int sim_commit(struct bus_consumer *base, const struct bus_output *outputs, size_t output_count,
               const struct bus_position *positions, size_t position_count, struct err *err)
{
    struct sim_consumer *consumer = consumer_of(base);
    int rc = check_owned(consumer, positions, position_count, err);
    if (rc || (output_count == 0 && position_count == 0)) return rc;
    if (consumer->subscription.at_least_once)
        return sim_commit_at_least_once(consumer, outputs, output_count, positions, position_count,
                                        err);
    rc = begin(consumer, err);
    if (rc == E_OK) rc = send_outputs(consumer, outputs, output_count, err);
    if (rc == E_OK && position_count) rc = send_positions(consumer, positions, position_count, err);
    return rc ? rc : end(consumer, err);
}
