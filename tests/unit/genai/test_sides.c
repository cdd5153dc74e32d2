/* Praise beside blame, and blame that only facts tell, with the models that ship. */
#include "genai_bench.h"

struct felt {
    const char *why, *text, *language;
    uint32_t label;
};

static void check(struct bench *bench, const struct felt *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_int_equal(insight.sentiment.label, cases[i].label);
    }
}

static void test_mixed(void **state)
{
    static const struct felt cases[] = {
        {"praise that turns to a problem", "Great screen, but the battery is gone by noon.", "en",
         ENUM_sentiment_label_mixed},
        {"in French", "Coton superbe, mais Ã§" "a taille pour des lutins.", "fr",
         ENUM_sentiment_label_mixed},
        {"in Spanish", "Suena de maravilla, pero la tapa se rompiÃ³ a la semana.", "es",
         ENUM_sentiment_label_mixed},
        {"in two words", "Bien mais chères.", "fr", ENUM_sentiment_label_mixed},
        {"blame that turns to praise means the praise", "It took a while, but now it is superb.",
         "en", ENUM_sentiment_label_positive},
        {"pros and cons", "Pros: light, cheap. Cons: noisy, the lid leaks.", "en",
         ENUM_sentiment_label_mixed},
        {"in Spanish", "Lo bueno: el precio, barato. Lo malo: un ruido insoportable, lento.", "es",
         ENUM_sentiment_label_mixed},
        {"in French", "Points forts : léger, efficace. Points faibles : bruyant, fragile.", "fr",
         ENUM_sentiment_label_mixed},
        {"cons alone", "Cons: noisy, the lid leaks.", "en", ENUM_sentiment_label_negative},
    };
    check(*state, cases, COUNT_OF(cases));
}

static void test_blaming_facts(void **state)
{
    static const struct felt cases[] = {
        {"money", "The card reader at till 6 charged me twice, £36.20 each time.", "en",
         ENUM_sentiment_label_negative},
        {"locked out", "Locked out of my account again after the update.", "en",
         ENUM_sentiment_label_negative},
        {"in French", "À la caisse 6, ma carte a été débitée deux fois de 36,20 €, samedi.", "fr",
         ENUM_sentiment_label_negative},
        {"who asks doesn't blame", "Can somebody say when the app is back? It has been down since noon.", "en",
         ENUM_sentiment_label_neutral},
        {"what came is no blame", "My order arrived yesterday.", "en",
         ENUM_sentiment_label_neutral},
    };
    check(*state, cases, COUNT_OF(cases));
}

static void test_figures_of_praise(void **state)
{
    static const struct felt cases[] = {
        {"no last week", "Una pasada", "es", ENUM_sentiment_label_positive},
        {"at a clause's end", "Un hotel de diez, volveremos.", "es",
         ENUM_sentiment_label_positive},
        {"but no number", "Una espera de diez minutos", "es", ENUM_sentiment_label_neutral},
        {"a remedy", "Mano de santo para la alergia.", "es", ENUM_sentiment_label_positive},
        {"no bomb", "Cette perceuse, c'est de la bombe.", "fr", ENUM_sentiment_label_positive},
        {"in English", "Advice was spot on.", "en", ENUM_sentiment_label_positive},
        {"stars that mock", "Five stars for breaking in record time.", "en",
         ENUM_sentiment_label_negative},
        {"stars that praise", "Five stars for the kind staff.", "en",
         ENUM_sentiment_label_positive},
        {"nothing to report", "RAS", "es", ENUM_sentiment_label_neutral},
    };
    check(*state, cases, COUNT_OF(cases));
}

/* Neutral there means that the models can't read it. */
static void test_other_languages_are_unsure(void **state)
{
    struct insight insight =
        genai_pass(*state, "Schlechte Qualität, nach zwei Tagen kaputt", "de", 0);
    assert_int_equal(insight.sentiment.label, ENUM_sentiment_label_neutral);
    assert_true(insight.sentiment.confidence < 0.4f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_blaming_facts),
        cmocka_unit_test(test_figures_of_praise),
        cmocka_unit_test(test_other_languages_are_unsure),
    };
    return cmocka_run_group_tests_name("sides", tests, genai_open, genai_close);
}
