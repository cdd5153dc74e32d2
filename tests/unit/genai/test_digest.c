/* Digests: every insight is in exactly one, whoever makes them and whoever is stopped. Replicas run
 * on threads of this process; windows are of one second. On the embedded bus, or on the Kafka at
 * KAFKA_BOOTSTRAP (tests/kafka). */
#include "genai_bench.h"

#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "replica.h"
#include "own_folder.h"

enum { WAIT_MS = 240000, PARTITIONS = 4, SAY_MOST = 500 };


struct rig {
    struct config *config;
    struct bus *bus;
    struct bus_producer *producer;
    struct bus_consumer *insights;
    struct arena arena;
    /* sums of all digests: records, events, records of the shared need */
    uint64_t told, windows, needed;
    int64_t until_ms, next[PARTITIONS]; /* of the last one */
    uint32_t said;
};

/* Each rig's topics have a prefix of their own: the last part of its folder's name. */
static void use_kafka(struct config *config)
{
    char servers[300], prefix[128];
    struct err err;
    snprintf(servers, sizeof servers, "kafka.bootstrap.servers=%s", getenv("KAFKA_BOOTSTRAP"));
    snprintf(prefix, sizeof prefix, "bus.topic_prefix=%s.", strrchr(own_folder, '-') + 1);
    must(config_set(config, STR("bus.kind=kafka"), "test", &err), &err);
    must(config_set(config, str_of(servers), "test", &err), &err);
    must(config_set(config, str_of(prefix), "test", &err), &err);
}

static struct config *make_config(const char *replica)
{
    static const struct worker *const workers[] = {&genai_worker};
    static const struct option_table **tables;
    struct config *config;
    struct err err;
    char settings[6][600];
    if (!tables) tables = runtime_tables(workers, 1);
    must(config_create(tables, &config, &err), &err);
    snprintf(settings[0], sizeof settings[0], "bus.path=%s/bus", own_folder);
    snprintf(settings[1], sizeof settings[1], "bus.durable=false");
    snprintf(settings[2], sizeof settings[2], "bus.partitions=%d", PARTITIONS);
    snprintf(settings[3], sizeof settings[3], "%s", genai_folder());
    snprintf(settings[4], sizeof settings[4], "genai.digest_every=1s");
    snprintf(settings[5], sizeof settings[5], "runtime.replica=%s", replica);
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        must(config_set(config, str_of(settings[i]), "test", &err), &err);
    must(config_set(config, STR("bus.size_limit=1G"), "test", &err), &err);
    if (getenv("KAFKA_BOOTSTRAP")) use_kafka(config);
    return config;
}

/* --- a bus that takes less than we thought ---------------------------------------------------- */

static atomic_size_t takes_most; /* bytes of an event; 0: all */
static atomic_size_t refused;    /* what the last one refused weighed */

int __real_bus_commit(struct bus_consumer *consumer, const struct bus_output *outputs,
                      size_t output_count, const struct bus_position *positions,
                      size_t position_count, struct err *err);
int __wrap_bus_commit(struct bus_consumer *consumer, const struct bus_output *outputs,
                      size_t output_count, const struct bus_position *positions,
                      size_t position_count, struct err *err)
{
    size_t most = atomic_load(&takes_most);
    for (size_t i = 0; i < output_count && most; i++) {
        if (outputs[i].value.size <= most || !str_equal(outputs[i].key, STR("digest"))) continue;
        atomic_store(&refused, outputs[i].value.size);
        return err_set(err, E_TOO_LARGE, "by the test");
    }
    return __real_bus_commit(consumer, outputs, output_count, positions, position_count, err);
}

/* --- replicas --------------------------------------------------------------------------------- */

static void start(struct replica *replica, const char *name)
{
    replica_run(replica, &genai_worker, make_config(name));
}

static void stop(struct replica *replica) { assert_int_equal(replica_stop(replica), E_OK); }

/* --- the bus from outside --------------------------------------------------------------------- */

static void open_rig(struct rig *rig)
{
    static const enum topic topics[] = {TOPIC_INSIGHTS};
    const struct bus_subscription subscription = {
        .member = "outside", .topics = topics, .topic_count = 1, .start = BUS_EARLIEST};
    const struct bus_topic_settings settings = {.partitions = PARTITIONS, .replication = 1};
    struct err err;
    bool created;
    own_folder_make(NULL);
    *rig = (struct rig){.config = make_config("9")};
    must(bus_open(rig->config, clock_system(), &rig->bus, &err), &err);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        int rc;
        do rc = bus_topic_create(rig->bus, (enum topic)i, &settings, &created, &err);
        while (rc && err_class(err.code) == ERR_RETRY); /* a broker may be slow to answer */
        must(rc, &err);
    }
    must(bus_producer_open(rig->bus, "outside", &rig->producer, &err), &err);
    must(bus_subscribe(rig->bus, &subscription, &rig->insights, &err), &err);
}

static void close_rig(struct rig *rig)
{
    bus_unsubscribe(rig->insights);
    bus_producer_close(rig->producer);
    bus_close(rig->bus);
    config_destroy(rig->config);
    arena_deinit(&rig->arena);
    assert_int_equal(own_folder_remove(NULL), 0);
}

static void on_done(void *user, const struct err *err)
{
    (void)user;
    if (err) fail_msg("%s", err->text); /* or it would be waited for in vain */
}

/* As genai itself writes them, each of another customer. */
static void say(struct rig *rig, int times)
{
    struct bus_output outputs[SAY_MOST];
    struct err err;
    assert_true(times <= SAY_MOST);
    for (int i = 0; i < times; i++) {
        struct insight insight = {0};
        struct need need = {0};
        struct str value;
        struct record record = {
            .version = RECORD_VERSION, .id = arena_printf(&rig->arena, "r-%u", rig->said++)};
        shape_set(insight, &insight, provider, STR("local"));
        shape_set(sentiment, &insight.sentiment, label, ENUM_sentiment_label_positive);
        shape_set(sentiment, &insight.sentiment, score, 0.5f);
        insight.present |= 1u << FIELD_insight_sentiment;
        shape_set(need, &need, kind, ENUM_need_kind_question);
        shape_set(need, &need, text, STR("how to pair"));
        shape_set(need, &need, start, 0);
        shape_set(need, &need, end, 1);
        shape_set(insight, &insight, needs, (struct need_list){&need, 1});
        must(record_put(&record, SECTION_INSIGHT, &insight, &rig->arena, &err), &err);
        must(record_write(&record, &rig->arena, &value, &err), &err);
        outputs[i] = (struct bus_output){
            .topic = TOPIC_INSIGHTS, .timestamp_ms = clock_wall_ms(clock_system()),
            .key = record.id, .value = value};
    }
    must(bus_produce(rig->producer, outputs, (size_t)times, on_done, NULL, &err), &err);
    must(bus_producer_flush(rig->producer, WAIT_MS, &err), &err);
    bus_producer_poll(rig->producer);
    arena_reset(&rig->arena);
}

/* Each begins where the one before it ended, in time and in every partition. */
static void judge(struct rig *rig, const struct digest *digest)
{
    assert_true(digest->since < digest->until);
    if (rig->until_ms) assert_int_equal(digest->since, rig->until_ms);
    assert_int_equal(digest->places.count, PARTITIONS);
    for (uint32_t i = 0; i < PARTITIONS; i++) {
        const struct digest_place *place = &digest->places.items[i];
        assert_int_equal(place->partition, i);
        assert_int_equal(place->from, rig->next[i]);
        assert_true(place->to >= place->from);
        rig->next[i] = (int64_t)place->to;
    }
    rig->until_ms = digest->until;
    rig->told += digest->records;
    rig->windows++;
    if (digest->needs.count) rig->needed += digest->needs.items[0].records;
    if (digest->records) assert_int_equal(digest->needs.items[0].records, digest->records);
}

static void look(struct rig *rig)
{
    struct bus_batch batch;
    struct err err;
    int rc = bus_poll(rig->insights, 64, 1 << 20, &batch, &err);
    if (rc && err_class(err.code) == ERR_RETRY) return;
    must(rc, &err);
    for (uint32_t i = 0; i < batch.count; i++) {
        struct record record;
        struct digest digest;
        arena_reset(&rig->arena);
        must(record_scan(batch.messages[i].value, &rig->arena, &record, &err), &err);
        if (!record_has(&record, SECTION_DIGEST)) continue;
        assert_true(str_equal(batch.messages[i].key, STR("digest")));
        assert_false(record_has(&record, SECTION_INSIGHT));
        must(record_decode(&record, SECTION_DIGEST, &digest, &rig->arena, &err), &err);
        judge(rig, &digest);
    }
    bus_release(rig->insights, &batch);
}

/* Until all that was said has been told. */
static void await_all(struct rig *rig)
{
    int64_t until_ms = clock_mono_ms(clock_system()) + WAIT_MS;
    while (rig->told < rig->said) {
        assert_true(clock_mono_ms(clock_system()) < until_ms);
        look(rig);
        poll(NULL, 0, 5);
    }
    assert_int_equal(rig->told, rig->said);
    assert_int_equal(rig->needed, rig->said);
}

static void await_windows(struct rig *rig, uint64_t more)
{
    int64_t until_ms = clock_mono_ms(clock_system()) + WAIT_MS;
    for (uint64_t wanted = rig->windows + more; rig->windows < wanted; poll(NULL, 0, 5)) {
        assert_true(clock_mono_ms(clock_system()) < until_ms);
        look(rig);
    }
}

/* --- cases ------------------------------------------------------------------------------------ */

static void each_insight_is_in_one_digest(void **state)
{
    struct replica replica;
    struct rig rig;
    (void)state;
    open_rig(&rig);
    CASE("what was there before is in the first");
    say(&rig, 40);
    start(&replica, "0");
    await_all(&rig);
    CASE("what comes while windows end is in one of them");
    for (int i = 0; i < 10; i++) {
        say(&rig, 7);
        look(&rig);
    }
    await_all(&rig);
    CASE("a window in which nothing is said is told too");
    await_windows(&rig, 2);
    CASE("a replica that comes later takes up where the first ended");
    stop(&replica);
    say(&rig, 25);
    start(&replica, "1");
    await_all(&rig);
    await_windows(&rig, 1);
    stop(&replica);
    close_rig(&rig);
}

/* The one that makes them is stopped while the other one waits; nothing is told twice. */
static void another_replica_goes_on(void **state)
{
    struct replica replicas[2];
    struct rig rig;
    (void)state;
    open_rig(&rig);
    start(&replicas[0], "0");
    say(&rig, 10);
    start(&replicas[1], "1");
    for (int i = 0; i < 5; i++) say(&rig, 5), look(&rig);
    await_all(&rig);
    stop(&replicas[0]);
    say(&rig, 10);
    await_all(&rig);
    start(&replicas[0], "0");
    say(&rig, 10);
    stop(&replicas[1]);
    say(&rig, 10);
    await_all(&rig);
    stop(&replicas[0]);
    close_rig(&rig);
}

/* More digests' worth of records behind the last one than the search first looks at. */
static void the_last_digest_is_found_far_back(void **state)
{
    struct replica replica;
    struct rig rig;
    (void)state;
    open_rig(&rig);
    start(&replica, "0");
    say(&rig, 3);
    await_all(&rig);
    stop(&replica);
    for (int i = 0; i < 4500 * PARTITIONS / SAY_MOST; i++) say(&rig, SAY_MOST);
    start(&replica, "0");
    await_all(&rig);
    stop(&replica);
    close_rig(&rig);
}

static void a_digest_that_is_too_large_is_written_shorter(void **state)
{
    struct replica replica;
    struct rig rig;
    (void)state;
    open_rig(&rig);
    atomic_store(&takes_most, 400);
    say(&rig, 10);
    start(&replica, "0");
    await_all(&rig);
    assert_true(atomic_load(&refused) > 400);
    CASE("what was left out of it is counted all the same");
    atomic_store(&takes_most, 0);
    say(&rig, 10);
    await_all(&rig);
    stop(&replica);
    close_rig(&rig);
}

static void one_that_is_never_short_enough_ends_the_worker(void **state)
{
    struct replica replica;
    struct rig rig;
    (void)state;
    open_rig(&rig);
    atomic_store(&takes_most, 20);
    say(&rig, 10);
    start(&replica, "0");
    assert_int_equal(replica_join(&replica), E_SYSTEM);
    atomic_store(&takes_most, 0);
    close_rig(&rig);
}

static void too_short_a_window_is_refused(void **state)
{
    struct runtime *runtime = NULL;
    struct rig rig;
    struct err err;
    (void)state;
    open_rig(&rig);
    struct config *config = make_config("0");
    must(config_set(config, STR("genai.digest_every=10ms"), "test", &err), &err);
    int rc = runtime_create(&genai_worker, config, &runtime, &err);
    if (rc == E_OK) rc = runtime_run(runtime, &err);
    assert_int_equal(rc, E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "genai.digest_every"));
    runtime_destroy(runtime);
    config_destroy(config);
    close_rig(&rig);
}

int main(int argc, char **argv)
{
    if (argc == 2) choose_tests(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_insight_is_in_one_digest),
        cmocka_unit_test(another_replica_goes_on),
        cmocka_unit_test(the_last_digest_is_found_far_back),
        cmocka_unit_test(a_digest_that_is_too_large_is_written_shorter),
        cmocka_unit_test(one_that_is_never_short_enough_ends_the_worker),
        cmocka_unit_test(too_short_a_window_is_refused),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
