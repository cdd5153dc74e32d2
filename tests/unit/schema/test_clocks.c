/* The table of safety clocks: which line is a record's, and what a table may not say. */
#include "test.h"

#include <stdlib.h>

#include "schema/shape.h"
#include "schema/clocks.h"

enum { EVENT = 1 << ENUM_safety_kind_adverse_event, HAZARD = 1 << ENUM_safety_kind_hazard,
       COMPLAINT = 1 << ENUM_safety_kind_product_complaint };

static void takes_the_shortest_that_fits(void **state)
{
    static const char TABLE[] = "# comment\n"
                                "eu adverse_event serious 15d\n"
                                "eu adverse_event other 90d # trailing\n"
                                "us hazard any 24h\r\n"
                                "jp\tadverse_event  any\t90m\n"
                                "eu unassessed any 10d\n"
                                "any any any 120d\n";
    static const struct {
        const char *why, *regions;
        uint32_t kinds;
        bool serious;
        const char *name;
        int64_t after_ms;
    } cases[] = {
        {"serious", "eu", EVENT, true, "eu adverse_event serious", 15 * INT64_C(86400000)},
        {"not serious", "eu", EVENT, false, "eu adverse_event other", 90 * INT64_C(86400000)},
        {"several kinds: the shortest", "eu,us", EVENT | HAZARD, true, "us hazard any", 86400000},
        {"a region that isn't chosen doesn't count", "eu", EVENT | HAZARD, true,
         "eu adverse_event serious", 15 * INT64_C(86400000)},
        {"no region chosen: all of them", "", EVENT, true, "jp adverse_event any", 90 * 60000},
        {"any region is always chosen", "us", COMPLAINT, false, "any any any",
         120 * INT64_C(86400000)},
        {"nobody could tell what it is", "eu", CLOCKS_UNASSESSED, false, "eu unassessed any",
         10 * INT64_C(86400000)},
        {"… and its region has no line for that", "us", CLOCKS_UNASSESSED, false, "any any any",
         120 * INT64_C(86400000)},
        {"blanks around regions", " us , jp ", EVENT, false, "jp adverse_event any", 90 * 60000},
    };
    struct clocks *clocks = malloc(sizeof *clocks);
    struct err err;
    (void)state;
    assert_int_equal(clocks_parse("table", str_of(TABLE), clocks, &err), E_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        const struct clock_line *line =
            clocks_find(clocks, str_of(cases[i].regions), cases[i].kinds, cases[i].serious);
        assert_non_null(line);
        assert_string_equal(line->name, cases[i].name);
        assert_int_equal(line->after_ms, cases[i].after_ms);
    }
    assert_int_equal(clocks_parse("table", STR("eu hazard serious 1d"), clocks, &err), E_OK);
    assert_null(clocks_find(clocks, STR(""), HAZARD, false));
    assert_null(clocks_find(clocks, STR(""), EVENT, true));
    free(clocks);
}

static void refuses_what_is_no_table(void **state)
{
    static const struct {
        const char *why, *table, *message;
    } cases[] = {
        {"nothing in it", "# only this\n", "table: holds no clock"},
        {"a region in capitals", "EU hazard any 1d",
         "table:1: a region is a-z, 0-9, '-' or '_', at most 32 of them, not \"EU\""},
        {"a kind that there isn't", "\neu rash any 1d",
         "table:2: a kind is adverse_event, hazard, product_complaint, special_situation, unassessed "
         "or any, not \"rash\""},
        {"seriousness", "eu hazard grave 1d",
         "table:1: seriousness is serious, other or any, not \"grave\""},
        {"no time", "eu hazard any",
         "table:1: a time is a number with m, h or d, at most 3650d, not \"\""},
        {"a time without unit", "eu hazard any 15",
         "table:1: a time is a number with m, h or d, at most 3650d, not \"15\""},
        {"no time at all", "eu hazard any 0d",
         "table:1: a time is a number with m, h or d, at most 3650d, not \"0d\""},
        {"an overflow", "eu hazard any 999999999999999999d",
         "table:1: a time is a number with m, h or d, at most 3650d, not \"999999999999999999d\""},
        {"more than a line holds", "eu hazard any 1d 2d",
         "table:1: nothing comes behind the time, but \"2d\""},
    };
    struct clocks *clocks = malloc(sizeof *clocks);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err;
        CASE(cases[i].why);
        assert_int_equal(clocks_parse("table", str_of(cases[i].table), clocks, &err), E_BAD_CONFIG);
        assert_string_equal(err.text, cases[i].message);
    }
    free(clocks);
}

static void names_the_nearest_region(void **state)
{
    struct clocks *clocks = malloc(sizeof *clocks);
    struct err err;
    (void)state;
    assert_int_equal(clocks_parse("table",
                                  STR("europe hazard any 1d\nus hazard any 1d\nany any any 9d"),
                                  clocks, &err),
                     E_OK);
    assert_int_equal(clocks_check_regions(clocks, STR("us, europe"), &err), E_OK);
    assert_int_equal(clocks_check_regions(clocks, STR(""), &err), E_OK);
    assert_int_equal(clocks_check_regions(clocks, STR("us,eurpe"), &err), E_BAD_CONFIG);
    assert_string_equal(
        err.text,
        "preprocess.regions: no clock has the region \"eurpe\"; did you mean \"europe\"?");
    assert_true(clocks_know(clocks, STR("us")));
    assert_false(clocks_know(clocks, STR("any")));
    free(clocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_shortest_that_fits),
        cmocka_unit_test(refuses_what_is_no_table),
        cmocka_unit_test(names_the_nearest_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
