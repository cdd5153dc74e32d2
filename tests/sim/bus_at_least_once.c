/* A commit at least once, as bus/kafka_at_least_once.c makes it: outputs first, by a producer
 * without transactions, then positions, which nobody waits for, as bus/kafka_owed.c tells them: one
 * request at a time, carried out when it arrives, by the coordinator's own word on who may commit.
 *
 * What a failing commit has written stays. Of one partition that is always the first so many. */
#include "tests/sim/bus.h"

enum { COMMIT_TIMEOUT_S = 20, LATE_MS = 1000, ANSWER_MS = 30, WITHHELD_MS = 100 };

/* One request that moves positions; of a consumer until that goes or forgets it. */
struct telling {
    struct sim_consumer *consumer; /* NULL: nobody waits for the answer */
    struct process *process;
    struct group *group;
    uint32_t member_id, generation;
    struct bus_position positions[TOPIC_COUNT * SIM_PARTITIONS_MAX];
    size_t count;
    bool answered, failed;
    struct event *arrival;
};

/* --- positions ------------------------------------------------------------------------------- */

static void put(struct telling *telling, const struct bus_position *position)
{
    size_t i = 0;
    while (i < telling->count && (telling->positions[i].topic != position->topic ||
                                  telling->positions[i].partition != position->partition))
        i++;
    if (i == telling->count) telling->positions[telling->count++] = *position;
    if (telling->positions[i].offset < position->offset) telling->positions[i] = *position;
}

static void move_group(const struct telling *telling)
{
    for (size_t i = 0; i < telling->count; i++) {
        const struct bus_position *position = &telling->positions[i];
        int64_t *committed = &telling->group->committed[position->topic][position->partition];
        if (position->offset < *committed)
            broken("%s goes back from %lld to %s/%u@%lld", telling->group->name,
                   (long long)*committed, topic_info(position->topic)->name, position->partition,
                   (long long)position->offset);
        *committed = position->offset;
        trace("%s is at %s/%u@%lld", telling->group->name, topic_info(position->topic)->name,
              position->partition, (long long)position->offset);
    }
}

static void arrive(void *user)
{
    struct telling *telling = user;
    telling->arrival = NULL;
    telling->answered = telling->failed = true;
    if (!bus_reachable(telling->process) || chance(FAULT_POSITIONS_LATE) ||
        !group_knows(telling->group, telling->member_id, telling->generation)) {
        trace("%s's positions aren't taken", telling->process->name);
        return;
    }
    move_group(telling);
    telling->failed = chance(FAULT_COMMIT_UNHEARD);
}

static struct telling *telling_new(struct sim_consumer *consumer)
{
    struct telling *telling = sim_alloc(sizeof *telling);
    *telling = (struct telling){.consumer = consumer, .process = consumer->process,
                                .group = consumer->group};
    return telling;
}

static void tell_next(struct sim_consumer *consumer)
{
    struct telling *telling = consumer->owed_next;
    if (!telling || consumer->owed_asked) return;
    consumer->owed_asked = telling;
    consumer->owed_next = NULL;
    telling->member_id = consumer->member_id;
    telling->generation = consumer->generation;
    consumer->owed_asked_ns = sim.now_ns;
    int64_t wait_ns = (int64_t)random_below(&sim.order, ANSWER_MS) * MS;
    telling->arrival = sim_after(wait_ns, arrive, telling);
}

static void take_answer(struct sim_consumer *consumer)
{
    struct telling *asked = consumer->owed_asked;
    if (!asked || !asked->answered) return;
    consumer->owed_asked = NULL;
    consumer->owed_failed = asked->failed;
    if (!asked->failed) return;
    if (!consumer->owed_next) consumer->owed_next = telling_new(consumer);
    for (size_t i = 0; i < asked->count; i++) put(consumer->owed_next, &asked->positions[i]);
}

void tellings_go_on(struct sim_consumer *consumer)
{
    take_answer(consumer);
    if (!consumer->owed_failed || sim.now_ns - consumer->owed_asked_ns > LATE_MS * MS)
        tell_next(consumer);
}

static bool is_late(const struct sim_consumer *consumer)
{
    return consumer->owed_failed ||
           (consumer->owed_asked && sim.now_ns - consumer->owed_asked_ns > LATE_MS * MS);
}

/* The answers come while it waits. */
bool tellings_settle(struct sim_consumer *consumer)
{
    consumer->owed_failed = false;
    tellings_go_on(consumer);
    while (consumer->owed_asked && !consumer->owed_failed) {
        event_cancel(consumer->owed_asked->arrival);
        if (!consumer->owed_asked->answered) arrive(consumer->owed_asked);
        tellings_go_on(consumer);
    }
    return !consumer->owed_failed;
}

/* What is on its way arrives all the same. */
void tellings_forget(struct sim_consumer *consumer)
{
    consumer->owed_asked = consumer->owed_next = NULL;
    consumer->owed_failed = false;
    consumer->withholds_since_ns = -1;
}

/* --- outputs --------------------------------------------------------------------------------- */

static uint32_t partition_of(const struct bus_output *output)
{
    return bus_partition_of(output->key, sim.partitions);
}

/* Of the partition of the one that fails nothing behind it is written; all the others are. */
static int send_outputs(struct sim_consumer *consumer, const struct bus_output *outputs,
                        size_t count, struct err *err)
{
    size_t failing = chance(FAULT_SEND_FAILS) ? chance_below(FAULT_SEND_FAILS, count) : count;
    size_t pause = random_below(&sim.order, count);
    int rc = E_OK;
    for (size_t i = 0; i < count; i++) {
        if (i == pause) fiber_sleep((int64_t)random_below(&sim.order, 5000) * 1000);
        if (i == pause && !effect("sending")) return err_set(err, E_CANCELLED, "dead");
        if (i >= failing && outputs[i].topic == outputs[failing].topic &&
            partition_of(&outputs[i]) == partition_of(&outputs[failing]))
            rc = rc ? rc : err_set(err, E_UNAVAILABLE, "an output was not delivered");
        else if (commit_is_refused(&outputs[i]))
            rc = err_set(err, E_TOO_LARGE, "larger than the broker takes");
        else
            log_append(&outputs[i], NULL);
    }
    (void)consumer;
    return rc;
}

/* The runtime may keep positions back, but not for long. The same outputs may be tried again. */
void commit_begins(struct bus_consumer *base, const struct bus_output *outputs, size_t output_count)
{
    struct sim_consumer *consumer = consumer_of(base);
    const struct flow *flow = &consumer->process->runtime->flow;
    bool again = outputs == consumer->failed_outputs && output_count == consumer->failed_count;
    int64_t since_ns = consumer->withholds_since_ns;
    if (!flow->withholds) consumer->withholds_since_ns = -1;
    else if (since_ns < 0) consumer->withholds_since_ns = flow->position_count ? sim.now_ns : -1;
    else if (!again && sim.now_ns - since_ns > WITHHELD_MS * MS)
        broken("%s keeps positions back for %lld ms", consumer->process->name,
               (long long)((sim.now_ns - since_ns) / MS));
}

static int commit_outputs(struct sim_consumer *consumer, const struct bus_output *outputs,
                          size_t count, struct err *err)
{
    if (chance(FAULT_FATAL_PRODUCER)) return err_set(err, E_UNAVAILABLE, "the producer broke");
    int rc = send_outputs(consumer, outputs, count, err);
    fiber_sleep((int64_t)random_below(&sim.order, 5000) * 1000);
    if (!effect("sent")) return err_set(err, E_CANCELLED, "dead");
    if (rc || !chance(FAULT_COMMIT_LOST)) return rc;
    fiber_sleep(COMMIT_TIMEOUT_S * SECONDS);
    if (!effect("timeout")) return err_set(err, E_CANCELLED, "dead");
    return err_set(err, E_TIMEOUT, "not acknowledged");
}

static int commit(struct sim_consumer *consumer, const struct bus_output *outputs,
                  size_t output_count, const struct bus_position *positions, size_t position_count,
                  struct err *err)
{
    if (!effect("begin")) return err_set(err, E_CANCELLED, "dead");
    if (!bus_reachable(consumer->process)) {
        fiber_sleep(SECONDS);
        return err_set(err, E_UNAVAILABLE, "nothing was begun");
    }
    if (is_late(consumer) && !tellings_settle(consumer))
        return err_set(err, E_UNAVAILABLE, "positions");
    int rc = output_count ? commit_outputs(consumer, outputs, output_count, err) : E_OK;
    if (rc) return rc;
    if (position_count && !consumer->owed_next) consumer->owed_next = telling_new(consumer);
    for (size_t i = 0; i < position_count; i++) put(consumer->owed_next, &positions[i]);
    if (output_count) tellings_go_on(consumer);
    else if (!tellings_settle(consumer)) return err_set(err, E_UNAVAILABLE, "positions");
    return E_OK;
}

int sim_commit_at_least_once(struct sim_consumer *consumer, const struct bus_output *outputs,
                             size_t output_count, const struct bus_position *positions,
                             size_t position_count, struct err *err)
{
    int rc = commit(consumer, outputs, output_count, positions, position_count, err);
    consumer->failed_outputs = rc ? outputs : NULL;
    consumer->failed_count = output_count;
    return rc;
}
