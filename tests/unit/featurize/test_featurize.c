/* The features section: its form, what changes it, and what passes through untouched. */
#include "test.h"

#include <math.h>

#include "model/features.h"
#include "worker_bench.h"
#include "workers/featurize/featurize.h"

static struct features featurize(struct bench *bench, const char *text, const char *channel,
                                 float rating)
{
    struct record in = bench_document(bench, text, "en", channel, rating), out;
    struct features features;
    struct err err;
    enum topic topic;
    assert_int_equal(bench_pass(bench, TOPIC_DOCUMENTS, bench_write(bench, &in), &topic, &out),
                     E_OK);
    assert_int_equal(topic, TOPIC_FEATURES);
    must(record_decode(&out, SECTION_FEATURES, &features, &bench->arena, &err), &err);
    return features;
}

static double dot(const struct features *a, const struct features *b)
{
    double sum = 0;
    for (uint32_t i = 0; i < a->vector.count; i++)
        sum += (double)a->vector.values[i] * (double)b->vector.values[i];
    return sum;
}

static void test_form(void **state)
{
    static const struct {
        const char *why, *text, *channel;
        float rating;
        double length;
    } cases[] = {
        {"an ordinary text", "The parcel came late and the box was torn.", "review", 2, 1},
        {"one word", "great", NULL, 0, 1},
        {"no word, but a channel", "...", "call", 0, 1},
        {"nothing at all is the zero vector", "...", NULL, 0, 0},
        {"a repeated word", "no no no no no no no no no no no no", NULL, 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        CASE(cases[i].why);
        assert_int_equal(bench_open(&bench, &featurize_worker, NULL, NULL), E_OK);
        struct features features = featurize(&bench, cases[i].text, cases[i].channel,
                                             cases[i].rating);
        assert_int_equal(features.vector.count, 256);
        assert_str(features.extractor, FEATURES_VERSION);
        assert_float_equal((float)sqrt(dot(&features, &features)), (float)cases[i].length, 1e-5f);
        bench_close(&bench);
    }
}

/* Cosine of two records' vectors, within bounds. */
static void test_influence(void **state)
{
    static const struct {
        const char *why, *text[2], *channel[2];
        float rating[2];
        double least, most;
    } cases[] = {
        {"the same record gives the same vector", {"late parcel", "late parcel"}, {"call", "call"},
         {4, 4}, 0.99999, 1.00001},
        {"case and accents don't count", {"D\xc3\xa9\xc3\xa7u !", "decu"}, {0}, {0}, 0.99999,
         1.00001},
        {"the channel counts, a little", {"late parcel came", "late parcel came"},
         {"call", "review"}, {0}, 0.8, 0.995},
        {"so does the rating", {"late parcel came", "late parcel came"}, {0}, {1, 5}, 0.8, 0.995},
        {"no rating isn't the worst rating", {"late parcel came", "late parcel came"}, {0}, {1, 0},
         0.8, 0.999},
        {"the order of words counts by pairs", {"not good but cheap", "good but not cheap"}, {0},
         {0}, 0.4, 0.999},
        {"other words, another direction", {"late parcel came torn", "lovely soft fabric colours"},
         {0}, {0}, -0.3, 0.3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        CASE(cases[i].why);
        assert_int_equal(bench_open(&bench, &featurize_worker, NULL, NULL), E_OK);
        struct features a = featurize(&bench, cases[i].text[0], cases[i].channel[0],
                                      cases[i].rating[0]);
        struct features b = featurize(&bench, cases[i].text[1], cases[i].channel[1],
                                      cases[i].rating[1]);
        double cosine = dot(&a, &b);
        if (cosine < cases[i].least || cosine > cases[i].most) fail_msg("cosine %.5f", cosine);
        bench_close(&bench);
    }
}

/* Other sections go on byte for byte. */
static void test_pass_through(void **state)
{
    struct bench bench;
    struct record out;
    enum topic topic;
    (void)state;
    assert_int_equal(bench_open(&bench, &featurize_worker, NULL, NULL), E_OK);
    struct record in = bench_document(&bench, "late", "en", "call", 3);
    assert_int_equal(bench_pass(&bench, TOPIC_DOCUMENTS, bench_write(&bench, &in), &topic, &out),
                     E_OK);
    assert_true(str_equal(out.id, in.id));
    assert_true(str_equal(out.sections[SECTION_DOCUMENT], in.sections[SECTION_DOCUMENT]));
    assert_true(str_equal(out.sections[SECTION_FEEDBACK], in.sections[SECTION_FEEDBACK]));
    bench_close(&bench);
}

static void test_without_document(void **state)
{
    struct bench bench;
    struct record in = {.version = RECORD_VERSION, .id = STR("r-2")}, out;
    enum topic topic;
    (void)state;
    assert_int_equal(bench_open(&bench, &featurize_worker, NULL, NULL), E_OK);
    assert_int_equal(bench_pass(&bench, TOPIC_DOCUMENTS, bench_write(&bench, &in), &topic, &out),
                     E_OK);
    assert_int_equal(topic, TOPIC_DEAD_LETTERS);
    assert_str(bench_cause(&bench, &out), "bad_message");
    bench_close(&bench);
}

static void test_short_of_memory(void **state)
{
    struct bench bench;
    (void)state;
    assert_int_equal(bench_open(&bench, &featurize_worker, NULL, NULL), E_OK);
    struct record in = bench_document(&bench, "The parcel came late, and the box was torn.", "en",
                                      "call", 3);
    bench_torture(&bench, TOPIC_DOCUMENTS, bench_write(&bench, &in));
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form), cmocka_unit_test(test_influence),
        cmocka_unit_test(test_pass_through), cmocka_unit_test(test_without_document),
        cmocka_unit_test(test_short_of_memory)};
    return cmocka_run_group_tests_name("featurize", tests, NULL, NULL);
}
