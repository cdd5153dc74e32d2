/* Two models at once give what they give one after the other. */
#include "model/linear_pair.h"

#include "base/random.h"
#include "test.h"

enum { BITS = 6, BUCKETS = 1 << BITS, TOKENS = 400, EACH = 3 };

static uint8_t weights[2][BUCKETS * 2 * 8];
static uint32_t items[TOKENS * EACH], first[TOKENS + 1];
static struct linear_level levels[TOKENS * EACH + 1];

static struct linear_model model_of(uint8_t *of, uint32_t bits, uint32_t classes)
{
    return (struct linear_model){
        .weights = of, .bucket_bits = bits, .classes = classes, .stride = (classes + 3) / 4 * 4};
}

static const struct {
    const char *why;
    uint32_t bits[2], classes[2];
    bool paired;
} cases[] = {
    {"of the same size", {BITS, BITS}, {3, 3}, true},
    {"two and four classes", {BITS, BITS}, {2, 4}, true},
    {"the second has more buckets", {BITS, BITS + 1}, {3, 3}, true},
    {"the first has more buckets", {BITS + 1, BITS - 1}, {3, 4}, true},
    {"more classes: one after the other", {BITS, BITS}, {5, 3}, false},
};

/* What lies between two levels is what linear_sum() says of the features between them. */
static void check_levels(const struct linear_model *one, const struct linear_features *features,
                         uint32_t from, uint32_t last)
{
    for (uint32_t token = from; token < last; token++) {
        struct linear_sums sums = {0};
        linear_sum(one, features, token, token + 1, &sums);
        for (uint32_t c = 0; c < one->classes; c++) {
            uint16_t step = (uint16_t)(levels[(token + 1 - from) * EACH].classes[c] -
                                       levels[(token - from) * EACH].classes[c]);
            assert_int_equal((int)step - EACH * LINEAR_WEIGHT_ZERO, sums.classes[c]);
        }
    }
}

static void same_sums(void **state)
{
    struct random random;
    struct linear_features features = {
        .items = items, .first = first, .count = TOKENS * EACH, .tokens = TOKENS};
    static const uint32_t ranges[][2] = {{0, 0}, {0, 1}, {7, 90}, {0, TOKENS}, {TOKENS, TOKENS}};
    (void)state;
    random_seed(&random, 3);
    /* the largest often: 400 x 255 doesn't fit in 16 bits */
    for (size_t i = 0; i < sizeof weights[0]; i++)
        weights[0][i] = random_below(&random, 2) ? 255 : (uint8_t)random_below(&random, 256),
        weights[1][i] = (uint8_t)random_below(&random, 256);
    for (uint32_t i = 0; i < TOKENS * EACH; i++)
        items[i] = (uint32_t)random_below(&random, UINT32_MAX);
    for (uint32_t i = 0; i <= TOKENS; i++) first[i] = i * EACH;
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        CASE(cases[c].why);
        struct linear_pair pair;
        struct err err;
        struct linear_model one = model_of(weights[0], cases[c].bits[0], cases[c].classes[0]);
        struct linear_model other = model_of(weights[1], cases[c].bits[1], cases[c].classes[1]);
        assert_int_equal(linear_pair_init(&one, &other, &pair, &err), E_OK);
        assert_int_equal(pair.weights != NULL, cases[c].paired);
        for (size_t r = 0; r < COUNT_OF(ranges); r++) {
            struct linear_sums got[2] = {{.count = 5, .classes = {1}}, {.count = 6}},
                               want[2] = {{.count = 5, .classes = {1}}, {.count = 6}};
            linear_pair_sum(&pair, &features, ranges[r][0], ranges[r][1], &got[0], &got[1],
                            r % 2 ? levels : NULL);
            linear_sum(&one, &features, ranges[r][0], ranges[r][1], &want[0]);
            linear_sum(&other, &features, ranges[r][0], ranges[r][1], &want[1]);
            if (r % 2 && cases[c].paired)
                check_levels(&one, &features, ranges[r][0], ranges[r][1]);
            for (int m = 0; m < 2; m++) {
                assert_int_equal(got[m].count, want[m].count);
                assert_memory_equal(got[m].classes, want[m].classes,
                                    cases[c].classes[m] * sizeof got[m].classes[0]);
            }
        }
        linear_pair_deinit(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
