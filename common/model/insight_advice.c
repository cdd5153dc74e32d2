/* Recommendations: the first rule of each team that holds, with the evidence that made it hold. */
#include "model/insight_internal.h"

/* The sentence that feels worst, or the first: what a rule without a need or topic points at. */
static struct insight_span worst_sentence(const struct reading *reading)
{
    const struct sentence *worst = &reading->sentences[0];
    for (uint32_t i = 1; i < reading->sentence_count; i++)
        if (reading->sentences[i].score < worst->score) worst = &reading->sentences[i];
    return reading_span(reading, worst->first, worst->last);
}

static bool find_need(const struct rule *rule, const struct insight_result *result, struct insight_span *span)
{
    for (uint32_t i = 0; i < result->need_count; i++) {
        if (!(rule->needs >> result->needs[i].kind & 1)) continue;
        *span = result->needs[i].span;
        return true;
    }
    return false;
}

static bool find_topic(const struct reading *reading, const struct rule *rule,
                       const struct insight_result *result, struct insight_span *span)
{
    for (uint32_t i = 0; i < result->topic_count; i++) {
        const struct insight_topic *topic = &result->topics[i];
        if (!rule_has_topic(rule, reading->topics[i])) continue;
        if (rule->feelings && !(rule->feelings >> topic->sentiment & 1)) continue;
        *span = topic->span;
        return true;
    }
    return false;
}

static bool holds(const struct reading *reading, const struct rule *rule, const struct insight_result *result,
                  struct insight_span *span)
{
    if (rule->safety && !reading->safety_positive) return false;
    if (rule->sentiments && !(rule->sentiments >> result->sentiment & 1)) return false;
    *span = result->evidence_count && !rule->safety ? result->evidence[0] : worst_sentence(reading);
    if (rule->has_topics && !find_topic(reading, rule, result, span)) return false;
    return !rule->needs || find_need(rule, result, span);
}

void reading_advice(const struct reading *reading, struct insight_result *result)
{
    uint32_t teams = 0;
    for (uint32_t i = 0; i < reading->engine->rules.count; i++) {
        const struct rule *rule = &reading->engine->rules.items[i];
        struct insight_span span;
        if (result->recommendation_count == INSIGHT_RECOMMENDATIONS_MAX) return;
        if (teams >> rule->team & 1 || !holds(reading, rule, result, &span)) continue;
        struct str text = rule->texts[reading->text_language];
        if (!text.size) text = rule->texts[0];
        result->recommendations[result->recommendation_count++] =
            (struct insight_recommendation){text, rule->team, rule->priority, span};
        teams |= 1u << rule->team;
    }
}
