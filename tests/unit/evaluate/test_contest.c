/* Contests against figures that were worked out by hand. */
#include "ops/evaluate/contest.h"

#include "test.h"

static void near(double got, double wanted)
{
    if (got < wanted - 1e-9 || got > wanted + 1e-9) fail_msg("%.9f instead of %.9f", got, wanted);
}

static void quantiles_are_nearest_ranks(void **state)
{
    static const uint32_t values[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
    static const struct {
        const char *why;
        uint64_t count;
        double share;
        uint32_t wanted;
    } cases[] = {
        {"the fifth of ten", 10, 0.5, 50}, {"the tenth of ten", 10, 0.95, 100},
        {"the third of five", 5, 0.5, 30},
        {"the one that there is", 1, 0.95, 10}, {"the least", 10, 0, 10}, {"the most", 10, 1, 100},
        {"none", 0, 0.5, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(contest_quantile(values, cases[i].count, cases[i].share), cases[i].wanted);
    }
}

static void p_values_are_exact(void **state)
{
    static const struct { const char *why; uint64_t first, second; double wanted; } cases[] = {
        {"no row tells them apart", 0, 0, 1},
        {"one of two each", 1, 1, 1},
        {"five to none: 2 / 2^5", 5, 0, 0.0625},
        {"six to none: 2 / 2^6", 0, 6, 0.03125},
        {"ten to two: 2 (1 + 12 + 66) / 2^12", 10, 2, 158.0 / 4096},
        {"the other way round it is the same", 2, 10, 158.0 / 4096},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        near(contest_p_value(cases[i].first, cases[i].second), cases[i].wanted);
    }
    /* no overflow */
    assert_true(contest_p_value(3000, 2000) > 0 && contest_p_value(3000, 2000) < 1e-40);
}

static struct verdict verdict_of(char feeling, uint32_t dropped, uint32_t latency_us)
{
    static struct mention mentions[3];
    struct verdict verdict = {0};
    verdict.insight.sentiment.label =
        feeling == '+' ? ENUM_sentiment_label_positive : ENUM_sentiment_label_negative;
    verdict.insight.sentiment.score = feeling == '+' ? 1 : -1;
    verdict.insight.mentions = (struct mention_list){mentions, 3};
    if (dropped) shape_set(insight, &verdict.insight, dropped_claims, dropped);
    if (latency_us) shape_set(insight, &verdict.insight, latency_us, latency_us);
    return verdict;
}

static struct str label_of(char sign)
{
    return sign == '+' ? STR("positive") : sign == '-' ? STR("negative") : (struct str){0};
}

/* One character a row: what it is, what local said, what this one says ('.':
 * somebody else answered). */
static void play(struct contender *contender, const char *truth, const char *local,
                 const char *said)
{
    struct arena arena = {0};
    struct err err;
    assert_int_equal(contender_init(contender, &evaluate_sentiment, strlen(truth), &err), E_OK);
    for (size_t i = 0; truth[i]; i++) {
        struct verdict verdict = verdict_of(said[i], i == 0, (uint32_t)(1000 * (i + 1)));
        struct example example = {.label = label_of(truth[i])};
        assert_int_equal(contender_take(contender, i, &example, label_of(local[i]),
                                        said[i] == '.' ? NULL : &verdict, &arena, &err),
                         E_OK);
    }
    contender_finish(contender);
    arena_deinit(&arena);
}

static void figures_follow_from_rows(void **state)
{
    struct contender contender = {.provider = "openai", .model = "m"};
    (void)state;
    play(&contender, "++++-----+", "+++----+++", "+++-----..");
    contender.bill = (struct contest_bill){
        .calls = 4, .repairs = 2, .input_tokens = 1000, .output_tokens = 50, .paid_micros = 2500,
        .priced = true};
    struct contest_figures figures = contender_figures(&contender, 0);
    near(figures.answered, 0.8);
    near(figures.accuracy, 7.0 / 8);
    /* +: 3 right of 3 said and 4 true; -: 4 of 5 and 4 */
    near(figures.macro_f1, (6.0 / 7 + 8.0 / 9) / 2);
    near(figures.same_as_local, 7.0 / 8);            /* the eighth only differs */
    near(figures.evidence, 1 - 1.0 / 25);            /* 3 in each of 8 answers, and one dropped */
    near(figures.with_dropped, 1.0 / 8);
    near(figures.repaired, 0.2);
    near(figures.input_tokens, 100);
    near(figures.cost_usd, 0.00025);
    near(figures.median_ms, 4);
    near(figures.p95_ms, 8);
    assert_true(figures.danger_found < 0);
    contender_deinit(&contender);
}

static void nothing_answered_is_no_figure(void **state)
{
    struct contender contender = {.provider = "openai", .model = "m"};
    (void)state;
    play(&contender, "+-", "+-", "..");
    struct contest_figures figures = contender_figures(&contender, 0);
    near(figures.answered, 0);
    assert_true(figures.accuracy < 0 && figures.macro_f1 < 0 && figures.evidence < 0 &&
                figures.median_ms < 0 && figures.cost_usd < 0);
    contender_deinit(&contender);
}

static void a_label_that_isnt_known_is_refused(void **state)
{
    struct contender contender = {.provider = "local"};
    struct verdict verdict = verdict_of('+', 0, 0);
    struct example example = {.label = STR("fine")};
    struct err err;
    (void)state;
    assert_int_equal(contender_init(&contender, &evaluate_sentiment, 1, &err), E_OK);
    assert_int_equal(contender_take(&contender, 0, &example, STR(""), &verdict, NULL, &err),
                     E_BAD_MESSAGE);
    assert_int_equal(contender.asked, 0);
    contender_deinit(&contender);
}

/* What local says in the words of labels: each task can read its own spelling. */
static void what_is_spelt_is_right(void **state)
{
    static struct need needs[] = {
        {.kind = ENUM_need_kind_question}, {.kind = ENUM_need_kind_feature_request}};
    static struct str topics[] = {{"delivery", 8}, {"price", 5}};
    static const struct evaluation_task *const tasks[] = {
        &evaluate_sentiment, &evaluate_needs, &evaluate_topics, &evaluate_safety};
    static const char *const spelt[] = {
        "negative", "feature_request+question", "delivery+price", "adverse_event+hazard"};
    struct verdict verdict = verdict_of('-', 0, 0);
    struct err err;
    (void)state;
    verdict.insight.needs = (struct need_list){needs, 2};
    verdict.insight.topics = (struct str_list){topics, 2};
    verdict.safety.state = ENUM_safety_state_positive;
    verdict.safety.kinds = 1u << ENUM_safety_kind_adverse_event | 1u << ENUM_safety_kind_hazard;
    for (size_t i = 0; i < COUNT_OF(tasks); i++) {
        struct contender contender = {.provider = "local"};
        struct buffer out = {0};
        CASE(tasks[i]->name);
        tasks[i]->spell(&verdict, &out);
        assert_string_equal(buffer_cstr(&out), spelt[i]);
        struct example example = {.label = buffer_str(&out)};
        assert_int_equal(contender_init(&contender, tasks[i], 1, &err), E_OK);
        assert_int_equal(
            contender_take(&contender, 0, &example, buffer_str(&out), &verdict, NULL, &err), E_OK);
        near(contender_figures(&contender, tasks[i]->finest).accuracy, 1);
        assert_int_equal(contender.agreeing, 1);
        contender_deinit(&contender);
        buffer_deinit(&out);
    }
}

/* --- verdicts --------------------------------------------------------------------------------- */

/* So many rows of which the first are wrong; with the figures of a current prompt. */
static void make(struct contender *contender, size_t rows, size_t wrong, size_t unanswered,
                 double dollars)
{
    struct buffer truth = {0}, said = {0};
    for (size_t i = 0; i < rows; i++) {
        char sign = i % 2 ? '+' : '-', other = i % 2 ? '-' : '+';
        buffer_add_char(&truth, sign);
        buffer_add_char(&said, i >= rows - unanswered ? '.' : i < wrong ? other : sign);
    }
    play(contender, buffer_cstr(&truth), buffer_cstr(&truth), buffer_cstr(&said));
    contender->bill = (struct contest_bill){
        .calls = 1, .paid_micros = (uint64_t)(dollars * 1e6), .priced = dollars >= 0,
        .input_tokens = 1000, .output_tokens = 100};
    buffer_deinit(&truth);
    buffer_deinit(&said);
}

static void a_prompt_is_promoted_by_its_figures(void **state)
{
    static const struct {
        const char *why, *fails; /* of the checks, the one that doesn't pass; "": all do */
        size_t rows, wrong_before, wrong_after, unanswered;
        double cost_before, cost_after;
    } cases[] = {
        {"significantly more right", "", 300, 30, 10, 0, 1, 1},
        {"as right, and cheaper", "", 300, 30, 30, 0, 1, 0.9},
        {"a little better isn't a reason", "reason", 300, 30, 28, 0, 1, 1},
        {"the same is no reason", "reason", 300, 30, 30, 0, 1, 1},
        {"too few rows, however good", "rows", 199, 30, 1, 0, 1, 1},
        {"better, so it may cost more", "", 300, 30, 10, 0, 1, 3},
        {"cheaper, but wrong more often", "accuracy", 300, 10, 30, 0, 1, 0.5},
        {"a tenth dearer for nothing", "cost_usd", 300, 30, 30, 0, 1, 1.2},
        {"a tenth dearer, by tokens: as many", "reason", 300, 30, 30, 0, -1, -1},
        {"it leaves rows to local", "answered", 300, 30, 10, 9, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct contender before = {.provider = "openai", .model = "m"},
                         after = {.provider = "openai", .model = "m"};
        struct contest_verdict verdict;
        bool failed = false;
        CASE(cases[i].why);
        make(&before, cases[i].rows, cases[i].wrong_before, 0, cases[i].cost_before);
        make(&after, cases[i].rows, cases[i].wrong_after, cases[i].unanswered, cases[i].cost_after);
        contest_judge(&before, &after, 0, &verdict);
        for (uint32_t c = 0; c < verdict.count; c++)
            if (strcmp(verdict.checks[c].name, cases[i].fails) == 0)
                failed = !verdict.checks[c].passes;
        assert_int_equal(verdict.promote, cases[i].fails[0] == '\0');
        assert_int_equal(failed, cases[i].fails[0] != '\0');
        contender_deinit(&before);
        contender_deinit(&after);
    }
}

static void danger_is_never_given_up(void **state)
{
    struct contest_verdict verdict;
    struct contender contenders[2] = {
        {.provider = "openai", .model = "m"}, {.provider = "openai", .model = "m"}};
    struct err err;
    (void)state;
    for (int which = 0; which < 2; which++) {
        assert_int_equal(contender_init(&contenders[which], &evaluate_safety, 1000, &err), E_OK);
        for (uint64_t i = 0; i < 1000; i++) {
            struct verdict said = {.safety = {.state = ENUM_safety_state_negative}};
            bool danger = i < 100, misses = which == 1 && i == 0;
            if ((danger && !misses) || (which == 0 && i >= 900))
                said.safety.state = ENUM_safety_state_positive;
            struct example example = {.label = danger ? STR("positive") : STR("negative")};
            assert_int_equal(
                contender_take(&contenders[which], i, &example, STR(""), &said, NULL, &err), E_OK);
        }
    }
    contest_judge(&contenders[0], &contenders[1], 0, &verdict);
    /* a hundred false alerts fewer, one danger missed */
    assert_int_equal(verdict.only_candidate, 100);
    assert_int_equal(verdict.only_current, 1);
    assert_false(verdict.promote);
    for (uint32_t c = 0; c < verdict.count; c++)
        if (strcmp(verdict.checks[c].name, "danger_found") == 0)
            assert_false(verdict.checks[c].passes);
    contender_deinit(&contenders[0]);
    contender_deinit(&contenders[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_nearest_ranks),
        cmocka_unit_test(p_values_are_exact),
        cmocka_unit_test(figures_follow_from_rows),
        cmocka_unit_test(nothing_answered_is_no_figure),
        cmocka_unit_test(a_label_that_isnt_known_is_refused),
        cmocka_unit_test(what_is_spelt_is_right),
        cmocka_unit_test(a_prompt_is_promoted_by_its_figures),
        cmocka_unit_test(danger_is_never_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
