/* What the safety model adds to the cue lists: an alert, its kinds and evidence;
 * and what it never takes away. */
#include "model/safety.h"

#include <stdlib.h>

#include "model/train_linear.h"
#include "test.h"

enum { ALERT = 1, SERIOUS = 2, ADVERSE_EVENT = 4, HAZARD = 8 };
static const char *const classes[] = {
    "alert", "serious", "adverse_event", "hazard", "product_complaint", "special_situation"};

/* Each row many times with another word, so that there is something to hold out. */
static const struct {
    const char *text;
    uint32_t labels;
} rows[] = {
    {"my look went glorpy with it, number", ALERT | ADVERSE_EVENT},
    {"it left me quenchy all week, number", ALERT | ADVERSE_EVENT},
    {"the gizmo glowed and went skronk, number", ALERT | HAZARD},
    {"quenchy until they carried me to theatre, number", ALERT | SERIOUS | ADVERSE_EVENT},
    {"a lid was missing and it tasted foul, number", ALERT | 16},
    {"the chemist muddled the strengths, number", ALERT | 32},
    {"lovely colour and quick delivery, number", 0},
    {"the parcel came late and the box was dented, number", 0},
    {"works as described and looks nice, number", 0},
};

static struct buffer bytes;
static struct safety_model model;

static struct str config_path(struct arena *arena, const char *name)
{
    const char *source = getenv("VERBATIM_SOURCE");
    return arena_printf(arena, "%s/config/%s", source ? source : ".", name);
}

static int train(const char *const *names, uint32_t count, struct buffer *out)
{
    struct train_options options = {
        .name = "safety-test", .classes = names, .class_count = count, .link = LINEAR_SIGMOID,
        .bucket_bits = 12, .seed = 1, .false_alarms = 0.01};
    struct train_linear *trainer = train_linear_create(&options);
    struct train_report report;
    struct err err;
    char text[128];
    assert_non_null(trainer);
    for (uint32_t i = 0; i < 40 * COUNT_OF(rows); i++) {
        snprintf(text, sizeof text, "%s w%u", rows[i % COUNT_OF(rows)].text,
                 i / (uint32_t)COUNT_OF(rows));
        uint32_t all = (1u << count) - 1;
        assert_int_equal(train_linear_add(trainer, str_of(text),
                                          rows[i % COUNT_OF(rows)].labels & all, all, 1, 0, &err),
                         E_OK);
    }
    int rc = train_linear_run(trainer, TRAIN_NO_SOURCE, out, &report, &err);
    train_linear_destroy(trainer);
    return rc;
}

static int set_up(void **state)
{
    struct err err;
    (void)state;
    assert_int_equal(train(classes, COUNT_OF(classes), &bytes), E_OK);
    return safety_model_parse(buffer_str(&bytes), &model, &err);
}

static int tear_down(void **state)
{
    (void)state;
    safety_model_close(&model);
    buffer_deinit(&bytes);
    return 0;
}

static struct screen_result judge(const struct safety_model *with, const struct screen *screen,
                                  const char *text, const char *language, struct arena *arena)
{
    struct tokens tokens;
    struct screen_result result;
    struct err err;
    assert_int_equal(text_tokenize(str_of(text), arena, &tokens, &err), E_OK);
    assert_int_equal(
        screen_text(screen, str_of(text), &tokens, language, 1, false, arena, &result, &err), E_OK);
    if (with)
        assert_int_equal(safety_model_join(with, str_of(text), &tokens,
                                           &(struct safety_about){.screen = screen,
                                                                  .language = language,
                                                                  .language_confidence = 1},
                                           arena, &result, &err),
                         E_OK);
    return result;
}

static const struct screen_hit *model_hit(const struct screen_result *result)
{
    for (uint32_t i = 0; i < result->count; i++)
        if (str_equal(result->hits[i].cue, STR(SAFETY_MODEL_CUE))) return &result->hits[i];
    return NULL;
}

static const struct {
    const char *why, *text, *language;
    enum screen_state state;
    uint32_t kinds;
    bool serious;
    const char *evidence; /* of the model; NULL: it said nothing */
} cases[] = {
    {"made-up words, so that no list knows them", "My look went glorpy with it.", "en",
     SCREEN_POSITIVE, 1u << SCREEN_ADVERSE_EVENT, false,
     "My look went glorpy with it"},
    {"another kind", "The gizmo glowed and went skronk.", "en", SCREEN_POSITIVE,
     1u << SCREEN_HAZARD, false,
     "The gizmo glowed and went skronk"},
    {"and how grave", "Quenchy until they carried me to theatre.", "en", SCREEN_POSITIVE,
     1u << SCREEN_ADVERSE_EVENT, true,
     "Quenchy until they carried me to theatre"},
    {"one sentence among others; its clause is shown",
     "Lovely colour and quick delivery. It left me quenchy all week, looks nice. Works as "
     "described and looks nice.", "en",
     SCREEN_POSITIVE, 1u << SCREEN_ADVERSE_EVENT, false, "It left me quenchy all week"},
    {"an ordinary text", "The parcel came late and the box was dented.", "en", SCREEN_NEGATIVE, 0,
     false, NULL},
    {"what the lists found stays, whatever the model says",
     "Looks nice, works as described. Rash though.", "en", SCREEN_POSITIVE,
     1u << SCREEN_ADVERSE_EVENT, false, NULL},
    {"what the lists found may be graver than they know",
     "Rash, quenchy until they carried me to theatre.", "en", SCREEN_POSITIVE,
     1u << SCREEN_ADVERSE_EVENT, true, "quenchy until they carried me to theatre"},
    {"a language that nobody judges stays with people", "The gizmo glowed and went skronk.", "pl",
     SCREEN_UNASSESSED, 0, false, NULL},
    {"nothing to read", "", "en", SCREEN_NEGATIVE, 0, false, NULL},
};

static void joins(void **state)
{
    struct arena arena = {0};
    struct screen *screen = NULL;
    struct err err;
    (void)state;
    assert_int_equal(screen_open(config_path(&arena, "cues").data, &screen, &err), E_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct screen_result result = judge(&model, screen, cases[i].text, cases[i].language,
                                            &arena);
        const struct screen_hit *hit = model_hit(&result);
        assert_int_equal(result.state, cases[i].state);
        assert_int_equal(result.kinds, cases[i].kinds);
        assert_int_equal(result.serious, cases[i].serious);
        assert_int_equal(result.seriousness != 0, cases[i].serious);
        assert_int_equal(result.reason != NULL, cases[i].state == SCREEN_UNASSESSED);
        assert_int_equal(hit != NULL, cases[i].evidence != NULL);
        if (!hit) continue;
        struct str shown = str_slice(str_of(cases[i].text), hit->start, hit->end);
        assert_int_equal(shown.size, strlen(cases[i].evidence));
        assert_memory_equal(shown.data, cases[i].evidence, shown.size);
        assert_true(hit->decisive && hit->polarity == SCREEN_AFFIRMED);
    }
    screen_close(screen);
    arena_deinit(&arena);
}

/* At which of a hundred thresholds the text alerts. */
static uint32_t alerts_at(const char *text, bool watched, struct arena *arena)
{
    struct safety_model asked = model;
    struct tokens tokens;
    struct err err;
    uint32_t count = 0;
    assert_int_equal(text_tokenize(str_of(text), arena, &tokens, &err), E_OK);
    for (int percent = 0; percent < 100; percent++) {
        struct screen_result result = {.state = SCREEN_NEGATIVE};
        asked.linear.thresholds[asked.alert] = (float)percent / 100;
        assert_int_equal(
            safety_model_join(&asked, str_of(text), &tokens,
                              &(struct safety_about){.watched = watched}, arena, &result, &err),
            E_OK);
        count += result.state == SCREEN_POSITIVE;
    }
    return count;
}

static void asks_less_of_what_is_watched(void **state)
{
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t without = alerts_at(rows[i].text, false, &arena);
        uint32_t with = alerts_at(rows[i].text, true, &arena);
        float alert = (float)without / 100;
        CASE(rows[i].text);
        assert_in_range(with, (uint32_t)(200 * alert / (1 + alert)) - (without > 1),
                        (uint32_t)(200 * alert / (1 + alert)) + 2);
    }
    arena_deinit(&arena);
}

/* 64 hits that decide nothing: the model's takes the place of one, and the order of
 * the text stays. */
static void makes_room(void **state)
{
    struct arena arena = {0};
    struct tokens tokens;
    struct err err;
    struct str text = STR("My look went glorpy with it.");
    (void)state;
    for (int decisive = 0; decisive < 2; decisive++) {
        CASE(decisive ? "all of them decide: there's no need for more" : "none of them decides");
        struct screen_result result = {
            .count = SCREEN_MAX_HITS,
            .hits = ARENA_ARRAY(&arena, struct screen_hit, SCREEN_MAX_HITS)};
        assert_non_null(result.hits);
        for (uint32_t i = 0; i < SCREEN_MAX_HITS; i++)
            result.hits[i] = (struct screen_hit){
                .start = 20, .end = 24, .cue = STR("x"), .decisive = decisive};
        assert_int_equal(text_tokenize(text, &arena, &tokens, &err), E_OK);
        assert_int_equal(safety_model_join(&model, text, &tokens, &(struct safety_about){0},
                                           &arena, &result, &err),
                         E_OK);
        assert_int_equal(result.count, SCREEN_MAX_HITS);
        assert_int_equal(result.state, SCREEN_POSITIVE);
        assert_int_equal(model_hit(&result) != NULL, !decisive);
        for (uint32_t i = 1; i < result.count; i++)
            assert_true(result.hits[i - 1].start <= result.hits[i].start);
    }
    arena_deinit(&arena);
}

static void refuses_other_models(void **state)
{
    static const char *const too_few[] = {"alert", "serious", "adverse_event", "hazard"};
    struct buffer other = {0};
    struct safety_model none;
    struct err err;
    (void)state;
    assert_int_equal(train(too_few, COUNT_OF(too_few), &other), E_OK);
    assert_int_equal(safety_model_parse(buffer_str(&other), &none, &err), E_BAD_MODEL);
    assert_int_equal(safety_model_parse(STR("no model"), &none, &err), E_BAD_MODEL);
    assert_int_equal(safety_model_open("/nowhere/safety.model", &none, &err), E_NO_INPUT);
    buffer_deinit(&other);
}

/* With every allocation failing in turn there's an error, or the same result. */
static void survives_no_memory(void **state)
{
    struct str text = STR("It left me quenchy all week. Lovely colour and quick delivery.");
    (void)state;
    for (size_t limit = 1; limit < 40000; limit += 997) {
        struct arena words = {0}, arena;
        struct tokens tokens;
        struct screen_result result = {.state = SCREEN_NEGATIVE};
        struct err err;
        arena_init(&arena, limit);
        assert_int_equal(text_tokenize(text, &words, &tokens, &err), E_OK);
        int rc = safety_model_join(&model, text, &tokens, &(struct safety_about){0}, &arena,
                                   &result, &err);
        assert_true(rc == E_NO_MEMORY ||
                    (rc == E_OK && result.state == SCREEN_POSITIVE && result.count == 1));
        arena_deinit(&arena);
        arena_deinit(&words);
    }
}

static void the_shipped_one(void **state)
{
    static const struct {
        const char *why, *language, *text;
        enum screen_state state;
    } shipped[] = {
        {"en", "en", "Two days on this syrup and my guts are in knots, had to bin it.",
         SCREEN_POSITIVE},
        {"es", "es", "Me dejó la cara como un tomate y con la piel tirante desde el primer día.",
         SCREEN_POSITIVE},
        {"fr", "fr", "Deux jours de ce sirop et j'ai le ventre en vrac, poubelle.",
         SCREEN_POSITIVE},
        {"en, ordinary", "en", "The watch counts my steps and the strap looks nice.",
         SCREEN_NEGATIVE},
        {"es, ordinary", "es", "El reloj cuenta los pasos y la correa es bonita.", SCREEN_NEGATIVE},
        {"fr, ordinary", "fr", "La montre compte les pas et le bracelet est joli.",
         SCREEN_NEGATIVE},
        {"answered no", "en", "Swelling: no", SCREEN_NEGATIVE},
        {"answered no, es", "es", "Mareos: no", SCREEN_NEGATIVE},
        {"answered no, fr", "fr", "Des vomissements ? Aucun.", SCREEN_NEGATIVE},
        {"answered no, and told", "en",
         "Any side effects? None. My heart did somersaults all night though.", SCREEN_POSITIVE},
        {"a bank", "en", "Why was my cash withdrawal declined at the machine?", SCREEN_NEGATIVE},
    };
    struct arena arena = {0};
    struct screen *screen = NULL;
    struct safety_model real;
    struct err err;
    (void)state;
    assert_int_equal(screen_open(config_path(&arena, "cues").data, &screen, &err), E_OK);
    assert_int_equal(
        safety_model_open(config_path(&arena, "models/safety.model").data, &real, &err), E_OK);
    for (size_t i = 0; i < COUNT_OF(shipped); i++) {
        CASE(shipped[i].why);
        assert_int_equal(judge(&real, screen, shipped[i].text, shipped[i].language, &arena).state,
                         shipped[i].state);
    }
    safety_model_close(&real);
    screen_close(screen);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins),
        cmocka_unit_test(asks_less_of_what_is_watched),
        cmocka_unit_test(makes_room),
        cmocka_unit_test(refuses_other_models),
        cmocka_unit_test(survives_no_memory),
        cmocka_unit_test(the_shipped_one),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
