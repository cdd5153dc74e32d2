/* Tells of many words at once where a keyword may begin, see topics.h. */
#include <assert.h>

#include "base/flags.h"
#include "base/hash.h"
#include "model/elision.h"
#include "model/topics_keyword.h"

_Static_assert(LANGUAGE_ALL << TOPIC_OTHER_SHIFT < TOPIC_PAIRED &&
                   LANGUAGE_ALL < 1 << TOPIC_OTHER_SHIFT,
               "languages of two taxonomies, and the mark, lie apart");
static void sift(struct topic_sieve *sieve, const struct topics *topics, uint32_t shift)
{
    for (const struct topic_keyword *each = topics->newest; each; each = each->older) {
        uint8_t languages = (uint8_t)(each->of.language << shift);
        enum topic_way way = topic_way(each);
        uint64_t hash = topic_start_hash(each);
        if (way == TOPIC_WAY_PREFIX) sieve->prefixes[hash % TOPIC_PREFIX_SLOTS] |= languages;
        else sieve->words[hash % TOPIC_WORD_SLOTS] |= languages;
        if (way == TOPIC_WAY_PAIR) sieve->words[each->hashes[0] % TOPIC_WORD_SLOTS] |= TOPIC_PAIRED;
    }
}

void topic_sieve_fill(struct topic_sieve *sieve, const struct topics *one,
                      const struct topics *other)
{
    *sieve = (struct topic_sieve){0};
    sift(sieve, one, 0);
    sift(sieve, other, TOPIC_OTHER_SHIFT);
}

/* What the sieve says of a word before another one. */
static inline uint8_t sieved_pair(const struct topic_sieve *sieve, uint64_t first, uint64_t second)
{
    uint32_t word = sieve->words[first % TOPIC_WORD_SLOTS],
             pair = sieve->words[topics_pair(first, second) % TOPIC_WORD_SLOTS];
    return (uint8_t)(word | (pair & -(word / TOPIC_PAIRED)));
}

/* … and of one by its first letters. What lies behind a shorter word is read, and what is said of
 * it left to topics_match(): seldom is it anything. */
static inline uint8_t sieved_prefix(const struct topic_sieve *sieve, const char *letters)
{
    _Static_assert((int)TOPIC_PREFIX_BYTES <= (int)TOKEN_READABLE, "a prefix is read at once");
    uint64_t prefix = topics_prefix((struct str){letters, TOPIC_PREFIX_BYTES});
    return sieve->prefixes[prefix % TOPIC_PREFIX_SLOTS];
}

static inline uint8_t sieved_first(const struct topic_sieve *sieve, const struct token *token)
{
    bool readable = token->kind != TOKEN_EMOJI || token->folded.size >= TOPIC_PREFIX_BYTES;
    return sieved_prefix(sieve, readable ? token->folded.data : "\0\0\0");
}

/* What sieved_pair() says of token `at` when elisions are taken off it, off the one behind, or off
 * both: may be wanted of each that has an elision or stands before one that has. */
static uint8_t sieved_bare(const struct topic_sieve *sieve, const struct tokens *tokens,
                           uint32_t at)
{
    const struct token *token = &tokens->items[at], *next = token + 1;
    uint64_t hash = token_bare_hash(token);
    if (at + 1 == tokens->count) return sieved_pair(sieve, hash, 0);
    uint64_t second = token_bare_hash(next);
    return sieved_pair(sieve, hash, next->hash) | sieved_pair(sieve, token->hash, second) |
           sieved_pair(sieve, hash, second);
}

struct topic_places topics_places(const struct topic_sieve *sieve, const struct tokens *tokens,
                                  uint32_t first, uint32_t last, uint32_t languages,
                                  uint64_t elided)
{
    uint32_t count = last - first;
    const struct token *token = &tokens->items[first];
    uint8_t words[TOPIC_PLACES], prefixes[TOPIC_PLACES];
    uint8_t one = (uint8_t)languages, other = (uint8_t)(languages << TOPIC_OTHER_SHIFT);
    _Static_assert((int)TOPIC_PLACES == (int)FLAGS_MOST, "flags of all are told at once");
    assert(first < last && count <= TOPIC_PLACES);
    uint64_t next = last < tokens->count ? token[count].hash : 0;
    /* without branches on the words, which can't be foreseen */
    for (uint32_t i = count; i-- > 0;) {
        words[i] = sieved_pair(sieve, token[i].hash, next);
        prefixes[i] = sieved_first(sieve, &token[i]);
        next = token[i].hash;
    }
    uint64_t left = elided | elided >> 1;
    if (last < tokens->count && token[count].apostrophe) left |= UINT64_C(1) << (count - 1);
    for (; left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        words[i] |= sieved_bare(sieve, tokens, first + i);
        prefixes[i] |= sieved_prefix(sieve, token_bare(&token[i]).data);
    }
    return (struct topic_places){
        {flags_with(words, count, one), flags_with(words, count, other)},
        {flags_with(prefixes, count, one), flags_with(prefixes, count, other)}};
}
