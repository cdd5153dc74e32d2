/* Counts phrases in one open-addressed table of fixed size; ranks them when asked. */
#include "model/discover.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "model/discover_words.h"
#include "model/elision.h"

enum {
    CUSTOMER_WORDS = 16, CUSTOMER_BITS = 64 * CUSTOMER_WORDS, STOP_SLOTS = 4096, SLOTS_MIN = 64
};
#define LIFT_BITS_MAX 4.0
enum { IS_GENERIC = 8 }; /* beside the bits of languages */

struct entry {
    uint64_t key;                  /* of its words' stems, in any order; 0: empty */
    uint64_t stems[DISCOVER_WORDS_MAX];
    uint32_t records, last;        /* last: the record that counted it last */
    uint8_t words, content;        /* content: bits of the words that are no stop words */
    bool generic;
    uint8_t example_at;            /* where the phrase stands in it */
    char text[DISCOVER_TEXT_BYTES], example[DISCOVER_EXAMPLE_BYTES];
    uint64_t customers[CUSTOMER_WORDS];
};

struct discover {
    const struct topics *topics;
    struct entry *entries;
    uint32_t slots, used, records, forgotten;
    struct {
        uint64_t hash;
        uint32_t bits;
    } stops[STOP_SLOTS];
};

/* --- words ------------------------------------------------------------------------------------ */

static uint32_t *stop_bits(struct discover *discover, uint64_t hash)
{
    uint32_t i = hash >> 32 & (STOP_SLOTS - 1);
    while (discover->stops[i].hash && discover->stops[i].hash != hash)
        i = (i + 1) & (STOP_SLOTS - 1);
    discover->stops[i].hash = hash;
    return &discover->stops[i].bits;
}

static uint32_t stops_of(const struct discover *discover, uint64_t hash)
{
    uint32_t i = hash >> 32 & (STOP_SLOTS - 1);
    while (discover->stops[i].hash && discover->stops[i].hash != hash)
        i = (i + 1) & (STOP_SLOTS - 1);
    return discover->stops[i].hash ? discover->stops[i].bits : 0;
}

/* Endings of number and gender off: "cables" and "cable", "lento" and "lenta" are one. */
static uint64_t stem(struct str word)
{
    if (word.size > 4 && word.data[word.size - 1] == 's') word.size--;
    if (word.size > 4 && strchr("aeo", word.data[word.size - 1])) word.size--;
    return hash_fast(word, 1) | 1;
}

/* Stop words as they stand, generic ones by their stem. */
static void enter(struct discover *discover, const char *words, uint32_t bits)
{
    for (struct str rest = str_of(words); rest.size;) {
        struct str word = str_cut(&rest, ' ');
        *stop_bits(discover, bits == IS_GENERIC ? stem(word) : hash_word(word)) |= bits;
    }
}

/* What a phrase needs to know of a token. */
struct word {
    struct str text;
    uint64_t stem;
    bool open, stop, generic; /* open: no topic, number, mark or placeholder */
    bool breaks;              /* a clause begins with it */
};

static bool is_placeholder(struct str text, const struct token *token)
{
    return token->start && strchr("[{<@#/", text.data[token->start - 1]);
}

static void read_words(const struct discover *discover, struct str text,
                       const struct tokens *tokens, uint32_t languages, struct word *words,
                       uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct token *token = &tokens->items[first + i];
        struct str word = token_bare(token);
        uint32_t bits =
            stops_of(discover, word.size == token->folded.size ? token->hash : hash_word(word));
        uint64_t stemmed = stem(word);
        words[i] = (struct word){
            .text = word, .stem = stemmed, .stop = bits & languages || word.size < 3,
            .generic = stops_of(discover, stemmed) & IS_GENERIC,
            .open = token->kind == TOKEN_WORD && !is_placeholder(text, token),
            .breaks = token->clause_before || token->sentence_before};
    }
    for (uint32_t i = 0; i < count; i++) {
        struct topic_match matches[TOPIC_MATCHES_MAX];
        uint32_t found = topics_match(discover->topics, tokens, first + i, languages,
                                      TOPIC_BY_ANY, NULL, matches);
        for (uint32_t m = 0; m < found; m++)
            for (uint32_t k = i; k < i + matches[m].words && k < count; k++) words[k].open = false;
    }
}

/* --- counting --------------------------------------------------------------------------------- */

static uint64_t key_of(const uint64_t *stems, uint32_t words)
{
    uint64_t sum = words;
    for (uint32_t i = 0; i < words; i++)
        sum += (stems[i] ^ stems[i] >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    return (sum ^ sum >> 29) | 1;
}

static struct entry *find(const struct discover *discover, uint64_t key)
{
    uint32_t i = (uint32_t)(key >> 20) & (discover->slots - 1);
    while (discover->entries[i].key && discover->entries[i].key != key)
        i = (i + 1) & (discover->slots - 1);
    return &discover->entries[i];
}

/* Puts entries behind the hole at `i` where look-ups find them (Knuth, volume 3,
 * 6.4, algorithm R). */
static void close_hole(struct discover *discover, uint32_t i)
{
    uint32_t mask = discover->slots - 1;
    for (uint32_t j = (i + 1) & mask; discover->entries[j].key; j = (j + 1) & mask) {
        uint32_t home = (uint32_t)(discover->entries[j].key >> 20) & mask;
        if (((j - home) & mask) < ((j - i) & mask)) continue;
        discover->entries[i] = discover->entries[j];
        i = j;
    }
    discover->entries[i].key = 0;
}

/* Forgets what fewest records hold, until a quarter of the table is free. */
static void forget(struct discover *discover)
{
    while (discover->used > discover->slots / 4 * 3) {
        discover->forgotten++;
        for (uint32_t i = 0; i < discover->slots;) {
            if (!discover->entries[i].key || discover->entries[i].records > discover->forgotten) {
                i++;
                continue;
            }
            close_hole(discover, i); /* and look at what has come here */
            discover->used--;
        }
    }
}

static void write_text(struct entry *entry, const struct word *words, uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (size) entry->text[size++] = ' ';
        memcpy(entry->text + size, words[i].text.data, words[i].text.size);
        size += words[i].text.size;
    }
    entry->text[size] = 0;
}

static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/* Where a word begins from `at` on, `last` at the latest. */
static size_t word_start(struct str text, size_t at, size_t last)
{
    while (at && at < last && !is_blank(text.data[at - 1])) at++;
    return at;
}

/* Where a word that begins behind `first` ends, `at` at the latest; a longer one is cut at a whole
 * character. */
static size_t word_end(struct str text, size_t at, size_t first)
{
    size_t end = at;
    while (end > first && !is_blank(text.data[end])) end--;
    if (end > first) return end;
    while (str_utf8_is_inside(text, at)) at--;
    return at;
}

/* The text around `at`, whole words where they are short enough, on one line. */
static void write_example(struct entry *entry, struct str text, size_t at)
{
    size_t room = DISCOVER_EXAMPLE_BYTES - 1, start = at > room / 3 ? at - room / 3 : 0;
    if (text.size <= room) start = 0;
    else if (start + room > text.size) start = text.size - room;
    start = word_start(text, start, at);
    size_t end = start + room < text.size ? word_end(text, start + room, at) : text.size;
    for (size_t i = start; i < end; i++) {
        unsigned char c = (unsigned char)text.data[i];
        entry->example[i - start] = c < ' ' || c == 0x7f ? ' ' : (char)c;
    }
    entry->example[end - start] = 0;
    entry->example_at = (uint8_t)(at - start);
}

static void count_phrase(struct discover *discover, struct str text, size_t at,
                         const struct word *words, uint32_t count, uint64_t customer)
{
    uint64_t stems[DISCOVER_WORDS_MAX] = {0};
    size_t bytes = count;
    bool generic = true;
    for (uint32_t i = 0; i < count; i++) {
        stems[i] = words[i].stem;
        bytes += words[i].text.size;
        generic &= words[i].generic || words[i].stop;
    }
    if (bytes > DISCOVER_TEXT_BYTES) return;
    uint64_t key = key_of(stems, count);
    struct entry *entry = find(discover, key);
    if (!entry->key) {
        if (discover->used >= discover->slots / 8 * 7) {
            forget(discover);
            entry = find(discover, key);
        }
        *entry = (struct entry){.key = key, .words = (uint8_t)count, .generic = generic};
        memcpy(entry->stems, stems, sizeof stems);
        for (uint32_t i = 0; i < count; i++) entry->content |= (uint8_t)(!words[i].stop << i);
        write_text(entry, words, count);
        write_example(entry, text, at);
        discover->used++;
    }
    if (entry->last == discover->records) return; /* counted once a record */
    entry->last = discover->records;
    entry->records++;
    entry->customers[customer / 64 % CUSTOMER_WORDS] |= UINT64_C(1) << customer % 64;
}

void discover_add(struct discover *discover, struct str text, const struct tokens *tokens,
                  struct str customer, uint32_t languages)
{
    enum { WINDOW = 256 }; /* longer texts in pieces: no phrase reaches over their borders */
    discover->records++;
    uint64_t who = customer.size
                       ? hash_fast(customer, 2)
                       : hash_fast(str_make(&discover->records, sizeof discover->records), 3);
    for (uint32_t first = 0; first < tokens->count; first += WINDOW) {
        struct word words[WINDOW];
        uint32_t count = tokens->count - first < WINDOW ? tokens->count - first : WINDOW;
        read_words(discover, text, tokens, languages, words, first, count);
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t n = 1; n <= DISCOVER_WORDS_MAX && i + n <= count; n++) {
                const struct word *last = &words[i + n - 1];
                if (!last->open || words[i].stop || (n > 1 && last->breaks)) break;
                if (!last->stop)
                    count_phrase(discover, text, tokens->items[first + i].start, words + i, n, who);
            }
    }
}

/* --- ranking ---------------------------------------------------------------------------------- */

/* Linear counting: Whang et al. 1990. */
static uint32_t customers_of(const struct entry *entry)
{
    uint32_t set = 0;
    for (int i = 0; i < CUSTOMER_WORDS; i++)
        set += (uint32_t)__builtin_popcountll(entry->customers[i]);
    if (set == CUSTOMER_BITS) return entry->records;
    double estimate = -CUSTOMER_BITS * log(1 - (double)set / CUSTOMER_BITS);
    uint32_t customers = (uint32_t)(estimate + 0.5);
    return customers < entry->records ? customers : entry->records;
}

/* Of a word that was forgotten, the phrase's own records are all that is known. */
static double lift_of(const struct discover *discover, const struct entry *entry)
{
    double lift = entry->records / (double)discover->records;
    for (uint32_t i = 0; i < entry->words && entry->words > 1; i++) {
        if (!(entry->content >> i & 1)) continue;
        const struct entry *word = find(discover, key_of(&entry->stems[i], 1));
        uint32_t records =
            word->key && word->records > entry->records ? word->records : entry->records;
        lift *= discover->records / (double)records;
    }
    return entry->words > 1 ? lift : 1;
}

/* longer[i]: records of the most frequent candidate that holds entry i. */
static void note_longer(const struct discover *discover, const struct entry *entry,
                        uint32_t *longer)
{
    for (uint32_t n = 1; n < entry->words; n++)
        for (uint32_t i = 0; i + n <= entry->words; i++) {
            const struct entry *part = find(discover, key_of(entry->stems + i, n));
            size_t at = (size_t)(part - discover->entries);
            if (part->key && longer[at] < entry->records) longer[at] = entry->records;
        }
}

static int compare(const void *a, const void *b)
{
    const struct discovery *x = a, *y = b;
    if (x->score < y->score || x->score > y->score) return x->score < y->score ? 1 : -1;
    return str_compare(x->text, y->text);
}

int discover_report(const struct discover *discover, uint32_t records_min, uint32_t limit,
                    struct arena *arena, struct discovery **ret_found, uint32_t *ret_count,
                    struct err *err)
{
    uint32_t count = 0;
    uint32_t *longer = arena_array(arena, discover->slots, sizeof *longer);
    struct discovery *found = arena_array(arena, (size_t)discover->used + 1, sizeof *found);
    if (!longer || !found) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < discover->slots; i++) {
        const struct entry *entry = &discover->entries[i];
        if (entry->key && entry->records >= records_min) note_longer(discover, entry, longer);
    }
    for (uint32_t i = 0; i < discover->slots; i++) {
        const struct entry *entry = &discover->entries[i];
        if (!entry->key || entry->generic || entry->records < records_min ||
            entry->records < longer[i] + records_min)
            continue;
        double lift = lift_of(discover, entry), bits = fmin(log2(1 + lift), LIFT_BITS_MAX);
        double score = log2(entry->words + 1.0) * (entry->records - longer[i]) * bits;
        found[count++] = (struct discovery){
            str_of(entry->text), str_of(entry->example), entry->example_at, entry->records,
            customers_of(entry), lift, score};
    }
    if (count) qsort(found, count, sizeof *found, compare);
    *ret_found = found;
    *ret_count = count < limit ? count : limit;
    return E_OK;
}

/* --- life ------------------------------------------------------------------------------------- */

struct discover *discover_create(const struct topics *topics, uint32_t slots)
{
    struct discover *discover = calloc(1, sizeof *discover);
    if (!discover) return NULL;
    discover->topics = topics;
    discover->slots = slots < SLOTS_MIN ? DISCOVER_SLOTS : slots;
    discover->entries = calloc(discover->slots, sizeof *discover->entries);
    for (size_t i = 0; i < sizeof stop_words / sizeof stop_words[0]; i++)
        enter(discover, stop_words[i].words, stop_words[i].language);
    for (size_t i = 0; i < sizeof generic_words / sizeof generic_words[0]; i++)
        enter(discover, generic_words[i], IS_GENERIC);
    if (discover->entries) return discover;
    discover_destroy(discover);
    return NULL;
}

void discover_destroy(struct discover *discover)
{
    if (!discover) return;
    free(discover->entries);
    free(discover);
}

uint32_t discover_records(const struct discover *discover)
{
    return discover->records;
}

uint32_t discover_forgotten(const struct discover *discover)
{
    return discover->forgotten;
}
