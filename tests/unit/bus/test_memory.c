/* Each allocation of the embedded bus fails in turn, on whatever thread: a call says so or goes on,
 * and what was said is true. Afterwards the bus holds what had a receipt, what was committed with
 * its position, and nothing twice. */
#include "test.h"

#define FAILING_MALLOC_EVERYWHERE
#include "failing_malloc.h"
#include "test_embedded_rig.h"

enum { MESSAGES = 5 };

/* What the calls said. */
struct said {
    uint32_t receipts; /* bits, by number */
    enum err_code refused; /* of a write: why */
    bool committed;
};

static struct said said;

static void on_done(void *user, const struct err *err)
{
    if (err) said.refused = err->code;
    else said.receipts |= 1u << (uintptr_t)user;
}

static struct bus_output output_of(enum topic topic, const char *text)
{
    static struct bus_header headers[2];
    if (!headers[0].name.size) { /* once: the bus's own thread reads them */
        headers[0] = (struct bus_header){STR("content-type"), STR("text/plain")};
        headers[1] = (struct bus_header){STR("ce_id"), STR("7")};
    }
    return (struct bus_output){.topic = topic,
                               .timestamp_ms = 1700000000000,
                               .key = STR("key"),
                               .value = str_of(text),
                               .headers = headers,
                               .header_count = COUNT_OF(headers)};
}

static int write_all(struct bus *bus, struct err *err)
{
    static const char *const texts[MESSAGES] = {"0", "1", "2", "3", "4"};
    struct bus_producer *producer;
    int rc = bus_producer_open(bus, "door", &producer, err);
    if (rc) return rc;
    for (uintptr_t i = 0; i < MESSAGES && rc == E_OK; i++) {
        struct bus_output output = output_of(TOPIC_FEEDBACK, texts[i]);
        rc = bus_produce(producer, &output, 1, on_done, (void *)i, err);
    }
    struct err ignored;
    int flush_rc = bus_producer_flush(producer, 60000, rc ? &ignored : err);
    bus_producer_close(producer);
    if (rc == E_OK && flush_rc == E_OK && said.refused)
        flush_rc = err_set(err, said.refused, "a write was refused");
    return rc ? rc : flush_rc;
}

/* Polls until a batch comes; there is something to read. */
static int await_batch(struct bus_consumer *consumer, struct bus_batch *batch, struct err *err)
{
    int64_t until_ms = clock_mono_ms(clock_system()) + 60000;
    int rc = E_OK;
    *batch = (struct bus_batch){0};
    while (rc == E_OK && !batch->count) {
        rc = bus_poll(consumer, 100, 1 << 20, batch, err);
        assert_true(clock_mono_ms(clock_system()) < until_ms);
    }
    return rc;
}

/* Copies one batch, in one commit. */
static int copy(struct bus_consumer *consumer, struct err *err)
{
    struct bus_backlog backlog[4];
    struct bus_output outputs[MESSAGES];
    struct bus_position positions[MESSAGES];
    struct bus_batch batch;
    int rc = await_batch(consumer, &batch, err);
    if (rc) return rc;
    bus_backlog(consumer, backlog, COUNT_OF(backlog));
    size_t count = batch.count < MESSAGES ? batch.count : MESSAGES;
    for (size_t i = 0; i < count; i++) {
        const struct bus_message *message = &batch.messages[i];
        outputs[i] = (struct bus_output){
            .topic = TOPIC_DOCUMENTS, .timestamp_ms = 1700000000000, .key = message->key,
            .value = message->value, .headers = message->headers,
            .header_count = message->header_count};
    }
    positions[0] = (struct bus_position){
        TOPIC_FEEDBACK, batch.messages[0].partition, batch.messages[count - 1].offset + 1};
    rc = bus_commit(consumer, outputs, count, positions, 1, err);
    said.committed = rc == E_OK;
    bus_release(consumer, &batch);
    return rc;
}

static int copy_once(struct bus *bus, struct err *err)
{
    const enum topic topics[] = {TOPIC_FEEDBACK};
    const struct bus_subscription subscription = {
        .group = "copiers", .member = "copier-0", .topics = topics, .topic_count = 1,
        .start = BUS_EARLIEST};
    struct bus_consumer *consumer;
    int rc = bus_subscribe(bus, &subscription, &consumer, err);
    if (rc) return rc;
    rc = copy(consumer, err);
    if (rc == E_OK) rc = bus_rewind(consumer, err);
    bus_unsubscribe(consumer);
    return rc;
}

static struct bus_options one_partition(void)
{
    struct bus_options options = rig_options();
    options.partitions = 1;
    return options;
}

static int live(struct err *err)
{
    struct bus_options options = one_partition();
    const struct bus_topic_settings settings = {.partitions = 1};
    struct bus *bus;
    struct bus_lag lag;
    bool created;
    int rc = bus_embedded_open(&options, clock_system(), &bus, err);
    if (rc) return rc;
    rc = bus_topic_create(bus, TOPIC_FEEDBACK, &settings, &created, err);
    if (rc == E_OK) rc = bus_topic_create(bus, TOPIC_DOCUMENTS, &settings, &created, err);
    if (rc == E_OK) rc = write_all(bus, err);
    if (rc == E_OK) rc = copy_once(bus, err);
    if (rc == E_OK) rc = bus_lag(bus, "copiers", TOPIC_FEEDBACK, &lag, err);
    bus_close(bus);
    return rc;
}

/* Bits of the numbers that a topic holds; each must be there once. */
static uint32_t numbers_on(struct bus *bus, enum topic topic, uint64_t *ret_records)
{
    const struct bus_subscription subscription = {
        .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct bus_topic_state state;
    struct bus_consumer *consumer;
    struct err err;
    uint32_t seen = 0;
    *ret_records = 0;
    if (bus_topic_describe(bus, topic, &state, &err)) return 0; /* its creation failed */
    assert_int_equal(bus_subscribe(bus, &subscription, &consumer, &err), E_OK);
    while (*ret_records < state.records) {
        struct bus_batch batch;
        assert_int_equal(await_batch(consumer, &batch, &err), E_OK);
        for (uint32_t i = 0; i < batch.count; i++) {
            uint32_t bit = 1u << (batch.messages[i].value.data[0] - '0');
            assert_false(seen & bit);
            assert_int_equal(batch.messages[i].header_count, 2);
            seen |= bit;
        }
        *ret_records += batch.count;
        bus_release(consumer, &batch);
    }
    bus_unsubscribe(consumer);
    return seen;
}

static void judge(void)
{
    struct bus_options options = one_partition();
    struct bus *bus = rig_open(&options, clock_system());
    struct bus_lag lag = {0};
    struct err err;
    uint64_t written, copied;
    uint32_t feedback = numbers_on(bus, TOPIC_FEEDBACK, &written);
    numbers_on(bus, TOPIC_DOCUMENTS, &copied);
    assert_int_equal(feedback & said.receipts, said.receipts); /* what was promised is there */
    assert_int_equal(said.committed, copied > 0);
    if (written) assert_int_equal(bus_lag(bus, "copiers", TOPIC_FEEDBACK, &lag, &err), E_OK);
    assert_int_equal(lag.records + copied, written); /* outputs and position: both or neither */
    bus_close(bus);
}

static void every_allocation_may_fail(void **state)
{
    unsigned told = 0;
    bool failed = true;
    (void)state;
    for (long nth = 0; failed; nth++) {
        struct err err = {0};
        said = (struct said){0};
        own_folder_make(NULL);
        allocation_failed = false;
        allocations_left = nth;
        int rc = live(&err);
        allocations_left = -1;
        failed = allocation_failed;
        if (rc) {
            assert_true(failed);
            if (rc != E_NO_MEMORY || err.code != E_NO_MEMORY)
                fail_msg("number %ld: %s: %s", nth, err_name((enum err_code)rc), err.text);
            told++;
        }
        judge();
        own_folder_remove(NULL);
    }
    assert_int_equal(said.receipts, (1u << MESSAGES) - 1);
    assert_true(told > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
