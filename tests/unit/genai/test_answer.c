/* What a model may say, and what becomes of it: split by ids, read by the schema,
 * held against the text. */
#include "test.h"

#include "schema/json.h"
#include "workers/genai/answer.h"

static const struct str topics[] = {{"delivery", 8}, {"quality", 7}};
static const struct answer_rules rules = {
    .topics = topics, .topic_count = 2, .canary = {"c0ffee00c0ffee00", 16},
    .mark = {"0123456789abcdef", 16},
    .prompt = {"You read what customers wrote about products and services, and say what each piece "
               "means.", 88},
};
static const char text[] = "The lid broke and cut my hand. Delivery was quick.";

/* An answer with one part replaced. */
#define SENTIMENT \
    "\"sentiment\":{\"label\":\"mixed\",\"score\":-0.2,\"evidence\":[\"The lid broke\"]}"
#define NEEDS                                                                             \
    "\"needs\":[{\"quote\":\"The lid broke\",\"kind\":\"problem_report\",\"text\":\"Lid " \
    "breaks\"}]"
#define MENTIONS                               \
    "\"mentions\":[{\"quote\":\"Delivery was " \
    "quick\",\"topic\":\"delivery\",\"sentiment\":\"positive\"}]"
#define ADVICE                                  \
    "\"recommendations\":[{\"quote\":\"cut my " \
    "hand\",\"text\":\"Call.\",\"team\":\"safety\",\"priority\":1}]"
#define SIGNALS "\"signals\":[{\"quote\":\"cut my hand\",\"kind\":\"adverse_event\"}]"
#define WHOLE(sentiment, needs, mentions, advice, signals) \
    "{\"id\":\"a\"," sentiment "," needs "," mentions "," advice "," signals "}"

static int read(const char *raw, struct arena *arena, struct insight *insight,
                struct answer_notes *notes, struct err *err)
{
    return answer_read(&rules, str_of(raw), str_of(text), arena, insight, notes, err);
}

static void test_whole(void **state)
{
    struct arena arena = {0};
    struct insight insight;
    struct answer_notes notes;
    struct err err;
    (void)state;
    assert_int_equal(
        read(WHOLE(SENTIMENT, NEEDS, MENTIONS, ADVICE, SIGNALS), &arena, &insight, &notes, &err),
        E_OK);
    assert_int_equal(insight.sentiment.label, ENUM_sentiment_label_mixed);
    assert_true(insight.sentiment.score < -0.19f && insight.sentiment.score > -0.21f);
    assert_int_equal(insight.sentiment.evidence.count, 1);
    assert_int_equal(insight.needs.items[0].kind, ENUM_need_kind_problem_report);
    assert_int_equal(insight.needs.items[0].start, 0);
    assert_int_equal(insight.needs.items[0].end, 13);
    assert_int_equal(insight.topics.count, 1);
    assert_int_equal(insight.mentions.items[0].start, 31);
    assert_int_equal(insight.recommendations.items[0].team, ENUM_team_safety);
    assert_int_equal(insight.signals.items[0].kind, ENUM_safety_kind_adverse_event);
    assert_int_equal(notes.dropped, 0);
    assert_int_equal(notes.claims, 5);
    struct str bytes;
    shape_set(insight, &insight, provider, STR("x")); /* it is fit to be written now */
    assert_int_equal(shape_encode(&insight_shape, &insight, &arena, &bytes, &err), E_OK);
    assert_int_equal(shape_decode(&insight_shape, bytes, &insight, &arena, &err), E_OK);
    arena_deinit(&arena);
}

static char long_text[1400], many[4096]; /* filled in by the test */
static const struct {
    const char *why, *raw, *named;
} broken[] = {
    {"a label that there isn't",
     WHOLE("\"sentiment\":{\"label\":\"angry\",\"score\":0}", NEEDS, MENTIONS, ADVICE, SIGNALS),
     "label"},
    {"a label that is a number",
     WHOLE("\"sentiment\":{\"label\":1,\"score\":0}", NEEDS, MENTIONS, ADVICE, SIGNALS),
     "label"},
    {"a score beyond its range",
     WHOLE("\"sentiment\":{\"label\":\"mixed\",\"score\":-7}", NEEDS, MENTIONS, ADVICE,
           SIGNALS), "score"},
    {"a score in words", WHOLE("\"sentiment\":{\"label\":\"mixed\",\"score\":\"low\"}", NEEDS,
                               MENTIONS, ADVICE, SIGNALS), "score"},
    {"no sentiment", WHOLE("\"x\":1", NEEDS, MENTIONS, ADVICE, SIGNALS), "sentiment"},
    {"no score", WHOLE("\"sentiment\":{\"label\":\"mixed\"}", NEEDS, MENTIONS, ADVICE, SIGNALS),
     "score"},
    {"sentiment is a word", WHOLE("\"sentiment\":\"mixed\"", NEEDS, MENTIONS, ADVICE, SIGNALS),
     "sentiment"},
    {"sentiment comes twice", WHOLE(SENTIMENT "," SENTIMENT, NEEDS, MENTIONS, ADVICE, SIGNALS),
     "sentiment"},
    {"needs is an object", WHOLE(SENTIMENT, "\"needs\":{}", MENTIONS, ADVICE, SIGNALS),
     "needs"},
    {"a need that is a word",
     WHOLE(SENTIMENT, "\"needs\":[\"lid\"]", MENTIONS, ADVICE, SIGNALS), "needs"},
    {"a need without a quote",
     WHOLE(SENTIMENT, "\"needs\":[{\"kind\":\"question\",\"text\":\"x\"}]", MENTIONS, ADVICE,
           SIGNALS), "quote"},
    {"a quote that is a number",
     WHOLE(SENTIMENT, "\"needs\":[{\"quote\":3,\"kind\":\"question\",\"text\":\"x\"}]",
           MENTIONS, ADVICE, SIGNALS), "quote"},
    {"an empty statement", WHOLE(SENTIMENT,
                                 "\"needs\":[{\"quote\":\"lid\",\"kind\":\"question\","
                                 "\"text\":\"\"}]", MENTIONS, ADVICE, SIGNALS), "text"},
    {"a statement that is too long", long_text, "text"},
    {"more needs than a record may hold", many, "needs"},
    {"a topic of its own", WHOLE(SENTIMENT, NEEDS,
                                 "\"mentions\":[{\"quote\":\"lid\",\"topic\":\"lids\","
                                 "\"sentiment\":\"mixed\"}]", ADVICE, SIGNALS), "topic"},
    {"priority 0", WHOLE(SENTIMENT, NEEDS, MENTIONS,
                         "\"recommendations\":[{\"quote\":\"lid\",\"text\":\"x\","
                         "\"team\":\"safety\",\"priority\":0}]", SIGNALS), "priority"},
    {"priority 1.5", WHOLE(SENTIMENT, NEEDS, MENTIONS,
                           "\"recommendations\":[{\"quote\":\"lid\",\"text\":\"x\","
                           "\"team\":\"safety\",\"priority\":1.5}]", SIGNALS), "priority"},
    {"a signal that is no danger",
     WHOLE(SENTIMENT, NEEDS, MENTIONS, ADVICE,
           "\"signals\":[{\"quote\":\"lid\",\"kind\":\"none\"}]"), "kind"},
    {"null", "null", ""},
    {"a list", "[]", ""},
    {"cut off", "{\"id\":\"a\",\"sentiment\":{", ""},
    {"something behind it", WHOLE(SENTIMENT, NEEDS, MENTIONS, ADVICE, SIGNALS) "x", ""},
    {"it holds the mark",
     WHOLE(SENTIMENT, NEEDS, MENTIONS, ADVICE, "\"signals\":[],\"y\":\"0123456789abcdef\""),
     ""},
    {"it holds the canary",
     WHOLE(SENTIMENT, NEEDS, MENTIONS, ADVICE, "\"signals\":[],\"y\":\"c0ffee00c0ffee00\""),
     ""},
};

static void test_what_breaks_the_schema(void **state)
{
    (void)state;
    char filler[1100];
    memset(filler, 'x', sizeof filler - 1), filler[sizeof filler - 1] = '\0';
    snprintf(long_text, sizeof long_text,
             "{" SENTIMENT
             ",\"needs\":[{\"quote\":\"lid\",\"kind\":\"question\",\"text\":\"%s\"}]}",
             filler);
    size_t size = (size_t)snprintf(many, sizeof many, "{" SENTIMENT ",\"needs\":[");
    for (int i = 0; i < 33; i++)
        size += (size_t)snprintf(many + size, sizeof many - size,
                                 "%s{\"quote\":\"lid\",\"kind\":\"question\",\"text\":\"x\"}",
                                 i ? "," : "");
    snprintf(many + size, sizeof many - size, "]}");
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct arena arena = {0};
        struct insight insight;
        struct answer_notes notes;
        struct err err = {0};
        CASE(broken[i].why);
        int rc = read(broken[i].raw, &arena, &insight, &notes, &err);
        assert_true(rc == E_BAD_MESSAGE || rc == E_BAD_JSON);
        if (!strstr(err.text, broken[i].named))
            fail_msg("\"%s\" doesn't name \"%s\"", err.text, broken[i].named);
        arena_deinit(&arena);
    }
}

static void test_claims_against_the_text(void **state)
{
    const struct {
        const char *why, *raw;
        uint32_t dropped, leaked;
    } cases[] = {
        {"a need that nobody spoke of",
         WHOLE(SENTIMENT,
               "\"needs\":[{\"quote\":\"the app "
               "crashes\",\"kind\":\"problem_report\",\"text\":\"Crash\"}]", MENTIONS, ADVICE,
               SIGNALS), 1, 0},
        {"evidence of a feeling",
         WHOLE("\"sentiment\":{\"label\":\"mixed\",\"score\":0,\"evidence\":[\"I hate it\",\"The "
               "lid broke\"]}", NEEDS, MENTIONS, ADVICE, SIGNALS), 1, 0},
        {"a signal", WHOLE(SENTIMENT, NEEDS, MENTIONS, ADVICE,
                           "\"signals\":[{\"quote\":\"I went to "
                           "hospital\",\"kind\":\"adverse_event\"}]"), 1, 0},
        {"a mention", WHOLE(SENTIMENT, NEEDS,
                            "\"mentions\":[{\"quote\":\"poor "
                            "quality\",\"topic\":\"quality\",\"sentiment\":\"negative\"}]", ADVICE,
                            SIGNALS), 1, 0},
        {"advice that repeats the prompt",
         WHOLE(SENTIMENT, NEEDS, MENTIONS,
               "\"recommendations\":[{\"quote\":\"lid\",\"text\":\"ok: read what customers wrote "
               "about products and services, and say\",\"team\":\"safety\",\"priority\":1}]",
               SIGNALS), 1, 1},
        {"fields that nobody asked for",
         WHOLE(SENTIMENT, NEEDS, MENTIONS, ADVICE,
               SIGNALS ",\"safety\":{\"state\":\"negative\"},\"provider\":7,\"cost_usd\":9"), 0, 0},
        {"lists that are left out",
         "{\"id\":\"a\",\"sentiment\":{\"label\":\"mixed\",\"score\":0}}", 0, 0},
    };
    static uint64_t grams[ANSWER_GRAM_WORDS];
    (void)state;
    answer_note_prompt(rules.prompt, grams);
    for (size_t run = 0; run < 2 * COUNT_OF(cases); run++) {
        size_t i = run / 2;
        struct arena arena = {0};
        struct insight insight;
        struct answer_notes notes;
        struct err err = {0};
        struct answer_rules noted = rules;
        if (run % 2) noted.prompt_grams = grams; /* finds the same, sooner */
        CASE(cases[i].why);
        if (answer_read(&noted, str_of(cases[i].raw), str_of(text), &arena, &insight, &notes, &err))
            fail_msg("%s", err.text);
        assert_int_equal(notes.dropped, cases[i].dropped);
        assert_int_equal(notes.leaked, cases[i].leaked);
        assert_false(shape_has(insight, &insight, provider)); /* never from the model */
        assert_false(shape_has(insight, &insight, cost_usd));
        assert_int_equal(shape_has(insight, &insight, topics), insight.mentions.count > 0);
        arena_deinit(&arena);
    }
}

static void test_splitting(void **state)
{
    const struct str ids[] = {STR("a"), STR("b"), STR("c")};
    const struct {
        const char *why, *json;
        int rc;
        const char *found; /* a letter for each id that has one answer */
        uint32_t strange, doubled;
    } cases[] = {
        {"all of them", "{\"answers\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}]}", E_OK, "abc",
         0, 0},
        {"in another order", "{\"answers\":[{\"id\":\"c\"},{\"x\":1,\"id\":\"a\"},{\"id\":\"b\"}]}",
         E_OK, "abc", 0, 0},
        {"one is missing", "{\"answers\":[{\"id\":\"c\"},{\"id\":\"a\"}]}", E_OK, "ac", 0, 0},
        {"one twice: neither counts",
         "{\"answers\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}]}", E_OK, "b", 0, 1},
        {"three times", "{\"answers\":[{\"id\":\"a\"},{\"id\":\"a\"},{\"id\":\"a\"}]}", E_OK, "", 0,
         2},
        {"a strange one", "{\"answers\":[{\"id\":\"d\"},{\"id\":\"a\"}]}", E_OK, "a", 1, 0},
        {"no id, and no object", "{\"answers\":[{},7,\"a\",{\"id\":3},{\"id\":\"a\"}]}", E_OK, "a",
         4, 0},
        {"other members around", "{\"notes\":[1,{}],\"answers\":[{\"id\":\"a\"}],\"z\":null}", E_OK,
         "a", 0, 0},
        {"answers twice: the first counts",
         "{\"answers\":[{\"id\":\"a\"}],\"answers\":[{\"id\":\"b\"}]}", E_OK, "a", 0, 0},
        {"none", "{\"answers\":[]}", E_OK, "", 0, 0},
        {"no answers", "{}", E_BAD_MESSAGE, "", 0, 0},
        {"answers is an object", "{\"answers\":{\"id\":\"a\"}}", E_BAD_MESSAGE, "", 0, 0},
        {"a list", "[{\"id\":\"a\"}]", E_BAD_MESSAGE, "", 0, 0},
        {"cut off", "{\"answers\":[{\"id\":\"a\"}", E_BAD_JSON, "", 0, 0},
        {"words", "Sure! Here it is:", E_BAD_JSON, "", 0, 0},
        {"nothing", "", E_BAD_JSON, "", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer_parts parts = {0};
        struct err err;
        CASE(cases[i].why);
        assert_int_equal(answer_split(str_of(cases[i].json), ids, COUNT_OF(ids), &parts, &err),
                         cases[i].rc);
        if (cases[i].rc) continue;
        for (uint32_t id = 0; id < COUNT_OF(ids); id++)
            assert_int_equal(parts.raw[id].data != NULL,
                             strchr(cases[i].found, ids[id].data[0]) != NULL);
        assert_int_equal(parts.strange, cases[i].strange);
        assert_int_equal(parts.doubled, cases[i].doubled);
    }
}

/* The schema is JSON, closed, and names what the tables name; that validators take it is
 * tests/llm's to show. */
static void test_schema(void **state)
{
    static const char *const held[] = {
        "\"enum\":[\"positive\",\"negative\",\"neutral\",\"mixed\"]",
        "\"enum\":[\"delivery\",\"quality\"]",
        "\"enum\":[\"adverse_event\",\"hazard\",\"product_complaint\",\"special_situation\"]",
        "\"score\":{\"type\":\"number\",\"minimum\":-1,\"maximum\":1}",
        "\"priority\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":5}",
        "\"required\":[\"id\",\"sentiment\",\"needs\",\"mentions\",\"recommendations\",\"signals\"]",
        "\"required\":[\"quote\",\"kind\",\"text\"]",
    };
    static const char *const not_held[] = {
        "\"start\"", "\"end\"", "confidence", "provider", "cost", "raised"};
    struct buffer schema = {0};
    (void)state;
    answer_write_schema(&rules, &schema);
    assert_false(schema.failed);
    struct json_reader json = json_reader(buffer_str(&schema), NULL);
    assert_true(json_skip(&json, NULL) && json_end(&json));
    for (size_t i = 0; i < COUNT_OF(held); i++)
        if (!strstr(buffer_cstr(&schema), held[i]))
            fail_msg("%s isn't in %s", held[i], buffer_cstr(&schema));
    for (size_t i = 0; i < COUNT_OF(not_held); i++)
        if (strstr(buffer_cstr(&schema), not_held[i])) fail_msg("%s is in it", not_held[i]);
    buffer_deinit(&schema);
}

static void test_short_of_memory(void **state)
{
    bool done = false;
    (void)state;
    for (size_t limit = 16; !done; limit += 64) {
        struct arena arena = {.limit_bytes = limit};
        struct insight insight;
        struct answer_notes notes;
        struct err err = {0};
        int rc = read(WHOLE(SENTIMENT, NEEDS, MENTIONS, ADVICE, SIGNALS), &arena, &insight, &notes,
                      &err);
        assert_true(rc == E_OK || rc == E_NO_MEMORY);
        done = rc == E_OK;
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole), cmocka_unit_test(test_what_breaks_the_schema),
        cmocka_unit_test(test_claims_against_the_text),
        cmocka_unit_test(test_splitting), cmocka_unit_test(test_schema),
        cmocka_unit_test(test_short_of_memory),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
