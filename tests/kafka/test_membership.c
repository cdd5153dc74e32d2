/* Who has which partitions when members of a group come, go, die and come back. */
#include "kafka_copier.h"

/* No session ends during a test with the long one; what is seen within WAIT_MS
 * didn't wait for it. */
#define LONG "kafka.session.timeout.ms=300000"
#define SHORT "kafka.session.timeout.ms=2000", "kafka.heartbeat.interval.ms=500"
#define DYNAMIC "bus.membership=dynamic"

struct member {
    struct bus_consumer *consumer;
    int revoked;
};

static void on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    (void)partitions, (void)count;
    ((struct member *)user)->revoked++;
}

static void join(struct member *member, struct bus *bus, const char *name, const enum topic *topics,
                 size_t topic_count)
{
    struct err err;
    const struct bus_subscription subscription = {
        .group = "copy", .member = name, .topics = topics, .topic_count = topic_count,
        .on_revoked = on_revoked, .user = member};
    *member = (struct member){0};
    must(bus_subscribe(bus, &subscription, &member->consumer, &err), &err);
}

static void leave(struct member *member)
{
    bus_unsubscribe(member->consumer);
    member->consumer = NULL;
}

/* Polls all until each has the wanted number of partitions. */
static void await(struct member *members, const size_t *wanted, size_t count)
{
    bool reached = false;
    for (int64_t start = now_ms(); !reached && now_ms() - start < WAIT_MS;) {
        reached = true;
        for (size_t i = 0; i < count; i++) {
            struct bus_batch batch;
            struct err err;
            if (!members[i].consumer) continue;
            int rc = bus_poll(members[i].consumer, 100, 1 << 20, &batch, &err);
            if (rc && err_class((enum err_code)rc) != ERR_RETRY) must(rc, &err);
            if (rc == E_OK) bus_release(members[i].consumer, &batch);
            reached = reached && bus_backlog(members[i].consumer, NULL, 0) == wanted[i];
        }
        if (!reached) wait_for(members[0].consumer ? members[0].consumer : members[1].consumer, 20);
    }
    assert_true(reached);
}

static const enum topic both[] = {TOPIC_FEEDBACK, TOPIC_DOCUMENTS};

static struct rig open_topics(const char *const *settings)
{
    struct rig rig = open_rig(settings);
    create(rig.bus, TOPIC_FEEDBACK, &four);
    create(rig.bus, TOPIC_DOCUMENTS, &four);
    return rig;
}

/* The session of the dead never ends here: its successor has the partitions by its name. And so
 * it is with the transaction that the dead left open. */
static void test_killed_and_restarted(void **state)
{
    const char *settings[] = {LONG, NULL};
    struct rig rig = open_topics(settings);
    int report;
    (void)state;
    send_numbers(rig.bus, RECORDS);
    pid_t child = start_child("copy-0", settings, &report);
    kill_child(child, report, 3);
    struct bus_consumer *successor = subscribe(rig.bus, "copy", "copy-0", TOPIC_FEEDBACK);
    int64_t start = now_ms();
    do
        if (copy_some(successor, 500) == 0) wait_for(successor, 20);
    while ((bus_backlog(successor, NULL, 0) < PARTITIONS || backlog(successor) > 0) &&
           now_ms() - start < WAIT_MS);
    bus_unsubscribe(successor);
    check_documents(rig.bus, RECORDS);
    close_rig(&rig);
}

/* The other member isn't disturbed, neither by the death nor by the return. */
static void test_others_undisturbed(void **state)
{
    const char *settings[] = {LONG, NULL};
    struct rig rig = open_topics(settings);
    struct member members[2];
    (void)state;
    join(&members[0], rig.bus, "copy-0", both, 1);
    join(&members[1], rig.bus, "copy-1", both, 1);
    await(members, (const size_t[]){2, 2}, 2);
    int before = members[0].revoked;
    for (int i = 0; i < 2; i++) {
        leave(&members[1]); /* a static one says no goodbye: as if it had been killed */
        join(&members[1], rig.bus, "copy-1", both, 1);
        await(members, (const size_t[]){2, 2}, 2);
    }
    assert_int_equal(members[0].revoked, before);
    leave(&members[0]);
    leave(&members[1]);
    close_rig(&rig);
}

/* Fewer replicas than before: the others have all when the session of the one that went is over;
 * with dynamic membership at once. */
static void test_scaled_in(void **state)
{
    static const struct {
        const char *why, *settings[4];
    } cases[] = {
        {"static: when its session ends", {SHORT, NULL}},
        {"dynamic: at once", {LONG, DYNAMIC, NULL}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        rig_new_prefix();
        struct rig rig = open_topics(cases[i].settings);
        struct member members[2];
        join(&members[0], rig.bus, "copy-0", both, 1);
        join(&members[1], rig.bus, "copy-1", both, 1);
        await(members, (const size_t[]){2, 2}, 2);
        leave(&members[0]);
        await(members, (const size_t[]){0, 4}, 2);
        leave(&members[1]);
        close_rig(&rig);
    }
}

/* A new version that reads one topic more. By the name alone the broker would give it what its
 * predecessor had. */
static void test_another_topic(void **state)
{
    const char *settings[] = {SHORT, NULL};
    struct rig rig = open_topics(settings);
    struct member member;
    (void)state;
    join(&member, rig.bus, "copy-0", both, 1);
    await(&member, (const size_t[]){4}, 1);
    leave(&member);
    join(&member, rig.bus, "copy-0", both, 2);
    await(&member, (const size_t[]){8}, 1);
    leave(&member);
    close_rig(&rig);
}

/* Started before its topic was there, and again after. */
static void test_late_topic(void **state)
{
    const char *settings[] = {LONG, NULL};
    struct rig rig = open_rig(settings);
    struct member member;
    struct bus_batch batch;
    struct err err;
    (void)state;
    join(&member, rig.bus, "copy-0", both, 1);
    for (int64_t start = now_ms(); now_ms() - start < 3000; wait_for(member.consumer, 100))
        if (bus_poll(member.consumer, 1, 1000, &batch, &err) == E_OK)
            bus_release(member.consumer, &batch);
    leave(&member);
    create(rig.bus, TOPIC_FEEDBACK, &four);
    join(&member, rig.bus, "copy-0", both, 1);
    await(&member, (const size_t[]){4}, 1);
    leave(&member);
    close_rig(&rig);
}

/* Two processes with one name: each takes the partitions from the other a few times, as it may have
 * been fenced by itself; then one stops, with the exit status that the README names. */
static void test_one_name(void **state)
{
    const char *settings[] = {"kafka.heartbeat.interval.ms=500", NULL};
    struct rig rig = open_topics(settings);
    struct member members[2];
    struct bus_batch batch;
    struct err err = {0};
    int rc = E_OK, rejoins = 0;
    size_t last = 0;
    bool outside[2] = {false, false};
    (void)state;
    join(&members[0], rig.bus, "copy-0", both, 1);
    await(members, (const size_t[]){4}, 1);
    join(&members[1], rig.bus, "copy-0", both, 1);
    for (int64_t start = now_ms(); rc != E_FENCED && now_ms() - start < WAIT_MS; last = 1 - last) {
        struct bus_consumer *consumer = members[last].consumer;
        rc = bus_poll(consumer, 1, 1000, &batch, &err);
        if (rc == E_OK) bus_release(consumer, &batch);
        if (rc && rc != E_FENCED) assert_int_equal(rc, E_UNAVAILABLE);
        rejoins += rc == E_UNAVAILABLE && !outside[last];
        outside[last] = rc == E_UNAVAILABLE;
        if (rc != E_FENCED) wait_for(consumer, 20);
    }
    last = 1 - last;
    assert_int_equal(rc, E_FENCED);
    assert_int_equal(err_exit_status(E_FENCED), 75);
    assert_in_range(rejoins, 3, 6);
    leave(&members[last]);
    await(&members[1 - last], (const size_t[]){4}, 1);
    leave(&members[1 - last]);
    close_rig(&rig);
}

/* Takes a batch of at most `most`, in ret_*. False: none came. */
static bool take(struct bus_consumer *consumer, struct bus_batch *ret_batch)
{
    struct err err;
    for (int64_t start = now_ms(); now_ms() - start < WAIT_MS; wait_for(consumer, 20)) {
        int rc = bus_poll(consumer, 1000, 1 << 20, ret_batch, &err);
        if (rc && err_class((enum err_code)rc) != ERR_RETRY) must(rc, &err);
        if (rc == E_OK && ret_batch->count) return true;
    }
    return false;
}

static int commit_first(struct bus_consumer *consumer, const struct bus_batch *batch,
                        struct err *err)
{
    const struct bus_message *first = &batch->messages[0];
    const struct bus_output output = {
        .topic = TOPIC_DOCUMENTS, .key = first->key, .value = first->value};
    const struct bus_position position = {TOPIC_FEEDBACK, first->partition, first->offset + 1};
    return bus_commit(consumer, &output, 1, &position, 1, err);
}

/* A member that didn't poll for so long that it lost its partitions, and then commits what it had
 * read: its successor has done that already. */
static void test_outrun(void **state)
{
    static const struct {
        const char *why, *settings[6];
    } cases[] = {
        {"static", {SHORT, "kafka.max.poll.interval.ms=2000", NULL}},
        {"dynamic", {SHORT, "kafka.max.poll.interval.ms=2000", DYNAMIC, NULL}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        rig_new_prefix();
        struct rig rig = open_topics(cases[i].settings);
        struct member slow, successor;
        struct bus_batch batch;
        struct err err;
        send_numbers(rig.bus, RECORDS);
        join(&slow, rig.bus, "copy-0", both, 1);
        assert_true(take(slow.consumer, &batch));
        join(&successor, rig.bus, "copy-1", both, 1);
        int64_t start = now_ms();
        do
            if (copy_some(successor.consumer, 500) == 0) wait_for(successor.consumer, 20);
        while ((bus_backlog(successor.consumer, NULL, 0) < PARTITIONS ||
                backlog(successor.consumer) > 0) &&
               now_ms() - start < WAIT_MS);
        assert_int_equal(commit_first(slow.consumer, &batch, &err), E_CANCELLED);
        bus_release(slow.consumer, &batch);
        leave(&slow);
        leave(&successor);
        check_documents(rig.bus, RECORDS);
        close_rig(&rig);
    }
}

/* Polls both for so long, as the runtime does with a source that is paused; how long the longest
 * turn took. */
static int64_t poll_for(struct member members[2], int64_t ms)
{
    int64_t start = now_ms(), last = start, longest = 0;
    for (int i = 0; now_ms() - start < ms; i = 1 - i) {
        struct bus_batch none;
        struct err err;
        int rc = bus_poll(members[i].consumer, 100, 1 << 20, &none, &err);
        if (rc) assert_int_equal(err_class((enum err_code)rc), ERR_RETRY);
        if (rc == E_OK && i == 0) assert_int_equal(none.count, 0);
        if (rc == E_OK) bus_release(members[i].consumer, &none);
        wait_for(members[0].consumer, 50);
        if (now_ms() - last > longest) longest = now_ms() - last;
        last = now_ms();
    }
    return longest;
}

/* True: nobody else got the partitions, and the commit held. */
static bool slow_stage(bool *ret_stood_still)
{
    const char *settings[] = {"kafka.session.timeout.ms=8000", "kafka.heartbeat.interval.ms=500",
                              "kafka.max.poll.interval.ms=8000", NULL};
    enum { SLOW_MS = 12000, STOOD_MS = 2000 };
    struct rig rig = open_topics(settings);
    struct member members[2];
    struct bus_batch batch;
    struct err err;
    join(&members[0], rig.bus, "copy-0", both, 1);
    join(&members[1], rig.bus, "copy-1", both, 1);
    await(members, (const size_t[]){2, 2}, 2);
    send_numbers(rig.bus, RECORDS);
    assert_true(take(members[0].consumer, &batch));
    int before = members[0].revoked;
    bus_pause(members[0].consumer, true);
    *ret_stood_still = poll_for(members, SLOW_MS) > STOOD_MS;
    int rc = commit_first(members[0].consumer, &batch, &err);
    bool held = rc == E_OK && members[0].revoked == before;
    if (!held) print_message("  revoked %d times more; %s\n", members[0].revoked - before,
                             rc ? err.text : "committed");
    bus_release(members[0].consumer, &batch);
    leave(&members[0]);
    leave(&members[1]);
    close_rig(&rig);
    return held;
}

/* A record that takes longer than the poll interval: the source is paused, and polled all the same.
 * A machine that stands still for seconds meanwhile proves nothing: then once more. */
static void test_slow_stage(void **state)
{
    enum { TIMES = 5 };
    bool held = false, stood_still = true;
    (void)state;
    for (int i = 0; i < TIMES && !held && stood_still; i++) {
        if (i) rig_new_prefix();
        held = slow_stage(&stood_still);
    }
    assert_true(held);
}

/* Two copy; a third joins, copies something, and leaves or is killed, every second or so. */
static void test_storm(void **state)
{
    static const struct {
        const char *why, *settings[4];
    } cases[] = {
        {"dynamic: everybody is rebalanced twice a round", {DYNAMIC, SHORT, NULL}},
        {"static: half of the time", {SHORT, NULL}},
    };
    enum { ROUNDS = 8, A_ROUND = 400, TURN_MS = 1200 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        rig_new_prefix();
        struct rig rig = open_topics(cases[i].settings);
        pid_t steady[2];
        int reports[2], sent = 0;
        for (int j = 0; j < 2; j++)
            steady[j] = start_child(j ? "copy-1" : "copy-0", cases[i].settings, &reports[j]);
        for (int round = 0; round < ROUNDS; round++) {
            struct member third;
            int report;
            send_more(rig.bus, sent, A_ROUND);
            sent += A_ROUND;
            pid_t killed = start_child("copy-3", cases[i].settings, &report);
            join(&third, rig.bus, "copy-2", both, 1);
            for (int64_t start = now_ms(); now_ms() - start < TURN_MS;)
                if (copy_some(third.consumer, 20) == 0) wait_for(third.consumer, 20);
            leave(&third);
            kill_child(killed, report, 0);
        }
        struct bus_consumer *last = subscribe(rig.bus, "copy", "copy-4", TOPIC_FEEDBACK);
        for (int j = 0; j < 2; j++) kill_child(steady[j], reports[j], 0);
        int64_t start = now_ms();
        do
            if (copy_some(last, 500) == 0) wait_for(last, 20);
        while ((bus_backlog(last, NULL, 0) < PARTITIONS || backlog(last) > 0) &&
               now_ms() - start < WAIT_MS);
        bus_unsubscribe(last);
        check_documents(rig.bus, sent);
        close_rig(&rig);
    }
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "copy") == 0) return copy_for_ever(&argv[1]);
    if (argc == 2) choose_tests(argv[1]); /* e.g. test_one_name */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_killed_and_restarted, rig_setup),
        cmocka_unit_test_setup(test_others_undisturbed, rig_setup),
        cmocka_unit_test_setup(test_scaled_in, rig_setup),
        cmocka_unit_test_setup(test_another_topic, rig_setup),
        cmocka_unit_test_setup(test_late_topic, rig_setup),
        cmocka_unit_test_setup(test_one_name, rig_setup),
        cmocka_unit_test_setup(test_outrun, rig_setup),
        cmocka_unit_test_setup(test_slow_stage, rig_setup),
        cmocka_unit_test_setup(test_storm, rig_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
