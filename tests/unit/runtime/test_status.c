/* What a worker tells of itself: news at each interval; where nothing happens, heartbeats that
 * become seldom, with nothing on the ledger. */
#include "runtime_rig.h"

#define EVERY "runtime.status_every=100ms"

struct status {
    bool heartbeat;
    int64_t at_ms;
    char done[24];
};

static void take(struct status *status, const struct bus_message *message)
{
    struct arena arena = {0};
    struct record record;
    struct audit audit;
    struct err err;
    must(record_scan(message->value, &arena, &record, &err), &err);
    must(record_decode(&record, SECTION_AUDIT, &audit, &arena, &err), &err);
    assert_true(str_equal(audit.action, STR("status")));
    status->heartbeat = header_find(message, STR(HEADER_HEARTBEAT)).size > 0;
    status->at_ms = audit.at;
    for (uint32_t i = 0; i < audit.detail.count; i++)
        if (str_equal(audit.detail.items[i].name, STR("done")))
            snprintf(status->done, sizeof status->done, "%.*s",
                     STR_ARGS(audit.detail.items[i].value));
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

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_idle_is_told_ever_less),
        RIG_TEST(test_what_comes_is_news),
        RIG_TEST(test_lost_news_are_told_again),
    };
    log_setup(LOG_ERROR, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
