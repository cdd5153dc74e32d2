/* Turns tokens into the hashes that linear models score: see linear.h for the list. */
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
    uint64_t left;    /* hash of the token before, 0 at the start of a sentence */
    int negated_left; /* words that the negation still reaches */
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

static bool is_negator(const struct words *words, struct str word, uint64_t hash, bool apostrophe)
{
    if (apostrophe && word.size > 3 && word.data[word.size - 2] == '\'')
        return word.data[word.size - 3] == 'n';
    return words_sets(words, hash) & WORD_NEGATOR;
}

static inline uint64_t stem_hash(const char *word, size_t letters)
{
    uint64_t bytes = 0;
    memcpy(&bytes, word, letters);
    return bytes * UINT64_C(0xd6e8feb86659fd93);
}

static void emit_word(struct extraction *extraction, struct str word, uint64_t hash)
{
    uint64_t marked = extraction->negated_left > 0 ? SALT_NEGATED : 0;
    emit(extraction, hash ^ marked, SALT_WORD);
    /* How long words are can't be foreseen: a short one's stems are made of nothing,
     * and not kept. */
    const char *stem = word.size > 6 ? word.data : "\0\0\0\0\0";
    const char *short_stem = word.size > 4 ? word.data : "\0\0\0\0\0";
    emit_if(extraction, stem_hash(short_stem, 4) ^ marked, SALT_STEM, word.size > 4);
    emit_if(extraction, stem_hash(stem, 6) ^ marked, SALT_STEM, word.size > 6);
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

static void emit_token(struct extraction *extraction, const struct token *token)
{
    struct str word = token->folded;
    uint64_t hash = token->hash;
    bool negator = false;
    if (token->clause_before) extraction->negated_left = 0;
    if (token->sentence_before) extraction->left = 0;
    if (token->kind == TOKEN_NUMBER) {
        hash = MARK_NUMBER;
        emit(extraction, MARK_NUMBER, SALT_MARK);
    } else if (token->kind == TOKEN_WORD) {
        size_t cut = token->apostrophe ? elision_bytes(word) : 0;
        if (cut) {
            negator = word.data[0] == 'n';
            word = str_slice(word, cut, word.size);
            hash = hash_fast(word, 0);
        }
        if (negator) extraction->negated_left = NEGATION_WORDS;
        else negator = is_negator(extraction->words, word, hash, token->apostrophe);
        emit_word(extraction, word, hash);
    } else {
        emit(extraction, hash, SALT_WORD);
    }
    emit(extraction, extraction->left ? ngram_pair(extraction->left, hash) : hash,
         extraction->left ? SALT_PAIR : SALT_FIRST);
    extraction->left = hash;
    if (token->upper) emit(extraction, MARK_UPPER, SALT_MARK);
    if (token->stretched) emit(extraction, MARK_STRETCHED, SALT_MARK);
    if (negator) extraction->negated_left = NEGATION_WORDS;
    else if (extraction->negated_left) extraction->negated_left--;
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
    if (!extraction.items || !first) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < count; i++) {
        first[i] = extraction.count;
        emit_token(&extraction, &tokens->items[i]);
        size_t behind = i + 1 < count ? tokens->items[i + 1].start : text.size;
        if (behind > (size_t)tokens->items[i].end + 1 || i + 1 == count)
            emit_gap(&extraction, str_slice(text, tokens->items[i].end, behind));
    }
    first[count] = extraction.count;
    *ret_features = (struct linear_features){
        extraction.items, first, extraction.count, (uint32_t)count};
    return E_OK;
}
