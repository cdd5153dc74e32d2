/* Two models at once: who is in which arm, what records and metrics say of it, and canaries that
 * can't serve. */
#include "test.h"

#include <math.h>

#include "segment_bench.h"

enum { CUSTOMERS = 4000, CONTROL_AXIS = 3, CANARY_AXIS = 200 };

static const char *with_share(unsigned share)
{
    static char settings[320];
    snprintf(settings, sizeof settings, "%s\nsegment.canary=%s\nsegment.canary_share=%u", setting,
             canary_path, share);
    return settings;
}

static void write_models(const char *control, const char *canary)
{
    write_model_at(path, control, FEATURES_VERSION, FEATURES_DIMENSIONS, CONTROL_AXIS);
    write_model_at(canary_path, canary, FEATURES_VERSION, FEATURES_DIMENSIONS, CANARY_AXIS);
}

static bool in_canary(struct bench *bench, const char *customer)
{
    bench->key = str_of(customer);
    struct segment segment = segment_of(bench, CANARY_AXIS, 1);
    bool canary = str_equal(segment.arm, STR("canary"));
    assert_str(segment.arm, canary ? "canary" : "control");
    assert_str(segment.model, canary ? "segments-000002" : "segments-000001");
    return canary;
}

/* Whose records of so many customers the canary has. */
static size_t served(unsigned share, bool out[static CUSTOMERS])
{
    struct bench bench;
    size_t count = 0;
    assert_int_equal(bench_open(&bench, &segment_worker, with_share(share), NULL), E_OK);
    for (int i = 0; i < CUSTOMERS; i++) {
        char customer[16];
        snprintf(customer, sizeof customer, "c-%d", i);
        count += out[i] = in_canary(&bench, customer);
        arena_reset(&bench.arena);
    }
    bench_close(&bench);
    return count;
}

static void test_split(void **state)
{
    static const struct {
        unsigned share;
        size_t least, most;
    } cases[] = {
        {1, 20, 60},     {10, 340, 460}, {50, 1900, 2100},
        {99, 3930, 3980}, {100, CUSTOMERS, CUSTOMERS},
    };
    bool before[CUSTOMERS] = {false}, now[CUSTOMERS], again[CUSTOMERS];
    (void)state;
    write_models("segments-000001", "segments-000002");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t count = served(cases[i].share, now);
        assert_in_range(count, cases[i].least, cases[i].most);
        /* another replica, or the same one after a restart, agrees */
        assert_int_equal(served(cases[i].share, again), count);
        assert_memory_equal(again, now, sizeof now);
        /* a larger share takes nobody out of the canary */
        for (int j = 0; j < CUSTOMERS; j++) assert_true(now[j] || !before[j]);
        memcpy(before, now, sizeof now);
    }
}

/* From which share on the canary has them: XXH3 by another program. If this changes, customers
 * change arms in the middle of somebody's trial. */
static void test_split_stays(void **state)
{
    static const struct {
        const char *customer;
        unsigned above;
    } cases[] = {
        {"c-17", 28}, {"ben", 21}, {"anna", 77}, {"6d0f0d2ff0b4e9a35b4d3d9ab1b0c7e2", 85},
        {"0193a5b0-7c00-7000-8000-000000000001", 57},
        {"", 80}, /* no key: by the record's id, "r-1" */
        {"r-1", 80},
    };
    (void)state;
    write_models("segments-000001", "segments-000002");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].customer);
        for (unsigned more = 0; more < 2; more++) {
            struct bench bench;
            const char *settings = with_share(cases[i].above + more);
            assert_int_equal(bench_open(&bench, &segment_worker, settings, NULL), E_OK);
            assert_int_equal(in_canary(&bench, cases[i].customer), more);
            bench_close(&bench);
        }
    }
}

/* Each arm's segments are those of its own model. */
static void test_arms_judge_by_themselves(void **state)
{
    struct bench bench;
    (void)state;
    write_models("segments-000001", "segments-000002");
    assert_int_equal(bench_open(&bench, &segment_worker, with_share(50), NULL), E_OK);
    bench.key = STR("ben");
    struct segment segment = segment_of(&bench, CANARY_AXIS, -1);
    assert_int_equal(segment.segment, 1);
    assert_float_equal(segment.distance, 0, 1e-6f);
    bench.key = STR("anna");
    segment = segment_of(&bench, CANARY_AXIS, -1);
    assert_int_equal(segment.segment, 0);
    assert_float_equal(segment.distance, sqrtf(2), 1e-6f);
    bench_close(&bench);
}

static void test_off(void **state)
{
    struct bench bench;
    (void)state;
    write_models("segments-000001", "segments-000002");
    write_bytes_at(canary_path, "nobody opens this");
    assert_int_equal(bench_open(&bench, &segment_worker, with_share(0), NULL), E_OK);
    bench.key = STR("ben");
    struct segment segment = segment_of(&bench, CONTROL_AXIS, -1);
    assert_str(segment.model, "segments-000001");
    assert_false(shape_has(segment, &segment, arm));
    bench_close(&bench);
}

static const struct {
    const char *why, *extractor;
    uint32_t dimensions;
    const char *bytes, *named;
} broken[] = {
    {"made with another extractor", "hash-512-9", FEATURES_DIMENSIONS, NULL, "hash-512-9"},
    {"made for vectors of another size", FEATURES_VERSION, 128, NULL, "128"},
    {"half of a copy", NULL, 0, "half a mod", "canary.model"},
    {"an empty file", NULL, 0, "", "canary.model"},
};

static void break_canary(size_t i)
{
    CASE(broken[i].why);
    if (broken[i].bytes) write_bytes_at(canary_path, broken[i].bytes);
    else write_model_at(canary_path, "s-9", broken[i].extractor, broken[i].dimensions, 1);
}

static void test_refused_at_start(void **state)
{
    struct bench bench;
    struct err err;
    (void)state;
    write_models("segments-000001", "segments-000002");
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        break_canary(i);
        assert_int_equal(bench_open(&bench, &segment_worker, with_share(10), &err), E_BAD_MODEL);
        if (!strstr(err.text, broken[i].named) || !strstr(err.text, "segment.canary"))
            fail_msg("%s", err.text);
        bench_close(&bench);
    }
    unlink(canary_path);
    assert_int_equal(bench_open(&bench, &segment_worker, with_share(10), &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "segment.canary"));
    bench_close(&bench);

    assert_int_equal(bench_open(&bench, &segment_worker, "segment.canary_share=10", &err),
                     E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "segment.canary_share is 10"));
    bench_close(&bench);
}

/* Both models go together, or neither does. */
static void test_reload(void **state)
{
    struct bench bench;
    struct err err;
    (void)state;
    write_models("segments-000001", "segments-000002");
    assert_int_equal(bench_open(&bench, &segment_worker, with_share(50), NULL), E_OK);
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        write_model_at(path, "segments-000003", FEATURES_VERSION, FEATURES_DIMENSIONS, 1);
        break_canary(i);
        assert_int_equal(segment_worker.reload(&bench.context, &err), E_BAD_MODEL);
        assert_true(in_canary(&bench, "ben"));
        assert_false(in_canary(&bench, "anna"));
    }
    CASE("the first is broken");
    write_models("segments-000003", "segments-000004");
    write_bytes_at(path, "half a mod");
    assert_int_equal(segment_worker.reload(&bench.context, &err), E_BAD_MODEL);
    assert_true(in_canary(&bench, "ben"));
    assert_false(in_canary(&bench, "anna"));

    CASE("both are whole: customers stay where they were");
    write_models("segments-000003", "segments-000004");
    assert_int_equal(segment_worker.reload(&bench.context, &err), E_OK);
    bench.key = STR("ben");
    assert_str(segment_of(&bench, 1, 1).model, "segments-000004");
    bench.key = STR("anna");
    assert_str(segment_of(&bench, 1, 1).model, "segments-000003");
    bench_close(&bench);
}

static void test_metrics(void **state)
{
    static const char *const lines[] = {
        "verbatim_segment_records_total{worker=\"segment\",segment=\"0\",arm=\"control\"} 1\n",
        "verbatim_segment_records_total{worker=\"segment\",segment=\"1\",arm=\"control\"} 0\n",
        "verbatim_segment_records_total{worker=\"segment\",segment=\"0\",arm=\"canary\"} 1\n",
        "verbatim_segment_records_total{worker=\"segment\",segment=\"1\",arm=\"canary\"} 2\n",
        "arm=\"control\",model=\"segments-000001\",le=\"1\"} 0\n", /* and so an outlier */
        "arm=\"control\",model=\"segments-000001\"} 1\n",
        "arm=\"canary\",model=\"segments-000002\",le=\"0.5\"} 3\n",
        "arm=\"canary\",model=\"segments-000002\"} 3\n",
    };
    struct bench bench;
    struct buffer text = {0};
    struct metrics_writer writer = {.out = &text, .common = "worker=\"segment\""};
    (void)state;
    write_models("segments-000001", "segments-000002");
    assert_int_equal(bench_open(&bench, &segment_worker, with_share(50), NULL), E_OK);
    bench.key = STR("ben");
    for (int i = 0; i < 3; i++) segment_of(&bench, CANARY_AXIS, i ? -1 : 1);
    bench.key = STR("anna");
    segment_of(&bench, CANARY_AXIS, 1);
    segment_worker.metrics(&bench.context, &writer);
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (!strstr(buffer_cstr(&text), lines[i]))
            fail_msg("no %s in\n%s", lines[i], buffer_cstr(&text));
    buffer_deinit(&text);
    bench_close(&bench);
}

static void test_short_of_memory(void **state)
{
    struct bench bench;
    (void)state;
    write_models("segments-000001", "segments-000002");
    assert_int_equal(bench_open(&bench, &segment_worker, with_share(100), NULL), E_OK);
    bench_torture(&bench, TOPIC_FEATURES,
                  vector_message(&bench, FEATURES_VERSION, FEATURES_DIMENSIONS, 3, 1));
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEGMENT_TEST(test_split), SEGMENT_TEST(test_split_stays),
        SEGMENT_TEST(test_arms_judge_by_themselves), SEGMENT_TEST(test_off),
        SEGMENT_TEST(test_refused_at_start), SEGMENT_TEST(test_reload),
        SEGMENT_TEST(test_metrics), SEGMENT_TEST(test_short_of_memory),
    };
    return cmocka_run_group_tests_name("canary", tests, NULL, NULL);
}
