/* CSV by RFC 4180, and what spreadsheets make of it. */
#include "base/buffer.h"
#include "schema/csv.h"

#include <stdlib.h>

#include "test.h"

#define TEXT(text) {text, sizeof(text) - 1}

/* Rows as "a|b / c|d"; a refused row is "!"; line numbers before each. */
static void read_rows(struct str text, bool complete, struct buffer *out)
{
    struct arena arena = {0};
    struct csv_reader reader = csv_reader(text, complete);
    bool first = true;
    csv_find_delimiter(&reader);
    for (;;) {
        struct csv_row row;
        struct err err = {0};
        int rc = csv_next(&reader, &arena, &row, &err);
        if (rc == E_NOT_FOUND) break;
        if (!first) buffer_add(out, STR(" / "));
        first = false;
        if (rc) {
            assert_int_equal(rc, E_BAD_MESSAGE);
            buffer_add_char(out, '!');
            continue;
        }
        buffer_printf(out, "%llu:", (unsigned long long)row.line);
        for (uint32_t i = 0; i < row.count; i++)
            buffer_printf(out, "%s%.*s", i ? "|" : "", STR_ARGS(row.cells[i]));
    }
    if (!complete) buffer_printf(out, "%s+%zu", first ? "" : " ", reader.rest.size);
    arena_deinit(&arena);
}

static const struct {
    const char *why;
    struct str text;
    bool complete;
    const char *rows;
} files[] = {
    {"nothing", TEXT(""), true, ""},
    {"LF", TEXT("a,b\nc,d\n"), true, "1:a|b / 2:c|d"},
    {"CRLF", TEXT("a,b\r\nc,d\r\n"), true, "1:a|b / 2:c|d"},
    {"no line end at the end", TEXT("a,b\nc,d"), true, "1:a|b / 2:c|d"},
    {"a byte order mark",
     TEXT("\xef\xbb\xbf"
          "a,b\n"),
     true, "1:a|b"},
    {"a byte order mark before a quote",
     TEXT("\xef\xbb\xbf"
          "\"a\",b\n"),
     true, "1:a|b"},
    {"empty cells", TEXT(",\na,,b\n"), true, "1:| / 2:a||b"},
    {"a comma at the end is one more cell", TEXT("a,\n"), true, "1:a|"},
    {"empty lines are passed over, and counted", TEXT("\na\n\r\n\nb\n"), true, "2:a / 5:b"},
    {"ragged rows are the caller's business", TEXT("a,b\nc\nd,e,f\n"), true,
     "1:a|b / 2:c / 3:d|e|f"},
    {"quotes", TEXT("\"a\",\"b c\"\n"), true, "1:a|b c"},
    {"a comma in quotes", TEXT("\"a,b\",c\n"), true, "1:a,b|c"},
    {"a doubled quote", TEXT("\"a \"\"b\"\"\",\"\"\"\"\n"), true, "1:a \"b\"|\""},
    {"an empty cell in quotes", TEXT("\"\",x\n"), true, "1:|x"},
    {"line ends in quotes, and lines after it keep their numbers", TEXT("\"a\nb\r\nc\",d\ne\n"),
     true, "1:a\nb\r\nc|d / 4:e"},
    {"white space stays", TEXT(" a , b \n"), true, "1: a | b "},
    {"semicolons", TEXT("a;b\n1,5;2\n"), true, "1:a|b / 2:1,5|2"},
    {"tabs", TEXT("a\tb\n1,5\t;\n"), true, "1:a|b / 2:1,5|;"},
    {"what parts them is named", TEXT("sep=;\r\na,b;c\r\n"), true, "2:a,b|c"},
    {"that may be a tab", TEXT("sep=\t\r\na,b\tc\r\n"), true, "2:a,b|c"},
    {"or a blank, behind a byte order mark", TEXT("\xef\xbb\xbfSEP= \na,b c\n"), true,
     "2:a,b|c"},
    {"a column of that name", TEXT("sep=\ta\nb\tc\n"), true, "1:sep=|a / 2:b|c"},
    {"a semicolon in a quoted header is no delimiter", TEXT("\"a;b;c\",d\n"), true,
     "1:a;b;c|d"},
    {"a quote inside a cell is text", TEXT("a,5\" nail\nb,c\n"), true,
     "1:a|5\" nail / 2:b|c"},
    {"junk behind a closing quote", TEXT("\"a\"b,c\nd\n"), true, "! / 2:d"},
    {"a blank before a quote", TEXT("a, \"b\"\nd\n"), true, "! / 2:d"},
    {"a blank behind a quote", TEXT("\"a\" ,b\nd\n"), true, "! / 2:d"},
    {"a quote that is never closed", TEXT("a\n\"b,c\nd\n"), true, "1:a / !"},
    {"a quote alone", TEXT("\""), true, "!"},
    {"a row whose end has not come waits", TEXT("a,b\nc,"), false, "1:a|b +2"},
    {"so does one in quotes", TEXT("a\n\"b\nc"), false, "1:a +4"},
    {"and one whose closing quote may be half of a pair", TEXT("\"a\""), false, "+3"},
};

static void rows_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct buffer out = {0};
        CASE(files[i].why);
        char *copy = malloc(files[i].text.size + 1); /* of exactly this size, for ASan */
        assert_non_null(copy);
        memcpy(copy, files[i].text.data, files[i].text.size);
        read_rows(str_make(copy, files[i].text.size), files[i].complete, &out);
        assert_string_equal(buffer_cstr(&out), files[i].rows);
        free(copy);
        buffer_deinit(&out);
    }
}

static void columns_are_bounded(void **state)
{
    (void)state;
    for (int extra = 0; extra <= 1; extra++) {
        struct buffer text = {0};
        struct arena arena = {0};
        struct csv_row row;
        struct err err = {0};
        for (int i = 1; i < CSV_COLUMNS_MAX + extra; i++) buffer_add_char(&text, ',');
        buffer_add_char(&text, '\n');
        struct csv_reader reader = csv_reader(buffer_str(&text), true);
        assert_int_equal(csv_next(&reader, &arena, &row, &err), extra ? E_BAD_MESSAGE : E_OK);
        if (!extra) assert_int_equal(row.count, CSV_COLUMNS_MAX);
        assert_int_equal(reader.rest.size, 0);
        buffer_deinit(&text);
        arena_deinit(&arena);
    }
}

/* Quoted cells before a long one once took its length each: 255 of them made 4 MB into 1 GB. */
static void memory_is_that_of_the_row(void **state)
{
    struct buffer text = {0};
    struct arena arena = {0};
    struct csv_row row;
    struct err err = {0};
    (void)state;
    for (int i = 1; i < CSV_COLUMNS_MAX; i++) buffer_add(&text, STR("\"\"\"\","));
    buffer_add_char(&text, '"');
    for (int i = 0; i < 1 << 20; i++) buffer_add_char(&text, 'x');
    buffer_add(&text, STR("\"\n"));
    struct csv_reader reader = csv_reader(buffer_str(&text), true);
    assert_int_equal(csv_next(&reader, &arena, &row, &err), E_OK);
    assert_int_equal(row.cells[CSV_COLUMNS_MAX - 1].size, 1 << 20);
    assert_true(str_equal(row.cells[0], STR("\"")));
    assert_true(arena_used(&arena) < 64 * 1024);
    buffer_deinit(&text);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_cut),
        cmocka_unit_test(columns_are_bounded),
        cmocka_unit_test(memory_is_that_of_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
