/* problem+json: members, escaping, errors. */
#include "test.h"

#include "http/problem.h"

static void test_quote(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text, *json;
    } cases[] = {
        {"plain text is only quoted", "hello", "\"hello\""},
        {"empty text is a string too", "", "\"\""},
        {"quotes and backslashes are escaped", "a\"b\\c", "\"a\\\"b\\\\c\""},
        {"control characters have short forms", "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"or are written as numbers", "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
        {"UTF-8 stays as it is", "caf\xc3\xa9 \xf0\x9f\x98\x80",
         "\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
        {"a byte that isn't UTF-8 is replaced", "a\xff" "b", "\"a\xef\xbf\xbd" "b\""},
        {"so is a cut-off character", "a\xc3", "\"a\xef\xbf\xbd\""},
        {"an overlong form is two bad bytes", "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct buffer out = {0};
        problem_quote(&out, str_of(cases[i].text));
        assert_string_equal(buffer_cstr(&out), cases[i].json);
        buffer_deinit(&out);
    }
}

static void test_write(void **state)
{
    (void)state;
    const struct problem_error errors[] = {
        {.pointer = STR("/rating"), .code = STR("out_of_range"), .detail = STR("must be 1 to 5"),
         .row = -1},
        {.field = STR("text"), .row = 7},
        {.row = 0},
        {.pointer = STR(""), .detail = STR("no object"), .row = 1},
    };
    const struct {
        const char *why;
        struct problem problem;
        size_t errors;
        const char *json;
    } cases[] = {
        {"a status alone says the rest by its phrase", {.status = 404}, 0,
         "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}"},
        {"all members",
         {422, STR("https://example.org/p"), STR("Bad \"row\""), STR("one of 3"), STR("/x/1")}, 0,
         "{\"type\":\"https://example.org/p\",\"title\":\"Bad "
         "\\\"row\\\"\",\"status\":422,\"detail\":\"one of 3\","
         "\"instance\":\"/x/1\"}"},
        {"errors leave out what isn't there; an empty pointer is all of it", {.status = 400}, 4,
         "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"errors\":["
         "{\"pointer\":\"/rating\",\"code\":\"out_of_range\",\"detail\":\"must be 1 to 5\"},"
         "{\"field\":\"text\",\"row\":7},{\"row\":0},"
         "{\"pointer\":\"\",\"detail\":\"no object\",\"row\":1}]}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct buffer out = {0};
        problem_write(&out, &cases[i].problem, errors, cases[i].errors);
        assert_string_equal(buffer_cstr(&out), cases[i].json);
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_quote), cmocka_unit_test(test_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
