/* What a consumer that commits in transactions makes of each kind of error, on librdkafka's mock
 * cluster: no broker is needed.
 *
 * The mock fences nobody and forgets what transactions commit, so this proves what is answered and
 * that it goes on; exactly-once is proven on a real broker by the other programs of this folder. */
#include "mock_commits.h"

/* One error, once; what the commit says, and whether the producer was replaced: after each abort
 * (soak 6). The commit after it always succeeds. */
static void test_commit(void **state)
{
    static const struct {
        const char *why;
        int16_t api;
        rd_kafka_resp_err_t error;
        int times, rc;
        bool replaced;
    } cases[] = {
        {"a coordinator that loads is waited for", END_TRANSACTION,
         RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 2, E_OK, false},
        {"so is one that moved", TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, 1, E_OK,
         false},
        {"concurrent transactions are waited for", ADD_PARTITIONS,
         RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, 3, E_OK, false},
        {"a generation that is over cancels", TXN_OFFSET_COMMIT,
         RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, 1, E_CANCELLED, true},
        {"so does a member that isn't known", TXN_OFFSET_COMMIT,
         RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 1, E_CANCELLED, true},
        {"and a static one that was fenced", TXN_OFFSET_COMMIT,
         RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, 1, E_CANCELLED, true},
        {"a topic that we may not write to is tried again", ADD_PARTITIONS,
         RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1, E_UPSTREAM, true},
        {"a state that makes no sense replaces the producer", END_TRANSACTION,
         RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, 1, E_CANCELLED, true},
        {"an id that is somebody else's is aborted", ADD_OFFSETS,
         RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, 1, E_UNAVAILABLE, true},
        {"being fenced is forgiven once", END_TRANSACTION, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
         1, E_CANCELLED, true},
        {"sequence numbers that went astray too", PRODUCE,
         RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 1, E_CANCELLED, true},
    };
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = subscribe(&mock);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char before[64], after[64];
        struct err err = {0};
        CASE(cases[i].why);
        must(commit(consumer, &err), &err);
        producer_name(consumer, before);
        for (int j = 0; j < cases[i].times; j++)
            rd_kafka_mock_push_request_errors(mock.cluster, cases[i].api, 1, cases[i].error);
        int rc = commit(consumer, &err);
        producer_name(consumer, after);
        if (rc != cases[i].rc) fail_msg("%s: %s", err_name((enum err_code)rc), err.text);
        assert_int_equal(strcmp(before, after) != 0, cases[i].replaced);
        must(commit(consumer, &err), &err);
    }
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

/* Outputs are sent, an acknowledgement is lost with the connection, and then the transaction is
 * aborted: with the same producer the next output could be taken for one of these, and dropped
 * (found by ops/soak: soak 4 in tests/soak/found.md). */
static void test_abort_with_outputs_astray(void **state)
{
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = subscribe(&mock);
    char before[64], after[64];
    struct err err = {0};
    (void)state;
    must(commit(consumer, &err), &err);
    producer_name(consumer, before);
    rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
    rd_kafka_mock_push_request_errors(mock.cluster, END_TRANSACTION, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING);
    int rc = commit(consumer, &err);
    producer_name(consumer, after);
    if (err_class((enum err_code)rc) != ERR_RETRY && rc != E_CANCELLED)
        fail_msg("%s: %s", err_name((enum err_code)rc), err.text);
    assert_string_not_equal(before, after);
    for (int64_t start = now_ms();
         (rc = commit(consumer, &err)) != E_OK && now_ms() - start < WAIT_MS;)
        assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
    must(rc, &err);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

/* Positions are refused before any output is sent: nothing goes astray. */
static void test_positions_come_first(void **state)
{
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = subscribe(&mock);
    struct err err = {0};
    (void)state;
    must(commit(consumer, &err), &err);
    rd_kafka_mock_push_request_errors(mock.cluster, TXN_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
    /* would break the producer */
    rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_int_equal(commit(consumer, &err), E_CANCELLED);
    assert_int_equal(kafka_consumer_of(consumer)->commit.replaced, 0);
    rd_kafka_mock_clear_request_errors(mock.cluster, PRODUCE);
    must(commit(consumer, &err), &err);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

/* Eight outputs are under way when the first answer says that the producer is fenced, and it is
 * closed at once: a later answer must find nothing to free again (found by ops/soak: soak 11 in
 * tests/soak/found.md; under ASan). */
static void test_closed_while_fenced(void **state)
{
    enum { ROUNDS = 8, WIDE = 8, FIRST_MS = 20, STEP_MS = 3 };
    struct mock mock = open_mock(NULL);
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct kafka_sender sender = {0};
        struct err err;
        must(sender_open(&sender, kafka_bus_of(mock.bus), "fenced", "fenced", NULL, NULL, &err),
             &err);
        assert_null(rd_kafka_init_transactions(sender.client, WAIT_MS));
        assert_null(rd_kafka_begin_transaction(sender.client));
        for (int i = 0; i < WIDE; i++)
            rd_kafka_mock_broker_push_request_error_rtts(mock.cluster, 1, PRODUCE, 1,
                                                         RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
                                                         FIRST_MS + i * STEP_MS);
        for (int i = 0; i < WIDE; i++) { /* one request for each topic */
            const struct bus_output output = {
                .topic = (enum topic)i, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1};
            assert_int_equal(sender_send(&sender, &output, NULL), RD_KAFKA_RESP_ERR_NO_ERROR);
        }
        int64_t start = now_ms();
        while (!rd_kafka_fatal_error(sender.client, NULL, 0) && now_ms() - start < WAIT_MS)
            rd_kafka_poll(sender.client, 1);
        assert_int_not_equal(rd_kafka_fatal_error(sender.client, NULL, 0),
                             RD_KAFKA_RESP_ERR_NO_ERROR);
        sender_close(&sender);
        rd_kafka_mock_clear_request_errors(mock.cluster, PRODUCE);
    }
    close_mock(&mock);
}

/* A generation that is over, and the abort doesn't work either (librdkafka issue 4849). */
static void test_abort_fails(void **state)
{
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = subscribe(&mock);
    char before[64], after[64];
    struct err err = {0};
    (void)state;
    must(commit(consumer, &err), &err);
    producer_name(consumer, before);
    rd_kafka_mock_push_request_errors(mock.cluster, TXN_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
    rd_kafka_mock_push_request_errors(mock.cluster, END_TRANSACTION, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
    assert_int_equal(commit(consumer, &err), E_CANCELLED);
    producer_name(consumer, after);
    assert_string_not_equal(before, after);
    must(commit(consumer, &err), &err);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

static int64_t first_offset(struct mock *mock)
{
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .group = "copy", .member = "copy-0", .topics = &topic, .topic_count = 1,
        .at_least_once = true};
    struct bus_consumer *consumer;
    struct bus_batch batch = {0};
    struct err err;
    int64_t offset = -1;
    must(bus_subscribe(mock->bus, &subscription, &consumer, &err), &err);
    for (int64_t start = now_ms(); offset < 0 && now_ms() - start < WAIT_MS;) {
        int rc = bus_poll(consumer, 10, 1000, &batch, &err);
        if (rc) assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
        else if (batch.count) offset = batch.messages[0].offset;
        if (rc == E_OK) bus_release(consumer, &batch);
        if (offset < 0) wait_for(bus_wake_fd(consumer));
    }
    const struct bus_position position = {TOPIC_FEEDBACK, 0, 5};
    if (offset == 0) must(bus_commit(consumer, NULL, 0, &position, 1, &err), &err);
    bus_unsubscribe(consumer);
    return offset;
}

/* Whatever the coordinator answers meanwhile, nobody begins before what is committed (soak 8). */
static void test_where_reading_begins(void **state)
{
    static const struct {
        const char *why;
        rd_kafka_resp_err_t error;
        int times;
    } cases[] = {
        {"it says so at once", RD_KAFKA_RESP_ERR_NO_ERROR, 0},
        {"a transaction is open there", RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, 5},
        {"it is somewhere else", RD_KAFKA_RESP_ERR_NOT_COORDINATOR, 3},
        {"it loads", RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 3},
        {"it isn't there", RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, 3},
        {"we may not, just now", RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 2},
    };
    struct mock mock = open_mock("kafka.session.timeout.ms=6000");
    (void)state;
    produce_many(&mock, 10);
    CASE("nothing is committed");
    assert_int_equal(first_offset(&mock), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        for (int j = 0; j < cases[i].times; j++)
            rd_kafka_mock_push_request_errors(mock.cluster, OFFSET_FETCH, 1, cases[i].error);
        assert_int_equal(first_offset(&mock), 5);
    }
    close_mock(&mock);
}

/* A static member that was taken for its own rival joins again, thrice in ten minutes. */
static void test_fenced_by_itself(void **state)
{
    enum { FORGIVEN = 3 };
    struct mock mock = open_mock("kafka.session.timeout.ms=6000");
    /* the mock forgets what transactions commit */
    struct bus_consumer *consumer = subscribe_as(&mock, true);
    struct bus_batch batch;
    struct err err = {0};
    int rc = E_OK;
    (void)state;
    for (int i = 0; i <= FORGIVEN; i++) {
        must(commit(consumer, &err), &err);
        rd_kafka_mock_push_request_errors(mock.cluster, HEARTBEAT, 1,
                                          RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
        rc = E_OK;
        for (int64_t start = now_ms(); rc == E_OK && now_ms() - start < WAIT_MS;) {
            rc = bus_poll(consumer, 10, 1000, &batch, &err);
            if (rc == E_OK) bus_release(consumer, &batch);
            if (rc == E_OK) wait_for(bus_wake_fd(consumer));
        }
        assert_int_equal(rc, i < FORGIVEN ? E_UNAVAILABLE : E_FENCED);
        if (i == FORGIVEN) break;
        assert_int_equal(bus_backlog(consumer, NULL, 0), 0);
        for (int64_t start = now_ms();
             bus_backlog(consumer, NULL, 0) == 0 && now_ms() - start < WAIT_MS;)
            poll_once(consumer);
        assert_int_equal(bus_backlog(consumer, NULL, 0), 1);
    }
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

/* A producer that breaks is replaced, but not for ever. */
static void test_breaks_again_and_again(void **state)
{
    static const struct {
        const char *why;
        rd_kafka_resp_err_t error;
        int rc, status, forgiven;
    } cases[] = {
        {"broken: the system is to blame", RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, E_SYSTEM,
         71, 4},
        {"fenced: somebody has our name", RD_KAFKA_RESP_ERR__FENCED, E_FENCED, 75, 3},
    };
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = subscribe(&mock);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        int rc = E_CANCELLED, times = 0;
        CASE(cases[i].why);
        must(commit(consumer, &err), &err);
        for (; rc == E_CANCELLED && times < 100; times++) {
            rd_kafka_test_fatal_error(((struct kafka_consumer *)consumer)->commit.sender.client,
                                      cases[i].error, "by the test");
            rc = commit(consumer, &err);
        }
        if (rc != cases[i].rc) fail_msg("%s: %s", err_name((enum err_code)rc), err.text);
        assert_int_equal(times, cases[i].forgiven + 1);
        assert_int_equal(err_exit_status((enum err_code)rc), cases[i].status);
    }
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

int main(int argc, char **argv)
{
    if (argc == 2) choose_tests(argv[1]); /* e.g. test_commit */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit),
        cmocka_unit_test(test_abort_with_outputs_astray),
        cmocka_unit_test(test_positions_come_first),
        cmocka_unit_test(test_closed_while_fenced),
        cmocka_unit_test(test_abort_fails),
        cmocka_unit_test(test_where_reading_begins),
        cmocka_unit_test(test_fenced_by_itself),
        cmocka_unit_test(test_breaks_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
