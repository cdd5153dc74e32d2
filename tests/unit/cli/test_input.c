/* Feedback as people have it in files: what is a record, what is refused, and how that is told. */
#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "ops/cli/cli.h"
#include "ops/cli/input.h"

#define TEXT(text) {text, sizeof(text) - 1}
#define HINT "; --text-column=NAME says which one holds the words"
#define LINES "; a text a line? jq -Rc '{text: .}' FILE | verbatim ..."

/* An input of these bytes. */
static void open_text(struct input *input, struct str text)
{
    int file = memfd_create("in", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(write(file, text.data, text.size), text.size);
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    *input = (struct input){.fd = file, .name = "in", .form = INPUT_GUESS, .line = 1};
}

/* "text|text|": each record's text, "!" for each that is refused, and the last message. */
static int read_input(struct input *input, struct buffer *out, struct err *last)
{
    struct arena arena = {0};
    struct cli_ids ids;
    cli_ids_init(&ids);
    struct intake_rules rules = {.keep_unknown = true, .ids = &ids.generator, .handed_on = true};
    int rc = E_OK;
    for (int calls = 0;; calls++) {
        struct intake intake;
        struct json_problems problems;
        struct err err;
        assert_true(calls < 100); /* an input that never ends */
        enum input_result result = input_next(input, &rules, &arena, &intake, &problems, &err);
        if (err.code) *last = err;
        if (result == INPUT_END) {
            rc = (int)err.code;
            break;
        }
        if (result == INPUT_RECORD) buffer_add(out, intake.feedback.text);
        buffer_add(out, result == INPUT_RECORD ? STR("|") : STR("!"));
    }
    input_close(input);
    arena_deinit(&arena);
    return rc;
}

static int read_all(struct str text, struct buffer *out, struct err *last)
{
    struct input input;
    open_text(&input, text);
    return read_input(&input, out, last);
}

static const struct {
    const char *why;
    struct str text;
    const char *records, *message;
    int rc;
} inputs[] = {
    {"nothing", TEXT(""), "", "", E_OK},
    {"only empty lines", TEXT("\n\n\r\n"), "", "", E_OK},
    {"NDJSON", TEXT("{\"text\":\"a\"}\r\n\n{\"text\":\"b\"}"), "a|b|", "", E_OK},
    {"an array, one object a line", TEXT("[\n{\"text\":\"a\"},\n{\"text\":\"b\"}\n]\n"), "a|b|",
     "", E_OK},
    {"behind a byte order mark", TEXT("\xef\xbb\xbf{\"text\":\"a\"}\n"), "a|", "", E_OK},
    {"a comma alone", TEXT("{\"text\":\"a\"}\n,\n{\"text\":\"b\"}\n"), "a|b|", "", E_OK},
    {"an array in one line", TEXT("[{\"text\":\"a\"},{\"text\":\"b]}\\\"\"} , {\"text\":\"c\"}]\n"),
     "a|b]}\"|c|", "", E_OK},
    {"without its end it was cut off", TEXT("[{\"text\":\"a\"},{\"text\":\"b\"}"), "a|b|!",
     "in:1: the array isn't closed; is the input cut off?", E_OK},
    {"cut off in a value is one fault", TEXT("[{\"text\":\"a\"},{\"te"), "a|!",
     "in:1:19: string without an end", E_OK},
    {"the second of two is cut off", TEXT("[{\"text\":\"a\"}]\n[{\"text\":\"b\"},\n"), "a|b|!",
     "in:3: the array isn't closed; is the input cut off?", E_OK},
    {"behind a byte order mark too", TEXT("\xef\xbb\xbf[{\"text\":\"a\"}]"), "a|", "", E_OK},
    {"an empty one", TEXT("[]"), "", "", E_OK},
    {"objects over several lines, in an array",
     TEXT("[\n  {\n    \"text\": \"a\",\n    \"attributes\": {\n \"b\": \"c\"\n }\n  },\n {\n"
          "    \"text\": \"d\"\n  }\n]\n"), "a|d|", "", E_OK},
    {"and without one", TEXT("{\n  \"text\": \"a\"\n}\n{\n  \"text\": \"b\"\n}\n"), "a|b|", "",
     E_OK},
    {"two arrays, a row each", TEXT("[{\"text\":\"a\"}]\n[{\"text\":\"b\"}]\n"), "a|b|", "", E_OK},
    {"what is in an array and no object costs itself",
     TEXT("[7,[{\"text\":\"a\"}],\"x\",null,{\"text\":\"b\"},{\"text\":}]"), "!!!!b|!",
     "in:1:49: expected a value", E_OK},
    {"a fault is told with its line in the file", TEXT("[\n{\"text\":\"a\"},\n{\n\"text\":}\n]\n"),
     "a|!", "in:4:8: expected a value", E_OK},
    {"an object that never ends", TEXT("{\n"), "!", "in:2:1: unexpected end", E_OK},
    {"a quote that isn't closed ends with its line", TEXT("[{\"text\":\"a},\n{\"text\":\"b\"}]\n"),
     "!b|", "in:1:14: string without an end", E_OK},
    {"no JSON: the place is the input's", TEXT("{\"text\":\"a\"}\n{\"text\":}\n"), "a|!",
     "in:2:9: expected a value", E_OK},
    {"no object", TEXT("{\"text\":\"a\"}\n7\n"), "a|!",
     "in:2: must be an object, not a number", E_OK},
    {"a field that is wrong is named", TEXT("{\"text\":7}\n"), "!",
     "in:1: /text must be a string, not a number", E_OK},

    {"CSV", TEXT("text,rating\na,5\nb,4\n"), "a|b|", "", E_OK},
    {"empty lines in the middle and at the end", TEXT("text\n\na\n\r\nb\n\n\n"), "a|b|", "",
     E_OK},
    {"empty lines only, behind the header", TEXT("text\n\n\n"), "", "", E_OK},
    {"a header alone", TEXT("text,rating"), "", "", E_OK},
    {"a row of more cells than columns", TEXT("text\na,b\nc\n"), "!c|",
     "in:2: the row has more cells than the header has columns", E_OK},
    {"capitals in a header", TEXT("ID,Text,Rating\n1,a,5\n2,b,x\n"), "a|!",
     "in:3: /rating must be a number from -100 to 100", E_OK},
    {"no text column: said once", TEXT("Review,Rating\na,5\nb,4\n"), "",
     "in:1: the header names no column \"text\"; it names: Review, rating" HINT,
     E_BAD_MESSAGE},
    {"a field twice: said once", TEXT("text,Rating,rating\na,5,4\nb,4,3\n"), "",
     "in:1: the header names \"rating\" twice", E_BAD_MESSAGE},
    {"the id twice", TEXT("id,ID,text\n1,2,a\n"), "", "in:1: the header names \"id\" twice",
     E_BAD_MESSAGE},
    {"what isn't ours may come twice where one is empty", TEXT("text,a,a\nb,,4\nc,4,\n"), "b|c|",
     "", E_OK},
    {"plain text is no CSV", TEXT("I like it\nvery much\n"), "",
     "in:1: the header names no column \"text\"; it names: I like it" HINT LINES, E_BAD_MESSAGE},
    {"a mailbox", TEXT("From a@b Mon\nFrom: a\nSubject: x, y\n\nhello\n"), "",
     "in is a mailbox; try: ops/examples/python/from_mailbox.py FILE | verbatim ...",
     E_BAD_MESSAGE},
    {"what only begins like one", TEXT("From who,text\na,b\n"), "b|", "", E_OK},
    {"what is compressed is no text", TEXT("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), "",
     "in is gzip, not UTF-8 text; try: zcat FILE | verbatim ...", E_BAD_MESSAGE},
    {"nor is UTF-16", TEXT("t\0e\0x\0t\0\n\0"), "",
     "in is UTF-16 without its mark, not UTF-8 text; try: iconv -f utf-16le -t utf-8 FILE | "
     "verbatim ...",
     E_BAD_MESSAGE},
    {"nor is a header of another code page", TEXT("t\xe9xt,text\na,b\n"), "",
     "in:1: the header is not UTF-8; of a spreadsheet on Windows? Convert it: iconv -f "
     "windows-1252 -t utf-8 FILE | verbatim ...", E_BAD_MESSAGE},
    {"nor is what has NUL bytes", TEXT("text\0,a\xff\n1,2\n"), "",
     "in:1: the header holds NUL bytes; is this text, and in UTF-8?", E_BAD_MESSAGE},
    {"nor is what has them further on", TEXT("t\xe9xt,text\na,\0b\n"), "",
     "in:1: the header is not UTF-8, and NUL bytes come behind it; is this text?",
     E_BAD_MESSAGE},
    {"a line that names what parts the cells", TEXT("sep=|\r\ntext|rating\r\na, b|5\r\n,;|x\r\n"),
     "a, b|!", "in:4: /rating must be a number from -100 to 100", E_OK},
    {"a line break in a quoted header", TEXT("\"the\r\nrating\",text\n1,a\n"), "a|", "", E_OK},
    {"a quote that spoils the header", TEXT("\"text\"s\na\n"), "",
     "in:1:1: a quote out of place", E_BAD_MESSAGE},
    {"line ends of old", TEXT("text\ra\rb\r"), "",
     "in:1: lines end in CR alone, not in LF or CRLF", E_BAD_MESSAGE},
};

/* Files of others name the words otherwise: "Review", "comment". */
static void another_column_holds_the_words(void **state)
{
    static const struct {
        const char *why, *column, *records, *message;
        struct str text;
    } cases[] = {
        {"it is named", "review", "a|b|", "", TEXT("Review;Rating\na;5\nb;4\n")},
        {"what is called text is not it", "Comment", "good|", "",
         TEXT("text,comment\nid 7,good\n")},
        {"it isn't there", "reviw", "",
         "in:1: the header names no column \"reviw\"; it names: Review, rating",
         TEXT("Review,Rating\na,5\n")},
        {"how to name it is told", NULL, "",
         "in:1: the header names no column \"text\"; it names: Review" HINT LINES,
         TEXT("Review\na\n")},
        {"a field of JSON", "Review", "a|b|", "",
         TEXT("{\"review\":\"a\"}\n{\"text\":\"x\",\"Review\":\"b\"}\n")},
        {"text itself", "text", "a|", "", TEXT("{\"text\":\"a\"}\n")},
        {"in capitals, here and there", "Text", "a|b|c|", "",
         TEXT("{\"text\":\"a\"}\n{\"TEXT\":\"b\"}\n{\"text\":\"c\",\"Text\":\"x\"}\n")},
        {"as a column is", "TEXT", "a|", "", TEXT("Text\na\n")},
        {"a field of ours", "Product", "a|b|c|!", "in:4: /Product is empty",
         TEXT("{\"product\":\"a\"}\n{\"text\":\"x\",\"product\":\"b\"}\n{\"PRODUCT\":\"c\"}\n"
              "{\"product\":\"\"}\n")},
        {"as a column is", "product", "a|b|", "", TEXT("Product,text\na,x\nb,\n")},
        {"the id", "id", "a b|", "", TEXT("{\"id\":\"a b\"}\n")},
        {"a field of ours that is no text", "rating", "!", "in:1: /rating must be a string",
         TEXT("{\"text\":\"a\",\"rating\":7}\n")},
        {"one that isn't there", "product", "!", "in:1: /product is required",
         TEXT("{\"text\":\"a\"}\n")},
        {"a field that isn't there: text is not it", "Review", "!",
         "in:1: /Review is required", TEXT("{\"text\":\"a\"}\n")},
        {"a field that is no text", "Review", "!", "in:1: /Review must be a string",
         TEXT("{\"text\":\"a\",\"Review\":7}\n")},
        {"a field that holds what text may not", "Review", "!",
         "in:1: /Review holds a NUL character", TEXT("{\"Review\":\"a\\u0000b\"}\n")},
        {"how to name it is told once", NULL, "!a|", "in:1: /text is required" HINT,
         TEXT("{\"Review\":\"b\"}\n{\"text\":\"a\"}\n")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct input input;
        struct buffer out = {0};
        struct err last = {0};
        CASE(cases[i].why);
        open_text(&input, cases[i].text);
        input.text_column = cases[i].column;
        read_input(&input, &out, &last);
        buffer_add_char(&out, '\0');
        assert_string_equal(out.data, cases[i].records);
        assert_string_equal(last.text, cases[i].message);
        buffer_deinit(&out);
    }
}

static void reads_what_people_have(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        struct buffer out = {0};
        struct err last = {0};
        CASE(inputs[i].why);
        assert_int_equal(read_all(inputs[i].text, &out, &last), inputs[i].rc);
        buffer_add_char(&out, '\0');
        assert_string_equal(out.data, inputs[i].records);
        assert_string_equal(last.text, inputs[i].message);
        buffer_deinit(&out);
    }
}

/* What is behind it is read where it is clear where that begins. */
static void passes_over_what_is_too_long(void **state)
{
    static const struct {
        const char *why, *before, *after, *records, *message;
        char filler;
    } cases[] = {
        {"a line", "{\"text\":\"a\"}\n{\"text\":\"", "\"}\n{\"text\":\"b\"}\n", "a|!b|",
         "in:2: the line is longer than 4194304 bytes", 'x'},
        {"the last line", "{\"text\":\"a\"}\n{\"text\":\"", "\"}", "a|!",
         "in:2: the line is longer than 4194304 bytes", 'x'},
        {"no value of an array is: the array may be of any length",
         "[{\"text\":\"a\"},{\"text\":\"b\"},", "{\"text\":\"c\"}]", "a|b|c|", "", ' '},
        {"a value of an array", "[{\"text\":\"a\"},\n{\"text\":\"", "\"},{\"text\":\"b\"}]", "a|!",
         "in:2: the value is longer than 4194304 bytes; is a quote or bracket not closed?",
         'x'},
        {"a row of CSV", "text\na\n\"", "\"\nb\n", "a|!",
         "in:3: the row is longer than 4194304 bytes; is a quote not closed?", 'x'},
    };
    static char block[1 << 16];
    struct buffer text = {0}, out = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err last = {0};
        CASE(cases[i].why);
        buffer_clear(&text);
        buffer_clear(&out);
        buffer_add(&text, str_of(cases[i].before));
        memset(block, cases[i].filler, sizeof block);
        for (int n = 0; n < 80; n++) buffer_add(&text, str_make(block, sizeof block));
        buffer_add(&text, str_of(cases[i].after));
        assert_false(text.failed);
        assert_int_equal(read_all(buffer_str(&text), &out, &last), E_OK);
        buffer_add_char(&out, '\0');
        assert_string_equal(out.data, cases[i].records);
        assert_string_equal(last.text, cases[i].message);
    }
    buffer_deinit(&text);
    buffer_deinit(&out);
}

/* A disk or network that fails in the middle: what was whole is read, and then it is told. */
static void a_failing_input_is_told(void **state)
{
    static const struct {
        const char *why, *head, *row;
    } cases[] = {
        {"NDJSON", "", "{\"text\":\"%01000d\"}\n"},
        {"an array", "[", "{\"text\":\"%01000d\"},"},
        {"CSV", "text\n", "%01000d\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer text = {0};
        struct input input;
        struct arena arena = {0};
        struct cli_ids ids;
        struct intake intake;
        struct json_problems problems;
        struct err err;
        int count = 0;
        CASE(cases[i].why);
        cli_ids_init(&ids);
        struct intake_rules rules = {.ids = &ids.generator, .handed_on = true};
        buffer_add(&text, str_of(cases[i].head));
        for (int row = 0; row < 1000; row++) buffer_printf(&text, cases[i].row, row);
        open_text(&input, buffer_str(&text));
        while (input_next(&input, &rules, &arena, &intake, &problems, &err) == INPUT_RECORD) {
            if (count++ == 0) close(input.fd); /* the next read fails */
        }
        assert_in_range(count, 200, 300);
        assert_int_equal(err.code, E_NO_INPUT);
        input.fd = -1;
        input_close(&input);
        arena_deinit(&arena);
        buffer_deinit(&text);
    }
}

struct waiting {
    int pipe;
    const char *const *chunks; /* what comes next, and NULL: the end */
    struct buffer *out;
    bool refuses;
};

/* Marks where it waited, and then the next bytes are there. */
static bool on_wait(void *user, struct err *err)
{
    struct waiting *waiting = user;
    buffer_add(waiting->out, STR("~"));
    if (waiting->refuses && !*waiting->chunks) return err_set(err, E_CANCELLED, "enough"), false;
    const char *chunk = *waiting->chunks++;
    if (chunk) assert_int_equal(write(waiting->pipe, chunk, strlen(chunk)), strlen(chunk));
    else close(waiting->pipe);
    return true;
}

static void tells_when_it_has_to_wait(void **state)
{
    static const struct {
        const char *why, *chunks[5], *read;
        bool refuses;
        int rc;
    } cases[] = {
        {"what came before is handed out first",
         {"{\"text\":\"a\"}\n", "{\"text\":\"b\"}\n{\"text\":\"c\"}\n"}, "~a|~b|c|~", false, E_OK},
        {"a line that comes in parts", {"{\"text\":", "\"a\"}\n"}, "~~a|~", false, E_OK},
        {"a line without its end", {"{\"text\":\"a\"}"}, "~~a|", false, E_OK},
        {"an array", {"[{\"text\":\"a\"},", "{\"text\":\"b\"}]"}, "~a|~b|~", false, E_OK},
        {"CSV", {"text\na\n", "\"b\nb\"\n", "c\n"}, "~a|~b\nb|~c|~", false, E_OK},
        {"who waits no longer", {"{\"text\":\"a\"}\n"}, "~a|~", true, E_CANCELLED},
        {"nor for the rest of a line", {"{\"text\":\"a\"}\n", "{\"text\""}, "~a|~~", true,
         E_CANCELLED},
        {"or of a row", {"text\na\n", "b"}, "~a|~~", true, E_CANCELLED},
        {"or of a header", {"te"}, "~~", true, E_CANCELLED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        struct err last = {0};
        int ends[2];
        CASE(cases[i].why);
        assert_int_equal(pipe(ends), 0);
        struct waiting waiting = {ends[1], cases[i].chunks, &out, cases[i].refuses};
        struct input input = {.fd = ends[0], .name = "in", .form = INPUT_GUESS, .line = 1,
                              .on_wait = on_wait, .user = &waiting};
        assert_int_equal(read_input(&input, &out, &last), cases[i].rc);
        assert_string_equal(buffer_cstr(&out), cases[i].read);
        if (cases[i].refuses) close(ends[1]);
        buffer_deinit(&out);
    }
    struct buffer out = {0}; /* a file never waits */
    struct err last = {0};
    struct input input;
    open_text(&input, STR("{\"text\":\"a\"}\n"));
    struct waiting waiting = {.out = &out};
    input.on_wait = on_wait;
    input.user = &waiting;
    assert_int_equal(read_input(&input, &out, &last), E_OK);
    assert_string_equal(buffer_cstr(&out), "a|");
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_column_holds_the_words),
        cmocka_unit_test(reads_what_people_have), cmocka_unit_test(passes_over_what_is_too_long),
        cmocka_unit_test(a_failing_input_is_told),
        cmocka_unit_test(tells_when_it_has_to_wait)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
