/* ASCII: classes of characters, names, and bytes that are written as ASCII. */
#include "base/ascii.h"
#include "base/hash.h"
#include "test.h"

static void classes_are_those_of_the_c_locale(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        bool digit = byte && strchr(ASCII_DIGITS, c), lower = byte && strchr(ASCII_LOWERS, c),
             letter = byte && strchr(ASCII_LETTERS, c);
        assert_int_equal(ascii_is_digit(c), digit);
        assert_int_equal(ascii_is_lower(c), lower);
        assert_int_equal(ascii_is_upper(c), letter && !lower);
        assert_int_equal(ascii_is_letter(c), letter);
        assert_int_equal(ascii_is_letter_or_digit(c), letter || digit);
        assert_int_equal(ascii_lower(c), letter ? (char)(c | 0x20) : c);
        assert_int_equal(ascii_upper(c), letter ? (char)(c & ~0x20) : c);
        const char *hex = byte ? strchr("0123456789abcdef", letter ? c | 0x20 : c) : NULL;
        const char *first = "0123456789abcdef";
        assert_int_equal(ascii_hex(c), hex ? (int)(hex - first) : -1);
    }
}

static void a_name_consists_of_its_characters(void **state)
{
    (void)state;
    assert_true(ascii_consists_of(STR(""), "a"));
    assert_true(ascii_consists_of(STR("abba"), "ab"));
    assert_false(ascii_consists_of(STR("abbc"), "ab"));
    assert_false(ascii_consists_of(STR("ab\0"), "ab")); /* the NUL of the list is none of it */
}

static void hex_is_read_back_in_either_case(void **state)
{
    static const uint8_t bytes[3] = {0x00, 0xa9, 0xff};
    char text[7];
    uint8_t read[3];
    (void)state;
    hash_hex(bytes, sizeof bytes, text);
    assert_true(ascii_read_hex(str_of(text), read, sizeof read));
    assert_memory_equal(read, bytes, sizeof bytes);
    assert_true(ascii_read_hex(STR("00A9fF"), read, sizeof read));
    assert_memory_equal(read, bytes, sizeof bytes);
    assert_false(ascii_read_hex(STR("00a9f"), read, sizeof read));
    assert_false(ascii_read_hex(STR("00a9ff0"), read, sizeof read));
    assert_false(ascii_read_hex(STR("00a9fg"), read, sizeof read));
}

static void escapes_are_decoded(void **state)
{
    static const struct { const char *why, *in, *out; bool plus; size_t room; } cases[] = {
        {"nothing is nothing",               "",             "",        false, 0},
        {"both cases of the digits",         "a%2Fb%2fc",    "a/b/c",   false, 9},
        {"a plus is a plus in a path",       "a+b",          "a+b",     false, 3},
        {"and a space in a query",           "a+b",          "a b",     true,  3},
        {"an escaped plus is a plus",        "a%2Bb",        "a+b",     true,  3},
        {"cut off behind the mark",          "a%",           NULL,      false, 9},
        {"cut off behind one digit",         "a%4",          NULL,      false, 9},
        {"no digits",                        "%zz",          NULL,      false, 9},
        {"one more than there is room for",  "abc",          NULL,      false, 2},
    };
    char room[9];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str text = {0};
        bool done = ascii_percent_decode(str_of(cases[i].in), cases[i].plus, room, cases[i].room,
                                         &text);
        if (done != (cases[i].out != NULL) || (done && !str_equal(text, str_of(cases[i].out))))
            fail_msg("%s", cases[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_those_of_the_c_locale),
        cmocka_unit_test(a_name_consists_of_its_characters),
        cmocka_unit_test(hex_is_read_back_in_either_case),
        cmocka_unit_test(escapes_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
