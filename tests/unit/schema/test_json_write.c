/* What JSON writing makes of numbers, strings, and messages that break their schema. */
#include <math.h>

#include "schema/json.h"
#include "test.h"

#define TEXT(text) {text, sizeof(text) - 1}

static void numbers_are_written_short(void **state)
{
    static const struct { double value; const char *text; } cases[] = {
        {0, "0"},           {-0.0, "0"},          {1, "1"},           {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1e-6, "0.000001"}, {4e-7, "0"},          {-4e-7, "0"},       {0.9999999, "1"},
        {999999999.5, "999999999.5"},
        {1e9, "1000000000"}, {1e15, "1000000000000000"}, {2.5e20, "2.5e+20"},
        {(double)0.42f, "0.42"}, {(double)-0.71f, "-0.71"},
        {9, "9"},           {10, "10"},           {99, "99"},         {100, "100"},
        {999, "999"},       {1000, "1000"},       {9999, "9999"},     {10000, "10000"},
        {100000001, "100000001"}, {12.000345, "12.000345"}, {12.0304, "12.0304"}, {0.5, "0.5"},
    };
    const double none[] = {(double)INFINITY, -(double)INFINITY, (double)NAN};
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buffer_clear(&out);
        json_write_number(&out, cases[i].value);
        assert_string_equal(buffer_cstr(&out), cases[i].text);
    }
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        buffer_clear(&out);
        json_write_number(&out, none[i]);
        assert_string_equal(buffer_cstr(&out), "null");
    }
    buffer_deinit(&out);
}

/* Sixteen bytes are judged at once, and fewer where they were copied: an escape at each place of
 * each size, and the same bytes around the text, which aren't its own. */
static void strings_are_escaped_wherever(void **state)
{
    enum { SIZES = 40 };
    char around[SIZES + 32], want[SIZES + 8];
    struct buffer out = {0};
    (void)state;
    for (size_t size = 0; size < SIZES; size++)
        for (size_t odd = 0; odd <= size; odd++) { /* odd == size: none */
            memset(around, '"', sizeof around);
            char *text = around + 16;
            for (size_t i = 0; i < size; i++) text[i] = (char)(i == odd ? '"' : 'a' + i % 26);
            size_t at = 0;
            want[at++] = '"';
            for (size_t i = 0; i < size; i++) {
                if (i == odd) want[at++] = '\\';
                want[at++] = text[i];
            }
            want[at++] = '"', want[at] = '\0';
            buffer_clear(&out);
            json_write_string(&out, str_make(text, size));
            assert_string_equal(buffer_cstr(&out), want);
        }
    buffer_deinit(&out);
}

/* Messages whose sections break their schema are shown as they are:
 * a dead letter must be readable. */
static void broken_sections_are_still_json(void **state)
{
    static const struct { const char *why; struct str message; const char *json; } cases[] = {
        {"a text that is a number", TEXT("\x83\xa1v\x01\xa2id\xa1x\xa8" "feedback\x81\xa4text\x07"),
         "{\"id\":\"x\",\"feedback\":{\"text\":7}}"},
        {"a section that is a list", TEXT("\x83\xa1v\x01\xa2id\xa1x\xa8" "feedback\x91\xc0"),
         "{\"id\":\"x\",\"feedback\":[null]}"},
        {"binary that no table knows is base64", TEXT("\x83\xa1v\x01\xa2id\xa1x\xa1z\xc4\x01\xff"),
         "{\"id\":\"x\",\"z\":\"/w==\"}"},
        {"an extension is null", TEXT("\x83\xa1v\x01\xa2id\xa1x\xa1z\xd4\x01\xff"),
         "{\"id\":\"x\",\"z\":null}"},
        {"a name that is no string has no JSON", TEXT("\x83\xa1v\x01\xa2id\xa1x\xa1z\x81\x01\x02"),
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        struct err err = {0};
        CASE(cases[i].why);
        buffer_add(&out, STR("before"));
        int rc = json_write_record(cases[i].message, &out, &err);
        assert_int_equal(rc, cases[i].json ? E_OK : E_BAD_MESSAGE);
        /* nothing is added on failure */
        assert_string_equal(buffer_cstr(&out) + 6, cases[i].json ? cases[i].json : "");
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_short),
        cmocka_unit_test(strings_are_escaped_wherever),
        cmocka_unit_test(broken_sections_are_still_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
