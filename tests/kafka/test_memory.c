/* Each allocation that is ours fails in turn on the thread that calls the Kafka bus,
 * on librdkafka's mock cluster: opening it and a producer, a post, a commit, a poll. The call
 * says NO_MEMORY or does its work, nothing leaks, and the next call succeeds. librdkafka's own
 * allocations are its own business (it aborts), as are those of other threads; and what the mock
 * can't show is in README.md. */
#include "mock_rig.h"

#include "failing_malloc.h"

/* `work` again and again, an allocation later each time, until none fails: how many times it said
 * so. What comes next is `after`. */
struct torment {
    int (*work)(void *user, struct err *err);
    void (*after)(void *user, int rc);
};

static unsigned torment(const struct torment *torment, void *user)
{
    unsigned told = 0;
    bool failed = true;
    for (long nth = 0; failed; nth++) {
        struct err err = {0};
        allocation_failed = false;
        allocations_left = nth;
        int rc = torment->work(user, &err);
        allocations_left = -1;
        failed = allocation_failed;
        if (rc && (!failed || rc != E_NO_MEMORY || err.code != E_NO_MEMORY))
            fail_msg("number %ld: %s: %s", nth, err_name((enum err_code)rc), err.text);
        if (torment->after) torment->after(user, rc);
        told += rc != E_OK;
    }
    return told;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int open_all(void *user, struct err *err)
{
    const struct mock *mock = user;
    struct bus *bus;
    struct bus_producer *producer;
    int rc = bus_open(mock->config, clock_system(), &bus, err);
    if (rc) return rc;
    rc = bus_producer_open(bus, "door", &producer, err);
    if (rc == E_OK) bus_producer_close(producer);
    bus_close(bus);
    return rc;
}

static int subscribe_only(void *user, struct err *err)
{
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .group = "other", .member = "other-0", .topics = &topic, .topic_count = 1};
    const struct mock *mock = user;
    struct bus_consumer *consumer;
    int rc = bus_subscribe(mock->bus, &subscription, &consumer, err);
    if (rc == E_OK) bus_unsubscribe(consumer);
    return rc;
}

static void test_opening(void **state)
{
    struct mock mock = open_mock(NULL);
    (void)state;
    assert_true(torment(&(struct torment){open_all, NULL}, &mock) > 0);
    assert_true(torment(&(struct torment){subscribe_only, NULL}, &mock) > 0);
    close_mock(&mock);
}

/* --- the door --------------------------------------------------------------------------------- */

struct door {
    struct bus_producer *producer;
    int told; /* -1: a receipt, 0: nothing yet, else what was wrong */
};

static void on_done(void *user, const struct err *err)
{
    ((struct door *)user)->told = err ? (int)err->code : -1;
}

static int post(void *user, struct err *err)
{
    const struct bus_header headers[] = {
        {STR("content-type"), STR("text/plain")}, {STR("ce_id"), STR("7")}};
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1700000000000,
        .headers = headers, .header_count = COUNT_OF(headers)};
    struct door *door = user;
    door->told = 0;
    int rc = bus_produce(door->producer, &output, 1, on_done, door, err);
    struct err flush_err;
    int flush_rc = bus_producer_flush(door->producer, WAIT_MS, &flush_err);
    if (rc) return rc;
    if (flush_rc == E_OK && door->told > 0)
        return err_set(err, (enum err_code)door->told, "refused");
    if (flush_rc) *err = flush_err;
    return flush_rc;
}

static void receipts_are_true(void *user, int rc)
{
    struct door *door = user;
    struct err err;
    if (rc == E_OK) assert_int_equal(door->told, -1);
    else assert_int_not_equal(door->told, -1);
    must(post(door, &err), &err);
    assert_int_equal(door->told, -1);
}

static void test_door(void **state)
{
    struct mock mock = open_mock(NULL);
    struct door door;
    struct err err;
    (void)state;
    must(bus_producer_open(mock.bus, "door", &door.producer, &err), &err);
    receipts_are_true(&(struct door){door.producer, -1}, E_OK);
    /* it needs no memory of ours */
    assert_int_equal(torment(&(struct torment){post, receipts_are_true}, &door), 0);
    bus_producer_close(door.producer);
    close_mock(&mock);
}

/* --- a member --------------------------------------------------------------------------------- */

static int commit(void *user, struct err *err)
{
    const struct bus_header headers[] = {{STR("content-type"), STR("text/plain")}};
    static int64_t offset;
    struct bus_output outputs[3];
    const struct bus_position position = {TOPIC_FEEDBACK, 0, ++offset};
    for (size_t i = 0; i < COUNT_OF(outputs); i++)
        outputs[i] = (struct bus_output){
            .topic = TOPIC_DOCUMENTS, .key = STR("k"), .value = STR("1"), .timestamp_ms = 1,
            .headers = headers, .header_count = 1};
    return bus_commit(user, outputs, COUNT_OF(outputs), &position, 1, err);
}

static void commits_again(void *user, int rc)
{
    struct err err;
    (void)rc;
    must(commit(user, &err), &err);
}

static void test_member(void **state)
{
    struct mock mock = open_mock(NULL);
    struct bus_consumer *consumer = subscribe(&mock);
    struct err err;
    (void)state;
    must(commit(consumer, &err), &err);
    /* nor does this */
    assert_int_equal(torment(&(struct torment){commit, commits_again}, consumer), 0);
    bus_unsubscribe(consumer);
    close_mock(&mock);
}

/* --- a reader --------------------------------------------------------------------------------- */

/* Until something came. */
static int read_some(void *user, struct err *err)
{
    struct bus_batch batch = {0};
    int64_t began_ms = now_ms();
    uint32_t count = 0;
    int rc = E_OK;
    while (rc == E_OK && count == 0) {
        assert_true(now_ms() - began_ms < WAIT_MS);
        rc = bus_poll(user, 10, 1 << 20, &batch, err);
        if (rc == E_OK && batch.count == 0) wait_for(bus_wake_fd(user));
        count = rc == E_OK ? batch.count : 0;
        if (rc == E_OK) bus_release(user, &batch);
    }
    return rc;
}

/* From the start of what there is to read. */
static int read_again(void *user, struct err *err)
{
    const struct bus_position start = {TOPIC_FEEDBACK, 0, 0};
    int rc = bus_seek(user, &start, err);
    return rc ? rc : read_some(user, err);
}

static void test_reader(void **state)
{
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .member = "reader", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct mock mock = open_mock(NULL);
    struct bus_consumer *reader;
    struct door door;
    struct err err;
    (void)state;
    must(bus_producer_open(mock.bus, "door", &door.producer, &err), &err);
    for (int i = 0; i < 5; i++) must(post(&door, &err), &err);
    must(bus_subscribe(mock.bus, &subscription, &reader, &err), &err);
    must(read_some(reader, &err), &err);
    torment(&(struct torment){read_again, NULL}, reader);
    bus_unsubscribe(reader);
    bus_producer_close(door.producer);
    close_mock(&mock);
}

int main(int argc, char **argv)
{
    if (argc == 2) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_door),
        cmocka_unit_test(test_member),
        cmocka_unit_test(test_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
