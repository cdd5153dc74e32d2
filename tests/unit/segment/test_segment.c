/* The segment section, models that don't fit, and reloading while records come. */
#include "test.h"

#include "segment_bench.h"

static void test_nearest(void **state)
{
    static const struct {
        const char *why;
        float value;
        uint32_t segment;
        float distance;
    } cases[] = {
        {"on a centroid", 1, 0, 0},
        {"on the other", -1, 1, 0},
        {"nearer to the first", 0.25f, 0, 0.75f},
        {"in the middle: the lower number", 0, 0, 1},
        {"far away", -3, 1, 2},
    };
    struct bench bench;
    (void)state;
    write_model_at(path, "segments-000007", FEATURES_VERSION, FEATURES_DIMENSIONS, 17);
    assert_int_equal(bench_open(&bench, &segment_worker, setting, NULL), E_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct segment segment = segment_of(&bench, 17, cases[i].value);
        assert_int_equal(segment.segment, cases[i].segment);
        assert_float_equal(segment.distance, cases[i].distance, 1e-6f);
        assert_str(segment.model, "segments-000007");
        assert_false(shape_has(segment, &segment, arm)); /* no experiment is running */
    }
    bench_close(&bench);
}

static void test_models_refused(void **state)
{
    static const struct {
        const char *why, *extractor;
        uint32_t dimensions;
        const char *bytes, *named;
    } cases[] = {
        {"made with another extractor", "hash-512-9", FEATURES_DIMENSIONS, NULL, "hash-512-9"},
        {"made for vectors of another size", FEATURES_VERSION, 128, NULL, "128"},
        {"not a model", NULL, 0, "this is no model file, whatever its name says", "segments.model"},
        {"an empty file", NULL, 0, "", "segments.model"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        struct err err;
        CASE(cases[i].why);
        if (cases[i].bytes) write_bytes_at(path, cases[i].bytes);
        else write_model_at(path, "segments-000001", cases[i].extractor, cases[i].dimensions, 1);
        assert_int_equal(bench_open(&bench, &segment_worker, setting, &err), E_BAD_MODEL);
        if (!strstr(err.text, cases[i].named)) fail_msg("%s", err.text);
        bench_close(&bench);
    }
}

static void test_no_model(void **state)
{
    struct bench bench;
    struct err err;
    (void)state;
    assert_int_equal(
        bench_open(&bench, &segment_worker, "segment.model=/nowhere/at-all.model", &err),
        E_BAD_CONFIG);
    bench_close(&bench);
    write_bytes_at(path, ""); /* for teardown */
}

static void test_vectors_refused(void **state)
{
    static const struct {
        const char *why, *extractor;
        uint32_t dimensions;
    } cases[] = {
        {"of another extractor", "hash-512-9", FEATURES_DIMENSIONS},
        {"of another size", FEATURES_VERSION, 128},
    };
    (void)state;
    write_model_at(path, "segments-000001", FEATURES_VERSION, FEATURES_DIMENSIONS, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        struct record out;
        enum topic topic;
        CASE(cases[i].why);
        assert_int_equal(bench_open(&bench, &segment_worker, setting, NULL), E_OK);
        struct str message = vector_message(&bench, cases[i].extractor, cases[i].dimensions, 1, 1);
        assert_int_equal(bench_pass(&bench, TOPIC_FEATURES, message, &topic, &out), E_OK);
        assert_int_equal(topic, TOPIC_DEAD_LETTERS);
        assert_str(bench_cause(&bench, &out), "bad_message");
        bench_close(&bench);
    }
}

static void test_reload(void **state)
{
    struct bench bench;
    struct err err;
    (void)state;
    write_model_at(path, "segments-000001", FEATURES_VERSION, FEATURES_DIMENSIONS, 3);
    assert_int_equal(bench_open(&bench, &segment_worker, setting, NULL), E_OK);
    assert_str(segment_of(&bench, 3, -1).model, "segments-000001");

    write_bytes_at(path, "half a mod"); /* a copy in progress: the old stays in force */
    assert_int_equal(segment_worker.reload(&bench.context, &err), E_BAD_MODEL);
    struct segment segment = segment_of(&bench, 3, -1);
    assert_str(segment.model, "segments-000001");
    assert_int_equal(segment.segment, 1);

    write_model_at(path, "segments-000002", FEATURES_VERSION, FEATURES_DIMENSIONS, 200);
    assert_int_equal(segment_worker.reload(&bench.context, &err), E_OK);
    segment = segment_of(&bench, 200, -1);
    assert_str(segment.model, "segments-000002");
    assert_int_equal(segment.segment, 1);
    bench_close(&bench);
}

static void test_metrics(void **state)
{
    struct bench bench;
    struct buffer text = {0};
    struct metrics_writer writer = {.out = &text, .common = "worker=\"segment\""};
    (void)state;
    write_model_at(path, "segments-000001", FEATURES_VERSION, FEATURES_DIMENSIONS, 3);
    assert_int_equal(bench_open(&bench, &segment_worker, setting, NULL), E_OK);
    for (int i = 0; i < 3; i++) segment_of(&bench, 3, i ? -1 : 1);
    segment_worker.metrics(&bench.context, &writer);
    assert_non_null(strstr(buffer_cstr(&text), "segment=\"0\"} 1\n"));
    assert_non_null(strstr(buffer_cstr(&text), "segment=\"1\"} 2\n"));
    assert_non_null(strstr(buffer_cstr(&text), "\",model=\"segments-000001\"} 3\n"));
    assert_null(strstr(buffer_cstr(&text), "arm=")); /* as there is one only */
    buffer_deinit(&text);
    bench_close(&bench);
}

static void test_short_of_memory(void **state)
{
    struct bench bench;
    (void)state;
    write_model_at(path, "segments-000001", FEATURES_VERSION, FEATURES_DIMENSIONS, 3);
    assert_int_equal(bench_open(&bench, &segment_worker, setting, NULL), E_OK);
    bench_torture(&bench, TOPIC_FEATURES,
                  vector_message(&bench, FEATURES_VERSION, FEATURES_DIMENSIONS, 3, 1));
    bench_close(&bench);
}

/* The model that ships fits the extractor that ships. */
static void test_shipped_model(void **state)
{
    struct bench bench;
    char shipped[512];
    (void)state;
    const char *source = getenv("VERBATIM_SOURCE");
    snprintf(shipped, sizeof shipped, "segment.model=%s/config/models/segments.model",
             source ? source : ".");
    assert_int_equal(bench_open(&bench, &segment_worker, shipped, NULL), E_OK);
    assert_true(segment_of(&bench, 5, 1).segment < 8);
    bench_close(&bench);
    write_bytes_at(path, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEGMENT_TEST(test_nearest), SEGMENT_TEST(test_models_refused), SEGMENT_TEST(test_no_model),
        SEGMENT_TEST(test_vectors_refused), SEGMENT_TEST(test_reload), SEGMENT_TEST(test_metrics),
        SEGMENT_TEST(test_shipped_model), SEGMENT_TEST(test_short_of_memory),
    };
    return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
