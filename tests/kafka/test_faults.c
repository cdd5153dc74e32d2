/* What goes wrong on a real Kafka, and that nothing is lost or doubled by it. */
#include "test.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "kafka_copier.h"

/* --- cases ---------------------------------------------------------------------------------------- */

/* a alone; then b joins in the middle; then a leaves before the end. */
static void test_rebalance(void **state)
{
    const char *settings[] = {"bus.membership=dynamic", NULL};
    struct rig rig = open_rig(settings);
    int copied = 0;
    (void)state;
    create(rig.bus, TOPIC_FEEDBACK, &four);
    create(rig.bus, TOPIC_DOCUMENTS, &four);
    send_numbers(rig.bus, RECORDS);
    struct bus_consumer *a = subscribe(rig.bus, "copy", "copy-0", TOPIC_FEEDBACK), *b = NULL;
    int64_t start = now_ms();
    while (copied < RECORDS && now_ms() - start < WAIT_MS) {
        int by_a = a ? copy_some(a, 100) : 0, by_b = b ? copy_some(b, 100) : 0;
        copied += by_a + by_b;
        if (copied > RECORDS / 6 && !b) b = subscribe(rig.bus, "copy", "copy-1", TOPIC_FEEDBACK);
        if (copied > RECORDS * 5 / 6 && a && by_b) {
            bus_unsubscribe(a);
            a = NULL;
        }
        if (by_a + by_b == 0) wait_for(a ? a : b, 20);
    }
    assert_int_equal(copied, RECORDS);
    bus_unsubscribe(a);
    bus_unsubscribe(b);
    check_documents(rig.bus, RECORDS);
    close_rig(&rig);
}

/* Found by ops/soak (soak 1 in tests/soak/README.md): partitions that were lost while the source was paused, and came
 * back after it had been resumed, were never read again. */
static void test_paused_over_rebalance(void **state)
{
    const char *settings[] = {"bus.membership=dynamic", NULL};
    enum { COUNT = 40 };
    struct rig rig = open_rig(settings);
    struct bus_batch batch;
    struct err err;
    int copied = 0;
    (void)state;
    create(rig.bus, TOPIC_FEEDBACK, &four);
    create(rig.bus, TOPIC_DOCUMENTS, &four);
    send_numbers(rig.bus, COUNT);
    struct bus_consumer *a = subscribe(rig.bus, "copy", "copy-0", TOPIC_FEEDBACK);
    int64_t start = now_ms();
    while (bus_backlog(a, NULL, 0) != PARTITIONS && now_ms() - start < WAIT_MS) {
        must(bus_poll(a, 1, 1000, &batch, &err), &err); /* not committed: it comes again */
        bus_release(a, &batch);
        wait_for(a, 20);
    }
    bus_pause(a, true);
    struct bus_consumer *b = subscribe(rig.bus, "copy", "copy-1", TOPIC_FEEDBACK);
    while (bus_backlog(a, NULL, 0) == PARTITIONS && now_ms() - start < WAIT_MS) {
        copied += copy_some(b, 100);
        must(bus_poll(a, 1, 1000, &batch, &err), &err);
        assert_int_equal(batch.count, 0);
        wait_for(a, 20);
    }
    bus_pause(a, false);
    bus_unsubscribe(b);
    for (start = now_ms(); copied < COUNT && now_ms() - start < WAIT_MS;) {
        int now = copy_some(a, 100);
        if (now == 0) wait_for(a, 20);
        copied += now;
    }
    assert_int_equal(copied, COUNT);
    bus_unsubscribe(a);
    check_documents(rig.bus, COUNT);
    close_rig(&rig);
}

/* Markers of transactions are no backlog. */
static void test_markers(void **state)
{
    struct rig rig = open_rig(NULL);
    (void)state;
    create(rig.bus, TOPIC_FEEDBACK, &four);
    create(rig.bus, TOPIC_DOCUMENTS, &four);
    send_numbers(rig.bus, 200);
    struct bus_consumer *copier = subscribe(rig.bus, "copy", "copy-0", TOPIC_FEEDBACK);
    struct bus_consumer *reader = subscribe(rig.bus, "read", "read-0", TOPIC_DOCUMENTS);
    int64_t start = now_ms();
    for (int copied = 0; copied < 200 && now_ms() - start < WAIT_MS;) {
        int now = copy_some(copier, 20);
        if (now == 0) wait_for(copier, 20);
        copied += now;
    }
    int read = 0;
    while ((read < 200 || backlog(reader) > 0) && now_ms() - start < WAIT_MS) {
        struct bus_batch batch;
        struct err err;
        must(bus_poll(reader, 1000, 1 << 20, &batch, &err), &err);
        read += (int)batch.count;
        if (batch.count == 0) wait_for(reader, 100);
        bus_release(reader, &batch);
    }
    assert_int_equal(read, 200);
    assert_int_equal(backlog(reader), 0);
    bus_unsubscribe(copier);
    bus_unsubscribe(reader);
    close_rig(&rig);
}

/* Two with one name: each takes over from the other a few times, and then one has to go. */
static void test_fenced(void **state)
{
    struct rig rig = open_rig(NULL);
    struct bus_consumer *rivals[2];
    int rc = E_OK, good = 0, cancelled = 0;
    (void)state;
    create(rig.bus, TOPIC_FEEDBACK, &four);
    create(rig.bus, TOPIC_DOCUMENTS, &four);
    for (int i = 0; i < 2; i++) rivals[i] = subscribe(rig.bus, "copy", "copy-0", TOPIC_FEEDBACK);
    for (int i = 0; i < 40 && rc != E_FENCED; i++) {
        const struct bus_output output = {.topic = TOPIC_DOCUMENTS, .key = STR("k"), .value = STR("1"), .timestamp_ms = clock_wall_ms(clock_system())};
        struct err err;
        rc = bus_commit(rivals[i / 2 % 2], &output, 1, NULL, 0, &err);
        if (rc == E_OK) good++;
        else if (rc == E_CANCELLED) cancelled++;
        else if (rc != E_FENCED && err_class((enum err_code)rc) != ERR_RETRY) fail_msg("%s: %s", err_name((enum err_code)rc), err.text);
    }
    assert_int_equal(rc, E_FENCED);
    assert_true(good >= 2 && cancelled >= 2);
    for (int i = 0; i < 2; i++) bus_unsubscribe(rivals[i]);
    close_rig(&rig);
}

/* Port 1 is nobody's. Everything says so in time, nothing hangs or crashes. */
static void test_absent_broker(void **state)
{
    const char *settings[] = {"bus.commit_timeout=1s", NULL};
    const struct bus_output output = {.topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("1"), .timestamp_ms = clock_wall_ms(clock_system())};
    struct rig rig;
    struct err err = {0};
    struct bus_batch batch;
    struct bus_producer *producer;
    int rc = E_OK, done = 0;
    (void)state;
    must(rig_try("127.0.0.1:1", settings, &rig.config, &rig.bus, &err), &err);
    struct bus_consumer *consumer = subscribe(rig.bus, "absent", "absent-0", TOPIC_FEEDBACK);
    for (int64_t start = now_ms(); rc == E_OK && now_ms() - start < WAIT_MS; wait_for(consumer, 100)) rc = bus_poll(consumer, 10, 1000, &batch, &err);
    assert_int_equal(rc, E_UNAVAILABLE);
    assert_non_null(strstr(err.text, "broker"));
    assert_int_equal(err_class((enum err_code)bus_commit(consumer, &output, 1, NULL, 0, &err)), ERR_RETRY);
    must(bus_producer_open(rig.bus, "door", &producer, &err), &err);
    must(bus_produce(producer, &output, 1, on_done, &done, &err), &err);
    must(bus_producer_flush(producer, WAIT_MS, &err), &err);
    assert_int_equal(err_class((enum err_code)done), ERR_RETRY);
    bus_producer_close(producer);
    bus_unsubscribe(consumer);
    close_rig(&rig);
}

static void *commit_main(void *argument)
{
    const struct bus_output output = {.topic = TOPIC_FEEDBACK,
                                      .key = STR("k"),
                                      .value = STR("1"),
                                      .timestamp_ms = clock_wall_ms(clock_system())};
    static struct err err;
    int rc = bus_commit(argument, &output, 1, NULL, 0, &err);
    return (void *)(intptr_t)err_class((enum err_code)rc);
}

/* A commit may take ten minutes here: without bus_hasten() it would be the test's own time limit that
 * ends it. */
static void test_hastened(void **state)
{
    const char *settings[] = {"bus.commit_timeout=10m", NULL};
    struct rig rig;
    struct err err = {0};
    pthread_t committer;
    void *class;
    (void)state;
    must(rig_try("127.0.0.1:1", settings, &rig.config, &rig.bus, &err), &err);
    struct bus_consumer *consumer = subscribe(rig.bus, "hasty", "hasty-0", TOPIC_FEEDBACK);
    assert_int_equal(pthread_create(&committer, NULL, commit_main, consumer), 0);
    bus_hasten(consumer);
    assert_int_equal(pthread_join(committer, &class), 0);
    assert_int_equal((intptr_t)class, ERR_RETRY);
    class = commit_main(consumer); /* and so does one that begins later */
    assert_int_equal((intptr_t)class, ERR_RETRY);
    bus_unsubscribe(consumer);
    close_rig(&rig);
}

static void test_killed(void **state)
{
    const char *settings[] = {"kafka.session.timeout.ms=2000", "kafka.heartbeat.interval.ms=500", NULL};
    struct rig rig = open_rig(settings);
    (void)state;
    create(rig.bus, TOPIC_FEEDBACK, &four);
    create(rig.bus, TOPIC_DOCUMENTS, &four);
    send_numbers(rig.bus, RECORDS);
    for (int round = 0; round < 3; round++) { /* each dies after some commits, inside the next one */
        int report;
        pid_t child = start_child("copy-0", settings, &report);
        kill_child(child, report, 5 + round);
    }
    struct bus_consumer *successor = subscribe(rig.bus, "copy", "copy-0", TOPIC_FEEDBACK);
    int copied = 0, idle = 0;
    for (int64_t start = now_ms(); idle < 5 && now_ms() - start < WAIT_MS;) {
        int now = copy_some(successor, 500);
        copied += now;
        if (now == 0) wait_for(successor, 100);
        bool has_all = bus_backlog(successor, NULL, 0) == PARTITIONS; /* the dead keep theirs until their session ends */
        idle = now == 0 && has_all && backlog(successor) == 0 ? idle + 1 : 0;
    }
    assert_true(copied < RECORDS); /* the dead had done a part */
    bus_unsubscribe(successor);
    check_documents(rig.bus, RECORDS);
    close_rig(&rig);
}

/* What the broker says of a topic's setting. */
static void topic_setting(const char *topic, const char *name, char out[static 64])
{
    char text[256];
    size_t count;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rig_bootstrap(), text, sizeof text);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DescribeConfigs(client, &resource, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    const rd_kafka_ConfigResource_t **answers = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
    assert_int_equal(count, 1);
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(answers[0], &count);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0) snprintf(out, 64, "%s", rd_kafka_ConfigEntry_value(entries[i]));
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_destroy(client);
}

static void test_topic_settings(void **state)
{
    static const struct { const char *why, *name, *value; } cases[] = {
        {"the age at which messages go", "retention.ms", "3600000"},
        {"the size at which they go", "retention.bytes", "1000000"},
        {"they go, and aren't compacted", "cleanup.policy", "delete"},
        {"what we may send fits", "max.message.bytes", "4325376"},
    };
    const struct bus_topic_settings settings = {.partitions = 5, .replication = 1, .retention_ms = 3600000, .retention_bytes = 1000000};
    struct rig rig = open_rig(NULL);
    struct bus_topic_state found;
    struct err err;
    char topic[128], value[64];
    (void)state;
    create(rig.bus, TOPIC_AUDIT, &settings);
    must(bus_topic_describe(rig.bus, TOPIC_AUDIT, &found, &err), &err);
    assert_int_equal(found.partitions, 5);
    snprintf(topic, sizeof topic, "%saudit", rig_prefix);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        topic_setting(topic, cases[i].name, value);
        assert_string_equal(value, cases[i].value);
    }
    CASE("what is bought is compacted, but whole for two days");
    create(rig.bus, TOPIC_ANSWERS, &settings);
    snprintf(topic, sizeof topic, "%sanswers", rig_prefix);
    topic_setting(topic, "cleanup.policy", value);
    assert_non_null(strstr(value, "compact"));
    assert_non_null(strstr(value, "delete"));
    topic_setting(topic, "min.compaction.lag.ms", value);
    assert_string_equal(value, "172800000");
    close_rig(&rig);
}

static void test_too_large(void **state)
{
    enum { SIZE = 200 * 1024 };
    const char *generous[] = {"kafka.message.max.bytes=400000", NULL}, *mean[] = {"kafka.message.max.bytes=2000", NULL};
    char *value = calloc(1, SIZE);
    const struct bus_output output = {.topic = TOPIC_FEEDBACK, .key = STR("k"), .value = {value, SIZE}, .timestamp_ms = clock_wall_ms(clock_system())};
    struct bus_topic_state topic;
    struct err err;
    (void)state;
    struct rig rig = open_rig(mean); /* the topic takes 67,536 bytes then */
    struct bus_producer *producer;
    create(rig.bus, TOPIC_FEEDBACK, &four);
    must(bus_producer_open(rig.bus, "door", &producer, &err), &err);
    CASE("our own limit is known before anything is sent");
    assert_int_equal(bus_produce(producer, &output, 1, NULL, NULL, &err), E_TOO_LARGE);
    bus_producer_close(producer);
    close_rig(&rig);

    rig = open_rig(generous);
    CASE("the broker's limit is reported to the door");
    assert_int_equal(produce(rig.bus, &output, 1), E_TOO_LARGE);
    CASE("and aborts the transaction");
    const struct bus_output two[] = {{.topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("small"), .timestamp_ms = clock_wall_ms(clock_system())}, output};
    struct bus_consumer *consumer = subscribe(rig.bus, "large", "large-0", TOPIC_FEEDBACK);
    assert_int_equal(bus_commit(consumer, two, 2, NULL, 0, &err), E_TOO_LARGE);
    must(bus_commit(consumer, two, 1, NULL, 0, &err), &err); /* the same producer goes on */
    bus_unsubscribe(consumer);
    must(bus_topic_describe(rig.bus, TOPIC_FEEDBACK, &topic, &err), &err);
    assert_true(topic.records > 0);
    close_rig(&rig);
    free(value);
}

/* What it logs while it joins, until it has been looked at. */
static void start_log(struct rig *rig, char *out, size_t size)
{
    char file[] = "/tmp/verbatim-log-XXXXXX";
    int log = mkstemp(file), screen = dup(STDERR_FILENO);
    fflush(stderr);
    assert_true(log >= 0 && screen >= 0 && dup2(log, STDERR_FILENO) >= 0);
    struct bus_consumer *consumer = subscribe(rig->bus, NULL, "limits", TOPIC_FEEDBACK);
    size_t length = 0;
    for (int64_t start = now_ms(); !memchr(out, '\n', length) && now_ms() - start < 5000; wait_for(consumer, 100)) {
        ssize_t count = pread(log, out, size - 1, 0);
        length = count > 0 ? (size_t)count : 0;
        out[length] = '\0';
    }
    bus_unsubscribe(consumer);
    dup2(screen, STDERR_FILENO);
    close(screen);
    close(log);
    unlink(file);
}

/* Told at the start, not when the first large record comes. */
static void test_small_topic(void **state)
{
    const char *modest[] = {"kafka.message.max.bytes=100000", NULL};
    char log[4096] = "", name[128];
    (void)state;
    struct rig rig = open_rig(modest);
    create(rig.bus, TOPIC_FEEDBACK, &four); /* takes what this bus may send, and no more */
    CASE("the topic takes what we may send: nothing is said");
    start_log(&rig, log, sizeof log);
    assert_null(strstr(log, "max.message.bytes"));
    close_rig(&rig);
    rig = open_rig(NULL);
    CASE("it takes less: it is named, with both limits");
    start_log(&rig, log, sizeof log);
    snprintf(name, sizeof name, "%sfeedback", rig_prefix);
    assert_non_null(strstr(log, name));
    assert_non_null(strstr(log, "max.message.bytes=\"165536\""));
    assert_non_null(strstr(log, "kafka.message.max.bytes=\"4259840\""));
    close_rig(&rig);
}

static void test_properties(void **state)
{
    char file[] = "/tmp/verbatim-secret-XXXXXX", by_file[128];
    int fd = mkstemp(file);
    assert_true(fd >= 0 && write(fd, "hunter2\n", 8) == 8);
    close(fd);
    snprintf(by_file, sizeof by_file, "kafka.sasl.password_file=%s", file);
    const struct { const char *why, *setting; int rc; const char *says, *hides; } cases[] = {
        {"a property of librdkafka's passes", "kafka.compression.type=lz4", E_OK, NULL, NULL},
        {"so does one of a topic", "kafka.message.timeout.ms=4000", E_OK, NULL, NULL},
        {"an unknown one names the nearest", "kafka.compresion.type=lz4", E_BAD_CONFIG, "kafka.compression.type", NULL},
        {"so does one without a default", "kafka.sasl.pasword=hunter2", E_BAD_CONFIG, "kafka.sasl.password", "hunter2"},
        {"a bad value is refused", "kafka.linger.ms=soon", E_BAD_CONFIG, "linger.ms", NULL},
        {"what exactly-once rests on can't be changed", "kafka.isolation.level=read_uncommitted", E_BAD_CONFIG, "read_committed", NULL},
        {"the group has its own option", "kafka.group.id=mine", E_BAD_CONFIG, "runtime.group", NULL},
        {"a secret passes", "kafka.sasl.password=hunter2", E_OK, NULL, NULL},
        {"a secret can be in a file", by_file, E_OK, NULL, NULL},
        {"which must be there", "kafka.sasl.password_file=/nowhere/at/all", E_BAD_CONFIG, "/nowhere/at/all", NULL},
        {"brokers must be named", "kafka.bootstrap.servers=", E_BAD_CONFIG, "bootstrap.servers", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *settings[] = {cases[i].setting, NULL};
        struct rig rig;
        struct err err = {0};
        CASE(cases[i].why);
        int rc = rig_try(rig_bootstrap(), settings, &rig.config, &rig.bus, &err);
        assert_int_equal(rc, cases[i].rc);
        if (cases[i].says) assert_non_null(strstr(err.text, cases[i].says));
        if (cases[i].hides) assert_null(strstr(err.text, cases[i].hides));
        if (rc == E_OK) assert_null(strstr(bus_description(rig.bus), "hunter2"));
        if (rc == E_OK) assert_non_null(strstr(bus_description(rig.bus), rd_kafka_version_str()));
        if (rc == E_OK) close_rig(&rig);
    }
    assert_int_equal(err_exit_status(E_BAD_CONFIG), 78);
    unlink(file);
}

static int new_prefix(void **state)
{
    (void)state;
    rig_new_prefix();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "copy") == 0) return copy_for_ever(&argv[1]);
    if (argc == 2) cmocka_set_test_filter(argv[1]); /* e.g. test_killed */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_properties, new_prefix),
        cmocka_unit_test_setup(test_topic_settings, new_prefix),
        cmocka_unit_test_setup(test_too_large, new_prefix),
        cmocka_unit_test_setup(test_small_topic, new_prefix),
        cmocka_unit_test_setup(test_markers, new_prefix),
        cmocka_unit_test_setup(test_rebalance, new_prefix),
        cmocka_unit_test_setup(test_paused_over_rebalance, new_prefix),
        cmocka_unit_test_setup(test_fenced, new_prefix),
        cmocka_unit_test_setup(test_killed, new_prefix),
        cmocka_unit_test_setup(test_absent_broker, new_prefix),
        cmocka_unit_test_setup(test_hastened, new_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
