/* At least once: positions that follow their outputs, on librdkafka's mock cluster. It takes
 * commits of whoever it is, so what is told although partitions are lost shows. */
#include "mock_commits.h"

/* At least once nobody waits for positions, but what fails is known to the next commit, which
 * writes nothing until it is told; and who leaves has told all. */
static void test_positions_that_follow(void **state)
{
    struct mock mock = open_mock("kafka.session.timeout.ms=6000");
    struct bus_consumer *consumer = subscribe_as(&mock, true);
    struct kafka_consumer *kafka = kafka_consumer_of(consumer);
    struct err err = {0};
    (void)state;
    assert_true(bus_positions_apart(mock.bus));
    rd_kafka_mock_push_request_errors(mock.cluster, OFFSET_COMMIT, 2,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    must(commit(consumer, &err), &err);
    for (int64_t start = now_ms(); !owed_is_late(kafka) && now_ms() - start < WAIT_MS;)
        poll_once(consumer);
    int rc = commit(consumer, &err);
    assert_int_not_equal(rc, E_OK);
    assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
    assert_int_equal(kafka->own_count, 0);
    for (int i = 0; i < 20; i++) must(commit(consumer, &err), &err);
    int64_t deadline_ms = now_ms() + WAIT_MS;
    must(owed_settle(kafka, deadline_ms, &err), &err);
    assert_int_equal(kafka->own_count, 1);
    assert_int_equal(kafka->own[0].offset, last_offset);
    must(commit(consumer, &err), &err);
    bus_unsubscribe(consumer);
    consumer = subscribe_as(&mock, true);
    assert_int_equal(kafka_consumer_of(consumer)->owned[0].told, last_offset);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

/* Polls are enough for that: also where nothing comes for hours, a crash repeats little. */
static void test_positions_told_again(void **state)
{
    enum { SOON_MS = 30000 };
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = subscribe_as(&mock, true);
    struct kafka_consumer *kafka = kafka_consumer_of(consumer);
    struct err err = {0};
    (void)state;
    rd_kafka_mock_push_request_errors(mock.cluster, OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    must(commit(consumer, &err), &err);
    for (int64_t start = now_ms(); !kafka->own_count && now_ms() - start < SOON_MS;)
        poll_once(consumer);
    assert_int_equal(kafka->own_count, 1);
    assert_int_equal(kafka->own[0].offset, last_offset);
    assert_false(owed_is_late(kafka));
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

struct last_commit {
    struct bus_consumer *consumer;
    bool told;
    int rc;
};

static void commit_at_last(void *user, const struct bus_position *partitions, size_t count)
{
    struct last_commit *last = user;
    struct err err = {0};
    (void)partitions;
    if (!count || last->told) return;
    last->told = true;
    last->rc = commit(last->consumer, &err);
}

/* One position that the coordinator didn't take; polls leave it as it is. */
static void owe(struct mock *mock, struct bus_consumer *consumer)
{
    struct kafka_consumer *kafka = kafka_consumer_of(consumer);
    struct err err;
    rd_kafka_mock_push_request_errors(mock->cluster, OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    must(commit(consumer, &err), &err);
    for (int64_t start = now_ms(); !owed_is_late(kafka) && now_ms() - start < WAIT_MS;)
        poll_once(consumer);
    assert_true(owed_is_late(kafka));
    kafka->owed.asked_ms = INT64_MAX;
}

/* Before partitions go what is owed is committed, but not of those that another member may have. */
static void test_commit_as_partitions_go(void **state)
{
    static const struct {
        const char *why;
        rd_kafka_resp_err_t heartbeat;
        int rc, told;
    } cases[] = {
        {"in a rebalance", RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, E_OK, 1},
        {"the session is over", RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, E_CANCELLED, 0},
        {"fenced", RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, E_CANCELLED, 0},
        {"fenced, and no rebalance says so", RD_KAFKA_RESP_ERR_NO_ERROR, E_CANCELLED, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mock mock = open_mock(NULL);
        struct last_commit last = {.consumer = subscribe_as(&mock, true)};
        struct kafka_consumer *kafka = kafka_consumer_of(last.consumer);
        CASE(cases[i].why);
        owe(&mock, last.consumer);
        kafka->subscription.on_revoked = commit_at_last;
        kafka->subscription.user = &last;
        if (cases[i].heartbeat)
            rd_kafka_mock_push_request_errors(mock.cluster, HEARTBEAT, 1, cases[i].heartbeat);
        else
            rd_kafka_test_fatal_error(kafka->client, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
                                      "by the test");
        for (int64_t start = now_ms(); !last.told && now_ms() - start < WAIT_MS;)
            poll_once(last.consumer);
        assert_true(last.told);
        assert_int_equal(last.rc, cases[i].rc);
        assert_int_equal(kafka->own_count, cases[i].told);
        bus_unsubscribe(last.consumer);
        close_mock(&mock);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions_that_follow),
        cmocka_unit_test(test_positions_told_again),
        cmocka_unit_test(test_commit_as_partitions_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
