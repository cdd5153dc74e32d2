/* What is offered where a name isn't known, and what is too far away to be. */
#include "test.h"

#include "base/nearest.h"

static void offers_what_may_be_meant(void **state)
{
    static const struct {
        const char *why, *name, *known[4], *found;
        size_t distance;
    } cases[] = {
        {"itself", "tail", {"train", "tail"}, "tail", 0},
        {"a swap", "shcema", {"send", "schema"}, "schema", 2},
        {"the nearest, not the first", "labels", {"tables", "label"}, "label", 1},
        {"of two that are as near, the first", "b", {"", "a"}, NULL, 0},
        {"a letter of three", "txt", {"id", "text"}, "text", 1},
        {"two letters of three are another word", "txt", {"test2"}, NULL, 0},
        {"three of eight", "versions", {"versi"}, "versi", 3},
        {"a long name may have more of them", "demo.name_file", {"demo.name"}, "demo.name", 5},
        {"another word", "helpp", {"send", "keys"}, NULL, 0},
        {"nothing is near to nothing", "", {"a"}, NULL, 0},
        {"none is offered", "a", {NULL}, NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct nearest nearest = nearest_to(str_of(cases[i].name));
        const char *last = NULL;
        CASE(cases[i].why);
        for (size_t j = 0; j < COUNT_OF(cases[i].known) && cases[i].known[j]; j++)
            if (nearest_offer(&nearest, str_of(cases[i].known[j]))) last = cases[i].known[j];
        assert_ptr_equal(nearest.found.data, last);
        assert_int_equal(!last, !cases[i].found);
        if (last) assert_string_equal(last, cases[i].found);
        if (last) assert_int_equal(nearest.distance, cases[i].distance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(offers_what_may_be_meant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
