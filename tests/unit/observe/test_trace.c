/* traceparent as W3C Trace Context has it: sections 3.2 (format) and 4 (mutating it). */
#include "observe/trace.h"
#include "test.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

static void valid_ones_are_told_from_others(void **state)
{
    static const struct { const char *why, *text; bool valid; } cases[] = {
        {"the example of the standard",       "00-" TRACE "-" SPAN "-01", true},
        {"not sampled",                       "00-" TRACE "-" SPAN "-00", true},
        {"flags that we don't know",          "00-" TRACE "-" SPAN "-ff", true},
        {"nothing",                           "", false},
        {"one character short",               "00-" TRACE "-" SPAN "-0", false},
        {"something behind version 00",       "00-" TRACE "-" SPAN "-01-x", false},
        {"a trace of zeros",                  "00-00000000000000000000000000000000-" SPAN "-01",
         false},
        {"a span of zeros",                   "00-" TRACE "-0000000000000000-01", false},
        {"capitals",                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
         false},
        {"letters that aren't hexadecimal",   "00-4bf92f3577b34da6a3ce929d0e0e473g-" SPAN "-01",
         false},
        {"flags that aren't",                 "00-" TRACE "-" SPAN "-0x", false},
        {"a version that isn't",              "0x-" TRACE "-" SPAN "-01", false},
        {"version ff is never valid",         "ff-" TRACE "-" SPAN "-01", false},
        {"a version to come",                 "01-" TRACE "-" SPAN "-01", true},
        {"with more behind a dash",           "cc-" TRACE "-" SPAN "-01-what-the-future-holds",
         true},
        {"with more, but no dash",            "cc-" TRACE "-" SPAN "-01.what", false},
        {"other separators",                  "00_" TRACE "_" SPAN "_01", false},
        {"a blank in front",                  " 00-" TRACE "-" SPAN "-01", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(trace_is_valid(str_of(cases[i].text)), cases[i].valid);
    }
}

static void a_child_goes_on_with_the_trace(void **state)
{
    static const struct { const char *why, *parent, *start, *end; } cases[] = {
        {"same trace, sampled as before",           "00-" TRACE "-" SPAN "-01", "00-" TRACE "-",
         "-01"},
        {"not sampled as before",                   "00-" TRACE "-" SPAN "-00", "00-" TRACE "-",
         "-00"},
        {"of the flags only the one that we know",  "00-" TRACE "-" SPAN "-ff", "00-" TRACE "-",
         "-01"},
        {"likewise unset",                          "00-" TRACE "-" SPAN "-fe", "00-" TRACE "-",
         "-00"},
        {"we write our own version",                "cc-" TRACE "-" SPAN "-01-more",
         "00-" TRACE "-", "-01"},
        {"a bad one starts a new trace",            "00-" TRACE "-0000000000000000-01", "00-",
         "-01"},
        {"so does none",                            "", "00-", "-01"},
    };
    struct random random;
    (void)state;
    random_seed(&random, 3);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char child[TRACE_TEXT_BYTES], other[TRACE_TEXT_BYTES];
        CASE(cases[i].why);
        trace_child(str_of(cases[i].parent), &random, child);
        trace_child(str_of(cases[i].parent), &random, other);
        assert_int_equal(strlen(child), TRACE_TEXT_BYTES - 1);
        assert_true(trace_is_valid(str_of(child)));
        assert_true(str_starts(str_of(child), str_of(cases[i].start)));
        assert_true(str_ends(str_of(child), str_of(cases[i].end)));
        assert_string_not_equal(child + 36, other + 36); /* a span of its own */
        assert_null(strstr(child, SPAN));
        bool same_trace = memcmp(child + 3, other + 3, 32) == 0;
        assert_int_equal(same_trace, strlen(cases[i].start) > 3);
    }
}

static void one_alone_is_told_to_nobody(void **state)
{
    struct random random;
    char trace[TRACE_TEXT_BYTES];
    (void)state;
    random_seed(&random, 1);
    trace_alone(&random, trace);
    assert_true(trace_is_valid(str_of(trace)));
    assert_false(trace_is_sampled(str_of(trace)));
    trace_child((struct str){0}, &random, trace);
    assert_true(trace_is_sampled(str_of(trace)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_ones_are_told_from_others),
        cmocka_unit_test(a_child_goes_on_with_the_trace),
        cmocka_unit_test(one_alone_is_told_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
