/* One class asked for alone has the probability that it has among all. */
#include "model/linear.h"

#include "test.h"

static float probability(const struct linear_model *model, uint32_t class, int64_t sum,
                         uint32_t count)
{
    return linear_of_odds(linear_odds(model, class, sum, count));
}

static void one_class_alone(void **state)
{
    static const struct {
        const char *why;
        struct linear_sums sums;
    } cases[] = {
        {"no feature: what the biases say", {.count = 0}},
        {"one feature", {.count = 1, .classes = {127, -128, 3}}},
        {"many", {.count = 400, .classes = {-9000, 12345, 0}}},
        {"so sure that the other side is nothing",
         {.count = 1 << 20, .classes = {INT32_MAX, -INT32_MAX, 1}}},
    };
    const struct linear_model model = {
        .classes = 3, .link = LINEAR_SIGMOID, .scales = {0.01f, 0.02f, 0.5f},
        .biases = {-2, 0, 1.5f}, .temperature = 1.3f};
    (void)state;
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        CASE(cases[c].why);
        float all[LINEAR_CLASSES_MAX];
        linear_probabilities(&model, &cases[c].sums, all);
        for (uint32_t class = 0; class < model.classes; class++) {
            float alone = probability(&model, class, cases[c].sums.classes[class],
                                      cases[c].sums.count);
            /* to the bit: what is decided must not depend on it */
            assert_memory_equal(&alone, &all[class], sizeof alone);
        }
    }
}

static void few_features_say_less(void **state)
{
    static const struct {
        const char *why;
        uint32_t least, count, as_if;
    } cases[] = {
        {"a word or two are scored as if they were more", 16, 4, 16},
        {"no feature: what the biases say, as before", 16, 0, 16},
        {"as many: as they are", 16, 16, 16},
        {"more: as they are", 16, 64, 64},
        {"a model that doesn't ask for it", 0, 4, 4},
    };
    (void)state;
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        CASE(cases[c].why);
        struct linear_model model = {
            .classes = 1, .link = LINEAR_SIGMOID, .scales = {0.01f}, .biases = {-1},
            .temperature = 1};
        int64_t sum = cases[c].count ? 700 : 0;
        float expected = probability(&model, 0, sum, cases[c].as_if);
        model.least_features = cases[c].least;
        float found = probability(&model, 0, sum, cases[c].count);
        assert_memory_equal(&found, &expected, sizeof found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_class_alone),
        cmocka_unit_test(few_features_say_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
