/* POST /v1/feedback where the bus fails: what callers are told, and what the log. */
#include "ingest_started.h"

static int start(void **state)
{
    return start_with(state, (const char *const[]){NULL});
}

static void test_failing_bus(void **state)
{
    static const struct {
        const char *why;
        int fault, status;
    } cases[] = {
        {"a full queue", PRODUCE_BUSY, 429},
        {"more than the broker takes: trying again is no use", PRODUCE_LARGE, 413},
        {"a full disk, at once", PRODUCE_REFUSED, 503},
        {"a broker that never answered", PRODUCE_LOST, 503},
    };
    static const char *const targets[] = {"/v1/feedback", "/v1/feedback?wait=5s"};
    struct answer answer;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t j = 0; j < COUNT_OF(targets); j++) {
            CASE(cases[i].why);
            atomic_store(&rig_produce, cases[i].fault);
            caller_ask(&rig, "POST", targets[j], JSON_TYPE, STR("{\"text\":\"a\"}"), &answer);
            if (answer.status != cases[i].status)
                fail_msg("answered %.*s", STR_ARGS(buffer_str(&answer.bytes)));
            assert_true(holds(answer.head, "Retry-After: ") == (cases[i].status != 413));
            assert_false(holds(answer.body, "\"id\"")); /* no receipt */
            assert_false(holds(answer.body, "says the test")); /* strangers needn't know why */
            assert_int_equal(rig_read_feedback(&rig, NULL, NULL), 0);
            answer_free(&answer);
        }
    caller_ask(&rig, "GET", "/readyz", NULL, (struct str){0}, &answer);
    assert_int_equal(answer.status, 503);
    answer_free(&answer);
    atomic_store(&rig_produce, PRODUCE_WELL); /* and it recovers by itself */
    caller_post(&rig, JSON_TYPE, "{\"text\":\"a\"}", &answer);
    assert_int_equal(answer.status, 202);
    answer_free(&answer);
    caller_ask(&rig, "GET", "/readyz", NULL, (struct str){0}, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
}

/* In the log: how often is a matter of when, not of how many fail. */
static void test_outages_are_told(void **state)
{
    static const struct {
        const char *why;
        int times, after_ms, produce;
        bool told;
    } steps[] = {
        {"it begins", 1, 0, PRODUCE_REFUSED, true},
        {"one is written, and the next isn't", 1, 1000, PRODUCE_WELL, false},
        {"it lasts", 1, 1000, PRODUCE_REFUSED, false},
        {"another begins", 1, 11000, PRODUCE_REFUSED, true},
        {"and lasts", 8, 7000, PRODUCE_REFUSED, false},
        {"for more than a minute", 1, 7000, PRODUCE_REFUSED, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        for (int j = 0; j < steps[i].times; j++) {
            struct answer answer;
            CASE(steps[i].why);
            int64_t before_ms = rig_look(&rig)->bus_told_ms;
            atomic_fetch_add(&rig_ahead_ms, steps[i].after_ms);
            atomic_store(&rig_produce, steps[i].produce);
            caller_post(&rig, JSON_TYPE, "{\"text\":\"a\"}", &answer);
            assert_int_equal(answer.status, steps[i].produce == PRODUCE_WELL ? 202 : 503);
            answer_free(&answer);
            assert_true((rig_look(&rig)->bus_told_ms > before_ms) == steps[i].told);
        }
}

#define DOOR_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOOR_TEST(test_failing_bus),
        DOOR_TEST(test_outages_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
