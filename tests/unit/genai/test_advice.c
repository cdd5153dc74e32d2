/* The topics and the advice that ship, on what customers of many trades write: each case is one
 * record, what it is about, who is told what, and what nobody should be told. */
#include "genai_bench.h"

struct told {
    const char *why, *text, *language;
    float rating;
    const char *topic;  /* NULL: any */
    const char *advice; /* how one piece of it begins; NULL: there is none at all */
    const char *never;  /* words that stand in none; NULL: any */
};

static bool is_about(const struct insight *insight, const char *topic)
{
    for (uint32_t i = 0; i < insight->topics.count; i++)
        if (str_equal(insight->topics.items[i], str_of(topic))) return true;
    return false;
}

static void check(const struct insight *insight, const struct told *told)
{
    bool found = false;
    if (told->topic && !is_about(insight, told->topic)) fail_msg("not about %s", told->topic);
    for (uint32_t i = 0; i < insight->recommendations.count; i++) {
        struct str text = insight->recommendations.items[i].text;
        if (told->never && str_find(text, str_of(told->never)) < text.size)
            fail_msg("%.*s", STR_ARGS(text));
        found = found || (told->advice && str_starts(text, str_of(told->advice)));
    }
    if (told->advice && !found) fail_msg("nobody is told \"%s\"", told->advice);
    if (!told->advice) assert_int_equal(insight->recommendations.count, 0);
}

static void who_is_told_what(void **state)
{
    static const struct told cases[] = {
        {"a suitcase has no version", "Flight delayed 5 hours and they lost my suitcase.", "en",
         1, "travel", "Look up the booking", "version"},
        {"nor has a claim", "Claim rejected after 3 months and no explanation. Shame on you!", "en",
         1, "insurance", "Have a handler look", "version"},
        {"nor has a meal", "Food was cold and the waiter was rude.", "en", 1, "food",
         "Tell the house or kitchen", "version"},
        {"an app has", "The app crashes every time I open it since the update, fix it please!",
         "en", 1, "app", "Reply with the steps", NULL},
        {"a transfer isn't billed in error",
         "L'application plante d\xc3\xa8s que je veux faire un virement.", "fr", 1, "payments",
         "Retrouver le paiement", "rembourser"},
        {"a charge that isn't understood",
         "¿A qué corresponde este cargo de 12 euros en mi factura?", "es", 0,
         "billing", "Responda a la pregunta: explique", "Compare el precio"},
        {"nor is a double charge a fault of the app",
         "They charged my card twice for the same hotel night and nobody at reception helped.",
         "en", 1, "billing", "Find both charges", "Reproduce"},
        {"a theft is no flight", "Impossible d'annuler mon abonnement, c'est du vol !", "fr", 1,
         "leaving", "Ex\xc3\xa9" "cuter la r\xc3\xa9siliation", "bagage"},
        {"who is locked out", "SSO fails with error 403, our whole team is locked out.", "en", 1,
         "account", "Help the customer into the account", NULL},
        {"who leaves", "Terrible service, I want to cancel my contract.", "en", 1, "leaving",
         "Carry out the cancellation", NULL},
        {"who leaves, in Spanish", "Un desastre, quiero darme de baja.", "es", 1, "leaving",
         "Tramite la baja", NULL},
        {"who leaves, in French", "Tr\xc3\xa8s d\xc3\xa9\xc3\xa7u, je vais r\xc3\xa9silier.", "fr",
         1, "leaving", "Le client part", NULL},
        {"praise with blame isn't quoted",
         "My son loves the train set, it is great. The box arrived crushed.", "en", 5, "packaging",
         "Look for the same complaint", "quoted"},
        {"praise without is", "I love this kettle, it is excellent and works perfectly.", "en", 5,
         NULL, "Thank the customer", NULL},
        {"what is broken is repaired", "The changing room is dirty and the shower is broken.", "en", 1,
         "facilities", "Have it looked at", NULL},
        {"who asks about a medicine", "Can I take these tablets with milk?", "en", 0, "health",
         "Have somebody qualified", "help pages"},
        {"invoices to be imported were charged to nobody",
         "Peut-on importer les factures par lot ?", "fr", 0, "integration", "R\xc3\xa9pondre",
         "pr\xc3\xa9l\xc3\xa8vement"},
        {"a wish about deliveries has no parcel to be found",
         "There should be an option to pause deliveries when on holiday.", "en", 0, "delivery",
         "Add the wish", "parcel"},
        {"data have somebody who answers for them", "They sold my data. Disgusting.", "en", 1,
         "privacy", "Pass it to whoever answers for data protection", NULL},
        {"one word isn't quoted either", "Great!", "en", 5, NULL, NULL, NULL},
    };
    (void)state;
    struct bench bench;
    struct err err;
    must(bench_open(&bench, &genai_worker, genai_folder(), &err), &err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct insight insight = genai_pass(&bench, cases[i].text, cases[i].language,
                                            cases[i].rating);
        check(&insight, &cases[i]);
    }
    bench_close(&bench);
}

static struct insight pass_judged(struct bench *bench, struct record *record,
                                  const struct safety *safety)
{
    struct record out;
    struct err err;
    enum topic topic;
    must(record_put(record, SECTION_SAFETY, safety, &bench->arena, &err), &err);
    must(bench_pass(bench, TOPIC_SEGMENTS, bench_write(bench, record), &topic, &out), &err);
    assert_int_equal(topic, TOPIC_INSIGHTS);
    return genai_insight(bench, &out);
}

/* Not one keyword of the topic stands there; what feels worst is told elsewhere. */
static void an_alert_is_about_safety(void **state)
{
    static const char TEXT[] = "Lovely mug. The handle came off and I had to go to A&E. "
                               "Terrible, horrible box.";
    struct bench bench;
    struct err err;
    (void)state;
    must(bench_open(&bench, &genai_worker, genai_folder(), &err), &err);
    for (int with_words = 0; with_words < 2; with_words++) { /* else the model alone alerts */
        struct record record = bench_document(&bench, TEXT, "en", "review", 2);
        struct safety safety = {0};
        struct evidence found = {0};
        shape_set(safety, &safety, state, ENUM_safety_state_positive);
        shape_set(safety, &safety, serious, false);
        shape_set(evidence, &found, start, 16);
        shape_set(evidence, &found, end, 31);
        shape_set(evidence, &found, cue, STR("came off"));
        shape_set(evidence, &found, polarity, ENUM_polarity_affirmed);
        struct evidence_list evidence = {.items = &found, .count = 1};
        if (with_words) shape_set(safety, &safety, evidence, evidence);
        if (with_words) shape_set(safety, &safety, kinds, 1u << ENUM_safety_kind_hazard);
        struct insight insight = pass_judged(&bench, &record, &safety);
        const struct mention *mention = NULL;
        for (uint32_t i = 0; i < insight.mentions.count; i++)
            if (str_equal(insight.mentions.items[i].topic, STR("safety")))
                mention = &insight.mentions.items[i];
        assert_non_null(mention);
        if (with_words) assert_true(mention->start == 16 && mention->end == 31);
        assert_true(mention->start > 10); /* never in the praise */
        const struct recommendation *first = &insight.recommendations.items[0];
        assert_int_equal(first->team, ENUM_team_safety);
        if (with_words) assert_true(first->start < 31 && first->end > 16);
    }
    struct insight calm = genai_pass(&bench, TEXT, "en", 2);
    assert_false(is_about(&calm, "safety"));
    bench_close(&bench);
}

/* The screen doesn't read German, so nobody knows whether this praises or tells of an injury. */
static void the_safety_team_reads_what_could_not_be_judged(void **state)
{
    static const char TEXT[] = " Super Messer, aber meine Tochter blutete stark, das war sehr gut ";
    struct bench bench;
    struct err err;
    (void)state;
    must(bench_open(&bench, &genai_worker, genai_folder(), &err), &err);
    struct record record = bench_document(&bench, TEXT, "de", "review", 5);
    struct safety safety = {0};
    shape_set(safety, &safety, state, ENUM_safety_state_unassessed);
    shape_set(safety, &safety, serious, false);
    struct insight insight = pass_judged(&bench, &record, &safety);
    assert_true(insight.recommendations.count > 0);
    const struct recommendation *first = &insight.recommendations.items[0];
    assert_int_equal(first->team, ENUM_team_safety);
    assert_true(str_starts(first->text, STR("Have this read by somebody who knows its language")));
    assert_int_equal(first->start, 1); /* all of it, but for the blanks around */
    assert_int_equal(first->end, sizeof TEXT - 2);
    for (uint32_t i = 0; i < insight.recommendations.count; i++)
        assert_int_not_equal(insight.recommendations.items[i].team, ENUM_team_marketing);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_told_what),
        cmocka_unit_test(an_alert_is_about_safety),
        cmocka_unit_test(the_safety_team_reads_what_could_not_be_judged)};
    return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
