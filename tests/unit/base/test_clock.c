/* Times: RFC 3339 in and out, from year 1 to 9999, and the clock that stands still. */
#include "base/clock.h"
#include "test.h"

/* Expected milliseconds come from `date -u -d TEXT +%s` (GNU coreutils), not from our own code. */
static void texts_become_milliseconds(void **state)
{
    static const struct { const char *why, *text; bool good; int64_t ms; } cases[] = {
        {"the epoch",                        "1970-01-01T00:00:00Z", true, 0},
        {"a plain time",                     "2026-01-02T03:04:05Z", true, 1767323045000},
        {"milliseconds",                     "2026-01-02T03:04:05.678Z", true, 1767323045678},
        {"one digit is tenths",              "2026-01-02T03:04:05.6Z", true, 1767323045600},
        {"nanoseconds are cut",              "2026-01-02T03:04:05.678999999Z", true, 1767323045678},
        {"small t and z",                    "2026-01-02t03:04:05z", true, 1767323045000},
        {"a space, as RFC 3339 notes",       "2026-01-02 03:04:05Z", true, 1767323045000},
        {"east of Greenwich is earlier",     "2026-01-02T03:04:05+05:30", true, 1767303245000},
        {"west of Greenwich is later",       "2026-01-02T03:04:05-08:00", true, 1767351845000},
        {"unknown local offset",             "2026-01-02T03:04:05-00:00", true, 1767323045000},
        {"a bare date is midnight UTC",      "2026-01-02", true, 1767312000000},
        {"leap day of a century year",       "2000-02-29T12:00:00Z", true, 951825600000},
        {"leap day",                         "2024-02-29", true, 1709164800000},
        {"just before the epoch",            "1969-12-31T23:59:59.999Z", true, -1},
        {"an ancient date",                  "0001-01-01T00:00:00Z", true, -62135596800000},
        {"the last moment",                  "9999-12-31T23:59:59.999Z", true, 253402300799999},
        {"a leap second is the next minute", "2016-12-31T23:59:60Z", true, 1483228800000},
        {"1900 was no leap year",            "1900-02-29", false, 0},
        {"2023 was no leap year",            "2023-02-29T00:00:00Z", false, 0},
        {"April has 30 days",                "2026-04-31", false, 0},
        {"month 13",                         "2026-13-01", false, 0},
        {"month 0",                          "2026-00-10", false, 0},
        {"day 0",                            "2026-01-00", false, 0},
        {"year 0",                           "0000-01-01", false, 0},
        {"year 0 by its offset",             "0001-01-01T00:00:00+00:01", false, 0},
        {"year 10000 by its offset",         "9999-12-31T23:59:59-00:01", false, 0},
        {"year 10000 by a leap second",      "9999-12-31T23:59:60Z", false, 0},
        {"hour 24",                          "2026-01-02T24:00:00Z", false, 0},
        {"minute 60",                        "2026-01-02T00:60:00Z", false, 0},
        {"second 61",                        "2026-01-02T00:00:61Z", false, 0},
        {"no offset: whose time is it?",     "2026-01-02T03:04:05", false, 0},
        {"a point without digits",           "2026-01-02T03:04:05.Z", false, 0},
        {"offset without colon",             "2026-01-02T03:04:05+0530", false, 0},
        {"offset of a day",                  "2026-01-02T03:04:05+24:00", false, 0},
        {"offset minutes",                   "2026-01-02T03:04:05+01:60", false, 0},
        {"no seconds",                       "2026-01-02T03:04Z", false, 0},
        {"junk behind",                      "2026-01-02T03:04:05Zx", false, 0},
        {"junk behind a date",               "2026-01-02x", false, 0},
        {"slashes",                          "2026/01/02", false, 0},
        {"one-digit month",                  "2026-1-02", false, 0},
        {"five-digit year",                  "12026-01-02", false, 0},
        {"a sign",                           "-026-01-02", false, 0},
        {"empty",                            "", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ms = 424242;
        CASE(cases[i].why);
        assert_int_equal(time_parse(str_of(cases[i].text), &ms), cases[i].good);
        assert_true(ms == (cases[i].good ? cases[i].ms : 424242));
    }
    int64_t untouched = 7;
    assert_false(time_parse((struct str){0}, &untouched));
    assert_false(time_parse(STR("2026-01-02T03:04:05\0"), &untouched)); /* a NUL is no offset */
    assert_true(untouched == 7);
}

static void milliseconds_become_text(void **state)
{
    static const struct { const char *why; int64_t ms; const char *text; } cases[] = {
        {"the epoch",             0, "1970-01-01T00:00:00.000Z"},
        {"a millisecond earlier", -1, "1969-12-31T23:59:59.999Z"},
        {"a plain time",          1767323045678, "2026-01-02T03:04:05.678Z"},
        {"leap day",              951825600000, "2000-02-29T12:00:00.000Z"},
        {"first of March, 1900",  -2203891200000, "1900-03-01T00:00:00.000Z"},
        {"year 1",                -62135596800000, "0001-01-01T00:00:00.000Z"},
        {"the last moment",       253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    char text[TIME_TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(time_format(cases[i].ms, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
    assert_int_equal(time_format(INT64_MAX, text), 24); /* nonsense in, no overrun out */
    assert_int_equal(time_format(INT64_MIN, text), 24);
}

static void nonsense_becomes_the_nearest_time(void **state)
{
    (void)state;
    assert_true(time_bounded(INT64_MIN) == 0);
    assert_true(time_bounded(-1) == 0);
    assert_true(time_bounded(1767323045678) == 1767323045678);
    assert_true(time_bounded(INT64_MAX) == 253402300799999);
    assert_true(time_is_writable(time_bounded(INT64_MAX)));
}

static void every_day_of_400_years_comes_back(void **state)
{
    char text[TIME_TEXT_BYTES], previous[TIME_TEXT_BYTES] = "";
    (void)state;
    for (int64_t day = -73049; day < 73049; day++) { /* 1770 to 2170: the calendar's whole period */
        int64_t ms = day * 86400000 + 86399999, back = 0;
        size_t size = time_format(ms, text);
        assert_true(strcmp(previous, text) < 0);
        assert_true(time_parse(str_make(text, size), &back));
        assert_true(back == ms);
        memcpy(previous, text, sizeof previous);
    }
}

static void a_manual_clock_moves_when_told(void **state)
{
    struct clock_manual manual;
    (void)state;
    clock_manual_init(&manual, 1000);
    assert_int_equal(clock_wall_ms(&manual.clock), 1000);
    assert_int_equal(clock_mono_ns(&manual.clock), 0);
    clock_manual_advance(&manual, 25);
    assert_int_equal(clock_wall_ms(&manual.clock), 1025);
    assert_int_equal(clock_mono_ns(&manual.clock), 25000000);
    assert_int_equal(clock_mono_ms(&manual.clock), 25);
    manual.wall_ms = 5; /* somebody set the wall clock back */
    assert_int_equal(clock_mono_ms(&manual.clock), 25);
}

static void the_system_clock_is_sane(void **state)
{
    const struct clock *clock = clock_system();
    int64_t before = clock_mono_ns(clock), wall = clock_wall_ms(clock);
    int64_t after = clock_mono_ns(clock);
    (void)state;
    assert_true(before <= after);
    assert_true(wall > 1704067200000); /* after 2024-01-01 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_milliseconds),
        cmocka_unit_test(milliseconds_become_text),
        cmocka_unit_test(nonsense_becomes_the_nearest_time),
        cmocka_unit_test(every_day_of_400_years_comes_back),
        cmocka_unit_test(a_manual_clock_moves_when_told),
        cmocka_unit_test(the_system_clock_is_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
