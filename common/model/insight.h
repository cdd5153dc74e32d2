/* What a text means, by the local models: sentiment, needs, topics and recommendations
 * with evidence.
 *
 * Every claim carries bytes [start, end) of the text: on character boundaries, not empty, without
 * white space at its ends. evidence_holds() is what everyone checks claims with. */
#ifndef VERBATIM_MODEL_INSIGHT_H
#define VERBATIM_MODEL_INSIGHT_H

#include "text/tokens.h"

/* In the order of schemas/enums.def. */
enum insight_sentiment { INSIGHT_POSITIVE, INSIGHT_NEGATIVE, INSIGHT_NEUTRAL, INSIGHT_MIXED };
enum insight_need_kind { INSIGHT_FEATURE_REQUEST, INSIGHT_PROBLEM_REPORT, INSIGHT_QUESTION };
enum insight_team { INSIGHT_SUPPORT, INSIGHT_PRODUCT, INSIGHT_SAFETY, INSIGHT_MARKETING };

enum {
    INSIGHT_EVIDENCE_MAX = 8, /* clauses that carry the sentiment */
    INSIGHT_NEEDS_MAX = 8,
    INSIGHT_TOPICS_MAX = 16,
    INSIGHT_ASPECTS_MAX = 16,
    INSIGHT_RECOMMENDATIONS_MAX = 4,
    INSIGHT_NEED_TEXT_BYTES = 80,
    INSIGHT_MODELS_BYTES = 128, /* insight.model of the wire takes no more */
};

struct insight_span {
    uint32_t start, end;
};
struct insight_need {
    enum insight_need_kind kind;
    struct str text; /* insight/statement.h; in the arena */
    struct insight_span span;
    float confidence;
};
struct insight_topic {
    struct str name; /* lives as long as the engine */
    struct insight_span span;
    enum insight_sentiment sentiment; /* of the clause that names it */
    float score;                      /* [-1, 1] */
};
struct insight_aspect {
    struct str name; /* lives as long as the engine */
    struct insight_span span; /* of the clause that feels most about it */
    enum insight_sentiment sentiment;
    float score, best, worst; /* [-1, 1]; of the clauses: the best and the worst */
};
struct insight_recommendation {
    struct str text; /* lives as long as the engine */
    enum insight_team team;
    uint32_t priority; /* 1 (now) to 5 (some day) */
    struct insight_span span;
};

enum insight_alarm { INSIGHT_NO_ALERT, INSIGHT_ALERT, INSIGHT_UNASSESSED };

/* What the safety screen said of a text; of one with an alert its first words for it (empty: there
 * are none), and where its cues tell that somebody was harmed: nowhere, where a model alone alerts. */
struct insight_harm {
    enum insight_alarm alarm;
    struct insight_span first;
    const struct insight_span *spans;
    uint32_t count;
};

struct insight_result {
    enum insight_sentiment sentiment;
    float score, confidence; /* [-1, 1], [0, 1] */
    struct insight_span evidence[INSIGHT_EVIDENCE_MAX];
    struct insight_need needs[INSIGHT_NEEDS_MAX];
    struct insight_topic topics[INSIGHT_TOPICS_MAX];
    struct insight_aspect aspects[INSIGHT_ASPECTS_MAX];
    struct insight_recommendation recommendations[INSIGHT_RECOMMENDATIONS_MAX];
    uint32_t evidence_count, need_count, topic_count, aspect_count, recommendation_count;
};

struct insight_engine;

/* folder: the one that holds models/, topics/, aspects/ and recommendations.txt (config/ in the
 * source tree). NO_INPUT, BAD_MODEL, BAD_CONFIG (names file and line). */
int insight_engine_create(const char *folder, struct insight_engine **ret_engine,
                          struct err *err) CHECKED;
void insight_engine_destroy(struct insight_engine *engine);
/* Names of the models in use, e.g. "sentiment-000001 needs-000001"; lives as long as the engine. */
const char *insight_engine_models(const struct insight_engine *engine);

/* language: ISO 639-1, NULL or other than en, es, fr: texts of recommendations come in English,
 * topics are sought in all three. harm: NULL for INSIGHT_NO_ALERT. *ret_result needn't be cleared:
 * of its lists only what their counts tell of is set, and after a failure nothing in it holds.
 * NO_MEMORY only. Thread-safe for one engine. */
int insight_analyze(const struct insight_engine *engine, struct str text,
                    const struct tokens *tokens, const char *language, bool has_rating,
                    float rating, const struct insight_harm *harm, struct arena *arena,
                    struct insight_result *ret_result, struct err *err) CHECKED;

/* What the safety team is told where somebody may have been harmed: its span is left to the
 * caller. False: the rules have it depend on the text, or tell it nothing, so insight_analyze()
 * is to say. */
bool insight_alert_advice(const struct insight_engine *engine, const char *language,
                          struct insight_recommendation *ret_advice);

/* Whether text holds [start, end) as evidence: within it, not empty, trimmed, whole characters. One
 * branch for all of it, as nearly all evidence holds. */
static inline bool evidence_holds(struct str text, uint32_t start, uint32_t end)
{
    if (start >= end || end > text.size) return false;
    uint8_t first = (uint8_t)text.data[start], last = (uint8_t)text.data[end - 1],
            behind = (uint8_t)text.data[end < text.size ? end : start];
    bool inside = ((first & 0xC0) == 0x80) | ((behind & 0xC0) == 0x80),
         blank = (first == ' ') | ((uint8_t)(first - '\t') < 5) | (last == ' ') |
                 ((uint8_t)(last - '\t') < 5);
    return !(inside | blank);
}

#endif
