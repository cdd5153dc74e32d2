/* Rates and windows under a clock that only the test turns. */
#include "test.h"

#include "workers/genai/pace.h"

enum { START_MS = 1000 };

/* Sends what it may within so many milliseconds; every call is answered at once. */
static uint32_t send_for(struct pace *pace, int64_t from_ms, int64_t for_ms, uint32_t tokens)
{
    uint32_t sent = 0;
    for (int64_t now = from_ms; now < from_ms + for_ms; now++) {
        int64_t again_ms;
        while (pace_look(pace, tokens, now, &again_ms) == PACE_GO) {
            pace_leave(pace, tokens);
            pace_settle(pace, tokens, tokens);
            sent++;
        }
    }
    return sent;
}

static void test_rates(void **state)
{
    const struct {
        const char *why;
        uint32_t requests, tokens, size, least, most; /* calls in two minutes */
    } cases[] = {
        {"600 requests a minute", 600, 0, 1000, 1200, 1261},
        {"a burst is a tenth of a minute's worth", 60, 0, 1000, 120, 127},
        {"tokens bound it: 60,000 a minute, 1,000 each", 0, 60000, 1000, 120, 127},
        {"the tighter of both counts", 600, 60000, 1000, 120, 127},
        {"a request larger than the burst goes when it is full, and is paid off", 0, 60000, 12000,
         10, 12},
        {"less than one a burst: one at once all the same", 5, 0, 10, 10, 12},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pace pace;
        CASE(cases[i].why);
        pace_init(&pace, &(struct pace_limits){cases[i].requests, cases[i].tokens, 8}, START_MS);
        assert_in_range(send_for(&pace, START_MS, 120000, cases[i].size), cases[i].least,
                        cases[i].most);
    }
}

static void test_reserved_tokens_come_back(void **state)
{
    struct pace pace;
    int64_t again_ms;
    (void)state;
    pace_init(&pace, &(struct pace_limits){0, 60000, 8}, START_MS); /* 6,000 at once */
    pace_leave(&pace, 6000);
    assert_int_equal(pace_look(&pace, 1000, START_MS, &again_ms), PACE_LATER);
    assert_in_range(again_ms, START_MS + 1000, START_MS + 1002);
    pace_settle(&pace, 6000, 500);
    assert_int_equal(pace_look(&pace, 1000, START_MS, &again_ms), PACE_GO);
    pace_leave(&pace, 1000);
    pace_settle(&pace, 1000, 9000); /* it took more than was thought */
    assert_int_equal(pace_look(&pace, 1000, START_MS + 3000, &again_ms), PACE_LATER);
}

static void fill_window(struct pace *pace)
{
    int64_t again_ms;
    while (pace_look(pace, 1, START_MS, &again_ms) == PACE_GO) pace_leave(pace, 1);
}

static void answer_window(struct pace *pace)
{
    for (uint32_t left = pace->in_flight; left; left--) {
        pace_settle(pace, 1, 1);
        pace_answered(pace);
    }
}

static void test_window(void **state)
{
    struct pace pace;
    (void)state;
    pace_init(&pace, &(struct pace_limits){.calls = 100}, START_MS);
    fill_window(&pace);
    assert_int_equal(pace.in_flight, PACE_CALLS_AT_START);
    answer_window(&pace);
    fill_window(&pace);
    assert_int_equal(pace.in_flight, 2 * PACE_CALLS_AT_START); /* doubles at the start */
    pace_overloaded(&pace, START_MS, START_MS + 10);
    assert_int_equal((int)pace.window, PACE_CALLS_AT_START);
    pace_overloaded(&pace, START_MS + 5, START_MS + 20); /* left before the cut: it counts once */
    assert_int_equal((int)pace.window, PACE_CALLS_AT_START);
    pace_overloaded(&pace, START_MS + 15, START_MS + 30);
    assert_int_equal((int)pace.window, PACE_CALLS_AT_START / 2);
    for (uint32_t left = pace.in_flight; left; left--) pace_settle(&pace, 1, 1);
    fill_window(&pace);
    assert_int_equal(pace.in_flight, 4);
    answer_window(&pace);
    fill_window(&pace);
    assert_in_range(pace.in_flight, 4, 5); /* one more a window by now */
    for (int i = 0; i < 200; i++) answer_window(&pace), fill_window(&pace);
    assert_int_equal(pace.in_flight, 100); /* never above what is configured */
    for (int i = 0; i < 20; i++) pace_overloaded(&pace, START_MS + 100 * i, START_MS + 100 * i + 1);
    assert_int_equal((int)pace.window, 1); /* never none */
}

static void test_holds_and_restarts(void **state)
{
    struct pace pace;
    int64_t again_ms = 0;
    (void)state;
    pace_init(&pace, &(struct pace_limits){.calls = 100}, START_MS);
    pace_hold(&pace, START_MS + 5000);
    pace_hold(&pace, START_MS + 2000); /* the later one counts */
    assert_int_equal(pace_look(&pace, 1, START_MS + 4999, &again_ms), PACE_LATER);
    assert_int_equal(again_ms, START_MS + 5000);
    assert_int_equal(pace_look(&pace, 1, START_MS + 5000, &again_ms), PACE_GO);
    pace_restart(&pace, START_MS + 5000);
    pace_leave(&pace, 1);
    assert_int_equal(pace_look(&pace, 1, START_MS + 5000, &again_ms), PACE_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates), cmocka_unit_test(test_reserved_tokens_come_back),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_holds_and_restarts),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
