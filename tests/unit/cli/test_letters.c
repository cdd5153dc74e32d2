/* Dead letters: what is read of them, which are chosen, which can go again, and as what. */
#include "letter_rig.h"

#define ONE(word) {{word}, 1}

static void reads_whose_it_is(void **state)
{
    static const struct {
        const char *why, *id, *tenant, *header_id, *expected_id, *expected_tenant;
        bool has_value;
        const char *record;
    } cases[] = {
        {"the record says it", "r-1", "acme", NULL, "r-1", "acme", true, NULL},
        {"so does an id of the door's", "acme:r-1", NULL, NULL, "acme:r-1", "acme", true, NULL},
        {"no tenant", "r-1", NULL, NULL, "r-1", "", true, NULL},
        {"too large to be kept: the headers know the id", "r-1", "acme", "acme:r-1", "acme:r-1",
         "acme", false, NULL},
        {"or the letter says it", "r-1", "acme", "acme:r-1", "acme:r-2", "acme", false, "acme:r-2"},
        {"too large, and no header: nobody knows", "r-1", "acme", NULL, "", "", false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct str_pair header = {STR("ce_id"), str_of(cases[i].header_id)};
        CASE(cases[i].why);
        struct str value = rig_record(&arena, cases[i].id, "c-1", cases[i].tenant);
        struct dead_letter body = rig_body(&arena, cases[i].has_value ? value : (struct str){0});
        if (cases[i].record) shape_set(dead_letter, &body, record, str_of(cases[i].record));
        if (cases[i].header_id)
            shape_set(dead_letter, &body, headers, (struct str_map){&header, 1});
        struct letter letter = rig_letter(&arena, &body);
        assert_true(str_equal(letter.record_id, str_of(cases[i].expected_id)));
        assert_true(str_equal(letter.tenant, str_of(cases[i].expected_tenant)));
        assert_int_equal(letter.topic, TOPIC_FEEDBACK);
        assert_int_equal(letter.offset, 5);
        arena_deinit(&arena);
    }
}

static void what_is_no_letter_is_refused(void **state)
{
    struct arena arena = {0};
    struct letter letter;
    struct err err;
    (void)state;
    struct bus_message other = {.value = rig_record(&arena, "r-1", NULL, NULL)},
                       junk = {.value = STR("\xc1")};
    assert_int_equal(letter_read(&other, &arena, &letter, &err), E_BAD_MESSAGE);
    assert_int_equal(letter_read(&junk, &arena, &letter, &err), E_BAD_MESSAGE);
    arena_deinit(&arena);
}

static void chooses(void **state)
{
    /* The letter: preprocess, bad_message, feedback, 1700000000000, record r-1, tenant acme. */
    static const struct { const char *why; struct letter_filter filter; bool expected; } cases[] = {
        {"all of them", {{{0}, 0}, {{0}, 0}, {{0}, 0}, {{0}, 0}, {{0}, 0}, 0, 0}, true},
        {"its cause", {.causes = ONE("bad_message")}, true},
        {"another cause", {.causes = ONE("exists")}, false},
        {"one of two causes", {.causes = {{"exists", "bad_message"}, 2}}, true},
        {"its worker", {.workers = ONE("preprocess")}, true},
        {"another worker", {.workers = ONE("genai")}, false},
        {"its topic", {.topics = ONE("feedback")}, true},
        {"another topic", {.topics = ONE("segments")}, false},
        {"its tenant", {.tenants = ONE("acme")}, true},
        {"another tenant", {.tenants = ONE("acm")}, false},
        {"all must hold", {.causes = ONE("bad_message"), .workers = ONE("genai")}, false},
        {"the record's id", {.ids = ONE("r-1")}, true},
        {"the letter's id", {.ids = ONE("11111111-2222-8333-8444-555555555555")}, true},
        {"how the letter's id begins, as the list shows it", {.ids = ONE("11111111")}, true},
        {"too little of it", {.ids = ONE("1111111")}, false},
        {"another id", {.ids = ONE("r-2")}, false},
        {"since then: inclusive", {.since_ms = 1700000000000}, true},
        {"since later", {.since_ms = 1700000000001}, false},
        {"until then: exclusive", {.until_ms = 1700000000000}, false},
        {"until later", {.until_ms = 1700000000001}, true},
    };
    struct arena arena = {0};
    (void)state;
    struct dead_letter body = rig_body(&arena, rig_record(&arena, "r-1", "c-1", "acme"));
    struct letter letter = rig_letter(&arena, &body);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(letter_matches(&cases[i].filter, &letter), cases[i].expected);
    }
    arena_deinit(&arena);
}

static void says_why_not(void **state)
{
    static const struct {
        const char *why, *topic, *redrives;
        bool no_value, other_bytes, done;
        uint64_t most;
        enum letter_obstacle expected;
    } cases[] = {
        {"nothing is in the way", "feedback", NULL, false, false, false, 3, LETTER_FREE},
        {"it came back twice: once more", "feedback", "2", false, false, false, 3, LETTER_FREE},
        {"it came back three times", "feedback", "3", false, false, false, 3, LETTER_TOO_OFTEN},
        {"unless more is allowed", "feedback", "3", false, false, false, 4, LETTER_FREE},
        {"a count that is none is none", "feedback", "many", false, false, false, 3, LETTER_FREE},
        {"a huge count", "feedback", "18446744073709551615", false, false, false, 3,
         LETTER_TOO_OFTEN},
        {"--most 0 sends nothing", "feedback", NULL, false, false, false, 0, LETTER_TOO_OFTEN},
        {"an audit record names it", "feedback", NULL, false, false, true, 3, LETTER_DONE},
        {"too large to be kept", "feedback", NULL, true, false, false, 3, LETTER_NO_VALUE},
        {"that is worth saying even when it is done", "feedback", NULL, true, false, true, 3,
         LETTER_NO_VALUE},
        {"a topic of a later version", "moods", NULL, false, false, false, 3, LETTER_NO_TOPIC},
        {"a dead letter isn't made of a dead letter", "dead-letters", NULL, false, false, false, 3,
         LETTER_NO_TOPIC},
        {"bytes that changed on the way", "feedback", NULL, false, true, false, 3,
         LETTER_BAD_BYTES},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct str_pair header = {STR(HEADER_REDRIVES), str_of(cases[i].redrives)};
        CASE(cases[i].why);
        struct dead_letter body = rig_body(
            &arena, cases[i].no_value ? (struct str){0} : rig_record(&arena, "r-1", NULL, NULL));
        shape_set(dead_letter, &body, topic, str_of(cases[i].topic));
        if (cases[i].redrives) shape_set(dead_letter, &body, headers, (struct str_map){&header, 1});
        if (cases[i].other_bytes) body.value = STR("other");
        struct letter letter = rig_letter(&arena, &body);
        enum letter_obstacle obstacle = letter_obstacle(&letter, cases[i].done, cases[i].most);
        assert_int_equal(obstacle, cases[i].expected);
        assert_int_equal(strlen(letter_obstacle_text(obstacle)) == 0, obstacle == LETTER_FREE);
        arena_deinit(&arena);
    }
}

/* "name=value " of each header. */
static const char *told(const struct bus_output *output, char out[static 1024])
{
    out[0] = '\0';
    for (uint32_t i = 0; i < output->header_count; i++)
        snprintf(out + strlen(out), 1024 - strlen(out), "%.*s=%.*s ",
                 STR_ARGS(output->headers[i].name), STR_ARGS(output->headers[i].value));
    return out;
}

static void sends_what_was_read(void **state)
{
    static const struct { const char *why, *redrives, *new_id, *headers; } cases[] = {
        {"the first time", NULL, NULL, "verbatim-redrives=1 ce_id=r-1 traceparent=00-a "},
        {"counted up", "1", NULL, "verbatim-redrives=2 ce_id=r-1 traceparent=00-a "},
        {"a new id is in the headers too", NULL, "r-9",
         "verbatim-redrives=1 ce_id=r-9 traceparent=00-a "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0}, out = {0};
        struct str_pair headers[] = {
            {STR("ce_id"), STR("r-1")}, {STR("traceparent"), STR("00-a")},
            {STR(HEADER_REDRIVES), str_of(cases[i].redrives)}};
        struct bus_output output;
        struct err err = {0};
        char text[1024];
        CASE(cases[i].why);
        struct dead_letter body = rig_body(&arena, rig_record(&arena, "r-1", NULL, NULL));
        shape_set(dead_letter, &body, headers,
                  (struct str_map){headers, cases[i].redrives ? 3 : 2});
        struct letter letter = rig_letter(&arena, &body);
        struct letter_content content = {
            .value = letter.body.value, .key = letter.body.key, .id = str_of(cases[i].new_id)};
        must(letter_resubmit(&letter, &content, 1700000005000, &out, &output, &err), &err);
        assert_int_equal(output.topic, TOPIC_FEEDBACK);
        assert_int_equal(output.timestamp_ms, 1700000005000);
        assert_true(str_equal(output.key, STR("c-1")));
        assert_true(str_equal(output.value, body.value));
        assert_string_equal(told(&output, text), cases[i].headers);
        arena_deinit(&arena); /* all of it was copied (ASan) */
        assert_true(output.value.size > 0 && output.value.data[0] == (char)0x83);
        arena_deinit(&out);
    }
}

static void headers_have_room_for_the_mark(void **state)
{
    struct arena arena = {0};
    struct str_pair headers[BUS_HEADERS_MAX];
    struct bus_output output;
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        headers[i] = (struct str_pair){arena_printf(&arena, "name-%zu", i), STR("x")};
    struct dead_letter body = rig_body(&arena, rig_record(&arena, "r-1", NULL, NULL));
    shape_set(dead_letter, &body, headers, (struct str_map){headers, COUNT_OF(headers)});
    struct letter letter = rig_letter(&arena, &body);
    struct letter_content content = {.value = letter.body.value};
    must(letter_resubmit(&letter, &content, 0, &arena, &output, &err), &err);
    assert_int_equal(output.header_count, BUS_HEADERS_MAX);
    assert_true(str_equal(output.headers[0].name, STR(HEADER_REDRIVES)));
    arena_deinit(&arena);
}

static void marks_remember(void **state)
{
    struct hash_table marks = {0};
    struct err err = {0};
    char id[32];
    (void)state;
    assert_false(letter_marks_hold(&marks, letter_mark(STR("0"), STR("a"))));
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "%d", i);
        for (int twice = 0; twice < 2; twice++)
            must(letter_marks_add(&marks, letter_mark(str_of(id), STR("a")), &err), &err);
    }
    assert_int_equal(marks.count, 5000);
    for (int i = 0; i < 10000; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(letter_marks_hold(&marks, letter_mark(str_of(id), STR("a"))), i < 5000);
        /* the same place of a new topic */
        assert_false(letter_marks_hold(&marks, letter_mark(str_of(id), STR("b"))));
    }
    hash_table_deinit(&marks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whose_it_is), cmocka_unit_test(what_is_no_letter_is_refused),
        cmocka_unit_test(chooses),
        cmocka_unit_test(says_why_not), cmocka_unit_test(sends_what_was_read),
        cmocka_unit_test(headers_have_room_for_the_mark),
        cmocka_unit_test(marks_remember),
    };
    return cmocka_run_group_tests_name("letters", tests, NULL, NULL);
}
