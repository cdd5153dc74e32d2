/* The topic taxonomy: names with keywords, from text files that operators edit.
 *
 * Grammar, one file a language (config/topics/en.txt …), UTF-8, at most 1 MiB:
 *   # comment                    from '#' to the end of the line
 *   [delivery]                   opens a topic; a-z, 0-9, '-' and '_', at most 63 bytes
 *   [delivery/wrong-item]        a side of it, a facet: reported as the topic, told apart by rules
 *   [-]                          its keywords name nothing, and hide others that begin within them
 *   late, courier, deliver*      keywords of it, parted by commas: 1 to TOPIC_WORDS_MAX words each
 *   + kind, rude, shout*         keywords below, up to the next such lines or section, count only
 *                                beside one of these words: in their sentence, TOPIC_BESIDE_WORDS
 *                                away at most
 * Case and accents don't matter. A '*' ends a word of at least four letters and stands for any
 * ending; it is allowed on the last word of a keyword. */
#ifndef VERBATIM_MODEL_TOPICS_H
#define VERBATIM_MODEL_TOPICS_H

#include "text/tokens.h"

enum {
    TOPICS_MAX = 128,
    TOPIC_FACETS_MAX = 127,
    TOPIC_UNNAMED = TOPICS_MAX + TOPIC_FACETS_MAX, /* neither a topic nor a facet */
    TOPIC_SIDES_MAX = 255, /* groups of lines that begin with '+' */
    TOPIC_BESIDE_WORDS = 7,
    TOPIC_WORDS_MAX = 4,
    TOPIC_KEYWORDS_MAX = 50000,
    TOPIC_MATCHES_MAX = 4,
    TOPIC_FILE_BYTES_MAX = 1 << 20,
    TOPIC_SIDE_SLOTS = 1 << 12,
    TOPIC_PREFIX_BYTES = 4, /* that a word with a star has at least */
};

/* Bits of a set of languages. */
enum { LANGUAGE_EN = 1, LANGUAGE_ES = 2, LANGUAGE_FR = 4, LANGUAGE_ALL = 7 };

struct topic_keyword;
struct topic_start;

/* Keywords by how they begin: bucket b, of mask + 1, has starts[first[b]] to
 * starts[first[b + 1] - 1], the newest first. */
struct topic_index {
    uint32_t mask;
    const uint16_t *first;
    struct topic_start *starts;
};

struct topics {
    struct arena arena;
    /* Facet TOPICS_MAX + i has facets[i], "topic/facet", and is of topic parents[i]. */
    struct str names[TOPICS_MAX], facets[TOPIC_FACETS_MAX];
    uint8_t parents[TOPIC_FACETS_MAX];
    uint32_t count, facet_count, keyword_count, side_count;
    struct topic_keyword *newest;          /* of all; each knows the one before it */
    struct topic_index by_word, by_pair, by_prefix; /* by how a keyword begins */
    /* What keywords must stand beside, by its number in place of a topic. */
    struct topic_keyword *newest_side;
    struct topic_index sides_by_word, sides_by_prefix;
    uint8_t side_marks[2][TOPIC_SIDE_SLOTS]; /* of words, of first letters: bits by number */
};

/* Of a topic itself, or of a facet. */
static inline uint32_t topics_parent(const struct topics *topics, uint32_t topic)
{
    return topic < TOPICS_MAX ? topic : topics->parents[topic - TOPICS_MAX];
}

/* Of a word of TOPIC_PREFIX_BYTES bytes or more. */
static inline uint64_t topics_prefix(struct str word)
{
    uint32_t bytes;
    memcpy(&bytes, word.data, TOPIC_PREFIX_BYTES);
    return bytes * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

/* Of two words, one behind the other, by their hashes. */
static inline uint64_t topics_pair(uint64_t first, uint64_t second) { return first ^ second * 3; }

void topics_init(struct topics *topics);
void topics_deinit(struct topics *topics); /* zeroed is fine */
/* Adds one file's content; `file` is named in messages. BAD_CONFIG, NO_MEMORY. */
int topics_add(struct topics *topics, const char *file, struct str content, uint32_t language,
               struct err *err) CHECKED;
/* Adds en.txt, es.txt and fr.txt of the subfolder `kind` ("topics", "aspects") of a configuration
 * folder. NO_INPUT, BAD_CONFIG, NO_MEMORY. */
int topics_open(struct topics *topics, const char *folder, const char *kind,
                struct err *err) CHECKED;
/* A topic, or a facet; TOPIC_UNNAMED if there is none of that name. */
uint32_t topics_find(const struct topics *topics, struct str name);

struct topic_match {
    uint32_t topic, words; /* topic: or facet, or TOPIC_UNNAMED of what only hides */
};
/* How a keyword may be found, as bits: by its first word, or by first letters. */
enum { TOPIC_BY_WORD = 1, TOPIC_BY_PREFIX = 2, TOPIC_BY_ANY = 3 };
/* Keywords that begin with token `at`, found in one of the ways `by`; one match a topic, its
 * longest. known: of each topic, not 0 where it is known anyhow, so that keywords of it that count
 * only beside others needn't be looked into; NULL: of none. Returns their number. */
uint32_t topics_match(const struct topics *topics, const struct tokens *tokens, uint32_t at,
                      uint32_t languages, uint32_t by, const uint8_t *known,
                      struct topic_match matches[static TOPIC_MATCHES_MAX]);

/* Words of the longest; 0: there is none. */
static inline uint32_t topics_longest(const struct topic_match *matches, uint32_t count)
{
    uint32_t words = 0;
    for (uint32_t i = 0; i < count; i++)
        words = matches[i].words > words ? matches[i].words : words;
    return words;
}

/* Tells of most words that no keyword of either of two taxonomies begins there, without a look at
 * keywords. By the low bits of hashes: the languages of the keywords that begin with such a word,
 * or with such a pair of words where their second is a whole one; those of the second taxonomy are
 * shifted by TOPIC_OTHER_SHIFT. With so many slots few words are let through by chance. */
enum {
    TOPIC_WORD_SLOTS = 1 << 17, TOPIC_PREFIX_SLOTS = 1 << 13, TOPIC_OTHER_SHIFT = 3,
    /* Of a word: some such pair begins with it, else a pair is there by chance. */
    TOPIC_PAIRED = 64,
};
struct topic_sieve {
    uint8_t words[TOPIC_WORD_SLOTS], prefixes[TOPIC_PREFIX_SLOTS];
};
/* Of all keywords that both have by now. */
void topic_sieve_fill(struct topic_sieve *sieve, const struct topics *one,
                      const struct topics *other);

/* Where topics_match() may find something among the tokens [first, last), at most TOPIC_PLACES of
 * them, by a word or by first letters, of the one taxonomy and of the other: bit i is about token
 * first + i. elided: those that have an elision. */
enum { TOPIC_PLACES = 64, TOPIC_ONE = 0, TOPIC_OTHER = 1 };
struct topic_places {
    uint64_t words[2], prefixes[2];
};
struct topic_places topics_places(const struct topic_sieve *sieve, const struct tokens *tokens,
                                  uint32_t first, uint32_t last, uint32_t languages,
                                  uint64_t elided);

/* Of the `which` taxonomy. */
static inline uint64_t topics_places_of(const struct topic_places *places, uint32_t which)
{
    return places->words[which] | places->prefixes[which];
}
/* For topics_match(), of one of them. */
static inline uint32_t topics_found_by(const struct topic_places *places, uint32_t which,
                                       uint32_t bit)
{
    return (uint32_t)(places->words[which] >> bit & 1) * TOPIC_BY_WORD |
           (uint32_t)(places->prefixes[which] >> bit & 1) * TOPIC_BY_PREFIX;
}

#endif
