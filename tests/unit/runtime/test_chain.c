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
    if (rc == E_OK && str_equal(value, STR("retry")) && fails_left-- > 0) return err_set(err, E_UNAVAILABLE, "not now");
    return rc ? rc : job_emit(job, TOPIC_SAFETY, job->message->key, value, err);
}

static int pass_process(struct worker_context *context, struct job *job, struct err *err)
{
    (void)context;
    struct str twice = arena_printf(job->arena, "%.*s!", STR_ARGS(job->message->value));
    return job_emit(job, TOPIC_FEATURES, job->message->key, twice, err);
}

static const struct worker first = {.name = "first", .consumes = TOPICS(FEEDBACK), .raw = true,
                                    .produces = TOPICS(DOCUMENTS) | TOPICS(SAFETY), .process = double_process};
static const struct worker second = {.name = "second", .consumes = TOPICS(DOCUMENTS), .raw = true,
                                     .produces = TOPICS(FEATURES), .process = pass_process};

struct seen {
    char text[256];
};

static void on_output(void *user, enum topic topic, struct str key, struct str value)
{
    struct seen *seen = user;
    size_t used = strlen(seen->text);
    (void)key;
    const char *name = topic_info(topic)->name;
    if (topic == TOPIC_DEAD_LETTERS) snprintf(seen->text + used, sizeof seen->text - used, "%s ", name);
    else snprintf(seen->text + used, sizeof seen->text - used, "%s=%.*s ", name, STR_ARGS(value));
}

static void test_chain(void **state)
{
    static const struct {
        const char *why, *value;
        int fails;
        int rc;
        const char *seen;
    } cases[] = {
        {"an output goes to who consumes it, at once; others come out", "a", 0, E_OK, "features=a.! safety=a "},
        {"what fails for good is a dead letter, alone", "reject", 0, E_OK, "dead-letters "},
        {"what fails for a while is tried again, and comes once", "retry", 2, E_OK, "features=retry.! safety=retry "},
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
        int rc = chain_process(chain, TOPIC_FEEDBACK, STR("k"), str_of(cases[i].value), 0, on_output, &seen, &err);
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
    static const struct worker good = {.name = "good", .consumes = TOPICS(FEEDBACK), .open = open_counts, .close = close_counts,
                                       .process = pass_process};
    static const struct worker bad = {.name = "bad", .consumes = TOPICS(DOCUMENTS), .open = open_fails, .close = close_counts,
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chain), cmocka_unit_test(test_open_fails)};
    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
