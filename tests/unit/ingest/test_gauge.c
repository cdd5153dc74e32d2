/* How fast the pipeline drains and when there is room again, from what is seen once a second. */
#include "test.h"

#include "workers/ingest/gauge.h"

enum { LIMIT = 1000, SAMPLES = 8 };

/* A sample a second. `let_in`: receipts since the last of them, half a second ago. */
static const struct {
    const char *why;
    size_t count;
    struct { uint64_t backlog, arrived; } seen[SAMPLES];
    uint64_t let_in;
    double rate;
    uint64_t backlog;
    unsigned retry_after_s;
} cases[] = {
    {"nothing was seen yet", 0, {{0}}, 5000, 0, 0, 0},
    {"one look tells a backlog and no rate", 1, {{900, 5000}}, 0, 0, 900, 0},
    {"the limit itself is too much; nobody knows for how long", 1, {{1000, 5000}}, 0, 0, 1000,
     GAUGE_STUCK_S},
    {"what was let in since counts", 1, {{900, 5000}}, 100, 0, 1000, GAUGE_STUCK_S},
    {"all that arrives leaves", 2, {{100, 5000}, {100, 5400}}, 0, 400, 0, 0},
    {"nobody reads: it grows by what arrives", 2, {{100, 5000}, {500, 5400}}, 0, 0, 500, 0},
    {"stuck above the limit", 3, {{5000, 9000}, {5000, 9000}, {5000, 9000}}, 0, 0, 5000,
     GAUGE_STUCK_S},
    {"drains with nothing coming: 2,000 too much at 500 a second", 3,
     {{4250, 9000}, {3750, 9000}, {3250, 9000}}, 0, 500, 3000, 5},
    {"drains while others still post: what leaves, not what it shrinks by", 3,
     {{3750, 9000}, {3500, 9250}, {3250, 9500}}, 0, 500, 3000, 5},
    {"a moment from room: still a second", 2, {{1600, 9000}, {1300, 9000}}, 0, 300, 1150, 1},
    {"hours away: a bound", 2, {{100000000, 9000}, {99999990, 9000}}, 0, 10, 99999985,
     GAUGE_RETRY_MOST_S},
    {"a topic that was made anew gives no rate below 0", 2, {{0, 9000}, {10, 10}}, 0, 0, 10, 0},
    {"a worker that came back is believed when the stall has left the window", 8,
     {{9000, 9000}, {9000, 9000}, {8000, 9000}, {7000, 9000}, {6000, 9000}, {5000, 9000},
      {4000, 9000}, {3000, 9000}}, 0, 1000, 2500, 2},
};

static void test_gauge(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct gauge gauge = {0};
        int64_t now_ms = 77000;
        CASE(cases[i].why);
        for (size_t j = 0; j < cases[i].count; j++, now_ms += 1000)
            gauge_add(&gauge,
                      &(struct gauge_sample){now_ms, cases[i].seen[j].backlog,
                                             cases[i].seen[j].arrived, 300});
        now_ms -= 500;
        assert_float_equal(gauge_rate(&gauge), cases[i].rate, 1e-9);
        assert_int_equal(gauge_backlog(&gauge, now_ms, 300 + cases[i].let_in), cases[i].backlog);
        assert_int_equal(gauge_retry_after_s(&gauge, now_ms, 300 + cases[i].let_in, LIMIT),
                         cases[i].retry_after_s);
    }
}

static void test_stale(void **state)
{
    struct gauge gauge = {0};
    (void)state;
    gauge_add(&gauge, &(struct gauge_sample){1000, 5000, 9000, 0});
    assert_int_equal(gauge_retry_after_s(&gauge, 1000 + GAUGE_STALE_MS, 0, LIMIT), GAUGE_STUCK_S);
    assert_int_equal(gauge_retry_after_s(&gauge, 1001 + GAUGE_STALE_MS, 0, LIMIT), 0);
}

/* Whoever obeys finds room: a caller that sends all it may, a pipeline that takes 700 a second. */
static void test_truthful(void **state)
{
    struct gauge gauge = {0};
    uint64_t backlog = 20000, arrived = 20000;
    unsigned told = 0;
    int64_t told_ms = 0, now_ms = 0;
    (void)state;
    for (; backlog >= LIMIT; now_ms += 1000, backlog -= 700) {
        gauge_add(&gauge, &(struct gauge_sample){now_ms, backlog, arrived, 0});
        if (now_ms == 5000) told = gauge_retry_after_s(&gauge, now_ms, 0, LIMIT), told_ms = now_ms;
    }
    int64_t room_ms = now_ms;
    assert_in_range(told_ms + (int64_t)told * 1000, room_ms - 1000, room_ms + 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gauge), cmocka_unit_test(test_stale),
        cmocka_unit_test(test_truthful)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
