/* The figures against ones that were worked out by hand. */
#include "ops/evaluate/evaluate.h"

#include <stdlib.h>

#include "test.h"

static void near(double got, double wanted)
{
    if (got < wanted - 1e-9 || got > wanted + 1e-9) fail_msg("%.9f instead of %.9f", got, wanted);
}

/* Rows as pairs of letters: truth and what was said. */
static void figures_follow_from_counts(void **state)
{
    static const struct {
        const char *why, *rows;
        double accuracy, macro_f1, precision_a, recall_a;
    } cases[] = {
        {"all right", "aa bb cc", 1, 1, 1, 1},
        {"nothing right", "ab ba", 0, 0, 0, 0},
        {"a: 2 of 3 said, 2 of 4 found; b: 1 of 3 said, 1 of 2 found", "aa aa ab ab bb ba", 0.5,
         (4.0 / 7 + 2.0 / 5) / 2, 2.0 / 3, 0.5},
        {"a class that only was said has no share in the mean", "aa ac", 0.5, 2.0 / 3, 1, 0.5},
        {"a class that was never said has F1 0", "aa ba", 0.5, (2.0 / 3 + 0) / 2, 0.5, 1},
        {"no rows", "", 0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scores *scores = calloc(1, sizeof *scores);
        assert_non_null(scores);
        CASE(cases[i].why);
        (void)scores_class(scores, STR("a"));
        for (struct str rest = str_of(cases[i].rows); rest.size;) {
            struct str row = str_cut(&rest, ' ');
            scores_one_of(scores, scores_class(scores, str_slice(row, 0, 1)),
                          scores_class(scores, str_slice(row, 1, 2)));
        }
        near(scores_accuracy(scores), cases[i].accuracy);
        near(scores_macro_f1(scores), cases[i].macro_f1);
        near(class_precision(&scores->classes[0]), cases[i].precision_a);
        near(class_recall(&scores->classes[0]), cases[i].recall_a);
        free(scores);
    }
}

static void calibration_is_the_weighted_gap(void **state)
{
    struct scores *scores = calloc(1, sizeof *scores);
    (void)state;
    assert_non_null(scores);
    near(scores_calibration_error(scores), -1);
    for (int i = 0; i < 4; i++) scores_confidence(scores, 0.75, i < 3); /* as stated */
    near(scores_calibration_error(scores), 0);
    for (int i = 0; i < 4; i++) scores_confidence(scores, 1.0, i < 2); /* half too sure */
    near(scores_calibration_error(scores), 0.25);
    assert_int_equal(scores->bins[SCORES_BINS - 1].rows, 4);
    free(scores);
}

static void classes_are_bounded(void **state)
{
    struct scores *scores = calloc(1, sizeof *scores);
    char name[SCORES_NAME_BYTES * 2];
    (void)state;
    assert_non_null(scores);
    for (uint32_t i = 0; i < SCORES_CLASSES_MAX + 3; i++) {
        snprintf(name, sizeof name, "class-%u", i);
        assert_int_equal(scores_class(scores, str_of(name)),
                         i < SCORES_CLASSES_MAX ? i : SCORES_CLASSES_MAX - 1);
    }
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(scores_class(scores, str_of(name)), SCORES_CLASSES_MAX - 1);
    free(scores);
}

static void labels_are_found_or_the_nearest_named(void **state)
{
    static const struct label labels[] = {
        {"positive", 1}, {"pos", 1}, {"negative", 2}, {"none", 0}, {NULL, 0}};
    static const struct {
        const char *why, *label;
        int rc;
        uint32_t values;
        const char *nearest;
    } cases[] = {
        {"as it is", "positive", E_OK, 1, NULL},
        {"another spelling", "pos", E_OK, 1, NULL},
        {"capitals", "Negative", E_OK, 2, NULL},
        {"blanks around", " none ", E_OK, 0, NULL},
        {"two of them", "pos+negative", E_OK, 3, NULL},
        {"a typing error", "positiv", E_BAD_MESSAGE, 0, "\"positive\""},
        {"one of two is wrong", "pos+negativ", E_BAD_MESSAGE, 0, "\"negative\""},
        {"near to none", "happy", E_BAD_MESSAGE, 0, "known are positive, pos, negative, none"},
        {"short, so that any is near", "1", E_BAD_MESSAGE, 0, "known are positive"},
        {"empty", "", E_BAD_MESSAGE, 0, "the label is empty"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        uint32_t values = 0;
        CASE(cases[i].why);
        assert_int_equal(label_find_all(labels, str_of(cases[i].label), &values, &err),
                         cases[i].rc);
        assert_int_equal(values, cases[i].values);
        if (cases[i].nearest) assert_non_null(strstr(err.text, cases[i].nearest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_follow_from_counts),
        cmocka_unit_test(calibration_is_the_weighted_gap),
        cmocka_unit_test(classes_are_bounded),
        cmocka_unit_test(labels_are_found_or_the_nearest_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
