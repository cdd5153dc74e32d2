/* What a producer without transactions, as the door has one, makes of each kind of error, on
 * librdkafka's mock cluster: no receipt without an acknowledgement, and it goes on by itself. */
#include "mock_rig.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PRODUCE = 0, FOR_EVER_MS = 3600 * 1000 };

static void on_done(void *user, const struct err *err) { *(int *)user = err ? (int)err->code : -1; }

/* -1: there is a receipt for all. */
static int post_all(struct bus_producer *producer, const struct bus_output *outputs, size_t count)
{
    struct err err;
    int done = 0, rc = bus_produce(producer, outputs, count, on_done, &done, &err);
    if (rc) return rc;
    must(bus_producer_flush(producer, WAIT_MS, &err), &err);
    return done;
}

static int post(struct bus_producer *producer)
{
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1};
    return post_all(producer, &output, 1);
}

/* Until there is a receipt: two seconds are little for a first one on a busy machine. */
static void post_at_last(struct bus_producer *producer)
{
    int rc;
    for (int64_t start = now_ms(); (rc = post(producer)) != -1 && now_ms() - start < WAIT_MS;)
        assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
    assert_int_equal(rc, -1);
}

/* Without an acknowledgement there is no receipt, and it goes on by itself. */
static void test_door(void **state)
{
    static const struct {
        const char *why;
        rd_kafka_resp_err_t error;
        int rtt_ms;
    } cases[] = {
        {"sequence numbers that went astray", RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 0},
        {"an answer that never comes", RD_KAFKA_RESP_ERR_NO_ERROR, FOR_EVER_MS},
        {"a topic that we may not write to", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 0},
        {"an epoch that was outrun", RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bus_producer *producer;
        struct err err;
        CASE(cases[i].why);
        struct mock mock = open_mock("bus.commit_timeout=2s");
        must(bus_producer_open(mock.bus, "door", &producer, &err), &err);
        post_at_last(producer);
        rd_kafka_mock_broker_push_request_error_rtts(mock.cluster, 1, PRODUCE, 1, cases[i].error,
                                                     cases[i].rtt_ms);
        int rc = post(producer);
        assert_int_not_equal(rc, -1);
        assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
        post_at_last(producer);
        bus_producer_close(producer);
        close_mock(&mock);
    }
}

/* Each breaks before anything was delivered: at last it is refused at once,
 * without a new client. */
static void test_door_breaks_again_and_again(void **state)
{
    enum { MANY = 20 };
    struct bus_producer *producer;
    struct err err = {0};
    struct mock mock = open_mock(NULL);
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1};
    int done = 0, rc = E_OK;
    (void)state;
    for (int i = 0; i < MANY; i++)
        rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE, 1,
                                          RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    must(bus_producer_open(mock.bus, "door", &producer, &err), &err);
    for (int i = 0; i < MANY && rc == E_OK; i++) {
        rc = bus_produce(producer, &output, 1, on_done, &done, &err);
        if (rc == E_OK) must(bus_producer_flush(producer, WAIT_MS, &err), &err);
        assert_int_not_equal(done, -1);
    }
    assert_int_equal(rc, E_UNAVAILABLE);
    assert_non_null(strstr(err.text, "in a row"));
    rd_kafka_mock_clear_request_errors(mock.cluster, PRODUCE);
    for (int64_t start = now_ms(); (rc = post(producer)) != -1 && now_ms() - start < WAIT_MS;)
        wait_for(-1);
    assert_int_equal(rc, -1);
    bus_producer_close(producer);
    close_mock(&mock);
}

/* --- events that come before anybody listens -------------------------------------------------- */

static bool wait_for_event; /* in rd_kafka_new(), as if this thread lost the processor there */

rd_kafka_t *__real_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *text,
                                size_t size);
rd_kafka_t *__wrap_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *text,
                                size_t size);
rd_kafka_t *__wrap_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *text,
                                size_t size)
{
    rd_kafka_t *client = __real_rd_kafka_new(type, conf, text, size);
    for (int64_t start = now_ms(); wait_for_event && client && rd_kafka_outq_len(client) == 0;) {
        assert_true(now_ms() - start < WAIT_MS);
        wait_for(-1);
    }
    return client;
}

/* A port that is taken, and where nobody listens: connections are refused, and that is an event. */
static int refusing_port(char out[static 32])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(out, 32, "127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

/* A door's loop does nothing but wait for the descriptor: it must be told that its record timed
 * out, although the client's queue wasn't empty when the descriptor was given to it. On a busy
 * machine posts waited for ever. */
static void test_event_before_the_descriptor(void **state)
{
    const char *settings[] = {"bus.commit_timeout=1s", NULL};
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1};
    struct config *config = NULL;
    struct bus *bus;
    struct bus_producer *producer;
    struct err err;
    char port[32];
    int done = 0, fd = refusing_port(port);
    (void)state;
    must(rig_try(port, settings, &config, &bus, &err), &err);
    wait_for_event = true;
    must(bus_producer_open(bus, "door", &producer, &err), &err);
    wait_for_event = false;
    must(bus_produce(producer, &output, 1, on_done, &done, &err), &err);
    for (int64_t start = now_ms(); !done && now_ms() - start < WAIT_MS;) {
        struct pollfd waiter = {.fd = bus_producer_wake_fd(producer), .events = POLLIN};
        if (poll(&waiter, 1, 1000) == 1) bus_producer_poll(producer);
    }
    assert_int_equal(done, E_TIMEOUT);
    bus_producer_close(producer);
    bus_close(bus);
    config_destroy(config);
    close(fd);
}

/* --- a process that was frozen in the middle of a call ---------------------------------------- */

static struct mock *thaws; /* the second message is sent late, and its broker comes back then */
static int sends;

rd_kafka_resp_err_t __real_sender_send(struct kafka_sender *sender,
                                       const struct bus_output *output, void *opaque);
rd_kafka_resp_err_t __wrap_sender_send(struct kafka_sender *sender,
                                       const struct bus_output *output, void *opaque);
rd_kafka_resp_err_t __wrap_sender_send(struct kafka_sender *sender,
                                       const struct bus_output *output, void *opaque)
{
    if (thaws && ++sends == 2) {
        poll(NULL, 0, 4000); /* commit_timeout, and the second that librdkafka may take to notice */
        rd_kafka_mock_broker_set_up(thaws->cluster, 1);
    }
    return __real_sender_send(sender, output, opaque);
}

/* Of each value the first place where it stands, in the order of the topic. */
static void read_firsts(struct mock *mock, char out[static 8])
{
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription all = {
        .member = "reader", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct bus_consumer *consumer;
    struct bus_batch batch;
    struct err err;
    size_t found = 0;
    must(bus_subscribe(mock->bus, &all, &consumer, &err), &err);
    for (int64_t start = now_ms(); !strchr(out, 'z') && now_ms() - start < WAIT_MS;) {
        must(bus_poll(consumer, 10, 1000, &batch, &err), &err);
        for (uint32_t i = 0; i < batch.count; i++) {
            char value = batch.messages[i].value.data[0];
            if (!memchr(out, value, found) && found < 7) out[found++] = value;
            out[found] = '\0';
        }
        bus_release(consumer, &batch);
        wait_for(bus_wake_fd(consumer));
    }
    bus_unsubscribe(consumer);
}

/* Soak 13: a door was frozen between two messages of one call for longer than a message might take.
 * librdkafka then gave up the first alone, and the second was written before the first one's next
 * attempt. A key's records come in their order, whatever is given up. */
static void test_frozen_in_a_call(void **state)
{
    static const struct bus_output outputs[] = {
        {.topic = TOPIC_FEEDBACK, .key = {"k", 1}, .value = {"a", 1}, .timestamp_ms = 1},
        {.topic = TOPIC_FEEDBACK, .key = {"k", 1}, .value = {"b", 1}, .timestamp_ms = 1},
        {.topic = TOPIC_FEEDBACK, .key = {"k", 1}, .value = {"c", 1}, .timestamp_ms = 1},
        {.topic = TOPIC_FEEDBACK, .key = {"k", 1}, .value = {"z", 1}, .timestamp_ms = 1},
    };
    struct bus_producer *producer;
    struct err err;
    struct mock mock = open_mock("bus.commit_timeout=2s");
    char firsts[8] = "";
    int rc;
    (void)state;
    must(bus_producer_open(mock.bus, "door", &producer, &err), &err);
    post_at_last(producer);
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    thaws = &mock;
    rc = post_all(producer, outputs, 3);
    thaws = NULL;
    for (int64_t start = now_ms(); rc != -1 && now_ms() - start < WAIT_MS;)
        rc = post_all(producer, outputs, 3);
    assert_int_equal(rc, -1);
    rc = 0;
    for (int64_t start = now_ms(); rc != -1 && now_ms() - start < WAIT_MS;)
        rc = post_all(producer, &outputs[3], 1);
    assert_int_equal(rc, -1);
    read_firsts(&mock, firsts);
    assert_string_equal(firsts, "1abcz");
    bus_producer_close(producer);
    close_mock(&mock);
}

/* --- a purge that takes too long -------------------------------------------------------------- */

static bool stuck; /* what was purged doesn't come back in time */

rd_kafka_resp_err_t __real_sender_flush(struct kafka_sender *sender, int timeout_ms);
rd_kafka_resp_err_t __wrap_sender_flush(struct kafka_sender *sender, int timeout_ms);
rd_kafka_resp_err_t __wrap_sender_flush(struct kafka_sender *sender, int timeout_ms)
{
    return stuck ? RD_KAFKA_RESP_ERR__TIMED_OUT : __real_sender_flush(sender, timeout_ms);
}

/* Its callers are told all the same, and it goes on with a new client. */
static void test_purge_takes_too_long(void **state)
{
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1};
    struct bus_producer *producer;
    struct err err;
    struct mock mock = open_mock("bus.commit_timeout=2s");
    int done[3] = {0};
    (void)state;
    must(bus_producer_open(mock.bus, "door", &producer, &err), &err);
    post_at_last(producer);
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    for (size_t i = 0; i < COUNT_OF(done); i++)
        must(bus_produce(producer, &output, 1, on_done, &done[i], &err), &err);
    stuck = true;
    for (int64_t start = now_ms(); !done[2] && now_ms() - start < 20000;) {
        wait_for(bus_producer_wake_fd(producer));
        bus_producer_poll(producer);
    }
    must(bus_producer_flush(producer, 1000, &err), &err); /* nothing is in flight */
    stuck = false;
    for (size_t i = 0; i < COUNT_OF(done); i++) assert_int_equal(done[i], E_UNAVAILABLE);
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    post_at_last(producer);
    bus_producer_close(producer);
    close_mock(&mock);
}

int main(int argc, char **argv)
{
    if (argc == 2) cmocka_set_test_filter(argv[1]); /* e.g. test_door */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_door),
        cmocka_unit_test(test_door_breaks_again_and_again),
        cmocka_unit_test(test_event_before_the_descriptor),
        cmocka_unit_test(test_frozen_in_a_call),
        cmocka_unit_test(test_purge_takes_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
