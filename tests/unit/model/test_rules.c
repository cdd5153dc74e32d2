/* Recommendation rules: what a file may say, and the line of what it may not. */
#include "test.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "model/insight/internal.h"

#define GOOD "rule one\n  when always\n  team support\n  priority 3\n  en Do it.\n"

static void open_topics(struct topics *topics)
{
    struct err err;
    topics_init(topics);
    assert_int_equal(topics_add(topics, "topics", STR("[delivery]\ncourier\n[price]\nprice\n"),
                                LANGUAGE_EN, &err),
                     E_OK);
}

static void reads_what_operators_write(void **state)
{
    static const char FILE[] = "# comment\n"
                               "rule late\n"
                               "  when topic=delivery|price feeling=negative|mixed "
                               "need=problem_report\n"
                               "  team marketing\n"
                               "  priority 2\n"
                               "  en Find the parcel.\n"
                               "  fr Retrouver le colis.\n"
                               "\n"
                               "rule harm\n"
                               "  when safety sentiment=negative need=none\n"
                               "  team safety\n"
                               "  priority 1\n"
                               "  en Review it.\n"
                               "rule praise\n"
                               "  when safety=none blame=none words=4\n"
                               "  team marketing\n"
                               "  priority 5\n"
                               "  en Say thanks.\n"
                               "rule unread\n"
                               "  when safety=unassessed\n"
                               "  team safety\n"
                               "  priority 2\n"
                               "  en Read it.\n";
    struct topics topics;
    struct rules rules = {0};
    struct err err;
    (void)state;
    open_topics(&topics);
    assert_int_equal(rules_parse(&rules, "rules", str_of(FILE), &topics, &err), E_OK);
    assert_int_equal(rules.count, 4);
    assert_true(rules.items[3].unassessed && !rules.items[3].safety);
    assert_int_equal(rules.items[0].team, INSIGHT_MARKETING);
    assert_int_equal(rules.items[0].priority, 2);
    assert_int_equal(rules.items[0].line, 2);
    assert_true(rule_has_topic(&rules.items[0], 0) && rule_has_topic(&rules.items[0], 1));
    assert_int_equal(rules.items[0].feelings, 1u << INSIGHT_NEGATIVE | 1u << INSIGHT_MIXED);
    assert_int_equal(rules.items[0].needs, 1u << INSIGHT_PROBLEM_REPORT);
    assert_true(str_equal(rules.items[0].texts[2], STR("Retrouver le colis.")));
    assert_int_equal(rules.items[0].texts[1].size, 0);
    assert_true(rules.items[1].safety && rules.items[1].no_needs);
    assert_false(rules.items[0].no_needs);
    assert_int_equal(rules.items[1].team, INSIGHT_SAFETY);
    assert_false(rules.items[1].unharmed || rules.items[1].no_blame || rules.items[1].words);
    assert_true(rules.items[2].unharmed && rules.items[2].no_blame);
    assert_false(rules.items[2].safety);
    assert_int_equal(rules.items[2].words, 4);
    rules_deinit(&rules);
    topics_deinit(&topics);
}

static void names_the_line_of_what_is_wrong(void **state)
{
    static const struct {
        const char *why, *file, *message;
    } cases[] = {
        {"nobody who should act", GOOD "rule two\n  when always\n  priority 1\n  en Do.\n",
         "rules:6: rule two has no team"},
        {"the last rule too", "rule two\n  when always\n  team product\n  en Do.\n",
         "rules:1: rule two has no priority"},
        {"no condition", "rule a\n  team product\n  priority 1\n  en Do.\n" GOOD,
         "rules:1: rule a has no when"},
        {"no English", "rule a\n  when always\n  team product\n  priority 1\n  es Hazlo.\n",
         "rules:1: rule a has no English text"},
        {"a feeling of nothing",
         "rule a\n  when feeling=negative\n  team product\n  priority 1\n  en Do.\n",
         "rules:1: rule a has feeling= without topic="},
        {"harm and none",
         "rule a\n  when safety safety=none\n  team product\n  priority 1\n  en Do.\n",
         "rules:1: rule a has two conditions of safety"},
        {"no number of words", "rule a\n  when words=few\n", "rules:2: words= is 1 to 1000"},
        {"too many words", "rule a\n  when words=1001\n", "rules:2: words= is 1 to 1000"},
        {"a team that there isn't", "rule a\n  team sales\n", 
         "rules:2: unknown team \"sales\"; it is one of support, product, safety, marketing"},
        {"a topic that there isn't", "rule a\n  when topic=delivry\n",
         "rules:2: no taxonomy has a topic \"delivry\"; did you mean \"delivery\"?"},
        {"a priority that there isn't", "rule a\n  when always\n  priority 9\n",
         "rules:3: priority is 1 to 5"},
        {"a value that there isn't", "rule a\n  when need=help\n",
         "rules:2: unknown need \"help\"; it is one of feature_request, problem_report, question"},
        {"a condition that there isn't", "rule a\n  when product=x\n",
         "rules:2: unknown condition \"product=x\"; it is one of always, safety, safety=none, "
         "safety=unassessed, topic=, "
         "sentiment=, feeling=, need=, need=none, blame=none, words="},
        {"a word that there isn't", GOOD "\n  de Mach es.\n",
         "rules:7: unknown start of a line \"de\"; it is one of rule, when, team, priority, en, es, fr"},
        {"before the first rule", "# c\n  team product\n", "rules:2: a line before the first rule"},
        {"two conditions", "rule a\n  when always\n  when safety\n", "rules:3: a second when"},
        {"two texts", "rule a\n  en Do.\n  en Do more.\n",
         "rules:3: a second text for one language"},
    };
    struct topics topics;
    (void)state;
    open_topics(&topics);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rules rules = {0};
        struct err err;
        CASE(cases[i].why);
        assert_int_equal(rules_parse(&rules, "rules", str_of(cases[i].file), &topics, &err),
                         E_BAD_CONFIG);
        assert_string_equal(err.text, cases[i].message);
        assert_int_equal(rules.count, 0);
    }
    topics_deinit(&topics);
}

#define RULE(name, when, team) \
    "rule " name "\n  when " when "\n  team " team "\n  priority 1\n  en Do it.\n"

/* What the safety team is told of every alert, without a look at its text. */
static void finds_what_alerts_are_answered_with(void **state)
{
    static const struct {
        const char *why, *file, *name;
    } cases[] = {
        {"a rule of its own", RULE("one", "safety", "safety"), "one"},
        {"rules of an alert stand before others",
         RULE("any", "always", "safety") RULE("harm", "safety", "safety"), "harm"},
        {"another team's is another's",
         RULE("care", "safety", "support") RULE("harm", "safety", "safety"), "harm"},
        {"one before it asks for a need",
         RULE("asked", "safety need=question", "safety") RULE("harm", "safety", "safety"), NULL},
        {"it asks for a topic", RULE("late", "safety topic=delivery", "safety"), NULL},
        {"it asks for a feeling", RULE("angry", "safety sentiment=negative", "safety"), NULL},
        {"it asks for no blame", RULE("calm", "safety blame=none", "safety"), NULL},
        {"it asks for words", RULE("long", "safety words=9", "safety"), NULL},
        {"it asks for no need", RULE("calm", "safety need=none", "safety"), NULL},
        {"one for all records doesn't need an alert", RULE("any", "always", "safety"), NULL},
        {"nobody is told", GOOD, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct topics topics;
        struct rules rules = {0};
        struct err err;
        CASE(cases[i].why);
        open_topics(&topics);
        assert_int_equal(rules_parse(&rules, "rules", str_of(cases[i].file), &topics, &err), E_OK);
        const struct rule *rule = rules_of_alerts(&rules);
        assert_int_equal(rule != NULL, cases[i].name != NULL);
        if (rule) assert_true(str_equal(rule->name, str_of(cases[i].name)));
        rules_deinit(&rules);
        topics_deinit(&topics);
    }
}

/* Every rule that ships says who should act, and each team has something to do. */
static void the_shipped_rules_are_sound(void **state)
{
    static const char *const FILES[] = {"topics/en.txt", "topics/es.txt", "topics/fr.txt"};
    struct topics topics;
    struct rules rules = {0};
    struct buffer file = {0};
    struct err err;
    char path[512];
    uint32_t teams = 0;
    const char *source = getenv("VERBATIM_SOURCE");
    (void)state;
    topics_init(&topics);
    for (uint32_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/config/%s", source ? source : ".", FILES[i]);
        buffer_clear(&file);
        assert_int_equal(buffer_read_file(&file, path, TOPIC_FILE_BYTES_MAX, &err), E_OK);
        assert_int_equal(topics_add(&topics, path, buffer_str(&file), 1u << i, &err), E_OK);
    }
    snprintf(path, sizeof path, "%s/config/recommendations.txt", source ? source : ".");
    buffer_clear(&file);
    assert_int_equal(buffer_read_file(&file, path, RULES_FILE_BYTES_MAX, &err), E_OK);
    assert_int_equal(rules_parse(&rules, path, buffer_str(&file), &topics, &err), E_OK);
    for (uint32_t i = 0; i < rules.count; i++) {
        assert_true(rules.items[i].has_team);
        for (int language = 0; language < RULE_LANGUAGES; language++)
            assert_true(rules.items[i].texts[language].size > 0);
        teams |= 1u << rules.items[i].team;
    }
    assert_int_equal(teams, 1u << INSIGHT_SUPPORT | 1u << INSIGHT_PRODUCT | 1u << INSIGHT_SAFETY |
                                1u << INSIGHT_MARKETING);
    rules_deinit(&rules);
    topics_deinit(&topics);
    buffer_deinit(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_operators_write),
        cmocka_unit_test(names_the_line_of_what_is_wrong),
        cmocka_unit_test(finds_what_alerts_are_answered_with),
        cmocka_unit_test(the_shipped_rules_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
