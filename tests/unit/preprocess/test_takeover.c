/* Partitions that change hands: a post that was made again around it is still one record. Replicas
 * run on threads of this process, on an embedded bus, each with a window of its own. */
#include "must.h"
#include "own_folder.h"
#include "replica.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "workers/preprocess/preprocess.h"

enum { WAIT_MS = 240000 };

static const char *takeover_records = "8192";

struct rig {
    struct config *config;
    struct bus *bus;
    struct bus_producer *producer;
    struct bus_consumer *documents, *letters;
    char seen[16][64]; /* the ids of documents, in their order */
    size_t count, letter_count;
};

static void set(struct config *config, const char *name, const char *format, const char *value)
{
    char text[600];
    struct err err;
    int size = snprintf(text, sizeof text, "%s=", name);
    snprintf(text + size, sizeof text - (size_t)size, format, value);
    must(config_set(config, str_of(text), "test", &err), &err);
}

static struct config *make_config(const char *name)
{
    static const struct worker *const workers[] = {&preprocess_worker};
    static const struct option_table **tables;
    struct config *config;
    struct err err;
    char own[128];
    if (!tables) tables = runtime_tables(workers, 1);
    must(config_create(tables, &config, &err), &err);
    snprintf(own, sizeof own, "%s/%s", own_folder, name);
    set(config, "bus.path", "%s/bus", own_folder);
    set(config, "bus.durable", "%s", "false");
    set(config, "bus.size_limit", "%s", "1G");
    set(config, "bus.partitions", "%s", "1");
    set(config, "preprocess.cues", "%s/config/cues", getenv("VERBATIM_SOURCE"));
    set(config, "preprocess.customer_key", "%s", "0123456789abcdef");
    set(config, "preprocess.window_records", "%s", "1024");
    set(config, "preprocess.takeover_records", "%s", takeover_records);
    set(config, "preprocess.folder", "%s", own);
    return config;
}

/* --- replicas --------------------------------------------------------------------------------- */

static void start(struct replica *replica, const char *name)
{
    struct config *config = make_config(name);
    set(config, "runtime.replica", "%s", name);
    replica_run(replica, &preprocess_worker, config);
}

static void stop(struct replica *replica) { assert_int_equal(replica_stop(replica), E_OK); }

/* --- the bus from outside --------------------------------------------------------------------- */

static struct bus_consumer *reader_of(struct rig *rig, enum topic topic)
{
    struct bus_subscription subscription = {
        .member = "outside", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct bus_consumer *reader;
    struct err err;
    bool created;
    must(bus_topic_create(rig->bus, topic, NULL, &created, &err), &err);
    must(bus_subscribe(rig->bus, &subscription, &reader, &err), &err);
    return reader;
}

static void open_rig(struct rig *rig)
{
    struct err err;
    own_folder_make(NULL);
    *rig = (struct rig){.config = make_config("outside")};
    must(bus_open(rig->config, clock_system(), &rig->bus, &err), &err);
    must(bus_producer_open(rig->bus, "door", &rig->producer, &err), &err);
    rig->documents = reader_of(rig, TOPIC_DOCUMENTS);
    rig->letters = reader_of(rig, TOPIC_DEAD_LETTERS);
}

static void close_rig(struct rig *rig)
{
    bus_unsubscribe(rig->documents);
    bus_unsubscribe(rig->letters);
    bus_producer_close(rig->producer);
    bus_close(rig->bus);
    config_destroy(rig->config);
    assert_int_equal(own_folder_remove(NULL), 0);
}

static void post(struct rig *rig, const char *id, const char *text)
{
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct feedback feedback = {0};
    struct arena arena = {0};
    struct str value;
    struct err err;
    shape_set(feedback, &feedback, text, str_of(text));
    must(record_put(&record, SECTION_FEEDBACK, &feedback, &arena, &err), &err);
    must(record_write(&record, &arena, &value, &err), &err);
    struct bus_output output = {.topic = TOPIC_FEEDBACK,
                                .timestamp_ms = clock_wall_ms(clock_system()),
                                .key = str_of(id),
                                .value = value};
    must(bus_produce(rig->producer, &output, 1, NULL, NULL, &err), &err);
    must(bus_producer_flush(rig->producer, WAIT_MS, &err), &err);
    arena_deinit(&arena);
}

static void look(struct rig *rig)
{
    struct bus_batch batch;
    struct err err;
    must(bus_poll(rig->documents, 16, 1 << 20, &batch, &err), &err);
    for (uint32_t i = 0; i < batch.count; i++) {
        struct arena arena = {0};
        struct record record;
        must(record_scan(batch.messages[i].value, &arena, &record, &err), &err);
        assert_true(rig->count < COUNT_OF(rig->seen));
        snprintf(rig->seen[rig->count++], sizeof rig->seen[0], "%.*s", STR_ARGS(record.id));
        arena_deinit(&arena);
    }
    bus_release(rig->documents, &batch);
    must(bus_poll(rig->letters, 16, 1 << 20, &batch, &err), &err);
    rig->letter_count += batch.count;
    bus_release(rig->letters, &batch);
}

/* Until the document of `id` has come: what was posted before it has been judged by then. */
static void await(struct rig *rig, const char *id)
{
    int64_t until_ms = clock_mono_ms(clock_system()) + WAIT_MS;
    while (rig->count == 0 || strcmp(rig->seen[rig->count - 1], id) != 0) {
        assert_true(clock_mono_ms(clock_system()) < until_ms);
        look(rig);
        poll(NULL, 0, 1);
    }
}

static void check(const struct rig *rig, const char *const *ids, size_t count)
{
    assert_int_equal(rig->count, count);
    for (size_t i = 0; i < count; i++) assert_string_equal(rig->seen[i], ids[i]);
}

/* --- cases ------------------------------------------------------------------------------------ */

static void retried_posts_stay_one(void **state)
{
    static const char *const ids[] = {"first", "second", "third", "fourth"};
    static const char *const text = "The kettle leaks at the lid after a week.";
    struct replica replica;
    struct rig rig;
    (void)state;
    open_rig(&rig);
    start(&replica, "0");
    post(&rig, "first", text);
    await(&rig, "first");
    stop(&replica);
    CASE("posted again while nobody has the partition; the next owner has an empty window");
    post(&rig, "first", text);
    start(&replica, "1");
    post(&rig, "second", "It arrived two days late and in a torn box.");
    await(&rig, "second");
    check(&rig, ids, 2);
    CASE("the former owner comes back, and learns what happened meanwhile");
    stop(&replica);
    post(&rig, "second", "It arrived two days late and in a torn box.");
    post(&rig, "first", text);
    start(&replica, "0");
    post(&rig, "third", "The blue one is sold out in every shop of the town.");
    await(&rig, "third");
    check(&rig, ids, 3);
    CASE("an id that is used for another text is no retry: it isn't lost");
    post(&rig, "third", "Something else altogether was written here.");
    post(&rig, "fourth", "Nobody answers the telephone in the afternoon.");
    await(&rig, "fourth");
    while (rig.letter_count == 0) look(&rig);
    assert_int_equal(rig.letter_count, 1);
    stop(&replica);
    check(&rig, ids, 4);
    close_rig(&rig);
}

/* As an older version left it: the first byte of its magic is another. */
static void age_window(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s/preprocess-%s.window", own_folder, name, name);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fputc('-', file), '-');
    assert_int_equal(fclose(file), 0);
}

/* What this replica itself had seen is forgotten, and not only another's last records. */
static void an_older_window_is_read_back_further(void **state)
{
    static const char *const ids[] = {"first", "second", "third", "fourth", "fifth"};
    struct replica replica;
    struct rig rig;
    (void)state;
    open_rig(&rig);
    takeover_records = "2";
    start(&replica, "0");
    for (int i = 0; i < 4; i++) post(&rig, ids[i], "The kettle leaks at the lid after a week.");
    await(&rig, "fourth");
    stop(&replica);
    age_window("0");
    post(&rig, "first", "The kettle leaks at the lid after a week.");
    post(&rig, "fifth", "It arrived two days late and in a torn box.");
    start(&replica, "0");
    await(&rig, "fifth");
    stop(&replica);
    takeover_records = "8192";
    check(&rig, ids, 5);
    close_rig(&rig);
}

/* Two replicas and one partition: the second gets it while posts go on. */
static void a_running_takeover(void **state)
{
    struct replica replicas[2];
    struct rig rig;
    char id[16];
    (void)state;
    open_rig(&rig);
    start(&replicas[0], "0");
    for (int i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "r%d", i);
        post(&rig, id, "The handle came off when I lifted the pan.");
        if (i == 2) start(&replicas[1], "1");
    }
    await(&rig, "r5");
    for (int i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "r%d", i);
        post(&rig, id, "The handle came off when I lifted the pan.");
        if (i == 2) stop(&replicas[0]);
    }
    post(&rig, "last", "All of it was posted twice, and nothing came twice.");
    await(&rig, "last");
    assert_int_equal(rig.count, 7);
    stop(&replicas[1]);
    close_rig(&rig);
}

/* Everything is let go then too; the sanitizer says so. */
static void stopped_before_it_began(void **state)
{
    struct rig rig;
    struct err err;
    struct runtime *runtime;
    (void)state;
    open_rig(&rig);
    struct config *config = make_config("0");
    must(runtime_create(&preprocess_worker, config, &runtime, &err), &err);
    runtime_stop(runtime);
    assert_int_equal(runtime_run(runtime, &err), E_OK);
    runtime_destroy(runtime);
    config_destroy(config);
    close_rig(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retried_posts_stay_one),
        cmocka_unit_test(an_older_window_is_read_back_further),
        cmocka_unit_test(a_running_takeover),
        cmocka_unit_test(stopped_before_it_began),
    };
    return cmocka_run_group_tests_name("takeover", tests, NULL, NULL);
}
