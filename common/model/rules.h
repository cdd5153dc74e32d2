/* Recommendation rules: what to do about a record and who should, from a text file
 * that operators edit.
 *
 * Grammar (config/recommendations.txt), UTF-8, at most 1 MiB; '#' opens a comment line:
 *   rule late-delivery                        opens a rule; a-z, 0-9, '-' and '_'
 *     when topic=delivery feeling=negative    all of them must hold; needed, once
 *     team support                            support, product, safety or marketing; needed
 *     priority 2                              1 (now) to 5 (some day); needed
 *     en Find out where the parcel is.        the advice; en needed, es and fr fall back to it
 * Conditions, '|' between alternatives:
 *   always                 every record with words in it
 *   safety                 the safety screen was positive
 *   safety=unassessed      it couldn't judge
 *   safety=none            it wasn't positive
 *   sentiment=negative|mixed   of the record
 *   need=feature_request|problem_report|question
 *   need=none              it states no need
 *   topic=NAME|NAME        spoken of; TOPIC/SIDE: that side of it (config/topics/README.md)
 *   feeling=negative       of the clause that speaks of it; only beside topic=
 *   blame=none             no topic or aspect is felt to be negative or mixed
 *   words=N                the text has N words or more, 1 to 1000
 * The first rule of each team that holds is taken, in the order of the file, and the most urgent is
 * told first; of a record with an alert or unassessed, rules with `safety` or `safety=unassessed`
 * before the others, and none whose only sentiment is positive: nobody is thanked for being harmed. */
#ifndef VERBATIM_MODEL_RULES_H
#define VERBATIM_MODEL_RULES_H

#include "model/insight.h"
#include "model/topics.h"

enum {
    RULES_MAX = 256, RULES_FILE_BYTES_MAX = 1 << 20, RULE_TEXT_BYTES_MAX = 1024, RULE_LANGUAGES = 3,
    RULE_WORDS_MAX = 1000
};

struct rule {
    struct str name, texts[RULE_LANGUAGES]; /* en, es, fr; in the arena */
    bool has_when, has_team, safety, unassessed, unharmed, no_needs, no_blame;
    uint32_t words; /* at least so many; 0: any */
    uint32_t sentiments, needs, feelings;  /* bits by enum; 0: any */
    uint64_t topics[(TOPIC_UNNAMED + 63) / 64]; /* bits, also of facets; none: any */
    bool has_topics;
    enum insight_team team;
    uint32_t priority, line; /* line: of the file, where it opens */
};
/* Rules by their place, a bit each. */
struct rule_set {
    uint64_t words[RULES_MAX / 64];
};
enum {
    RULE_SENTIMENTS = INSIGHT_MIXED + 1, RULE_NEEDS = INSIGHT_QUESTION + 1,
    RULE_ALARMS = INSIGHT_UNASSESSED + 1
};
struct rules {
    struct arena arena;
    struct rule *items; /* RULES_MAX of them */
    uint32_t count;
    /* Most rules can't hold, which these tell of all of them at once: those that may hold of a
     * record that feels so, states such a need, speaks of such a topic, speaks of any topic with
     * such a feeling. */
    struct rule_set of_sentiment[RULE_SENTIMENTS], of_need[RULE_NEEDS], of_topic[TOPIC_UNNAMED],
        of_feeling[RULE_SENTIMENTS];
    struct rule_set of_any_topic, of_any_need; /* … whatever it speaks of, or needs */
    struct rule_set needing;                   /* … if it states some need */
    struct rule_set of_alarm[RULE_ALARMS];     /* … whatever the screen said */
    struct rule_set safety;                    /* `safety`, `safety=unassessed` */
    struct rule_set of_team[INSIGHT_MARKETING + 1];
};

/* Topics that a rule names must be in `topics`. BAD_CONFIG names file and line. */
int rules_parse(struct rules *rules, const char *file, struct str content,
                const struct topics *topics, struct err *err) CHECKED;
void rules_deinit(struct rules *rules); /* zeroed is fine */

static inline bool rule_has_topic(const struct rule *rule, uint32_t topic)
{
    return rule->topics[topic / 64] >> (topic % 64) & 1;
}

#endif
