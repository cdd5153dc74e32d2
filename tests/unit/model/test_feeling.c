/* The strongest words of either side, what a text as a whole says, and models with such weights. */
#include "model/feeling.h"

#include <math.h>

#include "test.h"

enum { TOKENS = 4, FEATURES = 6 };

/* Levels of four tokens: of one feature, of two, of one, of two. */
static const uint32_t firsts[TOKENS + 1] = {0, 1, 3, 4, 6};
static const int weights[FEATURES][2] = {{9, 0}, {-3, 20}, {1, 22}, {40, -10}, {0, 0}, {-7, -7}};
static const struct feeling_scales scales = {0, 1, 0.5f, 0.25f};

static void make_levels(struct linear_level levels[FEATURES + 1])
{
    /* so that they pass 2^16 */
    levels[0] = (struct linear_level){.classes = {65300, 65400}};
    for (int i = 0; i < FEATURES; i++)
        for (int c = 0; c < 2; c++)
            levels[i + 1].classes[c] =
                (uint16_t)(levels[i].classes[c] + weights[i][c] + LINEAR_WEIGHT_ZERO);
}

static void strongest_words(void **state)
{
    static const struct {
        const char *why;
        uint32_t first, last;
        struct strongest before;
        float praise, blame;
    } cases[] = {
        {"a word's features add up", 0, 2, {0, 0}, 4.5f, 11.5f},
        {"both sides", 0, 4, {0, 0}, 22.5f, 11.5f},
        {"what is praise blames nothing", 2, 3, {0, 0}, 22.5f, 0},
        {"no word", 2, 2, {1, 2}, 1, 2},
        {"those heard before may be stronger", 0, 4, {30, 1}, 30, 11.5f},
    };
    const struct linear_features features = {.first = (uint32_t *)firsts, .tokens = TOKENS};
    struct linear_level levels[FEATURES + 1] = {0};
    (void)state;
    make_levels(levels);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct strongest strongest = cases[i].before;
        feeling_hear(&scales, &features, levels, cases[i].first, cases[i].last, &strongest);
        assert_float_equal(strongest.praise, cases[i].praise, 1e-5);
        assert_float_equal(strongest.blame, cases[i].blame, 1e-5);
    }
}

/* Many words at once say what they say one by one, wherever they begin and end. */
static void many_words(void **state)
{
    enum { MANY = 41, EACH_MOST = 3 };
    uint32_t first[MANY + 1] = {0}, seed = 7;
    struct linear_level levels[MANY * EACH_MOST + 1] = {{.classes = {65300, 65400}}};
    const struct linear_features features = {.first = first, .tokens = MANY};
    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        first[i + 1] = first[i] + i % (EACH_MOST + 1);
        for (uint32_t at = first[i]; at < first[i + 1]; at++)
            for (int c = 0; c < 2; c++) {
                seed = seed * 1103515245 + 12345;
                levels[at + 1].classes[c] = (uint16_t)(levels[at].classes[c] + (seed >> 16) % 256);
            }
    }
    for (uint32_t from = 0; from <= MANY; from++)
        for (uint32_t to = from; to <= MANY; to++) {
            struct strongest once = {0.25f, 0.5f}, each = once;
            feeling_hear(&scales, &features, levels, from, to, &once);
            for (uint32_t i = from; i < to; i++)
                feeling_hear(&scales, &features, levels, i, i + 1, &each);
            assert_float_equal(once.praise, each.praise, 0);
            assert_float_equal(once.blame, each.blame, 0);
        }
}

static void signs_of_a_text(void **state)
{
    const float sure[] = {0.8f, 0.1f, 0.1f}, certain[] = {0, 1, 0};
    const struct strongest strongest = {6.389f, 0};
    float signs[FEELING_SIGNS];
    (void)state;
    feeling_read(sure, &strongest, 0.25f, 0.75f, signs);
    assert_float_equal(signs[FEELING_LEAN], logf(8), 1e-4f);
    assert_float_equal(signs[FEELING_CLARITY], logf(8), 1e-4f);
    assert_float_equal(signs[FEELING_UNDECIDED], logf(0.1f / 0.9f), 1e-4f);
    assert_float_equal(signs[FEELING_PRAISE], 2, 1e-3);
    assert_float_equal(signs[FEELING_BLAME], 0, 1e-6);
    assert_float_equal(signs[FEELING_PROBLEM], 0.25, 1e-6);
    assert_float_equal(signs[FEELING_QUESTION], 0.75, 1e-6);
    feeling_read(certain, &strongest, 0, 0, signs);
    for (int i = 0; i < FEELING_SIGNS; i++) assert_true(isfinite(signs[i]));
    assert_true(signs[FEELING_LEAN] < -10 && signs[FEELING_CLARITY] > 10);
}

static void weighs_signs(void **state)
{
    struct feeling feeling = {.known = true, .biases = {0, 0, 1}};
    float signs[FEELING_SIGNS] = {[FEELING_PRAISE] = 2}, probabilities[FEELING_CLASSES];
    (void)state;
    feeling.weights[FEELING_POSITIVE][FEELING_PRAISE] = 1.5f;
    feeling_judge(&feeling, signs, probabilities);
    float total = expf(3) + 1 + expf(1);
    assert_float_equal(probabilities[FEELING_POSITIVE], expf(3) / total, 1e-5);
    assert_float_equal(probabilities[FEELING_NEGATIVE], 1 / total, 1e-5);
    assert_float_equal(probabilities[FEELING_NEUTRAL], expf(1) / total, 1e-5);
}

static int open_with(const float *numbers, size_t count, struct feeling *feeling, struct err *err)
{
    struct model_writer writer;
    struct model_file file;
    struct buffer bytes = {0};
    model_writer_init(&writer, "linear", "sentiment-test");
    if (numbers) model_writer_add(&writer, "feeling", numbers, count * sizeof *numbers);
    assert_int_equal(model_writer_bytes(&writer, &bytes, err), E_OK);
    assert_int_equal(model_file_parse(buffer_str(&bytes), &file, err), E_OK);
    int rc = feeling_open(&file, feeling, err);
    model_writer_deinit(&writer);
    buffer_deinit(&bytes);
    return rc;
}

static void opens_weights(void **state)
{
    struct feeling feeling;
    struct err err;
    float numbers[FEELING_NUMBERS];
    (void)state;
    for (int i = 0; i < FEELING_NUMBERS; i++) numbers[i] = (float)i;
    assert_int_equal(open_with(NULL, 0, &feeling, &err), E_OK);
    assert_false(feeling.known);
    assert_int_equal(open_with(numbers, FEELING_NUMBERS, &feeling, &err), E_OK);
    assert_true(feeling.known);
    assert_float_equal(feeling.biases[FEELING_NEGATIVE], 1 + FEELING_SIGNS, 0);
    assert_float_equal(feeling.weights[FEELING_POSITIVE][FEELING_LEAN], 1, 0);
    assert_float_equal(feeling.weights[FEELING_NEUTRAL][FEELING_QUESTION], FEELING_NUMBERS - 1, 0);
    CASE("too short");
    assert_int_equal(open_with(numbers, FEELING_NUMBERS - 1, &feeling, &err), E_BAD_MODEL);
    assert_false(feeling.known);
    CASE("no number");
    numbers[5] = NAN;
    assert_int_equal(open_with(numbers, FEELING_NUMBERS, &feeling, &err), E_BAD_MODEL);
    assert_false(feeling.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strongest_words),
        cmocka_unit_test(many_words),
        cmocka_unit_test(signs_of_a_text),
        cmocka_unit_test(weighs_signs),
        cmocka_unit_test(opens_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
