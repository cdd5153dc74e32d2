/* Workers one behind the other without a bus: what comes out, and what becomes of what fails. */
#include "test.h"

#include "runtime/chain.h"

static int fails_left; /* "retry" fails so often */

static int double_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct str value = job->message->value;
    (void)context;
    if (str_equal(value, STR("reject"))) return err_set(err, E_BAD_MESSAGE, "no good");
    if (str_equal(value, STR("fatal"))) return err_set(err, E_BUG, "broken");
    struct str once = arena_printf(job->arena, "%.*s.", STR_ARGS(value));
    int rc = job_emit(job, TOPIC_DOCUMENTS, job->message->key, once, err);
    if (rc == E_OK && str_equal(value, STR("retry")) && fails_left-- > 0)
        return err_set(err, E_UNAVAILABLE, "not now");
    return rc ? rc : job_emit(job, TOPIC_SAFETY, job->message->key, value, err);
}

static int pass_process(struct worker_context *context, struct job *job, struct err *err)
{
    (void)context;
    struct str twice = arena_printf(job->arena, "%.*s!", STR_ARGS(job->message->value));
    return job_emit(job, TOPIC_FEATURES, job->message->key, twice, err);
}

static const struct worker first = {.name = "first", .consumes = TOPICS(FEEDBACK), .raw = true,
                                    .produces = TOPICS(DOCUMENTS) | TOPICS(SAFETY),
                                    .process = double_process};
static const struct worker second = {.name = "second", .consumes = TOPICS(DOCUMENTS), .raw = true,
                                     .produces = TOPICS(FEATURES), .process = pass_process};

struct seen {
    char text[256];
};

static void on_output(void *user, const struct chain_message *message)
{
    struct seen *seen = user;
    size_t used = strlen(seen->text);
    const char *name = topic_info(message->topic)->name;
    if (message->topic == TOPIC_DEAD_LETTERS)
        snprintf(seen->text + used, sizeof seen->text - used, "%s ", name);
    else
        snprintf(seen->text + used, sizeof seen->text - used, "%s=%.*s ", name,
                 STR_ARGS(message->value));
}

static void test_chain(void **state)
{
    static const struct {
        const char *why, *value;
        int fails;
        int rc;
        const char *seen;
    } cases[] = {
        {"an output goes to who consumes it, at once; others come out", "a", 0, E_OK,
         "features=a.! safety=a "},
        {"what fails for good is a dead letter, alone", "reject", 0, E_OK, "dead-letters "},
        {"what fails for a while is tried again, and comes once", "retry", 2, E_OK,
         "features=retry.! safety=retry "},
        {"but not for ever", "retry", 3, E_OK, "dead-letters "},
        {"a fatal error ends it", "fatal", 0, E_BUG, ""},
    };
    static const struct worker *const workers[] = {&first, &second};
    static const struct option_table *const tables[] = {NULL};
    struct config *config;
    struct chain *chain;
    struct err err;
    (void)state;
    assert_int_equal(config_create(tables, &config, &err), E_OK);
    assert_int_equal(chain_create(workers, 2, config, clock_system(), &chain, &err), E_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct seen seen = {0};
        CASE(cases[i].why);
        fails_left = cases[i].fails;
        struct chain_message message = {
            .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = str_of(cases[i].value)};
        int rc = chain_process(chain, &message, on_output, &seen, &err);
        assert_int_equal(rc, cases[i].rc);
        assert_string_equal(seen.text, cases[i].seen);
    }
    chain_destroy(chain);
    config_destroy(config);
}

static int open_fails(struct worker_context *context, struct err *err)
{
    (void)context;
    return err_set(err, E_BAD_MODEL, "no model");
}
static int opened, closed;
static int open_counts(struct worker_context *context, struct err *err)
{
    (void)context, (void)err;
    opened++;
    return E_OK;
}
static void close_counts(struct worker_context *context)
{
    (void)context;
    closed++;
}

static void test_open_fails(void **state)
{
    static const struct worker good = {
        .name = "good", .consumes = TOPICS(FEEDBACK), .open = open_counts, .close = close_counts,
        .process = pass_process};
    static const struct worker bad = {
        .name = "bad", .consumes = TOPICS(DOCUMENTS), .open = open_fails, .close = close_counts,
        .process = pass_process};
    static const struct worker *const workers[] = {&good, &bad};
    static const struct option_table *const tables[] = {NULL};
    struct config *config;
    struct chain *chain = NULL;
    struct err err;
    (void)state;
    assert_int_equal(config_create(tables, &config, &err), E_OK);
    assert_int_equal(chain_create(workers, 2, config, clock_system(), &chain, &err), E_BAD_MODEL);
    assert_null(chain);
    assert_int_equal(opened, 1);
    assert_int_equal(closed, 1); /* those that were opened, and no other */
    config_destroy(config);
}

/* --- records ---------------------------------------------------------------------------------- */

static int put_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct segment segment = {0};
    (void)context;
    shape_set(segment, &segment, segment, 7);
    shape_set(segment, &segment, model, STR("m"));
    shape_set(segment, &segment, distance, 0.5f);
    int rc = record_put(&job->record, SECTION_SEGMENT, &segment, job->arena, err);
    return rc ? rc : job_emit_record(job, TOPIC_DOCUMENTS, STR("new key"), err);
}

static int judge_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct segment segment;
    (void)context;
    int rc = record_decode(&job->record, SECTION_SEGMENT, &segment, job->arena, err);
    if (rc) return rc;
    if (str_equal(job->record.id, STR("bad"))) {
        /* its own copy: the dead letter has what came */
        record_drop(&job->record, SECTION_SEGMENT);
        return err_set(err, E_BAD_MESSAGE, "no good");
    }
    return job_emit_record(job, TOPIC_FEATURES, job->message->key, err);
}

static int echo_process(struct worker_context *context, struct job *job, struct err *err)
{
    (void)context;
    return job_emit(job, TOPIC_FEATURES, job->message->key, job->message->value, err);
}

struct kept {
    struct arena arena;
    enum topic topic;
    struct record record;
    struct str value;
    char key[32];
};

static void keep_output(void *user, const struct chain_message *message)
{
    struct kept *kept = user;
    struct record record = {0};
    struct err err;
    kept->topic = message->topic;
    snprintf(kept->key, sizeof kept->key, "%.*s", STR_ARGS(message->key));
    if (!message->record) {
        kept->value = arena_copy(&kept->arena, message->value);
        return;
    }
    assert_int_equal(message->value.size, 0);
    assert_int_equal(chain_record(message, &kept->arena, &record, &err), E_OK);
    assert_int_equal(record_write(&record, &kept->arena, &kept->value, &err), E_OK);
    assert_int_equal(record_scan(kept->value, &kept->arena, &kept->record, &err), E_OK);
}

/* Sends a record with this id in, handed on or as bytes; gives what came of it. */
static void pass_record(const struct worker *judge, const char *id, bool by_bytes,
                        struct kept *kept)
{
    static const struct worker put = {
        .name = "put", .consumes = TOPICS(FEEDBACK), .produces = TOPICS(DOCUMENTS),
        .process = put_process};
    const struct worker *const workers[] = {&put, judge};
    static const struct option_table *const tables[] = {NULL};
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct chain_message message = {.topic = TOPIC_FEEDBACK, .key = STR("k"), .record = &record};
    struct config *config;
    struct chain *chain;
    struct err err;
    *kept = (struct kept){0};
    assert_int_equal(config_create(tables, &config, &err), E_OK);
    assert_int_equal(chain_create(workers, 2, config, clock_system(), &chain, &err), E_OK);
    if (by_bytes) {
        assert_int_equal(record_write(&record, &kept->arena, &message.value, &err), E_OK);
        message.record = NULL;
    }
    assert_int_equal(chain_process(chain, &message, keep_output, kept, &err), E_OK);
    chain_destroy(chain);
    config_destroy(config);
}

static void test_records(void **state)
{
    static const struct worker judge = {
        .name = "judge", .consumes = TOPICS(DOCUMENTS), .produces = TOPICS(FEATURES),
        .process = judge_process};
    static const struct worker raw = {
        .name = "raw", .consumes = TOPICS(DOCUMENTS), .produces = TOPICS(FEATURES), .raw = true,
        .process = echo_process};
    static const struct {
        const char *why, *id;
        bool by_bytes;
        const struct worker *judge;
        enum topic topic;
    } cases[] = {
        {"a record is handed on", "good", false, &judge, TOPIC_FEATURES},
        {"bytes are scanned, then handed on", "good", true, &judge, TOPIC_FEATURES},
        {"a dead letter holds the bytes of a record that had none", "bad", false, &judge,
         TOPIC_DEAD_LETTERS},
        {"a worker that reads bytes gets bytes", "good", false, &raw, TOPIC_FEATURES},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kept kept;
        struct record inner;
        struct segment segment;
        struct dead_letter letter;
        struct err err;
        CASE(cases[i].why);
        pass_record(cases[i].judge, cases[i].id, cases[i].by_bytes, &kept);
        assert_int_equal(kept.topic, cases[i].topic);
        assert_string_equal(kept.key, "new key");
        inner = kept.record;
        if (kept.topic == TOPIC_DEAD_LETTERS) {
            assert_int_equal(
                record_decode(&kept.record, SECTION_DEAD_LETTER, &letter, &kept.arena, &err), E_OK);
            assert_true(str_equal(letter.worker, STR("judge")));
            assert_int_equal(record_scan(letter.value, &kept.arena, &inner, &err), E_OK);
        } else if (cases[i].judge == &raw) {
            assert_int_equal(record_scan(kept.value, &kept.arena, &inner, &err), E_OK);
        }
        assert_true(str_equal(inner.id, str_of(cases[i].id)));
        assert_int_equal(record_decode(&inner, SECTION_SEGMENT, &segment, &kept.arena, &err), E_OK);
        assert_int_equal(segment.segment, 7);
        arena_deinit(&kept.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records), cmocka_unit_test(test_chain),
        cmocka_unit_test(test_open_fails)};
    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
