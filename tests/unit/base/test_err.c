/* Errors: the table is whole, texts carry their context, and nothing overruns. */
#include <errno.h>

#include "base/err.h"
#include "test.h"

static void every_code_has_name_text_and_exit_status(void **state)
{
    (void)state;
    for (int code = E_OK + 1; code < ERR_COUNT; code++) {
        CASE(err_name((enum err_code)code));
        assert_true(strlen(err_name((enum err_code)code)) > 1);
        assert_int_equal(strspn(err_name((enum err_code)code), "abcdefghijklmnopqrstuvwxyz_"),
                         strlen(err_name((enum err_code)code)));
        assert_true(strlen(err_text((enum err_code)code)) > 1);
        assert_in_range(err_exit_status((enum err_code)code), 64, 78); /* sysexits(3) */
        for (int other = E_OK; other < code; other++)
            assert_string_not_equal(err_name((enum err_code)code), err_name((enum err_code)other));
    }
    assert_string_equal(err_name(E_OK), "ok");
    assert_int_equal(err_exit_status(E_OK), 0);
}

static void the_class_is_the_policy(void **state)
{
    static const struct { const char *why; enum err_code code; enum err_class class; } cases[] = {
        {"a bad message can never succeed: dead letter", E_BAD_MESSAGE, ERR_REJECT},
        {"a full disk may be emptied: try again",        E_DISK_FULL,   ERR_RETRY},
        {"a fenced instance must not commit",            E_FENCED,      ERR_FATAL},
        {"bad configuration stops the program",          E_BAD_CONFIG,  ERR_FATAL},
        {"a slow service may come back",                 E_TIMEOUT,     ERR_RETRY},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(err_class(cases[i].code), cases[i].class);
    }
}

static void set_formats_or_takes_the_tables_text(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(err_set(&err, E_TOO_LARGE, "body of %d bytes", 7), E_TOO_LARGE);
    assert_int_equal(err.code, E_TOO_LARGE);
    assert_string_equal(err.text, "body of 7 bytes");
    assert_int_equal(err_set(&err, E_TIMEOUT, NULL), E_TIMEOUT);
    assert_string_equal(err.text, err_text(E_TIMEOUT));
    assert_int_equal(err_set(NULL, E_BUSY, "nobody asks for %s", "details"), E_BUSY);
}

static void errno_may_choose_the_code(void **state)
{
    static const struct { const char *why; int number; enum err_code given, expected; } cases[] = {
        {"no space is its own code, as it can be retried", ENOSPC,     E_IO,       E_DISK_FULL},
        {"a quota is a full disk too",                     EDQUOT,     E_IO,       E_DISK_FULL},
        {"permission",                                     EACCES,     E_NO_INPUT, E_DENIED},
        {"address in use",                                 EADDRINUSE, E_SYSTEM,   E_IN_USE},
        {"memory",                                         ENOMEM,     E_IO,       E_NO_MEMORY},
        {"any other keeps the caller's code",              ENOENT,     E_NO_INPUT, E_NO_INPUT},
    };
    struct err err;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        errno = cases[i].number;
        assert_int_equal(err_system(&err, cases[i].given, "open %s", "x"), cases[i].expected);
        assert_int_equal(err.code, cases[i].expected);
        assert_int_equal(strncmp(err.text, "open x: ", 8), 0);
        assert_string_equal(err.text + 8, strerror(cases[i].number));
        errno = cases[i].number;
        assert_int_equal(err_system(NULL, cases[i].given, "open"), cases[i].expected);
    }
}

static void at_puts_the_place_in_front(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text, *said;
    } cases[] = {
        {"the caller's line", "too long", "in.csv:7: too long"},
        {"a line that the text names", "line 3: too long", "in.csv:3: too long"},
        {"and a column", "line 3, column 9: a, b", "in.csv:3:9: a, b"},
        {"a line in mid-text is text", "see line 3: too long", "in.csv:7: see line 3: too long"},
        {"so is what only begins like a place", "line 3, too long", "in.csv:7: line 3, too long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err;
        err_set(&err, E_BAD_MESSAGE, "%s", cases[i].text);
        assert_int_equal(err_at(&err, "in.csv", 7), E_BAD_MESSAGE);
        if (strcmp(err.text, cases[i].said)) print_error("%s\n", cases[i].why);
        assert_string_equal(err.text, cases[i].said);
    }
}

static void wrap_puts_context_in_front(void **state)
{
    struct err err;
    (void)state;
    err_set(&err, E_BAD_JSON, "line %d", 3);
    assert_int_equal(err_wrap(&err, "file %s", "a.ndjson"), E_BAD_JSON);
    assert_string_equal(err.text, "file a.ndjson: line 3");
    assert_int_equal(err_wrap(&err, "import"), E_BAD_JSON);
    assert_string_equal(err.text, "import: file a.ndjson: line 3");
}

static void long_texts_are_cut_and_stay_terminated(void **state)
{
    char text[2000];
    struct { struct err err; char canary[8]; } guarded = {.canary = "canary!"};
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err_set(&guarded.err, E_IO, "%s", text);
    assert_int_equal(strlen(guarded.err.text), sizeof guarded.err.text - 1);
    for (int i = 0; i < 3; i++) err_wrap(&guarded.err, "%.*s", 400, text);
    assert_int_equal(strlen(guarded.err.text), sizeof guarded.err.text - 1);
    errno = ENOENT;
    err_system(&guarded.err, E_IO, "%s", text);
    assert_int_equal(strlen(guarded.err.text), sizeof guarded.err.text - 1);
    assert_string_equal(guarded.canary, "canary!");
}

static void nothing_that_is_quoted_steers_a_terminal(void **state)
{
    static const struct { const char *why, *quoted, *text; } cases[] = {
        {"an escape sequence", "\x1b[31mred", "?[31mred"},
        {"one whose start is one character", "\xc2\x9b" "31mred", "??31mred"},
        {"lines that say they are ours", "x\r\nverbatim: fine\x7f", "x??verbatim: fine?"},
        {"letters of any script stay", "\xc3\xa9\xc2\xa0\xe2\x82\xac", "\xc3\xa9\xc2\xa0\xe2\x82\xac"},
        {"half a character", "\xc2", "\xc2"},
    };
    char expected[128];
    struct err err;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        err_set(&err, E_BAD_MESSAGE, "%s", cases[i].quoted);
        assert_string_equal(err.text, cases[i].text);
        err_wrap(&err, "%s", cases[i].quoted);
        snprintf(expected, sizeof expected, "%s: %s", cases[i].text, cases[i].text);
        assert_string_equal(err.text, expected);
        errno = ENOENT;
        err_system(&err, E_NO_INPUT, "%s", cases[i].quoted);
        snprintf(expected, sizeof expected, "%s: %s", cases[i].text, strerror(ENOENT));
        assert_string_equal(err.text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_name_text_and_exit_status),
        cmocka_unit_test(the_class_is_the_policy),
        cmocka_unit_test(set_formats_or_takes_the_tables_text),
        cmocka_unit_test(errno_may_choose_the_code),
        cmocka_unit_test(wrap_puts_context_in_front),
        cmocka_unit_test(at_puts_the_place_in_front),
        cmocka_unit_test(long_texts_are_cut_and_stay_terminated),
        cmocka_unit_test(nothing_that_is_quoted_steers_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
