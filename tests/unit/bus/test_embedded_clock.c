/* The embedded bus under a wall clock that leaps: what lies there is deleted an hour later, not
 * before it could be read. */
#include "embedded_group_rig.h"

static uint64_t records(struct rig *rig)
{
    struct bus_topic_state state;
    struct err err;
    must(bus_topic_describe(rig->bus, TOPIC_FEEDBACK, &state, &err), &err);
    return state.records;
}

static void test_leap(void **state)
{
    static const struct {
        const char *why;
        int64_t leap_ms, then_ms;
        uint64_t left;
    } cases[] = {
        {"a year ahead: nothing goes yet", 31536000000, 6000, 10},
        {"an hour later it has counted", 31536000000, 3600001, 0},
        {"a year back: nothing is too old", -31536000000, 3600001, 10},
        {"time that passes is no leap", 0, 7200001, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct rig rig;
        struct err err;
        struct bus_options options = rig_options();
        options.retention = 7200000;
        rig_start(&rig, &options);
        struct bus_consumer *writer = writer_of(&rig);
        must(commit_values(&rig, writer, 10, 10, &err), &err);
        rig.clock.wall_ms += cases[i].leap_ms;
        must(commit_values(&rig, writer, 1, 10, &err), &err);
        clock_manual_advance(&rig.clock, cases[i].then_ms);
        must(commit_values(&rig, writer, 1, 10, &err), &err);
        assert_in_range(records(&rig), cases[i].left + (cases[i].left ? 2 : 1), cases[i].left + 2);
        bus_unsubscribe(writer);
        rig_stop(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_leap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
