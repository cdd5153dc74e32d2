/* What the embedded bus keeps on disk: how long and how much, how it is opened, and its bytes. */
#include "embedded_group_rig.h"

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
    assert_int_equal(total + bus_missed(a), 8 + 20 * 64);
    assert_true(bus_missed(a) > 0);
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
        for (int i = 0; i < 20; i++)
            assert_int_equal(commit_values(&rig, writer, 50, 500, &err), E_DISK_FULL);
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
    snprintf(path, sizeof path, "%s/data.mdb", own_folder);
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
    snprintf(other_spelling, sizeof other_spelling, "%s/.", own_folder);
    struct bus_options options = rig_options();
    options.path = other_spelling;
    CASE("a second bus in the same folder shares the environment");
    must(bus_embedded_open(&options, clock_system(), &second, &err), &err);
    assert_ptr_equal(((struct embedded_bus *)second)->environment,
                     ((struct embedded_bus *)rig.bus)->environment);
    must(bus_topic_create(rig.bus, TOPIC_SAFETY, NULL, &created, &err), &err);
    bus_close(rig.bus);
    must(bus_topic_describe(second, TOPIC_SAFETY, &topic, &err), &err);
    rig.bus = second;
    struct bus_topic_settings too_many = {.partitions = 4096};
    assert_int_equal(bus_topic_create(second, TOPIC_AUDIT, &too_many, &created, &err),
                     E_BAD_CONFIG);
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
        /* nothing is shared */
        assert_int_equal(bus_topic_describe(rig.bus, TOPIC_SAFETY, &topic, &err), E_NOT_FOUND);
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
    own_folder_remove(NULL);

    CASE("a file that is something else is refused");
    own_folder_make(NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/data.mdb", own_folder);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 20000; i++) fputs("junk", file);
    fclose(file);
    options.path = own_folder;
    assert_int_equal(bus_embedded_open(&options, clock_system(), &none, &err), E_NO_INPUT);
    CASE("a path that is no folder, too");
    options.path = path;
    assert_int_not_equal(bus_embedded_open(&options, clock_system(), &none, &err), E_OK);
    own_folder_remove(NULL);
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
    must(environment_put(txn, environment->topic[TOPIC_FEEDBACK].partitions[1].messages, &first,
                         sizeof first, "bad", 3, &err),
         &err);
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
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = {value, sizeof value}};
    /* nothing is reported, so nothing is given back, until it polls */
    for (int i = 0; i < 100; i++) {
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
    const struct bus_output large = {
        .topic = TOPIC_FEEDBACK, .key = {value, BUS_KEY_BYTES_MAX + 1}};
    assert_int_equal(bus_produce(producer, &large, 1, count_result, results, &err), E_TOO_LARGE);
    CASE("closing waits for what is in flight and reports it");
    bus_producer_close(producer);
    assert_int_equal(results[0], 11);
    assert_int_equal(results[1], 0);
    rig_stop(&rig);
}

/* --- memory --------------------------------------------------------------------------------- */

/* KiB of the bus's file that are mapped into this process. */
static long mapped_kib(void)
{
    char line[512];
    long kib = -1;
    bool ours = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (kib < 0 && fgets(line, sizeof line, maps)) {
        if (strstr(line, "/data.mdb")) ours = true;
        else if (ours && sscanf(line, "Rss: %ld", &kib) != 1) kib = -1;
    }
    fclose(maps);
    return kib;
}

static void test_mapped_pages(void **state)
{
    (void)state;
    enum { ROUNDS = 200, RECORDS = 64, BYTES = 1000 };
    struct rig rig;
    struct err err;
    struct events events = {0};
    struct bus_batch batch;
    long most = 0;
    rig_start(&rig, NULL);
    struct bus_consumer *writer = writer_of(&rig), *a = member(&rig, "a", &events);
    for (int i = 0; i < ROUNDS; i++) must(commit_values(&rig, writer, RECORDS, BYTES, &err), &err);
    for (int i = 0; i < ROUNDS; i++) {
        must(bus_poll(a, RECORDS, 1 << 20, &batch, &err), &err);
        must(commit_values(&rig, writer, RECORDS, BYTES, &err), &err);
        bus_release(a, &batch);
        if (mapped_kib() > most) most = mapped_kib();
    }
    CASE("neither what was read of a backlog nor what was written meanwhile stays in memory");
    assert_in_range(most, 1, 4096);
    CASE("nor what single records look at");
    most = 0;
    for (int i = 0; i < 4 * ROUNDS; i++) {
        must(commit_values(&rig, writer, 1, BYTES, &err), &err);
        if (mapped_kib() > most) most = mapped_kib();
    }
    assert_in_range(most, 1, 4096);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

/* --- bytes ---------------------------------------------------------------------------------- */

static void test_stored(void **state)
{
    (void)state;
    struct bus_header headers[] = {{STR("a"), STR("1")}, {STR("bb"), STR("")}},
                      room[BUS_HEADERS_MAX];
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .timestamp_ms = -5, .key = STR("key"), .value = STR("value"),
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
                assert_true(message.value.data + message.value.size <= (const char *)copy + size &&
                            message.header_count <= BUS_HEADERS_MAX);
            free(copy);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_sharing_in_process),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_unknown_version),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_producer_bound),
        cmocka_unit_test(test_mapped_pages),
        cmocka_unit_test(test_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
