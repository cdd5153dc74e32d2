/* Labelled files, good and bad: what is read, and what the refusals say. */
#include "ops/evaluate/examples.h"

#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static char path[] = "/tmp/verbatim-examples-XXXXXX";

static void write_file(const char *content)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
    assert_int_equal(fclose(file), 0);
}

/* Rows as "label:text", with "[type=value]" for spans; a refused row is "!". */
static int read_all(const struct examples_source *source, bool with_label, struct buffer *out,
                    struct buffer *refusals)
{
    struct examples examples;
    struct arena arena = {0};
    struct err err = {0};
    int rc = examples_open(&examples, source, with_label, &err);
    while (!rc) {
        struct example example;
        rc = examples_next(&examples, &arena, &example, &err);
        if (rc == E_NOT_FOUND) break;
        if (out->size) buffer_add(out, STR(" / "));
        if (rc) {
            buffer_add_char(out, '!');
            buffer_printf(refusals, "%s\n", err.text);
            rc = E_OK;
            continue;
        }
        buffer_printf(out, "%.*s:%.*s", STR_ARGS(example.label), STR_ARGS(example.text));
        if (example.language.size) buffer_printf(out, "(%.*s)", STR_ARGS(example.language));
        if (example.rating.size) buffer_printf(out, "*%.*s", STR_ARGS(example.rating));
        for (uint32_t i = 0; i < example.span_count; i++)
            buffer_printf(out, "[%.*s=%.*s]", STR_ARGS(example.spans[i].type),
                          STR_ARGS(example.spans[i].value));
    }
    if (rc != E_NOT_FOUND) buffer_printf(refusals, "%s\n", err.text);
    examples_close(&examples);
    arena_deinit(&arena);
    return rc == E_NOT_FOUND ? E_OK : rc;
}

static const struct {
    const char *why, *file;
    bool with_label;
    int rc;
    const char *rows, *refusal;
} files[] = {
    {"columns in any order, others passed over",
     "lang\tscore\tlabel\ttext\nen\t1.2\tpos\tgood\n", true, E_OK, "pos:good(en)", NULL},
    {"CRLF and a byte order mark", "\xef\xbb\xbflabel\ttext\r\nneg\tbad\r\n", true, E_OK,
     "neg:bad", NULL},
    {"other names of columns", "stars\tlanguage\ttext\n5\tfr\tbien\n", false, E_OK,
     ":bien(fr)*5", NULL},
    {"an empty line is no row, an empty cell is one", "label\ttext\n\n\tx\n", true, E_OK, ":x",
     NULL},
    {"quotes stay", "label\ttext\npos\t\"so\"\n", true, E_OK, "pos:\"so\"", NULL},
    {"a misspelt column is named", "lable\ttext\npos\tx\n", true, E_BAD_MESSAGE, "",
     "no column \"label\"; is \"lable\" meant?"},
    {"no such column", "a\tb\n1\t2\n", true, E_BAD_MESSAGE, "",
     "no column \"text\"; its first line names: a, b; --text-column=NAME says which one is meant"},
    {"capitals don't matter in a header", "Text\tLABEL\ngood\tpos\n", true, E_OK, "pos:good",
     NULL},
    {"an empty file", "", true, E_BAD_MESSAGE, "", " is empty"},
    {"nothing but empty lines", "\n\r\n", true, E_BAD_MESSAGE, "", " is empty"},
    {"what is no text", "\x1f\x8b\x08", true, E_BAD_MESSAGE, "", "is no UTF-8 text"},
    {"a row of too few cells is refused alone", "label\ttext\npos\npos\ty\n", true, E_OK,
     "! / pos:y", ":2: 1 cell, but the first line names 2 columns"},
    {"no text", "label\ttext\npos\t \n", true, E_OK, "!", ":2: the text is empty"},
    {"bytes that are no UTF-8", "label\ttext\npos\t\xff\n", true, E_OK, "!",
     ":2: not UTF-8"},
    {"CSV",
     "\xef\xbb\xbftext,label,rating\r\n\"so \"\"good\"\",\r\nreally\",pos,5\r\nbad,neg,\r\n",
     true, E_OK, "pos:so \"good\",\r\nreally*5 / neg:bad", NULL},
    {"CSV, as spreadsheets write it", "label;text\npos;a, b\n", true, E_OK, "pos:a, b", NULL},
    {"CSV, as Excel writes it for other Excels", "sep=;\r\nlabel;text\r\npos;a, b\r\nx\r\n", true, E_OK,
     "pos:a, b / !", ":4: 1 cell, but the first line names 2 columns"},
    {"a tab in the header: commas are the text's",
     "label\ttext, all\ttext\npos\t1,2\ta, b\n", true, E_OK, "pos:a, b", NULL},
    {"a broken row of CSV is refused alone",
     "label,text\npos,a\n\npos,\"b\"c\npos,d,e\nneg,f\n", true, E_OK,
     "pos:a / ! / ! / neg:f", ":4: a quote out of place"},
    {"an array",
     "[{\"text\":\"a\",\"label\":\"pos\"},\n {\"text\":\"b\",\n\"label\":\"neg\"}, 7]", true, E_OK,
     "pos:a / neg:b / !", ":3: not an object"},
    {"NDJSON",
     "{\"text\":\"good\",\"label\":\"pos\",\"x\":{\"y\":[1]}}\n"
     "{\"label\":[\"a\",\"b\"],\"text\":\"c\",\"rating\":4}\n",
     true, E_OK, "pos:good / a+b:c*4", NULL},
    {"an empty list is none", "{\"text\":\"a\",\"label\":[],\"rating\":[]}", true, E_OK,
     "none:a", NULL},
    {"spans count code points",
     "{\"text\":\"\xc3\xa9t\xc3\xa9 Ana "
     "x\",\"spans\":[{\"start\":4,\"end\":7,\"type\":\"PERSON\",\"value\":\"Ana\"},"
     "{\"end\":3,\"entity_type\":\"Q\",\"start\":0}]}\n",
     false, E_OK, ":\xc3\xa9t\xc3\xa9 Ana x[PERSON=Ana][Q=\xc3\xa9t\xc3\xa9]", NULL},
    {"a span that ends behind the text",
     "{\"text\":\"ab\",\"spans\":[{\"start\":1,\"end\":3,\"type\":\"P\"}]}", false, E_OK, "!",
     ":1: span 1 ends behind the text"},
    {"a span without a type", "{\"text\":\"ab\",\"spans\":[{\"start\":0,\"end\":1}]}", false,
     E_OK, "!", "/spans can't be read: at most 512 of {\"type\": "},
    {"a label that is none", "{\"text\":\"ab\",\"label\":{}}", true, E_OK, "!",
     "/label can't be read"},
    {"no label", "{\"text\":\"ab\"}", true, E_OK, "!", "/label is required"},
    {"a broken line is refused alone", "{\"text\":\"a\"\n{\"text\":\"b\"}", false, E_OK,
     "! / :b", ":1:"},
    {"not an object", "{\"text\":\"b\"}\n1\n", false, E_OK, ":b / !",
     ":2: not an object"},
};

static void files_are_read(void **state)
{
    struct examples_source source = {.path = path};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct buffer out = {0}, refusals = {0};
        CASE(files[i].why);
        write_file(files[i].file);
        assert_int_equal(read_all(&source, files[i].with_label, &out, &refusals), files[i].rc);
        assert_string_equal(buffer_cstr(&out), files[i].rows);
        if (files[i].refusal) assert_non_null(strstr(buffer_cstr(&refusals), files[i].refusal));
        else assert_int_equal(refusals.size, 0);
        buffer_deinit(&out);
        buffer_deinit(&refusals);
    }
}

static void columns_are_called_otherwise(void **state)
{
    static const struct { const char *why, *file, *rows, *refusal; } cases[] = {
        {"CSV", "Review,Sentiment,text,label\ngood,pos,x,y\n", "pos:good", NULL},
        {"JSON", "{\"review\":\"good\",\"text\":\"x\",\"sentiment\":\"pos\"}",
         "pos:good", NULL},
        {"JSON without it", "{\"review\":\"good\",\"label\":\"pos\"}", "!",
         "/Sentiment is required; --label-column=NAME"},
        {"a typo", "Revew,Sentiment\ngood,pos\n", "",
         "no column \"Review\"; is \"Revew\" meant?"},
        {"the usual name isn't there either", "text,Sentiment\ngood,pos\n", "",
         "no column \"Review\"; its first line names: text, Sentiment; --text-column=NAME"},
    };
    struct examples_source source = {path, "Review", "Sentiment"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0}, refusals = {0};
        CASE(cases[i].why);
        write_file(cases[i].file);
        (void)read_all(&source, true, &out, &refusals);
        assert_string_equal(buffer_cstr(&out), cases[i].rows);
        if (cases[i].refusal) assert_non_null(strstr(buffer_cstr(&refusals), cases[i].refusal));
        else assert_int_equal(refusals.size, 0);
        buffer_deinit(&out);
        buffer_deinit(&refusals);
    }
}

static void a_file_that_is_not_there(void **state)
{
    struct examples examples;
    struct err err = {0};
    (void)state;
    struct examples_source nowhere = {.path = "/nowhere/at-all.tsv"};
    assert_int_equal(examples_open(&examples, &nowhere, true, &err), E_NO_INPUT);
    assert_non_null(strstr(err.text, "/nowhere/at-all.tsv"));
    examples_close(&examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(columns_are_called_otherwise),
        cmocka_unit_test(a_file_that_is_not_there),
    };
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
