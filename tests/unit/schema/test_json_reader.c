/* The pull reader takes JSON and nothing else (RFC 8259), and says where it went wrong. */
#include <stdlib.h>

#include "schema/json.h"
#include "schema/json_plain.h"
#include "test.h"

/* In a piece of memory of exactly this size. */
static int read_all(struct str text, struct arena *arena, struct json_value *ret_value,
                    struct err *err)
{
    char *copy = malloc(text.size ? text.size : 1);
    assert_non_null(copy);
    if (text.size) memcpy(copy, text.data, text.size);
    struct json_reader reader = json_reader(str_make(copy, text.size), arena);
    struct json_reader value = reader;
    bool ok = json_skip(&reader, NULL) && json_end(&reader);
    int rc = ok ? E_OK : json_fault(&reader, err);
    if (ok) {
        assert_true(json_next(&value, ret_value));
        if (ret_value->text.data) ret_value->text = arena_copy(arena, ret_value->text);
    }
    free(copy);
    return rc;
}

#define TEXT(text) {text, sizeof(text) - 1}

static const struct { const char *why; struct str text; int rc; const char *says; } readings[] = {
    {"null", TEXT(" null\n"), E_OK, NULL},
    {"nested", TEXT("{\"a\":[1,{\"b\":[]}],\"c\":{}}"), E_OK, NULL},
    {"nothing", TEXT(""), E_BAD_JSON, "line 1, column 1: unexpected end"},
    {"white space only", TEXT(" \n\t"), E_BAD_JSON, "line 2"},
    {"a word", TEXT("nul"), E_BAD_JSON, "unknown word"},
    {"a word in capitals", TEXT("True"), E_BAD_JSON, "expected a value"},
    {"NaN", TEXT("NaN"), E_BAD_JSON, "expected a value"},
    {"two values", TEXT("1 2"), E_BAD_JSON, "column 3: something behind"},
    {"a comma at the end of an array", TEXT("[1,]"), E_BAD_JSON, "expected a value"},
    {"a comma at the end of an object", TEXT("{\"a\":1,}"), E_BAD_JSON, "expected a name"},
    {"a comma first", TEXT("[,1]"), E_BAD_JSON, "expected a value"},
    {"no comma", TEXT("[1 2]"), E_BAD_JSON, "expected , or ]"},
    {"no colon", TEXT("{\"a\" 1}"), E_BAD_JSON, "expected :"},
    {"a name without quotes", TEXT("{a:1}"), E_BAD_JSON, "expected a name"},
    {"single quotes", TEXT("'a'"), E_BAD_JSON, "expected a value"},
    {"a comment", TEXT("// x\n1"), E_BAD_JSON, "expected a value"},
    {"an array without end", TEXT("[1"), E_BAD_JSON, "unexpected end"},
    {"an object without end", TEXT("{\"a\":1"), E_BAD_JSON, "unexpected end"},
    {"the wrong bracket", TEXT("[1}"), E_BAD_JSON, "expected , or ]"},
    {"a byte order mark", TEXT("\xef\xbb\xbf" "1"), E_BAD_JSON, "expected a value"},
    {"a NUL behind it", TEXT("1\0"), E_BAD_JSON, "something behind"},
    {"the line and the column of it", TEXT("{\n \"a\": x}"), E_BAD_JSON, "line 2, column 7"},
    {"zero", TEXT("0"), E_OK, NULL},
    {"minus zero", TEXT("-0"), E_OK, NULL},
    {"all parts of a number", TEXT("-12.50e+10"), E_OK, NULL},
    {"a leading zero", TEXT("01"), E_BAD_JSON, "leading zero"},
    {"a leading plus", TEXT("+1"), E_BAD_JSON, "expected a value"},
    {"a point at the end", TEXT("1."), E_BAD_JSON, "malformed number"},
    {"a point first", TEXT(".5"), E_BAD_JSON, "expected a value"},
    {"an exponent without digits", TEXT("1e"), E_BAD_JSON, "malformed number"},
    {"hexadecimal", TEXT("0x10"), E_BAD_JSON, "something behind"},
    {"a minus alone", TEXT("-"), E_BAD_JSON, "malformed number"},
    {"a string without end", TEXT("\"a"), E_BAD_JSON, "without an end"},
    {"an escaped end", TEXT("\"a\\\""), E_BAD_JSON, "without an end"},
    {"a backslash at the very end", TEXT("\"a\\"), E_BAD_JSON, "without an end"},
    {"a line break in a string", TEXT("\"a\nb\""), E_BAD_JSON, "control character"},
    {"a NUL in a string", TEXT("\"a\0b\""), E_BAD_JSON, "control character"},
    {"an unknown escape", TEXT("\"\\x41\""), E_BAD_JSON, "unknown escape"},
    {"a short escape", TEXT("\"\\u00e\""), E_BAD_JSON, "\\u escape"},
    {"an escape of other letters", TEXT("\"\\u00gg\""), E_BAD_JSON, "\\u escape"},
    {"a low surrogate alone", TEXT("\"\\udc00\""), E_BAD_JSON, "lone surrogate"},
    {"a high surrogate alone", TEXT("\"\\ud800\""), E_BAD_JSON, "lone surrogate"},
    {"a high surrogate and a letter", TEXT("\"\\ud800\\u0041\""), E_BAD_JSON, "lone surrogate"},
    {"bytes that are no UTF-8", TEXT("\"a\xff\""), E_BAD_JSON,
     "column 3: bytes that are not UTF-8"},
    {"a surrogate in UTF-8", TEXT("\"\xed\xa0\x80\""), E_BAD_JSON, "not UTF-8"},
    {"bad UTF-8 in a name", TEXT("{\"\xc3\":1}"), E_BAD_JSON, "not UTF-8"},
};

static void documents_are_told_from_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(readings); i++) {
        struct arena arena = {0};
        struct json_value value;
        struct err err = {0};
        CASE(readings[i].why);
        assert_int_equal(read_all(readings[i].text, &arena, &value, &err), readings[i].rc);
        if (readings[i].says && !strstr(err.text, readings[i].says))
            fail_msg("\"%s\" lacks \"%s\"", err.text, readings[i].says);
        arena_deinit(&arena);
    }
}

static void strings_are_unescaped(void **state)
{
    static const struct { const char *why; struct str text, value; } cases[] = {
        {"plain", TEXT("\"abc\""), TEXT("abc")},
        {"empty", TEXT("\"\""), TEXT("")},
        {"all short escapes", TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\/\b\f\n\r\t")},
        {"one, two and three bytes", TEXT("\"\\u0041\\u00E9\\u20ac\""),
         TEXT("A\xc3\xa9\xe2\x82\xac")},
        {"a pair of surrogates", TEXT("\"\\ud83d\\uDD25\""), TEXT("\xf0\x9f\x94\xa5")},
        {"an escaped NUL", TEXT("\"a\\u0000b\""), TEXT("a\0b")},
        {"a backslash before a quote", TEXT("\"\\\\\""), TEXT("\\")},
        {"DEL is no control character in JSON", TEXT("\"\x7f\""), TEXT("\x7f")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct json_value value = {0};
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(read_all(cases[i].text, &arena, &value, &err), E_OK);
        assert_int_equal(value.kind, JSON_STRING);
        assert_true(str_equal(value.text, cases[i].value));
        arena_deinit(&arena);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (int extra = 0; extra <= 1; extra++) {
        struct buffer text = {0};
        struct json_reader reader;
        for (int i = 0; i < JSON_DEPTH_MAX + extra; i++) buffer_add_char(&text, '[');
        for (int i = 0; i < JSON_DEPTH_MAX + extra; i++) buffer_add_char(&text, ']');
        reader = json_reader(buffer_str(&text), NULL);
        assert_int_equal(json_skip(&reader, NULL), !extra);
        buffer_deinit(&text);
    }
    struct buffer text = {0}; /* a million brackets cost nothing but their bytes */
    for (int i = 0; i < 1000000; i++) buffer_add_char(&text, '[');
    struct json_reader reader = json_reader(buffer_str(&text), NULL);
    assert_false(json_skip(&reader, NULL));
    buffer_deinit(&text);
}

/* Looking ahead must not copy: strings with escapes would be copied once for each
 * level above them. */
static void skipping_takes_no_memory(void **state)
{
    struct arena arena = {0};
    struct json_reader reader = json_reader(STR("{\"a\\n\":[\"\\u00e9\",{\"b\":\"\\\\\"}]}"),
                                            &arena);
    struct str raw;
    (void)state;
    assert_true(json_skip(&reader, &raw));
    assert_int_equal(raw.size, 29);
    assert_int_equal(arena_used(&arena), 0);
    assert_true(json_end(&reader));
}

static void items_and_members_are_walked(void **state)
{
    struct arena arena = {0};
    struct json_reader reader = json_reader(STR(" [ {\"x\" : 1 , \"y\\u0021\":\"2\"} , [ ] ] "),
                                            &arena);
    struct json_value value;
    struct str name;
    bool first = true, inner = true;
    (void)state;
    assert_true(json_next(&reader, &value) && value.kind == JSON_ARRAY);
    assert_true(json_item(&reader, &first) && json_next(&reader, &value) &&
                value.kind == JSON_OBJECT);
    assert_true(json_member(&reader, &inner, &name) && str_equal(name, STR("x")));
    assert_true(json_next(&reader, &value) && value.kind == JSON_NUMBER &&
                str_equal(value.text, STR("1")));
    assert_true(json_member(&reader, &inner, &name) && str_equal(name, STR("y!")));
    assert_true(json_next(&reader, &value) && value.kind == JSON_STRING &&
                str_equal(value.text, STR("2")));
    assert_false(json_member(&reader, &inner, &name));
    assert_true(json_item(&reader, &first) && json_skip(&reader, NULL));
    assert_false(json_item(&reader, &first));
    assert_true(json_end(&reader));
    arena_deinit(&arena);
}

/* Told in blocks, as byte by byte, wherever in a text of any size the first mark stands. */
static void plain_runs_end_at_the_first_mark(void **state)
{
    enum { SIZE_MOST = 40 };
    static const char marks[] = {'"', '\\', '\n', '\x1F', '\0', '\x7F'};
    (void)state;
    for (size_t size = 0; size <= SIZE_MOST; size++)
        for (size_t at = 0; at <= size; at++)
            for (size_t mark = 0; mark < sizeof marks; mark++) {
                char *text = malloc(size ? size : 1); /* of exactly this size */
                assert_non_null(text);
                for (size_t i = 0; i < size; i++) text[i] = (char)(i % 3 ? 'a' + i : 0xC3);
                if (at < size) text[at] = marks[mark];
                if (at + 2 < size) text[at + 2] = '"';
                assert_int_equal(json_plain(text, size), at);
                free(text);
            }
}

/* Strings are read sixteen bytes at a time where as many are left: what follows one must
 * make no difference. */
static void strings_are_the_same_whatever_follows(void **state)
{
    static const char *const odd[] = {
        "", "\xc3\xa9", "\\n", "\\u00e9", "\\\"", "\x7f", "\xc3", "\x1f", "\\x"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
                      spaces[] = "                    ";
    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd) * 40 * 40; i++) {
        const char *what = odd[i / 1600];
        int before = (int)(i / 40 % 40), after = (int)(i % 40);
        char text[160];
        struct arena arena = {0};
        struct json_value alone = {0}, followed = {0};
        struct err err;
        int size = snprintf(text, sizeof text, "\"%.*s%s%.*s\"%s", before, letters, what, after,
                            letters, spaces);
        int rc = read_all(str_make(text, (size_t)size), &arena, &followed, &err);
        assert_int_equal(
            read_all(str_make(text, (size_t)size - strlen(spaces)), &arena, &alone, &err), rc);
        if (rc == E_OK) assert_true(str_equal(alone.text, followed.text));
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_told_from_others),
        cmocka_unit_test(strings_are_the_same_whatever_follows),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(skipping_takes_no_memory),
        cmocka_unit_test(items_and_members_are_walked),
        cmocka_unit_test(plain_runs_end_at_the_first_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
