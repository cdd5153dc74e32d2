/* Digests in words: the lines that are shown, that no number passes which isn't in them, and the
 * rules' own sentences. */
#include "digest_rows.h"
#include "must.h"

#include <ctype.h>
#include <stdlib.h>

#include "workers/genai/digest_story.h"
#include "workers/genai/prompt.h"

struct bench {
    struct digest_bed bed;
    struct arena arena;
    struct digest_facts *facts;
    uint32_t count;
};

static void open_bench(struct bench *bench)
{
    struct err err;
    *bench = (struct bench){.count = 0};
    bed_fill(&bench->bed);
    must(digest_facts_make(&bench->bed.digest, &bench->arena, &bench->facts, &bench->count, &err),
         &err);
}

static void the_counts_as_lines(void **state)
{
    static const char *const window =
        "All feedback: 120 records, mean feeling -0.05\n"
        "Unhappy: 48 records (40%), mean feeling -0.60\n"
        "Safety reports: 3 records (2%), mean feeling -0.80\n"
        "Topic delivery: 44 records (37%), mean feeling -0.50; usually 12 records, mean feeling "
        "0.10; rising\n"
        "Topic quality: 30 records (25%), mean feeling 0.40\n"
        "Wish \"a lid for 2 cups\": 9 records\n"
        "Question \"how to pair\": 2 records\n" /* what one alone asks isn't shown */
        "Product Charger X2: 1500 records (1250%), mean feeling 0.00\n"
        "Segment 7: 40 records (33%), mean feeling -0.20\n"
        "Segment 2: 4 records (3%), mean feeling 0.50";
    static const char *const segment = "Segment 7: 40 records (33%), mean feeling -0.20\n"
                                       "Topic delivery: 20 records (50%), mean feeling -0.70";
    struct bench bench;
    (void)state;
    open_bench(&bench);
    assert_int_equal(bench.count, 2); /* four records are no segment worth a story */
    assert_string_equal(bench.facts[0].text.data, window);
    assert_int_equal(bench.facts[0].segment.size, 0);
    assert_string_equal(bench.facts[1].text.data, segment);
    assert_true(str_equal(bench.facts[1].segment, STR("7")));
    arena_deinit(&bench.arena);
}

static const struct { const char *why, *language, *text; bool holds; } sentences[] = {
    {"no number at all",                        "en", "Delivery is what people speak of.", true},
    {"a count",                                 "en", "Delivery came up in 44 records.", true},
    {"a count that nobody counted",             "en", "Delivery came up in 45 records.", false},
    {"the right one beside a wrong one",        "en", "44 records, 45 customers.", false},
    {"a feeling with its sign",                 "en", "The mood is -0.60 among them.", true},
    {"a minus sign proper",                     "en", "The mood is \xe2\x88\x92""0.60 among them.",
     true},
    {"a feeling without its sign",              "en", "The mood is 0.60 among them.", false},
    {"the same with a decimal comma",           "es", "El sentimiento es -0,6.", true},
    {"a share",                                 "en", "37% speak of delivery.", true},
    {"a share in words",                        "fr", "37 pour cent parlent de la livraison.",
     true},
    {"a share with a space",                    "fr", "37\xc2\xa0% parlent de la livraison.", true},
    {"a share that is a count",                 "en", "44% speak of delivery.", false},
    {"a count that is a share",                 "en", "37 speak of delivery.", false},
    {"thousands with a comma",                  "en", "1,500 records are about the charger.", true},
    {"thousands with a point",                  "es", "1.500 registros.", true},
    {"thousands, badly parted",                 "en", "15,00 records.", false},
    {"a range of counts",                       "en", "Between 30-44 records.", true},
    {"a digit in a product's name",             "en", "The charger x2 is liked.", true},
    {"the digit without the name",              "en", "X22 is liked.", false},
    {"a digit in a need",                       "en", "They wish for a lid for 2 cups.", true},
    {"a segment's number",                      "en", "Segment 7 is unhappy.", true},
    {"a segment's number, in Spanish",          "es", "El segmento 7 no est\xc3\xa1 contento.",
     true},
    {"another segment's",                       "en", "Segment 8 is unhappy.", false},
    {"a segment's number as a count",           "en", "7 people are unhappy.", false},
    {"a count in words",                        "en", "Three records tell of danger.", true},
    {"a wrong count in words",                  "en", "Five records tell of danger.", false},
    {"half, where it is shown nowhere",         "en", "Half of them are unhappy.", false},
    {"a figure of speech",                      "en", "Complaints have doubled.", false},
    {"dozens",                                  "en", "Dozens complain.", false},
    {"a Spanish number word",                   "es", "Cinco hablan de peligro.", false},
    {"which in English is another word",        "en", "At once they complain.", true},
    {"a French number word",                    "fr", "Trois parlent d'un danger.", true},
    {"ordinals aren't counted either",          "en", "The 1st complaint.", false},
    {"a date",                                  "en", "Since 2026-01-01.", false},
    {"digits of full width",                    "en", "Delivery: \xef\xbc\x94\xef\xbc\x95 records.",
     false},
    {"Arabic digits",                           "en", "Delivery: \xd9\xa4 records.", false},
    {"a fraction",                              "en", "\xc2\xbd of them.", false},
    {"a number longer than any",                "en",
     "444444444444444444444444444444444444444444 records.", false},
    {"nothing",                                 "en", "", true},
};

static void no_number_that_was_not_counted(void **state)
{
    struct bench bench;
    (void)state;
    open_bench(&bench);
    for (size_t i = 0; i < COUNT_OF(sentences); i++) {
        CASE(sentences[i].why);
        assert_int_equal(digest_story_holds(&bench.facts[0], str_of(sentences[i].language),
                                            str_of(sentences[i].text)),
                         sentences[i].holds);
    }
    arena_deinit(&bench.arena);
}

static void half_is_fifty_percent(void **state)
{
    struct bench bench;
    (void)state;
    open_bench(&bench);
    assert_true(digest_story_holds(&bench.facts[1], STR("en"),
                                   STR("Half of segment 7 speaks of delivery.")));
    assert_true(digest_story_holds(&bench.facts[1], STR("fr"),
                                   STR("La moiti\xc3\xa9 parle de livraison.")));
    arena_deinit(&bench.arena);
}

static void what_does_not_hold_is_dropped(void **state)
{
    struct digest_claim claims[] = {
        {.text = STR("44 records.")}, {.text = STR("45 records.")}, {.text = STR("Well.")}};
    struct recommendation advice[] = {{.text = STR("Call 9000 of them.")}};
    struct digest_story story = {.summary = {claims, 3}};
    struct bench bench;
    (void)state;
    open_bench(&bench);
    shape_set(digest_story, &story, recommendations, (struct recommendation_list){advice, 1});
    assert_int_equal(digest_story_check(&bench.facts[0], STR("en"), &story), 2);
    assert_int_equal(story.summary.count, 2);
    assert_true(str_equal(story.summary.items[1].text, STR("Well.")));
    assert_false(shape_has(digest_story, &story, recommendations));
    arena_deinit(&bench.arena);
}

/* The rules' sentences rest on whole lines, and pass what a model's must. */
static void the_rules_hold_themselves(void **state)
{
    struct bench bench;
    (void)state;
    open_bench(&bench);
    for (uint32_t i = 0; i < bench.count; i++) {
        const struct digest_facts *facts = &bench.facts[i];
        struct digest_story story;
        struct err err;
        must(digest_story_local(facts, &bench.arena, &story, &err), &err);
        uint32_t claims = story.summary.count, advice = story.recommendations.count;
        assert_true(claims > 0 && advice > 0);
        for (uint32_t j = 0; j < claims; j++) {
            const struct digest_claim *claim = &story.summary.items[j];
            assert_true(claim->end <= facts->text.size && claim->start < claim->end);
            assert_true(claim->end == facts->text.size || facts->text.data[claim->end] == '\n');
        }
        assert_int_equal(digest_story_check(facts, STR("en"), &story), 0);
        assert_int_equal(story.summary.count + story.recommendations.count, claims + advice);
        assert_true(str_equal(story.provider, STR("local")));
    }
    arena_deinit(&bench.arena);
}

static bool tells(const struct digest_story *story, const char *words)
{
    for (uint32_t i = 0; i < story->summary.count; i++) {
        struct str text = story->summary.items[i].text;
        if (str_find(text, str_of(words)) < text.size) return true;
    }
    for (uint32_t i = 0; i < story->recommendations.count; i++) {
        struct str text = story->recommendations.items[i].text;
        if (str_find(text, str_of(words)) < text.size) return true;
    }
    return false;
}

static void the_rules_speak_plainly(void **state)
{
    struct bench bench = {.count = 9};
    struct digest_story story;
    struct err err;
    (void)state;
    bed_fill(&bench.bed);
    shape_set(digest_row, &bench.bed.rows[1], records, 1);
    shape_set(digest_row, &bench.bed.rows[2], records, 1);
    bed_row(&bench.bed, ENUM_digest_side_topic, "safety", 20, -0.9f, 0);
    assert_int_equal(
        digest_facts_make(&bench.bed.digest, &bench.arena, &bench.facts, &bench.count, &err), E_OK);
    assert_int_equal(digest_story_local(&bench.facts[0], &bench.arena, &story, &err), E_OK);
    assert_true(tells(&story, "1 record is unhappy."));
    assert_true(tells(&story, "1 record tells of danger."));
    assert_true(tells(&story, "Review the reports of danger now: 1 record."));
    assert_true(tells(&story, "Find out what is wrong with delivery"));
    assert_false(tells(&story, "wrong with safety"));
    assert_int_equal(digest_story_check(&bench.facts[0], STR("en"), &story), 0);
    arena_deinit(&bench.arena);
}

/* "0 is rising" names nobody; and what is worse besides is half of the news. */
static void what_is_unusual_is_named(void **state)
{
    struct bench bench = {.count = 9};
    struct digest_story story;
    struct err err;
    const uint32_t rising = 1u << ENUM_digest_finding_rising,
                   worse = 1u << ENUM_digest_finding_worse;
    (void)state;
    bed_fill(&bench.bed);
    for (uint32_t i = 0; i < bench.bed.digest.rows.count; i++)
        shape_set(digest_row, &bench.bed.rows[i], findings, 0);
    bed_row(&bench.bed, ENUM_digest_side_segment, "0", 74, -0.8f, rising);
    bed_row(&bench.bed, ENUM_digest_side_topic, "quality", 61, -0.9f, rising | worse);
    bed_row(&bench.bed, ENUM_digest_side_product, "Kelvo kettle", 66, -0.8f, worse);
    assert_int_equal(
        digest_facts_make(&bench.bed.digest, &bench.arena, &bench.facts, &bench.count, &err), E_OK);
    assert_int_equal(digest_story_local(&bench.facts[0], &bench.arena, &story, &err), E_OK);
    assert_true(tells(&story, "Segment 0 is rising: 74 records."));
    assert_true(tells(&story, "Topic quality is rising and worse: 61 records."));
    assert_true(tells(&story, "Kelvo kettle is worse: 66 records."));
    assert_int_equal(digest_story_check(&bench.facts[0], STR("en"), &story), 0);
    arena_deinit(&bench.arena);
}

static void bounds_hold(void **state)
{
    static char names[40][251], need[1024];
    struct bench bench = {.count = 9};
    struct err err;
    (void)state;
    CASE("of nothing there is nothing to say");
    shape_set(digest, &bench.bed.digest, records, 0);
    assert_int_equal(
        digest_facts_make(&bench.bed.digest, &bench.arena, &bench.facts, &bench.count, &err), E_OK);
    assert_int_equal(bench.count, 0);
    CASE("lines that don't fit are left out whole, with their numbers");
    bed_fill(&bench.bed);
    for (int i = 0; i < 40; i++) {
        memset(names[i], 'a' + i % 26, 250);
        bed_row(&bench.bed, ENUM_digest_side_product, names[i], 7000 + (uint64_t)i, 0.1f,
                1u << ENUM_digest_finding_rising);
    }
    assert_int_equal(
        digest_facts_make(&bench.bed.digest, &bench.arena, &bench.facts, &bench.count, &err), E_OK);
    assert_true(bench.facts[0].text.size <= 8192 && bench.facts[0].text.size > 7000);
    assert_non_null(strstr(bench.facts[0].text.data, ": 7000 records"));
    assert_null(strstr(bench.facts[0].text.data, ": 7039 records"));
    assert_false(digest_story_holds(&bench.facts[0], STR("en"), STR("7039 records.")));
    CASE("a need as long as a need may be leaves no room for a sentence: the event could never be "
         "written");
    struct digest_story story;
    memset(need, 'n', sizeof need);
    bed_fill(&bench.bed);
    shape_set(digest_need, &bench.bed.needs[0], text, str_make(need, sizeof need));
    assert_int_equal(
        digest_facts_make(&bench.bed.digest, &bench.arena, &bench.facts, &bench.count, &err), E_OK);
    assert_int_equal(digest_story_local(&bench.facts[0], &bench.arena, &story, &err), E_OK);
    for (uint32_t i = 0; i < story.summary.count; i++)
        assert_true(story.summary.items[i].text.size <= sizeof need);
    for (uint32_t i = 0; i < story.recommendations.count; i++)
        assert_true(story.recommendations.items[i].text.size <= sizeof need);
    assert_true(story.summary.count > 0);
    arena_deinit(&bench.arena);
}

/* --- the shipped prompt's examples: they are sentences that we would take --------------------- */

static void read_numbers(struct str text, struct digest_facts *facts)
{
    for (size_t i = 0; i < text.size; i++) {
        char *end;
        if (!isdigit((unsigned char)text.data[i])) continue;
        bool negative = i && text.data[i - 1] == '-';
        double value = strtod(text.data + i, &end);
        facts->numbers[facts->number_count++] = (struct digest_number){
            negative ? -value : value, *end == '%'};
        i = (size_t)(end - text.data) - 1;
    }
}

/* The lines between an example's opening and closing one, as facts. */
static struct digest_facts facts_of_example(struct arena *arena, struct str text)
{
    struct digest_facts facts = {.text = arena_copy(arena, text)};
    facts.numbers = ARENA_ARRAY(arena, struct digest_number, DIGEST_NUMBERS_MAX);
    facts.names = ARENA_ARRAY(arena, struct str, 1);
    if (str_starts(text, STR("Segment "))) facts.names[facts.name_count++] = str_slice(text, 8, 9);
    read_numbers(facts.text, &facts);
    return facts;
}

static void judge_example(const struct prompt *prompt, struct str text, struct str answer,
                          struct str id, const char *language)
{
    struct arena arena = {0};
    struct digest_facts facts = facts_of_example(&arena, text);
    struct answer_rules rules = prompt->rules;
    struct answer_parts parts;
    struct answer_notes notes;
    struct digest_story story;
    struct err err;
    rules.prompt = (struct str){0}; /* it is in the prompt, of course */
    assert_int_equal(answer_split(answer, &id, 1, &parts, &err), E_OK);
    assert_non_null(parts.raw[0].data);
    must(answer_read_as(&rules, rules.shape, parts.raw[0], facts.text, &arena, &story, &notes,
         &err), &err);
    assert_int_equal(notes.dropped, 0);
    assert_int_equal(digest_story_check(&facts, str_of(language), &story), 0);
    arena_deinit(&arena);
}

static void the_prompts_examples_are_sound(void **state)
{
    static const struct { const char *id, *language; } examples[] = {
        {"qe", "en"}, {"qs", "es"}, {"qf", "fr"}};
    char folder[512];
    const char *source = getenv("VERBATIM_SOURCE");
    struct random chance;
    struct prompt *prompt;
    struct err err;
    (void)state;
    random_seed(&chance, 1);
    snprintf(folder, sizeof folder, "%s/config", source ? source : ".");
    must(prompt_open_digest(folder, "digest-000001", &chance, &prompt, &err), &err);
    assert_true(strncmp(prompt->version, "digest-000001.", 14) == 0);
    assert_non_null(strstr(buffer_cstr(&prompt->schema), "\"summary\""));
    assert_null(strstr(buffer_cstr(&prompt->schema), "\"cost_usd\""));
    struct str system = buffer_str(&prompt->system);
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        char opening[64], closing[64];
        snprintf(opening, sizeof opening, "00example00 counts id=%s language=en answer-in=%s\n",
                 examples[i].id, examples[i].language);
        snprintf(closing, sizeof closing, "\n00example00 end id=%s\n", examples[i].id);
        size_t from = str_find(system, str_of(opening)) + strlen(opening),
               to = str_find(system, str_of(closing));
        assert_true(from < to && to < system.size);
        struct str rest = str_slice(system, to + strlen(closing), system.size);
        judge_example(prompt, str_slice(system, from, to), str_cut(&rest, '\n'),
                      str_of(examples[i].id), examples[i].language);
    }
    prompt_close(prompt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counts_as_lines),
        cmocka_unit_test(no_number_that_was_not_counted),
        cmocka_unit_test(half_is_fifty_percent),
        cmocka_unit_test(what_does_not_hold_is_dropped),
        cmocka_unit_test(the_rules_hold_themselves),     cmocka_unit_test(the_rules_speak_plainly),
        cmocka_unit_test(what_is_unusual_is_named),      cmocka_unit_test(bounds_hold),
        cmocka_unit_test(the_prompts_examples_are_sound),
    };
    return cmocka_run_group_tests_name("digest_story", tests, NULL, NULL);
}
