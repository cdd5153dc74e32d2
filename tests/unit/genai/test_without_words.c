/* Stars, faces, irony and plain facts: what is said without words, or otherwise than by them. */
#include "genai_bench.h"

static void test_stars(void **state)
{
    static const struct { const char *why, *text; float rating; uint32_t label; } cases[] = {
        {"one of five", "★☆☆☆☆", 0, ENUM_sentiment_label_negative},
        {"all five", "★★★★★", 0, ENUM_sentiment_label_positive},
        {"as pictures, with how they are drawn", "⭐️⭐️", 0, ENUM_sentiment_label_negative},
        {"before words", "★★☆☆☆ The lid", 0, ENUM_sentiment_label_negative},
        {"behind words", "The lid ★★★★★", 0, ENUM_sentiment_label_positive},
        {"of ten", "★★☆☆☆☆☆☆☆☆", 0, ENUM_sentiment_label_negative},
        {"empty ones say nothing", "☆☆☆☆☆", 0, ENUM_sentiment_label_neutral},
        {"the record's own rating counts", "★★★★★", 1, ENUM_sentiment_label_negative},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(*state, cases[i].text, "en", cases[i].rating);
        assert_int_equal(insight.sentiment.label, cases[i].label);
    }
}

static void test_faces(void **state)
{
    static const struct { const char *why, *text; uint32_t label; } cases[] = {
        {"sad", ":(", ENUM_sentiment_label_negative},
        {"in tears", " :'-( ", ENUM_sentiment_label_negative},
        {"glad", ":-)", ENUM_sentiment_label_positive},
        {"the other way round", "(:", ENUM_sentiment_label_positive},
        {"with a letter", "xD", ENUM_sentiment_label_positive},
        {"furious", "(╯°□°)╯︵ ┻━┻", ENUM_sentiment_label_negative},
        {"behind a courtesy", "Hello :(", ENUM_sentiment_label_negative},
        {"a courtesy alone", "Hello", ENUM_sentiment_label_neutral},
        {"a form's answer", "None.", ENUM_sentiment_label_neutral},
        {"a mark is no face", "()", ENUM_sentiment_label_neutral},
        {"nor is an address", "://", ENUM_sentiment_label_neutral},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(*state, cases[i].text, "en", 0);
        assert_int_equal(insight.sentiment.label, cases[i].label);
        assert_int_equal(insight.sentiment.evidence.count > 0,
                         cases[i].label != ENUM_sentiment_label_neutral);
    }
}

static void test_irony(void **state)
{
    static const struct { const char *language, *text; uint32_t label; } cases[] = {
        {"en", "Oh great, broke on day two.", ENUM_sentiment_label_negative},
        {"en", "Great, another update that deletes my data.", ENUM_sentiment_label_negative},
        {"es", "Qué bien, otra vez tarde el paquete.", ENUM_sentiment_label_negative},
        {"fr", "Bravo, encore en retard.", ENUM_sentiment_label_negative},
        {"fr", "Bravo. Encore une panne.", ENUM_sentiment_label_negative},
        /* meant as they are said */
        {"en", "Great, no problems so far.", ENUM_sentiment_label_positive},
        {"en", "Great! It works again.", ENUM_sentiment_label_positive},
        {"en", "Great, but it crashes.", ENUM_sentiment_label_mixed},
        {"en", "Thanks for nothing.", ENUM_sentiment_label_negative},
        {"es", "Gracias por nada.", ENUM_sentiment_label_negative},
        {"fr", "Merci pour rien.", ENUM_sentiment_label_negative},
        {"en", "Where is my order? It's been three weeks!", ENUM_sentiment_label_negative},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].text);
        struct insight insight = genai_pass(*state, cases[i].text, cases[i].language, 0);
        assert_int_equal(insight.sentiment.label, cases[i].label);
    }
    /* the cheer is neither part of the need nor praise of what it is about */
    struct insight insight =
        genai_pass(*state, "Qué bien, otra vez tarde el paquete.", "es", 0);
    assert_int_equal(insight.needs.count, 1);
    assert_str(insight.needs.items[0].text, "otra vez tarde el paquete");
    assert_int_equal(insight.aspects.count, 1);
    assert_int_equal(insight.aspects.items[0].label, ENUM_sentiment_label_negative);
}

/* Complaints begin so; by itself it is none. */
static void test_plain_facts(void **state)
{
    static const struct { const char *language, *text; uint32_t needs; } cases[] = {
        {"en", "My order arrived yesterday.", 0},
        {"en", "Order arrived on 12 May.", 0},
        {"es", "El pedido llegó ayer.", 0},
        {"fr", "Ma commande est arrivée hier.", 0},
        {"fr", "Je l’ai acheté pour ma fille en mars.", 0},
        {"en", "My order arrived yesterday. The lid is broken.", 1},
        {"en", "My order has not arrived.", 1},
        {"en", "I ordered 2, received 1", 1}, /* of two one came */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].text);
        struct insight insight = genai_pass(*state, cases[i].text, cases[i].language, 0);
        assert_int_equal(insight.needs.count, cases[i].needs);
        if (cases[i].needs) continue;
        assert_int_equal(insight.sentiment.label, ENUM_sentiment_label_neutral);
        for (uint32_t k = 0; k < insight.aspects.count; k++)
            assert_int_equal(insight.aspects.items[k].label, ENUM_sentiment_label_neutral);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stars),
        cmocka_unit_test(test_faces),
        cmocka_unit_test(test_irony),
        cmocka_unit_test(test_plain_facts),
    };
    return cmocka_run_group_tests_name("without_words", tests, genai_open, genai_close);
}
