/* What a consumer that commits in transactions does when answers don't come, on librdkafka's mock
 * cluster. */
#include "mock_commits.h"

#include <pthread.h>

/* As often as it takes: seconds are little for a commit on a busy machine. */
static void commit_at_last(struct bus_consumer *consumer)
{
    struct err err = {0};
    int rc;
    for (int64_t start = now_ms();
         (rc = commit(consumer, &err)) != E_OK && now_ms() - start < WAIT_MS;)
        assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
    must(rc, &err);
}

/* Nobody knows whether it was committed: the producer is replaced, the caller starts over. The
 * answer would come in an hour. */
static void test_slow_answers(void **state)
{
    static const struct {
        const char *why;
        int16_t api;
        int rc;
        bool replaced;
    } cases[] = {
        {"the end of the transaction", END_TRANSACTION, E_CANCELLED, true},
        {"its positions: nothing is committed, it is aborted", TXN_OFFSET_COMMIT, E_TIMEOUT, true},
        {"its outputs: likewise", PRODUCE, E_TIMEOUT, true},
    };
    struct mock mock = open_mock("bus.commit_timeout=4s");
    struct bus_consumer *consumer = subscribe(&mock);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char before[64], after[64];
        struct err err = {0};
        CASE(cases[i].why);
        commit_at_last(consumer);
        producer_name(consumer, before);
        rd_kafka_mock_broker_push_request_error_rtts(mock.cluster, 1, cases[i].api, 1,
                                                     RD_KAFKA_RESP_ERR_NO_ERROR, FOR_EVER_MS);
        int rc = commit(consumer, &err);
        if (rc != cases[i].rc) fail_msg("%s: %s", err_name((enum err_code)rc), err.text);
        producer_name(consumer, after);
        assert_int_equal(strcmp(before, after) != 0, cases[i].replaced);
    }
    commit_at_last(consumer);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

static void *commit_main(void *argument)
{
    static struct err err;
    return (void *)(intptr_t)commit(argument, &err);
}

/* A stop while the end of a transaction isn't answered: the commit would wait ten minutes. */
static void test_hastened(void **state)
{
    struct mock mock = open_mock("bus.commit_timeout=10m");
    struct bus_consumer *consumer = subscribe(&mock);
    struct err err = {0};
    pthread_t committer;
    size_t left = 1;
    void *rc;
    (void)state;
    must(commit(consumer, &err), &err);
    rd_kafka_mock_broker_push_request_error_rtts(mock.cluster, 1, END_TRANSACTION, 1,
                                                 RD_KAFKA_RESP_ERR_NO_ERROR, FOR_EVER_MS);
    assert_int_equal(pthread_create(&committer, NULL, commit_main, consumer), 0);
    while (left) { /* until it has been asked for the end */
        rd_kafka_mock_broker_error_stack_cnt(mock.cluster, 1, END_TRANSACTION, &left);
        wait_for(-1);
    }
    bus_hasten(consumer);
    pthread_join(committer, &rc);
    assert_int_equal((intptr_t)rc, E_CANCELLED);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

int main(int argc, char **argv)
{
    if (argc == 2) cmocka_set_test_filter(argv[1]); /* e.g. test_hastened */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_answers),
        cmocka_unit_test(test_hastened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
