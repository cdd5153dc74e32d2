/* Tells of many words at once where a keyword may begin, see topics.h. */
#include <assert.h>

#include "base/hash.h"
#include "model/elision.h"
#include "base/flags.h"
#include "model/topics_keyword.h"

_Static_assert(LANGUAGE_ALL << TOPIC_OTHER_SHIFT < TOPIC_PAIRED &&
                   LANGUAGE_ALL < 1 << TOPIC_OTHER_SHIFT,
               "languages of two taxonomies, and the mark, lie apart");
/* In what the sieve says of a token, those of keywords by their prefix are shifted by this. */
enum { PREFIX_SHIFT = 8 };

static void sift(struct topic_sieve *sieve, const struct topics *topics, uint32_t shift)
{
    for (const struct topic_keyword *each = topics->newest; each; each = each->older) {
        uint8_t languages = (uint8_t)(each->language << shift);
        uint64_t hash = topic_start_hash(each);
        if (topic_is_by_prefix(each)) {
            sieve->prefixes[hash % TOPIC_PREFIX_SLOTS] |= languages;
        } else if (topic_has_whole_second(each)) {
            sieve->words[hash % TOPIC_WORD_SLOTS] |= TOPIC_PAIRED;
            sieve->words[topics_pair(hash, each->words[1].hash) % TOPIC_WORD_SLOTS] |= languages;
        } else {
            sieve->words[hash % TOPIC_WORD_SLOTS] |= languages;
        }
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
static inline uint32_t sieved_pair(const struct topic_sieve *sieve, uint64_t first, uint64_t second)
{
    uint32_t word = sieve->words[first % TOPIC_WORD_SLOTS],
             pair = sieve->words[topics_pair(first, second) % TOPIC_WORD_SLOTS];
    return word | (pair & -(word / TOPIC_PAIRED));
}

/* … and of one by its first letters, `start`, if it has `size` of them. */
static inline uint32_t sieved_prefix(const struct topic_sieve *sieve, const char *start, size_t size)
{
    uint64_t prefix = topics_prefix((struct str){start, TOPIC_PREFIX_BYTES});
    uint32_t found = sieve->prefixes[prefix % TOPIC_PREFIX_SLOTS];
    return (found & -(uint32_t)(size >= TOPIC_PREFIX_BYTES)) << PREFIX_SHIFT;
}

/* What it says of a token. Without branches on the words, which can't be foreseen. second: of the
 * one behind it. */
static inline uint16_t sieved(const struct topic_sieve *sieve, const struct token *token,
                              uint64_t second)
{
    /* what lies behind a shorter word is read, and what it says isn't kept */
    _Static_assert((int)TOPIC_PREFIX_BYTES <= (int)TOKEN_READABLE, "a prefix is read at once");
    size_t size = token->folded.size;
    bool readable = token->kind != TOKEN_EMOJI || size >= TOPIC_PREFIX_BYTES;
    return (uint16_t)(sieved_pair(sieve, token->hash, second) |
                      sieved_prefix(sieve, readable ? token->folded.data : "\0\0\0", size));
}

/* What is left of a word without an elision. */
static struct str bare(const struct token *token)
{
    size_t cut = token->apostrophe ? elision_bytes(token->folded) : 0;
    return str_slice(token->folded, cut, token->folded.size);
}

/* What it says of token `at` when elisions are taken off it, off the one behind, or off both: may be
 * wanted of each that has an elision or stands before one that has. */
static uint16_t sieved_bare(const struct topic_sieve *sieve, const struct tokens *tokens, uint32_t at)
{
    const struct token *token = &tokens->items[at], *next = token + 1;
    struct str word = bare(token);
    uint64_t hash = hash_fast(word, 0);
    uint32_t flags = sieved_prefix(sieve, word.data, word.size);
    if (at + 1 == tokens->count) return (uint16_t)(flags | sieved_pair(sieve, hash, 0));
    uint64_t second = hash_fast(bare(next), 0);
    return (uint16_t)(flags | sieved_pair(sieve, hash, next->hash) |
                      sieved_pair(sieve, token->hash, second) | sieved_pair(sieve, hash, second));
}

struct topic_places topics_places(const struct topic_sieve *sieve, const struct tokens *tokens,
                                  uint32_t first, uint32_t last, uint32_t languages, uint64_t elided)
{
    uint32_t count = last - first, i = 0, other = languages << TOPIC_OTHER_SHIFT;
    const struct token *token = &tokens->items[first];
    uint16_t flags[TOPIC_PLACES];
    _Static_assert((int)TOPIC_PLACES == (int)FLAGS_MOST, "flags of all are told at once");
    assert(first < last && count <= TOPIC_PLACES);
    for (; i + 1 < count; i++) flags[i] = sieved(sieve, &token[i], token[i + 1].hash);
    flags[i] = sieved(sieve, &token[i], last < tokens->count ? token[count].hash : 0);
    uint64_t bare = elided | elided >> 1;
    if (last < tokens->count && token[count].apostrophe) bare |= UINT64_C(1) << i;
    for (; bare; bare &= bare - 1) {
        i = (uint32_t)__builtin_ctzll(bare);
        flags[i] |= sieved_bare(sieve, tokens, first + i);
    }
    return (struct topic_places){
        {sets_with(flags, count, (uint16_t)languages), sets_with(flags, count, (uint16_t)other)},
        {sets_with(flags, count, (uint16_t)(languages << PREFIX_SHIFT)),
         sets_with(flags, count, (uint16_t)(other << PREFIX_SHIFT))}};
}
