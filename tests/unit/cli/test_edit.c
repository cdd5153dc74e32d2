/* Dead letters that are changed: by field, and as an editor leaves them. */
#include "letter_rig.h"
#include "ops/cli/edit.h"
#include "schema/json.h"

static void sets_one_value(void **state)
{
    static const struct { const char *why, *json, *path, *value, *expected; int rc; } cases[] = {
        {"a value is replaced", "{\"a\":1,\"b\":2}", "a", "3", "{\"a\":3,\"b\":2}", E_OK},
        {"what is no JSON is a text", "{\"a\":1}", "a", "two words", "{\"a\":\"two words\"}", E_OK},
        {"with what JSON escapes", "{\"a\":1}", "a", "\"", "{\"a\":\"\\\"\"}", E_OK},
        {"a text that looks like a number is given in quotes", "{\"a\":1}", "a", "\"7\"",
         "{\"a\":\"7\"}", E_OK},
        {"an empty text", "{\"a\":1}", "a", "", "{\"a\":\"\"}", E_OK},
        {"inside an object", "{\"f\":{\"a\":1,\"b\":[{}]},\"c\":0}", "f.a", "true",
         "{\"f\":{\"a\":true,\"b\":[{}]},\"c\":0}", E_OK},
        {"a new one is put behind", "{\"a\":1}", "b", "2", "{\"a\":1,\"b\":2}", E_OK},
        {"with the objects that it needs", "{}", "a.b.c", "2", "{\"a\":{\"b\":{\"c\":2}}}", E_OK},
        {"null takes it out", "{\"a\":1,\"b\":2}", "a", "null", "{\"b\":2}", E_OK},
        {"the last one too", "{\"f\":{\"a\":1}}", "f.a", "null", "{\"f\":{}}", E_OK},
        {"null of what isn't there", "{\"a\":1}", "b", "null", "{\"a\":1}", E_OK},
        {"a name with an escape", "{\"a\\\"b\":1,\"c\":2}", "c", "3", "{\"a\\\"b\":1,\"c\":3}",
         E_OK},
        {"an object as the value", "{\"a\":1}", "a", "{\"x\":[1]}", "{\"a\":{\"x\":[1]}}", E_OK},
        {"through what is no object", "{\"a\":1}", "a.b", "2", "", E_BAD_MESSAGE},
        {"no path", "{\"a\":1}", "", "2", "", E_USAGE},
        {"a step without a name", "{\"a\":{}}", "a..b", "2", "", E_USAGE},
        {"deeper than anything is", "{}", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "2", "", E_USAGE},
        {"no JSON", "{\"a\":", "a", "2", "", E_BAD_JSON},
        {"something behind it", "{\"a\":1}}", "b", "2", "", E_BAD_JSON},
        {"a value that isn't UTF-8", "{}", "a", "\xff", "", E_USAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(edit_set(str_of(cases[i].json), str_of(cases[i].path),
                                  str_of(cases[i].value), &out, &err),
                         cases[i].rc);
        assert_string_equal(buffer_cstr(&out), cases[i].expected);
        buffer_deinit(&out);
    }
}

static void knows_the_fields(void **state)
{
    static const struct { const char *why, *path, *message; } cases[] = {
        {"the id", "id", ""},
        {"a field", "feedback.rating", ""},
        {"a whole section", "feedback", ""},
        {"in a map anything goes", "feedback.attributes.shop", ""},
        {"a typo", "feedback.ratng",
         "records have no feedback.ratng; did you mean feedback.rating?"},
        {"without its section", "rating", "records have no rating; did you mean feedback.rating?"},
        {"far from all", "feedback.qqqqqq",
         "records have no feedback.qqqqqq; verbatim schema lists what they have"},
        {"no section", "feedbak.rating",
         "records have no feedbak.rating; verbatim schema lists what they have"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(edit_check_path(str_of(cases[i].path), &err),
                         cases[i].message[0] ? E_USAGE : E_OK);
        assert_string_equal(err.text, cases[i].message);
    }
}

static struct letter letter_of(struct arena *arena, struct str value)
{
    struct dead_letter body = rig_body(arena, value);
    return rig_letter(arena, &body);
}

static void assigns_fields_of_records(void **state)
{
    static const struct {
        const char *why, *customer;
        struct flag_list set;
        const char *json, *key;
        int rc;
    } cases[] = {
        {"a field, kept as the schema has it", "c-1", {{"feedback.rating=4"}, 1},
         "{\"id\":\"r-1\",\"feedback\":{\"text\":\"a \\\"word\\\", or "
         "two\",\"customer\":\"c-1\",\"rating\":4}}", "c-1", E_OK},
        {"many at once", "c-1", {{"id=r-2", "feedback.rating=null"}, 2},
         "{\"id\":\"r-2\",\"feedback\":{\"text\":\"a \\\"word\\\", or two\",\"customer\":\"c-1\"}}",
         "c-1", E_OK},
        {"the key follows the customer", "c-1",
         {{"feedback.customer=c-2", "feedback.rating=null"}, 2},
         "{\"id\":\"r-1\",\"feedback\":{\"text\":\"a \\\"word\\\", or two\",\"customer\":\"c-2\"}}",
         "c-2", E_OK},
        {"or the id where there is none", NULL, {{"id=r-2", "feedback.rating=null"}, 2},
         "{\"id\":\"r-2\",\"feedback\":{\"text\":\"a \\\"word\\\", or two\"}}", "r-2", E_OK},
        {"what the schema refuses", "c-1", {{"feedback.rating=often"}, 1}, NULL, NULL,
         E_BAD_MESSAGE},
        {"no id", "c-1", {{"id=null"}, 1}, NULL, NULL, E_BAD_MESSAGE},
        {"no assignment", "c-1", {{"feedback.rating"}, 1}, NULL, NULL, E_USAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct buffer json = {0};
        struct letter_content content;
        struct err err = {0};
        CASE(cases[i].why);
        struct letter letter = letter_of(&arena,
                                         rig_record(&arena, "r-1", cases[i].customer, NULL));
        assert_int_equal(edit_assign(&letter, &cases[i].set, &arena, &content, &err), cases[i].rc);
        if (cases[i].json) {
            assert_true(content.edited);
            must(json_write_record(content.value, &json, &err), &err);
            assert_string_equal(buffer_cstr(&json), cases[i].json);
            assert_true(str_equal(content.key, str_of(cases[i].key)));
        }
        buffer_deinit(&json);
        arena_deinit(&arena);
    }
}

static void what_is_no_record_has_no_fields(void **state)
{
    struct arena arena = {0};
    struct letter_content content;
    struct err err = {0};
    const struct flag_list set = {{"id=r-2"}, 1};
    (void)state;
    struct letter letter = letter_of(&arena, STR("\xc1 junk"));
    assert_int_equal(edit_assign(&letter, &set, &arena, &content, &err), E_BAD_MESSAGE);
    assert_non_null(strstr(err.text, "no record"));
    arena_deinit(&arena);
}

/* --- in an editor ----------------------------------------------------------------------------- */

#define ID "11111111-2222-8333-8444-555555555555"

static void lines_go_out_and_come_back(void **state)
{
    struct arena arena = {0};
    struct buffer text = {0};
    struct edits edits;
    struct err err = {0};
    (void)state;
    struct str values[] = {rig_record(&arena, "r-1", "c-1", NULL), STR("\xc1 junk"), STR("")};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct letter letter = letter_of(&arena, values[i]);
        buffer_clear(&text);
        must(edit_write(&letter, &arena, &text, &err), &err);
        assert_true(str_starts(
            buffer_str(&text),
            STR("# preprocess gave up on feedback/3 at 17: bad_message: no good\n{\"letter\":\"" ID
                "\"")));
        if (values[i].size == 0) continue; /* nothing to edit: refused below */
        must(edit_read(buffer_str(&text), &edits, &err), &err);
        const struct letter_content *content = edit_find(&edits, &letter, &arena);
        assert_non_null(content);
        assert_false(content->edited);
        /* the very bytes, as nothing was changed */
        assert_true(str_equal(content->value, values[i]));
        edits_deinit(&edits);
    }
    buffer_deinit(&text);
    arena_deinit(&arena);
}

static void reads_what_was_edited(void **state)
{
    static const struct { const char *why, *text; int rc; const char *says, *value; } cases[] = {
        {"a changed record",
         "{\"letter\":\"" ID "\",\"record\":{\"id\":\"r-9\",\"feedback\":{\"text\":\"x\"}}}", E_OK,
         NULL, "{\"id\":\"r-9\",\"feedback\":{\"text\":\"x\"}}"},
        {"comments and blank lines are nothing",
         "# a\n\n  # b\n{\"letter\":\"" ID "\",\"topic\":\"t\",\"record\":{\"id\":\"r-9\"}}\n\n",
         E_OK, NULL, "{\"id\":\"r-9\"}"},
        {"raw bytes", "{\"letter\":\"" ID "\",\"raw\":\"ggF2AQ==\"}", E_OK, NULL, NULL},
        {"all lines taken out", "# only this\n", E_NOT_FOUND, "no letter is left", NULL},
        {"a record that breaks its schema, with its line",
         "# a\n{\"letter\":\"" ID "\",\"record\":{\"id\":\"r-9\",\"feedback\":{\"rating\":\"x\"}}}",
         E_BAD_MESSAGE, "line 2: /feedback/rating must be a number", NULL},
        {"no JSON", "{\"letter\":\"" ID "\",\"record\":{\"id\":\"r-9\"}", E_BAD_JSON, "line 1: ",
         NULL},
        {"an array", "[]", E_BAD_MESSAGE, "line 1: an object", NULL},
        {"no letter", "{\"record\":{\"id\":\"r-9\"}}", E_BAD_MESSAGE, "are missing", NULL},
        {"no record", "{\"letter\":\"" ID "\"}", E_BAD_MESSAGE, "are missing", NULL},
        {"no base64", "{\"letter\":\"" ID "\",\"raw\":\"!!!!\"}", E_BAD_MESSAGE, "is not base64",
         NULL},
        {"raw that is no text", "{\"letter\":\"" ID "\",\"raw\":7}", E_BAD_MESSAGE, "are missing",
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct buffer json = {0};
        struct edits edits = {0};
        struct err err = {0};
        CASE(cases[i].why);
        struct letter letter = letter_of(&arena, rig_record(&arena, "r-1", "c-1", NULL));
        assert_int_equal(edit_read(str_of(cases[i].text), &edits, &err), cases[i].rc);
        if (cases[i].says) assert_non_null(strstr(err.text, cases[i].says));
        const struct letter_content *content =
            cases[i].rc ? NULL : edit_find(&edits, &letter, &arena);
        assert_int_equal(content != NULL, cases[i].rc == E_OK);
        if (content) assert_true(content->edited);
        if (cases[i].value) must(json_write_record(content->value, &json, &err), &err);
        if (cases[i].value) assert_string_equal(buffer_cstr(&json), cases[i].value);
        buffer_deinit(&json);
        edits_deinit(&edits);
        arena_deinit(&arena);
    }
}

static void a_line_taken_out_leaves_its_letter(void **state)
{
    struct arena arena = {0};
    struct edits edits;
    struct err err = {0};
    (void)state;
    struct letter letter = letter_of(&arena, rig_record(&arena, "r-1", NULL, NULL));
    must(edit_read(STR("{\"letter\":\"another\",\"record\":{\"id\":\"r-9\"}}"), &edits, &err),
         &err);
    assert_null(edit_find(&edits, &letter, &arena));
    edits_deinit(&edits);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_one_value),
        cmocka_unit_test(knows_the_fields), cmocka_unit_test(assigns_fields_of_records),
        cmocka_unit_test(what_is_no_record_has_no_fields),
        cmocka_unit_test(lines_go_out_and_come_back), cmocka_unit_test(reads_what_was_edited),
        cmocka_unit_test(a_line_taken_out_leaves_its_letter),
    };
    return cmocka_run_group_tests_name("edit", tests, NULL, NULL);
}
