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

/* Salts part the kinds of features; any distinct odd numbers do. */
#define SALT_WORD UINT64_C(0x2545f4914f6cdd1d)
#define SALT_NEGATED UINT64_C(0x8cb92ba72f3d8dd7)
#define SALT_PAIR UINT64_C(0xaf251af3b0f025b5)
#define SALT_FIRST UINT64_C(0xb564ef22ec7aece5)
#define SALT_STEM UINT64_C(0xf7c2ebc08f67f2b5)
#define SALT_MARK UINT64_C(0x9fb21c651e98df25)

enum mark {
    MARK_NUMBER = 1, MARK_UPPER, MARK_STRETCHED, MARK_QUESTION, MARK_EXCLAMATION, MARK_HAPPY,
    MARK_SAD
};

static inline uint32_t feature_of(uint64_t hash, uint64_t salt)
{
    uint64_t mixed = (hash ^ salt) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)((mixed ^ mixed >> 29) * salt >> 32);
}

/* The place behind the feature, or, if it isn't said, its own: a branch on what words are like
 * would often be foreseen wrongly. Here and below `out` is where the next feature goes. */
static inline uint32_t *emit_if(uint32_t *out, uint64_t hash, uint64_t salt, bool said)
{
    *out = feature_of(hash, salt);
    return out + said;
}

static inline uint32_t *emit(uint32_t *out, uint64_t hash, uint64_t salt)
{
    return emit_if(out, hash, salt, true);
}

static inline uint64_t stem_hash(uint64_t bytes, uint32_t letters)
{
    return (bytes & (UINT64_MAX >> (64 - 8 * letters))) * UINT64_C(0xd6e8feb86659fd93);
}

/* How long words are can't be foreseen: a short one's stems are made of what lies behind it, and
 * not kept. */
static inline uint32_t *emit_word(uint32_t *out, struct str word, uint64_t hash, bool negated)
{
    uint64_t marked = SALT_NEGATED & -(uint64_t)negated, bytes;
    _Static_assert(sizeof bytes <= TOKEN_READABLE, "a stem is read at once");
    memcpy(&bytes, word.data, sizeof bytes);
    bytes = le64toh(bytes);
    out = emit(out, hash ^ marked, SALT_WORD);
    out = emit_if(out, stem_hash(bytes, 4) ^ marked, SALT_STEM, word.size > 4);
    return emit_if(out, stem_hash(bytes, 6) ^ marked, SALT_STEM, word.size > 6);
}

/* What stands between a token and the next: marks and emoticons. */
static uint32_t *emit_gap(uint32_t *out, struct str gap)
{
    bool question = false, exclamation = false, happy = false, sad = false;
    for (size_t i = 0; i < gap.size && i < GAP_BYTES_MAX; i++) {
        char c = gap.data[i];
        bool eyes = i &&
                    (gap.data[i - 1] == ':' || gap.data[i - 1] == ';' || gap.data[i - 1] == '=' ||
                     (gap.data[i - 1] == '-' && i > 1 && gap.data[i - 2] == ':'));
        question |= c == '?';
        exclamation |= c == '!';
        happy |= c == ')' && eyes;
        sad |= c == '(' && eyes;
    }
    out = emit_if(out, MARK_QUESTION, SALT_MARK, question);
    out = emit_if(out, MARK_EXCLAMATION, SALT_MARK, exclamation);
    out = emit_if(out, MARK_HAPPY, SALT_MARK, happy);
    return emit_if(out, MARK_SAD, SALT_MARK, sad);
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
        *hash = hash_fast(word, 0);
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
    uint64_t left;          /* hash of the token before, 0 at the start of a sentence */
    uint32_t negated_until; /* the token that the negation doesn't reach any more */
};

static inline uint32_t *emit_token(uint32_t *out, const struct words *words,
                                   const struct token *token, uint32_t at, uint32_t sets,
                                   struct context *context)
{
    struct str word = token->folded;
    uint64_t hash = token->hash,
             left = context->left & ((uint64_t)token->sentence_before - 1);
    uint32_t negated_until = context->negated_until & ((uint32_t)token->clause_before - 1);
    bool negated = at < negated_until, negator = false;
    if (token->kind == TOKEN_WORD) {
        negator = sets & WORD_NEGATOR;
        if (token->apostrophe) word = take_off_elision(words, word, &hash, &negator, &negated);
        out = emit_word(out, word, hash, negated);
    } else if (token->kind == TOKEN_NUMBER) {
        hash = MARK_NUMBER;
        out = emit(out, MARK_NUMBER, SALT_MARK);
    } else {
        out = emit(out, hash, SALT_WORD);
    }
    out = left ? emit(out, ngram_pair(left, hash), SALT_PAIR) : emit(out, hash, SALT_FIRST);
    out = emit_if(out, MARK_UPPER, SALT_MARK, token->upper);
    out = emit_if(out, MARK_STRETCHED, SALT_MARK, token->stretched);
    context->left = hash;
    context->negated_until = negator ? at + 1 + NEGATION_WORDS : negated_until;
    return out;
}

/* What stands before the token, behind the one before. A mark alone between two words is none:
 * "and/or", "what?ever". */
static uint32_t *emit_between(uint32_t *out, struct str text, const struct token *token)
{
    struct str gap = str_slice(text, token[-1].end, token->start);
    return gap.size > 1 ? emit_gap(out, gap) : out;
}

static uint32_t *emit_all(uint32_t *out, struct str text, const struct tokens *tokens,
                          uint32_t *first, uint16_t *sets)
{
    const struct words *words = words_open();
    const struct token *token = tokens->items;
    const uint32_t *start = out;
    uint32_t count = tokens->count;
    size_t mark = count ? next_mark(text, token->end) : text.size;
    struct context context = {0};
    for (uint32_t i = 0; i < count; i++, token++) {
        if (mark < token->start) {
            out = emit_between(out, text, token);
            mark = next_mark(text, token->start);
        }
        first[i] = (uint32_t)(out - start);
        uint32_t in = words_sets(words, token->hash);
        sets[i] = (uint16_t)in;
        out = emit_token(out, words, token, i, in, &context);
    }
    if (mark < text.size) out = emit_gap(out, str_slice(text, token[-1].end, text.size));
    first[count] = (uint32_t)(out - start);
    return out;
}

int linear_extract(struct str text, const struct tokens *tokens, struct arena *arena,
                   struct linear_features *ret_features, struct err *err)
{
    size_t count = tokens->count;
    if (tokens->features) return *ret_features = *tokens->features, E_OK;
    if (count > UINT32_MAX / (FEATURES_PER_TOKEN_MAX * sizeof(uint32_t)))
        return err_set(err, E_TOO_LARGE, NULL);
    uint32_t *items = arena_alloc(arena, (count * FEATURES_PER_TOKEN_MAX + 1) * sizeof *items);
    uint32_t *first = arena_alloc(arena, (count + 1) * sizeof *first);
    uint16_t *sets = arena_alloc(arena, (count + FLAGS_ROUND) * sizeof *sets);
    if (!items || !first || !sets) return err_set(err, E_NO_MEMORY, NULL);
    uint32_t *end = emit_all(items, text, tokens, first, sets);
    *ret_features = (struct linear_features){items, first, (uint32_t)(end - items),
                                             (uint32_t)count, sets};
    return E_OK;
}
