/* Each allocation of the flow fails in turn: the worker is told to stop, no batch is lost,
 * and nothing is doubled; and a flow that begins anew, as a restarted worker's does,
 * does all the work. */
#include "flow_rig.h"
#include "failing_malloc.h"

static const struct { uint32_t partition; const char *text; } plan[] = {
    {0, "ok"}, {1, "two"}, {2, "reject"}, {0, "ok"}, {3, "retry"}, {4, "defer"}, {5, "ok"},
    {6, "two"}, {7, "ok"},
};
enum { RECORDS = COUNT_OF(plan), OUTPUTS = RECORDS + 2, PARTITIONS = 8 };

static void plan_messages(struct bus_message *messages)
{
    int64_t next[PARTITIONS] = {0};
    for (size_t i = 0; i < RECORDS; i++)
        messages[i] = (struct bus_message){.topic = TOPIC_FEEDBACK, .partition = plan[i].partition,
                                           .offset = next[plan[i].partition]++,
                                           .timestamp_ms = 1699999999000,
                                           .key = STR("key"), .value = str_of(plan[i].text)};
}

static void run_all(struct rig *rig)
{
    flow_run(&rig->flow, 100);
    while (rig->deferred_count) job_finish(rig->deferred[--rig->deferred_count], E_OK, NULL);
    for (int i = 0; i < 8 && !rig->flow.fatal.code; i++) {
        clock_manual_advance(&rig->clock, 2000);
        flow_retry_due(&rig->flow, clock_mono_ms(&rig->clock.clock));
    }
}

/* Transactions until nothing is left; a smaller one, for want of memory, is no failure. */
static size_t commit_all(struct rig *rig)
{
    size_t outputs = 0;
    for (int i = 0; i < 100 && !rig->flow.fatal.code && flow_gather(&rig->flow); i++) {
        /* never outputs alone */
        assert_true(rig->flow.position_count > 0 || rig->flow.output_count == 0);
        outputs += rig->flow.output_count;
        flow_committed(&rig->flow);
    }
    return outputs;
}

static void every_allocation_may_fail(void **state)
{
    bool failed = true;
    unsigned stopped = 0;
    (void)state;
    for (long nth = 0; failed; nth++) {
        struct rig *rig = rig_create(NULL);
        struct bus_batch batch = {.messages = rig->messages[0], .count = RECORDS};
        struct err err = {0};
        plan_messages(rig->messages[0]);
        rig->batches = 1;
        allocation_failed = false;
        allocations_left = nth;
        int rc = flow_take(&rig->flow, &batch, &err);
        if (rc == E_OK) run_all(rig);
        size_t outputs = rc == E_OK ? commit_all(rig) : 0;
        allocations_left = -1;
        failed = allocation_failed;
        if (rc == E_OK) rc = (int)rig->flow.fatal.code;
        if (rc) {
            assert_true(failed);
            assert_int_equal(rc, E_NO_MEMORY);
            stopped++;
        } else {
            outputs += commit_all(rig); /* what waited for memory goes on */
            assert_int_equal(outputs, OUTPUTS);
            assert_int_equal(rig->flow.in_flight, 0);
        }
        rig_destroy(rig); /* asserts that the batch was given back */
    }
    assert_true(stopped > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
