/* Leases, eviction, names taken over and settings, with the hands of the clock turned by the test. */
#include "test.h"

#include "test_embedded_rig.h"

struct events { size_t assigned, revoked; };

static void on_assigned(void *user, const struct bus_position *partitions, size_t count)
{
    (void)partitions;
    ((struct events *)user)->assigned += count;
}

static void on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    (void)partitions;
    ((struct events *)user)->revoked += count;
}

struct rig {
    struct clock_manual clock;
    struct bus *bus;
};

static void rig_start(struct rig *rig, const struct bus_options *options)
{
    rig_make_folder();
    clock_manual_init(&rig->clock, 1700000000000);
    clock_manual_advance(&rig->clock, 3600000);
    struct bus_options chosen = options ? *options : rig_options();
    chosen.path = rig_folder;
    rig->bus = rig_open(&chosen, &rig->clock.clock);
}

static void rig_stop(struct rig *rig)
{
    bus_close(rig->bus);
    rig_remove_folder();
}

static void must(int rc, const struct err *err)
{
    if (rc) fail_msg("%s: %s", err_name((enum err_code)rc), err->text);
}

static struct bus_consumer *member(struct rig *rig, const char *name, struct events *events)
{
    static const enum topic topic = TOPIC_FEEDBACK;
    struct bus_consumer *consumer;
    struct err err;
    const struct bus_subscription subscription = {.group = "g", .member = name, .topics = &topic, .topic_count = 1,
                                                  .on_assigned = on_assigned, .on_revoked = on_revoked, .user = events};
    must(bus_subscribe(rig->bus, &subscription, &consumer, &err), &err);
    return consumer;
}

static int poll_for(struct bus_consumer *consumer, uint32_t *ret_count)
{
    struct bus_batch batch = {0};
    struct err err;
    int rc = bus_poll(consumer, 1000, 1 << 20, &batch, &err);
    *ret_count = batch.count;
    if (rc == E_OK) bus_release(consumer, &batch);
    return rc;
}

static int commit_values(struct rig *rig, struct bus_consumer *consumer, int count, size_t bytes, struct err *err)
{
    struct bus_output outputs[64];
    char *value = calloc(1, bytes + 1);
    char keys[64][16];
    (void)rig;
    for (int i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        outputs[i] = (struct bus_output){.topic = TOPIC_FEEDBACK, .key = str_of(keys[i]), .value = {value, bytes}, .timestamp_ms = 42};
    }
    int rc = bus_commit(consumer, outputs, (size_t)count, NULL, 0, err);
    free(value);
    return rc;
}

static struct bus_consumer *writer_of(struct rig *rig) /* a reader without a group may write, too */
{
    static const enum topic topic = TOPIC_AUDIT;
    struct bus_consumer *consumer;
    struct err err;
    must(bus_subscribe(rig->bus, &(struct bus_subscription){.topics = &topic, .topic_count = 1}, &consumer, &err), &err);
    return consumer;
}

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
        live_heartbeat(((struct embedded_consumer *)a)->environment, ((struct embedded_consumer *)a)->slot, clock_mono_ns(&rig.clock.clock));
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
    const struct { const char *group, *member; } bad[] = {{"", "m"}, {"g", ""}, {"g", NULL}, {long_name, "m"}, {"g", long_name}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct bus_consumer *none;
        const struct bus_subscription subscription = {.group = bad[i].group, .member = bad[i].member, .topics = &topic, .topic_count = 1};
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
    CASE("a reader without a group has no position to commit, to rewind to, or a group's to seek in");
    assert_int_equal(bus_commit(writer, NULL, 0, &cases[0].position, 1, &err), E_BUG);
    assert_int_equal(bus_rewind(writer, &err), E_BUG);
    assert_int_equal(bus_seek(a, &cases[0].position, &err), E_BUG);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

/* BUS_LATEST is decided once: what is written between the first start and the first commit is not lost. */
static void test_latest(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    uint32_t count;
    static const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {.group = "late", .member = "m", .topics = &topic, .topic_count = 1, .start = BUS_LATEST};
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
        outputs[i] = (struct bus_output){.topic = TOPIC_FEEDBACK, .key = i < 1000 ? STR("k0") : STR("k3"), .value = STR("v")};
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

/* --- retention ------------------------------------------------------------------------------ */

static void describe(struct rig *rig, struct bus_topic_state *state)
{
    struct err err;
    must(bus_topic_describe(rig->bus, TOPIC_FEEDBACK, state, &err), &err);
}

static void test_age(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct bus_topic_state topic;
    struct events events = {0};
    uint32_t count;
    struct bus_options options = rig_options();
    options.retention = 3600000;
    rig_start(&rig, &options);
    struct bus_consumer *writer = writer_of(&rig), *a = member(&rig, "a", &events);
    must(commit_values(&rig, writer, 20, 10, &err), &err);
    clock_manual_advance(&rig.clock, 3500000);
    must(commit_values(&rig, writer, 10, 10, &err), &err);
    describe(&rig, &topic);
    CASE("age counts from the writing, not from the message's own timestamp");
    assert_int_equal(topic.records, 30);
    clock_manual_advance(&rig.clock, 200000);
    must(commit_values(&rig, writer, 1, 10, &err), &err);
    describe(&rig, &topic);
    CASE("what is older goes, and only that");
    assert_int_equal(topic.records, 11);
    CASE("a consumer that comes too late goes on with what is left, and counts");
    assert_int_equal(poll_for(a, &count), E_OK);
    assert_int_equal(count, 11);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

static void test_size(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct bus_topic_state topic;
    struct events events = {0};
    struct bus_batch batch;
    uint32_t count;
    struct bus_options options = rig_options();
    options.retention_bytes = 20000;
    rig_start(&rig, &options);
    struct bus_consumer *writer = writer_of(&rig);
    must(commit_values(&rig, writer, 8, 100, &err), &err);
    struct bus_consumer *a = member(&rig, "a", &events), *b = NULL;
    must(bus_poll(a, 4, 1 << 20, &batch, &err), &err);
    assert_int_equal(batch.count, 4);
    for (int i = 0; i < 20; i++) must(commit_values(&rig, writer, 64, 100, &err), &err);
    describe(&rig, &topic);
    assert_in_range(topic.size_bytes, 30000, 40000);
    CASE("what a batch holds stays readable though it is deleted");
    for (uint32_t i = 0; i < batch.count; i++) assert_int_equal(batch.messages[i].value.size, 100);
    bus_release(a, &batch);
    CASE("what was skipped is counted");
    uint32_t total = 4;
    while (poll_for(a, &count) == E_OK && count) total += count;
    assert_int_equal(total + embedded_skipped(a), 8 + 20 * 64);
    assert_true(embedded_skipped(a) > 0);
    CASE("one message that is larger than the limit is kept until the next comes");
    must(commit_values(&rig, writer, 1, 30000, &err), &err);
    describe(&rig, &topic);
    assert_true(topic.size_bytes > 30000);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    (void)b;
    rig_stop(&rig);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct bus_topic_state before, after;
    struct bus_options options = rig_options();
    options.size_limit = 4 << 20;
    options.retention = 3600000;
    rig_start(&rig, &options);
    struct bus_consumer *writer = writer_of(&rig);
    for (int round = 0; round < 4; round++) {
        int rc = E_OK, commits = 0;
        while (rc == E_OK && commits < 10000) {
            rc = commit_values(&rig, writer, 50, 500, &err);
            commits++;
        }
        CASE("at its limit the bus says so, again and again, and writes nothing");
        assert_int_equal(rc, E_DISK_FULL);
        assert_true(commits > 20);
        describe(&rig, &before);
        for (int i = 0; i < 20; i++) assert_int_equal(commit_values(&rig, writer, 50, 500, &err), E_DISK_FULL);
        describe(&rig, &after);
        assert_int_equal(before.records, after.records);
        CASE("when retention frees room it goes on by itself");
        clock_manual_advance(&rig.clock, 3600001);
        must(commit_values(&rig, writer, 50, 500, &err), &err);
        describe(&rig, &after);
        assert_true(after.records < before.records);
    }
    struct stat file;
    char path[128];
    snprintf(path, sizeof path, "%s/data.mdb", rig_folder);
    assert_int_equal(stat(path, &file), 0);
    assert_true((uint64_t)file.st_size <= options.size_limit);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

/* --- opening -------------------------------------------------------------------------------- */

static void test_sharing_in_process(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct bus *second;
    bool created;
    struct bus_topic_state topic;
    rig_start(&rig, NULL);
    char other_spelling[128];
    snprintf(other_spelling, sizeof other_spelling, "%s/.", rig_folder);
    struct bus_options options = rig_options();
    options.path = other_spelling;
    CASE("a second bus in the same folder shares the environment");
    must(bus_embedded_open(&options, clock_system(), &second, &err), &err);
    assert_ptr_equal(((struct embedded_bus *)second)->environment, ((struct embedded_bus *)rig.bus)->environment);
    must(bus_topic_create(rig.bus, TOPIC_SAFETY, NULL, &created, &err), &err);
    bus_close(rig.bus);
    must(bus_topic_describe(second, TOPIC_SAFETY, &topic, &err), &err);
    rig.bus = second;
    struct bus_topic_settings too_many = {.partitions = 4096};
    assert_int_equal(bus_topic_create(second, TOPIC_AUDIT, &too_many, &created, &err), E_BAD_CONFIG);
    rig_stop(&rig);
}

static void test_prefix(void **state)
{
    (void)state;
    static const struct { const char *why, *prefix; int rc; } cases[] = {
        {"a prefix", "next-", E_OK},
        {"one with all that is allowed", "A.b_9-", E_OK},
        {"one that leads out of the folder", "../x", E_BAD_CONFIG},
        {"one that hides", ".x", E_BAD_CONFIG},
        {"one with a blank", "a b", E_BAD_CONFIG},
    };
    struct rig rig;
    rig_start(&rig, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bus_options options = rig_options();
        struct bus *other = NULL;
        struct bus_topic_state topic;
        struct err err;
        bool created;
        CASE(cases[i].why);
        options.topic_prefix = cases[i].prefix;
        assert_int_equal(bus_embedded_open(&options, clock_system(), &other, &err), cases[i].rc);
        if (cases[i].rc) continue;
        must(bus_topic_create(other, TOPIC_SAFETY, NULL, &created, &err), &err);
        assert_int_equal(bus_topic_describe(rig.bus, TOPIC_SAFETY, &topic, &err), E_NOT_FOUND); /* nothing is shared */
        assert_non_null(strstr(bus_description(other), cases[i].prefix));
        bus_close(other);
    }
    rig_stop(&rig);
}

static void test_unknown_version(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct bus *none;
    MDB_txn *txn;
    rig_start(&rig, NULL);
    struct environment *environment = ((struct embedded_bus *)rig.bus)->environment;
    const uint32_t future[4] = {EMBEDDED_FORMAT + 1, 0x01020304, 0xFFFFFFFF, 0};
    must(environment_write(environment, &txn, &err), &err);
    must(environment_put(txn, environment->meta, "format", 6, future, sizeof future, &err), &err);
    must(environment_commit(environment, txn, "test", &err), &err);
    bus_close(rig.bus);
    struct bus_options options = rig_options();
    CASE("a format of the future is refused, and says which");
    assert_int_equal(bus_embedded_open(&options, clock_system(), &none, &err), E_NO_INPUT);
    assert_non_null(strstr(err.text, "format 2"));
    rig_remove_folder();

    CASE("a file that is something else is refused");
    rig_make_folder();
    char path[128];
    snprintf(path, sizeof path, "%s/data.mdb", rig_folder);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 20000; i++) fputs("junk", file);
    fclose(file);
    options.path = rig_folder;
    assert_int_equal(bus_embedded_open(&options, clock_system(), &none, &err), E_NO_INPUT);
    CASE("a path that is no folder, too");
    options.path = path;
    assert_int_not_equal(bus_embedded_open(&options, clock_system(), &none, &err), E_OK);
    rig_remove_folder();
}

static void test_damage(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct events events = {0};
    MDB_txn *txn;
    uint32_t count;
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig);
    must(commit_values(&rig, writer, 8, 10, &err), &err);
    struct environment *environment = ((struct embedded_bus *)rig.bus)->environment;
    size_t first = 0;
    must(environment_write(environment, &txn, &err), &err);
    must(environment_put(txn, environment->topic[TOPIC_FEEDBACK].partitions[1].messages, &first, sizeof first, "bad", 3, &err), &err);
    must(environment_commit(environment, txn, "test", &err), &err);
    struct bus_consumer *a = member(&rig, "a", &events);
    CASE("a damaged message is an error each time, and nothing is skipped");
    assert_int_equal(poll_for(a, &count), E_IO);
    assert_int_equal(poll_for(a, &count), E_IO);
    struct bus_backlog backlog[2];
    assert_int_equal(bus_backlog(a, backlog, 2), 2);
    assert_int_equal(backlog[0].position + backlog[1].position, 0);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

static void count_result(void *user, const struct err *err) { ((int *)user)[err ? 1 : 0]++; }

static void test_producer_bound(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct bus_producer *producer;
    int results[2] = {0}, busy = 0, taken = 0;
    static char value[100000];
    struct bus_options options = rig_options();
    options.buffer = 1 << 20;
    rig_start(&rig, &options);
    must(bus_producer_open(rig.bus, "p", &producer, &err), &err);
    const struct bus_output output = {.topic = TOPIC_FEEDBACK, .key = STR("k"), .value = {value, sizeof value}};
    for (int i = 0; i < 100; i++) { /* nothing is reported, so nothing is given back, until it polls */
        int rc = bus_produce(producer, &output, 1, count_result, results, &err);
        if (rc == E_OK) taken++;
        else if (rc == E_BUSY) busy++;
        else fail_msg("%s", err.text);
    }
    CASE("a full producer says BUSY and takes nothing");
    assert_int_equal(taken, 10);
    assert_int_equal(busy, 90);
    must(bus_producer_flush(producer, 60000, &err), &err);
    assert_int_equal(results[0], 10);
    CASE("then there is room again; a single call that is larger than the bound passes when alone");
    must(bus_produce(producer, &output, 1, count_result, results, &err), &err);
    CASE("what can't be stored is refused at once");
    const struct bus_output large = {.topic = TOPIC_FEEDBACK, .key = {value, BUS_KEY_BYTES_MAX + 1}};
    assert_int_equal(bus_produce(producer, &large, 1, count_result, results, &err), E_TOO_LARGE);
    CASE("closing waits for what is in flight and reports it");
    bus_producer_close(producer);
    assert_int_equal(results[0], 11);
    assert_int_equal(results[1], 0);
    rig_stop(&rig);
}

/* --- bytes ---------------------------------------------------------------------------------- */

static void test_stored(void **state)
{
    (void)state;
    struct bus_header headers[] = {{STR("a"), STR("1")}, {STR("bb"), STR("")}}, room[BUS_HEADERS_MAX];
    const struct bus_output output = {.topic = TOPIC_FEEDBACK, .timestamp_ms = -5, .key = STR("key"), .value = STR("value"),
                                      .headers = headers, .header_count = 2};
    uint8_t bytes[128];
    struct bus_message message = {0};
    size_t size = stored_size(&output);
    assert_true(size < sizeof bytes);
    stored_write(bytes, &output, 77);
    assert_true(stored_read(str_make(bytes, size), &message, room));
    assert_int_equal(message.timestamp_ms, -5);
    assert_true(str_equal(message.key, output.key) && str_equal(message.value, output.value));
    CASE("every shorter and every longer form is refused");
    for (size_t cut = 0; cut < sizeof bytes; cut++) {
        uint8_t *exact = malloc(cut + 1); /* ASan sees a read beyond it */
        memcpy(exact, bytes, cut < size ? cut : size);
        if (cut > size) memset(exact + size, 0, cut - size);
        assert_int_equal(stored_read(str_make(exact, cut), &message, room), cut == size);
        free(exact);
    }
    CASE("any byte may be wrong: it is refused, or read within its bounds");
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            uint8_t *copy = malloc(size);
            memcpy(copy, bytes, size);
            copy[i] ^= (uint8_t)(1 << bit);
            if (stored_read(str_make(copy, size), &message, room))
                assert_true(message.value.data + message.value.size <= (const char *)copy + size && message.header_count <= BUS_HEADERS_MAX);
            free(copy);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease), cmocka_unit_test(test_prefix), cmocka_unit_test(test_names), cmocka_unit_test(test_positions),
        cmocka_unit_test(test_latest), cmocka_unit_test(test_held_batches), cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_age), cmocka_unit_test(test_size), cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_sharing_in_process), cmocka_unit_test(test_unknown_version), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_producer_bound), cmocka_unit_test(test_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
