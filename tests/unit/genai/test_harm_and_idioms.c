/* Harm beside praise, and figures of speech: what the feeling, the aspects and the advice
 * of a record say then. */
#include "genai_bench.h"

#include <math.h>

#include "model/insight/internal.h"
#include "model/safety.h"

/* words: what a list of the screen found in the text; NULL: its model alone alerts. */
static struct insight pass_harmed(struct bench *bench, const char *text, const char *language,
                                  float rating, const char *words)
{
    struct record record = bench_document(bench, text, language, "review", rating), out;
    struct safety safety = {0};
    struct err err;
    enum topic topic;
    shape_set(safety, &safety, state, ENUM_safety_state_positive);
    shape_set(safety, &safety, serious, false);
    shape_set(safety, &safety, kinds, 1u << ENUM_safety_kind_adverse_event);
    struct evidence found = {0};
    const char *at = words ? strstr(text, words) : text;
    assert_non_null(at);
    shape_set(evidence, &found, start, (uint32_t)(at - text));
    shape_set(evidence, &found, end, found.start + (uint32_t)strlen(words ? words : text));
    shape_set(evidence, &found, cue, words ? STR("@harm") : STR(SAFETY_MODEL_CUE));
    shape_set(evidence, &found, polarity, ENUM_polarity_affirmed);
    struct evidence_list evidence = {.items = &found, .count = 1};
    shape_set(safety, &safety, evidence, evidence);
    must(record_put(&record, SECTION_SAFETY, &safety, &bench->arena, &err), &err);
    assert_int_equal(bench_pass(bench, TOPIC_SEGMENTS, bench_write(bench, &record), &topic, &out),
                     E_OK);
    assert_int_equal(topic, TOPIC_INSIGHTS);
    return genai_insight(bench, &out);
}

/* The safety team's advice comes first, nobody asks for the customer's praise, and nobody answers
 * an injury with steps that solve it. */
static void check_advice_on_harm(const struct insight *insight)
{
    assert_true(insight->recommendations.count > 0);
    assert_int_equal(insight->recommendations.items[0].team, ENUM_team_safety);
    assert_int_equal(insight->recommendations.items[0].priority, 1);
    for (uint32_t i = 0; i < insight->recommendations.count; i++)
        if (insight->recommendations.items[i].team == ENUM_team_support ||
            insight->recommendations.items[i].team == ENUM_team_marketing)
            fail_msg("%.*s", STR_ARGS(insight->recommendations.items[i].text));
}

/* Only the screen's model alerts, so no words of harm are known. */
static void an_overdose_wishes_for_nothing(void **state)
{
    struct insight insight = pass_harmed(*state, "I took two tablets instead of one.", "en", 0,
                                         NULL);
    for (uint32_t i = 0; i < insight.needs.count; i++)
        assert_int_not_equal(insight.needs.items[i].kind, ENUM_need_kind_feature_request);
}

static void harm_is_no_plain_praise(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *why, *text, *language;
        float rating;
        uint32_t label;
    } cases[] = {
        {"praise and harm", "Great taste but I got a rash", "en", 0, ENUM_sentiment_label_mixed},
        {"five stars and harm", "I love this cream, soft and light, but it made my face swell up",
         "en", 5, ENUM_sentiment_label_mixed},
        {"in Spanish", "Muy buen sabor pero me sali\xc3\xb3 un sarpullido", "es", 0,
         ENUM_sentiment_label_mixed},
        {"in French", "Tr\xc3\xa8s bon go\xc3\xbbt mais j'ai eu des plaques rouges partout", "fr",
         0, ENUM_sentiment_label_mixed},
        {"a word of praise that is none", "The battery got so hot that it burned my leg", "en", 0,
         ENUM_sentiment_label_negative},
        {"told without feeling", "I took two pills and felt dizzy all day", "en", 0,
         ENUM_sentiment_label_negative},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = pass_harmed(bench, cases[i].text, cases[i].language,
                                             cases[i].rating, NULL);
        assert_int_equal(insight.sentiment.label, cases[i].label);
        check_advice_on_harm(&insight);
    }
}

/* "My hand got burned" judges nothing, but nobody is pleased; the words beside it may be praise. */
static void what_tells_of_harm_blames(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *why, *text, *language, *harm;
        uint32_t label;
    } cases[] = {
        {"told plainly", "My hand got burned", "en", "hand got burned",
         ENUM_sentiment_label_negative},
        {"two hazards", "It exploded and burned my hand", "en", "exploded",
         ENUM_sentiment_label_negative},
        {"in Spanish", "La bater\xc3\xad" "a se incendi\xc3\xb3 mientras cargaba", "es",
         "incendi\xc3\xb3", ENUM_sentiment_label_negative},
        {"in French", "Le chargeur a pris feu", "fr", "pris feu", ENUM_sentiment_label_negative},
        {"praise in a clause of its own", "Great phone, but the charger burned my hand", "en",
         "burned my hand", ENUM_sentiment_label_mixed},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = pass_harmed(bench, cases[i].text, cases[i].language, 0,
                                             cases[i].harm);
        assert_int_equal(insight.sentiment.label, cases[i].label);
        for (uint32_t k = 0; k < insight.mentions.count; k++)
            assert_int_equal(insight.mentions.items[k].sentiment, ENUM_sentiment_label_negative);
        for (uint32_t k = 0; k < insight.aspects.count; k++)
            assert_int_equal(insight.aspects.items[k].label, ENUM_sentiment_label_negative);
    }
}

/* Somebody marked a text as harm that holds no word. */
static void harm_without_words_reaches_the_safety_team(void **state)
{
    static const struct { const char *why, *text; uint32_t advice, start, end; } cases[] = {
        {"marks only", " ?! ", 1, 1, 3},
        {"one mark", ".", 1, 0, 1},
        {"blanks leave nothing to quote", "  ", 0, 0, 0},
        {"nothing at all", "", 0, 0, 0},
    };
    const struct insight_harm harm = {.alarm = INSIGHT_ALERT};
    struct insight_engine *engine;
    struct arena arena;
    struct err err;
    (void)state;
    must(insight_engine_create(strchr(genai_folder(), '=') + 1, &engine, &err), &err);
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = str_of(cases[i].text);
        struct insight_result result;
        struct tokens tokens;
        CASE(cases[i].why);
        must(text_tokenize(text, &arena, &tokens, &err), &err);
        assert_int_equal(tokens.count, 0);
        must(insight_analyze(engine, text, &tokens, "en", false, 0, &harm, &arena, &result,
                             &err),
             &err);
        assert_int_equal(result.recommendation_count, cases[i].advice);
        if (!cases[i].advice) continue;
        assert_int_equal(result.recommendations[0].team, INSIGHT_SAFETY);
        assert_int_equal(result.recommendations[0].span.start, cases[i].start);
        assert_int_equal(result.recommendations[0].span.end, cases[i].end);
        assert_true(evidence_holds(text, cases[i].start, cases[i].end));
    }
    arena_deinit(&arena);
    insight_engine_destroy(engine);
}

/* A file that would thank everybody first. */
static void rules_of_others_thank_nobody_for_harm(void **state)
{
    static const char RULES[] =
        "rule thanks\n  when sentiment=positive\n  team marketing\n  priority 1\n  en Thank them.\n"
        "rule ask\n  when always\n  team support\n  priority 1\n  en Ask.\n"
        "rule harm\n  when safety\n  team safety\n  priority 1\n  en "
        "Review it.\n";
    struct topics topics;
    struct rules rules = {0};
    struct err err;
    (void)state;
    topics_init(&topics);
    must(rules_parse(&rules, "rules", str_of(RULES), &topics, &err), &err);
    struct insight_engine engine = {.rules = rules};
    struct sentence sentence = {.first = 0, .last = 1};
    struct clause clause = {.first = 0, .last = 1};
    struct token token = {.start = 0, .end = 4};
    struct tokens tokens = {.items = &token, .count = 1};
    struct reading reading = {
        .engine = &engine, .tokens = &tokens, .sentences = &sentence, .sentence_count = 1,
        .clauses = &clause, .clause_count = 1};
    static const struct {
        const char *why;
        bool harm;
        enum insight_sentiment feeling;
        uint32_t count;
        enum insight_team teams[3];
    } cases[] = {
        {"praise", false, INSIGHT_POSITIVE, 2, {INSIGHT_MARKETING, INSIGHT_SUPPORT}},
        {"harm: safety first", true, INSIGHT_MIXED, 2, {INSIGHT_SAFETY, INSIGHT_SUPPORT}},
        {"harm that is called positive", true, INSIGHT_POSITIVE, 2,
         {INSIGHT_SAFETY, INSIGHT_SUPPORT}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight_result result = {.sentiment = cases[i].feeling};
        reading.alarm = cases[i].harm ? INSIGHT_ALERT : INSIGHT_NO_ALERT;
        reading_advice(&reading, &result);
        assert_int_equal(result.recommendation_count, cases[i].count);
        for (uint32_t k = 0; k < cases[i].count; k++)
            assert_int_equal(result.recommendations[k].team, cases[i].teams[k]);
    }
    rules_deinit(&rules);
    topics_deinit(&topics);
}

static void mixed_feeling_stays_in_the_middle(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language; } cases[] = {
        {"a sentence of each", "The bed was awful. But the staff were wonderful.", "en"},
        {"two words a side", "Great phone, terrible battery", "en"},
        {"in Spanish", "La habitaci\xc3\xb3n estaba sucia aunque el personal fue encantador", "es"},
        {"excellent but dear", "Excellent quality but far too expensive for what it is.", "en"},
        {"three sides, in Spanish",
         "Hotel céntrico y limpio, el desayuno flojo y el personal encantador", "es"},
        {"two words of feeling", "Love the new colours, hate the new price.", "en"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_int_equal(insight.sentiment.label, ENUM_sentiment_label_mixed);
        assert_true(fabsf(insight.sentiment.score) <= 0.3f);
    }
}

/* Each topic that is spoken of is blamed, whatever the word before the turn says. */
static void one_word_before_a_turn_is_a_clause(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language; uint32_t label; } cases[] = {
        {"praise, then blame", "Great, but it broke", "en", ENUM_sentiment_label_mixed},
        {"without a comma", "Great but it broke", "en", ENUM_sentiment_label_mixed},
        {"in Spanish", "Genial, pero se rompi\xc3\xb3", "es", ENUM_sentiment_label_mixed},
        {"in French", "Super, mais livraison trop lente", "fr", ENUM_sentiment_label_mixed},
        {"a turn is no clause before another", "But unfortunately it broke", "en",
         ENUM_sentiment_label_negative},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_int_equal(insight.sentiment.label, cases[i].label);
        assert_true(insight.mentions.count > 0);
        for (uint32_t k = 0; k < insight.mentions.count; k++)
            assert_int_equal(insight.mentions.items[k].sentiment, ENUM_sentiment_label_negative);
    }
}

static const struct { const char *why, *text, *language; uint32_t label; } idioms[] = {
    {"death that praises", "The tiramisu was to die for", "en", ENUM_sentiment_label_positive},
    {"slang", "These headphones are sick, the bass is insane", "en",
     ENUM_sentiment_label_positive},
    {"a killer", "Killer deal, would buy again", "en", ENUM_sentiment_label_positive},
    {"denied blame", "I can't fault it", "en", ENUM_sentiment_label_positive},
    {"denied praise in its words", "Could not be happier with the service", "en",
     ENUM_sentiment_label_positive},
    {"blame in plain words", "This bag cost an arm and a leg", "en",
     ENUM_sentiment_label_negative},
    {"Spanish", "Una c\xc3\xa1mara de muerte", "es", ENUM_sentiment_label_positive},
    {"Spanish, to the listener", "Esta pizza est\xc3\xa1 que te mueres", "es",
     ENUM_sentiment_label_positive},
    {"a word that blames in English", "El sonido es brutal", "es",
     ENUM_sentiment_label_positive},
    {"and in English", "That was a brutal wait", "en", ENUM_sentiment_label_negative},
    {"Spanish slang", "Una pantalla que flipas", "es", ENUM_sentiment_label_positive},
    {"Spanish blame", "El servicio deja mucho que desear", "es", ENUM_sentiment_label_negative},
    {"French", "Cette pizza, une vraie tuerie", "fr", ENUM_sentiment_label_positive},
    {"French slang", "Le son est mortel, \xc3\xa7" "a d\xc3\xa9" "chire", "fr",
     ENUM_sentiment_label_positive},
    {"French blame", "Le service laisse \xc3\xa0 d\xc3\xa9sirer", "fr",
     ENUM_sentiment_label_negative},
    {"what isn't dear", "Pas cher.", "fr", ENUM_sentiment_label_positive},
    {"hoped for more", "I wanted to love it", "en", ENUM_sentiment_label_negative},
    {"more, in Spanish", "Podr\xc3\xad" "a ser mejor", "es", ENUM_sentiment_label_negative},
    {"more, in French", "Peut mieux faire", "fr", ENUM_sentiment_label_negative},
    {"regretted by nobody", "No me arrepiento de la compra", "es",
     ENUM_sentiment_label_positive},
    {"nor in French", "Je ne regrette pas mon achat", "fr", ENUM_sentiment_label_positive},
    {"a trouble that is over", "They fixed the problem within an hour", "en",
     ENUM_sentiment_label_positive},
    {"in Spanish", "Problema resuelto en diez minutos", "es", ENUM_sentiment_label_positive},
    {"a trouble that never comes", "The app never crashes", "en",
     ENUM_sentiment_label_positive},
    {"in French", "Il ne plante jamais", "fr", ENUM_sentiment_label_positive},
    {"denied by n't", "This isn't a bad lamp", "en", ENUM_sentiment_label_positive},
    {"whatever the apostrophe", "I can\xe2\x80\x99t fault it", "en",
     ENUM_sentiment_label_positive},
    {"all was done", "They could not do enough for us", "en", ENUM_sentiment_label_positive},
    {"nobody is nicer", "The staff could not have been nicer", "en",
     ENUM_sentiment_label_positive},
    {"somebody might be", "The staff could have been nicer", "en",
     ENUM_sentiment_label_negative},
    {"better than ever", "My skin has never looked better", "en",
     ENUM_sentiment_label_positive},
    {"in French", "Je n'ai jamais aussi bien dormi", "fr", ENUM_sentiment_label_positive},
    {"it didn't", "It never got better", "en", ENUM_sentiment_label_negative},
    {"loved once", "I used to love this cream", "en", ENUM_sentiment_label_negative},
    {"and told by facts", "We used to love this place. Portions have halved and prices doubled.",
     "en", ENUM_sentiment_label_negative},
    {"one is used to it", "I got used to it and love it", "en",
     ENUM_sentiment_label_positive},
    {"once, in Spanish", "Antes era buen\xc3\xadsimo", "es", ENUM_sentiment_label_negative},
    {"once, in French", "Avant c'\xc3\xa9tait super, plus maintenant", "fr",
     ENUM_sentiment_label_negative},
    {"before it comes", "Antes de lo previsto, genial", "es", ENUM_sentiment_label_positive},
    {"no harm done", "No rash, no itching", "en", ENUM_sentiment_label_positive},
    {"no harm done, in Spanish", "Sin irritaci\xc3\xb3n", "es",
     ENUM_sentiment_label_positive},
    {"no harm done, in French", "Aucune irritation, je rach\xc3\xa8terai", "fr",
     ENUM_sentiment_label_positive},
    {"nobody was disappointed", "Je n'ai jamais été déçu par cette marque.", "fr",
     ENUM_sentiment_label_positive},
    {"nor were we", "On n'est pas déçus.", "fr", ENUM_sentiment_label_positive},
    {"nor in Spanish", "No me ha defraudado nunca.", "es", ENUM_sentiment_label_positive},
    {"one was", "Très déçu.", "fr", ENUM_sentiment_label_negative},
    {"who doubted is convinced", "Sceptical at first, now a convert.", "en",
     ENUM_sentiment_label_positive},
    {"neither good nor bad", "Ni bien ni mal", "es", ENUM_sentiment_label_neutral},
    {"neither", "It could be worse", "en", ENUM_sentiment_label_neutral},
    {"neither, in Spanish", "Podr\xc3\xad" "a ser peor", "es", ENUM_sentiment_label_neutral},
    {"neither, in French", "\xc3\x87" "a pourrait \xc3\xaatre pire", "fr",
     ENUM_sentiment_label_neutral},
};

static void idioms_say_what_they_mean(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT_OF(idioms); i++) {
        CASE(idioms[i].why);
        assert_int_equal(genai_pass(bench, idioms[i].text, idioms[i].language, 0).sentiment.label,
                         idioms[i].label);
    }
}

static void bare_thanks_are_neutral(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *why, *text, *language;
        float rating;
        uint32_t label;
    } cases[] = {
        {"thanks",               "Thanks!", "en", 0, ENUM_sentiment_label_neutral},
        {"agreement",            "ok", "en", 0, ENUM_sentiment_label_neutral},
        {"both",                 "OK, thank you", "en", 0, ENUM_sentiment_label_neutral},
        {"in Spanish",           "vale, muchas gracias", "es", 0, ENUM_sentiment_label_neutral},
        {"in French",            "D'accord merci", "fr", 0, ENUM_sentiment_label_neutral},
        {"stars still tell",     "thanks", "en", 5, ENUM_sentiment_label_positive},
        {"and the other way",    "ok", "en", 1, ENUM_sentiment_label_negative},
        {"so does praise",       "great app thanks", "en", 0, ENUM_sentiment_label_positive},
        {"in Spanish",           "excelente, gracias", "es", 0, ENUM_sentiment_label_positive},
        {"a face isn't bare",    "thanks \xf0\x9f\x98\x8a", "en", 0, ENUM_sentiment_label_positive},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(
            genai_pass(bench, cases[i].text, cases[i].language, cases[i].rating).sentiment.label,
            cases[i].label);
    }
}

static void words_that_are_meant_are_no_idioms(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language; } cases[] = {
        {"people are sick", "They are sick", "en"},
        {"a threat", "Recib\xc3\xad una amenaza de muerte", "es"},
        {"a denied idiom", "It is no game changer", "en"},
        {"denied by n't", "It isn't a game changer", "en"},
        {"a trouble that isn't over", "It still hasn't been resolved", "en"},
        {"another language's idiom", "The brutal noise", "en"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_not_equal(
            genai_pass(bench, cases[i].text, cases[i].language, 0).sentiment.label,
            ENUM_sentiment_label_positive);
    }
    CASE("meant where somebody was harmed");
    assert_int_equal(
        pass_harmed(bench, "The children ate it and it is sick", "en", 0, NULL).sentiment.label,
        ENUM_sentiment_label_negative);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harm_is_no_plain_praise),
        cmocka_unit_test(an_overdose_wishes_for_nothing),
        cmocka_unit_test(what_tells_of_harm_blames),
        cmocka_unit_test(harm_without_words_reaches_the_safety_team),
        cmocka_unit_test(rules_of_others_thank_nobody_for_harm),
        cmocka_unit_test(mixed_feeling_stays_in_the_middle),
        cmocka_unit_test(one_word_before_a_turn_is_a_clause),
        cmocka_unit_test(idioms_say_what_they_mean),
        cmocka_unit_test(words_that_are_meant_are_no_idioms),
        cmocka_unit_test(bare_thanks_are_neutral),
    };
    return cmocka_run_group_tests_name("harm_and_idioms", tests, genai_open, genai_close);
}
