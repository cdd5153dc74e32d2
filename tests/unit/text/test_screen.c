/* The screen around its sentences: languages, long texts, bounds, criteria, special situations. */
#include "screen_rig.h"

static void judges_languages(void **state)
{
    (void)state;
    static const struct {
        const char *why, *language, *text;
        float confidence;
        enum screen_state verdict;
        const char *reason;
    } languages[] = {
        {"sure of a judged language", "en", "Lovely.", 0.9f, SCREEN_NEGATIVE, NULL},
        {"a language that isn't judged", "de", "Sehr schön, gerne wieder.", 0.99f,
         SCREEN_UNASSESSED, "language"},
        {"… but a cue of another list counts", "de", "Alles gut, nur: nausea and vomiting!", 0.99f,
         SCREEN_POSITIVE, NULL},
        {"no language at all, and words that harm nobody in any", "und", "ok 👍", 0.0f,
         SCREEN_NEGATIVE, NULL},
        {"an empty language", "", "Refund?", 0.0f, SCREEN_NEGATIVE, NULL},
        {"no language given", NULL, "test", 0.0f, SCREEN_NEGATIVE, NULL},
        {"each word of one list or another", "und", "ok, très bueno", 0.0f, SCREEN_NEGATIVE, NULL},
        {"one word that none of them knows", "und", "ok brand", 0.0f, SCREEN_UNASSESSED,
         "language"},
        {"a cue among them", "und", "ok, nausea", 0.0f, SCREEN_POSITIVE, NULL},
        {"a cue that doesn't count", "und", "no nausea", 0.0f, SCREEN_UNASSESSED, "language"},
        {"a longer text", "und", "ok ok ok ok ok", 0.0f, SCREEN_UNASSESSED, "language"},
        {"they may mean something else there", "de", "super test", 0.9f, SCREEN_UNASSESSED,
         "language"},
        {"hardly a guess", "fr", "Schöne Sache.", 0.1f, SCREEN_UNASSESSED, "language"},
        {"a guess is screened with all lists", "fr",
         "El cargador explotó en la mano y echaba humo.", 0.5f, SCREEN_POSITIVE, NULL},
        {"two languages in one text", "en", "Nice box, pero me dio urticaria.", 0.6f,
         SCREEN_POSITIVE, NULL},
        {"nothing to read", "und", "", 0.0f, SCREEN_UNASSESSED, "language"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(languages); i++) {
        CASE(languages[i].why);
        struct str text = str_of(languages[i].text);
        struct screen_result result =
            judge(shipped, text, languages[i].language, languages[i].confidence, &arena);
        check_sound(&result, text);
        assert_int_equal(result.state, languages[i].verdict);
        if (languages[i].reason) assert_string_equal(result.reason, languages[i].reason);
    }
    arena_deinit(&arena);
}

/* Read by all lists: "fatal" is how it sat with somebody, and nobody died. */
static void a_word_of_two_languages_kills_nobody(void **state)
{
    struct arena arena = {0};
    (void)state;
    struct screen_result result =
        judge(shipped, STR("La pastilla me sentó fatal."), "ca", 0.5f, &arena);
    assert_int_equal(result.kinds, 1u << SCREEN_ADVERSE_EVENT);
    assert_int_equal(result.seriousness, 0);
    arena_deinit(&arena);
}

static void without_lists_nothing_is_judged(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct screen_result result = judge(NULL, STR("The charger caught fire."), "en", 1, &arena);
    assert_int_equal(result.state, SCREEN_UNASSESSED);
    assert_string_equal(result.reason, "not_loaded");
    assert_int_equal(result.kinds, 0);
    arena_deinit(&arena);
}

/* words × "fine ", with a finding in front or behind. */
static struct str long_text(struct arena *arena, const char *before, size_t words,
                            const char *after)
{
    size_t size = strlen(before) + words * 5 + strlen(after);
    char *text = arena_alloc(arena, size + 1);
    assert_non_null(text);
    char *at = text + sprintf(text, "%s", before);
    for (size_t i = 0; i < words; i++) at += sprintf(at, "fine ");
    sprintf(at, "%s", after);
    return str_make(text, size);
}

static void long_texts_are_never_silently_safe(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t words = SCREEN_MAX_BYTES / 5 + 10;
    struct screen_result result = judge(shipped, long_text(&arena, "", words, ""), "en", 1, &arena);
    assert_int_equal(result.state, SCREEN_UNASSESSED);
    assert_string_equal(result.reason, "too_long");
    result = judge(shipped, long_text(&arena, "I got hives. ", words, ""), "en", 1, &arena);
    assert_int_equal(result.state, SCREEN_POSITIVE);
    result = judge(shipped, long_text(&arena, "", words, ". I got hives."), "en", 1, &arena);
    assert_int_equal(result.state, SCREEN_UNASSESSED);
    result = judge(shipped, long_text(&arena, "", words / 2, ". I got hives."), "en", 1, &arena);
    assert_int_equal(result.state, SCREEN_POSITIVE);
    arena_deinit(&arena);
}

static void damaged_texts_are_never_silently_safe(void **state)
{
    (void)state;
    static const struct {
        const char *why, *language, *text, *reason;
    } cases[] = {
        {"letters are lost", "fr", "La cr\uFFFDme m\uFFFDa donn\uFFFD des boutons.", "damaged"},
        {"one is", "es", "La ni\uFFFDa estuvo fatal toda la ma\uFFFDana", "damaged"},
        {"at a word's begin, one letter before it", "fr", "Des d\uFFFDmangeoisons.", "damaged"},
        {"an apostrophe is", "en", "I don\uFFFDt like it, it\uFFFDs ugly.", NULL},
        {"a French one is", "fr", "L\uFFFDeau est froide, j\uFFFDaime.", NULL},
        {"an emoji is", "en", "Great product \uFFFD\uFFFD", NULL},
        {"an emoji of as many bytes is", "en", "Great product\uFFFD\uFFFD\uFFFD\uFFFD !", NULL},
        {"at the end of a word", "en", "Nice caf\uFFFD", NULL},
        {"where accents end words", "fr", "Le produit m'a br\u00fbl\uFFFD", "damaged"},
        {"so too", "es", "Me quem\uFFFD. Nada bueno", "damaged"},
        {"or begin them", "fr", "Une \uFFFDruption le soir", "damaged"},
        {"quotes come in pairs", "fr", "Un \uFFFDbon\uFFFD produit, \uFFFDtop niveau\uFFFD", NULL},
        {"one of them closes none", "fr", "Un \uFFFDbon produit, \uFFFDtop niveau", "damaged"},
        {"half an emoji beside a whole one", "fr", "Super \U0001F44D\uFFFD merci", NULL},
        {"beside a heart", "es", "Genial \u2764\uFFFD", NULL},
        {"beside a price", "fr", "Que 10\u20AC\uFFFD pour \u00e7a", NULL},
        {"an accent that stands alone", "fr", "Le produit a bru\u0302l\uFFFD", "damaged"},
        {"other wide characters", "en", "Great product\uFF01 Really\uFF01", NULL},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = str_of(cases[i].text);
        struct screen_result result = judge(shipped, text, cases[i].language, 1, &arena);
        print_message("%s\n", cases[i].why);
        assert_int_equal(result.state,
                         cases[i].reason ? SCREEN_UNASSESSED : SCREEN_NEGATIVE);
        if (cases[i].reason) assert_string_equal(result.reason, cases[i].reason);
    }
    struct screen_result result =
        judge(shipped, STR("La cr\uFFFDme me donne des vertiges."), "fr", 1, &arena);
    assert_int_equal(result.state, SCREEN_POSITIVE);
    arena_deinit(&arena);
}

/* Evidence is bounded, and what decides is kept before what doesn't. */
static void evidence_is_bounded(void **state)
{
    (void)state;
    struct arena arena = {0};
    char text[8192] = "";
    for (int i = 0; i < 200; i++) strcat(text, "No rash. ");
    strcat(text, "I got hives.");
    struct screen_result result = judge(shipped, str_of(text), "en", 1, &arena);
    check_sound(&result, str_of(text));
    assert_int_equal(result.count, SCREEN_MAX_HITS);
    assert_true(has_hit(&result, str_of(text), "hives", SCREEN_AFFIRMED));
    /* Of several lists as well: the last one finds what decides. */
    text[strlen(text) - strlen("I got hives.")] = '\0';
    strcat(text, "J'ai des vertiges.");
    result = judge(shipped, str_of(text), "en", 0.5f, &arena);
    check_sound(&result, str_of(text));
    assert_int_equal(result.count, SCREEN_MAX_HITS);
    assert_true(has_hit(&result, str_of(text), "vertiges", SCREEN_AFFIRMED));
    arena_deinit(&arena);
}

static void names_the_criteria(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct err err = {0};
    struct tokens tokens;
    struct screen_result result;
    struct str text = STR("The caller says that her husband vomited after the tablets.");
    assert_int_equal(text_tokenize(text, &arena, &tokens, &err), E_OK);
    assert_int_equal(screen_text(shipped, text, &tokens, "en", 1, false, &arena, &result, &err),
                     E_OK);
    assert_true(result.reaction && result.product && result.patient && result.reporter);
    text = STR("Vomiting.");
    assert_int_equal(text_tokenize(text, &arena, &tokens, &err), E_OK);
    assert_int_equal(screen_text(shipped, text, &tokens, "en", 1, false, &arena, &result, &err),
                     E_OK);
    assert_int_equal(result.state, SCREEN_POSITIVE); /* the criteria are no gate */
    assert_true(result.reaction && !result.product && !result.patient && !result.reporter);
    arena_deinit(&arena);
}

/* What a trained model found, and no list: the criteria are asked for apart. */
static void names_the_criteria_of_others(void **state)
{
    static const struct {
        const char *language, *text;
        bool product, patient, reporter;
    } found[] = {
        {"en", "I took two tablets instead of one.", true, true, true},
        {"en", "Guts in knots, poured it away.", false, false, false},
        {"es", "Tomé dos pastillas en vez de una.", true, true, true},
        {"es", "Mi padre tiene la cadera rota.", false, true, true},
        {"es", "Ya no duermo.", false, true, true},
        {"es", "El bote llegó raro.", false, false, false},
        {"es", "Le pasó a él.", false, true, false},
        {"fr", "J'ai pris deux comprimés au lieu d'un.", true, true, true},
    };
    struct arena arena = {0};
    struct tokens tokens;
    struct err err;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(found); i++) {
        CASE(found[i].text);
        struct str text = str_of(found[i].text);
        struct screen_result result = {.state = SCREEN_POSITIVE},
                             unassessed = {.state = SCREEN_UNASSESSED};
        bool eased;
        assert_int_equal(text_tokenize(text, &arena, &tokens, &err), E_OK);
        assert_int_equal(screen_criteria(shipped, text, &tokens, found[i].language, 1, &arena,
                                         &result, &eased, &err),
                         E_OK);
        assert_int_equal(result.product, found[i].product);
        assert_int_equal(result.patient, found[i].patient);
        assert_int_equal(result.reporter, found[i].reporter);
        assert_int_equal(screen_criteria(shipped, text, &tokens, found[i].language, 1, &arena,
                                         &unassessed, &eased, &err),
                         E_OK);
        assert_false(unassessed.product || unassessed.patient || unassessed.reporter);
    }
    arena_deinit(&arena);
}

static void special_situations_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum screen_special special;
    } specials[] = {
        {"I am pregnant.", SCREEN_PREGNANCY},
        {"He took a double dose.", SCREEN_OVERDOSE},
        {"I am addicted to these pills.", SCREEN_ABUSE},
        {"My son drank the shampoo.", SCREEN_MISUSE},
        {"It was prescribed off-label.", SCREEN_OFF_LABEL},
        {"I was given the wrong dose.", SCREEN_MEDICATION_ERROR},
        {"It splashed in my eyes.", SCREEN_OCCUPATIONAL},
        {"It is counterfeit.", SCREEN_FALSIFIED},
        {"The cream is ineffective.", SCREEN_LACK_OF_EFFECT},
        {"Is there a drug interaction?", SCREEN_INTERACTION},
    };
    struct arena arena = {0};
    assert_int_equal(COUNT_OF(specials), SCREEN_SPECIAL_COUNT);
    for (size_t i = 0; i < COUNT_OF(specials); i++) {
        CASE(specials[i].text);
        struct screen_result result = judge(shipped, str_of(specials[i].text), "en", 1, &arena);
        assert_true(result.kinds & 1u << SCREEN_SPECIAL_SITUATION);
        assert_int_equal(result.specials, 1u << specials[i].special);
    }
    arena_deinit(&arena);
}

static void knows_medicines_by_their_words(void **state)
{
    static const struct {
        const char *name;
        bool medicine;
    } names[] = {
        {"cough syrup", true},   {"gotas para los ojos", true}, {"Sirop", true},
        {"winter coat", false},  {"sartén", false},             {"machine à laver", false},
        {"", false},
    };
    struct arena arena = {0};
    struct tokens tokens;
    struct err err;
    bool medicine = true;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CASE(names[i].name);
        struct str name = str_of(names[i].name);
        assert_int_equal(text_tokenize(name, &arena, &tokens, &err), E_OK);
        assert_int_equal(screen_is_medicine(shipped, name, &tokens, &arena, &medicine, &err), E_OK);
        assert_int_equal(medicine, names[i].medicine);
    }
    assert_int_equal(screen_is_medicine(NULL, STR(""), &tokens, &arena, &medicine, &err), E_OK);
    assert_false(medicine);
    arena_deinit(&arena);
}

static void fails_cleanly_without_memory(void **state)
{
    (void)state;
    struct err err = {0};
    struct str text = STR("I got hives and no rash, the charger caught fire.");
    struct arena for_tokens = {0};
    struct tokens tokens;
    assert_int_equal(text_tokenize(text, &for_tokens, &tokens, &err), E_OK);
    int rc = E_NO_MEMORY, failures = 0;
    for (size_t limit = 1; rc; limit += 64) {
        struct arena arena;
        struct screen_result result = {.count = 77};
        arena_init(&arena, limit);
        rc = screen_text(shipped, text, &tokens, "en", 0.5f, true, &arena, &result, &err);
        if (rc) {
            failures++;
            assert_int_equal(rc, E_NO_MEMORY);
            assert_int_equal(result.count, 77); /* outputs are set on success only */
        }
        arena_deinit(&arena);
    }
    assert_true(failures > 1);
    arena_deinit(&for_tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_languages),
        cmocka_unit_test(a_word_of_two_languages_kills_nobody),
        cmocka_unit_test(without_lists_nothing_is_judged),
        cmocka_unit_test(long_texts_are_never_silently_safe),
        cmocka_unit_test(damaged_texts_are_never_silently_safe),
        cmocka_unit_test(evidence_is_bounded),
        cmocka_unit_test(names_the_criteria),
        cmocka_unit_test(names_the_criteria_of_others),
        cmocka_unit_test(special_situations_are_told_apart),
        cmocka_unit_test(knows_medicines_by_their_words),
        cmocka_unit_test(fails_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, open_shipped, close_shipped);
}
