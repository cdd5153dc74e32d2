/* The idioms that ship, by language, folded; and how they are found: by their last word's hash,
 * then word by word backwards. */
#include "model/insight/idioms.h"

#include <assert.h>
#include <threads.h>

#include "base/hash.h"
#include "model/topics.h"

#include "model/insight/idioms_phrases.inc"

static struct str last_word(struct str phrase)
{
    size_t from = phrase.size;
    while (from && phrase.data[from - 1] != ' ') from--;
    return str_slice(phrase, from, phrase.size);
}

/* "PHRASE ! WORDS", as idioms_phrases.inc has it: leaves the phrase in *entry; these words. */
static struct str cut_exceptions(struct str *entry)
{
    size_t mark = str_find(*entry, STR(" ! "));
    if (mark >= entry->size) return (struct str){0};
    struct str words = str_slice(*entry, mark + 3, entry->size);
    *entry = str_slice(*entry, 0, mark);
    return words;
}

void idioms_each_last(void (*enter)(void *user, struct str word), void *user)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (struct str rest = str_of(lists[i].phrases); rest.size;) {
            struct str entry = str_cut(&rest, ',');
            cut_exceptions(&entry);
            enter(user, last_word(entry));
        }
}

/* 0 of a word with an apostrophe, too: texts have typographic ones. */
static uint64_t hash_before_last(struct str phrase)
{
    struct str last = last_word(phrase);
    if (last.size == phrase.size) return 0;
    struct str before = last_word(str_slice(phrase, 0, phrase.size - last.size - 1));
    return str_find(before, STR("'")) < before.size ? 0 : hash_word(before);
}

/* The token is the word, whichever apostrophe stands in it. */
static bool is_word(const struct token *token, struct str word)
{
    struct str folded = token->folded;
    if (!token->apostrophe || str_equal(word, folded)) return str_equal(word, folded);
    size_t mark = str_find(word, STR("'"));
    size_t rest = word.size - mark - 1, typographic = sizeof "\xe2\x80\x99" - 1;
    return mark < word.size && folded.size == word.size - 1 + typographic &&
           memcmp(folded.data, word.data, mark) == 0 &&
           memcmp(folded.data + mark, "\xe2\x80\x99", typographic) == 0 &&
           memcmp(folded.data + folded.size - rest, word.data + mark + 1, rest) == 0;
}

/* Those whose last words fall into bucket b are items[starts[b]] to items[starts[b + 1] - 1], in
 * the order of the lists. */
enum { IDIOMS_MAX = 1024, BUCKETS = 1024, SIEVE_WORDS = 256 };
struct idiom {
    struct str phrase, exceptions;
    uint64_t last, before; /* hashes of the last word and the one before; 0: any, or none */
    uint32_t languages;
    enum idiom_kind kind;
};
static struct idioms {
    struct idiom items[IDIOMS_MAX];
    uint16_t starts[BUCKETS + 1];
    /* bits of what they and grades end with, by sieve_of(): as many as let few words through by
     * chance */
    uint64_t sieve[SIEVE_WORDS];
} idioms;
static once_flag once = ONCE_FLAG_INIT;

/* Of an idiom's last word and the one before, 0 where that may be any. */
static uint32_t sieve_of(uint64_t last, uint64_t before)
{
    return (uint32_t)(last ^ before * 3) % (64 * SIEVE_WORDS);
}

static void let_through(uint64_t last, uint64_t before)
{
    uint32_t bit = sieve_of(last, before);
    idioms.sieve[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void build(void)
{
    static struct idiom unsorted[IDIOMS_MAX];
    uint16_t at[BUCKETS] = {0}, sorted = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (struct str rest = str_of(lists[i].phrases); rest.size;) {
            struct str phrase = str_cut(&rest, ','), exceptions = cut_exceptions(&phrase);
            assert(count < IDIOMS_MAX);
            unsorted[count++] = (struct idiom){
                phrase, exceptions, hash_word(last_word(phrase)), hash_before_last(phrase),
                lists[i].languages, lists[i].kind};
        }
    for (uint32_t i = 0; i < count; i++) {
        let_through(unsorted[i].last, unsorted[i].before);
        at[unsorted[i].last % BUCKETS]++;
    }
    for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
        idioms.starts[bucket] = sorted;
        sorted = (uint16_t)(sorted + at[bucket]);
        at[bucket] = idioms.starts[bucket];
    }
    idioms.starts[BUCKETS] = sorted;
    for (uint32_t i = 0; i < count; i++)
        idioms.items[at[unsorted[i].last % BUCKETS]++] = unsorted[i];
    for (struct str rest = STR(IDIOM_GRADES); rest.size;)
        let_through(hash_word(str_cut(&rest, ' ')), 0);
}

const struct idioms *idioms_open(void)
{
    call_once(&once, build);
    return &idioms;
}

static bool is_listed(struct str words, struct str word)
{
    while (words.size)
        if (str_equal(str_cut(&words, ' '), word)) return true;
    return false;
}

/* Bytes of the phrase's last word, if the token is that word; else 0. */
static size_t ends_with(struct str phrase, const struct token *token)
{
    struct str word = token->folded;
    if (token->apostrophe) {
        word = last_word(phrase);
        return is_word(token, word) ? word.size : 0;
    }
    bool ends = str_ends(phrase, word) &&
                (word.size == phrase.size || phrase.data[phrase.size - word.size - 1] == ' ');
    return ends ? word.size : 0;
}

/* The phrase's words stand behind one another and end at token `at`;
 * its first token, or UINT32_MAX. */
static uint32_t begins_at(const struct tokens *tokens, uint32_t first, uint32_t at,
                          struct str phrase)
{
    for (uint32_t i = at;; i--) {
        const struct token *token = &tokens->items[i];
        size_t bytes = ends_with(phrase, token);
        if (!bytes) return UINT32_MAX;
        if (bytes == phrase.size) return i;
        if (i == first || token->clause_before) return UINT32_MAX;
        phrase = str_slice(phrase, 0, phrase.size - bytes - 1);
    }
}

bool idiom_may_end(const struct idioms *all, const struct tokens *tokens, uint32_t at)
{
    uint64_t last = tokens->items[at].hash, before = at ? tokens->items[at - 1].hash : 0;
    uint32_t one = sieve_of(last, 0), both = sieve_of(last, before);
    return (all->sieve[one / 64] >> one % 64 | all->sieve[both / 64] >> both % 64) & 1;
}

enum idiom_kind idiom_at(const struct idioms *all, const struct tokens *tokens, uint32_t first,
                         uint32_t at, uint32_t languages, uint32_t *ret_from)
{
    uint64_t hash = tokens->items[at].hash, before = at ? tokens->items[at - 1].hash : 0;
    uint64_t bucket = hash % BUCKETS;
    for (uint32_t i = all->starts[bucket]; i < all->starts[bucket + 1]; i++) {
        const struct idiom *idiom = &all->items[i];
        /* one branch, which nearly always goes on: one on the last word alone can't be foreseen */
        uint64_t differs = (idiom->last ^ hash) | (idiom->before && idiom->before != before);
        if (differs | !(idiom->languages & languages)) continue;
        uint32_t from = begins_at(tokens, first, at, idiom->phrase);
        if (from == UINT32_MAX) continue;
        if (from > first && is_listed(idiom->exceptions, tokens->items[from - 1].folded)) continue;
        bool ends = at + 1 == tokens->count || tokens->items[at + 1].clause_before;
        if (!ends && is_listed(idiom->exceptions, STR("."))) continue;
        *ret_from = from;
        return idiom->kind;
    }
    return IDIOM_NONE;
}
