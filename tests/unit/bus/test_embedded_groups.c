/* Leases, eviction, names taken over, positions, fairness. */
#include "embedded_group_rig.h"

static void test_lease(void **state)
{
    (void)state;
    struct rig rig;
    struct events a_events = {0}, b_events = {0};
    struct err err;
    uint32_t count;
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig);
    must(commit_values(&rig, writer, 8, 10, &err), &err);
    struct bus_consumer *a = member(&rig, "a", &a_events), *b = NULL;
    assert_int_equal(poll_for(a, &count), E_OK);
    assert_int_equal(count, 8);
    struct bus_backlog ends[2];
    assert_int_equal(bus_backlog(a, ends, 2), 2);

    CASE("a member that polls keeps its place");
    b = member(&rig, "b", &b_events);
    assert_int_equal(poll_for(b, &count), E_OK);
    assert_int_equal(bus_backlog(b, NULL, 0), 0);
    for (int i = 0; i < 20; i++) {
        clock_manual_advance(&rig.clock, 1000);
        live_heartbeat(((struct embedded_consumer *)a)->environment,
                       ((struct embedded_consumer *)a)->slot, clock_mono_ns(&rig.clock.clock));
        assert_int_equal(poll_for(b, &count), E_OK);
        assert_int_equal(bus_backlog(b, NULL, 0), 0); /* a hasn't let go yet, and lives */
    }

    CASE("one that doesn't poll for a lease loses it, and what it would commit");
    clock_manual_advance(&rig.clock, EMBEDDED_LEASE_MS + 1);
    assert_int_equal(poll_for(b, &count), E_OK);
    assert_int_equal(bus_backlog(b, NULL, 0), 2);
    const struct bus_position position = {TOPIC_FEEDBACK, ends[0].partition, ends[0].position};
    assert_int_equal(bus_commit(a, NULL, 0, &position, 1, &err), E_CANCELLED);
    assert_int_equal(commit_values(&rig, a, 1, 10, &err), E_CANCELLED); /* outputs alone, too */

    CASE("when it polls again it is told, and joins again");
    size_t revoked = a_events.revoked;
    assert_int_equal(poll_for(a, &count), E_OK);
    assert_int_equal(a_events.revoked, revoked + 2);
    assert_int_equal(poll_for(b, &count), E_OK); /* lets go of a's half */
    assert_int_equal(poll_for(a, &count), E_OK);
    assert_int_equal(bus_backlog(a, NULL, 0), 1);
    assert_int_equal(bus_backlog(b, NULL, 0), 1);
    bus_unsubscribe(a);
    bus_unsubscribe(b);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

static void test_names(void **state)
{
    (void)state;
    struct rig rig;
    struct events old_events = {0}, new_events = {0};
    struct err err;
    uint32_t count;
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig);
    must(commit_values(&rig, writer, 8, 10, &err), &err);

    CASE("who starts under a name that is in use takes its place at once; the other is fenced");
    struct bus_consumer *old = member(&rig, "a", &old_events);
    assert_int_equal(poll_for(old, &count), E_OK);
    struct bus_consumer *fresh = member(&rig, "a", &new_events);
    assert_int_equal(poll_for(fresh, &count), E_OK);
    assert_int_equal(count, 8);
    assert_int_equal(bus_backlog(fresh, NULL, 0), 2);
    assert_int_equal(commit_values(&rig, old, 1, 10, &err), E_FENCED);
    assert_int_equal(poll_for(old, &count), E_FENCED);
    assert_int_equal(old_events.revoked, 2);
    assert_int_equal(poll_for(old, &count), E_FENCED);
    bus_unsubscribe(old); /* and its leaving takes nothing from the other */
    must(commit_values(&rig, fresh, 1, 10, &err), &err);
    bus_unsubscribe(fresh);

    CASE("names have their limits");
    static const enum topic topic = TOPIC_FEEDBACK;
    char long_name[EMBEDDED_NAME_MAX + 2];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const struct { const char *group, *member; } bad[] = {
        {"", "m"}, {"g", ""}, {"g", NULL}, {long_name, "m"}, {"g", long_name}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct bus_consumer *none;
        const struct bus_subscription subscription = {
            .group = bad[i].group, .member = bad[i].member, .topics = &topic, .topic_count = 1};
        assert_int_equal(bus_subscribe(rig.bus, &subscription, &none, &err), E_BAD_CONFIG);
    }
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

static void test_positions(void **state)
{
    (void)state;
    struct rig rig;
    struct events events = {0};
    struct err err;
    uint32_t count;
    struct bus_backlog ends[2];
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig);
    must(commit_values(&rig, writer, 64, 10, &err), &err);
    struct bus_consumer *a = member(&rig, "a", &events);
    assert_int_equal(poll_for(a, &count), E_OK);
    assert_int_equal(bus_backlog(a, ends, 2), 2);
    const struct { const char *why; struct bus_position position; int rc; } cases[] = {
        {"forwards", {TOPIC_FEEDBACK, 0, 5}, E_OK},
        {"to where it is", {TOPIC_FEEDBACK, 0, 5}, E_OK},
        {"backwards: somebody else was further", {TOPIC_FEEDBACK, 0, 4}, E_CANCELLED},
        {"to the end", {TOPIC_FEEDBACK, 0, ends[0].end}, E_OK},
        {"beyond the end", {TOPIC_FEEDBACK, 0, ends[0].end + 1}, E_BUG},
        {"of a partition that isn't there", {TOPIC_FEEDBACK, 7, 1}, E_BUG},
        {"of a topic that isn't there", {TOPIC_SAFETY, 0, 0}, E_BUG},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(bus_commit(a, NULL, 0, &cases[i].position, 1, &err), cases[i].rc);
    }
    CASE("a reader without a group has no position to commit, to rewind to, or a group's to seek "
         "in");
    assert_int_equal(bus_commit(writer, NULL, 0, &cases[0].position, 1, &err), E_BUG);
    assert_int_equal(bus_rewind(writer, &err), E_BUG);
    assert_int_equal(bus_seek(a, &cases[0].position, &err), E_BUG);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

/* BUS_LATEST is decided once: what is written between the first start and the first
 * commit is not lost. */
static void test_latest(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    uint32_t count;
    static const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .group = "late", .member = "m", .topics = &topic, .topic_count = 1, .start = BUS_LATEST};
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig), *consumer;
    must(commit_values(&rig, writer, 8, 10, &err), &err);
    must(bus_subscribe(rig.bus, &subscription, &consumer, &err), &err);
    assert_int_equal(poll_for(consumer, &count), E_OK);
    assert_int_equal(count, 0);
    bus_unsubscribe(consumer);
    must(commit_values(&rig, writer, 8, 10, &err), &err);
    must(bus_subscribe(rig.bus, &subscription, &consumer, &err), &err);
    assert_int_equal(poll_for(consumer, &count), E_OK);
    assert_int_equal(count, 8);
    bus_unsubscribe(consumer);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

/* A topic that wasn't there when the group began at the end came later, with all that it holds. */
static void test_latest_comes_later(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    uint32_t count;
    static const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .group = "late", .member = "m", .topics = &topic, .topic_count = 1, .start = BUS_LATEST};
    rig_start(&rig, NULL);
    struct bus_consumer *consumer, *writer = writer_of(&rig);
    must(bus_subscribe(rig.bus, &subscription, &consumer, &err), &err);
    assert_int_equal(poll_for(consumer, &count), E_OK);
    must(commit_values(&rig, writer, 8, 10, &err), &err);
    assert_int_equal(poll_for(consumer, &count), E_OK);
    assert_int_equal(count, 8);
    bus_unsubscribe(consumer);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

static void test_held_batches(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct bus_batch held[EMBEDDED_BATCHES_MAX + 1] = {{0}};
    struct events events = {0};
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig);
    for (int i = 0; i < 2; i++) must(commit_values(&rig, writer, 64, 10, &err), &err);
    struct bus_consumer *a = member(&rig, "a", &events);
    for (int i = 0; i < EMBEDDED_BATCHES_MAX; i++) {
        must(bus_poll(a, 1, 100, &held[i], &err), &err);
        assert_int_equal(held[i].count, 1);
    }
    CASE("the number of unreleased batches is bounded; releasing one makes room");
    assert_int_equal(bus_poll(a, 1, 100, &held[EMBEDDED_BATCHES_MAX], &err), E_BUSY);
    bus_release(a, &held[0]);
    must(bus_poll(a, 1, 100, &held[0], &err), &err);
    assert_int_equal(held[0].count, 1);
    for (int i = 0; i < EMBEDDED_BATCHES_MAX; i++) bus_release(a, &held[i]);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

static void test_fairness(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct events events = {0};
    struct bus_output outputs[1002];
    struct bus_batch batch;
    uint32_t counts[2] = {0};
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig);
    for (int i = 0; i < 1002; i++) /* k3 goes to partition 0 of 2, k0 to 1 */
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .key = i < 1000 ? STR("k0") : STR("k3"), .value = STR("v")};
    must(bus_commit(writer, outputs, 1002, NULL, 0, &err), &err);
    struct bus_consumer *a = member(&rig, "a", &events);
    must(bus_poll(a, 100, 1 << 20, &batch, &err), &err);
    for (uint32_t i = 0; i < batch.count; i++) counts[batch.messages[i].partition]++;
    CASE("a long partition doesn't keep a short one waiting, nor is the batch left half empty");
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 98);
    bus_release(a, &batch);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

static void test_turns(void **state)
{
    (void)state;
    enum { SHARE = 64, ROUNDS = 6 };
    struct rig rig;
    struct err err;
    struct events events = {0};
    struct bus_output outputs[2 * ROUNDS * SHARE];
    struct bus_batch batch;
    uint32_t before = 2;
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig);
    for (int i = 0; i < 2 * ROUNDS * SHARE; i++)
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .key = i % 2 ? STR("k0") : STR("k3"), .value = STR("v")};
    must(bus_commit(writer, outputs, COUNT_OF(outputs), NULL, 0, &err), &err);
    struct bus_consumer *a = member(&rig, "a", &events);
    CASE("a small batch of a backlog is of one partition, and the next batch of the next one");
    for (int round = 0; round < ROUNDS; round++) {
        must(bus_poll(a, SHARE, 1 << 20, &batch, &err), &err);
        assert_int_equal(batch.count, SHARE);
        assert_int_equal(batch.messages[0].partition, batch.messages[SHARE - 1].partition);
        assert_int_not_equal(batch.messages[0].partition, before);
        before = batch.messages[0].partition;
        bus_release(a, &batch);
    }
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_latest),
        cmocka_unit_test(test_latest_comes_later),
        cmocka_unit_test(test_held_batches),
        cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
