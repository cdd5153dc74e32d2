/* What insight costs goes by the size of the text, whatever stands in it. */
#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "model/insight.h"

static struct insight_engine *engine;

/* Of the processor, for a text that holds the pattern again and again, within one sentence. */
static double seconds_of(const char *text, size_t size)
{
    double least = 1e9;
    for (int round = 0; round < 3 && (round == 0 || least < 0.1); round++) {
        struct arena arena = {0};
        struct tokens tokens;
        struct insight_result result;
        struct err err;
        struct str whole = str_make(text, size);
        assert_int_equal(text_tokenize(whole, &arena, &tokens, &err), E_OK);
        clock_t begun = clock();
        assert_int_equal(insight_analyze(engine, whole, &tokens, NULL, false, 0, NULL, &arena,
                                         &result, &err),
                         E_OK);
        double taken = (double)(clock() - begun) / CLOCKS_PER_SEC;
        least = taken < least ? taken : least;
        arena_deinit(&arena);
    }
    return least;
}

static void figures_of_speech_cost_no_more_than_their_text(void **state)
{
    enum { TIMES = 16 };
    static const char *const patterns[] = {"used to hate ", "antes era mala ", "not bad ",
                                           "after 12 days ", "to die for "};
    static char text[256 * 1024];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        size_t size = strlen(patterns[i]);
        CASE(patterns[i]);
        for (size_t k = 0; k < sizeof text; k++) text[k] = patterns[i][k % size];
        double few = seconds_of(text, sizeof text / TIMES), many = seconds_of(text, sizeof text);
        assert_true(many < 4 * TIMES * few);
    }
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
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
