/* Tells of many words at once where a keyword may begin, see topics.h. */
#include <assert.h>

#include "model/elision.h"
#include "model/flags.h"
#include "model/topics_keyword.h"

_Static_assert(LANGUAGE_ALL << TOPIC_OTHER_SHIFT < TOPIC_PAIRED &&
                   LANGUAGE_ALL < 1 << TOPIC_OTHER_SHIFT,
               "languages of two taxonomies, and the marks, lie apart");

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

/* What the sieve says of a token, in a byte, and TOPIC_APOSTROPHE. Without branches on the words,
 * which can't be foreseen. followed: another token stands behind it. */
static inline uint8_t sieved(const struct topic_sieve *sieve, const struct token *token,
                             bool followed)
{
    bool prefixed = token->folded.size >= TOPIC_PREFIX_BYTES;
    /* what lies behind a shorter word is read, and what it says isn't kept */
    _Static_assert((int)TOPIC_PREFIX_BYTES <= (int)TOKEN_READABLE, "a prefix is read at once");
    bool readable = token->kind != TOKEN_EMOJI || prefixed;
    const struct str start = {readable ? token->folded.data : "\0\0\0", TOPIC_PREFIX_BYTES};
    uint32_t word = sieve->words[token->hash % TOPIC_WORD_SLOTS],
             prefixes = sieve->prefixes[topics_prefix(start) % TOPIC_PREFIX_SLOTS], pairs = 0;
    if (followed) {
        uint64_t pair = topics_pair(token->hash, token[1].hash);
        pairs = sieve->words[pair % TOPIC_WORD_SLOTS] & -(word / TOPIC_PAIRED);
    }
    uint32_t apostrophe = token->apostrophe ? TOPIC_APOSTROPHE : 0;
    return (uint8_t)(word | pairs | (prefixes & -(uint32_t)prefixed) | apostrophe);
}

static bool is_elided(const struct token *token)
{
    return token->apostrophe && elision_bytes(token->folded);
}

/* Bits of tokens [first, last) that have an elision, or that stand before one that has: keywords
 * may be of what is left, which the sieve isn't asked about. apostrophes: of those that have one. */
static uint64_t elided_places(const struct tokens *tokens, uint32_t first, uint32_t last,
                              uint64_t apostrophes)
{
    uint64_t places = 0;
    for (; apostrophes; apostrophes &= apostrophes - 1) {
        uint64_t bit = apostrophes & -apostrophes;
        uint32_t at = first + (uint32_t)__builtin_ctzll(bit);
        if (elision_bytes(tokens->items[at].folded)) places |= bit | bit >> 1;
    }
    if (last < tokens->count && is_elided(&tokens->items[last]))
        places |= UINT64_C(1) << (last - first - 1);
    return places;
}

struct topic_places topics_places(const struct topic_sieve *sieve, const struct tokens *tokens,
                                  uint32_t first, uint32_t last, uint32_t languages)
{
    uint32_t count = last - first, i = 0;
    const struct token *token = &tokens->items[first];
    uint8_t flags[TOPIC_PLACES];
    _Static_assert((int)TOPIC_PLACES == (int)FLAGS_MOST, "flags of all are told at once");
    assert(first < last && count <= TOPIC_PLACES);
    for (; i + 1 < count; i++) flags[i] = sieved(sieve, &token[i], true);
    flags[i] = sieved(sieve, &token[i], last < tokens->count);
    uint64_t elided = elided_places(tokens, first, last,
                                    flags_with(flags, count, TOPIC_APOSTROPHE));
    return (struct topic_places){
        flags_with(flags, count, (uint8_t)languages) | elided,
        flags_with(flags, count, (uint8_t)(languages << TOPIC_OTHER_SHIFT)) | elided};
}
