/* Turns tokens into the hashes that linear models score: see linear.h for the list. */
#include <endian.h>

#include "base/flags.h"
#include "base/hash.h"
#include "model/elision.h"
#include "model/linear.h"
#include "model/ngram.h"
#include "model/words.h"
#include "text/ascii_head.h"

enum { FEATURES_PER_TOKEN_MAX = 10, NEGATION_WORDS = 4, GAP_BYTES_MAX = 16 };

enum mark {
    MARK_NUMBER = 1, MARK_UPPER, MARK_STRETCHED, MARK_QUESTION, MARK_EXCLAMATION, MARK_HAPPY,
    MARK_SAD
};

/* The kinds of features are parted by odd numbers; any that are far from each other do. Models take
 * the high bits of a feature. */
#define NEGATED UINT32_C(0x85ebca6b)
#define STEM_OF_FOUR UINT64_C(0x9e3779b97f4a7c15)
#define STEM_OF_SIX UINT64_C(0xc2b2ae3d27d4eb4f)
#define FEATURE_OF_MARK(mark) ((mark)*UINT32_C(0x9e3779b1))
/* As hashes of words: what all numbers are, and what stands before a sentence. */
#define NUMBER UINT64_C(0x27d4eb2f165667c5)
#define SENTENCE UINT64_C(0x94d049bb133111eb)

/* The place behind the feature, or, if it isn't said, its own: a branch on what words are like
 * would often be foreseen wrongly. Here and below `at` is where the next feature goes. */
static inline uint32_t emit_if(uint32_t *items, uint32_t at, uint32_t feature, bool said)
{
    items[at] = feature;
    return at + said;
}

static inline uint32_t emit_mark_if(uint32_t *items, uint32_t at, enum mark mark, bool said)
{
    return emit_if(items, at, FEATURE_OF_MARK((uint32_t)mark), said);
}

static inline uint32_t stem_of(uint64_t bytes, uint32_t letters, uint64_t factor)
{
    return (uint32_t)((bytes & (UINT64_MAX >> (64 - 8 * letters))) * factor >> 32);
}

/* A word's hash is mixed well: it needs but be cut. Its low half here, in pairs the high half:
 * words of one bucket are told apart by what stands beside them. How long words are can't be
 * foreseen: a short one's stems are made of what lies behind it, and not kept. */
static inline uint32_t emit_word(uint32_t *items, uint32_t at, struct str word, uint64_t hash,
                                 bool negated)
{
    uint64_t bytes;
    uint32_t marked = NEGATED & -(uint32_t)negated;
    _Static_assert(sizeof bytes <= TOKEN_READABLE, "a stem is read at once");
    memcpy(&bytes, word.data, sizeof bytes);
    bytes = le64toh(bytes);
    at = emit_if(items, at, (uint32_t)hash ^ marked, true);
    at = emit_if(items, at, stem_of(bytes, 4, STEM_OF_FOUR) ^ marked, word.size > 4);
    return emit_if(items, at, stem_of(bytes, 6, STEM_OF_SIX) ^ marked, word.size > 6);
}

/* Bit i: bytes[i] is c. */
static inline uint32_t bytes_like(const char *bytes, char c)
{
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_epi8(ascii_equal(_mm_loadu_si128((const void *)bytes), c));
#else
    uint32_t bits = 0;
    for (int i = 0; i < GAP_BYTES_MAX; i++) bits |= (uint32_t)(bytes[i] == c) << i;
    return bits;
#endif
}

/* What stands between a token and the next, text[from, to): marks and emoticons. */
static uint32_t emit_gap(uint32_t *items, uint32_t at, struct str text, size_t from, size_t to)
{
    char room[GAP_BYTES_MAX];
    const char *gap = ascii_readable(text.data + from, text.size - from, sizeof room, ' ', room);
    uint32_t within = (1u << (to - from < sizeof room ? to - from : sizeof room)) - 1;
    uint32_t colons = bytes_like(gap, ':'),
             eyes = colons | bytes_like(gap, ';') | bytes_like(gap, '=') |
                    (bytes_like(gap, '-') & colons << 1),
             mouths = within & eyes << 1;
    at = emit_mark_if(items, at, MARK_QUESTION, (bytes_like(gap, '?') & within) != 0);
    at = emit_mark_if(items, at, MARK_EXCLAMATION, (bytes_like(gap, '!') & within) != 0);
    at = emit_mark_if(items, at, MARK_HAPPY, (bytes_like(gap, ')') & mouths) != 0);
    return emit_mark_if(items, at, MARK_SAD, (bytes_like(gap, '(') & mouths) != 0);
}

/* Where the first of what emit_gap() looks for stands from `at` on; text.size: nowhere. */
static size_t next_mark(struct str text, size_t at)
{
#ifdef __SSE2__
    while (at < text.size && text.size >= ASCII_HEAD_BYTES) {
        size_t last = text.size - ASCII_HEAD_BYTES, from = at < last ? at : last;
        __m128i bytes = _mm_loadu_si128((const void *)(text.data + from));
        __m128i marks = _mm_or_si128(ascii_between(bytes, '(', 2),
                                     _mm_or_si128(ascii_equal(bytes, '?'),
                                                  ascii_equal(bytes, '!')));
        uint32_t found = (uint32_t)_mm_movemask_epi8(marks) >> (at - from);
        if (found) return at + (size_t)__builtin_ctz(found);
        at = from + ASCII_HEAD_BYTES;
    }
#endif
    for (; at < text.size; at++)
        if (memchr("?!()", text.data[at], 4)) return at;
    return at;
}

/* A word with an apostrophe in it: what is left without an elision, whether that negates what
 * follows, and whether itself is negated ("n'aime"). */
static struct str take_off_elision(const struct words *words, struct str word, uint64_t *hash,
                                   bool *negator, bool *negated)
{
    size_t cut = elision_bytes(word);
    bool denies = cut && word.data[0] == 'n';
    if (cut) {
        word = str_slice(word, cut, word.size);
        *hash = token_part_hash(word);
        *negator = words_sets(words, *hash) & WORD_NEGATOR;
    }
    if (word.size > 3 && word.data[word.size - 2] == '\'')
        *negator = word.data[word.size - 3] == 'n'; /* "don't" */
    *negator |= denies;
    *negated |= denies;
    return word;
}

/* What is behind the tokens so far. */
struct context {
    /* The hash of the token before, and what stands for it where a sentence begins: which of them
     * counts is told by an index, and not by a branch. */
    uint64_t before[2];
    uint32_t negated_until; /* the token that the negation doesn't reach any more */
};

static inline uint32_t emit_token(uint32_t *items, uint32_t at, const struct words *words,
                                  const struct token *token, uint32_t number, uint32_t sets,
                                  struct context *context)
{
    uint64_t hash = token->hash;
    uint32_t negated_until = context->negated_until & ((uint32_t)token->clause_before - 1);
    bool negator = false;
    if (token->kind == TOKEN_WORD) {
        struct str word = token->folded;
        bool negated = number < negated_until;
        negator = sets & WORD_NEGATOR;
        if (token->apostrophe) word = take_off_elision(words, word, &hash, &negator, &negated);
        at = emit_word(items, at, word, hash, negated);
    } else {
        if (token->kind == TOKEN_NUMBER) hash = NUMBER;
        at = emit_if(items, at, (uint32_t)hash, true);
    }
    uint64_t pair = ngram_pair(context->before[token->sentence_before], hash);
    at = emit_if(items, at, (uint32_t)(pair >> 32), true);
    at = emit_mark_if(items, at, MARK_UPPER, token->upper);
    at = emit_mark_if(items, at, MARK_STRETCHED, token->stretched);
    context->before[false] = hash;
    context->negated_until = negator ? number + 1 + NEGATION_WORDS : negated_until;
    return at;
}

/* What stands before the token, behind the one before. A mark alone between two words is none:
 * "and/or", "what?ever". */
static uint32_t emit_between(uint32_t *items, uint32_t at, struct str text,
                             const struct token *token)
{
    size_t from = token[-1].end;
    return token->start - from > 1 ? emit_gap(items, at, text, from, token->start) : at;
}

/* There are tokens. */
static void emit_all(struct str text, const struct tokens *tokens, struct linear_features *features,
                     uint16_t *sets)
{
    const struct words *words = words_open();
    const struct token *token = tokens->items;
    uint32_t *items = features->items, *first = features->first, at = 0, count = tokens->count;
    /* the first token begins a sentence, whether or not a mark stands before it */
    uint32_t *sentences = features->sentences, sentence = !token->sentence_before;
    size_t mark = next_mark(text, token->end);
    struct context context = {.before = {SENTENCE, SENTENCE}};
    sentences[0] = 0;
    for (uint32_t i = 0; i < count; i++, token++) {
        if (mark < token->start) {
            at = emit_between(items, at, text, token);
            mark = next_mark(text, token->start);
        }
        uint32_t in = words_sets(words, token->hash);
        first[i] = at;
        sets[i] = (uint16_t)in;
        sentences[sentence] = i;
        sentence += token->sentence_before;
        at = emit_token(items, at, words, token, i, in, &context);
    }
    if (mark < text.size) at = emit_gap(items, at, text, token[-1].end, text.size);
    features->count = first[count] = at;
    sentences[sentence] = count;
    features->sentence_count = sentence;
}

int linear_extract(struct str text, const struct tokens *tokens, struct arena *arena,
                   struct linear_features *ret_features, struct err *err)
{
    size_t count = tokens->count;
    if (tokens->features) return *ret_features = *tokens->features, E_OK;
    if (count > UINT32_MAX / (FEATURES_PER_TOKEN_MAX * sizeof(uint32_t)))
        return err_set(err, E_TOO_LARGE, NULL);
    uint16_t *sets = arena_alloc(arena, (count + FLAGS_ROUND) * sizeof *sets);
    struct linear_features features = {
        .items = arena_alloc(arena, (count * FEATURES_PER_TOKEN_MAX + 1) * sizeof(uint32_t)),
        .first = arena_alloc(arena, (count + 1) * sizeof(uint32_t)),
        .sentences = arena_alloc(arena, (count + 2) * sizeof(uint32_t)),
        .tokens = (uint32_t)count,
        .sets = sets,
    };
    if (!features.items || !features.first || !features.sentences || !sets)
        return err_set(err, E_NO_MEMORY, NULL);
    if (count) emit_all(text, tokens, &features, sets);
    else features.first[0] = features.sentences[0] = 0;
    *ret_features = features;
    return E_OK;
}
