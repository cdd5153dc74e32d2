/* Topics: keywords of the taxonomy where they stand, with the feeling of their clause. */
#include <math.h>

#include "model/insight_internal.h"

/* One mention a topic: the one in the clause that feels most. */
static void add_mention(struct reading *reading, struct insight_result *result, uint32_t at,
                        struct topic_match match, const struct clause *clause)
{
    struct str name = reading->engine->topics.names[match.topic];
    struct insight_topic mention = {
        name, reading_span(reading, at, at + match.words), insight_label(clause->score),
        clause->score};
    for (uint32_t i = 0; i < result->topic_count; i++) {
        if (reading->topics[i] != match.topic) continue;
        if (fabsf(clause->score) > fabsf(result->topics[i].score)) result->topics[i] = mention;
        return;
    }
    if (result->topic_count == INSIGHT_TOPICS_MAX) return;
    reading->topics[result->topic_count] = match.topic;
    result->topics[result->topic_count++] = mention;
}

void reading_topics(struct reading *reading, struct insight_result *result)
{
    const struct clause *clause = reading->clauses;
    const struct topics *topics = &reading->engine->topics;
    uint32_t words = reading->tokens->count;
    for (uint32_t first = 0; first < words; first += TOPIC_PLACES) {
        uint32_t last = words - first < TOPIC_PLACES ? words : first + TOPIC_PLACES;
        uint64_t places = topics_places(topics, reading->tokens, first, last, reading->languages);
        for (; places; places &= places - 1) {
            struct topic_match matches[TOPIC_MATCHES_MAX];
            uint32_t at = first + (uint32_t)__builtin_ctzll(places);
            uint32_t count = topics_match(topics, reading->tokens, at, reading->languages, matches);
            while (at >= clause->last) clause++;
            for (uint32_t i = 0; i < count; i++)
                add_mention(reading, result, at, matches[i], clause);
        }
    }
}
