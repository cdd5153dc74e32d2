/* Files of lines: what is a line, what is a comment, and where an error is. */
#include "base/list_file.h"
#include "test.h"

static void lines_that_say_something_come_with_their_numbers(void **state)
{
    static const struct {
        const char *why, *text;
        bool comments_in_line;
        const char *lines; /* "NUMBER:LINE|" each */
    } cases[] = {
        {"nothing in it", "", false, ""},
        {"blank lines and comments", "\n  # a\n \t\r\n#b", true, ""},
        {"blanks around it", "  a b \r\n\tc", false, "1:a b|2:c|"},
        {"a comment behind it", "a # b\n\nc#d", true, "1:a|3:c|"},
        {"a mark within it", "a # b\n#c\nd#e", false, "1:a # b|3:d#e|"},
        {"no end of the last line", "a\nb", true, "1:a|2:b|"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct list_file file = {.path = "x", .rest = str_of(cases[i].text),
                                 .comments_in_line = cases[i].comments_in_line};
        char got[200] = "";
        struct str line;
        while (list_file_next(&file, &line)) {
            size_t size = strlen(got);
            snprintf(got + size, sizeof got - size, "%u:%.*s|", file.line, STR_ARGS(line));
        }
        if (strcmp(got, cases[i].lines) != 0) fail_msg("%s: %s", cases[i].why, got);
    }
}

static void errors_name_file_and_line(void **state)
{
    struct list_file file = {.path = "names.txt", .line = 7};
    struct err err = {0};
    (void)state;
    assert_int_equal(list_file_bad(&file, &err, "%s is no name", "x"), E_BAD_CONFIG);
    assert_string_equal(err.text, "names.txt:7: x is no name");
    assert_int_equal(list_file_bad(&file, NULL, "none"), E_BAD_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_say_something_come_with_their_numbers),
        cmocka_unit_test(errors_name_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
