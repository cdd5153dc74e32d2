/* Help on narrow terminals. */
#include "test.h"

#include "base/wrap.h"

#define FILLED                                                                                     \
    "A paragraph whose first line is as long as those that are written here for people to read in " \
    "wide windows"

static const struct {
    const char *why, *text;
    unsigned columns;
    const char *wrapped;
} cases[] = {
    {"what fits stays", "Usage: x\n\n  a  b\n", 20, "Usage: x\n\n  a  b\n"},
    {"below the second column", "  --flag  what it is for\n", 20,
     "  --flag  what it is\n          for\n"},
    {"below the indentation where there is none", "  one two three four\n", 12,
     "  one two\n  three four\n"},
    {"behind a title", "Usage: x [--a A] [--b B]\n", 18, "Usage: x [--a A]\n       [--b B]\n"},
    {"a second column too far to the right", "  --a-long-flag  what it is for\n", 20,
     "  --a-long-flag\n  what it is for\n"},
    {"a word that is longer than a line", "see https://example.org/a/long/address now\n", 20,
     "see\nhttps://example.org/a/long/address\nnow\n"},
    {"a word that only fits further to the left", "  --flag  is 123456789012 so\n", 20,
     "  --flag  is\n  123456789012 so\n"},
    {"letters count, not bytes", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9 \xC3\xA9\xC3\xA9\n", 7,
     "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9 \xC3\xA9\xC3\xA9\n"},
    {"a paragraph flows on, up to a list's title", FILLED "\nthat goes on.\nWhich:\n  a  b\n", 60,
     "A paragraph whose first line is as long as those that are\nwritten here for people to read in "
     "wide windows that goes\non.\nWhich:\n  a  b\n"},
    {"but not on a terminal that is wide", FILLED "\nthat goes on.\n", 120,
     FILLED "\nthat goes on.\n"},
    {"nor into an example", FILLED "\nExample: x\n", 60,
     "A paragraph whose first line is as long as those that are\nwritten here for people to read in "
     "wide windows\nExample: x\n"},
    {"no columns at all", "a b\n", 0, "a\nb\n"},
};

static void test_wrap(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        CASE(cases[i].why);
        wrap_text(&out, str_of(cases[i].text), cases[i].columns);
        assert_string_equal(buffer_cstr(&out), cases[i].wrapped);
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wrap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
