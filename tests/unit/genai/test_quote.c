/* Where quoted words stand: as they are, in the plain form, or nowhere. */
#include "test.h"

#include "model/insight.h"
#include "workers/genai/quote.h"

static void test_quotes(void **state)
{
    static const struct {
        const char *why, *text, *quote;
        enum quote_found found;
        const char *words; /* of the text, that were meant */
    } cases[] = {
        {"as it is", "The lid broke twice.", "lid broke", QUOTE_EXACT, "lid broke"},
        {"the whole text", "Broken.", "Broken.", QUOTE_EXACT, "Broken."},
        {"space around it", "The lid broke.", "  lid ", QUOTE_EXACT, "lid"},
        {"another case", "The LID broke.", "the lid", QUOTE_PLAIN, "The LID"},
        {"other spaces", "The lid\n broke.", "lid broke", QUOTE_PLAIN, "lid\n broke"},
        {"no-break space", "Prix\xc2\xa0: 5\xc2\xa0\xe2\x82\xac", "prix : 5", QUOTE_PLAIN,
         "Prix\xc2\xa0: 5"},
        {"straight for curly quotes", "She said \xe2\x80\x9c" "never again\xe2\x80\x9d.",
         "\"never again\"", QUOTE_PLAIN, "never again"},
        {"curly for straight", "It's late", "It\xe2\x80\x99s late", QUOTE_PLAIN, "It's late"},
        {"another dash", "well \xe2\x80\x93 no", "well - no", QUOTE_PLAIN, "well \xe2\x80\x93 no"},
        {"accents left out", "Tr\xc3\xa8s d\xc3\xa9\xc3\xa7u hier", "tres decu", QUOTE_PLAIN,
         "Tr\xc3\xa8s d\xc3\xa9\xc3\xa7u"},
        {"accents in two characters", "d\xc3\xa9\xc3\xa7u", "de\xcc\x81" "c\xcc\xa7u", QUOTE_PLAIN,
         "d\xc3\xa9\xc3\xa7u"},
        {"one character that is two", "Stra\xc3\x9f" "e zu", "STRASSE", QUOTE_PLAIN,
         "Stra\xc3\x9f" "e"},
        {"a ligature", "of\xef\xac\x81" "ce", "office", QUOTE_PLAIN, "of\xef\xac\x81" "ce"},
        {"marks and dots that a model puts around", "The lid broke", "'The lid...'", QUOTE_PLAIN,
         "The lid"},
        {"dots for what it left out", "The lid broke twice", "The lid broke\xe2\x80\xa6",
         QUOTE_PLAIN, "The lid broke"},
        {"the second place, where the first is within a word", "scared of this car", "car",
         QUOTE_EXACT, "car"},
        {"another script", "\xe5\xbe\x88\xe7\xb3\x9f\xe7\xb3\x95", "\xe7\xb3\x9f\xe7\xb3\x95",
         QUOTE_EXACT, "\xe7\xb3\x9f\xe7\xb3\x95"},
        {"emoji", "late \xf0\x9f\x98\xa1", "\xf0\x9f\x98\xa1", QUOTE_EXACT, "\xf0\x9f\x98\xa1"},
        {"within a word", "I was scared.", "car", QUOTE_NOWHERE, NULL},
        {"another word", "The lid broke.", "The lit broke", QUOTE_NOWHERE, NULL},
        {"other words between", "The lid and the box broke", "The lid broke", QUOTE_NOWHERE, NULL},
        {"longer than the text", "Broken.", "Broken. And late, too.", QUOTE_NOWHERE, NULL},
        {"nothing", "Broken.", "", QUOTE_NOWHERE, NULL},
        {"nothing but space", "Broken one.", "   ", QUOTE_NOWHERE, NULL},
        {"nothing but marks", "Broken \"one\".", "\"\"...", QUOTE_NOWHERE, NULL},
        {"an empty text", "", "Broken", QUOTE_NOWHERE, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct quotable quotable = {.text = str_of(cases[i].text), .arena = &arena};
        uint32_t start = 0, end = 0;
        CASE(cases[i].why);
        assert_int_equal(quote_find(&quotable, str_of(cases[i].quote), &start, &end),
                         cases[i].found);
        if (cases[i].words) {
            struct str words = str_slice(quotable.text, start, end);
            if (!str_equal(words, str_of(cases[i].words)))
                fail_msg("found \"%.*s\"", STR_ARGS(words));
            assert_true(evidence_holds(quotable.text, start, end));
        }
        arena_deinit(&arena);
    }
}

static void test_short_of_memory(void **state)
{
    struct arena arena = {.limit_bytes = 64};
    struct quotable quotable = {.text = STR("The lid of the box broke"), .arena = &arena};
    uint32_t start, end;
    (void)state;
    assert_int_equal(quote_find(&quotable, STR("THE LID"), &start, &end), QUOTE_NO_MEMORY);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotes), cmocka_unit_test(test_short_of_memory)};
    return cmocka_run_group_tests_name("quote", tests, NULL, NULL);
}
