/* Spellings in chains by the hash of their first word; a bit map tells at once of most words that
 * none begins so, another of most of the others, with the word behind them. */
#include "text/names.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/flags.h"
#include "base/hash.h"
#include "base/list_file.h"

enum {
    BUCKETS = 16384, FILTER_BITS = 1 << 18, FILTER_BITS_MIN = 1 << 12, BITS_A_NAME = 16,
    LETTERS_MIN = 3
};

struct spelling {
    struct spelling *next;
    struct str name; /* of the product */
    uint32_t word_count;
    uint64_t words[NAME_WORDS_MAX]; /* hashes */
};

struct names {
    struct arena arena;
    uint32_t count;
    struct spelling *buckets[BUCKETS];
    /* of which the first filter_bits, a power of two, are in use; filter: of whole spellings of one
     * word, and of the first two of others */
    uint64_t firsts[FILTER_BITS / 64], filter[FILTER_BITS / 64];
    uint32_t filter_bits;
};

/* --- the list --------------------------------------------------------------------------------- */

/* Of two words, one behind the other. Many names begin with a word that is said all the
 * time: "la", "head". */
static uint64_t pair_of(uint64_t first, uint64_t second) { return first ^ second * 3; }

static void enter(struct names *names, struct spelling *spelling)
{
    struct spelling **chain = &names->buckets[spelling->words[0] % BUCKETS];
    uint64_t bit = spelling->word_count > 1 ? pair_of(spelling->words[0], spelling->words[1])
                                            : spelling->words[0];
    names->filter[bit % FILTER_BITS / 64] |= UINT64_C(1) << bit % 64;
    names->firsts[spelling->words[0] % FILTER_BITS / 64] |= UINT64_C(1) << spelling->words[0] % 64;
    spelling->next = *chain;
    *chain = spelling;
}

static int add_spelling(struct names *names, const struct list_file *file, struct str text,
                        struct str name, struct err *err)
{
    struct spelling *spelling = ARENA_NEW(&names->arena, struct spelling);
    struct tokens tokens;
    if (!spelling) return err_set(err, E_NO_MEMORY, NULL);
    if (++names->count > NAMES_MAX) return list_file_bad(file, err, "too many names");
    if (text.size < LETTERS_MIN || text.size > NAME_BYTES_MAX)
        return list_file_bad(file, err, "a name has 3 to 128 bytes");
    int rc = text_tokenize(text, &names->arena, &tokens, err);
    if (rc) return rc;
    if (tokens.count == 0 || tokens.count > NAME_WORDS_MAX)
        return list_file_bad(file, err, "a name has one to five words");
    *spelling = (struct spelling){.name = name, .word_count = tokens.count};
    for (uint32_t i = 0; i < tokens.count; i++) spelling->words[i] = tokens.items[i].hash;
    enter(names, spelling);
    return E_OK;
}

static int add_line(struct names *names, const struct list_file *file, struct str line,
                    struct err *err)
{
    struct str name = {0};
    int rc = E_OK;
    while (line.size && !rc) {
        struct str text = str_trim(str_cut(&line, ','));
        if (!text.size) continue;
        if (!name.data) name = arena_copy(&names->arena, text);
        if (!name.data) return err_set(err, E_NO_MEMORY, NULL);
        rc = add_spelling(names, file, text, name, err);
    }
    return rc;
}

/* A short list needs few bits, which then stay in the cache: halves are laid over each other. */
static void fold_filter(struct names *names)
{
    names->filter_bits = FILTER_BITS;
    while (names->filter_bits > FILTER_BITS_MIN &&
           names->filter_bits / 2 >= names->count * BITS_A_NAME) {
        uint32_t half = names->filter_bits /= 2;
        for (uint32_t i = 0; i < half / 64; i++) {
            names->filter[i] |= names->filter[half / 64 + i];
            names->firsts[i] |= names->firsts[half / 64 + i];
        }
    }
}

int names_parse(const char *path, struct str content, struct names **ret_names, struct err *err)
{
    struct list_file file = {.path = path, .rest = content, .comments_in_line = true};
    struct str line;
    struct names *names = calloc(1, sizeof *names);
    int rc = names ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    if (!rc && !str_is_utf8(content)) rc = list_file_bad(&file, err, "not UTF-8");
    while (!rc && list_file_next(&file, &line)) rc = add_line(names, &file, line, err);
    if (rc) {
        names_close(names);
        return rc;
    }
    fold_filter(names);
    *ret_names = names;
    return E_OK;
}

int names_open(const char *path, struct names **ret_names, struct err *err)
{
    struct buffer file = {0};
    int rc = buffer_read_text(&file, path, NAMES_FILE_BYTES_MAX, err);
    if (!rc) rc = names_parse(path, buffer_str(&file), ret_names, err);
    buffer_deinit(&file);
    return rc;
}

void names_close(struct names *names)
{
    if (!names) return;
    arena_deinit(&names->arena);
    free(names);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* The word without an article before it or a genitive behind it: "l'ibuprofene", "nurofen's". */
static uint64_t bare_hash(const struct token *token)
{
    struct str word = token->folded;
    size_t size = word.size;
    if (!token->apostrophe || size < 3) return token->hash;
    size_t last = size - 2; /* of "nurofen's" */
    bool owned = word.data[last] == '\'' && word.data[size - 1] == 's';
    for (size_t i = 1; i <= 2 && i + 1 < size && !(owned && i == last); i++) /* l', d', qu' */
        if (word.data[i] == '\'') return token_part_hash(str_slice(word, i + 1, size));
    if (owned) return token_part_hash(str_slice(word, 0, last));
    return token->hash;
}

/* The lowest is the hash's own; what is above it means nothing. */
static inline uint64_t bits_at(const uint64_t *bits, uint32_t count, uint64_t hash)
{
    /* a remainder would be a division */
    return bits[(hash & (count - 1)) / 64] >> hash % 64;
}

static inline bool has_bit(const uint64_t *bits, uint32_t count, uint64_t hash)
{
    return bits_at(bits, count, hash) & 1;
}

/* False: no spelling begins with the word of that hash at `at`, and goes on as the text does. */
static inline bool may_begin(const struct names *names, const struct tokens *tokens, uint32_t at,
                             uint64_t hash)
{
    bool more = at + 1 < tokens->count;
    const struct token *next = &tokens->items[at + more];
    uint32_t bits = names->filter_bits;
    bool pair = next->apostrophe | has_bit(names->filter, bits, pair_of(hash, next->hash));
    return has_bit(names->filter, bits, hash) | (more & pair);
}

static bool fits(const struct spelling *spelling, const struct tokens *tokens, uint32_t at)
{
    if (spelling->word_count > tokens->count - at) return false;
    for (uint32_t i = 1; i < spelling->word_count; i++) {
        const struct token *token = &tokens->items[at + i];
        if (token->sentence_before) return false;
        if (token->hash != spelling->words[i] && bare_hash(token) != spelling->words[i])
            return false;
    }
    return true;
}

static const struct spelling *longest_at(const struct names *names, const struct tokens *tokens,
                                         uint32_t at, uint64_t hash)
{
    const struct spelling *longest = NULL;
    for (const struct spelling *each = names->buckets[hash % BUCKETS]; each; each = each->next)
        if (each->words[0] == hash && (!longest || each->word_count > longest->word_count) &&
            fits(each, tokens, at))
            longest = each;
    return longest;
}

static bool is_known(const struct name_found *found, uint32_t count, struct str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(found[i].name, name)) return true;
    return false;
}

static uint64_t hash_at(const struct tokens *tokens, uint32_t at)
{
    const struct token *token = &tokens->items[at];
    return token->apostrophe ? bare_hash(token) : token->hash;
}

/* Where a spelling may begin among the tokens [first, last), PLACES of them at most: bit i is about
 * token first + i. Their chains are asked for together, as each would be waited for. */
enum { PLACES = FLAGS_MOST };
static uint64_t places_among(const struct names *names, const struct tokens *tokens, uint32_t first,
                             uint32_t last)
{
    const struct token *words = &tokens->items[first];
    uint32_t bits = names->filter_bits, count = last - first;
    uint8_t flags[FLAGS_MOST];
    for (uint32_t i = 0; i < count; i++) { /* no branch: which come can't be foreseen */
        const struct token *token = &words[i];
        flags[i] = (uint8_t)(bits_at(names->firsts, bits, token->hash) | token->apostrophe);
    }
    uint64_t places = 0, begun = flags_with(flags, count, 1);
    for (; begun; begun &= begun - 1) {
        uint32_t at = first + (uint32_t)__builtin_ctzll(begun);
        places |= (uint64_t)may_begin(names, tokens, at, hash_at(tokens, at)) << (at - first);
    }
    for (uint64_t left = places; left; left &= left - 1)
        __builtin_prefetch(
            names->buckets[hash_at(tokens, first + (uint32_t)__builtin_ctzll(left)) % BUCKETS]);
    return places;
}

uint32_t names_find(const struct names *names, const struct tokens *tokens,
                    struct name_found found[static NAMES_FOUND_MAX])
{
    uint32_t count = 0, next = 0; /* next: behind the last name */
    for (uint32_t first = 0; first < tokens->count; first += PLACES) {
        uint32_t last = tokens->count - first < PLACES ? tokens->count : first + PLACES;
        for (uint64_t places = places_among(names, tokens, first, last); places;
             places &= places - 1) {
            uint32_t at = first + (uint32_t)__builtin_ctzll(places);
            const struct spelling *spelling =
                at < next ? NULL : longest_at(names, tokens, at, hash_at(tokens, at));
            if (!spelling) continue;
            next = at + spelling->word_count;
            if (is_known(found, count, spelling->name)) continue;
            found[count++] = (struct name_found){
                spelling->name, tokens->items[at].start, tokens->items[next - 1].end};
            if (count == NAMES_FOUND_MAX) return count;
        }
    }
    return count;
}
