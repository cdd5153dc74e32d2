/* Closed, open, probing; under a clock that only the test turns. */
#include "test.h"

#include "workers/genai/breaker.h"

static struct random chance;

static void fail_times(struct breaker *breaker, int times, int64_t now_ms)
{
    for (int i = 0; i < times; i++) breaker_failed(breaker, false, false, now_ms, &chance);
}

static void test_opens_after_failures_in_a_row(void **state)
{
    struct breaker breaker;
    (void)state;
    breaker_init(&breaker, 5000, 60000);
    fail_times(&breaker, BREAKER_FAILURES - 1, 0);
    assert_true(breaker_allows(&breaker, 0));
    breaker_answered(&breaker, false); /* not in a row */
    fail_times(&breaker, BREAKER_FAILURES - 1, 0);
    assert_true(breaker_allows(&breaker, 0));
    fail_times(&breaker, 1, 0);
    assert_false(breaker_allows(&breaker, 0));
    assert_false(breaker_allows(&breaker, 3999));
    assert_true(breaker_allows(&breaker, 5000));
}

static void test_one_probe(void **state)
{
    struct breaker breaker;
    (void)state;
    breaker_init(&breaker, 5000, 60000);
    assert_false(breaker_leave(&breaker)); /* closed: no probe */
    fail_times(&breaker, BREAKER_FAILURES, 0);
    assert_true(breaker_wants_probe(&breaker));
    assert_true(breaker_leave(&breaker));
    assert_false(breaker_allows(&breaker, 100000)); /* while it is out, nobody else */
    /* late ends of calls from before tell nothing */
    fail_times(&breaker, 20, 100000);
    breaker_answered(&breaker, false);
    assert_int_equal(breaker.state, BREAKER_PROBING);
    assert_true(breaker_answered(&breaker, true));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    fail_times(&breaker, BREAKER_FAILURES - 1, 0); /* it starts from nothing */
    assert_true(breaker_allows(&breaker, 0));
}

static void test_pauses_double(void **state)
{
    const int64_t pauses[] = {5000, 10000, 20000, 40000, 60000, 60000};
    struct breaker breaker;
    int64_t now_ms = 0;
    (void)state;
    breaker_init(&breaker, 5000, 60000);
    fail_times(&breaker, BREAKER_FAILURES, now_ms);
    for (size_t i = 0; i < COUNT_OF(pauses); i++) {
        assert_int_equal(breaker.pause_ms, pauses[i]);
        assert_in_range(breaker.until_ms - now_ms, pauses[i] * 4 / 5, pauses[i]);
        now_ms = breaker.until_ms;
        assert_true(breaker_leave(&breaker));
        assert_true(breaker_failed(&breaker, true, false, now_ms, &chance));
    }
    assert_int_equal(breaker.opened, COUNT_OF(pauses) + 1);
}

static void test_for_good_opens_at_once(void **state)
{
    struct breaker breaker;
    (void)state;
    breaker_init(&breaker, 5000, 60000);
    assert_true(breaker_failed(&breaker, false, true, 0, &chance));
    assert_in_range(breaker.until_ms, 48000, 60000);
    assert_true(breaker_leave(&breaker));
    breaker_forget_probe(&breaker);
    assert_true(breaker_allows(&breaker, 60000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_after_failures_in_a_row), cmocka_unit_test(test_one_probe),
        cmocka_unit_test(test_pauses_double), cmocka_unit_test(test_for_good_opens_at_once),
    };
    random_seed(&chance, 1);
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
