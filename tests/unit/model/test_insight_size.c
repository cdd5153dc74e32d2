/* What insight costs goes by the size of the text, whatever stands in it. */
#include "growth.h"

#include <stdlib.h>

#include "model/insight.h"

static struct insight_engine *engine;

static clock_t run_insight(const char *text, size_t size)
{
    struct arena arena = {0};
    struct tokens tokens;
    struct insight_result result;
    struct err err;
    struct str whole = str_make(text, size);
    assert_int_equal(text_tokenize(whole, &arena, &tokens, &err), E_OK);
    clock_t begun = clock();
    assert_int_equal(insight_analyze(engine, whole, &tokens, NULL, false, 0, NULL, &arena, &result,
                                     &err),
                     E_OK);
    clock_t taken = clock() - begun;
    arena_deinit(&arena);
    return taken;
}

static void figures_of_speech_cost_no_more_than_their_text(void **state)
{
    static const char *const patterns[] = {"used to hate ", "antes era mala ", "not bad ",
                                           "after 12 days ", "to die for ", "five stars "};
    (void)state;
    check_growth(run_insight, patterns, COUNT_OF(patterns));
}

/* One clause that names aspects again and again. */
static void namings_cost_no_more_than_their_text(void **state)
{
    static const char *const patterns[] = {"battery ", "battery screen ", "wish battery "};
    (void)state;
    check_growth(run_insight, patterns, COUNT_OF(patterns));
}

/* Rules that look at the clauses of their sentence. */
static void sentences_cost_no_more_than_their_text(void **state)
{
    static const char *const patterns[] = {"It used to crash. ", "what more could you want? ",
                                           "is it to die for? "};
    (void)state;
    check_growth(run_insight, patterns, COUNT_OF(patterns));
}

static int open_engine(void **state)
{
    char path[512];
    struct err err;
    (void)state;
    snprintf(path, sizeof path, "%s/config", getenv("VERBATIM_SOURCE"));
    return insight_engine_create(path, &engine, &err);
}

static int close_engine(void **state)
{
    (void)state;
    insight_engine_destroy(engine);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_of_speech_cost_no_more_than_their_text),
        cmocka_unit_test(namings_cost_no_more_than_their_text),
        cmocka_unit_test(sentences_cost_no_more_than_their_text),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
