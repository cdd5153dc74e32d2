/* Feedback as people have it in files: what is a record, what is refused, and how that is told. */
#include "test.h"

#include <unistd.h>

#include "ops/cli/cli.h"
#include "ops/cli/input.h"

#define TEXT(text) {text, sizeof(text) - 1}

/* An input of these bytes: a pipe takes so few at once. */
static void open_text(struct input *input, struct str text)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text.data, text.size), text.size);
    close(ends[1]);
    *input = (struct input){.fd = ends[0], .name = "in", .form = INPUT_GUESS, .line = 1};
}

/* "text|text|": each record's text, "!" for each that is refused, and the last message. */
static int read_all(struct str text, struct buffer *out, struct err *last)
{
    struct input input;
    struct arena arena = {0};
    struct cli_ids ids;
    cli_ids_init(&ids);
    open_text(&input, text);
    struct intake_rules rules = {.keep_unknown = true, .ids = &ids.generator, .handed_on = true};
    int rc = E_OK;
    for (int calls = 0;; calls++) {
        struct intake intake;
        struct json_problems problems;
        struct err err;
        assert_true(calls < 100); /* an input that never ends */
        enum input_result result = input_next(&input, &rules, &arena, &intake, &problems, &err);
        if (err.code) *last = err;
        if (result == INPUT_END) {
            rc = (int)err.code;
            break;
        }
        if (result == INPUT_RECORD) buffer_add(out, intake.feedback.text);
        buffer_add(out, result == INPUT_RECORD ? STR("|") : STR("!"));
    }
    input_close(&input);
    arena_deinit(&arena);
    return rc;
}

static void reads_what_people_have(void **state)
{
    static const struct {
        const char *why;
        struct str text;
        const char *records, *message;
        int rc;
    } cases[] = {
        {"nothing", TEXT(""), "", "", E_OK},
        {"only empty lines", TEXT("\n\n\r\n"), "", "", E_OK},
        {"NDJSON", TEXT("{\"text\":\"a\"}\r\n\n{\"text\":\"b\"}"), "a|b|", "", E_OK},
        {"an array, one object a line", TEXT("[\n{\"text\":\"a\"},\n{\"text\":\"b\"}\n]\n"), "a|b|",
         "", E_OK},
        {"behind a byte order mark", TEXT("\xef\xbb\xbf{\"text\":\"a\"}\n"), "a|", "", E_OK},
        {"an array in one line: what makes lines of it", TEXT("[{\"text\":\"a\"},{\"text\":\"b\"}]\n"),
         "!", "in, line 1: an array must have one object a line, as jq -c '.[]' writes them", E_OK},
        {"an object over several lines: so too", TEXT("{\n"), "!",
         "in, line 1: an object must be on one line, as jq -c . writes it", E_OK},
        {"no JSON: the place is the input's", TEXT("{\"text\":\"a\"}\n{\"text\":}\n"), "a|!",
         "in: line 2, column 9: expected a value", E_OK},
        {"no object", TEXT("{\"text\":\"a\"}\n7\n"), "a|!",
         "in, line 2: must be an object, not a number", E_OK},
        {"a field that is wrong is named", TEXT("{\"text\":7}\n"), "!",
         "in, line 1: /text must be a string, not a number", E_OK},

        {"CSV", TEXT("text,rating\na,5\nb,4\n"), "a|b|", "", E_OK},
        {"empty lines in the middle and at the end", TEXT("text\n\na\n\r\nb\n\n\n"), "a|b|", "",
         E_OK},
        {"empty lines only, behind the header", TEXT("text\n\n\n"), "", "", E_OK},
        {"a header alone", TEXT("text,rating"), "", "", E_OK},
        {"a row of more cells than columns", TEXT("text\na,b\nc\n"), "!c|",
         "in, line 2: the row has more cells than the header has columns", E_OK},
        {"no text column: said once", TEXT("Text,Rating\na,5\nb,4\n"), "",
         "in, line 1: the header names no column \"text\"; it names: Text, Rating", E_BAD_MESSAGE},
        {"plain text is no CSV", TEXT("I like it\nvery much\n"), "",
         "in, line 1: the header names no column \"text\"; it names: I like it", E_BAD_MESSAGE},
        {"what is compressed is no text", TEXT("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), "",
         "in, line 1: the header is not UTF-8; unpack or convert it first", E_BAD_MESSAGE},
        {"nor is UTF-16", TEXT("t\0e\0x\0t\0\n\0"), "",
         "in, line 1: the header is not UTF-8; unpack or convert it first", E_BAD_MESSAGE},
        {"a quote that spoils the header", TEXT("\"text\"s\na\n"), "",
         "in: line 1, column 1: a quote out of place", E_BAD_MESSAGE},
        {"line ends of old", TEXT("text\ra\rb\r"), "",
         "in, line 1: lines end in CR alone; LF or CRLF must end them", E_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        struct err last = {0};
        CASE(cases[i].why);
        assert_int_equal(read_all(cases[i].text, &out, &last), cases[i].rc);
        buffer_add_char(&out, '\0');
        assert_string_equal(out.data, cases[i].records);
        assert_string_equal(last.text, cases[i].message);
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_people_have)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
