/* Finds keywords: by the hash of the first word or of the first two, or by the first four bytes
 * where the keyword is a single word with a star. A word of a text looks at a row of small entries,
 * which tell nearly always that a keyword isn't there: keywords themselves are large, and each
 * would be a cache miss. */
#include "base/hash.h"
#include "model/elision.h"
#include "model/topics_keyword.h"

/* A token's word with the elision off; its hash goes to *hash. */
static inline struct str bare_token(const struct token *token, uint64_t *hash)
{
    struct str word = token_bare(token);
    *hash = word.size == token->folded.size ? token->hash : token_part_hash(word);
    return word;
}

/* A keyword whose first word is known to stand at token `at`, if it has others. */
static bool fits(const struct topic_keyword *keyword, const struct tokens *tokens, uint32_t at)
{
    if (keyword->word_count > tokens->count - at) return false;
    for (uint32_t i = keyword->word_count > 1; i < keyword->word_count; i++) {
        uint64_t hash;
        struct str word = bare_token(&tokens->items[at + i], &hash);
        bool open = keyword->open.size && i + 1 == keyword->word_count;
        if (i && tokens->items[at + i].sentence_before) return false;
        if (open ? !str_starts(word, keyword->open)
                 : hash != keyword->hashes[i] && tokens->items[at + i].hash != keyword->hashes[i])
            return false;
    }
    return true;
}

static uint32_t keep_longest(struct topic_match *matches, uint32_t count, uint32_t topic,
                             uint32_t words)
{
    for (uint32_t i = 0; i < count; i++) {
        if (matches[i].topic != topic) continue;
        if (words > matches[i].words) matches[i].words = words;
        return count;
    }
    if (count == TOPIC_MATCHES_MAX) return count;
    matches[count] = (struct topic_match){topic, words};
    return count + 1;
}

/* Of one whose hash is found at token `at`. */
static inline bool stands_at(const struct topic_start *start, const struct tokens *tokens,
                             uint32_t at)
{
    if (!start->words) return fits(start->keyword, tokens, at);
    return start->words == 1 || !tokens->items[at + 1].sentence_before;
}

/* Whether one of the words of side `number` begins at token `at`. */
__attribute__((always_inline)) static inline bool
is_side(const struct topic_index *index, uint64_t hash, uint32_t number,
        const struct tokens *tokens, uint32_t at)
{
    uint64_t bucket = hash & index->mask;
    for (uint32_t i = index->first[bucket]; i < index->first[bucket + 1]; i++) {
        const struct topic_start *start = &index->starts[i];
        if (start->hash == hash && start->topic == number &&
            stands_at(start, tokens, at))
            return true;
    }
    return false;
}

/* Tells of most tokens, without a look at keywords, that none of the side's begins there. */
static inline bool may_begin_side(const struct topics *topics, uint32_t number,
                                  const struct token *token)
{
    uint8_t marks = topics->side_marks[0][token->hash % TOPIC_SIDE_SLOTS];
    if (token->folded.size >= TOPIC_PREFIX_BYTES)
        marks |= topics->side_marks[1][topics_prefix(token->folded) % TOPIC_SIDE_SLOTS];
    return token->apostrophe || marks & topic_side_mark(number);
}

static bool begins_side(const struct topics *topics, uint32_t number,
                        const struct tokens *tokens, uint32_t at)
{
    uint64_t bare;
    struct str word = bare_token(&tokens->items[at], &bare);
    return is_side(&topics->sides_by_word, bare, number, tokens, at) ||
           (word.size >= TOPIC_PREFIX_BYTES &&
            is_side(&topics->sides_by_prefix, topics_prefix(word), number, tokens, at));
}

/* Whether a keyword at token `at` has one of the words of side `number` near it. */
static bool stands_beside(const struct topics *topics, uint32_t number, const struct tokens *tokens,
                          uint32_t at)
{
    uint32_t most = TOPIC_BESIDE_WORDS;
    for (uint32_t i = at; i > 0 && at - i < most && !tokens->items[i].sentence_before; i--)
        if (may_begin_side(topics, number, &tokens->items[i - 1]) &&
            begins_side(topics, number, tokens, i - 1))
            return true;
    for (uint32_t i = at + 1; i < tokens->count && i - at <= most; i++) {
        if (tokens->items[i].sentence_before) return false;
        if (may_begin_side(topics, number, &tokens->items[i]) &&
            begins_side(topics, number, tokens, i))
            return true;
    }
    return false;
}

/* What is looked for, and what is found. */
struct search {
    const struct topics *topics;
    const struct tokens *tokens;
    const uint8_t *known;
    uint32_t at, languages, count;
    struct topic_match *matches;
};

static bool is_beside(const struct search *search, const struct topic_start *start)
{
    bool known = search->known && start->topic < TOPICS_MAX && search->known[start->topic];
    return !known && stands_beside(search->topics, start->beside, search->tokens, search->at);
}

/* Keywords that begin with that hash. Inlined: most buckets have one or two. */
__attribute__((always_inline)) static inline void
follow(struct search *search, const struct topic_index *index, uint64_t hash)
{
    uint64_t bucket = hash & index->mask;
    for (uint32_t i = index->first[bucket]; i < index->first[bucket + 1]; i++) {
        const struct topic_start *start = &index->starts[i];
        bool differs = start->hash != hash; /* one branch, which nearly always goes on */
        differs |= (start->languages & search->languages) == 0;
        if (differs) continue;
        if (!stands_at(start, search->tokens, search->at)) continue;
        if (start->beside && !is_beside(search, start)) continue;
        search->count = keep_longest(search->matches, search->count, start->topic,
                                     start->words ? start->words : start->keyword->word_count);
    }
}

/* Keywords of several words: `whole` and `bare` are of the first, with its elision and without. */
static void follow_pairs(struct search *search, uint64_t whole, uint64_t bare)
{
    const struct topic_index *index = &search->topics->by_pair;
    if (search->at + 1 == search->tokens->count) return;
    const struct token *next = &search->tokens->items[search->at + 1];
    follow(search, index, topics_pair(bare, next->hash));
    if (whole != bare) follow(search, index, topics_pair(whole, next->hash));
    if (!next->apostrophe) return;
    uint64_t second;
    bare_token(next, &second);
    if (second == next->hash) return;
    follow(search, index, topics_pair(bare, second));
    if (whole != bare) follow(search, index, topics_pair(whole, second));
}

uint32_t topics_match(const struct topics *topics, const struct tokens *tokens, uint32_t at,
                      uint32_t languages, uint32_t by, const uint8_t *known,
                      struct topic_match matches[static TOPIC_MATCHES_MAX])
{
    struct search search = {topics, tokens, known, at, languages, 0, matches};
    uint64_t bare, whole = tokens->items[at].hash;
    struct str word = bare_token(&tokens->items[at], &bare);
    if (by & TOPIC_BY_WORD) {
        follow_pairs(&search, whole, bare); /* first: the longest is to find room */
        follow(&search, &topics->by_word, bare);
        if (whole != bare) follow(&search, &topics->by_word, whole);
    }
    if (by & TOPIC_BY_PREFIX && word.size >= TOPIC_PREFIX_BYTES)
        follow(&search, &topics->by_prefix, topics_prefix(word));
    return search.count;
}
