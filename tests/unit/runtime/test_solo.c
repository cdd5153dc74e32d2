/* One worker without a bus: messages that end at once, later in any order, badly, or never. */
#include "test.h"

#include "runtime/solo.h"

enum { JOBS_MAX = 8 };
static struct job *waiting[JOBS_MAX];
static int waiting_count, closed;

/* The id says what becomes of it. */
static int process(struct worker_context *context, struct job *job, struct err *err)
{
    (void)context;
    if (str_equal(job->record.id, STR("reject"))) return err_set(err, E_BAD_MESSAGE, "no good");
    if (str_equal(job->record.id, STR("silent"))) return E_OK;
    if (str_starts(job->record.id, STR("later"))) {
        job_defer(job);
        waiting[waiting_count++] = job;
        return E_OK;
    }
    int rc = job_emit_record(job, TOPIC_SAFETY, job->message->key, err);
    return rc ? rc : job_emit_record(job, TOPIC_INSIGHTS, job->message->key, err);
}

static void close_worker(struct worker_context *context)
{
    (void)context;
    closed++;
}

static const struct worker worker = {
    .name = "worker", .consumes = TOPICS(SEGMENTS), .produces = TOPICS(INSIGHTS) | TOPICS(SAFETY),
    .process = process, .close = close_worker};

static int open_fails(struct worker_context *context, struct err *err)
{
    (void)context;
    return err_set(err, E_BAD_MODEL, "no model");
}
static const struct worker broken = {
    .name = "broken", .process = process, .open = open_fails, .close = close_worker};

struct seen {
    char text[256];
};

static void on_end(void *user, const struct solo_end *end)
{
    struct seen *seen = user;
    size_t used = strlen(seen->text);
    struct str id = end->record ? end->record->id : STR("-");
    snprintf(seen->text + used, sizeof seen->text - used, "%s=%.*s ", err_name(end->code),
             STR_ARGS(id));
}

static int send_one(struct solo *solo, const char *id, struct seen *seen)
{
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct arena arena = {0};
    struct str bytes;
    struct err err;
    assert_int_equal(record_write(&record, &arena, &bytes, &err), E_OK);
    struct solo_message message = {
        .from = TOPIC_SEGMENTS, .topic = TOPIC_INSIGHTS, .key = STR("k"), .value = bytes};
    int rc = solo_send(solo, &message, on_end, seen, &err);
    arena_deinit(&arena); /* it was copied */
    return rc;
}

static struct solo *make(struct config **config)
{
    static const struct option_table *const tables[] = {NULL};
    struct solo *solo;
    struct err err;
    waiting_count = closed = 0;
    assert_int_equal(config_create(tables, config, &err), E_OK);
    assert_int_equal(solo_create(NULL, &worker, *config, clock_system(), &solo, &err), E_OK);
    return solo;
}

static void each_message_ends_once(void **state)
{
    static const struct { const char *why, *id, *seen; } cases[] = {
        {"at once, with what it emitted on the topic that was asked for", "now", "ok=now "},
        {"with nothing", "silent", "ok=- "},
        {"badly", "reject", "bad_message=- "},
        {"not yet", "later", ""},
    };
    struct config *config;
    struct solo *solo = make(&config);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct seen seen = {0};
        CASE(cases[i].why);
        assert_int_equal(send_one(solo, cases[i].id, &seen), E_OK);
        assert_string_equal(seen.text, cases[i].seen);
        assert_int_equal(solo_under_way(solo), (uint32_t)waiting_count);
    }
    solo_destroy(solo);
    assert_int_equal(closed, 1);
    config_destroy(config);
}

static void later_in_any_order(void **state)
{
    struct config *config;
    struct solo *solo = make(&config);
    struct seen seen = {0};
    struct err err;
    (void)state;
    for (int i = 0; i < 4; i++) {
        char id[] = "later-0";
        id[6] = (char)('0' + i);
        assert_int_equal(send_one(solo, id, &seen), E_OK);
    }
    assert_int_equal(solo_under_way(solo), 4);
    assert_int_equal(job_emit_record(waiting[2], TOPIC_INSIGHTS, STR("k"), &err), E_OK);
    job_finish(waiting[2], E_OK, NULL);
    err_set(&err, E_UPSTREAM, "gone");
    job_finish(waiting[0], E_UPSTREAM, &err);
    assert_int_equal(job_emit_record(waiting[3], TOPIC_INSIGHTS, STR("k"), &err), E_OK);
    job_finish(waiting[3], E_OK, NULL);
    assert_string_equal(seen.text, "ok=later-2 upstream=- ok=later-3 ");
    assert_int_equal(solo_under_way(solo), 1); /* forgotten with it */
    solo_destroy(solo);
    config_destroy(config);
}

static void bytes_that_are_no_record_end_badly(void **state)
{
    struct config *config;
    struct solo *solo = make(&config);
    struct seen seen = {0};
    struct err err;
    struct solo_message message = {
        .from = TOPIC_SEGMENTS, .topic = TOPIC_INSIGHTS, .value = STR("\xc1")};
    (void)state;
    assert_int_equal(solo_send(solo, &message, on_end, &seen, &err), E_OK);
    assert_string_equal(seen.text, "bad_message=- ");
    solo_destroy(solo);
    config_destroy(config);
}

static void what_cant_be_opened_isnt_there(void **state)
{
    static const struct option_table *const tables[] = {NULL};
    struct config *config;
    struct solo *solo = NULL;
    struct err err;
    (void)state;
    closed = 0;
    assert_int_equal(config_create(tables, &config, &err), E_OK);
    assert_int_equal(solo_create(NULL, &broken, config, clock_system(), &solo, &err), E_BAD_MODEL);
    assert_null(solo);
    assert_int_equal(closed, 0);
    solo_destroy(NULL);
    config_destroy(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_ends_once),
        cmocka_unit_test(later_in_any_order),
        cmocka_unit_test(bytes_that_are_no_record_end_badly),
        cmocka_unit_test(what_cant_be_opened_isnt_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
