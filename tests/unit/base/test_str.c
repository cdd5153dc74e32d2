/* String views: cutting, searching, numbers, and which bytes are UTF-8. */
#include "base/str.h"
#include "test.h"

#define BYTES(literal) {(literal), sizeof(literal) - 1}

static void utf8_is_judged_byte_by_byte(void **state)
{
    static const struct { const char *why; struct str text; size_t valid; } cases[] = {
        {"nothing is valid",                    BYTES(""), 0},
        {"ASCII",                               BYTES("plain"), 5},
        {"a NUL is a character",                BYTES("a\0b"), 3},
        {"ASCII beyond the eight-byte stride",  BYTES("0123456789abcdef!"), 17},
        {"two, three and four bytes",           BYTES("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), 9},
        {"smallest of two: U+0080",             BYTES("\xC2\x80"), 2},
        {"smallest of three: U+0800",           BYTES("\xE0\xA0\x80"), 3},
        {"smallest of four: U+10000",           BYTES("\xF0\x90\x80\x80"), 4},
        {"last before the surrogates: U+D7FF",  BYTES("\xED\x9F\xBF"), 3},
        {"first after the surrogates: U+E000",  BYTES("\xEE\x80\x80"), 3},
        {"largest: U+10FFFF",                   BYTES("\xF4\x8F\xBF\xBF"), 4},
        {"noncharacter U+FFFF is allowed",      BYTES("\xEF\xBF\xBF"), 3},
        {"overlong NUL: C0 80",                 BYTES("a\xC0\x80"), 1},
        {"overlong of two: C1 BF",              BYTES("\xC1\xBF"), 0},
        {"overlong of three: U+07FF",           BYTES("\xE0\x9F\xBF"), 0},
        {"overlong of four: U+FFFF",            BYTES("\xF0\x8F\xBF\xBF"), 0},
        {"high surrogate",                      BYTES("ab\xED\xA0\x80"), 2},
        {"low surrogate",                       BYTES("\xED\xBF\xBF"), 0},
        {"beyond U+10FFFF",                     BYTES("\xF4\x90\x80\x80"), 0},
        {"F5 never starts a character",         BYTES("\xF5\x80\x80\x80"), 0},
        {"FE and FF never appear",              BYTES("ok\xFE\xFF"), 2},
        {"continuation without a start",        BYTES("\x80"), 0},
        {"cut after one of two",                BYTES("x\xC3"), 1},
        {"cut after two of three",              BYTES("x\xE2\x82"), 1},
        {"cut after three of four",             BYTES("x\xF0\x9F\x98"), 1},
        {"third byte is not a continuation",    BYTES("\xE2\x82" "A"), 0},
        {"fourth byte is not a continuation",   BYTES("\xF0\x9F\x98" "A"), 0},
        {"a bad byte inside an eight-byte run", BYTES("abcd\xFF" "efgh"), 4},
        {"a bad byte right behind the stride",  BYTES("abcdefgh\xFF"), 8},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(str_utf8_valid_prefix(cases[i].text), cases[i].valid);
        assert_int_equal(str_is_utf8(cases[i].text), cases[i].valid == cases[i].text.size);
    }
    assert_true(str_is_utf8((struct str){0}));
}

/* Sixteen bytes are judged together: what the cases hold, at each place among letters of one and
 * of two bytes. */
static void utf8_is_judged_the_same_wherever_it_lies(void **state)
{
    static const struct { const char *why; struct str text; size_t valid; } cases[] = {
        {"two bytes",                       BYTES("\xC3\xA9"), 2},
        {"two bytes, the smallest",         BYTES("\xC2\x80"), 2},
        {"two bytes, the largest",          BYTES("\xDF\xBF"), 2},
        {"three bytes",                     BYTES("\xE2\x82\xAC"), 3},
        {"four bytes",                      BYTES("\xF0\x9F\x98\x80"), 4},
        {"overlong",                        BYTES("\xC1\xBF"), 0},
        {"a first byte behind another",     BYTES("\xC3\xC3\xA9"), 0},
        {"two second bytes",                BYTES("\xC3\xA9\xA9"), 2},
        {"a second byte alone",             BYTES("\xA9"), 0},
        {"a letter cut by ASCII",           BYTES("\xC3z"), 0},
        {"a byte that is never there",      BYTES("\xFF"), 0},
    };
    char text[80];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t wide = 0; wide < 3; wide++)
            for (size_t shift = 0; shift < 35; shift++)
                for (size_t behind = 0; behind < 35; behind += 17) {
                    size_t size = shift + 2 * wide, case_size = cases[i].text.size;
                    CASE(cases[i].why);
                    memset(text, 'x', sizeof text);
                    for (size_t k = 0; k < wide; k++) memcpy(text + shift + 2 * k, "\xC3\xB1", 2);
                    memcpy(text + size, cases[i].text.data, case_size);
                    bool whole = cases[i].valid == case_size;
                    size_t all = size + case_size + behind;
                    assert_int_equal(str_utf8_valid_prefix(str_make(text, all)),
                                     whole ? all : size + cases[i].valid);
                }
}

static void a_cut_takes_whole_characters(void **state)
{
    static const struct {
        const char *why;
        struct str text;
        size_t bytes, left;
    } cases[] = {
        {"nothing of nothing", BYTES(""), 4, 0},
        {"all that fits", BYTES("caf\xc3\xa9"), 5, 5},
        {"all where there is room for more", BYTES("caf\xc3\xa9"), 9, 5},
        {"between two characters", BYTES("caf\xc3\xa9s"), 5, 5},
        {"not half an accent", BYTES("caf\xc3\xa9"), 4, 3},
        {"nor three quarters of an emoji", BYTES("a\xf0\x9f\x98\x80"), 4, 1},
        {"the first one doesn't fit", BYTES("\xf0\x9f\x98\x80"), 3, 0},
        {"no room", BYTES("abc"), 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(str_utf8_cut(cases[i].text, cases[i].bytes).size, cases[i].left);
    }
    assert_true(str_utf8_is_inside(STR("\xc3\xa9"), 1));
    assert_false(str_utf8_is_inside(STR("\xc3\xa9"), 0));
    assert_false(str_utf8_is_inside(STR("\xc3\xa9"), 2));
}

static void unsigned_numbers_are_whole_and_bounded(void **state)
{
    static const struct { const char *why; struct str text; bool good; uint64_t value; } cases[] = {
        {"zero",                     BYTES("0"), true, 0},
        {"leading zeros are decimal", BYTES("0012"), true, 12},
        {"largest",                  BYTES("18446744073709551615"), true, UINT64_MAX},
        {"one more",                 BYTES("18446744073709551616"), false, 0},
        {"a digit more",             BYTES("184467440737095516150"), false, 0},
        {"empty",                    BYTES(""), false, 0},
        {"a sign",                   BYTES("+1"), false, 0},
        {"a space",                  BYTES("1 "), false, 0},
        {"a NUL behind it",          BYTES("1\0"), false, 0},
        {"hexadecimal",              BYTES("0x10"), false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t value = 99;
        CASE(cases[i].why);
        assert_int_equal(str_to_u64(cases[i].text, &value), cases[i].good);
        assert_true(value == (cases[i].good ? cases[i].value : 99));
    }
}

static void signed_numbers_reach_both_ends(void **state)
{
    static const struct { const char *why; struct str text; bool good; int64_t value; } cases[] = {
        {"minus one",      BYTES("-1"), true, -1},
        {"minus zero",     BYTES("-0"), true, 0},
        {"largest",        BYTES("9223372036854775807"), true, INT64_MAX},
        {"smallest",       BYTES("-9223372036854775808"), true, INT64_MIN},
        {"beyond largest", BYTES("9223372036854775808"), false, 0},
        {"beyond smallest", BYTES("-9223372036854775809"), false, 0},
        {"a lone sign",    BYTES("-"), false, 0},
        {"two signs",      BYTES("--1"), false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t value = 99;
        CASE(cases[i].why);
        assert_int_equal(str_to_i64(cases[i].text, &value), cases[i].good);
        assert_true(value == (cases[i].good ? cases[i].value : 99));
    }
}

static void real_numbers_are_finite_decimals(void **state)
{
    static const struct { const char *why; struct str text; bool good; double value; } cases[] = {
        {"decimal",             BYTES("0.25"), true, 0.25},
        {"exponent",            BYTES("-1e3"), true, -1000},
        {"whole",               BYTES("7"), true, 7},
        {"empty",               BYTES(""), false, 0},
        {"white space first",   BYTES(" 1"), false, 0},
        {"junk behind",         BYTES("1.5s"), false, 0},
        {"not a number would slip past range checks", BYTES("nan"), false, 0},
        {"infinity",            BYTES("-inf"), false, 0},
        {"hexadecimal",         BYTES("0x1p4"), false, 0},
        {"overflow",            BYTES("1e999"), false, 0},
        {"a NUL inside",        BYTES("1\0" "2"), false, 0},
        {"longer than any number needs",
         BYTES("0.0000000000000000000000000000000000000000000000000000000000000001"), false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        double value = 99;
        CASE(cases[i].why);
        assert_int_equal(str_to_f64(cases[i].text, &value), cases[i].good);
        assert_true(value == (cases[i].good ? cases[i].value : 99));
    }
}

static void cut_walks_through_parts(void **state)
{
    struct str rest = STR("a,,b");
    (void)state;
    assert_true(str_equal(str_cut(&rest, ','), STR("a")));
    assert_true(str_equal(str_cut(&rest, ','), STR("")));
    assert_true(str_equal(str_cut(&rest, ','), STR("b")));
    assert_int_equal(rest.size, 0);
    assert_int_equal(str_cut(&rest, ',').size, 0);
    rest = (struct str){0};
    assert_int_equal(str_cut(&rest, ',').size, 0);
    assert_null(rest.data);
    rest = STR("  one\ttwo ");
    assert_true(str_equal(str_cut_word(&rest), STR("one")));
    assert_true(str_equal(str_cut_word(&rest), STR("two")));
    assert_int_equal(str_cut_word(&rest).size, 0);
}

static void find_gives_the_first_place_or_the_size(void **state)
{
    static const struct { const char *why; struct str s, needle; size_t at; } cases[] = {
        {"first of two",           BYTES("abcabc"), BYTES("bc"), 1},
        {"at the end",             BYTES("abc"), BYTES("c"), 2},
        {"absent",                 BYTES("abc"), BYTES("x"), 3},
        {"longer than the text",   BYTES("ab"), BYTES("abc"), 2},
        {"nothing is everywhere",  BYTES("abc"), BYTES(""), 0},
        {"nothing in nothing",     {NULL, 0}, {NULL, 0}, 0},
        {"something in nothing",   {NULL, 0}, BYTES("a"), 0},
        {"across a NUL",           BYTES("a\0b"), BYTES("\0b"), 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(str_find(cases[i].s, cases[i].needle), cases[i].at);
    }
}

static void order_is_bytewise_then_by_size(void **state)
{
    (void)state;
    assert_int_equal(str_compare(STR("a"), STR("a")), 0);
    assert_true(str_compare(STR("a"), STR("b")) < 0);
    assert_true(str_compare(STR("ab"), STR("a")) > 0);
    assert_true(str_compare(STR("\xFF"), STR("a")) > 0); /* bytes are unsigned */
    assert_true(str_compare((struct str){0}, STR("a")) < 0);
    assert_int_equal(str_compare((struct str){0}, STR("")), 0);
    assert_true(str_equal_ignoring_case(STR("Content-Type"), STR("content-TYPE")));
    assert_false(str_equal_ignoring_case(STR("\xC3\x89"), STR("\xC3\xA9"))); /* É, é */
    assert_false(str_equal_ignoring_case(STR("@"), STR("`"))); /* no letters */
}

static void slices_and_trims_stay_inside(void **state)
{
    (void)state;
    assert_true(str_equal(str_slice(STR("abcd"), 1, 3), STR("bc")));
    assert_true(str_equal(str_slice(STR("abcd"), 2, 99), STR("cd")));
    assert_int_equal(str_slice(STR("abcd"), 3, 1).size, 0);
    assert_int_equal(str_slice((struct str){0}, 1, 2).size, 0);
    assert_true(str_equal(str_trim(STR(" \t\r\n a b \v\f")), STR("a b")));
    assert_int_equal(str_trim(STR(" \n ")).size, 0);
    assert_true(str_starts(STR("abc"), STR("ab")) && str_ends(STR("abc"), STR("bc")));
    assert_false(str_starts(STR("a"), STR("ab")) || str_ends(STR("b"), STR("ab")));
}

static void distance_helps_did_you_mean(void **state)
{
    static const struct { const char *why; struct str a, b; size_t distance; } cases[] = {
        {"the same",       BYTES("batch"), BYTES("batch"), 0},
        {"case is no typo", BYTES("Batch"), BYTES("bATCH"), 0},
        {"one change",     BYTES("batch"), BYTES("butch"), 1},
        {"one missing",    BYTES("batch"), BYTES("bach"), 1},
        {"a swap is two",  BYTES("batch"), BYTES("bathc"), 2},
        {"classic",        BYTES("kitten"), BYTES("sitting"), 3},
        {"from nothing",   BYTES(""), BYTES("abc"), 3},
        {"to nothing",     BYTES("abc"), BYTES(""), 3},
    };
    char big_a[300], big_b[300];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(str_distance(cases[i].a, cases[i].b), cases[i].distance);
    }
    memset(big_a, 'a', sizeof big_a), memset(big_b, 'b', sizeof big_b);
    struct str a = str_make(big_a, sizeof big_a), b = str_make(big_b, sizeof big_b);
    assert_int_equal(str_distance(a, b), 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_judged_byte_by_byte),
        cmocka_unit_test(utf8_is_judged_the_same_wherever_it_lies),
        cmocka_unit_test(a_cut_takes_whole_characters),
        cmocka_unit_test(unsigned_numbers_are_whole_and_bounded),
        cmocka_unit_test(signed_numbers_reach_both_ends),
        cmocka_unit_test(real_numbers_are_finite_decimals),
        cmocka_unit_test(cut_walks_through_parts),
        cmocka_unit_test(find_gives_the_first_place_or_the_size),
        cmocka_unit_test(order_is_bytewise_then_by_size),
        cmocka_unit_test(slices_and_trims_stay_inside),
        cmocka_unit_test(distance_helps_did_you_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
