/* Safety: a model may raise it, by one rule; it can't lower it, whatever it says. */
#include "genai_bench.h"

#include "workers/genai/raise.h"
#include "workers/genai/remote.h"

static struct str with_safety(struct bench *bench, uint32_t state, uint32_t kinds)
{
    struct record record = bench_document(bench, "The lid cut my hand.", "en", "review", 1);
    struct safety safety = {0};
    struct err err;
    shape_set(safety, &safety, state, state);
    shape_set(safety, &safety, serious, false);
    if (kinds) shape_set(safety, &safety, kinds, kinds);
    bench_must(record_put(&record, SECTION_SAFETY, &safety, &bench->arena, &err), &err);
    return bench_write(bench, &record);
}

static void test_one_rule(void **state)
{
    enum { NEGATIVE = ENUM_safety_state_negative, POSITIVE = ENUM_safety_state_positive, UNASSESSED = ENUM_safety_state_unassessed };
    const struct {
        const char *why;
        uint32_t before, kinds, signals, after, kinds_after;
    } cases[] = {
        {"negative and a signal", NEGATIVE, 0, 1, POSITIVE, 1 << ENUM_safety_kind_hazard},
        {"negative and two", NEGATIVE, 0, 2, POSITIVE, 1 << ENUM_safety_kind_hazard | 1 << ENUM_safety_kind_adverse_event},
        {"negative and none", NEGATIVE, 0, 0, NEGATIVE, 0},
        {"unassessed stays: people look at it anyway", UNASSESSED, 0, 1, UNASSESSED, 0},
        {"positive stays as it is", POSITIVE, 1 << ENUM_safety_kind_special_situation, 1, POSITIVE, 1 << ENUM_safety_kind_special_situation},
        {"positive without a signal: not lowered", POSITIVE, 1, 0, POSITIVE, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        struct err err = {0};
        struct signal signals[2] = {{0}};
        struct insight insight = {0};
        bool raised;
        CASE(cases[i].why);
        bench_must(bench_open(&bench, &genai_worker, genai_folder(), &err), &err);
        for (uint32_t n = 0; n < 2; n++) {
            shape_set(signal, &signals[n], kind, n ? ENUM_safety_kind_adverse_event : ENUM_safety_kind_hazard);
            shape_set(signal, &signals[n], start, 0), shape_set(signal, &signals[n], end, 7);
        }
        shape_set(insight, &insight, provider, STR("bedrock"));
        shape_set(insight, &insight, model, STR("model-1"));
        if (cases[i].signals) shape_set(insight, &insight, signals, (struct signal_list){signals, cases[i].signals});
        struct job job = {.context = &bench.context, .arena = &bench.arena};
        struct str message = with_safety(&bench, cases[i].before, cases[i].kinds);
        bench_must(record_scan(message, &bench.arena, &job.record, &err), &err);
        struct str before = job.record.sections[SECTION_SAFETY];
        bench_must(raise_safety(&job, &insight, &raised, &err), &err);
        struct safety after;
        bench_must(record_decode(&job.record, SECTION_SAFETY, &after, &bench.arena, &err), &err);
        assert_int_equal(after.state, cases[i].after);
        assert_int_equal(after.kinds, cases[i].kinds_after);
        assert_int_equal(raised, cases[i].before != cases[i].after);
        if (raised) assert_str(after.raised_by, "bedrock model-1");
        else assert_true(str_equal(before, job.record.sections[SECTION_SAFETY])); /* byte for byte */
        assert_int_equal(after.evidence.count, raised ? cases[i].signals : 0);
        bench_close(&bench);
    }
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_rule), cmocka_unit_test(test_chain)};
    return cmocka_run_group_tests_name("raise", tests, NULL, NULL);
}
