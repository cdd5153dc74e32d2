/* Recommendations: the first rule of each team that holds, with the evidence that made it hold, the
 * most urgent first.
 * Where somebody may have been harmed, the safety team's comes first, and no rule for contented
 * customers holds, whatever the file says. */
#include <assert.h>

#include "model/insight/internal.h"

/* Where the screen's first words for harm begin, not what feels worst: "Late, too" is no injury. */
static struct insight_span harm_clause(const struct reading *reading)
{
    const struct insight_span *first = &reading->harm.first;
    const struct clause *clause = first->start < first->end
                                      ? reading_clause_of_byte(reading, first->start)
                                      : reading_worst_clause(reading);
    return reading_span(reading, clause->first, clause->last);
}

/* All of a text, without the blanks around it; empty where there is nothing else. */
static struct insight_span whole_text(const struct reading *reading)
{
    struct str inside = str_trim(reading->text);
    uint32_t start = inside.size ? (uint32_t)(inside.data - reading->text.data) : 0;
    return (struct insight_span){start, start + (uint32_t)inside.size};
}

/* The sentence that feels worst, or the first: what a rule without a need or topic points at. */
static struct insight_span worst_sentence(const struct reading *reading)
{
    const struct sentence *worst = &reading->sentences[0];
    for (uint32_t i = 1; i < reading->sentence_count; i++)
        if (reading->sentences[i].score < worst->score) worst = &reading->sentences[i];
    return reading_span(reading, worst->first, worst->last);
}

static bool find_need(const struct rule *rule, const struct insight_result *result,
                      struct insight_span *span)
{
    for (uint32_t i = 0; i < result->need_count; i++) {
        if (!(rule->needs >> result->needs[i].kind & 1)) continue;
        *span = result->needs[i].span;
        return true;
    }
    return false;
}

/* Whether that mention of a topic, or of a side of one, is what the rule speaks of. */
static bool is_spoken_of(const struct rule *rule, uint32_t topic, const struct insight_topic *said,
                         struct insight_span *span)
{
    if (!rule_has_topic(rule, topic)) return false;
    if (rule->feelings && !(rule->feelings >> said->sentiment & 1)) return false;
    *span = said->span;
    return true;
}

static bool find_topic(const struct reading *reading, const struct rule *rule,
                       const struct insight_result *result, struct insight_span *span)
{
    for (uint32_t i = 0; i < reading->facet_count; i++)
        if (is_spoken_of(rule, reading->facets[i].number, &reading->facets[i].said, span))
            return true;
    for (uint32_t i = 0; i < result->topic_count; i++)
        if (is_spoken_of(rule, reading->topics[i], &result->topics[i], span)) return true;
    return false;
}

static bool blames(enum insight_sentiment sentiment)
{
    return sentiment == INSIGHT_NEGATIVE || sentiment == INSIGHT_MIXED;
}

/* Whether anything that the text speaks of is blamed, whatever it feels as a whole. */
static bool has_blame(const struct insight_result *result)
{
    for (uint32_t i = 0; i < result->topic_count; i++)
        if (blames(result->topics[i].sentiment)) return true;
    for (uint32_t i = 0; i < result->aspect_count; i++)
        if (blames(result->aspects[i].sentiment)) return true;
    return false;
}

/* Of a rule that rules_about() tells of: whether it holds, and what it points at. */
static bool holds(const struct reading *reading, const struct rule *rule,
                  const struct insight_result *result, struct insight_span *span)
{
    if (rule->words > reading->tokens->count) return false;
    if (rule->no_blame && has_blame(result)) return false;
    if (rule->has_topics && !find_topic(reading, rule, result, span)) return false;
    if (rule->needs) return find_need(rule, result, span);
    if (rule->has_topics) return true;
    if (rule->unassessed) *span = whole_text(reading);
    else if (rule->safety)
        *span = reading->clause_count ? harm_clause(reading) : whole_text(reading);
    else *span = result->evidence_count ? result->evidence[0] : worst_sentence(reading);
    return true;
}

static void add_advice(const struct reading *reading, struct insight_result *result,
                       const struct rule *rule, struct insight_span span)
{
    struct str text = rule->texts[reading->text_language];
    if (!text.size) text = rule->texts[0];
    assert(result->recommendation_count < INSIGHT_RECOMMENDATIONS_MAX); /* one a team */
    result->recommendations[result->recommendation_count++] =
        (struct insight_recommendation){text, rule->team, rule->priority, span};
}

static bool asks_the_text(const struct rule *rule)
{
    return rule->no_needs || rule->no_blame || rule->words || rule->sentiments || rule->needs ||
           rule->has_topics;
}

/* The first that would hold of any text: of the safety team's rules, those of a safety case stand
 * before the others, as in reading_advice(). */
const struct rule *rules_of_alerts(const struct rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        if (!rule->safety || rule->team != INSIGHT_SAFETY) continue;
        return asks_the_text(rule) ? NULL : rule;
    }
    return NULL;
}

/* The rules that speak of what the record speaks of, feels and needs, but for those of teams that
 * have their advice; `word` of their bits. */
static uint64_t rules_about(const struct reading *reading, const struct insight_result *result,
                            uint32_t word)
{
    const struct rules *rules = &reading->engine->rules;
    uint64_t topics = rules->of_any_topic.words[word], needs = rules->of_any_need.words[word],
             rest = rules->of_sentiment[result->sentiment].words[word] &
                    rules->of_alarm[reading->alarm].words[word];
    for (uint32_t i = 0; i < result->topic_count; i++)
        topics |= rules->of_topic[reading->topics[i]].words[word] &
                  rules->of_feeling[result->topics[i].sentiment].words[word];
    for (uint32_t i = 0; i < reading->facet_count; i++)
        topics |= rules->of_topic[reading->facets[i].number].words[word] &
                  rules->of_feeling[reading->facets[i].said.sentiment].words[word];
    for (uint32_t i = 0; i < result->need_count; i++)
        needs |= rules->of_need[result->needs[i].kind].words[word];
    if (result->need_count) rest &= rules->needing.words[word];
    for (uint32_t i = 0; i < result->recommendation_count; i++)
        rest &= ~rules->of_team[result->recommendations[i].team].words[word];
    return topics & needs & rest;
}

/* Of all rules, or of those for what the safety screen said. */
static void add_advice_of(const struct reading *reading, struct insight_result *result, bool safety)
{
    const struct rules *rules = &reading->engine->rules;
    for (uint32_t word = 0; word < (rules->count + 63) / 64; word++) {
        uint64_t bits = rules_about(reading, result, word);
        if (safety) bits &= rules->safety.words[word];
        while (bits) {
            const struct rule *rule = &rules->items[64 * word + (uint32_t)__builtin_ctzll(bits)];
            struct insight_span span;
            bits &= bits - 1;
            if (!holds(reading, rule, result, &span)) continue;
            add_advice(reading, result, rule, span);
            bits &= ~rules->of_team[rule->team].words[word];
        }
    }
}

/* The most urgent first, those of equal priority in their order; but `kept` of them stay ahead. */
static void sort_advice(struct insight_result *result, uint32_t kept)
{
    struct insight_recommendation *items = result->recommendations;
    for (uint32_t i = kept + 1; i < result->recommendation_count; i++) {
        struct insight_recommendation item = items[i];
        uint32_t at = i;
        for (; at > kept && items[at - 1].priority > item.priority; at--) items[at] = items[at - 1];
        items[at] = item;
    }
}

void reading_advice(const struct reading *reading, struct insight_result *result)
{
    if (!reading->clause_count && str_trim(reading->text).size == 0)
        return; /* nothing that evidence could quote */
    if (reading->alarm != INSIGHT_NO_ALERT) add_advice_of(reading, result, true);
    uint32_t kept = result->recommendation_count;
    if (reading->clause_count) add_advice_of(reading, result, false);
    sort_advice(result, kept);
}
