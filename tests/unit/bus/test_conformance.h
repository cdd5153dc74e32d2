/* What every implementation of the bus must do, written against bus.h alone.
 *
 * The includer defines, before including this:
 *   static struct bus *conformance_open(void);          a bus without topics (a fresh folder, or a fresh prefix)
 *   static void conformance_close(struct bus *bus);
 * and, if it likes, CONFORMANCE_AT_LEAST_ONCE, and runs conformance_run(). Waiting is done on wake descriptors, up to CONFORMANCE_WAIT_MS. */
#ifndef VERBATIM_TEST_CONFORMANCE_H
#define VERBATIM_TEST_CONFORMANCE_H

#include "test.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bus/bus.h"

#ifndef CONFORMANCE_AT_LEAST_ONCE
#define CONFORMANCE_AT_LEAST_ONCE false
#endif
#ifndef CONFORMANCE_WAIT_MS
#define CONFORMANCE_WAIT_MS 60000
#endif

/* Messages are as old as 1970: kept for a century, or Kafka's retention takes them away. */
#define CONFORMANCE_RETENTION_MS ((int64_t)3155760000000)

enum { SEEN_MAX = 4096, KEYS = 29 }; /* so many keys reach each of up to 4 partitions */

/* --- helpers -------------------------------------------------------------------------------- */

static void must(int rc, const struct err *err)
{
    if (rc) fail_msg("%s: %s", err_name((enum err_code)rc), err->text);
}

static void create_topic(struct bus *bus, enum topic topic, uint32_t partitions)
{
    struct err err;
    bool created;
    must(bus_topic_create(bus, topic, &(struct bus_topic_settings){.partitions = partitions, .replication = 1, .retention_ms = CONFORMANCE_RETENTION_MS}, &created, &err), &err);
}

static struct bus_output output_of(enum topic topic, const char *key, const char *value, int64_t timestamp_ms)
{
    return (struct bus_output){.topic = topic, .key = str_of(key), .value = str_of(value), .timestamp_ms = timestamp_ms};
}

static void count_done(void *user, const struct err *err)
{
    if (err) fail_msg("%s", err->text);
    ++*(int *)user;
}

/* One producer a bus, as opening one takes a second with librdkafka 2.0.2. conformance_test() closes it. */
static struct bus_producer *sender;

static void send_all(struct bus *bus, const struct bus_output *outputs, size_t count)
{
    struct err err;
    int done = 0;
    if (!sender) must(bus_producer_open(bus, "sender", &sender, &err), &err);
    must(bus_produce(sender, outputs, count, count_done, &done, &err), &err);
    must(bus_producer_flush(sender, CONFORMANCE_WAIT_MS, &err), &err);
    bus_producer_poll(sender);
    assert_int_equal(done, 1);
}

/* `count` messages "0", "1", … with keys k0 to k28. */
static void send_numbers(struct bus *bus, enum topic topic, int from, int count)
{
    struct bus_output *outputs = calloc((size_t)count, sizeof *outputs);
    char(*texts)[2][16] = calloc((size_t)count, sizeof *texts);
    for (int i = 0; i < count; i++) {
        snprintf(texts[i][0], 16, "k%d", (from + i) % KEYS);
        snprintf(texts[i][1], 16, "%d", from + i);
        outputs[i] = output_of(topic, texts[i][0], texts[i][1], 1700000000000 + from + i);
    }
    send_all(bus, outputs, (size_t)count);
    free(texts);
    free(outputs);
}

struct partition_event { int assigned, revoked; };
static void on_assigned(void *user, const struct bus_position *partitions, size_t count)
{
    (void)partitions;
    ((struct partition_event *)user)->assigned += (int)count;
}
static void on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    (void)partitions;
    ((struct partition_event *)user)->revoked += (int)count;
}

static struct bus_consumer *subscribe(struct bus *bus, const char *group, const char *member, enum topic topic,
                                      enum bus_start start, struct partition_event *event)
{
    struct bus_consumer *consumer;
    struct err err;
    const struct bus_subscription subscription = {
        .group = group, .member = member, .topics = &topic, .topic_count = 1, .start = start,
        .at_least_once = CONFORMANCE_AT_LEAST_ONCE,
        .on_assigned = event ? on_assigned : NULL, .on_revoked = event ? on_revoked : NULL, .user = event};
    must(bus_subscribe(bus, &subscription, &consumer, &err), &err);
    return consumer;
}

static void wait_for_wake(struct bus_consumer *consumer, int timeout_ms)
{
    struct pollfd waiter = {.fd = bus_wake_fd(consumer), .events = POLLIN};
    poll(&waiter, 1, timeout_ms);
}

static void expect_wake(struct bus_consumer *consumer)
{
    struct pollfd waiter = {.fd = bus_wake_fd(consumer), .events = POLLIN};
    assert_int_equal(poll(&waiter, 1, CONFORMANCE_WAIT_MS), 1);
}

/* What a consumer has been given, copied. */
struct seen {
    int count;
    struct { int number; uint32_t partition; int64_t offset; } at[SEEN_MAX];
    int64_t next[1024]; /* per partition: the position after it */
};

static void note(struct seen *seen, const struct bus_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct bus_message *message = &batch->messages[i];
        char text[16] = "";
        assert_true(seen->count < SEEN_MAX && message->value.size < sizeof text && message->partition < 1024);
        memcpy(text, message->value.data, message->value.size);
        seen->at[seen->count].number = atoi(text);
        seen->at[seen->count].partition = message->partition;
        seen->at[seen->count].offset = message->offset;
        seen->next[message->partition] = message->offset + 1;
        seen->count++;
    }
}

/* One poll; returns how many messages it gave. */
static uint32_t poll_once(struct bus_consumer *consumer, struct seen *seen)
{
    struct bus_batch batch = {0};
    struct err err;
    must(bus_poll(consumer, 1000, 1 << 20, &batch, &err), &err);
    uint32_t count = batch.count;
    note(seen, &batch);
    bus_release(consumer, &batch);
    return count;
}

static bool out_of_time(int64_t start_ms) { return clock_mono_ms(clock_system()) - start_ms > CONFORMANCE_WAIT_MS; }

static void collect(struct bus_consumer *consumer, struct seen *seen, int wanted)
{
    int64_t start_ms = clock_mono_ms(clock_system());
    while (seen->count < wanted && !out_of_time(start_ms))
        if (poll_once(consumer, seen) == 0) wait_for_wake(consumer, 100);
    assert_int_equal(seen->count, wanted);
}

/* Commits the positions after everything seen. */
static int commit_seen(struct bus_consumer *consumer, enum topic topic, const struct seen *seen, struct err *err)
{
    struct bus_position positions[1024];
    size_t count = 0;
    for (uint32_t i = 0; i < 1024; i++)
        if (seen->next[i]) positions[count++] = (struct bus_position){topic, i, seen->next[i]};
    return bus_commit(consumer, NULL, 0, positions, count, err);
}

/* Each of the numbers from `from` on once, and rising within each partition. */
static void check_complete(const struct seen *seen, int from, int count)
{
    int times[SEEN_MAX] = {0};
    int64_t next[1024] = {0};
    assert_int_equal(seen->count, count);
    for (int i = 0; i < seen->count; i++) {
        int number = seen->at[i].number - from;
        assert_in_range(number, 0, count - 1);
        assert_int_equal(times[number]++, 0);
        assert_true(seen->at[i].offset >= next[seen->at[i].partition]);
        next[seen->at[i].partition] = seen->at[i].offset + 1;
    }
}

/* --- cases ---------------------------------------------------------------------------------- */

static void conform_order(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    int last[KEYS];
    for (int i = 0; i < KEYS; i++) last[i] = -1;
    create_topic(bus, TOPIC_FEEDBACK, 4);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 500);
    struct bus_consumer *consumer = subscribe(bus, "order", "order-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(consumer, seen, 500);
    check_complete(seen, 0, 500);
    for (int i = 0; i < seen->count; i++) {
        char key[16];
        int number = seen->at[i].number;
        snprintf(key, sizeof key, "k%d", number % KEYS);
        assert_true(number > last[number % KEYS]);
        last[number % KEYS] = number;
        assert_int_equal(seen->at[i].partition, bus_partition_of(str_of(key), 4));
    }
    bus_unsubscribe(consumer);
    free(seen);
}

static void check_same(const struct bus_message *message, const struct bus_output *output)
{
    assert_true(str_equal(message->key, output->key));
    assert_true(str_equal(message->value, output->value));
    assert_int_equal(message->timestamp_ms, output->timestamp_ms);
    assert_int_equal(message->header_count, output->header_count);
    for (uint32_t i = 0; i < output->header_count; i++) {
        assert_true(str_equal(message->headers[i].name, output->headers[i].name));
        assert_true(str_equal(message->headers[i].value, output->headers[i].value));
    }
}

static void conform_round_trip(struct bus *bus)
{
    enum { LARGE = 900 * 1024 };
    char *large = malloc(LARGE);
    for (int i = 0; i < LARGE; i++) large[i] = (char)(i * 31 + i / 251);
    struct bus_header many[BUS_HEADERS_MAX];
    for (int i = 0; i < BUS_HEADERS_MAX; i++) many[i] = (struct bus_header){STR("name"), str_make("0123456789abcdef", (size_t)i)};
    const struct bus_header two[] = {{STR("content-type"), STR("application/msgpack")}, {STR("empty"), STR("")}};
    const struct bus_output cases[] = {
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000000, .key = STR("k"), .value = STR("plain")},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000001, .key = STR("k"), .value = STR("")},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1, .key = STR("k"), .value = STR("early")},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000003, .key = STR("k"), .value = STR("h"), .headers = two, .header_count = 2},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000004, .key = STR("k"), .value = STR("m"), .headers = many, .header_count = BUS_HEADERS_MAX},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000005, .key = STR("k"), .value = {large, LARGE}, .headers = two, .header_count = 1},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000006, .key = STR("k"), .value = STR("\0\xff\n")},
    };
    struct err err;
    size_t at = 0;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    send_all(bus, cases, COUNT_OF(cases));
    struct bus_consumer *consumer = subscribe(bus, NULL, "trip", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    for (int64_t start = clock_mono_ms(clock_system()); at < COUNT_OF(cases) && !out_of_time(start);) {
        struct bus_batch batch;
        must(bus_poll(consumer, 3, 1 << 20, &batch, &err), &err);
        assert_true(batch.count <= 3);
        for (uint32_t i = 0; i < batch.count; i++) check_same(&batch.messages[i], &cases[at++]);
        if (batch.count == 0) wait_for_wake(consumer, 100);
        bus_release(consumer, &batch);
    }
    assert_int_equal(at, COUNT_OF(cases));
    bus_unsubscribe(consumer);
    free(large);
}

static void conform_empty_keys(struct bus *bus)
{
    struct bus_output outputs[64];
    struct seen *seen = calloc(1, sizeof *seen);
    create_topic(bus, TOPIC_FEEDBACK, 4);
    for (int i = 0; i < 64; i++) outputs[i] = output_of(TOPIC_FEEDBACK, "", "1", 1700000000000);
    send_all(bus, outputs, 64);
    struct bus_consumer *consumer = subscribe(bus, NULL, "keys", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(consumer, seen, 64);
    bus_unsubscribe(consumer);
    free(seen);
}

static int read_topic(struct bus *bus, enum topic topic, int wanted)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct bus_consumer *consumer = subscribe(bus, NULL, "reader", topic, BUS_EARLIEST, NULL);
    if (wanted) collect(consumer, seen, wanted);
    else for (int i = 0; i < 3; i++) poll_once(consumer, seen);
    int count = seen->count;
    bus_unsubscribe(consumer);
    free(seen);
    return count;
}

static void conform_commit(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    create_topic(bus, TOPIC_DOCUMENTS, 2);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 10);
    struct bus_consumer *consumer = subscribe(bus, "commit", "commit-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(consumer, seen, 10);
    const struct bus_output outputs[] = {output_of(TOPIC_DOCUMENTS, "a", "1", 5), output_of(TOPIC_DOCUMENTS, "b", "2", 6)};
    const struct bus_position half = {TOPIC_FEEDBACK, 0, 6};
    must(bus_commit(consumer, outputs, 2, &half, 1, &err), &err);
    assert_int_equal(read_topic(bus, TOPIC_DOCUMENTS, 2), 2);
    bus_unsubscribe(consumer);

    memset(seen, 0, sizeof *seen);
    consumer = subscribe(bus, "commit", "commit-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(consumer, seen, 4); /* a restart begins at what is committed */
    check_complete(seen, 6, 4);
    bus_unsubscribe(consumer);
    free(seen);
}

static void conform_refused_commit(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    char long_key[BUS_KEY_BYTES_MAX + 2];
    memset(long_key, 'x', sizeof long_key);
    long_key[sizeof long_key - 1] = '\0';
    create_topic(bus, TOPIC_FEEDBACK, 1);
    create_topic(bus, TOPIC_DOCUMENTS, 1);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 3);
    struct bus_consumer *consumer = subscribe(bus, "refused", "refused-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(consumer, seen, 3);
    const struct bus_output outputs[] = {output_of(TOPIC_DOCUMENTS, "a", "1", 5), output_of(TOPIC_DOCUMENTS, long_key, "2", 6)};
    const struct bus_position all = {TOPIC_FEEDBACK, 0, 3};
    assert_int_equal(bus_commit(consumer, outputs, 2, &all, 1, &err), E_TOO_LARGE);
    assert_int_equal(read_topic(bus, TOPIC_DOCUMENTS, 0), 0);
    must(bus_rewind(consumer, &err), &err);
    memset(seen, 0, sizeof *seen);
    collect(consumer, seen, 3); /* neither the outputs nor the positions */
    bus_unsubscribe(consumer);
    free(seen);
}

static void conform_rewind(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 3);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 50);
    struct bus_consumer *consumer = subscribe(bus, "rewind", "rewind-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(consumer, seen, 50);
    must(commit_seen(consumer, TOPIC_FEEDBACK, seen, &err), &err);
    send_numbers(bus, TOPIC_FEEDBACK, 50, 50);
    for (int again = 0; again < 3; again++) {
        memset(seen, 0, sizeof *seen);
        collect(consumer, seen, 50);
        check_complete(seen, 50, 50);
        assert_int_equal(poll_once(consumer, seen), 0); /* it has seen the end, too */
        must(bus_rewind(consumer, &err), &err);
    }
    bus_unsubscribe(consumer);
    free(seen);
}

static void conform_groups(struct bus *bus)
{
    struct seen *seen = calloc(2, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 2);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 20);
    struct bus_consumer *one = subscribe(bus, "one", "m", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(one, &seen[0], 20);
    must(commit_seen(one, TOPIC_FEEDBACK, &seen[0], &err), &err);
    struct bus_consumer *two = subscribe(bus, "two", "n", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(two, &seen[1], 20);
    check_complete(&seen[0], 0, 20);
    check_complete(&seen[1], 0, 20);
    bus_unsubscribe(one);
    bus_unsubscribe(two);
    free(seen);
}

/* Polls both until they own `a_owns` and `b_owns` partitions. */
static void settle_two(struct bus_consumer *a, struct bus_consumer *b, size_t a_owns, size_t b_owns,
                       struct seen *a_seen, struct seen *b_seen)
{
    int64_t start_ms = clock_mono_ms(clock_system());
    while ((bus_backlog(a, NULL, 0) != a_owns || (b && bus_backlog(b, NULL, 0) != b_owns)) && !out_of_time(start_ms)) {
        uint32_t count = poll_once(a, a_seen);
        if (b) count += poll_once(b, b_seen);
        if (count == 0) wait_for_wake(a, 20);
    }
    assert_int_equal(bus_backlog(a, NULL, 0), a_owns);
    if (b) assert_int_equal(bus_backlog(b, NULL, 0), b_owns);
}

static void conform_sharing(struct bus *bus)
{
    struct seen *seen = calloc(3, sizeof *seen);
    struct partition_event a_event = {0}, b_event = {0};
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 4);
    struct bus_consumer *a = subscribe(bus, "share", "share-0", TOPIC_FEEDBACK, BUS_EARLIEST, &a_event);
    settle_two(a, NULL, 4, 0, &seen[0], NULL);
    assert_int_equal(a_event.assigned, 4);
    struct bus_consumer *b = subscribe(bus, "share", "share-1", TOPIC_FEEDBACK, BUS_EARLIEST, &b_event);
    settle_two(a, b, 2, 2, &seen[0], &seen[1]);
    assert_true(a_event.revoked >= 2 && b_event.assigned >= 2);

    send_numbers(bus, TOPIC_FEEDBACK, 0, 200);
    int64_t start_ms = clock_mono_ms(clock_system());
    while (seen[0].count + seen[1].count < 200 && !out_of_time(start_ms))
        if (poll_once(a, &seen[0]) + poll_once(b, &seen[1]) == 0) wait_for_wake(a, 20);
    assert_true(seen[0].count > 0 && seen[1].count > 0);
    seen[2] = seen[0];
    memcpy(&seen[2].at[seen[0].count], seen[1].at, (size_t)seen[1].count * sizeof seen[1].at[0]);
    seen[2].count += seen[1].count;
    check_complete(&seen[2], 0, 200);
    must(commit_seen(a, TOPIC_FEEDBACK, &seen[0], &err), &err);
    must(commit_seen(b, TOPIC_FEEDBACK, &seen[1], &err), &err);

    bus_unsubscribe(a); /* the other takes over, from what was committed */
    memset(seen, 0, 3 * sizeof *seen);
    settle_two(b, NULL, 4, 0, &seen[1], NULL);
    send_numbers(bus, TOPIC_FEEDBACK, 200, 100);
    collect(b, &seen[1], 100);
    check_complete(&seen[1], 200, 100);
    bus_unsubscribe(b);
    free(seen);
}

static void conform_cancelled(struct bus *bus)
{
    struct seen *seen = calloc(2, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 2);
    create_topic(bus, TOPIC_DOCUMENTS, 1);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 40);
    struct bus_consumer *a = subscribe(bus, "cancel", "cancel-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(a, &seen[0], 40);
    struct seen before = seen[0];
    struct bus_consumer *b = subscribe(bus, "cancel", "cancel-1", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    settle_two(a, b, 1, 1, &seen[0], &seen[1]);
    /* One of the two partitions is b's now: nothing of this may happen. */
    const struct bus_output output = output_of(TOPIC_DOCUMENTS, "a", "1", 5);
    const struct bus_position positions[] = {{TOPIC_FEEDBACK, 0, before.next[0]}, {TOPIC_FEEDBACK, 1, before.next[1]}};
    assert_int_equal(bus_commit(a, &output, 1, positions, 2, &err), E_CANCELLED);
    assert_int_equal(read_topic(bus, TOPIC_DOCUMENTS, 0), 0);
    must(bus_rewind(a, &err), &err);
    must(bus_rewind(b, &err), &err);
    memset(seen, 0, 2 * sizeof *seen);
    int64_t start_ms = clock_mono_ms(clock_system());
    while (seen[0].count + seen[1].count < 40 && !out_of_time(start_ms))
        if (poll_once(a, &seen[0]) + poll_once(b, &seen[1]) == 0) wait_for_wake(a, 20);
    assert_int_equal(seen[0].count + seen[1].count, 40);
    bus_unsubscribe(a);
    bus_unsubscribe(b);
    free(seen);
}

static void conform_pause(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    create_topic(bus, TOPIC_FEEDBACK, 1);
    struct bus_consumer *consumer = subscribe(bus, "pause", "pause-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    settle_two(consumer, NULL, 1, 0, seen, NULL);
    bus_pause(consumer, true);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 5);
    for (int i = 0; i < 5; i++) assert_int_equal(poll_once(consumer, seen), 0);
    bus_pause(consumer, false);
    expect_wake(consumer); /* what came meanwhile is not left until the next message */
    collect(consumer, seen, 5);
    bus_unsubscribe(consumer);
    free(seen);
}

static struct bus_backlog backlog_of_one(struct bus_consumer *consumer)
{
    struct bus_backlog backlog = {0};
    assert_int_equal(bus_backlog(consumer, &backlog, 1), 1);
    return backlog;
}

/* Which end the consumer has heard of may lag behind what was sent: ask until it agrees. */
static struct bus_backlog backlog_when(struct bus_consumer *consumer, uint64_t records)
{
    int64_t start_ms = clock_mono_ms(clock_system());
    struct seen *seen = calloc(1, sizeof *seen);
    while (backlog_of_one(consumer).records != records && !out_of_time(start_ms)) {
        poll_once(consumer, seen); /* paused: it brings nothing */
        wait_for_wake(consumer, 20);
    }
    assert_int_equal(seen->count, 0);
    free(seen);
    assert_int_equal(backlog_of_one(consumer).records, records);
    return backlog_of_one(consumer);
}

static void conform_backlog(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    struct bus_consumer *consumer = subscribe(bus, "backlog", "backlog-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    settle_two(consumer, NULL, 1, 0, seen, NULL);
    bus_pause(consumer, true);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 30);
    struct bus_backlog backlog = backlog_when(consumer, 30);
    assert_true(backlog.oldest_ms == 1700000000000 || backlog.oldest_ms == 0);
    assert_int_equal(backlog.topic, TOPIC_FEEDBACK);
    bus_pause(consumer, false);
    collect(consumer, seen, 30);
    must(commit_seen(consumer, TOPIC_FEEDBACK, seen, &err), &err);
    backlog = backlog_when(consumer, 0);
    assert_int_equal(backlog.oldest_ms, 0);
    assert_int_equal(backlog.position, seen->next[0]);
    bus_unsubscribe(consumer);
    free(seen);
}

static void expect_lag(struct bus *bus, const char *group, uint64_t records, uint64_t written)
{
    struct bus_lag lag = {0};
    struct err err;
    int64_t start_ms = clock_mono_ms(clock_system());
    int rc;
    do rc = bus_lag(bus, group, TOPIC_FEEDBACK, &lag, &err); /* a leader isn't known yet, a marker is on its way */
    while ((rc ? err_class(err.code) == ERR_RETRY : lag.records != records) && !out_of_time(start_ms));
    must(rc, &err);
    assert_int_equal(lag.records, records);
    assert_int_equal(lag.written, written);
}

/* As anybody sees it, whether the group has members or not. */
static void conform_lag(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct bus_lag lag;
    struct err err;
    assert_int_equal(bus_lag(bus, "lag", TOPIC_SEGMENTS, &lag, &err), E_NOT_FOUND);
    create_topic(bus, TOPIC_FEEDBACK, 2);
    expect_lag(bus, "lag", 0, 0);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 30);
    expect_lag(bus, "lag", 30, 30); /* it never committed: all that there is */
    struct bus_consumer *consumer = subscribe(bus, "lag", "lag-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(consumer, seen, 30);
    expect_lag(bus, "lag", 30, 30); /* read, but not committed */
    must(commit_seen(consumer, TOPIC_FEEDBACK, seen, &err), &err);
    expect_lag(bus, "lag", 0, 30);
    bus_unsubscribe(consumer);
    send_numbers(bus, TOPIC_FEEDBACK, 30, 5);
    expect_lag(bus, "lag", 5, 35);
    expect_lag(bus, "others", 35, 35);
    free(seen);
}

static void conform_reader(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 10);
    struct bus_consumer *latest = subscribe(bus, NULL, "late", TOPIC_FEEDBACK, BUS_LATEST, NULL);
    settle_two(latest, NULL, 1, 0, seen, NULL);
    assert_int_equal(poll_once(latest, seen), 0);
    struct bus_consumer *earliest = subscribe(bus, NULL, "early", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(earliest, seen, 10);
    check_complete(seen, 0, 10);
    int64_t sixth = seen->at[6].offset;
    assert_int_equal(poll_once(earliest, seen), 0);
    memset(seen, 0, sizeof *seen);
    must(bus_seek(earliest, &(struct bus_position){TOPIC_FEEDBACK, 0, sixth}, &err), &err);
    collect(earliest, seen, 4);
    check_complete(seen, 6, 4);
    memset(seen, 0, sizeof *seen);
    send_numbers(bus, TOPIC_FEEDBACK, 10, 3);
    collect(latest, seen, 3);
    check_complete(seen, 10, 3);
    bus_unsubscribe(latest);
    bus_unsubscribe(earliest);
    free(seen);
}

/* Again and again, all partitions at once, as one who changes their mind: the last place counts, and
 * nothing from before comes. librdkafka 2.0.2 aborts the process when each seek is an assignment. */
static void conform_seeks(struct bus *bus)
{
    enum { PARTITIONS = 8, ROUNDS = 40 };
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, PARTITIONS);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 200);
    struct bus_consumer *reader = subscribe(bus, NULL, "restless", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(reader, seen, 200);
    for (int round = 0; round <= ROUNDS; round++) {
        int64_t to = round == ROUNDS ? 0 : round % 5; /* at last to the beginning */
        for (uint32_t i = 0; i < PARTITIONS; i++)
            must(bus_seek(reader, &(struct bus_position){TOPIC_FEEDBACK, i, to}, &err), &err);
        memset(seen, 0, sizeof *seen);
        if (round < ROUNDS) poll_once(reader, seen);
    }
    collect(reader, seen, 200);
    check_complete(seen, 0, 200);
    bus_unsubscribe(reader);
    free(seen);
}

static void conform_wake(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    create_topic(bus, TOPIC_FEEDBACK, 2);
    struct bus_consumer *consumer = subscribe(bus, "wake", "wake-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    settle_two(consumer, NULL, 2, 0, seen, NULL);
    for (int round = 0; round < 5; round++) {
        while (poll_once(consumer, seen)) continue;
        send_numbers(bus, TOPIC_FEEDBACK, round, 1);
        expect_wake(consumer);
        collect(consumer, seen, round + 1);
    }
    bus_unsubscribe(consumer);
    free(seen);
}

/* Three batches at once, released out of order; what the last one shows is still there. */
static void conform_batches(struct bus *bus)
{
    struct bus_batch batches[3] = {{0}};
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 30);
    struct bus_consumer *consumer = subscribe(bus, NULL, "batches", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    int64_t start_ms = clock_mono_ms(clock_system());
    for (int i = 0; i < 3;) {
        must(bus_poll(consumer, 10, 1 << 20, &batches[i], &err), &err);
        if (batches[i].count) i++;
        else wait_for_wake(consumer, 100);
        assert_false(out_of_time(start_ms));
    }
    send_numbers(bus, TOPIC_FEEDBACK, 30, 30);
    bus_release(consumer, &batches[1]);
    int number = 0;
    for (uint32_t i = 0; i < batches[0].count; i++, number++) {
        char text[16];
        snprintf(text, sizeof text, "%d", number);
        assert_true(str_equal(batches[0].messages[i].value, str_of(text)));
    }
    bus_release(consumer, &batches[0]);
    assert_true(batches[2].messages[0].value.size > 0);
    bus_release(consumer, &batches[2]);
    assert_null(batches[2].handle);
    bus_unsubscribe(consumer);
}

static void conform_bytes(struct bus *bus)
{
    char value[1000];
    struct bus_output outputs[20];
    struct bus_batch batch = {0};
    struct err err;
    memset(value, 'v', sizeof value);
    create_topic(bus, TOPIC_FEEDBACK, 1);
    for (int i = 0; i < 20; i++)
        outputs[i] = (struct bus_output){.topic = TOPIC_FEEDBACK, .key = STR("k"), .value = {value, sizeof value}, .timestamp_ms = 1700000000000};
    send_all(bus, outputs, 20);
    struct bus_consumer *consumer = subscribe(bus, NULL, "bytes", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    uint32_t total = 0;
    for (int64_t start = clock_mono_ms(clock_system()); total < 20 && !out_of_time(start); total += batch.count) {
        must(bus_poll(consumer, 1000, 4000, &batch, &err), &err);
        assert_true(batch.count <= 5); /* about: one message more than fits is fine */
        if (batch.count == 0) wait_for_wake(consumer, 100);
        uint32_t count = batch.count;
        bus_release(consumer, &batch);
        batch.count = count;
    }
    assert_int_equal(total, 20);
    bus_unsubscribe(consumer);
}

static void conform_late_topic(struct bus *bus)
{
    struct seen *seen = calloc(2, sizeof *seen);
    struct bus_consumer *member = subscribe(bus, "late", "late-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    struct bus_consumer *reader = subscribe(bus, NULL, "late-1", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    poll_once(member, &seen[0]);
    poll_once(reader, &seen[1]);
    create_topic(bus, TOPIC_FEEDBACK, 2);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 8);
    collect(member, &seen[0], 8);
    collect(reader, &seen[1], 8);
    bus_unsubscribe(member);
    bus_unsubscribe(reader);
    free(seen);
}

static void conform_topics(struct bus *bus)
{
    struct bus_topic_state state;
    struct err err;
    bool created = false;
    const struct bus_topic_settings three = {.partitions = 3, .replication = 1, .retention_ms = CONFORMANCE_RETENTION_MS};
    const struct bus_topic_settings five = {.partitions = 5, .replication = 1};
    assert_int_equal(bus_topic_describe(bus, TOPIC_SAFETY, &state, &err), E_NOT_FOUND);
    must(bus_topic_create(bus, TOPIC_SAFETY, &three, &created, &err), &err);
    assert_true(created);
    must(bus_topic_create(bus, TOPIC_SAFETY, &five, &created, &err), &err);
    assert_false(created);
    send_numbers(bus, TOPIC_SAFETY, 0, 9);
    must(bus_topic_describe(bus, TOPIC_SAFETY, &state, &err), &err);
    assert_int_equal(state.partitions, 3);
    assert_int_equal(state.records, 9);
    assert_true(strlen(bus_description(bus)) > 0);
}

static void conform_positions(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 10);
    struct bus_consumer *consumer = subscribe(bus, "positions", "positions-0", TOPIC_FEEDBACK, BUS_EARLIEST, NULL);
    collect(consumer, seen, 10);
    for (int64_t to = 1; to <= 10; to++) /* many commits of one consumer */
        must(bus_commit(consumer, NULL, 0, &(struct bus_position){TOPIC_FEEDBACK, 0, to}, 1, &err), &err);
    must(bus_commit(consumer, NULL, 0, NULL, 0, &err), &err); /* nothing at all is fine */
    must(bus_rewind(consumer, &err), &err);
    memset(seen, 0, sizeof *seen);
    for (int i = 0; i < 3; i++) assert_int_equal(poll_once(consumer, seen), 0);
    bus_unsubscribe(consumer);
    free(seen);
}

static void conform_partitioner(struct bus *bus)
{
    (void)bus;
    /* org.apache.kafka.common.utils.UtilsTest.testMurmur2; the sign bit is cut off before the division */
    static const struct { const char *key; int32_t hash; } cases[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].key);
        uint32_t positive = (uint32_t)cases[i].hash & 0x7FFFFFFF;
        assert_int_equal(bus_partition_of(str_of(cases[i].key), 0x80000000u), positive);
        assert_int_equal(bus_partition_of(str_of(cases[i].key), 8), positive % 8);
    }
}

/* --- table ---------------------------------------------------------------------------------- */

struct conformance_case { const char *why; void (*run)(struct bus *bus); };

static const struct conformance_case conformance_cases[] = {
    {"messages of a key keep their order and partition", conform_order},
    {"keys, values, headers and timestamps come back as they were sent", conform_round_trip},
    {"messages without a key go anywhere, but arrive", conform_empty_keys},
    {"a commit writes outputs and moves positions; a restart goes on from there", conform_commit},
    {"a refused commit does neither", conform_refused_commit},
    {"rewinding gives everything since the last commit again", conform_rewind},
    {"groups don't disturb each other", conform_groups},
    {"two members share the partitions, and one takes over from the other", conform_sharing},
    {"a commit for a partition that has moved on is cancelled", conform_cancelled},
    {"a paused consumer gets nothing and loses nothing", conform_pause},
    {"the backlog counts what is unread", conform_backlog},
    {"how far a group is behind can be asked from outside", conform_lag},
    {"readers begin at either end, or where they seek to", conform_reader},
    {"a reader seeks often, and all partitions at once", conform_seeks},
    {"a new message makes the descriptor readable", conform_wake},
    {"several batches are held, and released in any order", conform_batches},
    {"a batch keeps to its bytes", conform_bytes},
    {"a topic that is created later is read too", conform_late_topic},
    {"topics are created once and described", conform_topics},
    {"positions move commit by commit", conform_positions},
    {"keys go to the partitions that Kafka's clients choose", conform_partitioner},
};

static void conformance_test(void **state)
{
    const struct conformance_case *chosen = *state;
    struct bus *bus = conformance_open();
    CASE(chosen->why);
    chosen->run(bus);
    bus_producer_close(sender);
    sender = NULL;
    conformance_close(bus);
}

static int conformance_run(const char *name)
{
    struct CMUnitTest tests[COUNT_OF(conformance_cases)];
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tests[i] = (struct CMUnitTest){.name = conformance_cases[i].why, .test_func = conformance_test,
                                       .initial_state = (void *)&conformance_cases[i]};
    return _cmocka_run_group_tests(name, tests, COUNT_OF(tests), NULL, NULL);
}

#endif
