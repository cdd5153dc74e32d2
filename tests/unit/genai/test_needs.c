/* Which sentences are needs, and of which kind, by the models that ship and the rules beside
 * them. */
#include "genai_bench.h"

static void test_what_is_no_need(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language; uint32_t kind; } cases[] = {
        {"what one can do at last isn't asked", "I can finally see all of my runs on the phone!",
         "en", ENUM_need_kind_question},
        {"nor in Spanish", "Por fin puedo ver todas mis facturas en el m\xc3\xb3vil.", "es",
         ENUM_need_kind_question},
        {"nor in French", "Je peux enfin payer avec ma montre, merci.", "fr",
         ENUM_need_kind_question},
        {"what was mended is no problem",
         "It used to crash a lot, but now it is fixed and works great.", "en",
         ENUM_need_kind_problem_report},
        {"nor in Spanish", "Antes se cerraba, pero desde la actualizaci\xc3\xb3n va perfecta.",
         "es", ENUM_need_kind_problem_report},
        {"nor in French",
         "Avant \xc3\xa7" "a plantait, mais depuis la mise \xc3\xa0 jour elle est parfaite.", "fr",
         ENUM_need_kind_problem_report},
        {"what happened asks nothing", "They charged my card twice.", "en",
         ENUM_need_kind_question},
        {"praise in the form of a question", "Que demander de plus ?", "fr",
         ENUM_need_kind_question},
        {"who worries wishes for nothing", "My cat licked the polish. Should I be worried?", "en",
         ENUM_need_kind_feature_request},
        {"nor who says what is a pity", "Bon produit, dommage pour la livraison.", "fr",
         ENUM_need_kind_feature_request},
        {"nor stars that can't be given", "If I could give zero stars I would.", "en",
         ENUM_need_kind_feature_request},
        {"nor in Spanish", "Ojal\xc3\xa1 pudiera poner cero estrellas.", "es",
         ENUM_need_kind_feature_request},
        {"nor who asks why", "Why is there a fee for paying by card?", "en",
         ENUM_need_kind_feature_request},
        {"nor what is said beside", "Why is there a fee for paying by card? It's 2026.", "en",
         ENUM_need_kind_feature_request},
        {"nor who asks what is needed", "¿Qué papeles necesito para empadronarme?", "es",
         ENUM_need_kind_feature_request},
        {"what could happen", "The step is loose. Someone could get hurt.", "en",
         ENUM_need_kind_feature_request},
        {"stars", "Five stars for the sound, one for the microphone.", "en",
         ENUM_need_kind_feature_request},
        {"stars that there aren't", "I'd give it six stars if I could.", "en",
         ENUM_need_kind_feature_request},
        {"a manager is no feature", "I want to speak to a manager", "en",
         ENUM_need_kind_feature_request},
        {"nor in Spanish", "Quiero hablar con un responsable", "es",
         ENUM_need_kind_feature_request},
        {"nor in French", "Je veux parler à un responsable", "fr",
         ENUM_need_kind_feature_request},
        {"what is owed", "One screw was missing. Please send the missing one.", "en",
         ENUM_need_kind_feature_request},
        {"emoji alone", "😡😡", "und", ENUM_need_kind_problem_report},
        {"a form's question that is answered", "Rash on day two. Were you hospitalized? No", "en",
         ENUM_need_kind_question},
        {"nor in Spanish", "Me salió un sarpullido. ¿Requirió hospitalización?: No", "es",
         ENUM_need_kind_question},
        {"how to do it is asked, not wished", "¿Cómo exporto los mensajes a un archivo?", "es",
         ENUM_need_kind_feature_request},
        {"what is wished in a question isn't asked as well",
         "Why not let us freeze a single card in the app instead of having to ring up?", "en",
         ENUM_need_kind_question},
        {"an id", "zx9qk4t", "und", ENUM_need_kind_problem_report},
        {"support that answered", "Support answered in four minutes on a Sunday.", "en",
         ENUM_need_kind_feature_request},
        {"a fix", "The update fixed the crash.", "en", ENUM_need_kind_problem_report},
        {"in Spanish", "La actualización arregló el cierre inesperado.", "es",
         ENUM_need_kind_problem_report},
        {"in French", "Le problème de connexion est réglé.", "fr",
         ENUM_need_kind_problem_report},
        {"regret isn't a wish for a feature",
         "I wish I had bought this years ago, best purchase ever.", "en",
         ENUM_need_kind_feature_request},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_false(has_need(&insight, cases[i].kind));
    }
}

/* A wish beside what looks like none is one; who calls for somebody is helped. */
static void test_what_is_a_need(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language; uint32_t kind; } cases[] = {
        {"why one can't", "Why can I only add one card? I have two accounts.", "en",
         ENUM_need_kind_feature_request},
        {"why there is none", "Why is there no dark mode?", "en", ENUM_need_kind_feature_request},
        {"an option to call", "Please add an option to speak to a manager in the app.", "en",
         ENUM_need_kind_feature_request},
        {"a fix that isn't one", "The update fixed nothing, it still crashes.", "en",
         ENUM_need_kind_problem_report},
        {"a question whose answer is another sentence", "Can I return it? No receipt was there.",
         "en", ENUM_need_kind_question},
        {"support is called for", "I want to speak to a manager", "en",
         ENUM_need_kind_problem_report},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_true(has_need(&insight, cases[i].kind));
    }
}

/* "Again." says nothing beside what it was; alone it is all there is. */
static void test_idle_sentences(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text; uint32_t needs; } cases[] = {
        {"blame", "The app crashes on start. Terrible. Waste of money.", 1},
        {"a version", "The app logs me out every single time. Version 4.2.1 on a Pixel 7.", 1},
        {"two problems", "The app crashes on start. The screen flickers all day.", 2},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(genai_pass(bench, cases[i].text, "en", 0).needs.count, cases[i].needs);
    }
}

/* What is wished for isn't there yet to be judged. */
static void test_aspects_of_wishes(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language; uint32_t label; } cases[] = {
        {"a size", "Would be perfect if it came in a smaller size", "en",
         ENUM_sentiment_label_neutral},
        {"a price", "Sería genial que la app avisara cuando baja el precio", "es",
         ENUM_sentiment_label_neutral},
        {"blamed before the wish", "The battery is awful and should last longer, please improve it",
         "en", ENUM_sentiment_label_negative},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_true(insight.aspects.count > 0);
        assert_int_equal(insight.aspects.items[0].label, cases[i].label);
    }
}

/* Goods that are missing are a problem, a function that is missing is a wish. */
static void test_what_is_missing(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *why, *text, *language; bool problem, request; } cases[] = {
        {"an item", "Il manque un article.", "fr", true, false},
        {"of an order", "Il manque un article dans ma commande.", "fr", true, false},
        {"a function", "Il manque une fonction de recherche.", "fr", false, true},
        {"in Spanish", "Me falta un art\xc3\xad" "culo del pedido.", "es", true, false},
        {"an option, in Spanish", "Falta la opci\xc3\xb3n de pagar a plazos.", "es", false, true},
        {"in English", "An item is missing from my order.", "en", true, false},
        {"a mode, in English", "It is missing a night mode.", "en", false, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_int_equal(has_need(&insight, ENUM_need_kind_problem_report), cases[i].problem);
        assert_int_equal(has_need(&insight, ENUM_need_kind_feature_request), cases[i].request);
    }
}

static float confidence_of(const struct insight *insight, uint32_t kind)
{
    for (uint32_t i = 0; i < insight->needs.count; i++)
        if (insight->needs.items[i].kind == kind) return insight->needs.items[i].confidence;
    fail_msg("there is no such need");
    return 0;
}

/* Of what is called a request at all three in ten are one; a plea is surer than a hope. */
static void test_how_sure_a_request_is(void **state)
{
    struct bench *bench = *state;
    static const char *const texts[] = {
        "Would like to see more from this brand, we will come back with friends next year for sure "
        "and tell them all about our stay.",
        "Hopefully next time the view will be clear, since we walked for hours to get there.",
        "Please add a dark mode!"};
    float before = 0.29f;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CASE(texts[i]);
        struct insight insight = genai_pass(bench, texts[i], "en", 0);
        float confidence = confidence_of(&insight, ENUM_need_kind_feature_request);
        assert_true(confidence > before);
        before = confidence + 0.1f;
    }
}

/* What support wrote is none of the customer's praise, problems or topics. */
static void test_quoted_messages(void **state)
{
    struct bench *bench = *state;
    static const struct { const char *language, *text; } cases[] = {
        {"en", "Hi,\n\nThe zip broke on day two. Please advise.\n\nOn 4 Nov 2026, at 10:12, "
               "Support wrote:\n> Thank you for your order! We hope you love it.\n> The Bags Team"},
        {"es", "Buenos días:\n\nMi pedido aparece como entregado y aquí no ha llegado nada.\n\n"
               "El 3 nov 2026, a las 9:15, Atención al Cliente escribió:\n"
               "> ¡Gracias por su compra! Esperamos que lo disfrute."},
        {"fr", "Bonjour,\n\nLe colis est arrivé ouvert et il manque deux articles.\n\n"
               "Le 3 nov. 2026 à 09:15, Service client a écrit :\n> Merci ! Nous espérons qu'elle vous plaira."},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].language);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_int_equal(insight.sentiment.label, ENUM_sentiment_label_negative);
        assert_int_equal(insight.needs.count, 1);
        assert_int_equal(insight.needs.items[0].kind, ENUM_need_kind_problem_report);
        assert_int_equal(insight.topics.count, 1);
    }
    /* no word is the customer's own: what they sent is what was quoted */
    struct insight insight =
        genai_pass(bench, "…\n> The zip broke on day two.\n> Two items are missing.", "en", 0);
    assert_int_equal(insight.sentiment.label, ENUM_sentiment_label_negative);
    assert_int_equal(insight.needs.items[0].kind, ENUM_need_kind_problem_report);
}

struct one_need {
    const char *language, *text, *need; /* all that is needed */
};

static void check_one_need(struct bench *bench, const struct one_need *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CASE(cases[i].text);
        struct insight insight = genai_pass(bench, cases[i].text, cases[i].language, 0);
        assert_int_equal(insight.needs.count, 1);
        assert_str(insight.needs.items[0].text, cases[i].need);
    }
}

/* What a form asks is no part of what is needed; its dates and grades are no needs. */
static void test_forms(void **state)
{
    static const struct one_need cases[] = {
        {"en", "Date: 12/03/2026\nRating: 2/10\nComments: Room smelled of smoke, bed was broken.",
         "room smelled of smoke bed was broken"},
        {"es", "Fecha: 12/03/2026\nNota: 2/10\nComentario: El baño estaba roto.",
         "baño estaba roto"},
        {"fr", "Note : 2/10\nDate : 12/03/2026\nCommentaire : la chambre était sale.",
         "chambre était sale"},
        {"en", "Error 500 when I pay", "error 500 when i pay"},
    };
    check_one_need(*state, cases, COUNT_OF(cases));
}

/* What the agent of a call asks, wishes and names is none of the customer's. */
static void test_calls(void **state)
{
    static const struct one_need cases[] = {
        {"en", "Agent: Thanks for calling, how can I help?\nCustomer: The kettle leaks.\n"
               "Agent: I'm sorry. Can I take your name?\nCustomer: Yes.",
         "kettle leaks"},
        {"es", "Asesora: \u00BFEn qu\u00E9 puedo ayudarle?\nCliente: La tele no enciende.\n"
               "Asesora: \u00BFHa mirado el enchufe?\nCliente: S\u00ED.",
         "tele no enciende"},
        {"fr", "Conseiller : Comment puis-je vous aider ?\nCliente : Le colis est arriv\u00E9 "
               "cass\u00E9.\nConseiller : Avez-vous une photo ?\nCliente : Oui.",
         "colis est arriv\u00E9 cass\u00E9"},
    };
    check_one_need(*state, cases, COUNT_OF(cases));
}

/* How to reach the writer is no need, where nothing else is said. */
static void test_contact(void **state)
{
    static const struct one_need cases[] = {
        {"en", "The kettle broke. [PERSON], [PHONE]", "kettle broke"},
        {"en", "Hot coffee was dropped in my lap. Booking ref QK7T2M.",
         "hot coffee was dropped in my lap"},
        {"en", "The zip broke. Date of birth: [DATE_OF_BIRTH].", "zip broke"},
        {"es", "La lavadora pierde agua. Llámenme al [PHONE], [PERSON].", "lavadora pierde agua"},
        {"es", "El reembolso no llega. IBAN [IBAN] a nombre de [PERSON].", "reembolso no llega"},
        {"fr", "Le frigo est en panne. Je suis joignable au [PHONE] après 18 h.",
         "frigo est en panne"},
        {"fr", "Le frigo est en panne. Rappelez-moi, [PERSON], [PHONE]", "frigo est en panne"},
        /* what is said of them is */
        {"en", "The site rejects my card [CARD].", "site rejects my card [CARD]"},
        {"en", "[PERSON] never called me back.", "[PERSON] never called me back"},
    };
    check_one_need(*state, cases, COUNT_OF(cases));
}

/* What is praised beside it is no part of what is needed. */
static void test_praise_beside(void **state)
{
    static const struct one_need cases[] = {
        {"en", "The food was lovely but the waiter was rude.", "waiter was rude"},
        {"en", "Gorgeous screen, terrible battery.", "terrible battery"},
        {"en", "Terrible battery, but the screen is gorgeous.", "terrible battery"},
        {"en", "Please add dark mode, great app otherwise", "dark mode"},
        {"es", "Muy buena app, lástima que no tenga modo oscuro", "modo oscuro"},
        {"fr", "Bonne application mais il faudrait un mode sombre", "mode sombre"},
        {"fr", "Plats délicieux mais serveur désagréable.",
         "serveur désagréable"},
        /* the praise is the wish */
        {"en", "It would be great, if only the map worked offline", "map worked offline"},
    };
    check_one_need(*state, cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_need),   cmocka_unit_test(test_what_is_a_need),
        cmocka_unit_test(test_idle_sentences),    cmocka_unit_test(test_aspects_of_wishes),
        cmocka_unit_test(test_what_is_missing),   cmocka_unit_test(test_how_sure_a_request_is),
        cmocka_unit_test(test_quoted_messages),   cmocka_unit_test(test_forms),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_contact),           cmocka_unit_test(test_praise_beside),
    };
    return cmocka_run_group_tests_name("needs", tests, genai_open, genai_close);
}
