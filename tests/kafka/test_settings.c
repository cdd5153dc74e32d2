/* What a real Kafka is told, and what we are: settings of topics, limits of size, a reader's
 * patience, properties of [kafka]. */
#include "test.h"

#include <librdkafka/rdkafka.h>

#include "kafka_copier.h"

/* What the broker says of a topic's setting; empty where it hasn't heard of the topic yet. */
static void ask_setting(const char *topic, const char *name, char out[static 64])
{
    char text[256];
    size_t count;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rig_bootstrap(), text, sizeof text);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DescribeConfigs(client, &resource, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    const rd_kafka_ConfigResource_t **answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    assert_int_equal(count, 1);
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(answers[0], &count);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
            snprintf(out, 64, "%s", rd_kafka_ConfigEntry_value(entries[i]));
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_destroy(client);
}

static void topic_setting(const char *topic, const char *name, char out[static 64])
{
    int64_t start = now_ms();
    do ask_setting(topic, name, out);
    while (!out[0] && now_ms() - start < WAIT_MS);
}

static void test_topic_settings(void **state)
{
    static const struct { const char *why, *name, *value; } cases[] = {
        {"the age at which messages go", "retention.ms", "3600000"},
        {"the size at which they go", "retention.bytes", "1000000"},
        {"they go, and aren't compacted", "cleanup.policy", "delete"},
        {"what we may send fits", "max.message.bytes", "4325376"},
    };
    const struct bus_topic_settings settings = {
        .partitions = 5, .replication = 1, .retention_ms = 3600000, .retention_bytes = 1000000};
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
    const char *generous[] = {"kafka.message.max.bytes=400000", NULL},
               *mean[] = {"kafka.message.max.bytes=2000", NULL};
    char *value = calloc(1, SIZE);
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = {value, SIZE},
        .timestamp_ms = clock_wall_ms(clock_system())};
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
    const struct bus_output two[] = {
        {.topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("small"),
         .timestamp_ms = clock_wall_ms(clock_system())}, output};
    struct bus_consumer *consumer = subscribe(rig.bus, "large", "large-0", TOPIC_FEEDBACK);
    assert_int_equal(bus_commit(consumer, two, 2, NULL, 0, &err), E_TOO_LARGE);
    must(bus_commit(consumer, two, 1, NULL, 0, &err), &err); /* the same producer goes on */
    bus_unsubscribe(consumer);
    must(bus_topic_describe(rig.bus, TOPIC_FEEDBACK, &topic, &err), &err);
    assert_true(topic.records > 0);
    close_rig(&rig);
    free(value);
}

/* Messages of 1 KiB, more than this topic takes at once. */
static void test_large_batch(void **state)
{
    enum { COUNT = 3000, SIZE = 1024 };
    const char *modest[] = {"kafka.message.max.bytes=1200000", NULL};
    static char value[SIZE];
    static struct bus_output outputs[COUNT];
    struct bus_topic_state topic;
    struct err err;
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = {value, SIZE},
            .timestamp_ms = clock_wall_ms(clock_system())};
    struct rig rig = open_rig(modest);
    create(rig.bus, TOPIC_FEEDBACK, &four);
    close_rig(&rig);
    rig = open_rig(NULL);
    struct bus_consumer *consumer = subscribe(rig.bus, "batch", "batch-0", TOPIC_FEEDBACK);
    CASE("a batch that its topic refuses is none of its messages' fault: it is tried again");
    assert_int_equal(bus_commit(consumer, outputs, COUNT, NULL, 0, &err), E_UNAVAILABLE);
    CASE("in smaller ones, then and later");
    must(bus_commit(consumer, outputs, COUNT, NULL, 0, &err), &err);
    must(bus_commit(consumer, outputs, COUNT, NULL, 0, &err), &err);
    bus_unsubscribe(consumer);
    must(bus_topic_describe(rig.bus, TOPIC_FEEDBACK, &topic, &err), &err);
    assert_in_range(topic.records, 2 * COUNT, 2 * COUNT + 8); /* markers count */
    close_rig(&rig);
}

/* What it logs while it joins: until it speaks of a limit, for so long. */
static void start_log(struct rig *rig, int64_t most_ms, char *out, size_t size)
{
    char file[] = "/tmp/verbatim-log-XXXXXX";
    int log = mkstemp(file), screen = dup(STDERR_FILENO);
    fflush(stderr);
    assert_true(log >= 0 && screen >= 0 && dup2(log, STDERR_FILENO) >= 0);
    struct bus_consumer *consumer = subscribe(rig->bus, NULL, "limits", TOPIC_FEEDBACK);
    size_t length = 0;
    for (int64_t start = now_ms();
         !(strstr(out, "max.message.bytes") && out[length - 1] == '\n') &&
         now_ms() - start < most_ms;
         wait_for(consumer, 100)) {
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
    enum { QUIET_MS = 5000 };
    const char *modest[] = {"kafka.message.max.bytes=100000", NULL};
    char log[4096] = "", name[128];
    (void)state;
    struct rig rig = open_rig(modest);
    create(rig.bus, TOPIC_FEEDBACK, &four); /* takes what this bus may send, and no more */
    CASE("the topic takes what we may send: nothing is said");
    start_log(&rig, QUIET_MS, log, sizeof log);
    assert_null(strstr(log, "max.message.bytes"));
    close_rig(&rig);
    rig = open_rig(NULL);
    CASE("it takes less: it is named, with both limits");
    start_log(&rig, WAIT_MS, log, sizeof log);
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
        {"so does one of a topic", "kafka.compression.codec=lz4", E_OK, NULL, NULL},
        {"a message has no time of its own", "kafka.message.timeout.ms=4000", E_BAD_CONFIG,
         "bus.commit_timeout", NULL},
        {"an unknown one names the nearest", "kafka.compresion.type=lz4", E_BAD_CONFIG,
         "kafka.compression.type", NULL},
        {"so does one without a default", "kafka.sasl.pasword=hunter2", E_BAD_CONFIG,
         "kafka.sasl.password", "hunter2"},
        {"a bad value is refused", "kafka.linger.ms=soon", E_BAD_CONFIG, "linger.ms", NULL},
        {"what exactly-once rests on can't be changed", "kafka.isolation.level=read_uncommitted",
         E_BAD_CONFIG, "read_committed", NULL},
        {"the group has its own option", "kafka.group.id=mine", E_BAD_CONFIG, "runtime.group",
         NULL},
        {"a secret passes", "kafka.sasl.password=hunter2", E_OK, NULL, NULL},
        {"a secret can be in a file", by_file, E_OK, NULL, NULL},
        {"which must be there", "kafka.sasl.password_file=/nowhere/at/all", E_BAD_CONFIG,
         "/nowhere/at/all", NULL},
        {"brokers must be named", "kafka.bootstrap.servers=", E_BAD_CONFIG, "bootstrap.servers",
         NULL},
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

/* All comes, in order, and much of it at once: in no more portions than its patience has room
 * for. */
static void test_patient(void **state)
{
    enum { COUNT = 20, PATIENT_MS = 500 };
    const enum topic topic = TOPIC_FEEDBACK;
    const struct bus_subscription subscription = {
        .member = "patient", .topics = &topic, .topic_count = 1, .patient_ms = PATIENT_MS};
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("small"),
        .timestamp_ms = clock_wall_ms(clock_system())};
    struct rig rig = open_rig(NULL);
    struct bus_consumer *reader;
    struct err err;
    (void)state;
    create(rig.bus, TOPIC_FEEDBACK, &(struct bus_topic_settings){.partitions = 1});
    must(bus_subscribe(rig.bus, &subscription, &reader, &err), &err);
    int64_t start = now_ms(), next = 0, portions = 0;
    for (int i = 0; next < COUNT && now_ms() - start < WAIT_MS; i++) {
        struct pollfd waiter = {.fd = bus_wake_fd(reader), .events = POLLIN};
        struct bus_batch batch = {0};
        if (i < COUNT) assert_int_equal(produce(rig.bus, &output, 1), E_OK);
        else poll(&waiter, 1, 50);
        if (!poll_some(reader, COUNT, &batch)) continue;
        portions += batch.count > 0;
        for (uint32_t j = 0; j < batch.count; j++)
            assert_int_equal(batch.messages[j].offset, next++);
        bus_release(reader, &batch);
    }
    assert_int_equal(next, COUNT);
    assert_true(portions <= (now_ms() - start) / PATIENT_MS + 2);
    bus_unsubscribe(reader);
    close_rig(&rig);
}

int main(int argc, char **argv)
{
    if (argc == 2) cmocka_set_test_filter(argv[1]); /* e.g. test_properties */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_properties, rig_setup),
        cmocka_unit_test_setup(test_topic_settings, rig_setup),
        cmocka_unit_test_setup(test_too_large, rig_setup),
        cmocka_unit_test_setup(test_large_batch, rig_setup),
        cmocka_unit_test_setup(test_small_topic, rig_setup),
        cmocka_unit_test_setup(test_patient, rig_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
