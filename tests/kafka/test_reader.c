/* Readers without a group on librdkafka's mock cluster: where they begin when brokers are slow,
 * that a seek isn't lost, and that no message is of a time that we couldn't write. */
#include "mock_rig.h"

#include <stdatomic.h>

enum { OLD = 10, NEW = 3, SOUGHT = 6, BROKER = 1 };

static bool has_looked(struct bus_consumer *reader)
{
    struct kafka_consumer *consumer = (struct kafka_consumer *)reader;
    pthread_mutex_lock(&consumer->lock);
    bool looked = consumer->watch.looked;
    pthread_mutex_unlock(&consumer->lock);
    return looked;
}

static void await_partitions(struct bus_consumer *reader, struct bus_backlog *ret_item)
{
    for (int64_t start = now_ms();
         bus_backlog(reader, ret_item, 1) == 0 && now_ms() - start < WAIT_MS;)
        poll_once(reader);
}

/* Nobody takes an end that isn't known yet for that of an empty partition: a digest that did began
 * anew, and told all again. */
static void test_ends_come_with_partitions(void **state)
{
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .member = "early", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct mock mock = open_mock(NULL);
    struct bus_consumer *reader;
    struct bus_backlog item = {0};
    struct err err;
    (void)state;
    produce_many(&mock, OLD);
    must(bus_subscribe(mock.bus, &subscription, &reader, &err), &err);
    await_partitions(reader, &item);
    assert_int_equal(item.end, OLD);
    bus_unsubscribe(reader);
    close_mock(&mock);
}

/* The offset of the first message that it is given. */
static int64_t first_offset(struct bus_consumer *reader)
{
    struct bus_batch batch;
    struct err err;
    for (int64_t start = now_ms(); now_ms() - start < WAIT_MS; wait_for(bus_wake_fd(reader))) {
        int rc = bus_poll(reader, 10, 1000, &batch, &err);
        if (rc) assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
        if (rc || batch.count == 0) continue;
        int64_t offset = batch.messages[0].offset;
        bus_release(reader, &batch);
        return offset;
    }
    return -1;
}

/* No broker answers when it looks first: that says nothing of its topic, which it doesn't read from
 * the beginning for that. */
static void test_latest_on_a_slow_broker(void **state)
{
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .member = "late", .topics = &topic, .topic_count = 1, .start = BUS_LATEST};
    struct mock mock = open_mock(NULL);
    struct bus_consumer *reader;
    struct bus_backlog item;
    struct err err;
    (void)state;
    produce_many(&mock, OLD);
    rd_kafka_mock_broker_set_down(mock.cluster, BROKER);
    must(bus_subscribe(mock.bus, &subscription, &reader, &err), &err);
    for (int64_t start = now_ms(); !has_looked(reader) && now_ms() - start < WAIT_MS;)
        poll_once(reader);
    assert_true(has_looked(reader));
    assert_int_equal(bus_backlog(reader, NULL, 0), 0);
    rd_kafka_mock_broker_set_up(mock.cluster, BROKER);
    await_partitions(reader, &item);
    produce_many(&mock, NEW);
    assert_int_equal(first_offset(reader), OLD);
    bus_unsubscribe(reader);
    close_mock(&mock);
}

/* While librdkafka's thread starts a partition, between the request's number and its place in the
 * queue, it tells that to its log: where it is held up, until another request may have overtaken
 * it. */
static atomic_int starting;

static void hold_up(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    (void)level;
    if (strcmp(facility, "CONSUMER") || !strstr(text, "Start consuming")) return;
    atomic_fetch_add(&starting, 1);
    poll(NULL, 0, 20);
}

static bool holds_up;
void __real_rd_kafka_conf_set_log_cb(rd_kafka_conf_t *conf,
                                     void (*log)(const rd_kafka_t *, int, const char *,
                                                 const char *));
void __wrap_rd_kafka_conf_set_log_cb(rd_kafka_conf_t *conf,
                                     void (*log)(const rd_kafka_t *, int, const char *,
                                                 const char *));
void __wrap_rd_kafka_conf_set_log_cb(rd_kafka_conf_t *conf,
                                     void (*log)(const rd_kafka_t *, int, const char *,
                                                 const char *))
{
    __real_rd_kafka_conf_set_log_cb(conf, holds_up ? hold_up : log);
}

rd_kafka_resp_err_t __real_rd_kafka_resume_partitions(rd_kafka_t *client,
                                                      rd_kafka_topic_partition_list_t *list);
rd_kafka_resp_err_t __wrap_rd_kafka_resume_partitions(rd_kafka_t *client,
                                                      rd_kafka_topic_partition_list_t *list);
rd_kafka_resp_err_t __wrap_rd_kafka_resume_partitions(rd_kafka_t *client,
                                                      rd_kafka_topic_partition_list_t *list)
{
    enum { STARTS_WITHIN_MS = 200 };
    int before = atomic_load(&starting);
    for (int64_t start = now_ms();
         holds_up && atomic_load(&starting) == before && now_ms() - start < STARTS_WITHIN_MS;)
        poll(NULL, 0, 1);
    return __real_rd_kafka_resume_partitions(client, list);
}

/* A resume behind each assignment, though nothing was paused, sometimes overtook the start of the
 * partition; which then gave nothing any more. */
static void test_seek_isnt_overtaken(void **state)
{
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .member = "restless", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    holds_up = true;
    struct mock mock = open_mock("kafka.debug=topic");
    struct bus_consumer *reader;
    struct err err;
    (void)state;
    produce_many(&mock, OLD);
    must(bus_subscribe(mock.bus, &subscription, &reader, &err), &err);
    assert_int_equal(first_offset(reader), 0);
    must(bus_seek(reader, &(struct bus_position){topic, 0, SOUGHT}, &err), &err);
    assert_int_equal(first_offset(reader), SOUGHT);
    assert_true(atomic_load(&starting) >= 2);
    bus_unsubscribe(reader);
    close_mock(&mock);
    holds_up = false;
}

/* The time of the next message that it is given. */
static int64_t next_time(struct bus_consumer *reader)
{
    struct bus_batch batch;
    struct err err;
    for (int64_t start = now_ms(); now_ms() - start < WAIT_MS; wait_for(bus_wake_fd(reader))) {
        int rc = bus_poll(reader, 1, 1000, &batch, &err);
        if (rc) assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
        if (rc || batch.count == 0) continue;
        int64_t time = batch.messages[0].timestamp_ms;
        bus_release(reader, &batch);
        return time;
    }
    return -1;
}

/* A foreign producer's, whose part ours plays: no year that we couldn't write, as what is told of
 * it couldn't be read; and no sum that overflows. */
static void test_any_time(void **state)
{
    static const int64_t cases[][2] = {
        {INT64_MIN, 1}, {-1, 1}, {1767323045678, 1767323045678}, {INT64_MAX, 253402300799999}};
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .member = "calm", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct mock mock = open_mock(NULL);
    struct bus_consumer *reader;
    struct bus_producer *producer;
    struct err err;
    (void)state;
    must(bus_producer_open(mock.bus, "foreign", &producer, &err), &err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct bus_output output = {
            .topic = topic, .key = STR("k"), .value = STR("1"), .timestamp_ms = cases[i][0]};
        must(bus_produce(producer, &output, 1, NULL, NULL, &err), &err);
        must(bus_producer_flush(producer, WAIT_MS, &err), &err); /* each in a batch of its own */
    }
    bus_producer_close(producer);
    must(bus_subscribe(mock.bus, &subscription, &reader, &err), &err);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(next_time(reader) == cases[i][1]);
    bus_unsubscribe(reader);
    close_mock(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_come_with_partitions),
        cmocka_unit_test(test_latest_on_a_slow_broker),
        cmocka_unit_test(test_seek_isnt_overtaken),
        cmocka_unit_test(test_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
