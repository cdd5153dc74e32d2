/* Where keywords of a taxonomy are found: single words, stars, rows of words, elisions, languages. */
#include "test.h"

#include "model/topics.h"

static const char english[] = "[delivery]\n"
                              "courier, deliver*, not here, on the way, late pack*\n"
                              "[billing]\n"
                              "charge, late charge, double charge back\n";
static const char french[] = "[delivery]\n"
                             "colis, l'envoi, pas d'envoi, livr*\n"
                             "[billing]\n"
                             "facture, pas de facture\n";

static void open_topics(struct topics *topics)
{
    struct err err;
    topics_init(topics);
    assert_int_equal(topics_add(topics, "en.txt", STR(english), LANGUAGE_EN, &err), E_OK);
    assert_int_equal(topics_add(topics, "fr.txt", STR(french), LANGUAGE_FR, &err), E_OK);
}

/* Each match as "word=topic/words", parted by blanks. */
static struct str matches_of(const struct topics *topics, const char *text, uint32_t languages, struct arena *arena)
{
    struct tokens tokens;
    struct err err;
    struct str all = STR("");
    assert_int_equal(text_tokenize(str_of(text), arena, &tokens, &err), E_OK);
    for (uint32_t at = 0; at < tokens.count; at++) {
        struct topic_match matches[TOPIC_MATCHES_MAX];
        uint32_t count = topics_match(topics, &tokens, at, languages, matches);
        for (uint32_t i = 0; i < count; i++)
            all = arena_printf(arena, "%.*s%s%.*s=%.*s/%u", STR_ARGS(all), all.size ? " " : "", STR_ARGS(tokens.items[at].folded),
                               STR_ARGS(topics->names[matches[i].topic]), matches[i].words);
    }
    return all;
}

static void keywords_are_found(void **state)
{
    static const struct {
        const char *why, *text, *found;
        uint32_t languages;
    } cases[] = {
        {"a word", "The Courier came", "courier=delivery/1", LANGUAGE_EN},
        {"the last word of a text", "a charge", "charge=billing/1", LANGUAGE_EN},
        {"a star", "They delivered it", "delivered=delivery/1", LANGUAGE_EN},
        {"fewer letters than the star's word", "deli food", "", LANGUAGE_EN},
        {"a star behind a word", "late packages", "late=delivery/2", LANGUAGE_EN},
        {"two words", "it is not here", "not=delivery/2", LANGUAGE_EN},
        {"their first alone, at the end", "it is not", "", LANGUAGE_EN},
        {"their first before another", "it is not there", "", LANGUAGE_EN},
        {"three words", "it is on the way", "on=delivery/3", LANGUAGE_EN},
        {"two of three", "it is on the road", "", LANGUAGE_EN},
        {"not over the end of a sentence", "I did not. Here it is", "", LANGUAGE_EN},
        {"one start, two topics", "a late charge", "late=billing/2 charge=billing/1", LANGUAGE_EN},
        {"the longest of a topic", "a double charge back", "double=billing/3 charge=billing/1", LANGUAGE_EN},
        {"another language", "le colis", "", LANGUAGE_EN},
        {"its own", "le colis", "colis=delivery/1", LANGUAGE_FR},
        {"all languages", "colis, courier", "colis=delivery/1 courier=delivery/1", LANGUAGE_ALL},
        {"an elision is taken off", "pas d'envoi, l'envoi", "pas=delivery/2", LANGUAGE_FR},
        {"of the second word, too", "pas de facture et d'facture", "pas=billing/3 facture=billing/1 d'facture=billing/1", LANGUAGE_FR},
        {"of a star's word", "j'ai vu qu'livree", "qu'livree=delivery/1", LANGUAGE_FR},
    };
    struct topics topics;
    (void)state;
    open_topics(&topics);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        CASE(cases[i].why);
        struct str found = matches_of(&topics, cases[i].text, cases[i].languages, &arena);
        if (!str_equal(found, str_of(cases[i].found))) fail_msg("%.*s", STR_ARGS(found));
        arena_deinit(&arena);
    }
    topics_deinit(&topics);
}

static void nothing_is_found_without_keywords(void **state)
{
    struct topics topics;
    struct arena arena = {0};
    (void)state;
    topics_init(&topics);
    assert_int_equal(matches_of(&topics, "l'envoi of a courier", LANGUAGE_ALL, &arena).size, 0);
    topics_deinit(&topics);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords_are_found),
        cmocka_unit_test(nothing_is_found_without_keywords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
