/* Safety: a model may raise it, by one rule; it can't lower it, whatever it says. */
#include "genai_bench.h"

#include "workers/genai/advise.h"
#include "workers/genai/raise.h"
#include "workers/genai/remote.h"

enum { RECEIVED_MS = 1700000000 };
static const char table[] = "eu hazard any 24h\nus hazard any 48h\nany any other 90d\n";

static struct str with_safety(struct bench *bench, uint32_t state, uint32_t kinds)
{
    struct record record = bench_document(bench, "The lid cut my hand.", "en", "review", 1);
    struct safety safety = {0};
    struct err err;
    shape_set(safety, &safety, state, state);
    shape_set(safety, &safety, serious, false);
    shape_set(safety, &safety, received_at, RECEIVED_MS);
    if (kinds) shape_set(safety, &safety, kinds, kinds);
    must(record_put(&record, SECTION_SAFETY, &safety, &bench->arena, &err), &err);
    return bench_write(bench, &record);
}

static void test_one_rule(void **state)
{
    enum {
        NEGATIVE = ENUM_safety_state_negative, POSITIVE = ENUM_safety_state_positive,
        UNASSESSED = ENUM_safety_state_unassessed
    };
    const struct {
        const char *why;
        uint32_t before, kinds, signals, after, kinds_after;
    } cases[] = {
        {"negative and a signal", NEGATIVE, 0, 1, POSITIVE, 1 << ENUM_safety_kind_hazard},
        {"negative and two", NEGATIVE, 0, 2, POSITIVE,
         1 << ENUM_safety_kind_hazard | 1 << ENUM_safety_kind_adverse_event},
        {"negative and none", NEGATIVE, 0, 0, NEGATIVE, 0},
        {"unassessed stays: people look at it anyway", UNASSESSED, 0, 1, UNASSESSED, 0},
        {"positive stays as it is", POSITIVE, 1 << ENUM_safety_kind_special_situation, 1, POSITIVE,
         1 << ENUM_safety_kind_special_situation},
        {"positive without a signal: not lowered", POSITIVE, 1, 0, POSITIVE, 1},
    };
    struct clocks *clocks = malloc(sizeof *clocks);
    const struct raise_clocks rules = {clocks, STR("")};
    (void)state;
    must(clocks_parse("table", str_of(table), clocks, NULL), &(struct err){0});
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        struct err err = {0};
        struct signal signals[2] = {{0}};
        struct insight insight = {0};
        bool raised;
        CASE(cases[i].why);
        must(bench_open(&bench, &genai_worker, genai_folder(), &err), &err);
        for (uint32_t n = 0; n < 2; n++) {
            shape_set(signal, &signals[n], kind,
                      n ? ENUM_safety_kind_adverse_event : ENUM_safety_kind_hazard);
            shape_set(signal, &signals[n], start, 0), shape_set(signal, &signals[n], end, 7);
        }
        shape_set(insight, &insight, provider, STR("bedrock"));
        shape_set(insight, &insight, model, STR("model-1"));
        if (cases[i].signals)
            shape_set(insight, &insight, signals, (struct signal_list){signals, cases[i].signals});
        struct job job = {.context = &bench.context, .arena = &bench.arena};
        struct str message = with_safety(&bench, cases[i].before, cases[i].kinds);
        must(record_scan(message, &bench.arena, &job.record, &err), &err);
        struct str before = job.record.sections[SECTION_SAFETY];
        must(raise_safety(&job, &rules, &insight, &raised, &err), &err);
        struct safety after;
        must(record_decode(&job.record, SECTION_SAFETY, &after, &bench.arena, &err), &err);
        assert_int_equal(after.state, cases[i].after);
        assert_int_equal(after.kinds, cases[i].kinds_after);
        assert_int_equal(raised, cases[i].before != cases[i].after);
        if (raised) assert_str(after.raised_by, "bedrock model-1");
        assert_int_equal(shape_has(safety, &after, due_at), raised);
        if (raised) assert_int_equal(after.due_at, RECEIVED_MS + 24 * 3600000);
        /* byte for byte */
        else assert_true(str_equal(before, job.record.sections[SECTION_SAFETY]));
        assert_int_equal(after.evidence.count, raised ? cases[i].signals : 0);
        bench_close(&bench);
    }
    free(clocks);
}

/* As for a record that the screen found: by its region, its kinds, and from its receipt on. */
static void test_clocks_run(void **state)
{
    static const struct {
        const char *why, *region, *regions;
        uint32_t kind;
        int64_t received_ms; /* of the feedback, where the screen told none; 0: neither */
        int64_t due_ms;
        const char *clock;
    } cases[] = {
        {"the shortest of all", NULL, "", ENUM_safety_kind_hazard, 5000, 5000 + 24 * 3600000,
         "eu hazard any"},
        {"of the regions that are configured", NULL, "us", ENUM_safety_kind_hazard, 5000,
         5000 + 48 * 3600000, "us hazard any"},
        {"the record's own region comes first", "eu", "us", ENUM_safety_kind_hazard, 5000,
         5000 + 24 * 3600000, "eu hazard any"},
        {"by its kind", NULL, "us", ENUM_safety_kind_adverse_event, 5000,
         5000 + INT64_C(90) * 86400000, "any any other"},
        {"received when its message was written", NULL, "", ENUM_safety_kind_hazard, 0,
         7000 + 24 * 3600000, "eu hazard any"},
    };
    struct clocks *clocks = malloc(sizeof *clocks);
    struct err err = {0};
    (void)state;
    must(clocks_parse("table", str_of(table), clocks, &err), &err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        struct signal signal = {0};
        struct insight insight = {0};
        struct feedback feedback = {0};
        struct safety safety = {0};
        const struct raise_clocks rules = {clocks, str_of(cases[i].regions)};
        const struct bus_message message = {.timestamp_ms = 7000};
        bool raised;
        CASE(cases[i].why);
        must(bench_open(&bench, &genai_worker, genai_folder(), &err), &err);
        struct job job = {.context = &bench.context, .arena = &bench.arena, .message = &message,
                          .record = bench_document(&bench, "The lid cut my hand.", "en", "review",
                                                   1)};
        struct str_pair region = {STR("region"), str_of(cases[i].region)};
        shape_set(feedback, &feedback, source, STR("test"));
        if (cases[i].region)
            shape_set(feedback, &feedback, attributes, (struct str_map){&region, 1});
        if (cases[i].received_ms) shape_set(feedback, &feedback, received_at, cases[i].received_ms);
        shape_set(safety, &safety, state, ENUM_safety_state_negative);
        shape_set(safety, &safety, serious, false);
        must(record_put(&job.record, SECTION_FEEDBACK, &feedback, &bench.arena, &err), &err);
        must(record_put(&job.record, SECTION_SAFETY, &safety, &bench.arena, &err), &err);
        shape_set(signal, &signal, kind, cases[i].kind);
        shape_set(signal, &signal, start, 0), shape_set(signal, &signal, end, 7);
        shape_set(insight, &insight, provider, STR("openai"));
        shape_set(insight, &insight, signals, (struct signal_list){&signal, 1});
        must(raise_safety(&job, &rules, &insight, &raised, &err), &err);
        must(record_decode(&job.record, SECTION_SAFETY, &safety, &bench.arena, &err), &err);
        assert_true(raised);
        assert_int_equal(safety.due_at, cases[i].due_ms);
        assert_str(safety.clock, cases[i].clock);
        bench_close(&bench);
    }
    free(clocks);
}

static void open_local(struct bench *bench, struct provider **ret_local)
{
    const char *source = getenv("VERBATIM_SOURCE");
    char folder[512];
    struct err err = {0};
    snprintf(folder, sizeof folder, "%s/config", source ? source : ".");
    must(bench_open(bench, &genai_worker, genai_folder(), &err), &err);
    must(provider_local.open(&bench->context, folder, ret_local, &err), &err);
}

/* What the safety team is to do stands first, whatever a model makes of the record. */
static void test_advice(void **state)
{
    enum { NOBODY = ENUM_team_count, MOST = 16 };
    static const struct {
        const char *why;
        uint32_t teams[2], support_more, count_after;
        bool own; /* the first one after it is the model's */
    } cases[] = {
        {"a model gave none", {NOBODY}, 0, 1, false},
        {"it thought of the parcel only", {ENUM_team_support, NOBODY}, 0, 2, false},
        {"it put the harm last", {ENUM_team_support, ENUM_team_safety}, 0, 2, true},
        {"it put it first", {ENUM_team_safety, ENUM_team_product}, 0, 2, true},
        {"there is no room: the last one goes", {ENUM_team_support, ENUM_team_product}, MOST - 2,
         MOST, false},
    };
    struct bench bench;
    struct provider *local;
    struct err err = {0};
    (void)state;
    open_local(&bench, &local);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct recommendation own[MOST] = {{0}};
        struct recommendation_list list = {.items = own};
        struct insight insight = {0};
        const struct provider_question asked = {
            .text = STR("The lid cut my hand."), .language = STR("en")};
        struct job job = {.context = &bench.context, .arena = &bench.arena,
                          .record = bench_document(&bench, "The lid cut my hand.", "en", "review",
                                                   1)};
        CASE(cases[i].why);
        for (uint32_t n = 0; n < 2 && cases[i].teams[n] != NOBODY; n++)
            own[list.count++].team = cases[i].teams[n];
        for (uint32_t n = 0; n < cases[i].support_more; n++)
            own[list.count++].team = ENUM_team_support;
        for (uint32_t n = 0; n < list.count; n++)
            shape_set(recommendation, &own[n], text, STR("by the model"));
        if (list.count) shape_set(insight, &insight, recommendations, list);
        must(advise_safety_first(&job, local, &asked, &insight, &err), &err);
        const struct recommendation *first = insight.recommendations.items;
        assert_true(shape_has(insight, &insight, recommendations));
        assert_int_equal(insight.recommendations.count, cases[i].count_after);
        assert_int_equal(first->team, ENUM_team_safety);
        assert_int_equal(str_equal(first->text, STR("by the model")), cases[i].own);
        for (uint32_t n = 1; n < insight.recommendations.count; n++)
            assert_str(insight.recommendations.items[n].text, "by the model");
    }
    local->ops->close(local);
    bench_close(&bench);
}

/* The advice of the rules quotes where harm is told, and says in each language what they say when
 * they look at the text themselves. */
static void test_where_harm_is_told(void **state)
{
    static const struct {
        const char *why, *language;
        uint32_t harm_start, harm_end, signal_end, start, end;
    } cases[] = {
        {"the words that the screen found", "en", 8, 19, 0, 8, 19},
        {"the screen's before the model's", "es", 8, 19, 7, 8, 19},
        {"a model raised it: the danger that it read", "fr", 0, 0, 7, 0, 7},
        {"neither: the rules look for themselves", "en", 0, 0, 0, 0, 19},
        {"words that don't hold are none", "pt", 3, 19, 0, 0, 19},
        {"nor are those beyond the text", "", 8, 400, 0, 0, 19},
    };
    struct bench bench;
    struct provider *local;
    struct err err = {0};
    (void)state;
    open_local(&bench, &local);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct signal signal = {.start = 0, .end = cases[i].signal_end};
        struct insight insight = {0}, looked = {0};
        bool holds = false;
        struct provider_question asked = {
            .text = STR("The lid cut my hand."), .language = str_of(cases[i].language),
            .harm.first = {cases[i].harm_start, cases[i].harm_end}};
        struct job job = {.context = &bench.context, .arena = &bench.arena,
                          .record = bench_document(&bench, "The lid cut my hand.", "en", "review",
                                                   1)};
        CASE(cases[i].why);
        if (signal.end) shape_set(insight, &insight, signals, (struct signal_list){&signal, 1});
        must(advise_safety_first(&job, local, &asked, &insight, &err), &err);
        asked.harm.alarm = INSIGHT_ALERT;
        must(local->ops->ask(local, &job, &asked, &looked, &holds, NULL, &err), &err);
        assert_true(holds);
        assert_int_equal(insight.recommendations.count, 1);
        const struct recommendation *first = insight.recommendations.items,
                                    *same = looked.recommendations.items;
        assert_int_equal(first->team, ENUM_team_safety);
        assert_int_equal(same->team, ENUM_team_safety);
        assert_true(str_equal(first->text, same->text));
        assert_int_equal(first->priority, same->priority);
        assert_int_equal(first->start, cases[i].start);
        assert_int_equal(first->end, cases[i].end);
    }
    local->ops->close(local);
    bench_close(&bench);
}

static void test_chain(void **state)
{
    const struct {
        const char *why, *providers;
        int rc;
        uint32_t count;
        const char *named;
    } cases[] = {
        {"the default", "local", E_OK, 0, NULL},
        {"three", "bedrock, openai ,local", E_OK, 2, NULL},
        {"local need not be named", "anthropic", E_OK, 1, NULL},
        {"all", "openai,anthropic,bedrock", E_OK, 3, NULL},
        {"an unknown one", "bedrock, chatgpt", E_BAD_CONFIG, 0, "chatgpt"},
        {"none", " ", E_BAD_CONFIG, 0, "empty"},
        {"an empty name", "bedrock,,local", E_BAD_CONFIG, 0, "\"\""},
        {"twice", "openai,openai", E_BAD_CONFIG, 0, "twice"},
        {"behind local", "local,openai", E_BAD_CONFIG, 0, "follow local"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct remote_chain chain = {.count = 99};
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(remote_parse(cases[i].providers, &chain, &err), cases[i].rc);
        if (cases[i].rc == E_OK) assert_int_equal(chain.count, cases[i].count);
        else if (!strstr(err.text, cases[i].named)) fail_msg("%s", err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_rule), cmocka_unit_test(test_clocks_run),
        cmocka_unit_test(test_advice), cmocka_unit_test(test_where_harm_is_told),
        cmocka_unit_test(test_chain)};
    return cmocka_run_group_tests_name("raise", tests, NULL, NULL);
}
