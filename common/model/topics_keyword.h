/* A keyword of a taxonomy, and how it begins: for those who look for it and for the sieve. */
#ifndef VERBATIM_MODEL_TOPICS_KEYWORD_H
#define VERBATIM_MODEL_TOPICS_KEYWORD_H

#include "model/topics.h"

struct keyword_word {
    struct str folded;
    uint64_t hash;
};
struct topic_keyword {
    struct topic_keyword *older;
    uint32_t topic;
    uint8_t language, word_count;
    bool star; /* the last word may go on */
    struct keyword_word words[TOPIC_WORDS_MAX];
};

/* A single word with a star is found by its first bytes, others by their first word. */
static inline bool topic_is_by_prefix(const struct topic_keyword *keyword)
{
    return keyword->star && keyword->word_count == 1;
}

static inline uint64_t topic_start_hash(const struct topic_keyword *keyword)
{
    const struct keyword_word *first = &keyword->words[0];
    return topic_is_by_prefix(keyword) ? topics_prefix(first->folded) : first->hash;
}

static inline bool topic_has_whole_second(const struct topic_keyword *keyword)
{
    return keyword->word_count > 1 && !(keyword->star && keyword->word_count == 2);
}

#endif
