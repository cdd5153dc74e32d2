/* Parses the recommendation rules, line by line; a rule is checked when the next one opens. */
#include "model/rules.h"

#include <stdio.h>

#include "base/list_file.h"
#include "base/nearest.h"

struct parser {
    struct rules *rules;
    const struct topics *topics;
    struct list_file file;
    struct rule *rule; /* NULL before the first */
};

static const char *const SENTIMENTS[] = {"positive", "negative", "neutral", "mixed", NULL};
static const char *const NEEDS[] = {"feature_request", "problem_report", "question", NULL};
static const char *const TEAMS[] = {"support", "product", "safety", "marketing", NULL};
static const char *const LANGUAGES[RULE_LANGUAGES + 1] = {"en", "es", "fr", NULL};
static const char *const FIELDS[] = {"rule", "when", "team", "priority", "en", "es", "fr", NULL};
static const char *const CONDITIONS[] = {
    "always",   "safety", "safety=none", "safety=unassessed", "topic=", "sentiment=",
    "feeling=", "need=",  "need=none",   "blame=none",        "words=", NULL};

/* Names the rule, and the line that opens it, where the fault lies in a rule as a whole. */
static int bad(const struct parser *parser, struct err *err, const char *what,
               const struct rule *rule)
{
    if (rule)
        return err_set(err, E_BAD_CONFIG, "%s:%u: rule %.*s %s", parser->file.path, rule->line,
                       STR_ARGS(rule->name), what);
    return list_file_bad(&parser->file, err, "%s", what);
}

/* Names the word that isn't in the list, and the list. */
static int bad_word(const struct parser *parser, struct err *err, const char *what,
                    struct str word, const char *const *known)
{
    char list[160] = "";
    for (size_t i = 0, used = 0; known[i] && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", known[i]);
    return list_file_bad(&parser->file, err, "unknown %s \"%.*s\"; it is one of %s", what,
                         STR_ARGS(str_slice(word, 0, 60)), list);
}

static int bad_topic(const struct parser *parser, struct err *err, struct str word)
{
    struct nearest nearest = nearest_to(word);
    for (uint32_t i = 0; i < parser->topics->count; i++)
        nearest_offer(&nearest, parser->topics->names[i]);
    for (uint32_t i = 0; i < parser->topics->facet_count; i++)
        nearest_offer(&nearest, parser->topics->facets[i]);
    word = str_slice(word, 0, 60);
    if (!nearest.found.data)
        return list_file_bad(&parser->file, err, "no taxonomy has a topic \"%.*s\"",
                             STR_ARGS(word));
    return list_file_bad(&parser->file, err,
                         "no taxonomy has a topic \"%.*s\"; did you mean \"%.*s\"?",
                         STR_ARGS(word), STR_ARGS(nearest.found));
}

/* Position in a NULL-terminated list, or -1. */
static int find(const char *const *list, struct str name)
{
    for (int i = 0; list[i]; i++)
        if (str_equal(str_of(list[i]), name)) return i;
    return -1;
}

static int parse_set(const struct parser *parser, const char *what, const char *const *list,
                     struct str values, uint32_t *bits, struct err *err)
{
    do {
        struct str value = str_cut(&values, '|');
        int at = find(list, value);
        if (at < 0) return bad_word(parser, err, what, value, list);
        *bits |= 1u << at;
    } while (values.size);
    return E_OK;
}

static int parse_topics(const struct parser *parser, struct str values, struct err *err)
{
    do {
        struct str name = str_cut(&values, '|');
        uint32_t topic = topics_find(parser->topics, name);
        if (topic == TOPIC_UNNAMED) return bad_topic(parser, err, name);
        parser->rule->topics[topic / 64] |= UINT64_C(1) << (topic % 64);
        parser->rule->has_topics = true;
    } while (values.size);
    return E_OK;
}

static int parse_words(const struct parser *parser, struct str value, struct err *err)
{
    uint64_t words;
    if (!str_to_u64(value, &words) || words < 1 || words > RULE_WORDS_MAX)
        return bad(parser, err, "words= is 1 to 1000", NULL);
    parser->rule->words = (uint32_t)words;
    return E_OK;
}

static int parse_condition(const struct parser *parser, struct str condition, struct err *err)
{
    struct rule *rule = parser->rule;
    struct str values = condition, key = str_cut(&values, '=');
    if (str_equal(condition, STR("always"))) return E_OK;
    if (str_equal(condition, STR("safety"))) return rule->safety = true, E_OK;
    if (str_equal(condition, STR("safety=unassessed"))) return rule->unassessed = true, E_OK;
    if (str_equal(condition, STR("safety=none"))) return rule->unharmed = true, E_OK;
    if (str_equal(condition, STR("blame=none"))) return rule->no_blame = true, E_OK;
    if (str_equal(key, STR("words"))) return parse_words(parser, values, err);
    if (str_equal(key, STR("sentiment")))
        return parse_set(parser, "sentiment", SENTIMENTS, values, &rule->sentiments, err);
    if (str_equal(key, STR("feeling")))
        return parse_set(parser, "feeling", SENTIMENTS, values, &rule->feelings, err);
    if (str_equal(condition, STR("need=none"))) return rule->no_needs = true, E_OK;
    if (str_equal(key, STR("need")))
        return parse_set(parser, "need", NEEDS, values, &rule->needs, err);
    if (str_equal(key, STR("topic"))) return parse_topics(parser, values, err);
    return bad_word(parser, err, "condition", condition, CONDITIONS);
}

static int parse_when(const struct parser *parser, struct str value, struct err *err)
{
    int rc = E_OK;
    if (parser->rule->has_when) return bad(parser, err, "a second when", NULL);
    if (value.size == 0) return bad(parser, err, "when needs a condition", NULL);
    parser->rule->has_when = true;
    while (value.size && !rc) {
        struct str condition = str_cut(&value, ' ');
        if (condition.size) rc = parse_condition(parser, condition, err);
    }
    return rc;
}

static int parse_text(const struct parser *parser, int language, struct str value, struct err *err)
{
    struct str *text = &parser->rule->texts[language];
    if (text->size) return bad(parser, err, "a second text for one language", NULL);
    if (value.size == 0 || value.size > RULE_TEXT_BYTES_MAX)
        return bad(parser, err, "a text has 1 to 1024 bytes", NULL);
    *text = arena_copy(&parser->rules->arena, value);
    return text->data ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int parse_field(const struct parser *parser, struct str key, struct str value,
                       struct err *err)
{
    struct rule *rule = parser->rule;
    uint64_t number;
    int language = find(LANGUAGES, key), team;
    if (!rule) return bad(parser, err, "a line before the first rule", NULL);
    if (language >= 0) return parse_text(parser, language, value, err);
    if (str_equal(key, STR("when"))) return parse_when(parser, value, err);
    if (str_equal(key, STR("team"))) {
        if ((team = find(TEAMS, value)) < 0) return bad_word(parser, err, "team", value, TEAMS);
        rule->team = (enum insight_team)team;
        rule->has_team = true;
        return E_OK;
    }
    if (!str_equal(key, STR("priority")))
        return bad_word(parser, err, "start of a line", key, FIELDS);
    if (!str_to_u64(value, &number) || number < 1 || number > 5)
        return bad(parser, err, "priority is 1 to 5", NULL);
    rule->priority = (uint32_t)number;
    return E_OK;
}

static int check_rule(const struct parser *parser, struct err *err)
{
    const struct rule *rule = parser->rule;
    if (!rule) return E_OK;
    if (!rule->has_when) return bad(parser, err, "has no when", rule);
    if (!rule->has_team) return bad(parser, err, "has no team", rule);
    if (!rule->priority) return bad(parser, err, "has no priority", rule);
    if (!rule->texts[0].size) return bad(parser, err, "has no English text", rule);
    if (rule->feelings && !rule->has_topics)
        return bad(parser, err, "has feeling= without topic=", rule);
    if (rule->safety + rule->unassessed + rule->unharmed > 1)
        return bad(parser, err, "has two conditions of safety", rule);
    return E_OK;
}

static int open_rule(struct parser *parser, struct str name, struct err *err)
{
    int rc = check_rule(parser, err);
    if (rc) return rc;
    if (name.size == 0 || name.size > 63)
        return bad(parser, err, "a rule's name has 1 to 63 bytes", NULL);
    for (uint32_t i = 0; i < parser->rules->count; i++)
        if (str_equal(parser->rules->items[i].name, name))
            return bad(parser, err, "a rule's name comes twice", NULL);
    if (parser->rules->count == RULES_MAX) return bad(parser, err, "too many rules", NULL);
    parser->rule = &parser->rules->items[parser->rules->count++];
    parser->rule->line = parser->file.line;
    parser->rule->name = arena_copy(&parser->rules->arena, name);
    return parser->rule->name.data ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int parse_line(struct parser *parser, struct str line, struct err *err)
{
    struct str value = line, key = str_cut(&value, ' ');
    value = str_trim(value);
    if (str_equal(key, STR("rule"))) return open_rule(parser, value, err);
    return parse_field(parser, key, value, err);
}

static void add_to(struct rule_set *set, uint32_t number)
{
    set->words[number / 64] |= UINT64_C(1) << number % 64;
}

static void index_rule(struct rules *rules, uint32_t number)
{
    const struct rule *rule = &rules->items[number];
    for (uint32_t i = 0; i < RULE_SENTIMENTS; i++) {
        if (!rule->sentiments || rule->sentiments >> i & 1) add_to(&rules->of_sentiment[i], number);
        if (!rule->feelings || rule->feelings >> i & 1) add_to(&rules->of_feeling[i], number);
    }
    for (uint32_t i = 0; i < TOPIC_UNNAMED; i++)
        if (rule_has_topic(rule, i)) add_to(&rules->of_topic[i], number);
    for (uint32_t i = 0; i < RULE_NEEDS; i++)
        if (rule->needs >> i & 1) add_to(&rules->of_need[i], number);
    if (!rule->has_topics) add_to(&rules->of_any_topic, number);
    if (!rule->needs) add_to(&rules->of_any_need, number);
    if (!rule->no_needs) add_to(&rules->needing, number);
    bool thanks = rule->sentiments == 1u << INSIGHT_POSITIVE;
    if (!rule->safety && !rule->unassessed) add_to(&rules->of_alarm[INSIGHT_NO_ALERT], number);
    if (!rule->unassessed && !rule->unharmed && !thanks)
        add_to(&rules->of_alarm[INSIGHT_ALERT], number);
    if (!rule->safety && !thanks) add_to(&rules->of_alarm[INSIGHT_UNASSESSED], number);
    if (rule->safety || rule->unassessed) add_to(&rules->safety, number);
    add_to(&rules->of_team[rule->team], number);
}

int rules_parse(struct rules *rules, const char *file, struct str content,
                const struct topics *topics, struct err *err)
{
    struct rules made = {0};
    struct parser parser = {.rules = &made, .topics = topics,
                            .file = {.path = file, .rest = content}};
    struct str line;
    if (content.size > RULES_FILE_BYTES_MAX || !str_is_utf8(content))
        return bad(&parser, err, "larger than 1 MiB, or not UTF-8", NULL);
    arena_init(&made.arena, 0);
    made.items = ARENA_ARRAY(&made.arena, struct rule, RULES_MAX);
    int rc = made.items ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    while (!rc && list_file_next(&parser.file, &line)) rc = parse_line(&parser, line, err);
    if (!rc) rc = check_rule(&parser, err);
    if (rc) {
        rules_deinit(&made);
        return rc;
    }
    for (uint32_t i = 0; i < made.count; i++) index_rule(&made, i);
    *rules = made;
    return E_OK;
}

void rules_deinit(struct rules *rules)
{
    arena_deinit(&rules->arena);
    *rules = (struct rules){0};
}
