/* What the cases of test_conformance.h share: topics, messages with numbers, consumers, and
 * what these were given. */
#ifndef VERBATIM_TEST_CONFORMANCE_RIG_H
#define VERBATIM_TEST_CONFORMANCE_RIG_H

#include "must.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bus/bus.h"

#ifndef CONFORMANCE_AT_LEAST_ONCE
#define CONFORMANCE_AT_LEAST_ONCE false
#endif
#ifndef CONFORMANCE_WAIT_MS
#define CONFORMANCE_WAIT_MS 240000
#endif

/* Messages are as old as 1970: kept for a century, or Kafka's retention takes them away. */
#define CONFORMANCE_RETENTION_MS ((int64_t)3155760000000)

enum { SEEN_MAX = 4096, KEYS = 29 }; /* so many keys reach each of up to 4 partitions */

static bool out_of_time(int64_t start_ms)
{
    return clock_mono_ms(clock_system()) - start_ms > CONFORMANCE_WAIT_MS;
}

/* A broker may be slow to answer: what may be tried again is. */
static void create_topic(struct bus *bus, enum topic topic, uint32_t partitions)
{
    const struct bus_topic_settings settings = {.partitions = partitions,
                                                .replication = 1,
                                                .retention_ms = CONFORMANCE_RETENTION_MS};
    int64_t start_ms = clock_mono_ms(clock_system());
    struct err err;
    bool created = false;
    int rc;
    do rc = bus_topic_create(bus, topic, &settings, &created, &err);
    while (rc && err_class(err.code) == ERR_RETRY && !out_of_time(start_ms));
    must(rc, &err);
}

static struct bus_output output_of(enum topic topic, const char *key, const char *value,
                                   int64_t timestamp_ms)
{
    return (struct bus_output){
        .topic = topic, .key = str_of(key), .value = str_of(value), .timestamp_ms = timestamp_ms};
}

static void count_done(void *user, const struct err *err)
{
    if (err) fail_msg("%s", err->text);
    ++*(int *)user;
}

/* One producer a bus, as opening one takes a second with librdkafka 2.0.2.
 * conformance_test() closes it. */
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

static struct bus_consumer *subscribe(struct bus *bus, const char *group, const char *member,
                                      enum topic topic, enum bus_start start,
                                      struct partition_event *event)
{
    struct bus_consumer *consumer;
    struct err err;
    const struct bus_subscription subscription = {
        .group = group, .member = member, .topics = &topic, .topic_count = 1, .start = start,
        .at_least_once = CONFORMANCE_AT_LEAST_ONCE,
        .on_assigned = event ? on_assigned : NULL, .on_revoked = event ? on_revoked : NULL,
        .user = event};
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
        assert_true(seen->count < SEEN_MAX && message->value.size < sizeof text &&
                    message->partition < 1024);
        memcpy(text, message->value.data, message->value.size);
        seen->at[seen->count].number = atoi(text);
        seen->at[seen->count].partition = message->partition;
        seen->at[seen->count].offset = message->offset;
        seen->next[message->partition] = message->offset + 1;
        seen->count++;
    }
}

/* An empty batch where a broker is slow to answer: it may be asked again. */
static void poll_batch(struct bus_consumer *consumer, uint32_t most, uint32_t bytes,
                       struct bus_batch *ret_batch)
{
    struct err err;
    *ret_batch = (struct bus_batch){0};
    int rc = bus_poll(consumer, most, bytes, ret_batch, &err);
    if (rc && err_class(err.code) != ERR_RETRY) must(rc, &err);
    if (rc) *ret_batch = (struct bus_batch){0};
}

/* Likewise. */
static void rewind_it(struct bus_consumer *consumer)
{
    int64_t start_ms = clock_mono_ms(clock_system());
    struct err err;
    int rc;
    while ((rc = bus_rewind(consumer, &err)) != E_OK && err_class(err.code) == ERR_RETRY &&
           !out_of_time(start_ms))
        poll(NULL, 0, 20);
    must(rc, &err);
}

/* One poll; returns how many messages it gave. */
static uint32_t poll_once(struct bus_consumer *consumer, struct seen *seen)
{
    struct bus_batch batch;
    poll_batch(consumer, 1000, 1 << 20, &batch);
    uint32_t count = batch.count;
    note(seen, &batch);
    bus_release(consumer, &batch);
    return count;
}

static void collect(struct bus_consumer *consumer, struct seen *seen, int wanted)
{
    int64_t start_ms = clock_mono_ms(clock_system());
    while (seen->count < wanted && !out_of_time(start_ms))
        if (poll_once(consumer, seen) == 0) wait_for_wake(consumer, 100);
    assert_int_equal(seen->count, wanted);
}

/* Commits the positions after everything seen. */
static int commit_seen(struct bus_consumer *consumer, enum topic topic, const struct seen *seen,
                       struct err *err)
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

#endif
