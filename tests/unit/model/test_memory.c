/* Each allocation of the models fails in turn: the answer is NO_MEMORY, and nothing
 * leaks or crashes. */
#include "test.h"
#include "failing_malloc.h"
#include "model/features.h"
#include "model/insight.h"
#include "model/segments.h"

static const char text[] =
    "The parcel came late and the lid was broken; why does nobody answer? I love the colour, but "
    "please add "
    "a dark mode and a refund button. Support was rude, delivery slow, the app crashes when I "
    "log in. ";
static struct insight_engine *engine;

static const char *config_path(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/config%s", getenv("VERBATIM_SOURCE"), name);
    return path;
}

static int analyze(void *user)
{
    struct arena arena = {0};
    struct tokens tokens;
    struct insight_result result;
    struct err err;
    (void)user;
    int rc = fill_arena(&arena) ? text_tokenize(STR(text), &arena, &tokens, &err) : E_NO_MEMORY;
    if (rc == E_OK)
        rc = insight_analyze(engine, STR(text), &tokens, "en", true, 2, NULL, &arena, &result,
                             &err);
    if (rc == E_OK) assert_true(result.need_count > 0 && result.topic_count > 0);
    arena_deinit(&arena);
    return rc;
}

static void an_insight(void **state)
{
    (void)state;
    assert_true(torture_arena(analyze, NULL, 16) > 100);
}

static int open_engine(void *user)
{
    struct insight_engine *opened = NULL;
    struct err err;
    (void)user;
    int rc = insight_engine_create(config_path(""), &opened, &err);
    insight_engine_destroy(opened);
    return rc;
}

static int open_segments(void *user)
{
    struct segment_model model = {0};
    struct err err;
    (void)user;
    int rc = segment_model_open(config_path("/models/segments.model"), FEATURES_VERSION, &model,
                                &err);
    if (rc == E_OK) segment_model_close(&model);
    return rc;
}

static void opening_models(void **state)
{
    static const struct { const char *why; int (*step)(void *user); } cases[] = {
        {"sentiment, needs, topics and rules", open_engine},
        {"centroids", open_segments},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_true(torture(cases[i].step, NULL) > 0);
    }
}

static int open_for_all(void **state)
{
    struct err err;
    (void)state;
    return insight_engine_create(config_path(""), &engine, &err);
}

static int close_for_all(void **state)
{
    (void)state;
    insight_engine_destroy(engine);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_insight),
        cmocka_unit_test(opening_models),
    };
    return cmocka_run_group_tests(tests, open_for_all, close_for_all);
}
