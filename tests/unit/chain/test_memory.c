/* Each allocation of the four workers between feedback and insights fails in turn, when they open
 * and when they process: the answer is NO_MEMORY, nothing leaks or crashes, and none of it becomes
 * a record, a dead letter or a verdict. */
#include "must.h"
#include "failing_malloc.h"

#include <stdlib.h>

#include "runtime/chain.h"
#include "runtime/runtime.h"
#include "schema/intake.h"
#include "workers/featurize/featurize.h"
#include "workers/genai/genai.h"
#include "workers/preprocess/preprocess.h"
#include "workers/segment/segment.h"

static const struct worker *const workers[] = {
    &preprocess_worker, &featurize_worker, &segment_worker, &genai_worker};
enum { WORKERS = COUNT_OF(workers) };
#define NOW_MS INT64_C(1767323045000)

static const char format[] =
    "{\"note\":\"%.*s\",\"id\":\"one\",\"customer\":\"c-7\",\"text\":\"<p>Dr. Maria Lopez called "
    "me on +44 20 7946 0958. The tablets gave me a terrible rash, "
    "I was in hospital. The parcel came late and the lid was broken; why does nobody answer? I "
    "love the colour, but please add a dark "
    "mode.</p>\",\"rating\":2,\"attributes\":{\"shop\":\"a\"},\"language\":\"en\"}";

static struct config *config;
static const struct option_table **tables;
static struct clock_manual now;
static struct chain *chain;
static char text[20000];

/* What comes out of one record. */
struct outcome {
    unsigned insights, safety, letters;
};

static void on_output(void *user, const struct chain_message *message)
{
    struct outcome *outcome = user;
    outcome->insights += message->topic == TOPIC_INSIGHTS;
    outcome->safety += message->topic == TOPIC_SAFETY;
    outcome->letters += message->topic == TOPIC_DEAD_LETTERS;
}

/* Takes it in as the door does, and through all four. */
static int process(void *user)
{
    struct random random;
    struct uuid_generator ids = {.clock = &now.clock, .random = &random};
    const struct intake_rules rules = {
        .keep_unknown = true, .ids = &ids, .received_ms = NOW_MS, .handed_on = true};
    struct arena arena = {0};
    struct outcome outcome = {0};
    struct json_problems problems;
    struct intake intake;
    struct err err = {0};
    (void)user;
    random_seed(&random, 1);
    long left = allocations_left;
    allocations_left = -1; /* intake has a torture of its own: tests/unit/schema */
    int rc = intake_json(str_of(text), &rules, 0, &arena, &intake, &problems, &err);
    assert_int_equal(rc, E_OK);
    allocations_left = left;
    struct chain_message message = {
        .topic = TOPIC_FEEDBACK, .key = intake.key, .record = &intake.record,
        .timestamp_ms = NOW_MS};
    rc = chain_process(chain, &message, on_output, &outcome, &err);
    assert_int_equal(outcome.letters, 0); /* short of memory is no fault of the record's */
    assert_true(outcome.insights <= 1 && outcome.safety <= 1);
    if (rc == E_OK) assert_true(outcome.insights == 1 && outcome.safety == 1);
    arena_deinit(&arena);
    return rc;
}

static int open_all(struct chain **ret_chain)
{
    struct err err = {0};
    int rc = chain_create(workers, WORKERS, config, &now.clock, ret_chain, &err);
    if (rc && rc != E_NO_MEMORY) print_error("%s: %s\n", err_name((enum err_code)rc), err.text);
    return rc;
}

/* On a chain that has done nothing yet, so that no memory is left over from the record before. */
static unsigned torture_record(void)
{
    bool failed = true;
    unsigned told = 0;
    for (long nth = 0; failed; nth++) {
        assert_int_equal(open_all(&chain), E_OK);
        allocation_failed = false;
        allocations_left = nth;
        int rc = process(NULL);
        allocations_left = -1;
        failed = allocation_failed;
        assert_int_equal(rc, failed ? E_NO_MEMORY : E_OK);
        told += failed;
        /* and the same record again, as after a restart */
        if (failed) assert_int_equal(process(NULL), E_OK);
        chain_destroy(chain);
    }
    return told;
}

/* An arena takes 16 KiB at once: how much of a block is used up when an allocation comes is varied
 * by a field that is passed on. */
static void a_record(void **state)
{
    static char note[16384];
    unsigned told = 0;
    (void)state;
    memset(note, 'n', sizeof note);
    for (int size = 0; size < (int)sizeof note; size += 1600) {
        snprintf(text, sizeof text, format, size, note);
        told += torture_record();
    }
    assert_true(told > 20);
}

static void opening(void **state)
{
    bool failed = true;
    long told = 0;
    (void)state;
    /* lists have thousands of entries: their first ones, then samples */
    for (long nth = 0; failed; nth += 1 + nth / 64) {
        struct chain *opened = NULL;
        allocation_failed = false;
        allocations_left = nth;
        int rc = open_all(&opened);
        allocations_left = -1;
        failed = allocation_failed;
        assert_int_equal(rc, failed ? E_NO_MEMORY : E_OK);
        told += failed;
        if (rc == E_OK) chain_destroy(opened);
    }
    assert_true(told > 50);
}

static int configure(void **state)
{
    static const struct { const char *name, *value; bool path; } settings[] = {
        {"preprocess.cues=", "/config/cues", true},
        {"segment.model=", "/config/models/segments.model", true},
        {"segment.canary=", "/config/models/segments.model", true},
        {"segment.canary_share=", "50", false},
        {"genai.folder=", "/config", true},
        {"preprocess.customer_key=", "0123456789abcdef", false},
        {"preprocess.drop_retried=", "false", false}, /* the same record comes again and again */
    };
    struct err err;
    (void)state;
    tables = runtime_tables(workers, WORKERS);
    clock_manual_init(&now, NOW_MS);
    must(config_create(tables, &config, &err), &err);
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        char setting[512];
        snprintf(setting, sizeof setting, "%s%s%s", settings[i].name,
                 settings[i].path ? getenv("VERBATIM_SOURCE") : "", settings[i].value);
        must(config_set(config, str_of(setting), "test", &err), &err);
    }
    return 0;
}

static int forget(void **state)
{
    (void)state;
    config_destroy(config);
    free(tables);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record),
        cmocka_unit_test(opening),
    };
    return cmocka_run_group_tests(tests, configure, forget);
}
