/* What every implementation of the bus must do, written against bus.h alone.
 *
 * The includer defines, before including this:
 *   static struct bus *conformance_open(void);          a bus without topics (a fresh folder, or
 *                                                       a fresh prefix)
 *   static void conformance_close(struct bus *bus);
 * and, if it likes, CONFORMANCE_AT_LEAST_ONCE, and runs conformance_run(). Waiting is done on wake
 * descriptors, up to CONFORMANCE_WAIT_MS. */
#ifndef VERBATIM_TEST_CONFORMANCE_H
#define VERBATIM_TEST_CONFORMANCE_H

#include "conformance_groups.h"
#include "conformance_messages.h"

/* --- topics --------------------------------------------------------------------------------- */

static void conform_late_topic(struct bus *bus)
{
    struct seen *seen = calloc(2, sizeof *seen);
    struct bus_consumer *member = subscribe(bus, "late", "late-0", TOPIC_FEEDBACK, BUS_EARLIEST,
                                            NULL);
    struct bus_consumer *reader = subscribe(bus, NULL, "late-1", TOPIC_FEEDBACK, BUS_EARLIEST,
                                            NULL);
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
    const struct bus_topic_settings three = {
        .partitions = 3, .replication = 1, .retention_ms = CONFORMANCE_RETENTION_MS};
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

/* --- table ---------------------------------------------------------------------------------- */

struct conformance_case { const char *why; void (*run)(struct bus *bus); };

static const struct conformance_case conformance_cases[] = {
    {"messages of a key keep their order and partition", conform_order},
    {"keys, values, headers and timestamps come back as they were sent", conform_round_trip},
    {"headers are a message's own, whatever the one before had", conform_headers},
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
    sender = NULL; /* that of a case that failed is of another bus */
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
        tests[i] = (struct CMUnitTest){
            .name = conformance_cases[i].why, .test_func = conformance_test,
            .initial_state = (void *)&conformance_cases[i]};
    return _cmocka_run_group_tests(name, tests, COUNT_OF(tests), NULL, NULL);
}

#endif
