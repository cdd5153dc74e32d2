/* What every bus must do for groups: commits, positions, members that share,
 * how far behind they are. */
#ifndef VERBATIM_TEST_CONFORMANCE_GROUPS_H
#define VERBATIM_TEST_CONFORMANCE_GROUPS_H

#include "conformance_rig.h"

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
    struct bus_consumer *consumer = subscribe(bus, "commit", "commit-0", TOPIC_FEEDBACK,
                                              BUS_EARLIEST, NULL);
    collect(consumer, seen, 10);
    const struct bus_output outputs[] = {
        output_of(TOPIC_DOCUMENTS, "a", "1", 5), output_of(TOPIC_DOCUMENTS, "b", "2", 6)};
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
    struct bus_consumer *consumer = subscribe(bus, "refused", "refused-0", TOPIC_FEEDBACK,
                                              BUS_EARLIEST, NULL);
    collect(consumer, seen, 3);
    const struct bus_output outputs[] = {
        output_of(TOPIC_DOCUMENTS, "a", "1", 5), output_of(TOPIC_DOCUMENTS, long_key, "2", 6)};
    const struct bus_position all = {TOPIC_FEEDBACK, 0, 3};
    assert_int_equal(bus_commit(consumer, outputs, 2, &all, 1, &err), E_TOO_LARGE);
    assert_int_equal(read_topic(bus, TOPIC_DOCUMENTS, 0), 0);
    rewind_it(consumer);
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
    struct bus_consumer *consumer = subscribe(bus, "rewind", "rewind-0", TOPIC_FEEDBACK,
                                              BUS_EARLIEST, NULL);
    collect(consumer, seen, 50);
    must(commit_seen(consumer, TOPIC_FEEDBACK, seen, &err), &err);
    send_numbers(bus, TOPIC_FEEDBACK, 50, 50);
    for (int again = 0; again < 3; again++) {
        memset(seen, 0, sizeof *seen);
        collect(consumer, seen, 50);
        check_complete(seen, 50, 50);
        assert_int_equal(poll_once(consumer, seen), 0); /* it has seen the end, too */
        rewind_it(consumer);
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
    while ((bus_backlog(a, NULL, 0) != a_owns || (b && bus_backlog(b, NULL, 0) != b_owns)) &&
           !out_of_time(start_ms)) {
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
    struct bus_consumer *a = subscribe(bus, "share", "share-0", TOPIC_FEEDBACK, BUS_EARLIEST,
                                       &a_event);
    settle_two(a, NULL, 4, 0, &seen[0], NULL);
    assert_int_equal(a_event.assigned, 4);
    struct bus_consumer *b = subscribe(bus, "share", "share-1", TOPIC_FEEDBACK, BUS_EARLIEST,
                                       &b_event);
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
    struct bus_consumer *a = subscribe(bus, "cancel", "cancel-0", TOPIC_FEEDBACK, BUS_EARLIEST,
                                       NULL);
    collect(a, &seen[0], 40);
    struct seen before = seen[0];
    struct bus_consumer *b = subscribe(bus, "cancel", "cancel-1", TOPIC_FEEDBACK, BUS_EARLIEST,
                                       NULL);
    settle_two(a, b, 1, 1, &seen[0], &seen[1]);
    /* One of the two partitions is b's now: nothing of this may happen. */
    const struct bus_output output = output_of(TOPIC_DOCUMENTS, "a", "1", 5);
    const struct bus_position positions[] = {
        {TOPIC_FEEDBACK, 0, before.next[0]}, {TOPIC_FEEDBACK, 1, before.next[1]}};
    assert_int_equal(bus_commit(a, &output, 1, positions, 2, &err), E_CANCELLED);
    assert_int_equal(read_topic(bus, TOPIC_DOCUMENTS, 0), 0);
    rewind_it(a);
    rewind_it(b);
    memset(seen, 0, 2 * sizeof *seen);
    int64_t start_ms = clock_mono_ms(clock_system());
    while (seen[0].count + seen[1].count < 40 && !out_of_time(start_ms))
        if (poll_once(a, &seen[0]) + poll_once(b, &seen[1]) == 0) wait_for_wake(a, 20);
    assert_int_equal(seen[0].count + seen[1].count, 40);
    bus_unsubscribe(a);
    bus_unsubscribe(b);
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
    struct bus_consumer *consumer = subscribe(bus, "backlog", "backlog-0", TOPIC_FEEDBACK,
                                              BUS_EARLIEST, NULL);
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
    /* a leader isn't known yet, a marker is on its way */
    do rc = bus_lag(bus, group, TOPIC_FEEDBACK, &lag, &err);
    while ((rc ? err_class(err.code) == ERR_RETRY : lag.records != records) &&
           !out_of_time(start_ms));
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
    struct bus_consumer *consumer = subscribe(bus, "lag", "lag-0", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
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

static void conform_positions(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 10);
    struct bus_consumer *consumer = subscribe(bus, "positions", "positions-0", TOPIC_FEEDBACK,
                                              BUS_EARLIEST, NULL);
    collect(consumer, seen, 10);
    for (int64_t to = 1; to <= 10; to++) /* many commits of one consumer */
        must(bus_commit(consumer, NULL, 0, &(struct bus_position){TOPIC_FEEDBACK, 0, to}, 1, &err),
             &err);
    must(bus_commit(consumer, NULL, 0, NULL, 0, &err), &err); /* nothing at all is fine */
    rewind_it(consumer);
    memset(seen, 0, sizeof *seen);
    for (int i = 0; i < 3; i++) assert_int_equal(poll_once(consumer, seen), 0);
    bus_unsubscribe(consumer);
    free(seen);
}

#endif
