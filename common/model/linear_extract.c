/* Turns tokens into the hashes that linear models score: see linear.h for the list. */
#include <endian.h>

#include "base/hash.h"
#include "model/elision.h"
#include "model/linear.h"
#include "model/ngram.h"
#include "model/words.h"

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

struct extraction {
    const struct words *words;
    uint32_t *items, count;
    uint64_t left;         /* hash of the token before, 0 at the start of a sentence */
    uint32_t negated_left; /* words that the negation still reaches */
};

static inline void emit_if(struct extraction *extraction, uint64_t hash, uint64_t salt, bool said)
{
    uint64_t mixed = (hash ^ salt) * UINT64_C(0x9e3779b97f4a7c15);
    extraction->items[extraction->count] = (uint32_t)((mixed ^ mixed >> 29) * salt >> 32);
    extraction->count += said;
}

static inline void emit(struct extraction *extraction, uint64_t hash, uint64_t salt)
{
    emit_if(extraction, hash, salt, true);
}

static inline uint64_t stem_hash(uint64_t bytes, uint32_t letters)
{
    return (bytes & (UINT64_MAX >> (64 - 8 * letters))) * UINT64_C(0xd6e8feb86659fd93);
}

/* How long words are can't be foreseen: a short one's stems are made of what lies behind it, and
 * not kept. */
static inline void emit_word(struct extraction *extraction, struct str word, uint64_t hash)
{
    uint64_t marked = extraction->negated_left ? SALT_NEGATED : 0, bytes;
    _Static_assert(sizeof bytes <= TOKEN_READABLE, "a stem is read at once");
    memcpy(&bytes, word.data, sizeof bytes);
    bytes = le64toh(bytes);
    emit(extraction, hash ^ marked, SALT_WORD);
    emit_if(extraction, stem_hash(bytes, 4) ^ marked, SALT_STEM, word.size > 4);
    emit_if(extraction, stem_hash(bytes, 6) ^ marked, SALT_STEM, word.size > 6);
}

/* What stands between a token and the next: marks and emoticons. */
static void emit_gap(struct extraction *extraction, struct str gap)
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
    if (question) emit(extraction, MARK_QUESTION, SALT_MARK);
    if (exclamation) emit(extraction, MARK_EXCLAMATION, SALT_MARK);
    if (happy) emit(extraction, MARK_HAPPY, SALT_MARK);
    if (sad) emit(extraction, MARK_SAD, SALT_MARK);
}

/* A word with an apostrophe in it: what is left without an elision, whether that negates what
 * follows, and whether itself is negated ("n'aime"). */
static struct str take_off_elision(const struct extraction *extraction, struct str word,
                                   uint64_t *hash, bool *negator, bool *negated)
{
    size_t cut = elision_bytes(word);
    if (cut) {
        *negated = word.data[0] == 'n';
        word = str_slice(word, cut, word.size);
        *hash = hash_fast(word, 0);
        *negator = words_sets(extraction->words, *hash) & WORD_NEGATOR;
    }
    if (word.size > 3 && word.data[word.size - 2] == '\'')
        *negator = word.data[word.size - 3] == 'n'; /* "don't" */
    *negator |= *negated;
    return word;
}

static inline void emit_token(struct extraction *extraction, const struct token *token,
                              uint32_t sets)
{
    struct str word = token->folded;
    uint64_t hash = token->hash;
    bool negator = false;
    extraction->negated_left = token->clause_before ? 0 : extraction->negated_left;
    extraction->left = token->sentence_before ? 0 : extraction->left;
    if (token->kind == TOKEN_WORD) {
        bool negated = false;
        negator = sets & WORD_NEGATOR;
        if (token->apostrophe)
            word = take_off_elision(extraction, word, &hash, &negator, &negated);
        extraction->negated_left = negated ? NEGATION_WORDS : extraction->negated_left;
        emit_word(extraction, word, hash);
    } else if (token->kind == TOKEN_NUMBER) {
        hash = MARK_NUMBER;
        emit(extraction, MARK_NUMBER, SALT_MARK);
    } else {
        emit(extraction, hash, SALT_WORD);
    }
    emit(extraction, extraction->left ? ngram_pair(extraction->left, hash) : hash,
         extraction->left ? SALT_PAIR : SALT_FIRST);
    extraction->left = hash;
    if (token->upper) emit(extraction, MARK_UPPER, SALT_MARK);
    if (token->stretched) emit(extraction, MARK_STRETCHED, SALT_MARK);
    extraction->negated_left = negator ? NEGATION_WORDS
                                       : extraction->negated_left - (extraction->negated_left > 0);
}

int linear_extract(struct str text, const struct tokens *tokens, struct arena *arena,
                   struct linear_features *ret_features, struct err *err)
{
    size_t count = tokens->count;
    if (tokens->features) return *ret_features = *tokens->features, E_OK;
    if (count > UINT32_MAX / (FEATURES_PER_TOKEN_MAX * sizeof(uint32_t)))
        return err_set(err, E_TOO_LARGE, NULL);
    struct extraction extraction = {
        .words = words_open(),
        .items = arena_alloc(arena, (count * FEATURES_PER_TOKEN_MAX + 1) * sizeof(uint32_t))};
    uint32_t *first = arena_alloc(arena, (count + 1) * sizeof(uint32_t));
    uint16_t *sets = arena_alloc(arena, (count + 1) * sizeof *sets);
    if (!extraction.items || !first || !sets) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < count; i++) {
        first[i] = extraction.count;
        sets[i] = (uint16_t)words_sets(extraction.words, tokens->items[i].hash);
        emit_token(&extraction, &tokens->items[i], sets[i]);
        size_t behind = i + 1 < count ? tokens->items[i + 1].start : text.size;
        if (behind > (size_t)tokens->items[i].end + 1 || i + 1 == count)
            emit_gap(&extraction, str_slice(text, tokens->items[i].end, behind));
    }
    first[count] = extraction.count;
    *ret_features = (struct linear_features){
        extraction.items, first, extraction.count, (uint32_t)count, sets};
    return E_OK;
}
