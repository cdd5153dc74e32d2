/* A provider that can't be trusted: what it claims is checked against the text, whether it answers
 * at once or later, and what becomes of its errors. */
#include "genai_bench.h"

/* --- the provider, in place of the local one -------------------------------------------------- */

enum { HELD_MAX = 8 };
static struct insight next_answer;   /* what it says */
static enum err_code next_error;     /* or how it fails, */
static int errors_left;              /* so many times */
static bool answers_later;
static struct held {
    struct job *job;
    provider_on_answer *on_answer;
} held[HELD_MAX];
static int held_count, asked, opened, closed, open_fails;

static int fake_open(struct worker_context *context, const char *folder,
                     struct provider **ret_provider, struct err *err)
{
    (void)context, (void)folder;
    if (open_fails) return err_set(err, E_BAD_MODEL, "half a model");
    struct provider *provider = calloc(1, sizeof *provider);
    assert_non_null(provider);
    provider->ops = &provider_local;
    *ret_provider = provider;
    opened++;
    return E_OK;
}

static void fake_close(struct provider *provider)
{
    closed++;
    free(provider);
}

static int fake_ask(struct provider *provider, struct job *job,
                    const struct provider_question *question, struct insight *ret_answer,
                    bool *ret_holds, provider_on_answer *on_answer, struct err *err)
{
    (void)provider, (void)ret_holds; /* its claims are to be checked */
    asked++;
    assert_true(question->text.size > 0);
    if (answers_later) {
        assert_true(held_count < HELD_MAX);
        held[held_count++] = (struct held){job, on_answer};
        job_defer(job);
        return E_OK;
    }
    if (errors_left > 0) {
        errors_left--;
        return err_set(err, next_error, "the provider is ill");
    }
    *ret_answer = next_answer;
    return E_OK;
}

/* The library's own isn't linked, because this one is there. */
const struct provider_ops provider_local = {
    .name = "fake", .open = fake_open, .ask = fake_ask, .close = fake_close};

static int setup(void **state)
{
    (void)state;
    next_answer = (struct insight){0};
    shape_set(sentiment, &next_answer.sentiment, label, ENUM_sentiment_label_negative);
    shape_set(sentiment, &next_answer.sentiment, score, -0.5f);
    next_answer.present |= 1u << FIELD_insight_sentiment;
    next_error = E_OK;
    answers_later = false;
    errors_left = held_count = asked = opened = closed = open_fails = 0;
    return 0;
}

static void bench_ready(struct bench *bench)
{
    struct err err;
    must(bench_open(bench, &genai_worker, genai_folder(), &err), &err);
}

/* --- claims ----------------------------------------------------------------------------------- */

/*                              0         1         2
 *                              0123456789012345678901234567  (é and ’ are longer than a byte) */
static const char text_in_utf8[] = "Tr\xc3\xa8s d\xc3\xa9\xc3\xa7u, il est tard.";

static void claim_need(struct need *need, uint32_t start, uint32_t end)
{
    *need = (struct need){0};
    shape_set(need, need, kind, ENUM_need_kind_problem_report);
    shape_set(need, need, text, STR("late"));
    shape_set(need, need, start, start);
    shape_set(need, need, end, end);
}

static void test_needs_are_checked(void **state)
{
    const uint32_t size = sizeof text_in_utf8 - 1;
    const struct {
        const char *why;
        uint32_t start, end;
        bool kept;
    } cases[] = {
        {"the whole text", 0, size, true},
        {"a word", 0, 5, true},
        {"the end is outside the text", 0, size + 1, false},
        {"both are outside", size + 10, size + 20, false},
        {"the largest numbers there are", UINT32_MAX - 1, UINT32_MAX, false},
        {"start behind end", 5, 2, false},
        {"empty", 3, 3, false},
        {"starts in the middle of a character", 3, 5, false},
        {"ends in the middle of a character", 0, 3, false},
        {"starts with a space: not what was said", 5, 8, false},
        {"nothing but a space", 5, 6, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct need need;
        CASE(cases[i].why);
        setup(NULL);
        claim_need(&need, cases[i].start, cases[i].end);
        shape_set(insight, &next_answer, needs, (struct need_list){&need, 1});
        struct bench bench;
        bench_ready(&bench);
        struct insight insight = genai_pass(&bench, text_in_utf8, "fr", 0);
        assert_int_equal(insight.needs.count, cases[i].kept ? 1 : 0);
        assert_int_equal(shape_has(insight, &insight, dropped_claims) ? insight.dropped_claims : 0,
                         cases[i].kept ? 0 : 1);
        bench_close(&bench);
    }
}

/* Good and bad claims of every kind in one answer. */
static void test_every_kind_is_checked(void **state)
{
    struct span spans[3] = {{0}};
    struct need needs[2];
    struct mention mentions[3] = {{0}};
    struct aspect aspects[3] = {{0}};
    struct recommendation advice[3] = {{0}};
    struct str topics[] = {STR("delivery"), STR("invented"), STR("unmentioned")};
    const uint32_t places[3][2] = {{0, 5}, {900, 905}, {6, 12}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        shape_set(span, &spans[i], start, places[i][0]),
            shape_set(span, &spans[i], end, places[i][1]);
        shape_set(mention, &mentions[i], start, places[i][0]),
            shape_set(mention, &mentions[i], end, places[i][1]);
        shape_set(mention, &mentions[i], topic, topics[i == 1]);
        shape_set(aspect, &aspects[i], start, places[i][0]),
            shape_set(aspect, &aspects[i], end, places[i][1]);
        shape_set(aspect, &aspects[i], aspect, STR("price"));
        shape_set(aspect, &aspects[i], label, ENUM_sentiment_label_positive);
        shape_set(aspect, &aspects[i], score, 1.0f);
        shape_set(recommendation, &advice[i], start, places[i][0]);
        shape_set(recommendation, &advice[i], end, places[i][1]);
        shape_set(recommendation, &advice[i], text, STR("Call back."));
        shape_set(recommendation, &advice[i], team, 0);
        shape_set(recommendation, &advice[i], priority, (uint32_t)i + 1);
    }
    claim_need(&needs[0], 900, 905);
    claim_need(&needs[1], 6, 12);
    shape_set(sentiment, &next_answer.sentiment, evidence, (struct span_list){spans, 3});
    shape_set(insight, &next_answer, needs, (struct need_list){needs, 2});
    shape_set(insight, &next_answer, mentions, (struct mention_list){mentions, 3});
    shape_set(insight, &next_answer, topics, (struct str_list){topics, 3});
    shape_set(insight, &next_answer, aspects, (struct aspect_list){aspects, 3});
    shape_set(insight, &next_answer, recommendations, (struct recommendation_list){advice, 3});
    struct bench bench;
    bench_ready(&bench);
    struct insight insight = genai_pass(&bench, text_in_utf8, "fr", 0);
    assert_int_equal(insight.sentiment.evidence.count, 2);
    assert_int_equal(insight.needs.count, 1);
    assert_int_equal(insight.needs.items[0].start, 6);
    assert_int_equal(insight.mentions.count, 2);
    assert_int_equal(insight.aspects.count, 2);
    assert_int_equal(insight.recommendations.count, 2);
    assert_int_equal(insight.recommendations.items[1].priority, 3); /* order is kept */
    /* of the others no mention is left */
    assert_int_equal(insight.topics.count, 1);
    assert_str(insight.topics.items[0], "delivery");
    assert_int_equal(insight.dropped_claims, 1 + 1 + 1 + 1 + 1 + 2);
    assert_str(insight.provider, "fake");
    assert_int_equal(insight.finished_at, 1767323045678);

    struct buffer text = {0};
    struct metrics_writer writer = {.out = &text, .common = "worker=\"genai\""};
    genai_worker.metrics(&bench.context, &writer);
    assert_non_null(
        strstr(buffer_cstr(&text), "verbatim_claims_dropped_total{worker=\"genai\"} 7\n"));
    assert_non_null(strstr(buffer_cstr(&text), "sentiment=\"negative\"} 1\n"));
    buffer_deinit(&text);
    bench_close(&bench);
}

static void test_feeling_that_does_not_exist(void **state)
{
    struct bench bench;
    bench_ready(&bench);
    struct record out;
    enum topic topic;
    (void)state;
    next_answer.sentiment.label = 4000000000u;
    struct str message = genai_message(&bench, "Late.", "en", 0);
    assert_int_equal(bench_pass(&bench, TOPIC_SEGMENTS, message, &topic, &out), E_OK);
    assert_int_equal(topic, TOPIC_DEAD_LETTERS);
    bench_close(&bench);
}

/* Nothing that a provider says touches what the local screen found. */
static void test_safety_passes_untouched(void **state)
{
    struct bench bench;
    bench_ready(&bench);
    struct record in = bench_document(&bench, "It burned my hand.", "en", NULL, 0), out;
    struct safety safety = {0};
    struct err err;
    enum topic topic;
    (void)state;
    shape_set(safety, &safety, state, ENUM_safety_state_positive);
    shape_set(safety, &safety, serious, true);
    must(record_put(&in, SECTION_SAFETY, &safety, &bench.arena, &err), &err);
    next_answer.sentiment.label = ENUM_sentiment_label_positive;
    assert_int_equal(bench_pass(&bench, TOPIC_SEGMENTS, bench_write(&bench, &in), &topic, &out),
                     E_OK);
    assert_true(str_equal(out.sections[SECTION_SAFETY], in.sections[SECTION_SAFETY]));
    bench_close(&bench);
}

/* --- later answers and errors ----------------------------------------------------------------- */

static void test_later_answers(void **state)
{
    struct bench bench;
    bench_ready(&bench);
    struct record out;
    enum topic topic;
    struct need need;
    (void)state;
    answers_later = true;
    bench_send(&bench, TOPIC_SEGMENTS, genai_message(&bench, "The parcel came late.", "en", 0));
    assert_int_equal(held_count, 1);
    assert_false(flow_gather(&bench.flow)); /* nothing is committed before the answer */
    claim_need(&need, 4, 4000);
    shape_set(insight, &next_answer, needs, (struct need_list){&need, 1});
    held[0].on_answer(held[0].job, E_OK, &next_answer, NULL);
    assert_int_equal(bench_take(&bench, &topic, &out), E_OK);
    assert_int_equal(topic, TOPIC_INSIGHTS);
    assert_int_equal(genai_insight(&bench, &out).dropped_claims, 1); /* checked like any other */
    bench_close(&bench);
}

static void test_errors(void **state)
{
    static const struct {
        const char *why;
        enum err_code code;
        int times;
        enum topic topic;
        const char *cause;
        int asked, fatal;
    } cases[] = {
        {"a time-out is tried again", E_TIMEOUT, 2, TOPIC_INSIGHTS, NULL, 3, 0},
        {"a provider that is away for good leaves a dead letter", E_UPSTREAM, 9, TOPIC_DEAD_LETTERS,
         "upstream", 3, 0},
        {"nonsense isn't asked for twice", E_BAD_JSON, 1, TOPIC_DEAD_LETTERS, "bad_json", 1, 0},
        {"a wrong configuration stops the worker", E_BAD_CONFIG, 1, TOPIC_INSIGHTS, NULL, 1,
         E_BAD_CONFIG},
    };
    (void)state;
    for (size_t later = 0; later < 2; later++)
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            struct record out;
            enum topic topic;
            struct err failure;
            print_message("  - %s%s\n", cases[i].why, later ? ", also when it answers later" : "");
            setup(NULL);
            struct bench bench;
            bench_ready(&bench);
            answers_later = later;
            next_error = cases[i].code;
            errors_left = cases[i].times;
            bench_send(&bench, TOPIC_SEGMENTS, genai_message(&bench, "Late.", "en", 0));
            for (int n = 0; later && n < held_count; n++) { /* each try is held, too */
                err_set(&failure, cases[i].code, "ill");
                if (n < cases[i].times)
                    held[n].on_answer(held[n].job, cases[i].code, NULL, &failure);
                else held[n].on_answer(held[n].job, E_OK, &next_answer, NULL);
                clock_manual_advance(&bench.clock, 10);
                flow_retry_due(&bench.flow, clock_mono_ms(&bench.clock.clock));
            }
            assert_int_equal(bench_take(&bench, &topic, &out), cases[i].fatal);
            assert_int_equal(asked, cases[i].asked);
            if (!cases[i].fatal) assert_int_equal(topic, cases[i].topic);
            if (cases[i].cause) assert_str(bench_cause(&bench, &out), cases[i].cause);
            bench_close(&bench);
        }
}

static void test_reload(void **state)
{
    struct bench bench;
    bench_ready(&bench);
    struct err err;
    (void)state;
    open_fails = 1;
    assert_int_equal(genai_worker.reload(&bench.context, &err), E_BAD_MODEL);
    assert_int_equal(closed, 0); /* the old one goes on */
    genai_pass(&bench, "Late.", "en", 0);
    open_fails = 0;
    assert_int_equal(genai_worker.reload(&bench.context, &err), E_OK);
    assert_int_equal(opened, 2);
    assert_int_equal(closed, 1);
    genai_pass(&bench, "Late.", "en", 0);
    bench_close(&bench);
    assert_int_equal(closed, 2);
}

int main(void)
{
#define GENAI_TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        GENAI_TEST(test_needs_are_checked), GENAI_TEST(test_every_kind_is_checked),
        GENAI_TEST(test_feeling_that_does_not_exist), GENAI_TEST(test_safety_passes_untouched),
        GENAI_TEST(test_later_answers), GENAI_TEST(test_errors), GENAI_TEST(test_reload),
    };
    return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
