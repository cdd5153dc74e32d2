/* The local provider with the models that ship: plain cases in three languages, and evidence that
 * is there in every record of the sample. */
#include "genai_bench.h"

#include "schema/intake.h"

static bool has_topic(const struct insight *insight, const char *topic)
{
    for (uint32_t i = 0; i < insight->topics.count; i++)
        if (str_equal(insight->topics.items[i], str_of(topic))) return true;
    return false;
}

static void test_plain_cases(void **state)
{
    struct bench *bench = *state;
    enum { NO_NEED = ENUM_need_kind_count };
    static const struct {
        const char *why, *text, *language;
        float rating;
        uint32_t label, need;
        const char *topic;
    } cases[] = {
        {"praise", "I love this kettle, it is excellent and works perfectly.", "en", 5,
         ENUM_sentiment_label_positive, NO_NEED, NULL},
        {"a complaint", "Terrible. It broke after two days and support never answered.", "en", 1,
         ENUM_sentiment_label_negative,
         ENUM_need_kind_problem_report, NULL},
        {"a wish", "Please add a dark mode to the app, I would like that very much.", "en", 0,
         ENUM_sentiment_label_count,
         ENUM_need_kind_feature_request, "app"},
        {"a question", "How do I pair the headphones with two laptops?", "en", 0,
         ENUM_sentiment_label_count,
         ENUM_need_kind_question, NULL},
        {"late, in Spanish",
         "El paquete lleg\xc3\xb3 tarde y la caja estaba rota. Muy mal servicio.", "es", 1,
         ENUM_sentiment_label_negative, NO_NEED, "delivery"},
        {"late, in French",
         "La livraison est arriv\xc3\xa9" "e en retard, je suis tr\xc3\xa8s d\xc3\xa9\xc3\xa7u.",
         "fr", 1,
         ENUM_sentiment_label_negative, NO_NEED, "delivery"},
        {"denied blame is praise", "Not bad at all, it does its job.", "en", 0,
         ENUM_sentiment_label_positive, NO_NEED, NULL},
        {"with a word between", "It is not a bad lamp.", "en", 0, ENUM_sentiment_label_positive,
         NO_NEED, NULL},
        {"in Spanish", "Este libro no est\xc3\xa1 nada mal.", "es", 0,
         ENUM_sentiment_label_positive, NO_NEED, NULL},
        {"in French", "Pas mal du tout.", "fr", 0, ENUM_sentiment_label_positive, NO_NEED, NULL},
        {"where a sentence ends nothing is counted", "Pas mal. De plus, il est joli.", "fr", 0,
         ENUM_sentiment_label_positive, NO_NEED, NULL},
        {"a comma parts them", "No, bad service.", "en", 0, ENUM_sentiment_label_negative, NO_NEED,
         NULL},
        {"denied praise is blame", "Not good at all.", "en", 0, ENUM_sentiment_label_negative,
         NO_NEED, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language,
                                            cases[i].rating);
        if (cases[i].label != ENUM_sentiment_label_count)
            assert_int_equal(insight.sentiment.label, cases[i].label);
        if (cases[i].need != NO_NEED) assert_true(has_need(&insight, cases[i].need));
        if (cases[i].topic) assert_true(has_topic(&insight, cases[i].topic));
        assert_true(insight.sentiment.score >= -1 && insight.sentiment.score <= 1);
        assert_str(insight.provider, "local");
        assert_true(insight.model.size > 0);
    }
}

/* Words that are in one topic and look like another's. */
static void test_topics(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *why, *text, *language, *topic, *other;
    } cases[] = {
        {"a hospital's room is no hotel's", "I went to the emergency room with burns on my arm.",
         "en", "health", "lodging"},
        {"a hotel's is", "Our room was tiny.", "en", "lodging", "safety"},
        {"a courier's speed is no program's", "Fast delivery, thanks.", "en", "delivery",
         "performance"},
        {"who hangs up", "Every agent hangs up on me.", "en", "support", "performance"},
        {"a school", "Le directeur de l'\xc3\xa9" "cole est \xc3\xa0 l'\xc3\xa9" "coute.", "fr",
         "education", "content"},
        {"no meal is hard to use", "El men\xc3\xba del d\xc3\xad" "a no cambia nunca.", "es", "food",
         "usability"},
        {"a battery burns nobody", "The hotel lamp burns through its charge.", "en", "lodging",
         "safety"},
        {"who tells something has no account", "La clienta cuenta que tardaron mucho.", "es",
         "waiting", "app"},
        {"what is sure is no danger", "Lleg\xc3\xb3 bien embalado, repetir\xc3\xa9 seguro.", "es",
         "packaging", "safety"},
        {"theft is no travel", "Le service client, c'est du vol.", "fr", "support", "travel"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_true(has_topic(&insight, cases[i].topic));
        assert_false(has_topic(&insight, cases[i].other));
    }
}

/* "Pas mal" denies blame, "pas mal de" counts; what is wished for isn't praised yet. */
static void test_praise_that_is_none(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language; bool praises; } cases[] = {
        {"many of them", "Il y a pas mal de bugs.", "fr", false},
        {"with an elision", "Pas mal d'erreurs dans la traduction.", "fr", false},
        {"with its own mark", "Il y a pas mal d\xe2\x80\x99" "erreurs sur la facture.", "fr", false},
        {"denied blame", "Pas mal dans l'ensemble.", "fr", true},
        {"a wish", "It would be great to have a dark mode.", "en", false},
        {"in Spanish", "Ser\xc3\xad" "a genial poder exportar los datos.", "es", false},
        {"in French", "Ce serait super d'avoir un mode sombre.", "fr", false},
        {"praise beside a wish", "I love this app, please add a dark mode.", "en", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_int_equal(insight.sentiment.label == ENUM_sentiment_label_positive,
                         cases[i].praises);
    }
}

/* Where no clause clearly feels, a mixed record shows the one that feels most, of either sign. */
static void test_evidence_of_mixed(void **state)
{
    struct bench *bench = *state;
    struct insight insight = genai_pass(
        bench, "Noisy, screen quality is very good but model 300 prints are card size.", "en", 0);
    assert_int_equal(insight.sentiment.label, ENUM_sentiment_label_mixed);
    assert_int_equal(insight.sentiment.evidence.count, 1);
    assert_int_equal(insight.sentiment.evidence.items[0].start, 0);
}

/* The text that a claim shows is the text that was written there. */
static void check_evidence(const struct insight *insight, struct str text)
{
    for (uint32_t i = 0; i < insight->sentiment.evidence.count; i++)
        assert_true(evidence_holds(text, insight->sentiment.evidence.items[i].start,
                                   insight->sentiment.evidence.items[i].end));
    for (uint32_t i = 0; i < insight->needs.count; i++) {
        const struct need *need = &insight->needs.items[i];
        assert_true(evidence_holds(text, need->start, need->end));
        assert_in_range(need->text.size, 1, INSIGHT_NEED_TEXT_BYTES);
        assert_true(str_is_utf8(need->text));
    }
    for (uint32_t i = 0; i < insight->mentions.count; i++)
        assert_true(
            evidence_holds(text, insight->mentions.items[i].start, insight->mentions.items[i].end));
    for (uint32_t i = 0; i < insight->aspects.count; i++) {
        const struct aspect *aspect = &insight->aspects.items[i];
        assert_true(evidence_holds(text, aspect->start, aspect->end));
        assert_true(aspect->score >= -1 && aspect->score <= 1);
    }
    for (uint32_t i = 0; i < insight->recommendations.count; i++) {
        assert_true(evidence_holds(text, insight->recommendations.items[i].start,
                                   insight->recommendations.items[i].end));
        assert_in_range(insight->recommendations.items[i].priority, 1, 5);
    }
}

static void test_evidence_in_the_sample(void **state)
{
    struct bench *bench = *state;
    struct buffer file = {0};
    struct err err;
    char path[512];
    uint32_t records = 0, needs = 0, mentions = 0, advice = 0;
    const char *source = getenv("VERBATIM_SOURCE");
    snprintf(path, sizeof path, "%s/config/sample/feedback.ndjson", source ? source : ".");
    must(buffer_read_file(&file, path, 1 << 20, &err), &err);
    struct uuid_generator ids = {.clock = &bench->clock.clock, .random = &bench->random};
    struct intake_rules rules = {.keep_unknown = true, .ids = &ids, .received_ms = 1};
    for (struct str rest = buffer_str(&file); rest.size; records++) {
        struct intake intake;
        struct json_problems problems;
        must(intake_json(str_cut(&rest, '\n'), &rules, records, &bench->arena, &intake,
                         &problems, &err),
             &err);
        struct str text = arena_copy(&bench->arena, intake.feedback.text);
        struct insight insight = genai_pass(bench, text.data, "en", intake.feedback.rating);
        /* our own provider claims nothing that isn't there */
        assert_int_equal(insight.dropped_claims, 0);
        check_evidence(&insight, text);
        needs += insight.needs.count, mentions += insight.mentions.count,
            advice += insight.recommendations.count;
    }
    assert_true(records > 150 && needs > records / 4 && mentions > records / 2 &&
                advice > records / 4);
    buffer_deinit(&file);
}

/* Texts that try to be awkward: an answer all the same, with evidence inside. */
static void test_awkward_texts(void **state)
{
    struct bench *bench = *state;
    static char long_text[60000];
    memset(long_text, 'a', sizeof long_text - 1);
    for (size_t i = 7; i < sizeof long_text - 1; i += 8) long_text[i] = i % 64 == 63 ? '.' : ' ';
    const struct {
        const char *why, *text;
    } cases[] = {
        {"one character", "a"},
        {"no word", "!!! ... ???"},
        {"only emoji", "\xf0\x9f\x98\xa1\xf0\x9f\x98\xa1"},
        {"no spaces", "verylatedeliveryandbrokenbox"},
        {"only line breaks and words", "late\n\n\nlate\n\nbroken\n"},
        {"combining marks", "e\xcc\x81" "e\xcc\x81 late \xcc\x81"},
        {"another script", "\xe5\xbe\x88\xe7\xb3\x9f\xe7\xb3\x95"},
        {"60,000 bytes", long_text},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, "und", 0);
        check_evidence(&insight, str_of(cases[i].text));
    }
}

/* "price=positive: Great price" for each aspect. */
static void show_aspects(const struct insight *insight, const char *text, struct buffer *out)
{
    buffer_clear(out);
    for (uint32_t i = 0; i < insight->aspects.count; i++) {
        const struct aspect *aspect = &insight->aspects.items[i];
        buffer_printf(out, "%s%.*s=%s: %.*s", i ? "; " : "", STR_ARGS(aspect->aspect),
                      sentiment_label_enumeration.values[aspect->label],
                      (int)(aspect->end - aspect->start), text + aspect->start);
    }
}

static void test_aspects(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language, *aspects; } cases[] = {
        {"each clause judges its own",
         "The price is excellent, but the delivery was terrible and very late.", "en",
         "price=positive: The price is excellent; delivery=negative: but the delivery was terrible "
         "and very late"},
        {"a clause of two is cut at the comma", "Excellent price, terrible delivery.", "en",
         "price=positive: Excellent price; delivery=negative: terrible delivery"},
        {"and at a word of joining", "Excellent price and terrible delivery.", "en",
         "price=positive: Excellent price; delivery=negative: and terrible delivery"},
        {"a hyphen within a word parts nothing", "Le prix du lave-linge est excellent.", "fr",
         "price=positive: Le prix du lave-linge est excellent"},
        {"nor does the mark of a number", "The price of 4.99 is excellent.", "en",
         "price=positive: The price of 4.99 is excellent"},
        {"praised and blamed",
         "I love the quality of the cover. The quality of the lining is terrible, awful.", "en",
         "quality=mixed: *"}, /* whichever clause feels most */
        {"a question doesn't judge", "Is the delivery always this awful?", "en", ""},
        {"nothing is named", "I absolutely love it, excellent!", "en", ""},
        {"Spanish", "El precio es excelente, pero la entrega fue p\xc3\xa9sima.", "es",
         "price=positive: El precio es excelente; delivery=negative: pero la entrega fue "
         "p\xc3\xa9sima"},
        {"French, with an elision", "J'adore l'emballage, mais le prix est horrible.", "fr",
         "packaging=positive: J'adore l'emballage; price=negative: mais le prix est horrible"},
        {"words of another language don't count", "The envase was excellent.", "en", ""},
        {"who names nothing speaks of what was named",
         "They answered quickly, the support team is fantastic, wonderful.", "en",
         "support=positive: They answered quickly, the support team is fantastic, wonderful"},
        {"a turn parts them", "The delivery was terrible and late, but I love it.", "en",
         "delivery=negative: The delivery was terrible and late"},
        {"a longer keyword owns its words", "The noise cancelling is excellent.", "en",
         "sound=positive: The noise cancelling is excellent"},
        {"photos of the product judge no camera", "Lovely suitcase, just like in the photos.", "en",
         ""},
        {"nor in Spanish", "La maleta es preciosa, tal como en las fotos.", "es",
         "design=positive: La maleta es preciosa, tal como en las fotos"},
        {"photos that a camera took do", "It takes wonderful photos.", "en",
         "camera=positive: It takes wonderful photos"},
    };
    struct buffer shown = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        show_aspects(&insight, cases[i].text, &shown);
        size_t size = strcspn(cases[i].aspects, "*");
        if (cases[i].aspects[size])
            assert_memory_equal(buffer_cstr(&shown), cases[i].aspects, size);
        else assert_string_equal(buffer_cstr(&shown), cases[i].aspects);
    }
    buffer_deinit(&shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_cases), cmocka_unit_test(test_topics),
        cmocka_unit_test(test_praise_that_is_none), cmocka_unit_test(test_evidence_of_mixed),
        cmocka_unit_test(test_evidence_in_the_sample),
        cmocka_unit_test(test_aspects), cmocka_unit_test(test_awkward_texts),
    };
    return cmocka_run_group_tests_name("local", tests, genai_open, genai_close);
}
