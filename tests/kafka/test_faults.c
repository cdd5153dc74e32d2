/* What goes wrong on a real Kafka, and that nothing is lost or doubled by it. */
#include "test.h"

#include <pthread.h>

#include "kafka_copier.h"

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

/* Found by ops/soak (soak 1 in tests/soak/found.md): partitions that were lost while the source
 * was paused, and came back after it had been resumed, were never read again. */
static void test_paused_over_rebalance(void **state)
{
    const char *settings[] = {"bus.membership=dynamic", NULL};
    enum { COUNT = 40 };
    struct rig rig = open_rig(settings);
    struct bus_batch batch;
    int copied = 0;
    (void)state;
    create(rig.bus, TOPIC_FEEDBACK, &four);
    create(rig.bus, TOPIC_DOCUMENTS, &four);
    send_numbers(rig.bus, COUNT);
    struct bus_consumer *a = subscribe(rig.bus, "copy", "copy-0", TOPIC_FEEDBACK);
    int64_t start = now_ms();
    while (bus_backlog(a, NULL, 0) != PARTITIONS && now_ms() - start < WAIT_MS) {
        if (poll_some(a, 1, &batch)) bus_release(a, &batch); /* not committed: it comes again */
        wait_for(a, 20);
    }
    bus_pause(a, true);
    struct bus_consumer *b = subscribe(rig.bus, "copy", "copy-1", TOPIC_FEEDBACK);
    while (bus_backlog(a, NULL, 0) == PARTITIONS && now_ms() - start < WAIT_MS) {
        copied += copy_some(b, 100);
        if (poll_some(a, 1, &batch)) assert_int_equal(batch.count, 0);
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
        uint32_t count = 0;
        if (poll_some(reader, 1000, &batch)) {
            count = batch.count;
            bus_release(reader, &batch);
        }
        read += (int)count;
        if (count == 0) wait_for(reader, 100);
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
        const struct bus_output output = {
            .topic = TOPIC_DOCUMENTS, .key = STR("k"), .value = STR("1"),
            .timestamp_ms = clock_wall_ms(clock_system())};
        struct err err;
        rc = bus_commit(rivals[i / 2 % 2], &output, 1, NULL, 0, &err);
        if (rc == E_OK) good++;
        else if (rc == E_CANCELLED) cancelled++;
        else if (rc != E_FENCED && err_class((enum err_code)rc) != ERR_RETRY)
            fail_msg("%s: %s", err_name((enum err_code)rc), err.text);
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
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = STR("1"),
        .timestamp_ms = clock_wall_ms(clock_system())};
    struct rig rig;
    struct err err = {0};
    struct bus_batch batch;
    struct bus_producer *producer;
    int rc = E_OK, done = 0;
    (void)state;
    must(rig_try("127.0.0.1:1", settings, &rig.config, &rig.bus, &err), &err);
    struct bus_consumer *consumer = subscribe(rig.bus, "absent", "absent-0", TOPIC_FEEDBACK);
    for (int64_t start = now_ms(); rc == E_OK && now_ms() - start < WAIT_MS;
         wait_for(consumer, 100))
        rc = bus_poll(consumer, 10, 1000, &batch, &err);
    assert_int_equal(rc, E_UNAVAILABLE);
    assert_non_null(strstr(err.text, "broker"));
    assert_int_equal(err_class((enum err_code)bus_commit(consumer, &output, 1, NULL, 0, &err)),
                     ERR_RETRY);
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

/* A commit may take ten minutes here: without bus_hasten() it would be the test's own time
 * limit that ends it. */
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
    const char *settings[] = {
        "kafka.session.timeout.ms=2000", "kafka.heartbeat.interval.ms=500", NULL};
    struct rig rig = open_rig(settings);
    (void)state;
    create(rig.bus, TOPIC_FEEDBACK, &four);
    create(rig.bus, TOPIC_DOCUMENTS, &four);
    send_numbers(rig.bus, RECORDS);
    /* each dies after some commits, inside the next one */
    for (int round = 0; round < 3; round++) {
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
        /* the dead keep theirs until their session ends */
        bool has_all = bus_backlog(successor, NULL, 0) == PARTITIONS;
        idle = now == 0 && has_all && backlog(successor) == 0 ? idle + 1 : 0;
    }
    assert_true(copied < RECORDS); /* the dead had done a part */
    bus_unsubscribe(successor);
    check_documents(rig.bus, RECORDS);
    close_rig(&rig);
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "copy") == 0) return copy_for_ever(&argv[1]);
    if (argc == 2) cmocka_set_test_filter(argv[1]); /* e.g. test_killed */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_markers, rig_setup),
        cmocka_unit_test_setup(test_rebalance, rig_setup),
        cmocka_unit_test_setup(test_paused_over_rebalance, rig_setup),
        cmocka_unit_test_setup(test_fenced, rig_setup),
        cmocka_unit_test_setup(test_killed, rig_setup),
        cmocka_unit_test_setup(test_absent_broker, rig_setup),
        cmocka_unit_test_setup(test_hastened, rig_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
