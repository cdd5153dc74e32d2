/* What callers send becomes a record, or a list of what is wrong with it, field by field. */
#include "schema/intake.h"
#include "test.h"

struct rig {
    struct clock_manual clock;
    struct random random;
    struct uuid_generator ids;
    struct arena arena;
    struct json_problems problems;
    struct intake intake;
    struct err err;
    struct buffer text;
};

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){.text = {0}};
    clock_manual_init(&rig->clock, 1777627801234); /* 2026-05-01T09:30:01.234Z */
    random_seed(&rig->random, 7);
    rig->ids = (struct uuid_generator){.clock = &rig->clock.clock, .random = &rig->random};
}

static void rig_deinit(struct rig *rig)
{
    arena_deinit(&rig->arena);
    buffer_deinit(&rig->text);
}

static struct intake_rules rules_of(struct rig *rig)
{
    return (struct intake_rules){
        .ids = &rig->ids, .received_ms = rig->clock.wall_ms, .source = STR("http")};
}

static const char *told(struct rig *rig)
{
    buffer_clear(&rig->text);
    for (uint32_t i = 0; i < rig->problems.count; i++)
        buffer_printf(&rig->text, "%s%.*s %.*s", i ? "; " : "",
                      STR_ARGS(rig->problems.items[i].pointer),
                      STR_ARGS(rig->problems.items[i].detail));
    return buffer_cstr(&rig->text);
}

static const char *as_json(struct rig *rig)
{
    buffer_clear(&rig->text);
    assert_int_equal(json_write_record(rig->intake.message, &rig->text, &rig->err), E_OK);
    return buffer_cstr(&rig->text);
}

static void take_object(struct rig *rig, const char *text, const char *tenant, bool keep)
{
    struct intake_rules rules = rules_of(rig);
    rules.keep_unknown = keep;
    rules.tenant = str_of(tenant);
    int rc = intake_json(str_of(text), &rules, 0, &rig->arena, &rig->intake, &rig->problems,
                         &rig->err);
    if (rc) fail_msg("%s", rig->err.text);
}

static void objects_become_records(void **state)
{
    static const struct {
        const char *why, *text;
        bool keep;
        const char *tenant, *record, *key;
    } cases[] = {
        {"a text and an id", "{\"id\":\"a1\",\"text\":\"Good.\"}", false, "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", "a1"},
        {"the caller's source stays", "{\"id\":\"a1\",\"text\":\"Good.\",\"source\":\"shop\"}",
         false, "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"shop\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", "a1"},
        {"the customer is the key", "{\"id\":\"a1\",\"text\":\"Good.\",\"customer\":\"c-7\"}",
         false, "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\",\"customer\":\"c-7\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", "c-7"},
        {"an empty customer is none", "{\"id\":\"a1\",\"text\":\"Good.\",\"customer\":\"\"}", false,
         "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", "a1"},
        {"tenant and received_at are never the caller's word",
         "{\"id\":\"a1\",\"text\":\"Good.\",\"tenant\":\"other\","
         "\"received_at\":\"1999-01-01T00:00:00Z\"}", false, "acme",
         "{\"id\":\"acme:a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\",\"tenant\":\"acme\"}}", "acme:a1"},
        {"nor where there is none", "{\"id\":\"a1\",\"text\":\"Good.\",\"tenant\":\"other\"}",
         false, "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", "a1"},
        {"a rating in quotes, as it is in a cell of a CSV",
         "{\"id\":\"a1\",\"text\":\"Good.\",\"rating\":\"4.5\"}", false, "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\",\"rating\":4.5,"
         "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", "a1"},
        {"a blank one is none, as an empty cell is",
         "{\"id\":\"a1\",\"text\":\"Good.\",\"rating\":\" \"}", false, "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", "a1"},
        {"so is a blank time",
         "{\"id\":\"a1\",\"text\":\"Good.\",\"occurred_at\":\"\"}", false, "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", "a1"},
        {"unknown fields become attributes where that is asked for",
         "{\"id\":\"a1\",\"text\":\"x\",\"attributes\":{\"a\":\"1\"},\"b\":[1,{\"c\":null}],"
         "\"d\":1.2345678,\"e\":true,\"f\":null,\"g\":-3}", true, "",
         "{\"id\":\"a1\",\"feedback\":{\"text\":\"x\",\"source\":\"http\","
         "\"received_at\":\"2026-05-01T09:30:01.234Z\",\"attributes\":{\"a\":\"1\","
         "\"b\":\"[1,{\\\"c\\\":null}]\",\"d\":\"1.2345678\",\"e\":\"true\",\"f\":\"\","
         "\"g\":\"-3\"}}}", "a1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig rig;
        rig_init(&rig);
        CASE(cases[i].why);
        take_object(&rig, cases[i].text, cases[i].tenant, cases[i].keep);
        assert_string_equal(as_json(&rig), cases[i].record);
        assert_true(str_equal(rig.intake.key, str_of(cases[i].key)));
        rig_deinit(&rig);
    }
}

static void objects_that_are_refused(void **state)
{
    static const struct {
        const char *why, *text;
        bool keep;
        const char *problems;
        int rc;
    } cases[] = {
        {"malformed JSON", "{\"text\":", false, "", E_BAD_JSON},
        {"no text", "{\"id\":\"1\"}", false, "/text is required", E_BAD_MESSAGE},
        {"a null text", "{\"text\":null}", false, "/text is required", E_BAD_MESSAGE},
        {"white space for a text", "{\"text\":\" \\n\\t\"}", false, "/text is empty",
         E_BAD_MESSAGE},
        {"a typo", "{\"text\":\"x\",\"chanel\":\"call\"}", false,
         "/chanel unknown field; did you mean \"channel\"?", E_BAD_MESSAGE},
        {"all that is wrong", "{\"text\":\"x\",\"chanel\":1,\"zzzzzzzz\":2}", false,
         "/chanel unknown field; did you mean \"channel\"?; /zzzzzzzz unknown field; put your own "
         "data under \"attributes\"", E_BAD_MESSAGE},
        {"an id with a slash", "{\"text\":\"x\",\"id\":\"a/b\"}", false,
         "/id must be 1 to 64 letters, digits, or any of . _ : -", E_BAD_MESSAGE},
        {"an empty id", "{\"text\":\"x\",\"id\":\"\"}", false,
         "/id must be 1 to 64 letters, digits, or any of . _ : -", E_BAD_MESSAGE},
        {"a list for an id", "{\"text\":\"x\",\"id\":[1]}", false,
         "/id must be 1 to 64 letters, digits, or any of . _ : -", E_BAD_MESSAGE},
        {"an unknown field that is an attribute too",
         "{\"text\":\"x\",\"attributes\":{\"a\":1},\"a\":2}", true, "/a is an attribute already",
         E_BAD_MESSAGE},
        {"nesting beyond a message's", "{\"text\":\"x\",\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
         true, "/a can't be kept: it nests too deeply", E_BAD_MESSAGE},
        {"an array of objects", "[{\"text\":\"x\"}]", false, " must be an object, not an array",
         E_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig rig;
        rig_init(&rig);
        struct intake_rules rules = rules_of(&rig);
        CASE(cases[i].why);
        rules.keep_unknown = cases[i].keep;
        rig.intake.row = 99;
        assert_int_equal(intake_json(str_of(cases[i].text), &rules, 0, &rig.arena, &rig.intake,
                                     &rig.problems, &rig.err),
                         cases[i].rc);
        assert_string_equal(told(&rig), cases[i].problems);
        if (cases[i].rc == E_BAD_MESSAGE) assert_int_equal(rig.err.code, E_BAD_MESSAGE);
        assert_int_equal(rig.intake.row, 99); /* set on success only */
        rig_deinit(&rig);
    }
}

static void one_attribute_too_many_is_told(void **state)
{
    struct rig rig;
    struct buffer text = {0};
    (void)state;
    rig_init(&rig);
    struct intake_rules rules = rules_of(&rig);
    rules.keep_unknown = true;
    for (int count = 63; count <= 65; count++) {
        buffer_clear(&text);
        buffer_add(&text, STR("{\"text\":\"x\",\"attributes\":{\"first\":1}"));
        for (int i = 1; i < count; i++) buffer_printf(&text, ",\"a%d\":%d", i, i);
        buffer_add_char(&text, '}');
        int rc = intake_json(buffer_str(&text), &rules, 0, &rig.arena, &rig.intake, &rig.problems,
                             &rig.err);
        assert_int_equal(rc, count > 64 ? E_BAD_MESSAGE : E_OK);
        if (count <= 64) assert_int_equal(rig.intake.feedback.attributes.count, count);
        else assert_string_equal(told(&rig), "/a64 is one attribute too many; 64 are allowed");
    }
    buffer_deinit(&text);
    rig_deinit(&rig);
}

static struct str id_of(struct rig *rig, const struct intake_rules *rules, const char *text,
                        uint64_t row)
{
    assert_int_equal(
        intake_json(str_of(text), rules, row, &rig->arena, &rig->intake, &rig->problems, &rig->err),
        E_OK);
    assert_int_equal(rig->intake.row, row);
    return rig->intake.id;
}

static void ids_are_fresh_or_derived(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig);
    struct intake_rules rules = rules_of(&rig);
    struct str first = id_of(&rig, &rules, "{\"text\":\"x\"}", 0),
               second = id_of(&rig, &rules, "{\"text\":\"x\"}", 0);
    assert_int_equal(first.size, 36);
    assert_int_equal(first.data[14], '7'); /* UUID version 7, of 2026-05-01T09:30:01.234Z */
    assert_memory_equal(first.data, "019de2df-a692", 13);
    assert_true(str_compare(first, second) < 0); /* in order */

    rules.idempotency = STR("order-5");
    rules.tenant = STR("acme");
    struct str derived = id_of(&rig, &rules, "{\"text\":\"x\"}", 0);
    assert_int_equal(derived.data[14], '8');
    assert_true(
        str_equal(derived, id_of(&rig, &rules, "{\"text\":\"changed, but the same request\"}", 0)));
    assert_false(str_equal(derived, id_of(&rig, &rules, "{\"text\":\"x\"}", 1)));
    rules.tenant = STR("other");
    assert_false(str_equal(derived, id_of(&rig, &rules, "{\"text\":\"x\"}", 0)));
    rules.tenant = STR("acme");
    rules.idempotency = STR("order-6");
    assert_false(str_equal(derived, id_of(&rig, &rules, "{\"text\":\"x\"}", 0)));
    assert_true(str_equal(id_of(&rig, &rules, "{\"text\":\"x\",\"id\":\"mine\"}", 0),
                          STR("acme:mine"))); /* the caller's own goes first */
    assert_true(str_equal(id_of(&rig, &rules, "{\"text\":\"x\",\"id\":17}", 0), STR("acme:17")));
    /* null: none */
    assert_int_equal(id_of(&rig, &rules, "{\"text\":\"x\",\"id\":null}", 0).data[14], '8');
    rig_deinit(&rig);
}

/* What the rules bring is within the schema's bounds too, or no worker could read the record. */
static void rules_are_within_the_schema(void **state)
{
    struct rig rig;
    struct record record;
    struct feedback feedback;
    char tenant[65], source[300];
    (void)state;
    rig_init(&rig);
    struct intake_rules rules = rules_of(&rig);
    memset(tenant, 't', sizeof tenant);
    memset(source, 's', sizeof source);
    memcpy(source + 255, "\xc3\xa9", 2); /* a character across the bound */
    rules.tenant = str_make(tenant, 64);
    assert_true(intake_tenant_is_valid(rules.tenant) && intake_tenant_is_valid(STR("")));
    assert_false(intake_tenant_is_valid(str_make(tenant, 65)) ||
                 intake_tenant_is_valid(STR("\xff")));
    rules.source = str_make(source, sizeof source);
    struct buffer text = {0};
    buffer_add(&text, STR("{\"text\":\"x\",\"id\":\""));
    for (int i = 0; i < 63; i++) buffer_add_char(&text, 'i');
    buffer_add(&text, STR("\"}"));
    assert_int_equal(id_of(&rig, &rules, buffer_cstr(&text), 0).size, RECORD_ID_BYTES_MAX);
    assert_int_equal(record_scan(rig.intake.message, &rig.arena, &record, &rig.err), E_OK);
    assert_int_equal(record_decode(&record, SECTION_FEEDBACK, &feedback, &rig.arena, &rig.err),
                     E_OK);
    assert_int_equal(feedback.source.size, 255);
    text.size -= 2;
    buffer_add(&text, STR("i\"}")); /* one letter more */
    assert_int_equal(
        intake_json(buffer_str(&text), &rules, 0, &rig.arena, &rig.intake, &rig.problems, &rig.err),
        E_BAD_MESSAGE);
    assert_string_equal(told(&rig), "/id is too long together with the tenant's name");
    buffer_deinit(&text);
    rig_deinit(&rig);
}

static const struct {
    const char *why, *text;
    bool keep;
    const char *record, *problems;
} rows[] = {
    {"fields by their columns",
     "text,rating,occurred_at,id\nGood.,4.5,2026-01-02T03:04:05Z,r1\n", false,
     "{\"id\":\"r1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\",\"rating\":4.5,"
     "\"occurred_at\":\"2026-01-02T03:04:05.000Z\","
     "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", ""},
    {"empty cells are not there; names are trimmed", " text , rating ,id\nGood., ,r1\n", false,
     "{\"id\":\"r1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
     "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", ""},
    {"a decimal comma", "id,text,rating\nr1,Good.,\"4,5\"\n", false,
     "{\"id\":\"r1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\",\"rating\":4.5,"
     "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", ""},
    {"a comma that parts thousands", "id,text,rating\nr1,Good.,\"1,000\"\n", false, NULL,
     "/rating must be a number from -100 to 100"},
    {"a comma alone", "id,text,rating\nr1,Good.,\",5\"\n", false, NULL,
     "/rating must be a number from -100 to 100"},
    {"a short row", "id,text,rating\nr1,Good.\n", false,
     "{\"id\":\"r1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
     "\"received_at\":\"2026-05-01T09:30:01.234Z\"}}", ""},
    {"a long row", "id,text\nr1,Good.,x\n", false, NULL,
     " the row has more cells than the header has columns"},
    {"attributes by name", "id,text,attributes.age\nr1,Good.,41\n", false,
     "{\"id\":\"r1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
     "\"received_at\":\"2026-05-01T09:30:01.234Z\",\"attributes\":{\"age\":\"41\"}}}", ""},
    {"an unknown column is refused", "id,text,ratng\nr1,Good.,41\n", false, NULL,
     "/ratng unknown field; did you mean \"rating\"?"},
    {"or kept", "id,text,shop\nr1,Good.,41\n", true,
     "{\"id\":\"r1\",\"feedback\":{\"text\":\"Good.\",\"source\":\"http\","
     "\"received_at\":\"2026-05-01T09:30:01.234Z\",\"attributes\":{\"shop\":\"41\"}}}", ""},
    {"a column and an attribute of one name", "id,text,a,attributes.a\nr1,Good.,1,2\n", true,
     NULL, "/a is an attribute already"},
    {"a column twice", "text,text\nx,y\n", false, NULL, "/text is there twice"},
    {"all that is wrong", "text,rating,occurred_at\nx,many,today\n", false, NULL,
     "/rating must be a number from -100 to 100; /occurred_at is not an RFC 3339 time such as "
     "2026-05-01T09:30:00Z"},
    {"no text", "id,text\nr1,\n", false, NULL, "/text is required"},
    {"bytes that are no UTF-8", "text\n\"\xff\"\n", false, NULL,
     "/text holds bytes that are not UTF-8"},
    {"a column's name that is none", "text,\xff\nx,y\n", true, NULL,
     " a column's name is not UTF-8"},
};

static void rows_become_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rig rig;
        struct csv_row header, row;
        rig_init(&rig);
        struct intake_rules rules = rules_of(&rig);
        struct csv_reader reader = csv_reader(str_of(rows[i].text), true);
        CASE(rows[i].why);
        rules.keep_unknown = rows[i].keep;
        assert_int_equal(csv_next(&reader, &rig.arena, &header, &rig.err), E_OK);
        assert_int_equal(csv_next(&reader, &rig.arena, &row, &rig.err), E_OK);
        int rc = intake_csv(&header, &row, &rules, 3, &rig.arena, &rig.intake, &rig.problems,
                            &rig.err);
        assert_string_equal(told(&rig), rows[i].problems);
        assert_int_equal(rc, rows[i].record ? E_OK : E_BAD_MESSAGE);
        if (rows[i].record) assert_string_equal(as_json(&rig), rows[i].record);
        rig_deinit(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_become_records),
        cmocka_unit_test(objects_that_are_refused),
        cmocka_unit_test(one_attribute_too_many_is_told),
        cmocka_unit_test(ids_are_fresh_or_derived),
        cmocka_unit_test(rules_are_within_the_schema),
        cmocka_unit_test(rows_become_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
