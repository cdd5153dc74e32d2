/* Grades that texts tell, with the models that ship. */
#include "genai_bench.h"

enum { UP = 1, DOWN = -1, AS_IT_WAS = 0 };

/* Beside a rating of three, which moves nothing and keeps the text's own grade from being read. */
static void test_grades(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *text, *language; int moved; } cases[] = {
        {"Five stars from me.", "en", UP},
        {"5 stars, and I would give six if I could.", "en", UP},
        {"One star, and that is generous.", "en", DOWN},
        {"Zero stars.", "en", DOWN},
        {"6 stars!", "en", UP},
        {"4 out of 5 stars", "en", UP},
        {"10/10", "en", UP},
        {"4.5/5", "en", UP},
        {"Note : 3,5/10", "fr", DOWN},
        {"It is 1.4.5/5", "en", AS_IT_WAS},
        {"Three weeks with it now. 9 out of 10.", "en", UP},
        {"2/10, the lid leaks.", "en", DOWN},
        {"Cinq \xc3\xa9toiles, je reviendrai.", "fr", UP},
        {"Je mets 18/20", "fr", UP},
        {"Note : 3 sur 20", "fr", DOWN},
        {"Le doy 1 estrella.", "es", DOWN},
        {"Mi puntuaci\xc3\xb3n: 9 sobre 10", "es", UP},
        {"10/10 would buy again", "en", UP},
        {"10/10 of the parcels were late", "en", AS_IT_WAS},
        {"Would be five stars if the app worked.", "en", AS_IT_WAS},
        {"I originally gave this camera 5 stars.", "en", AS_IT_WAS},
        {"I can't rate it one star.", "en", AS_IT_WAS},
        {"Minus one star for the delivery.", "en", AS_IT_WAS},
        {"J'enl\xc3\xa8ve une \xc3\xa9toile pour la livraison.", "fr", AS_IT_WAS},
        {"Un hotel de 4 estrellas cerca del mar.", "es", AS_IT_WAS},
        {"Available 24/7, it says.", "en", AS_IT_WAS},
        {"The parcel came on 3/10.", "en", AS_IT_WAS},
        {"The parcel came 3/10/2024.", "en", AS_IT_WAS},
        {"4/5 people in the office use it.", "en", AS_IT_WAS},
        {"9 de cada 10 personas lo tienen.", "es", AS_IT_WAS},
        {"Hindsight is 20/20.", "en", AS_IT_WAS},
        {"99999999999/10", "en", AS_IT_WAS},
        {"/10", "en", AS_IT_WAS},
        {"stars", "en", AS_IT_WAS},
        {"10/", "en", AS_IT_WAS},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].text);
        float told = genai_pass(bench, cases[i].text, cases[i].language, 0).sentiment.score;
        float plain = genai_pass(bench, cases[i].text, cases[i].language, 3).sentiment.score;
        float most = 1e-4f; /* what roundings may do */
        assert_int_equal((told > plain + most) - (told < plain - most), cases[i].moved);
    }
}

/* A text that is hardly more than its grade. */
static void test_grades_alone(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *text; uint32_t label; } cases[] = {
        {"2/10", ENUM_sentiment_label_negative},
        {"0 stars", ENUM_sentiment_label_negative},
        {"1 out of 10", ENUM_sentiment_label_negative},
        {"5/10", ENUM_sentiment_label_neutral},
        {"3 stars", ENUM_sentiment_label_neutral},
        {"8/10", ENUM_sentiment_label_positive},
        {"4 estrellas", ENUM_sentiment_label_positive},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].text);
        struct insight insight = genai_pass(bench, cases[i].text, NULL, 0);
        assert_int_equal(insight.sentiment.label, cases[i].label);
    }
}

/* What the record says counts more. */
static void test_rating_goes_first(void **state)
{
    struct bench *bench = *state;
    struct insight insight = genai_pass(bench, "Five stars for nothing.", "en", 1);
    assert_int_equal(insight.sentiment.label, ENUM_sentiment_label_negative);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grades), cmocka_unit_test(test_grades_alone),
        cmocka_unit_test(test_rating_goes_first),
    };
    return cmocka_run_group_tests_name("grade", tests, genai_open, genai_close);
}
