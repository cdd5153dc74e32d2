/* JSON into structs and records, and out again: each kind of field, each thing that can
 * be wrong with it. */
#include "schema/json.h"
#include "schema/msgpack.h"
#include "must.h"

/* Problems as "pointer detail; pointer detail". */
static const char *told(const struct json_problems *problems, struct buffer *out)
{
    buffer_clear(out);
    for (uint32_t i = 0; i < problems->count; i++) {
        buffer_printf(out, "%s%.*s %.*s", i ? "; " : "", STR_ARGS(problems->items[i].pointer),
                      STR_ARGS(problems->items[i].detail));
        assert_true(str_is_utf8(problems->items[i].pointer) &&
                    str_is_utf8(problems->items[i].detail));
    }
    return buffer_cstr(out);
}

static const struct {
    const char *why;
    const struct shape *shape;
    const char *text, *problems;
} records[] = {
    {"all is well", &span_shape, "{\"start\":1,\"end\":2}", ""},
    {"null is the same as not there", &feedback_shape, "{\"rating\":null}", ""},
    {"no object", &span_shape, "[1]", " must be an object, not an array"},
    {"required fields, all at once", &span_shape, "{}", "/start is required; /end is required"},
    {"a string for a number", &span_shape, "{\"start\":\"1\",\"end\":2}",
     "/start must be a whole number, not a string"},
    {"a fraction", &span_shape, "{\"start\":1.5,\"end\":2}",
     "/start must be a whole number from 0 to 4294967295"},
    {"a negative number", &span_shape, "{\"start\":-1,\"end\":2}",
     "/start must be a whole number from 0 to 4294967295"},
    {"beyond 32 bits", &span_shape, "{\"start\":4294967296,\"end\":2}",
     "/start must be a whole number from 0 to 4294967295"},
    {"a thousand digits", &span_shape,
     "{\"start\":11111111111111111111111111111111111111111111111111111,\"end\":2}",
     "/start must be a whole number from 0 to 4294967295"},
    {"a field twice", &span_shape, "{\"start\":1,\"end\":2,\"start\":3}",
     "/start is there twice"},
    {"a typo", &span_shape, "{\"strat\":1,\"start\":1,\"end\":2}",
     "/strat unknown field; did you mean \"start\"?"},
    {"nothing like it", &span_shape, "{\"tomorrow\":1,\"start\":1,\"end\":2}",
     "/tomorrow unknown field; put your own data under \"attributes\""},
    {"/ and ~ are escaped in pointers (RFC 6901)", &span_shape,
     "{\"a/b~c\":1,\"start\":1,\"end\":2}",
     "/a~1b~0c unknown field; put your own data under \"attributes\""},
    {"a rating beyond its bounds", &feedback_shape, "{\"rating\":101}",
     "/rating must be a number from -100 to 100"},
    {"in quotes too", &feedback_shape, "{\"rating\":\"101\"}",
     "/rating must be a number from -100 to 100"},
    {"of a number in quotes", &segment_shape,
     "{\"segment\":1,\"distance\":\"0.5\",\"model\":\"m\"}", ""},
    {"that is never below 0", &segment_shape,
     "{\"segment\":1,\"distance\":\"-1\",\"model\":\"m\"}",
     "/distance must be a number from 0 to 3e+38"},
    {"a number that no double holds", &feedback_shape, "{\"rating\":1e999}",
     "/rating must be a number from -100 to 100"},
    {"a boolean", &feedback_shape, "{\"rating\":true}",
     "/rating must be a number, not a boolean"},
    {"a time without its zone", &feedback_shape, "{\"occurred_at\":\"2026-05-01T09:30:00\"}",
     "/occurred_at is not an RFC 3339 time such as 2026-05-01T09:30:00Z"},
    {"a day that isn't", &feedback_shape, "{\"occurred_at\":\"2026-02-29T09:30:00Z\"}",
     "/occurred_at is not an RFC 3339 time such as 2026-05-01T09:30:00Z"},
    {"a time as a number", &feedback_shape, "{\"occurred_at\":5}",
     "/occurred_at must be an RFC 3339 time in a string, not a number"},
    {"a NUL in a text", &feedback_shape, "{\"text\":\"a\\u0000\"}",
     "/text holds a NUL character"},
    {"an object for a text is skipped whole", &feedback_shape,
     "{\"text\":{\"a\":[{}]},\"rating\":\"x\"}",
     "/text must be a string, not an object; /rating must be a number, not a string"},
    {"an attribute that nests", &feedback_shape, "{\"attributes\":{\"a\":1,\"b\":[1]}}",
     "/attributes/b must be a string, not an array"},
    {"an attribute twice", &feedback_shape, "{\"attributes\":{\"a\":1,\"a\":2}}",
     "/attributes/a is there twice"},
    {"an unknown value of an enumeration", &safety_shape,
     "{\"state\":\"Positive\",\"serious\":true}",
     "/state is not a known safety_state"},
    {"an unknown value in a set", &safety_shape,
     "{\"state\":\"positive\",\"serious\":true,\"kinds\":[\"hazard\",\"x\"]}",
     "/kinds is not a known safety_kind"},
    {"a set that is a word", &safety_shape,
     "{\"state\":\"positive\",\"serious\":true,\"kinds\":\"hazard\"}",
     "/kinds must be an array, not a string"},
    {"inside a list", &sentiment_shape,
     "{\"label\":\"mixed\",\"score\":0,\"evidence\":[{\"start\":1,\"end\":2},{\"start\":1}]}",
     "/evidence/1/end is required"},
    {"a list with something else in it", &sentiment_shape,
     "{\"label\":\"mixed\",\"score\":0,\"evidence\":[7]}",
     "/evidence/0 must be an object, not a number"},
    {"inside a struct", &insight_shape,
     "{\"provider\":\"x\",\"sentiment\":{\"label\":\"mixed\",\"score\":2}}",
     "/sentiment/score must be a number from -1 to 1"},
    {"an amount below 0", &segment_shape, "{\"segment\":1,\"distance\":-0.5,\"model\":\"m\"}",
     "/distance must be a number from 0 to 3e+38"},
    {"a list of strings with a number in it", &insight_shape,
     "{\"provider\":\"x\",\"sentiment\":{\"label\":\"mixed\",\"score\":0},\"topics\":[\"a\",1]}", "/topics/1 must be a string, not a number"},
    {"a vector with a word in it", &features_shape,
     "{\"vector\":[1,\"x\"],\"extractor\":\"e\"}", "/vector must be a number, not a string"},
};

static void problems_name_the_field(void **state)
{
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        struct arena arena = {0};
        struct json_problems problems;
        struct err err = {0};
        union { struct insight insight; struct feedback feedback; struct safety safety; } value;
        CASE(records[i].why);
        int rc = json_read_shape(records[i].shape, str_of(records[i].text), JSON_UNKNOWN_REFUSE, &arena,
                                 &value, &problems, &err);
        assert_string_equal(told(&problems, &out), records[i].problems);
        assert_int_equal(rc, records[i].problems[0] ? E_BAD_MESSAGE : E_OK);
        arena_deinit(&arena);
    }
    buffer_deinit(&out);
}

/* One item, byte or unit within the bound passes; one beyond it is refused, by JSON and
 * by msgpack alike. */
static void bounds_are_the_tables(void **state)
{
    struct buffer text = {0}, out = {0};
    (void)state;
    for (int extra = 0; extra <= 1; extra++) {
        struct arena arena = {0};
        struct json_problems problems;
        struct feedback feedback;
        struct err err = {0};
        buffer_clear(&text);
        buffer_add(&text, STR("{\"channel\":\""));
        for (int i = 0; i < 64 + extra; i++) buffer_add_char(&text, 'c');
        buffer_add(&text, STR("\",\"attributes\":{"));
        for (int i = 0; i < 64 + extra; i++)
            buffer_printf(&text, "%s\"a%d\":\"\"", i ? "," : "", i);
        buffer_add(&text, STR("}}"));
        int rc = json_read_shape(&feedback_shape, buffer_str(&text), JSON_UNKNOWN_KEEP, &arena,
                                 &feedback, &problems, &err);
        assert_int_equal(rc, extra ? E_BAD_MESSAGE : E_OK);
        assert_string_equal(told(&problems, &out),
                            extra ? "/channel is 65 bytes long; at most 64 are allowed; "
                                    "/attributes has 65 items; at most 64 "
                                    "are allowed"
                                  : "");
        arena_deinit(&arena);
    }
    buffer_deinit(&text);
    buffer_deinit(&out);
}

static void at_most_so_many_problems_are_told(void **state)
{
    struct buffer text = {0};
    struct arena arena = {0};
    struct json_problems problems;
    struct span span;
    struct err err = {0};
    (void)state;
    buffer_add_char(&text, '{');
    /* long names too */
    for (int i = 0; i < 100; i++) buffer_printf(&text, "%s\"\xc3\xa9%0200d\":1", i ? "," : "", i);
    buffer_add_char(&text, '}');
    assert_int_equal(json_read_shape(&span_shape, buffer_str(&text), JSON_UNKNOWN_REFUSE, &arena,
                                     &span, &problems, &err),
                     E_BAD_MESSAGE);
    assert_int_equal(problems.count, JSON_PROBLEMS_MAX);
    for (uint32_t i = 0; i < problems.count; i++)
        assert_in_range(problems.items[i].pointer.size, 60, 66);
    arena_deinit(&arena);
    buffer_deinit(&text);
}

/* Whole records: JSON → message → JSON. `back` NULL: the same text. */
static void records_come_back(void **state)
{
    static const struct { const char *why, *text, *back; } cases[] = {
        {"an id alone", "{\"id\":\"x\"}", NULL},
        {"sections come in the table's order",
         "{\"z\":1,\"audit\":{\"actor\":\"a\",\"action\":\"b\","
         "\"at\":\"2026-01-01T00:00:00.000Z\"},"
         "\"feedback\":{\"text\":\"t\"},\"id\":\"x\",\"v\":1}",
         "{\"id\":\"x\",\"feedback\":{\"text\":\"t\"},\"audit\":{\"actor\":\"a\",\"action\":\"b\","
         "\"at\":\"2026-01-01T00:00:00.000Z\"},\"z\":1}"},
        {"times are told in UTC, with milliseconds",
         "{\"id\":\"x\",\"feedback\":{\"occurred_at\":\"2026-05-01t11:30:00.1239+02:00\"}}",
         "{\"id\":\"x\",\"feedback\":{\"occurred_at\":\"2026-05-01T09:30:00.123Z\"}}"},
        {"the earliest and the latest time",
         "{\"id\":\"x\",\"feedback\":{\"occurred_at\":\"0001-01-01T00:00:00.000Z\","
         "\"received_at\":\"9999-12-31T23:59:59.999Z\"}}", NULL},
        {"numbers have six decimals at most", "{\"id\":\"x\",\"feedback\":{\"rating\":3.14159265}}",
         "{\"id\":\"x\",\"feedback\":{\"rating\":3.141593}}"},
        {"whole numbers of 64 bits stay exact",
         "{\"id\":\"x\",\"z\":[18446744073709551615,-9223372036854775808,9007199254740993]}", NULL},
        {"large doubles stay exact", "{\"id\":\"x\",\"z\":[1e+300,12345678912.345678]}",
         "{\"id\":\"x\",\"z\":[1.0000000000000001e+300,12345678912.345678]}"},
        {"what no table knows survives",
         "{\"id\":\"x\",\"feedback\":{\"mood\":{\"a\":[null,true,\"\\u001f\"]}},\"z\":{}}", NULL},
        {"escapes",
         "{\"id\":\"x\",\"feedback\":{\"text\":\"\\u00e9\\ud83d\\udd25\\\"\\\\\\/\\n\\u0001\"}}",
         "{\"id\":\"x\",\"feedback\":{\"text\":\"\xc3\xa9\xf0\x9f\x94\xa5\\\"\\\\/\\n\\u0001\"}}"},
        {"scalars in attributes become text",
         "{\"id\":\"x\",\"feedback\":{\"attributes\":{\"a\":41,\"b\":true,\"c\":null,\"d\":1e2}}}",
         "{\"id\":\"x\",\"feedback\":{\"attributes\":{\"a\":\"41\",\"b\":\"true\",\"c\":\"\","
         "\"d\":\"1e2\"}}}"},
        {"sets in the table's order, each once",
         "{\"id\":\"x\",\"safety\":{\"state\":\"negative\",\"kinds\":[\"hazard\",\"adverse_event\","
         "\"hazard\"],\"serious\":false}}",
         "{\"id\":\"x\",\"safety\":{\"state\":\"negative\",\"kinds\":[\"adverse_event\","
         "\"hazard\"],\"serious\":false}}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct json_problems problems;
        struct buffer out = {0};
        struct str message;
        struct err err = {0};
        CASE(cases[i].why);
        must(json_read_record(str_of(cases[i].text), &arena, &message, &problems, &err), &err);
        assert_int_equal(json_write_record(message, &out, &err), E_OK);
        assert_string_equal(buffer_cstr(&out), cases[i].back ? cases[i].back : cases[i].text);
        buffer_deinit(&out);
        arena_deinit(&arena);
    }
}

static void what_is_no_record_is_refused(void **state)
{
    static const struct { const char *why, *text, *problems; int rc; } cases[] = {
        {"no id", "{\"feedback\":{}}", "/id is required", E_BAD_MESSAGE},
        {"an empty id", "{\"id\":\"\"}", "/id is required", E_BAD_MESSAGE},
        {"an id that is a number", "{\"id\":7}",
         "/id must be a string, not a number; /id is required", E_BAD_MESSAGE},
        {"two ids", "{\"id\":\"a\",\"id\":\"b\"}", "/id is there twice", E_BAD_MESSAGE},
        {"a section twice", "{\"id\":\"a\",\"feedback\":{},\"feedback\":{}}",
         "/feedback is there twice", E_BAD_MESSAGE},
        {"an unknown section twice", "{\"id\":\"a\",\"z\":1,\"z\":1}", "/z is there twice",
         E_BAD_MESSAGE},
        {"an unknown field twice", "{\"id\":\"a\",\"feedback\":{\"z\":1,\"z\":1}}",
         "/feedback/z is there twice", E_BAD_MESSAGE},
        {"a section that is a list", "{\"id\":\"a\",\"feedback\":[]}",
         "/feedback must be an object, not an array", E_BAD_MESSAGE},
        {"a number that would be changed", "{\"id\":\"a\",\"z\":[1e999]}",
         "/z holds a number that is out of range or too long", E_BAD_MESSAGE},
        {"a list", "[]", " must be an object, not an array", E_BAD_MESSAGE},
        {"too deep for a message", "{\"id\":\"a\",\"z\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", "",
         E_BAD_MESSAGE},
        {"too deep for JSON",
         "{\"id\":\"a\","
         "\"z\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", "",
         E_BAD_JSON},
        {"base64 with a blank",
         "{\"id\":\"a\",\"dead_letter\":{\"worker\":\"w\",\"cause\":\"c\",\"message\":\"m\","
         "\"topic\":\"t\",\"partition\":0,"
         "\"offset\":0,\"attempts\":1,\"failed_at\":\"2026-01-01T00:00:00Z\",\"value\":\"a "
         "b\",\"value_sha256\":\"x\"}}",
         "/dead_letter/value is not base64", E_BAD_MESSAGE},
        {"base64 of five characters",
         "{\"id\":\"a\",\"dead_letter\":{\"worker\":\"w\",\"cause\":\"c\",\"message\":\"m\","
         "\"topic\":\"t\",\"partition\":0,"
         "\"offset\":0,\"attempts\":1,\"failed_at\":\"2026-01-01T00:00:00Z\",\"value\":\"aaaaa\","
         "\"value_sha256\":\"x\"}}",
         "/dead_letter/value is not base64: a character is missing or one too many", E_BAD_MESSAGE},
        {"no JSON", "{\"id\":\"a\"", "", E_BAD_JSON},
    };
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct json_problems problems;
        struct str message = STR("untouched");
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(json_read_record(str_of(cases[i].text), &arena, &message, &problems, &err),
                         cases[i].rc);
        assert_string_equal(told(&problems, &out), cases[i].problems);
        assert_true(str_equal(message, STR("untouched")));
        arena_deinit(&arena);
    }
    buffer_deinit(&out);
}

/* What is unknown is kept, up to a bound that is told. */
static void unknown_things_are_bounded(void **state)
{
    static const struct {
        const char *why, *before, *after;
        int most;
        const char *problem;
    } cases[] = {
        {"fields of a section", "\"feedback\":{\"text\":\"t\"", "}", 64,
         "/feedback/z64 is one unknown field too many"},
        {"sections", "\"v\":1", "", RECORD_UNKNOWN_MAX, "/z32 is one unknown section too many"},
    };
    struct buffer text = {0}, out = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        for (int extra = 0; extra <= 1; extra++) {
            struct arena arena = {0};
            struct json_problems problems;
            struct str message;
            struct err err = {0};
            buffer_clear(&text);
            buffer_printf(&text, "{\"id\":\"x\",%s", cases[i].before);
            for (int j = 0; j < cases[i].most + extra; j++)
                buffer_printf(&text, ",\"z%d\":[%d]", j, j);
            buffer_printf(&text, "%s}", cases[i].after);
            int rc = json_read_record(buffer_str(&text), &arena, &message, &problems, &err);
            assert_int_equal(rc, extra ? E_BAD_MESSAGE : E_OK);
            assert_string_equal(told(&problems, &out), extra ? cases[i].problem : "");
            arena_deinit(&arena);
        }
    }
    buffer_deinit(&text);
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_name_the_field),
        cmocka_unit_test(bounds_are_the_tables),
        cmocka_unit_test(at_most_so_many_problems_are_told),
        cmocka_unit_test(records_come_back),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(unknown_things_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
