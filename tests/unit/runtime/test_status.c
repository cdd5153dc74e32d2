/* What a worker tells of itself: news at each interval; where nothing happens, heartbeats that
 * become seldom, with nothing on the ledger. */
#include "runtime_rig.h"
#include "told.h"

#define EVERY "runtime.status_every=100ms"

struct status {
    bool heartbeat;
    int64_t at_ms;
    char done[24];
};

static void take(struct status *status, const struct bus_message *message)
{
    struct arena arena = {0};
    struct audit audit;
    told_in(message, SECTION_AUDIT, &audit, &arena);
    assert_true(str_equal(audit.action, STR("status")));
    status->heartbeat = header_find(message, STR(HEADER_HEARTBEAT)).size > 0;
    status->at_ms = audit.at;
    struct str done = str_map_get(&audit.detail, STR("done"));
    snprintf(status->done, sizeof status->done, "%.*s", STR_ARGS(done));
    arena_deinit(&arena);
}

static struct status next(struct outside *outside)
{
    struct status status = {0};
    struct pollfd wake = {.fd = bus_wake_fd(outside->reader), .events = POLLIN};
    int64_t until_ms = clock_mono_ms(clock_system()) + RIG_WAIT_MS;
    while (status.at_ms == 0) {
        struct bus_batch batch = {0};
        struct err err;
        assert_true(clock_mono_ms(clock_system()) < until_ms);
        must(bus_poll(outside->reader, 1, 1 << 20, &batch, &err), &err);
        if (batch.count) take(&status, &batch.messages[0]);
        else poll(&wake, 1, 100);
        bus_release(outside->reader, &batch);
    }
    return status;
}

static struct status next_news(struct outside *outside)
{
    struct status status;
    do status = next(outside);
    while (status.heartbeat);
    return status;
}

static void test_idle_is_told_ever_less(void **state)
{
    struct outside outside, ledger;
    struct replica replica;
    (void)state;
    outside_open(&outside, TOPIC_AUDIT);
    outside_open(&ledger, TOPIC_LEDGER);
    replica_start(&replica, (const char *[]){EVERY, NULL});
    struct status before = next(&outside);
    assert_false(before.heartbeat);
    for (int64_t wait_ms = 100; wait_ms <= 400; wait_ms *= 2) {
        struct status status = next(&outside);
        assert_true(status.heartbeat);
        assert_true(status.at_ms - before.at_ms >= wait_ms - 20); /* two clocks */
        before = status;
    }
    assert_int_equal(replica_stop(&replica), E_OK);
    int told = 0;
    struct bus_batch batch = {0};
    struct err err;
    must(bus_poll(ledger.reader, 100, 1 << 20, &batch, &err), &err);
    told = (int)batch.count;
    bus_release(ledger.reader, &batch);
    assert_int_equal(told, 1); /* the first silence; none with a heartbeat */
    outside_close(&ledger);
    outside_close(&outside);
}

static void test_what_comes_is_news(void **state)
{
    struct outside outside;
    struct replica replica;
    struct status status;
    (void)state;
    outside_open(&outside, TOPIC_AUDIT);
    replica_start(&replica, (const char *[]){EVERY, NULL});
    for (int i = 0; i < 2; i++) status = next(&outside);
    int64_t idle_ms = status.at_ms;
    outside_produce(&outside, "ok", 0, 1, NULL, 0);
    do status = next_news(&outside);
    while (strcmp(status.done, "1") != 0);
    assert_true(status.at_ms >= idle_ms);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

/* A status that was lost with its commit is told again. */
static void test_lost_news_are_told_again(void **state)
{
    struct outside outside;
    struct replica replica;
    (void)state;
    outside_open(&outside, TOPIC_AUDIT);
    rig_fail_commits(E_CANCELLED, 1);
    replica_start(&replica, (const char *[]){EVERY, NULL});
    assert_false(next(&outside).heartbeat);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

/* By the clock alone; the last news came at 0, the last status at `told_ms`. */
static void test_when_it_is_due(void **state)
{
    static const struct {
        const char *why;
        int64_t told_ms, wait_ms, now_ms;
        uint64_t taken, waiting;
        enum status_due due;
    } cases[] = {
        {"not before the interval is over", 0, 10000, 9999, 5, 5, STATUS_NOT_DUE},
        {"records came", 0, 10000, 10000, 5, 0, STATUS_NEWS},
        {"the backlog changed", 0, 10000, 10000, 0, 5, STATUS_NEWS},
        {"however long the next heartbeat is away", 50000, 30000, 60000, 5, 0, STATUS_NEWS},
        {"nothing happens", 0, 10000, 10000, 0, 0, STATUS_HEARTBEAT},
        {"nothing for long", 50000, 30000, 79999, 0, 0, STATUS_NOT_DUE},
        {"half a minute later", 50000, 30000, 80000, 0, 0, STATUS_HEARTBEAT},
        {"just before an hour", 3560000, 30000, 3599999, 0, 0, STATUS_HEARTBEAT},
        {"once an hour it is for the archive too", 3580000, 30000, 3600000, 0, 0, STATUS_NEWS},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static struct runtime runtime;
        struct bus_backlog backlog[] = {{.topic = TOPIC_FEEDBACK, .records = cases[i].waiting},
                                        {.topic = TOPIC_AUDIT, .records = 7}};
        CASE(cases[i].why);
        runtime.options.status_every = 10000;
        runtime.taken = cases[i].taken;
        runtime.backlog = backlog, runtime.backlog_count = 2;
        runtime.told = (struct status_told){
            .any = true, .told_ms = cases[i].told_ms, .wait_ms = cases[i].wait_ms};
        assert_int_equal(status_due(&runtime, cases[i].now_ms), cases[i].due);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when_it_is_due),
        RIG_TEST(test_idle_is_told_ever_less),
        RIG_TEST(test_what_comes_is_news),
        RIG_TEST(test_lost_news_are_told_again),
    };
    log_setup(LOG_ERROR, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
