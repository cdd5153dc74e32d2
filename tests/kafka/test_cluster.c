/* Three brokers (acks=all, min.insync.replicas 2) that die and return under load: no receipt is
 * false, and what was copied meanwhile is there once.
 *
 * A door posts one number after the other, each until it has a receipt, as callers do;
 * two processes copy them exactly once. What was posted without a receipt may be there or not: so
 * a number that was posted again may be there as often as it was posted (preprocess drops what it
 * knows by its id). Any other is there once, and each copy is one copy. */
#include "kafka_copier.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

enum { BROKERS = 3, NUMBERS_MAX = 1000000, AT_ONCE = 50, SOME = 300 };

static const char *const settings[] = {"bus.commit_timeout=5s", "kafka.session.timeout.ms=4000",
                                       "kafka.heartbeat.interval.ms=500", NULL};
static const struct bus_topic_settings replicated = {
    .partitions = PARTITIONS, .replication = BROKERS};

struct door {
    struct bus *bus;
    pthread_t thread;
    atomic_bool stops;
    atomic_int posted, receipts, refused;
    char (*texts)[16];
    uint8_t *has_receipt, *unsure; /* by number; unsure: posts that came back without one */
};

struct post {
    struct door *door;
    int number;
    bool done, again;
};

static void on_posted(void *user, const struct err *err)
{
    struct post *post = user;
    post->done = true;
    if (err) {
        assert_int_equal(err_class(err->code), ERR_RETRY); /* what becomes 503 */
        post->door->refused++;
        post->again = true;
        if (post->door->unsure[post->number] < UINT8_MAX) post->door->unsure[post->number]++;
        return;
    }
    post->door->has_receipt[post->number] = 1;
    post->door->receipts++;
}

static void *door_main(void *user)
{
    struct door *door = user;
    struct bus_producer *producer;
    struct post posts[AT_ONCE] = {0};
    struct err err;
    must(bus_producer_open(door->bus, "door", &producer, &err), &err);
    for (int i = 0; i < AT_ONCE; i++) posts[i] = (struct post){.door = door, .done = true};
    while (!atomic_load(&door->stops)) {
        for (int i = 0; i < AT_ONCE && door->posted < NUMBERS_MAX; i++) {
            if (!posts[i].done) continue;
            int number = posts[i].again ? posts[i].number : door->posted++;
            snprintf(door->texts[number], sizeof door->texts[number], "%d", number);
            struct str text = str_of(door->texts[number]);
            const struct bus_output output = {
                .topic = TOPIC_FEEDBACK, .key = text, .value = text,
                .timestamp_ms = clock_wall_ms(clock_system())};
            posts[i].number = number;
            posts[i].done = posts[i].again = false;
            /* nothing was taken */
            if (bus_produce(producer, &output, 1, on_posted, &posts[i], &err)) {
                posts[i].done = posts[i].again = true;
                door->refused++;
            }
        }
        struct pollfd waiter = {.fd = bus_producer_wake_fd(producer), .events = POLLIN};
        poll(&waiter, 1, 20);
        bus_producer_poll(producer);
        usleep(5000); /* a door of some thousands a second, not of all that the machine can do */
    }
    must(bus_producer_flush(producer, WAIT_MS, &err), &err);
    bus_producer_close(producer);
    return NULL;
}

static void broker(const char *verb, int number)
{
    char line[512];
    snprintf(line, sizeof line, "%s %s %s %d", getenv("KAFKA_SH"), verb, getenv("KAFKA_DIR"),
             number);
    int64_t start = now_ms();
    assert_int_equal(system(line), 0);
    print_message("  %s broker %d (%lld ms)\n", verb, number, (long long)(now_ms() - start));
}

/* Until so many more receipts have been given. */
static void await_receipts(struct door *door, int more)
{
    int wanted = door->receipts + more;
    for (int64_t start = now_ms(); door->receipts < wanted && now_ms() - start < WAIT_MS;)
        usleep(10000);
    assert_true(door->receipts >= wanted);
}

static void await_copies(const int *reports, int commits)
{
    char byte;
    for (int i = 0; i < commits; i++) assert_int_equal(read(reports[0], &byte, 1), 1);
}

static int leader_of(const char *topic)
{
    const struct rd_kafka_metadata *metadata;
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rig_bootstrap(), text, sizeof text);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    snprintf(text, sizeof text, "%s%s", rig_prefix, topic);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, text, NULL);
    assert_int_equal(rd_kafka_metadata(client, 0, handle, &metadata, WAIT_MS), 0);
    int leader = metadata->topics[0].partitions[0].leader;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    rd_kafka_destroy(client);
    assert_in_range(leader, 1, BROKERS);
    return leader;
}

/* A broker that answers may not have joined yet. */
static void create_replicated(struct bus *bus, enum topic topic)
{
    struct err err;
    bool created;
    int rc;
    for (int64_t start = now_ms();
         (rc = bus_topic_create(bus, topic, &replicated, &created, &err)) != E_OK &&
         now_ms() - start < WAIT_MS;)
        usleep(100000);
    must(rc, &err);
}

static void leader_killed(struct door *door)
{
    int leader = leader_of("feedback");
    CASE("a leader is killed by kill -9");
    broker("kill", leader);
    await_receipts(door, SOME);
    broker("restart", leader);
    await_receipts(door, SOME);
}

static void rolling_restart(struct door *door)
{
    CASE("all are restarted, one after the other");
    for (int i = 1; i <= BROKERS; i++) {
        broker("stop", i);
        await_receipts(door, SOME);
        broker("restart", i);
        await_receipts(door, SOME);
    }
}

/* One of three can't keep anything that two must hold. */
static void two_killed(struct door *door)
{
    int refused = door->refused;
    CASE("two are killed: what they didn't acknowledge is refused");
    broker("kill", 1);
    broker("kill", 2);
    for (int64_t start = now_ms();
         door->refused < refused + 2 * AT_ONCE && now_ms() - start < WAIT_MS;)
        usleep(10000);
    assert_true(door->refused >= refused + 2 * AT_ONCE);
    broker("restart", 1);
    broker("restart", 2);
    await_receipts(door, SOME);
}

static void judge(struct door *door)
{
    uint8_t *feedback = calloc(NUMBERS_MAX, 1), *documents = calloc(NUMBERS_MAX, 1);
    int there = count_numbers(door->bus, TOPIC_FEEDBACK, feedback, door->posted, door->receipts);
    int copied = count_numbers(door->bus, TOPIC_DOCUMENTS, documents, door->posted, there);
    print_message("  %d posted, %d receipts, %d refused; %d there, %d copied\n", door->posted,
                  door->receipts, door->refused, there, copied);
    int doubled = 0;
    for (int i = 0; i < door->posted; i++) {
        int posts = door->unsure[i] + door->has_receipt[i];
        if (feedback[i] > posts || (door->has_receipt[i] && !feedback[i]))
            fail_msg("number %d is there %u times, posted %d times, receipt %d", i, feedback[i],
                     posts, door->has_receipt[i]);
        doubled += feedback[i] > 1;
        if (documents[i] != feedback[i])
            fail_msg("number %d is there %u times, and copied %u times", i, feedback[i],
                     documents[i]);
    }
    print_message("  %d are there again, as they were posted again\n", doubled);
    free(feedback);
    free(documents);
}

static void test_cluster(void **state)
{
    struct rig rig;
    struct door door = {
        .texts = calloc(NUMBERS_MAX, sizeof *door.texts), .has_receipt = calloc(NUMBERS_MAX, 1),
        .unsure = calloc(NUMBERS_MAX, 1)};
    pid_t copiers[2];
    int reports[2];
    (void)state;
    rig_new_prefix();
    rig = open_rig(settings);
    create_replicated(rig.bus, TOPIC_FEEDBACK);
    create_replicated(rig.bus, TOPIC_DOCUMENTS);
    door.bus = rig.bus;
    for (int i = 0; i < 2; i++)
        copiers[i] = start_child(i ? "copy-1" : "copy-0", settings, &reports[i]);
    assert_int_equal(pthread_create(&door.thread, NULL, door_main, &door), 0);
    await_receipts(&door, SOME);
    await_copies(reports, 3);
    leader_killed(&door);
    rolling_restart(&door);
    two_killed(&door);
    atomic_store(&door.stops, true);
    pthread_join(door.thread, NULL);
    for (int i = 0; i < 2; i++) kill_child(copiers[i], reports[i], 0);
    struct bus_consumer *last = subscribe(rig.bus, "copy", "copy-0", TOPIC_FEEDBACK);
    int64_t start = now_ms();
    do
        if (copy_some(last, 500) == 0) wait_for(last, 20);
    while ((bus_backlog(last, NULL, 0) < PARTITIONS || backlog(last) > 0) &&
           now_ms() - start < 2 * WAIT_MS);
    bus_unsubscribe(last);
    judge(&door);
    free(door.texts);
    free(door.has_receipt);
    free(door.unsure);
    close_rig(&rig);
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "copy") == 0) return copy_for_ever(&argv[1]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cluster)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
