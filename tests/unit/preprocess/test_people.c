/* What preprocess leaves to people: what it can't judge or read, by when, and of which product. */
#include "preprocess_rig.h"

/* Promise 3: what can't be judged goes to people, and is never called harmless. */
static void leaves_doubt_to_people(void **state)
{
    static const struct {
        const char *why, *text, *hint, *language;
        enum safety_state expected;
    } cases[] = {
        {"words that harm nobody, in whatever language", "ok", NULL, "und",
         ENUM_safety_state_negative},
        {"nothing to go by", "hm", NULL, "und", ENUM_safety_state_unassessed},
        {"nothing to go by but the caller's word", "hm", "en-GB", "en", ENUM_safety_state_negative},
        {"as others write it", "hm", "EN_gb", "en", ENUM_safety_state_negative},
        {"a language's name is no code", "hm", "English", "und", ENUM_safety_state_unassessed},
        {"nor is what holds other marks", "hm", "e~-GB", "und", ENUM_safety_state_unassessed},
        {"or is too short", "hm", "e", "und", ENUM_safety_state_unassessed},
        {"the caller's word against a weak guess", "morto", "en", "en",
         ENUM_safety_state_unassessed},
        {"the caller's word against a sure one", "Das Essen war gut und der Akku hält lange.", "en",
         "de", ENUM_safety_state_unassessed},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char id[16];
        CASE(cases[i].why);
        struct feedback feedback = said(cases[i].text);
        if (cases[i].hint) shape_set(feedback, &feedback, language, str_of(cases[i].hint));
        snprintf(id, sizeof id, "doubt-%zu", i);
        receive(&rig, id, &feedback, 1000);
        const struct out *document = &rig.outs[rig.count - 1];
        assert_int_equal(rig.count, cases[i].expected == ENUM_safety_state_negative ? 1 : 2);
        assert_int_equal(document->topic, TOPIC_DOCUMENTS);
        assert_true(str_equal(document->document.language, str_of(cases[i].language)));
        assert_int_equal(document->safety.state, cases[i].expected);
    }
    close_rig(&rig);
}

/* Told on the safety topic without a word of what was said, and not under the customer's key. */
static void expect_unassessed(const struct out *out, struct str id)
{
    assert_int_equal(out->topic, TOPIC_SAFETY);
    assert_true(str_equal(out->record.id, id) && str_equal(str_of(out->key), id));
    assert_int_equal(out->safety.state, ENUM_safety_state_unassessed);
    assert_true(str_equal(out->safety.reason, STR("refused")));
    assert_int_equal(out->safety.received_at, 1700000000000);
    assert_int_equal(out->safety.due_at, 1700000000000 + 15 * INT64_C(86400000));
    for (int section = 0; section < SECTION_COUNT; section++)
        assert_true(section == SECTION_SAFETY || !record_has(&out->record, (enum section)section));
}

static void refuses_for_good(void **state)
{
    static const struct {
        const char *why, *text, *cause;
        bool record; /* it is one, with an id */
    } cases[] = {
        {"no text", NULL, "bad_message", true},
        {"bad UTF-8", "good\xFF\xFE bad", "bad_message", false},
        {"cut in a character", "caf\xC3", "bad_message", false},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct feedback feedback = said(cases[i].text);
        CASE(cases[i].why);
        shape_set(feedback, &feedback, rating, 3);
        receive(&rig, "r", &feedback, 1700000000000);
        assert_int_equal(rig.count, 2);
        assert_int_equal(rig.outs[0].topic, TOPIC_DEAD_LETTERS);
        assert_true(str_equal(rig.outs[0].letter.cause, str_of(cases[i].cause)));
        assert_true(str_equal(rig.outs[0].letter.worker, STR("preprocess")));
        assert_true(rig.outs[0].letter.value.size > 0); /* it can be redriven */
        assert_int_equal(shape_has(dead_letter, &rig.outs[0].letter, record), cases[i].record);
        expect_unassessed(&rig.outs[1], cases[i].record ? STR("r") : rig.outs[0].record.id);
    }
    close_rig(&rig);
}

/* Not even an id: people find it by the letter's. */
static void what_is_no_record_goes_to_people(void **state)
{
    static const struct chain_message message = {
        .topic = TOPIC_FEEDBACK, .key = {"c-17", 4}, .value = {"\xc1", 1},
        .timestamp_ms = 1700000000000};
    struct rig rig;
    struct err err;
    (void)state;
    open_rig(&rig, "");
    assert_int_equal(chain_process(rig.chain, &message, on_output, &rig, &err), E_OK);
    assert_int_equal(rig.count, 2);
    assert_int_equal(rig.outs[0].topic, TOPIC_DEAD_LETTERS);
    assert_false(shape_has(dead_letter, &rig.outs[0].letter, record));
    expect_unassessed(&rig.outs[1], rig.outs[0].record.id);
    close_rig(&rig);
}

static void clocks_run_from_receipt(void **state)
{
    static const struct {
        const char *why, *text;
        int64_t due_days; /* after receipt */
        bool serious;
        const char *region, *clock;
    } cases[] = {
        {"serious: 15 days", "After two pills my mother was hospitalised with a bad reaction.", 15,
         true, NULL, "eu adverse_event serious"},
        {"not serious: 90 days", "This cream gave me a terrible rash on both of my arms.", 90,
         false, NULL, "eu adverse_event other"},
        {"a hazard: 1 day", "The charger caught fire on my desk last night while charging.", 1,
         false, NULL, "eu hazard any"},
        {"nobody could assess it: as if it were serious",
         "Der F\u00F6hn hat Feuer gefangen und ich habe mir die Hand verbrannt.", 15, false, NULL,
         "any unassessed any"},
        {"the record's own region", "The charger caught fire on my desk last night while charging.",
         1, false, "us", "us hazard any"},
        {"the region has none: those of any",
         "This cream gave me a terrible rash on both of my arms.", 90, false, "us",
         "any any other"},
        {"a region that no clock knows: all of them",
         "This cream gave me a terrible rash on both of my arms.", 90, false, "moon",
         "eu adverse_event other"},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct feedback feedback = said(cases[i].text);
        char id[16];
        int64_t received_ms = 1700000000000;
        snprintf(id, sizeof id, "c%zu", i);
        CASE(cases[i].why);
        struct str_pair region = {STR("region"), str_of(cases[i].region)};
        shape_set(feedback, &feedback, received_at, received_ms);
        if (cases[i].region)
            shape_set(feedback, &feedback, attributes, (struct str_map){&region, 1});
        receive(&rig, id, &feedback, received_ms + 5000);
        assert_int_equal(rig.count, 2);
        assert_int_equal(rig.outs[0].topic, TOPIC_SAFETY);
        assert_int_equal(rig.outs[0].safety.received_at, received_ms);
        assert_int_equal(rig.outs[0].safety.due_at, received_ms + cases[i].due_days * 86400000);
        assert_true(str_equal(rig.outs[0].safety.clock, str_of(cases[i].clock)));
        if (cases[i].serious) assert_true(rig.outs[0].safety.serious);
    }
    close_rig(&rig);
}

static void product_names_meet_the_criterion(void **state)
{
    static const struct {
        const char *why, *text, *product; /* product: what it is called, or NULL */
    } cases[] = {
        {"a medicine of the list", "Since I started sertraline I vomit every single morning.",
         "sertraline"},
        {"by another name, in French",
         "L'acétaminophène m'a donné des plaques rouges sur tout le visage.", "paracetamol"},
        {"no name, and nothing else that says which",
         "She vomited all night and her face was badly swollen.", NULL},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct feedback feedback = said(cases[i].text);
        char id[16];
        CASE(cases[i].why);
        snprintf(id, sizeof id, "p%zu", i);
        receive(&rig, id, &feedback, 1);
        const struct safety *safety = &rig.outs[0].safety;
        assert_int_equal(safety->state, ENUM_safety_state_positive);
        assert_int_equal(safety->criteria.product, cases[i].product != NULL);
        assert_int_equal(safety->products.count, cases[i].product ? 1 : 0);
        if (!cases[i].product) continue;
        assert_true(str_equal(safety->products.items[0].name, str_of(cases[i].product)));
        assert_in_range(safety->products.items[0].end, safety->products.items[0].start + 1,
                        strlen(cases[i].text));
    }
    close_rig(&rig);
}

/* No list knows what this says; who speaks and of what is found all the same. */
static void what_the_model_found_meets_the_criteria(void **state)
{
    struct feedback feedback =
        said("Two days on this syrup and my guts are in knots, had to bin it.");
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    receive(&rig, "m", &feedback, 1);
    const struct safety *safety = &rig.outs[0].safety;
    assert_int_equal(safety->state, ENUM_safety_state_positive);
    assert_true(safety->criteria.product && safety->criteria.patient && safety->criteria.reporter);
    close_rig(&rig);
}

/* The same vague words are a report sooner where a medicine is what they are about. */
static void watches_medicines(void **state)
{
    static const char *const vague[] = {
        "I felt off all week.", "Not myself since Tuesday.", "My nights are odd.",
        "Everything tastes of metal.", "I sleep less.", "I am always hungry now.",
        "My mouth is a desert.", "I could not finish my shift.", "Strange dreams.",
        "My hands do what they like.", "I feel nothing.", "The room moves.", "I cry at adverts.",
        "Two weeks and I am flat.", "I sweat at night.", "My legs won't sit still.",
        "I forget words.", "My head is full of cotton.", "No wish for anything.", "I feel wired.",
    };
    static const char *const products[] = {NULL, "winter coat", "sertraline 50 mg", "cough syrup"};
    uint32_t alerts[COUNT_OF(products)] = {0};
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t k = 0; k < COUNT_OF(products); k++)
        for (size_t i = 0; i < COUNT_OF(vague); i++) {
            struct feedback feedback = said(vague[i]);
            char id[16];
            CASE(vague[i]);
            snprintf(id, sizeof id, "w%zu-%zu", k, i);
            if (products[k]) shape_set(feedback, &feedback, product, str_of(products[k]));
            receive(&rig, id, &feedback, 1);
            alerts[k] += rig.outs[0].topic == TOPIC_SAFETY &&
                         rig.outs[0].safety.state == ENUM_safety_state_positive;
        }
    assert_int_equal(alerts[0], alerts[1]);
    assert_true(alerts[2] > alerts[0] && alerts[3] == alerts[2]);
    close_rig(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_model_found_meets_the_criteria),
        cmocka_unit_test(watches_medicines), cmocka_unit_test(leaves_doubt_to_people), cmocka_unit_test(refuses_for_good),
        cmocka_unit_test(what_is_no_record_goes_to_people),
        cmocka_unit_test(clocks_run_from_receipt),
        cmocka_unit_test(product_names_meet_the_criterion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
