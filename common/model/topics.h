/* The topic taxonomy: names with keywords, from text files that operators edit.
 *
 * Grammar, one file a language (config/topics/en.txt …), UTF-8, at most 1 MiB:
 *   # comment                    from '#' to the end of the line
 *   [delivery]                   opens a topic; a-z, 0-9, '-' and '_', at most 63 bytes
 *   late, courier, deliver*      keywords of it, parted by commas: one to TOPIC_WORDS_MAX words each
 * Case and accents don't matter. A '*' ends a word of at least four letters and stands for any ending;
 * it is allowed on the last word of a keyword. */
#ifndef VERBATIM_MODEL_TOPICS_H
#define VERBATIM_MODEL_TOPICS_H

#include "text/tokens.h"

enum {
    TOPICS_MAX = 128,
    TOPIC_WORDS_MAX = 4,
    TOPIC_KEYWORDS_MAX = 50000,
    TOPIC_MATCHES_MAX = 4,
    TOPIC_FILE_BYTES_MAX = 1 << 20,
    TOPIC_BUCKETS = 2048,
    TOPIC_FILTER_BITS = 1 << 16,
};

/* Bits of a set of languages. */
enum { LANGUAGE_EN = 1, LANGUAGE_ES = 2, LANGUAGE_FR = 4, LANGUAGE_ALL = 7 };

struct topic_keyword;
struct topics {
    struct arena arena;
    struct str names[TOPICS_MAX];
    uint32_t count, keyword_count;
    struct topic_keyword *by_word[TOPIC_BUCKETS], *by_prefix[TOPIC_BUCKETS]; /* of a keyword's first word */
    /* Which of their hashes there are at all: most words end here, without a look at a keyword. */
    uint64_t words[TOPIC_FILTER_BITS / 64], prefixes[TOPIC_FILTER_BITS / 64];
};

void topics_init(struct topics *topics);
void topics_deinit(struct topics *topics); /* zeroed is fine */
/* Adds one file's content; `file` is named in messages. BAD_CONFIG, NO_MEMORY. */
int topics_add(struct topics *topics, const char *file, struct str content, uint32_t language,
               struct err *err) CHECKED;
/* Adds en.txt, es.txt and fr.txt of the subfolder `kind` ("topics", "aspects") of a configuration folder.
 * NO_INPUT, BAD_CONFIG, NO_MEMORY. */
int topics_open(struct topics *topics, const char *folder, const char *kind, struct err *err) CHECKED;
/* TOPICS_MAX if there is none of that name. */
uint32_t topics_find(const struct topics *topics, struct str name);

struct topic_match {
    uint32_t topic, words;
};
/* Keywords that begin with token `at`; one match a topic, its longest. Returns their number. */
uint32_t topics_match(const struct topics *topics, const struct tokens *tokens, uint32_t at, uint32_t languages,
                      struct topic_match matches[static TOPIC_MATCHES_MAX]);

#endif
