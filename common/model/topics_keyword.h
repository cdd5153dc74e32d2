/* A keyword of a taxonomy, and how it begins: for those who look for it and for the sieve. */
#ifndef VERBATIM_MODEL_TOPICS_KEYWORD_H
#define VERBATIM_MODEL_TOPICS_KEYWORD_H

#include "model/topics.h"

struct topic_keyword {
    struct topic_keyword *older;
    struct str open; /* the last word, folded, if it has a star: it may go on; else empty */
    uint8_t topic, language, word_count;
    uint64_t hashes[]; /* of the words */
};
_Static_assert(TOPICS_MAX <= UINT8_MAX + 1, "a topic is a byte");

/* A single word with a star is found by its first bytes, others by their first word. */
static inline bool topic_is_by_prefix(const struct topic_keyword *keyword)
{
    return keyword->open.size && keyword->word_count == 1;
}

static inline uint64_t topic_start_hash(const struct topic_keyword *keyword)
{
    return topic_is_by_prefix(keyword) ? topics_prefix(keyword->open) : keyword->hashes[0];
}

static inline bool topic_has_whole_second(const struct topic_keyword *keyword)
{
    return keyword->word_count > 1 && !(keyword->open.size && keyword->word_count == 2);
}

#endif
