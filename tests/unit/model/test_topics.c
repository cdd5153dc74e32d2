/* Where keywords of a taxonomy are found: single words, stars, rows of words,
 * elisions, languages. */
#include "test.h"

#include "model/elision.h"
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

static bool is_elided(const struct token *token)
{
    return token->apostrophe && elision_bytes(token->folded);
}

static struct str name_of(const struct topics *topics, uint32_t topic)
{
    if (topic == TOPIC_UNNAMED) return STR("-");
    return topic < TOPICS_MAX ? topics->names[topic] : topics->facets[topic - TOPICS_MAX];
}

/* Each match as "word=topic/words", parted by blanks. */
static struct str matches_of(const struct topics *topics, const char *text, uint32_t languages,
                             struct arena *arena)
{
    struct tokens tokens;
    struct err err;
    struct str all = STR("");
    static struct topic_sieve sieve;
    topic_sieve_fill(&sieve, topics, topics);
    assert_int_equal(text_tokenize(str_of(text), arena, &tokens, &err), E_OK);
    for (uint32_t at = 0; at < tokens.count; at++) {
        struct topic_match matches[TOPIC_MATCHES_MAX];
        uint32_t count = topics_match(topics, &tokens, at, languages, TOPIC_BY_ANY, NULL, matches);
        struct topic_places places =
            topics_places(&sieve, &tokens, at, at + 1, languages, is_elided(&tokens.items[at]));
        for (uint32_t which = TOPIC_ONE; which <= TOPIC_OTHER; which++) {
            struct topic_match again[TOPIC_MATCHES_MAX];
            uint32_t by = topics_found_by(&places, which, 0);
            assert_int_equal(topics_match(topics, &tokens, at, languages, by, NULL, again), count);
            assert_memory_equal(again, matches, count * sizeof *again);
        }
        for (uint32_t i = 0; i < count; i++)
            all = arena_printf(arena, "%.*s%s%.*s=%.*s/%u", STR_ARGS(all), all.size ? " " : "",
                               STR_ARGS(tokens.items[at].folded),
                               STR_ARGS(name_of(topics, matches[i].topic)), matches[i].words);
    }
    return all;
}

/* Keywords stand where a look at many tokens ends and the next one begins, and behind it. */
static void places_of_a_long_text(void **state)
{
    static const uint32_t keywords[] = {0, 62, 63, 64, 127, 128, 149};
    enum { WORDS = 150 };
    static struct topic_sieve sieve;
    struct topics topics, empty;
    struct arena arena = {0};
    struct tokens tokens;
    struct str text = STR("");
    struct err err;
    (void)state;
    open_topics(&topics);
    topics_init(&empty);
    topic_sieve_fill(&sieve, &empty, &topics);
    for (uint32_t i = 0, next = 0; i < WORDS; i++) {
        bool keyword = next < COUNT_OF(keywords) && keywords[next] == i;
        text = arena_printf(&arena, "%.*s %s", STR_ARGS(text), keyword ? "courier" : "walrus");
        next += keyword;
    }
    assert_int_equal(text_tokenize(text, &arena, &tokens, &err), E_OK);
    uint32_t found = 0;
    for (uint32_t first = 0; first < WORDS; first += TOPIC_PLACES) {
        uint32_t last = WORDS - first < TOPIC_PLACES ? WORDS : first + TOPIC_PLACES;
        struct topic_places of_both =
            topics_places(&sieve, &tokens, first, last, LANGUAGE_EN, 0);
        assert_int_equal(topics_places_of(&of_both, TOPIC_ONE), 0);
        uint64_t places = topics_places_of(&of_both, TOPIC_OTHER);
        for (; places; places &= places - 1, found++) {
            assert_true(found < COUNT_OF(keywords));
            assert_int_equal(first + (uint32_t)__builtin_ctzll(places), keywords[found]);
        }
    }
    assert_int_equal(found, COUNT_OF(keywords));
    topics_deinit(&topics);
    arena_deinit(&arena);
}

static uint64_t places_of_words(const struct topic_sieve *sieve, uint32_t at, const char *before,
                                const char *word, uint32_t languages, struct arena *arena)
{
    struct tokens tokens;
    struct str text = STR("");
    struct err err;
    for (uint32_t i = 0; i <= TOPIC_PLACES; i++)
        text = arena_printf(arena, "%.*s %s", STR_ARGS(text),
                            i == at ? word : i + 1 == at ? before : "walrus");
    assert_int_equal(text_tokenize(text, arena, &tokens, &err), E_OK);
    struct topic_places places = topics_places(sieve, &tokens, 0, TOPIC_PLACES, languages,
                                               at < TOPIC_PLACES ? UINT64_C(1) << at : 0);
    return topics_places_of(&places, TOPIC_ONE);
}

/* What is left of a word without its elision may be a keyword, or its second word, wherever a look
 * at many tokens ends. */
static void places_of_elisions(void **state)
{
    static struct topic_sieve sieve;
    struct topics topics;
    struct arena arena = {0};
    (void)state;
    open_topics(&topics);
    topic_sieve_fill(&sieve, &topics, &topics);
    for (uint32_t at = 0; at <= TOPIC_PLACES; at++) {
        uint64_t word = at < TOPIC_PLACES ? UINT64_C(1) << at : 0,
                 before = at > 0 ? UINT64_C(1) << (at - 1) : 0;
        const struct {
            const char *before, *word;
            uint32_t languages;
            uint64_t places;
        } cases[] = {
            {"walrus", "d'colis", LANGUAGE_FR, word}, {"walrus", "d'livrer", LANGUAGE_FR, word},
            {"not", "l'here", LANGUAGE_EN, before}, {"not", "l'hare", LANGUAGE_EN, 0},
        };
        for (size_t i = 0; i < COUNT_OF(cases); i++)
            assert_int_equal(places_of_words(&sieve, at, cases[i].before, cases[i].word,
                                             cases[i].languages, &arena),
                             cases[i].places);
    }
    topics_deinit(&topics);
    arena_deinit(&arena);
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
        {"the longest of a topic", "a double charge back", "double=billing/3 charge=billing/1",
         LANGUAGE_EN},
        {"another language", "le colis", "", LANGUAGE_EN},
        {"its own", "le colis", "colis=delivery/1", LANGUAGE_FR},
        {"all languages", "colis, courier", "colis=delivery/1 courier=delivery/1", LANGUAGE_ALL},
        {"a keyword that has an elision", "pas d'envoi, l'envoi",
         "pas=delivery/2 l'envoi=delivery/1", LANGUAGE_FR},
        {"of the second word, too", "pas de facture et d'facture",
         "pas=billing/3 facture=billing/1 d'facture=billing/1", LANGUAGE_FR},
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

static const char sided[] = "[-]\n"
                            "prime rate\n"
                            "[staff]\n"
                            "rude, night porter\n"
                            "+ kind*, smiled\n"
                            "+ thanks\n"
                            "manager, guard\n"
                            "[delivery/lost]\n"
                            "lost parcel\n"
                            "[delivery]\n"
                            "parcel, rate\n"
                            "[saws]\n"
                            "+ saw\n"
                            "guard\n";

/* Sides, what hides, and words that count only beside others. */
static void keywords_beside_others(void **state)
{
    static const struct {
        const char *why, *text, *found;
    } cases[] = {
        {"by itself", "a rude one", "rude=staff/1"},
        {"beside nothing", "the manager spoke", ""},
        {"behind its word", "kindest of them was the manager", "manager=staff/1"},
        {"before it", "the manager smiled", "manager=staff/1"},
        {"two lines are one list", "thanks to the manager", "manager=staff/1"},
        {"a word of another list", "the saw has a guard", "guard=saws/1"},
        {"its own", "the guard smiled", "guard=staff/1"},
        {"not over the end of a sentence", "The manager spoke. Who smiled?", ""},
        {"nor before it", "Who smiled? The manager spoke", ""},
        {"nor from too far", "the manager a b c d e f g h smiled", ""},
        {"a section ends the list", "a parcel", "parcel=delivery/1"},
        {"a side of a topic", "a lost parcel", "lost=delivery/lost/2 parcel=delivery/1"},
        {"what only hides", "the prime rate", "prime=-/2 rate=delivery/1"},
    };
    struct topics topics;
    struct err err;
    (void)state;
    topics_init(&topics);
    assert_int_equal(topics_add(&topics, "en.txt", STR(sided), LANGUAGE_EN, &err), E_OK);
    assert_int_equal(topics.count, 3);
    uint32_t lost = topics_find(&topics, STR("delivery/lost"));
    assert_int_equal(topics_parent(&topics, lost), topics_find(&topics, STR("delivery")));
    assert_int_equal(topics_find(&topics, STR("-")), TOPIC_UNNAMED);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        CASE(cases[i].why);
        struct str found = matches_of(&topics, cases[i].text, LANGUAGE_EN, &arena);
        if (!str_equal(found, str_of(cases[i].found))) fail_msg("%.*s", STR_ARGS(found));
        arena_deinit(&arena);
    }
    topics_deinit(&topics);
}

static void what_a_file_may_not_say(void **state)
{
    static const struct {
        const char *why, *file, *told;
    } cases[] = {
        {"a side without a name", "[delivery/]\n", "en.txt:1: a topic's name"},
        {"a side of nothing", "[/lost]\n", "en.txt:1: a topic's name"},
        {"two words to stand beside", "[a]\n+ very kind\nmanager\n",
         "en.txt:2: what a keyword stands beside is one word"},
        {"words to stand beside before a topic", "+ kind\n", "en.txt:1: keywords before"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct topics topics;
        struct err err;
        CASE(cases[i].why);
        topics_init(&topics);
        assert_int_equal(
            topics_add(&topics, "en.txt", str_of(cases[i].file), LANGUAGE_EN, &err),
            E_BAD_CONFIG);
        assert_non_null(strstr(err.text, cases[i].told));
        topics_deinit(&topics);
    }
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
        cmocka_unit_test(places_of_a_long_text),
        cmocka_unit_test(places_of_elisions),
        cmocka_unit_test(keywords_are_found),
        cmocka_unit_test(keywords_beside_others),
        cmocka_unit_test(what_a_file_may_not_say),
        cmocka_unit_test(nothing_is_found_without_keywords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
