/* The table that people see behind analyze and run: each group is named, by whichever row is its
 * first. */
#include "test.h"

#include "ops/cli/summary.h"

static void tells_counts(void **state)
{
    static const struct {
        const char *why;
        struct summary summary;
        const char *table;
    } cases[] = {
        {"nothing", {0}, "  0 records\n"},
        {"one is no plural, and an empty bar leaves no blanks",
         {.records = 100, .refused = 2, .dead_letters = 1,
          .safety = {[ENUM_safety_state_negative] = 99, [ENUM_safety_state_unassessed] = 1}},
         "  100 records, 2 refused, 1 dead letter\n"
         "  safety      negative                 99   99.0%  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇\n"
         "              unassessed                1    1.0%\n"},
        {"the group is named by its first row that there is",
         {.records = 1, .sentiments = {[ENUM_sentiment_label_mixed] = 1},
          .needs = {[ENUM_need_kind_question] = 1}, .redactions = 3},
         "  1 record\n"
         "  sentiment   mixed                     1  100.0%  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇\n"
         "  needs       question                  1  100.0%  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇\n"
         "  personal    data replaced             3\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char shown[2048] = "";
        FILE *out = tmpfile();
        CASE(cases[i].why);
        assert_non_null(out);
        summary_print(&cases[i].summary, out);
        rewind(out);
        shown[fread(shown, 1, sizeof shown - 1, out)] = '\0';
        assert_string_equal(shown, cases[i].table);
        fclose(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
