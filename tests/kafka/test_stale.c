/* soak 10: a coordinator that tells an older position than the group has committed, on
 * librdkafka's mock cluster.
 *
 * Kafka 4.1's does so for a while after its broker's restart, which a real one can't be made to do
 * at will (tests/soak/found.md). The mock forgets what transactions commit, so it is as old as it
 * takes; what the test commits without a transaction is what the coordinator knows at last. */
#include "mock_rig.h"

enum { HEARTBEAT = 12, ADD_OFFSETS = 25 };
enum { MESSAGES = 20, BROKER = 1 };

static int commit(struct bus_consumer *consumer, int64_t offset, struct err *err)
{
    const struct bus_output output = {
        .topic = TOPIC_DOCUMENTS, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1};
    const struct bus_position position = {TOPIC_FEEDBACK, 0, offset};
    return bus_commit(consumer, &output, 1, &position, 1, err);
}

/* From now on the coordinator knows that `offset` is committed. */
static void tell(struct bus_consumer *consumer, int64_t offset)
{
    char topic[256];
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__FAIL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    snprintf(topic, sizeof topic, "%s%s", rig_prefix, topic_info(TOPIC_FEEDBACK)->name);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = offset;
    for (int64_t start = now_ms(); code && now_ms() - start < WAIT_MS;) {
        code = rd_kafka_commit(((struct kafka_consumer *)consumer)->client, list, 0);
        if (code) poll_once(consumer); /* a rebalance is on */
    }
    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
}

/* The offset of the next message. */
static int64_t next_offset(struct bus_consumer *consumer)
{
    struct bus_batch batch;
    struct err err;
    int64_t offset = -1;
    for (int64_t start = now_ms(); offset < 0 && now_ms() - start < WAIT_MS;) {
        int rc = bus_poll(consumer, 1, 1000, &batch, &err);
        if (rc) assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
        else if (batch.count) offset = batch.messages[0].offset;
        if (rc == E_OK) bus_release(consumer, &batch);
        if (offset < 0) wait_for(bus_wake_fd(consumer));
    }
    return offset;
}

/* Whether the answer is believed; on a busy machine it may come too late. */
static int rewind_to_committed(struct bus_consumer *consumer)
{
    struct err err;
    int rc = E_TIMEOUT;
    for (int64_t start = now_ms(); rc == E_TIMEOUT && now_ms() - start < WAIT_MS;)
        rc = bus_rewind(consumer, &err);
    return rc;
}

/* As rewind_to_committed(), until it is done. */
static void rewind_at_last(struct bus_consumer *consumer)
{
    int rc = E_UNAVAILABLE;
    for (int64_t start = now_ms(); rc && now_ms() - start < WAIT_MS;) {
        poll_once(consumer);
        rc = rewind_to_committed(consumer);
        if (rc) assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
    }
    assert_int_equal(rc, E_OK);
}

/* A member that has begun at 5. */
static struct bus_consumer *begin_at_5(struct mock *mock)
{
    struct bus_consumer *consumer = subscribe(mock); /* which polls: nothing may be there yet */
    produce_many(mock, MESSAGES);
    assert_int_equal(next_offset(consumer), 0);
    tell(consumer, 5);
    rewind_at_last(consumer);
    assert_int_equal(next_offset(consumer), 5);
    return consumer;
}

/* Rewinding, and being assigned the partition anew, wait until the coordinator knows what
 * we have committed ourselves; not for ever: then they go by that, and nothing is committed
 * until it knows. */
static void test_older_than_our_own(void **state)
{
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = begin_at_5(&mock);
    struct err err;
    (void)state;
    must(commit(consumer, 12, &err), &err);
    CASE("a rewind");
    assert_int_equal(rewind_to_committed(consumer), E_UNAVAILABLE);
    rewind_at_last(consumer);
    assert_int_equal(next_offset(consumer), 12);
    assert_int_not_equal(commit(consumer, 13, &err), E_OK);
    tell(consumer, 12);
    must(commit(consumer, 13, &err), &err);
    CASE("an assignment");
    rd_kafka_mock_push_request_errors(mock.cluster, HEARTBEAT, 1,
                                      RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
    for (int64_t start = now_ms();
         bus_backlog(consumer, NULL, 0) == 1 && now_ms() - start < WAIT_MS;)
        poll_once(consumer);
    assert_int_equal(bus_backlog(consumer, NULL, 0), 0);
    assert_int_equal(next_offset(consumer), 13);
    CASE("another process was further on");
    tell(consumer, 16);
    assert_int_equal(commit(consumer, 14, &err), E_CANCELLED);
    rewind_at_last(consumer);
    assert_int_equal(next_offset(consumer), 16);
    must(commit(consumer, 17, &err), &err);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

/* Of what another process has committed, the first commit after reading began finds out. */
static void test_older_than_anothers(void **state)
{
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = begin_at_5(&mock);
    struct err err;
    (void)state;
    tell(consumer, 9);
    assert_int_equal(commit(consumer, 10, &err), E_CANCELLED);
    rewind_at_last(consumer);
    assert_int_equal(next_offset(consumer), 9);
    must(commit(consumer, 10, &err), &err);
    CASE("once is enough");
    tell(consumer, 11);
    must(commit(consumer, 12, &err), &err);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

static bool in_doubt(struct bus_consumer *consumer)
{
    int64_t lost_ms;
    (void)position_standing((struct kafka_consumer *)consumer, &lost_ms);
    return lost_ms != 0;
}

/* Soon after the broker was away, the coordinator must have written something
 * before it is asked. */
static void test_after_an_outage(void **state)
{
    struct mock mock = open_mock("kafka.session.timeout.ms=60000");
    struct bus_consumer *consumer = begin_at_5(&mock);
    struct err err;
    (void)state;
    rd_kafka_mock_broker_set_down(mock.cluster, BROKER);
    for (int64_t start = now_ms(); !in_doubt(consumer) && now_ms() - start < WAIT_MS;)
        poll_once(consumer);
    assert_true(in_doubt(consumer));
    rd_kafka_mock_broker_set_up(mock.cluster, BROKER);
    rewind_at_last(consumer);
    tell(consumer, 9);
    CASE("the write fails: nothing is asked yet");
    rd_kafka_mock_push_request_errors(mock.cluster, ADD_OFFSETS, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING);
    assert_int_equal(commit(consumer, 10, &err), E_UNAVAILABLE);
    CASE("it succeeds");
    assert_int_equal(commit(consumer, 10, &err), E_CANCELLED);
    rewind_at_last(consumer);
    assert_int_equal(next_offset(consumer), 9);
    must(commit(consumer, 10, &err), &err);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

int main(int argc, char **argv)
{
    if (argc == 2) cmocka_set_test_filter(argv[1]); /* e.g. test_after_an_outage */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_older_than_our_own),
        cmocka_unit_test(test_older_than_anothers),
        cmocka_unit_test(test_after_an_outage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
