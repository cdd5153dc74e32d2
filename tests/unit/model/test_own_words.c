/* Where a writer's own words end, and a quoted message begins. */
#include "model/insight/own_words.h"

#include "test.h"

static const struct {
    const char *why, *own, *quoted;
} cases[] = {
    {"one line", "It broke > it works", ""},
    {"lines without a quote", "It broke.\nTwice.", ""},
    {"a reply", "It broke.\n\n", "On 4 Nov 2026 at 10:12, Support wrote:\n> Thank you!"},
    {"in Spanish", "No llega.\n\n",
     "El 3 nov 2026, a las 9:15, Tienda escribi\u00F3:\n> Gracias.\n> Un saludo"},
    {"in French", "Rien re\u00E7u.\n",
     "Le 3 nov. 2026 \u00E0 09:15, SAV a \u00E9crit :\n> Merci !\n>\n> Le SAV\n"},
    {"two quoted lines need no introduction", "It broke.\n", "> Thank you!\n> We love you."},
    {"one quoted line may be anything", "Speed\n> than before", ""},
    {"nothing but a quote is the text", "> Thank you!\n> We love you.", ""},
    {"a line without a date introduces nothing", "My answer:\n> yes", ""},
    {"nor two lines", "Problems:\n> it crashes\n> no dark mode", ""},
    {"below a divider", "It broke.\n", "-----Original Message-----\nFrom: Support\nThank you!"},
    {"below a French one", "Cass\u00E9.\n", "--- Message d'origine ---\nMerci !"},
    {"a mail program's head", "It broke.\n", "From: Support\nSent: Monday\nThank you!"},
    {"a French one", "Cass\u00E9.\n", "De : SAV\nEnvoy\u00E9 : lundi\nMerci !"},
    {"a form's own field", "Name: Jo\nFrom: Leeds\nIt broke.", ""},
    {"a reply without marks", "It broke.\n", "On 4 Nov 2026, Support wrote:\nThank you!"},
    {"nothing above it", "On 4 Nov 2026, Support wrote:\nThank you!", ""},
    {"an owner's answer", "It broke.\n", "Response from the owner: Thank you!"},
    {"other dashes divide nothing", "Good.\n---\nBad sound.", ""},
    {"a list", "- original message lost\n- slow", ""},
    {"a line end at the end", "It broke.\n", ""},
    {"empty", "", ""},
    {"a line end only", "\n", ""},
};

static void check_own(const char *text, size_t start, const char *own)
{
    struct str words = own_words(str_of(text));
    assert_int_equal(words.data - text, start);
    assert_int_equal(words.size, strlen(own));
}

static void tells_own_words_from_quoted_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", cases[i].own, cases[i].quoted);
        print_message("%s\n", cases[i].why);
        check_own(text, 0, cases[i].own);
    }
}

static void finds_own_words_below_a_quote(void **state)
{
    static const struct {
        const char *why, *quoted, *own;
    } below[] = {
        {"two lines", "> Did it come?\n> And how is it?\n", "No. Broken."},
        {"introduced", "On 4 Nov 2026, Support wrote:\n> Did it come?\n> How is it?\n\n", "No."},
        {"one line may be anything", "", "> faster\nthan before"},
        {"nothing else", "", "> Thank you!\n> We love you.\n"},
        {"empty", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(below); i++) {
        char text[256];
        snprintf(text, sizeof text, "%s%s", below[i].quoted, below[i].own);
        print_message("%s\n", below[i].why);
        check_own(text, strlen(below[i].quoted), below[i].own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_own_words_from_quoted_ones),
                                       cmocka_unit_test(finds_own_words_below_a_quote)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
