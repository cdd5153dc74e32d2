/* The whole worker, threads and all, on an embedded bus and a folder: what is on the bus is in the
 * folder, once, over stops and starts. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/lines.h"
#include "base/log.h"
#include "runtime/runtime.h"
#include "store/store.h"
#include "must.h"
#include "own_folder.h"
#include "workers/logsink/logsink.h"

enum { RECORDS_MAX = 4000, PARTITIONS = 4, PATIENCE_MS = 240000 };

static uint32_t produced;

static int make_folder(void **state)
{
    produced = 0;
    return own_folder_make(state);
}

/* --- the parts ------------------------------------------------------------------------------- */

static const struct option_table **tables;

static struct config *make_config(const char *const *settings)
{
    const struct worker *worker = &logsink_worker;
    struct config *config;
    struct err err;
    char paths[2][128];
    if (!tables) tables = runtime_tables(&worker, 1);
    assert_non_null(tables);
    assert_int_equal(config_create(tables, &config, &err), E_OK);
    snprintf(paths[0], sizeof paths[0], "bus.path=%s/bus", own_folder);
    snprintf(paths[1], sizeof paths[1], "logsink.url=%s/archive", own_folder);
    const char *const usual[] = {paths[0], paths[1], "bus.durable=false", "bus.partitions=4", NULL};
    for (const char *const *setting = usual; *setting; setting++)
        assert_int_equal(config_set(config, str_of(*setting), "test", &err), E_OK);
    for (; settings && *settings; settings++)
        must(config_set(config, str_of(*settings), "test", &err), &err);
    return config;
}

static void on_produced(void *user, const struct err *err)
{
    assert_null(err);
    *(bool *)user = true;
}

static void produce_on(struct config *config, enum topic to, uint32_t count,
                       const struct bus_header *mark)
{
    struct bus *bus;
    struct bus_producer *producer;
    struct arena arena = {0};
    struct err err;
    bool created, done = false;
    const struct bus_topic_settings settings = {0};
    assert_int_equal(bus_open(config, clock_system(), &bus, &err), E_OK);
    for (int topic = 0; topic < TOPIC_COUNT; topic++)
        assert_int_equal(bus_topic_create(bus, (enum topic)topic, &settings, &created, &err), E_OK);
    assert_int_equal(bus_producer_open(bus, "test", &producer, &err), E_OK);
    struct bus_output *outputs = ARENA_ARRAY(&arena, struct bus_output, count);
    for (uint32_t i = 0; i < count; i++) {
        struct record record = {.version = RECORD_VERSION,
                                .id = arena_printf(&arena, "id-%u", produced++)};
        outputs[i] = (struct bus_output){
            .topic = to, .timestamp_ms = clock_wall_ms(clock_system()), .key = record.id,
            .headers = mark, .header_count = mark ? 1 : 0};
        assert_int_equal(record_write(&record, &arena, &outputs[i].value, &err), E_OK);
    }
    assert_int_equal(bus_produce(producer, outputs, count, on_produced, &done, &err), E_OK);
    assert_int_equal(bus_producer_flush(producer, PATIENCE_MS, &err), E_OK);
    assert_true(done);
    bus_producer_close(producer);
    bus_close(bus);
    arena_deinit(&arena);
}

static void produce(struct config *config, uint32_t count)
{
    produce_on(config, TOPIC_SAFETY, count, NULL);
}

struct run {
    struct runtime *runtime;
    int rc;
    struct err err;
};

static void *run_thread(void *argument)
{
    struct run *run = argument;
    run->rc = runtime_run(run->runtime, &run->err);
    return NULL;
}

/* Runs until so many records were taken in, reloads it on the way, and stops it. */
static void run_worker(struct config *config, uint64_t records)
{
    struct run run = {0};
    struct runtime_progress progress = {0};
    pthread_t thread;
    int64_t until = clock_mono_ms(clock_system()) + PATIENCE_MS;
    if (runtime_create(&logsink_worker, config, &run.runtime, &run.err))
        fail_msg("%s", run.err.text);
    assert_int_equal(pthread_create(&thread, NULL, run_thread, &run), 0);
    runtime_reload(run.runtime);
    while (progress.done < records && clock_mono_ms(clock_system()) < until) {
        runtime_progress(run.runtime, &progress);
        usleep(1000);
    }
    runtime_stop(run.runtime);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (run.rc) fail_msg("%s", run.err.text);
    assert_true(progress.done >= records);
    runtime_destroy(run.runtime);
}

/* --- the judge ------------------------------------------------------------------------------- */

/* Of those that were produced here; the worker's own on the audit topic have other ids. */
static void count_lines(struct str packed, bool only, uint32_t *seen)
{
    struct line_reader reader;
    struct str line;
    struct err err = {0};
    assert_int_equal(line_reader_init(&reader, &packed, 1, &err), E_OK);
    while (line_reader_next(&reader, &line, &err) == E_OK && line.data) {
        unsigned number = RECORDS_MAX;
        bool ours = sscanf(line.data, "{\"id\":\"id-%u\"", &number) == 1;
        assert_true(ours || !only);
        if (!ours) continue;
        assert_true(number < RECORDS_MAX);
        seen[number]++;
    }
    assert_int_equal(err.code, E_OK);
    line_reader_deinit(&reader);
}

/* How often each record is in the objects of a topic; returns how many objects there are. */
static size_t look(const char *topic, bool only, uint32_t *seen)
{
    char path[128], under[64], listed[64];
    struct store *store;
    struct store_page page = {0};
    struct buffer packed = {0};
    struct err err;
    size_t objects = 0, manifests = 0;
    memset(seen, 0, RECORDS_MAX * sizeof *seen);
    snprintf(path, sizeof path, "%s/archive", own_folder);
    snprintf(under, sizeof under, "%s/", topic);
    snprintf(listed, sizeof listed, "manifests/%s/", topic);
    assert_int_equal(store_open(&(struct store_config){.url = path}, &store, &err), E_OK);
    do {
        assert_int_equal(store_list(store, STR(""), page.next, 0, &page, &err), E_OK);
        for (size_t i = 0; i < page.count; i++) {
            manifests += str_starts(page.objects[i].key, str_of(listed));
            if (!str_starts(page.objects[i].key, str_of(under))) continue;
            objects++;
            buffer_clear(&packed);
            assert_int_equal(store_get(store, page.objects[i].key, 1 << 30, &packed, &err), E_OK);
            count_lines(buffer_str(&packed), only, seen);
        }
    } while (page.more);
    store_page_deinit(&page);
    buffer_deinit(&packed);
    store_close(store);
    assert_int_equal(objects, manifests);
    return objects;
}

/* Each record that was produced is there once; returns how many objects there are. */
static size_t judge(void)
{
    static uint32_t seen[RECORDS_MAX];
    size_t objects = look("safety", true, seen);
    for (uint32_t i = 0; i < produced; i++)
        if (seen[i] != 1) fail_msg("record %u is there %u times", i, seen[i]);
    return objects;
}

/* --- the cases ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *why;
    const char *settings[4];
    size_t objects_least;
} cases[] = {
    {"nothing is due before the stop", {"logsink.age=1h"}, PARTITIONS},
    {"many small objects, many calls at once", {"logsink.count=20", "logsink.uploads=8"}, 50},
    {"little memory, batches that hold all there is",
     {"logsink.memory=4M", "logsink.bytes=4k", "runtime.batch_records=2000"}, PARTITIONS},
    {"at least once", {"runtime.delivery=at_least_once", "logsink.count=100"}, 10},
};
/* clang-format on */

static void archives_over_restarts(void **state)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        if (i > 0) assert_int_equal(make_folder(state), 0);
        struct config *config = make_config(cases[i].settings);
        produce(config, 1000);
        run_worker(config, 1000);
        assert_true(judge() >= cases[i].objects_least);
        produce(config, 700);
        run_worker(config, 700);
        size_t objects = judge();
        run_worker(config, 0);
        assert_int_equal(judge(), objects);
        config_destroy(config);
        if (i + 1 < COUNT_OF(cases)) assert_int_equal(own_folder_remove(state), 0);
    }
}

/* Heartbeats aren't kept; all else is, whatever mark it carries. */
static void passes_over_heartbeats(void **state)
{
    static uint32_t seen[RECORDS_MAX];
    static const struct bus_header mark = {
        {HEADER_HEARTBEAT, sizeof HEADER_HEARTBEAT - 1}, {"1", 1}};
    (void)state;
    struct config *config = make_config(NULL);
    produce_on(config, TOPIC_SAFETY, 40, &mark);
    run_worker(config, 40);
    judge();
    produce_on(config, TOPIC_AUDIT, 60, &mark); /* 40 to 99 */
    produce_on(config, TOPIC_AUDIT, 10, NULL);
    produce_on(config, TOPIC_AUDIT, 30, &mark); /* 110 to 139 */
    run_worker(config, 100);
    run_worker(config, 0);
    look("audit", false, seen);
    for (uint32_t i = 40; i < 140; i++) assert_int_equal(seen[i], i >= 100 && i < 110);
    config_destroy(config);
}

/* clang-format off */
static const struct {
    const char *why, *setting, *named;
    int rc;
} refused[] = {
    {"a scheme that we don't know", "logsink.url=gs://bucket", "logsink.url", E_BAD_CONFIG},
    {"a bucket without a name",     "logsink.url=s3://",       "logsink.url", E_BAD_CONFIG},
    {"a folder that can't be made", "logsink.url=/dev/null/x", "logsink.url", E_NO_OUTPUT},
};
/* clang-format on */

static void refuses_what_cannot_be_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        CASE(refused[i].why);
        const char *settings[] = {refused[i].setting, NULL};
        struct config *config = make_config(settings);
        struct run run = {0};
        produce(config, 1);
        assert_int_equal(runtime_create(&logsink_worker, config, &run.runtime, &run.err), E_OK);
        assert_int_equal(runtime_run(run.runtime, &run.err), refused[i].rc);
        assert_non_null(strstr(run.err.text, refused[i].named));
        runtime_destroy(run.runtime);
        config_destroy(config);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, own_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(archives_over_restarts),
        TEST(passes_over_heartbeats),
        TEST(refuses_what_cannot_be_meant),
    };
    log_setup(LOG_ERROR, LOG_TEXT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(tables);
    return failed;
}
