/* A keyword of a taxonomy, and how it begins: for those who look for it and for the sieve. */
#ifndef VERBATIM_MODEL_TOPICS_KEYWORD_H
#define VERBATIM_MODEL_TOPICS_KEYWORD_H

#include "model/topics.h"

/* What a keyword is of. */
struct topic_place {
    uint8_t topic, language;
    uint8_t beside; /* the number of what it must stand beside; 0: it counts by itself */
};
struct topic_keyword {
    struct topic_keyword *older;
    struct str open; /* the last word, folded, if it has a star: it may go on; else empty */
    struct topic_place of;
    uint8_t word_count;
    uint64_t hashes[]; /* of the words */
};
_Static_assert(TOPIC_UNNAMED <= UINT8_MAX && TOPIC_SIDES_MAX <= UINT8_MAX, "each is a byte");

/* A single word with a star is found by its first bytes, others by their first word, or by the
 * first two where the second is a whole one: hundreds begin with the same "no" or "my". */
enum topic_way { TOPIC_WAY_WORD, TOPIC_WAY_PAIR, TOPIC_WAY_PREFIX };
static inline enum topic_way topic_way(const struct topic_keyword *keyword)
{
    int whole = keyword->word_count - (keyword->open.size > 0);
    return whole == 0 ? TOPIC_WAY_PREFIX : whole == 1 ? TOPIC_WAY_WORD : TOPIC_WAY_PAIR;
}

static inline uint64_t topic_start_hash(const struct topic_keyword *keyword)
{
    switch (topic_way(keyword)) {
    case TOPIC_WAY_PREFIX: return topics_prefix(keyword->open);
    case TOPIC_WAY_PAIR: return topics_pair(keyword->hashes[0], keyword->hashes[1]);
    default: return keyword->hashes[0];
    }
}

/* What is looked at before a keyword is: enough for one of a whole word, or of two. */
struct topic_start {
    uint64_t hash; /* topic_start_hash() */
    const struct topic_keyword *keyword;
    uint8_t languages, topic, beside;
    uint8_t words; /* where the hash is of all of them; 0: the keyword goes on */
};

/* Marks of a word, or of first letters, that may begin one of a side's. */
static inline uint8_t *topic_side_marks(struct topics *topics, enum topic_way way, uint64_t hash)
{
    return &topics->side_marks[way == TOPIC_WAY_PREFIX][hash % TOPIC_SIDE_SLOTS];
}

static inline uint8_t topic_side_mark(uint32_t number) { return (uint8_t)(1u << number % 8); }

#endif
