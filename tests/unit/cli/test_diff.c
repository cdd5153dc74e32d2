/* Two insights compared field by field, and what is kept of each. */
#include "ops/cli/diff.h"
#include "schema/json.h"
#include "must.h"

#define INSIGHT(label, score, rest) \
    "\"insight\":{\"provider\":\"local\",\"sentiment\":{\"label\":\"" label "\",\"score\":" score "}" rest "}"
#define SAFETY(state, serious, rest) \
    "\"safety\":{\"state\":\"" state "\",\"serious\":" serious rest "}"
#define NEED(kind, text) "{\"kind\":\"" kind "\",\"text\":\"" text "\",\"start\":0,\"end\":1}"
#define ADVICE(team, text) \
    "{\"text\":\"" text "\",\"team\":\"" team "\",\"priority\":1,\"start\":0,\"end\":1}"

static struct str message_of(const char *json, struct arena *arena)
{
    struct json_problems problems;
    struct err err = {0};
    struct str message;
    must(json_read_record(str_of(json), arena, &message, &problems, &err), &err);
    return message;
}

static const struct { const char *why, *left, *right, *changed; } differences[] = {
    {"nothing", INSIGHT("positive", "0.5", ""), INSIGHT("positive", "0.5", ""), ""},
    {"a label", INSIGHT("positive", "0.5", ""), INSIGHT("mixed", "0.5", ""),
     "sentiment.label "},
    {"a score within the tolerance", INSIGHT("positive", "0.5", ""),
     INSIGHT("positive", "0.54", ""), ""},
    {"and beyond", INSIGHT("positive", "0.5", ""), INSIGHT("positive", "0.56", ""),
     "sentiment.score "},
    {"topics in another order", INSIGHT("neutral", "0", ",\"topics\":[\"a\",\"b\"]"),
     INSIGHT("neutral", "0", ",\"topics\":[\"b\",\"a\"]"), ""},
    {"one topic more", INSIGHT("neutral", "0", ",\"topics\":[\"a\"]"),
     INSIGHT("neutral", "0", ",\"topics\":[\"a\",\"b\"]"), "topics "},
    {"one less", INSIGHT("neutral", "0", ",\"topics\":[\"a\",\"b\"]"),
     INSIGHT("neutral", "0", ",\"topics\":[\"b\"]"), "topics "},
    {"a need of another kind",
     INSIGHT("neutral", "0", ",\"needs\":[" NEED("question", "x") "]"),
     INSIGHT("neutral", "0", ",\"needs\":[" NEED("problem_report", "x") "]"), "needs "},
    {"a need in other words", INSIGHT("neutral", "0", ",\"needs\":[" NEED("question", "x") "]"),
     INSIGHT("neutral", "0", ",\"needs\":[" NEED("question", "y") "]"), "needs "},
    {"advice for another team",
     INSIGHT("neutral", "0", ",\"recommendations\":[" ADVICE("support", "x") "]"),
     INSIGHT("neutral", "0", ",\"recommendations\":[" ADVICE("product", "x") "]"),
     "recommendations "},
    {"a safety state", SAFETY("negative", "false", "") "," INSIGHT("neutral", "0", ""),
     SAFETY("unassessed", "false", "") "," INSIGHT("neutral", "0", ""), "safety.state "},
    {"no safety on one side", INSIGHT("neutral", "0", ""),
     SAFETY("positive", "false", "") "," INSIGHT("neutral", "0", ""), "safety.state "},
    {"serious, and of which kinds",
     SAFETY("positive", "false", ",\"kinds\":[\"hazard\"]") "," INSIGHT("neutral", "0", ""),
     SAFETY("positive", "true", ",\"kinds\":[\"adverse_event\"]") ","
     INSIGHT("neutral", "0", ""), "safety.kinds safety.serious "},
    {"a segment", "\"segment\":{\"segment\":1,\"distance\":0.5,\"model\":\"a\"},"
     INSIGHT("neutral", "0", ""),
     "\"segment\":{\"segment\":2,\"distance\":0.5,\"model\":\"a\"},"
     INSIGHT("neutral", "0", ""), "segment.segment "},
    {"the same segment of another model",
     "\"segment\":{\"segment\":1,\"distance\":0.5,\"model\":\"a\"},"
     INSIGHT("neutral", "0", ""),
     "\"segment\":{\"segment\":1,\"distance\":0.9,\"model\":\"b\"},"
     INSIGHT("neutral", "0", ""), ""},
};

static void finds_what_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(differences); i++) {
        struct arena arena = {0};
        struct diff_record left, right;
        struct err err = {0};
        char json[2][1024], found[256] = "";
        CASE(differences[i].why);
        snprintf(json[0], sizeof json[0], "{\"id\":\"r\",%s}", differences[i].left);
        snprintf(json[1], sizeof json[1], "{\"id\":\"r\",%s}", differences[i].right);
        must(diff_decode(message_of(json[0], &arena), &arena, &left, &err), &err);
        must(diff_decode(message_of(json[1], &arena), &arena, &right, &err), &err);
        uint32_t all, changed;
        must(diff_fields_of(NULL, &all, &err), &err);
        changed = diff_compare(&left, &right, all, 0.05);
        assert_int_equal(diff_compare(&right, &left, all, 0.05), changed);
        for (int j = 0; j < DIFF_FIELDS; j++)
            if (changed >> j & 1)
                snprintf(found + strlen(found), sizeof found - strlen(found), "%s ",
                         diff_field_names[j]);
        assert_string_equal(found, differences[i].changed);
        arena_deinit(&arena);
    }
}

static void fields_by_their_names(void **state)
{
    static const struct { const char *why, *names; uint32_t fields; const char *says; } cases[] = {
        {"one", "needs", 1u << DIFF_NEEDS, NULL},
        {"some", "topics,safety.state", 1u << DIFF_TOPICS | 1u << DIFF_STATE, NULL},
        {"a typo", "safety.stat", 0, "did you mean \"safety.state\"?"},
        {"none", "", 0, "names none"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t fields = 0;
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(diff_fields_of(cases[i].names, &fields, &err),
                         cases[i].says ? E_USAGE : E_OK);
        assert_int_equal(fields, cases[i].fields);
        if (cases[i].says) assert_non_null(strstr(err.text, cases[i].says));
    }
}

static void safety_has_an_order(void **state)
{
    static const char *const rising[] = {
        "", SAFETY("negative", "false", "") ",", SAFETY("unassessed", "false", "") ",",
        SAFETY("positive", "false", "") ",", SAFETY("positive", "true", "") ","};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rising); i++) {
        struct arena arena = {0};
        struct diff_record record;
        struct err err = {0};
        char json[512];
        snprintf(json, sizeof json, "{\"id\":\"r\",%s%s}", rising[i], INSIGHT("neutral", "0", ""));
        must(diff_decode(message_of(json, &arena), &arena, &record, &err), &err);
        assert_int_equal(diff_safety_rank(&record), (int)i - 1);
        arena_deinit(&arena);
    }
}

static void buckets_keep_what_is_compared(void **state)
{
    struct arena arena = {0};
    struct progress progress = {0};
    struct diff_side side = {.progress = &progress};
    struct buffer bytes = {0};
    struct err err = {0};
    size_t found = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char json[512];
        snprintf(
            json, sizeof json,
            "{\"id\":\"r-%d\",\"document\":{\"text\":\"long "
            "words\",\"language\":\"en\",\"language_confidence\":1,\"content_hash\":\"0\"},%s}",
            i, i % 10 ? INSIGHT("neutral", "0", "") : "\"feedback\":{}");
        must(diff_keep(&side, message_of(json, &arena), &err), &err);
    }
    assert_int_equal(side.records, 900);
    assert_int_equal(side.others, 100);
    for (unsigned i = 0; i < DIFF_BUCKETS; i++) {
        buffer_clear(&bytes);
        must(diff_load(&side, i, &bytes, &err), &err);
        uint32_t size;
        for (size_t at = 0; at < bytes.size; at += sizeof size + size, found++) {
            struct diff_record record;
            memcpy(&size, bytes.data + at, sizeof size);
            struct str message = str_make(bytes.data + at + sizeof size, size);
            must(diff_decode(message, &arena, &record, &err), &err);
            assert_int_equal(str_find(message, STR("long words")), message.size);
        }
    }
    assert_int_equal(found, 900);
    assert_int_equal(diff_keep(&side, STR("\xc1"), &err), E_BAD_MESSAGE);
    diff_side_deinit(&side);
    buffer_deinit(&bytes);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_changed), cmocka_unit_test(fields_by_their_names),
        cmocka_unit_test(safety_has_an_order),
        cmocka_unit_test(buckets_keep_what_is_compared),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
