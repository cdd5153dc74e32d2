/* Walks the lists of claims and keeps what holds. */
#include "workers/genai/evidence.h"

#include "model/insight.h"

/* A list of structs that each have start and end, at these places. */
struct claims {
    char *items;
    uint32_t *count;
    size_t item_bytes, start_at, end_at;
};
#define CLAIMS(list, type)                                                       \
    &(struct claims){(char *)(list)->items, &(list)->count, sizeof(struct type), \
                     offsetof(struct type, start), offsetof(struct type, end)}

static inline bool holds(const struct claims *claims, uint32_t i, struct str text)
{
    const char *item = claims->items + i * claims->item_bytes;
    uint32_t start, end;
    memcpy(&start, item + claims->start_at, sizeof start);
    memcpy(&end, item + claims->end_at, sizeof end);
    return evidence_holds(text, start, end);
}

static inline uint32_t keep_held(const struct claims *claims, struct str text)
{
    uint32_t kept = 0, before = *claims->count;
    while (kept < before && holds(claims, kept, text)) kept++; /* all, mostly: nothing moves */
    for (uint32_t i = kept; i < before; i++) {
        if (!holds(claims, i, text)) continue;
        memcpy(claims->items + kept++ * claims->item_bytes, claims->items + i * claims->item_bytes,
               claims->item_bytes);
    }
    *claims->count = kept;
    return before - kept;
}

static bool mentioned(const struct insight *insight, struct str topic)
{
    for (uint32_t i = 0; i < insight->mentions.count; i++) {
        struct str name = insight->mentions.items[i].topic;
        /* local models give a name where it lies: nothing to compare */
        if (name.size == topic.size && (name.data == topic.data || str_equal(name, topic)))
            return true;
    }
    return false;
}

static uint32_t keep_mentioned_topics(struct insight *insight)
{
    uint32_t kept = 0, before = insight->topics.count;
    for (uint32_t i = 0; i < before; i++)
        if (mentioned(insight, insight->topics.items[i]))
            insight->topics.items[kept++] = insight->topics.items[i];
    insight->topics.count = kept;
    return before - kept;
}

uint32_t evidence_check(struct insight *insight, struct str text)
{
    uint32_t dropped = keep_held(CLAIMS(&insight->sentiment.evidence, span), text);
    dropped += keep_held(CLAIMS(&insight->needs, need), text);
    dropped += keep_held(CLAIMS(&insight->mentions, mention), text);
    dropped += keep_held(CLAIMS(&insight->aspects, aspect), text);
    dropped += keep_held(CLAIMS(&insight->recommendations, recommendation), text);
    dropped += keep_held(CLAIMS(&insight->signals, signal), text);
    return dropped + keep_mentioned_topics(insight);
}
