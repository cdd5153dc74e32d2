/* The words that the finders of personal data know, and how one is read at a place. */
#include "text/redact_find.h"

#include <assert.h>
#include <endian.h>
#include <threads.h>

#include "text/ascii_head.h"

static const struct word_list {
    uint32_t cues;
    const char *words; /* folded, parted by blanks */
} lists[] = {
#include "text/redact_words.inc"
};

/* Given and family names of many countries; those that are ordinary words, places
 * or brands as well. */
static const char *const given_names[] = {
#include "text/redact_given.inc"
#include "text/redact_given_world.inc"
};
static const char *const family_names[] = {
#include "text/redact_family.inc"
#include "text/redact_family_world.inc"
};
static const char *const names_also[] = {
#include "text/redact_names_also.inc"
};

/* No names, but written with a capital in titles and at the start of sentences. */
static const char *const ordinary_words[] = {
#include "text/redact_ordinary.inc"
};

/* People whom everybody knows: "tom_hanks", or one name that hardly anybody else has. */
static const char *const public_names[] = {
#include "text/redact_public.inc"
};

/* Joined like these: "calvin_klein". */
static const char *const brands[] = {
#include "text/redact_brands.inc"
};

/* Open addressing over 32-bit hashes: with 50,000 words, one foreign word in 80,000 is taken for
 * one of ours, always the same one. Half the memory and no comparison of strings. A slot's place
 * tells half of its hash, given how far it stands from where that half would have it;
 * few sets of cues are different, so it has but the number of its own. All of it is four bytes,
 * and one look at memory. */
enum {
    SLOT_BITS = 17, SLOTS = 1 << SLOT_BITS, FILTER_BITS = 1 << 18, SETS_MAX = 256, STEPS_MAX = 255
};

/* From the lowest bit: high half of the hash; steps from its own place, and one; which of cue_sets.
 * 0: empty, as the last one always is. */
static uint32_t slots[SLOTS + 1];
static uint32_t cue_sets[SETS_MAX], cue_set_count = 1; /* the first has none */
/* which hashes there are: most words end there, within the cache */
static uint64_t filter[FILTER_BITS / 64];

/* Keys of several words ("tom_hanks"), apart, so that the words above find their slots at once. A
 * slot is a hash whose lowest bits tell what the key is; 0: empty. */
enum { JOINED_SLOTS = 1 << 16, JOINED_PUBLIC = 1, JOINED_BRAND = 2, JOINED_IS = 3 };
static uint32_t joined[JOINED_SLOTS];

/* Hashes of the ordinary words, apart from the others: only who doubts a name asks for them. */
enum { ORDINARY_SLOTS = 1 << 15, ORDINARY_MORE = 256 /* behind the last one's own */ };
static uint32_t ordinary[ORDINARY_SLOTS + ORDINARY_MORE]; /* 0: empty, as the last ones are */

struct redact_starts redact_starts; /* of cues and of keys */
struct redact_starts redact_key_starts;
uint64_t redact_triggers[(1 << TRIGGER_BITS) / 64], redact_names[(1 << NAME_BITS) / 64],
    redact_numbers[(1 << NUMBER_BITS) / 64];
#define MASKS_8                                                                                    \
    UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX
const uint64_t redact_word_masks[64] = {
    0,       0xFF,    0xFFFF,  0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF,
    MASKS_8, MASKS_8, MASKS_8, MASKS_8,  MASKS_8,    MASKS_8,      MASKS_8};
static once_flag once = ONCE_FLAG_INIT;

/* Eight bytes a step: words are short, and the tables are our own. */
static inline uint64_t hash_step(uint64_t hash, uint64_t bytes)
{
    hash = (hash ^ bytes) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

static inline uint32_t hash_end(uint64_t hash, size_t size)
{
    uint32_t mixed = (uint32_t)((hash + size) * 0xD6E8FEB86659FD93u >> 32);
    return mixed | (mixed == 0);
}

/* Its eight bytes from `at` on, or those that there are. */
static inline uint64_t eight_of(struct str word, size_t at)
{
    uint64_t bytes = 0;
    size_t left = word.size - at;
    memcpy(&bytes, word.data + at, left < sizeof bytes ? left : sizeof bytes);
    return le64toh(bytes);
}

uint32_t redact_hash_of(struct str word)
{
    uint64_t hash = 0;
    for (size_t at = 0; at < word.size; at += sizeof hash)
        hash = hash_step(hash, eight_of(word, at));
    return hash_end(hash, word.size);
}

/* The same of a word of 16 letters or fewer; what lies behind them in their room is masked. */
static inline uint32_t hash_of_short(const struct redact_word *word)
{
    static const uint8_t masks[2 * ASCII_HEAD_BYTES] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t bytes[2], mask[2];
    memcpy(bytes, word->folded, sizeof bytes);
    memcpy(mask, masks + ASCII_HEAD_BYTES - word->size, sizeof mask);
    /* both steps, though most words need one: which do can't be foreseen */
    uint64_t one = hash_step(0, le64toh(bytes[0] & mask[0])),
             two = hash_step(one, le64toh(bytes[1] & mask[1]));
    uint64_t longer = -(uint64_t)(word->size > sizeof bytes[0]);
    return hash_end((one & ~longer) | (two & longer), word->size);
}

void redact_mark_start(struct redact_starts *starts_of, struct str word)
{
    uint32_t first = (uint8_t)word.data[0] & 31u, second = (uint8_t)word.data[1] & 31u;
    uint32_t all = UINT32_MAX, last = (uint8_t)word.data[word.size - 1] & 31u;
    starts_of->size[first << 5 | last] |= 1u << (word.size & 31u);
    uint32_t third = word.size > 2 ? (uint8_t)word.data[2] & 31u : 0;
    starts_of->third[first << 5 | second] |= word.size > 2 ? 1u << third : all;
    for (uint32_t c = 0; c < 32; c++) { /* what stands behind a short word may be anything */
        uint32_t fourth = word.size > 3 ? (uint8_t)word.data[3] & 31u : c;
        for (uint32_t d = 0; d < 32 && word.size < 3; d++)
            starts_of->second[d << 5 | fourth] |= 1u << second;
        if (word.size > 2) starts_of->second[third << 5 | fourth] |= 1u << second;
    }
}

/* A slot but its set. */
static inline uint32_t slot_key(uint32_t hash, uint32_t steps)
{
    return (hash >> SLOT_BITS & 0xFFFF) | steps << 16;
}
static inline bool slot_is(uint32_t slot, uint32_t key) { return ((slot ^ key) & 0xFFFFFF) == 0; }

/* Which hashes there are; other bits of them than those that tell the slot. */
static inline uint32_t filter_bit(uint32_t hash) { return hash >> 14; }

/* The hash's slot, or the empty one that it would have; *ret_steps: what that holds then. */
static uint32_t *slot_of(uint32_t hash, uint32_t *ret_steps)
{
    uint32_t i = hash & (SLOTS - 1), steps = 1;
    while (slots[i] && !slot_is(slots[i], slot_key(hash, steps)))
        i = (i + 1) & (SLOTS - 1), steps++;
    *ret_steps = steps;
    return &slots[i];
}

/* The newest first: nearly all words of a list have the same. */
static uint8_t set_of(uint32_t cues)
{
    uint32_t i = cue_set_count;
    while (i && cue_sets[i - 1] != cues) i--;
    if (i) return (uint8_t)(i - 1);
    assert(cue_set_count < SETS_MAX);
    cue_sets[cue_set_count] = cues;
    return (uint8_t)cue_set_count++;
}

static void enter_word(struct str word, uint32_t cues, struct redact_starts *starts_of)
{
    uint32_t hash = redact_hash_of(word), bit = filter_bit(hash), steps;
    uint32_t *slot = slot_of(hash, &steps);
    uint8_t set = set_of(*slot ? cue_sets[*slot >> 24] | cues : cues);
    assert(steps <= STEPS_MAX);
    *slot = slot_key(hash, steps) | (uint32_t)set << 24;
    filter[bit / 64] |= UINT64_C(1) << bit % 64;
    if (starts_of && word.size > 1) redact_mark_start(starts_of, word);
}

static void enter(const char *words, uint32_t cues, struct redact_starts *starts_of)
{
    struct str rest = str_of(words);
    while (rest.size) enter_word(str_cut(&rest, ' '), cues, starts_of);
}

static uint32_t *joined_slot(uint32_t hash)
{
    uint32_t i = hash % JOINED_SLOTS;
    while (joined[i] && (joined[i] ^ hash) > JOINED_IS) i = (i + 1) % JOINED_SLOTS;
    return &joined[i];
}

/* Words, and keys of several. */
static void enter_keys(const char *keys, uint32_t cue, uint32_t joined_is)
{
    struct str rest = str_of(keys);
    while (rest.size) {
        struct str key = str_cut(&rest, ' ');
        if (!memchr(key.data, '_', key.size)) {
            enter_word(key, cue, NULL);
            continue;
        }
        uint32_t hash = redact_hash_of(key), *slot = joined_slot(hash);
        *slot = (hash & ~(uint32_t)JOINED_IS) | (*slot & JOINED_IS) | joined_is;
    }
}

static uint32_t ordinary_slot(uint32_t hash)
{
    uint32_t i = hash % ORDINARY_SLOTS;
    while (ordinary[i] && ordinary[i] != hash) i++;
    assert(i < ORDINARY_SLOTS + ORDINARY_MORE - 4);
    return i;
}

static void enter_ordinary(const char *words)
{
    struct str rest = str_of(words);
    while (rest.size) {
        uint32_t hash = redact_hash_of(str_cut(&rest, ' '));
        ordinary[ordinary_slot(hash)] = hash;
    }
}

bool redact_is_ordinary(const struct redact_word *word)
{
#ifdef __SSE2__
    /* four at once: the word stands there, or one is empty, nearly always */
    __m128i four = _mm_loadu_si128((const void *)&ordinary[word->hash % ORDINARY_SLOTS]);
    int here = _mm_movemask_epi8(_mm_cmpeq_epi32(four, _mm_set1_epi32((int)word->hash))),
        empty = _mm_movemask_epi8(_mm_cmpeq_epi32(four, _mm_setzero_si128()));
    if (here | empty) return here != 0;
#endif
    return ordinary[ordinary_slot(word->hash)] != 0;
}

/* Only words that a finder starts from are looked up in the scan;
 * others are read around numbers. */
static const uint32_t trigger_cues = CUE(SECRET) | CUE(AT) | CUE(STREET_FIRST) | CUE(NAMED) |
                                     CUE(RELATIVE) | CUE(TITLE) | CUE(LABEL) | CUE(SIGN_OFF);

/* Those that redact_context_before() tells of. */
static const uint32_t number_cues = CUE(PHONE) | CUE(CARD) | CUE(ACCOUNT) | CUE(ID) | CUE(BIRTH) |
                                    CUE(SECRET) | CUE(ZIP) | CUE(ORDER) | CUE(VERSION) |
                                    CUE(ADDRESS) | CUE(OWNER) | CUE(MAIL);

void redact_mark_words(uint64_t *set, int bits, struct str words)
{
    for (struct str rest = words; rest.size;) {
        struct str word = str_cut(&rest, ' ');
        uint32_t bit = redact_word_bit(eight_of(word, 0), (unsigned)word.size, bits);
        set[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}

static void enter_names(const char *words, uint32_t cue)
{
    enter(words, cue, NULL);
    redact_mark_words(redact_names, NAME_BITS, str_of(words));
}

static void build(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (lists[i].cues & trigger_cues)
            redact_mark_words(redact_triggers, TRIGGER_BITS, str_of(lists[i].words));
        if (lists[i].cues & number_cues)
            redact_mark_words(redact_numbers, NUMBER_BITS, str_of(lists[i].words));
        enter(lists[i].words, lists[i].cues, lists[i].cues & trigger_cues ? &redact_starts : NULL);
    }
    for (size_t i = 0; i < sizeof public_names / sizeof *public_names; i++)
        enter_keys(public_names[i], CUE(PUBLIC), JOINED_PUBLIC);
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        enter_keys(brands[i], CUE(BRAND), JOINED_BRAND);
    for (size_t i = 0; redact_secret_starts(i).size; i++) {
        redact_mark_start(&redact_key_starts, redact_secret_starts(i));
        redact_mark_start(&redact_starts, redact_secret_starts(i));
    }
    for (size_t i = 0; i < sizeof given_names / sizeof *given_names; i++)
        enter_names(given_names[i], CUE(GIVEN));
    for (size_t i = 0; i < sizeof family_names / sizeof *family_names; i++)
        enter_names(family_names[i], CUE(FAMILY));
    for (size_t i = 0; i < sizeof ordinary_words / sizeof *ordinary_words; i++)
        enter_ordinary(ordinary_words[i]);
    for (size_t i = 0; i < sizeof names_also / sizeof *names_also; i++)
        enter(names_also[i], CUE(ALSO), NULL);
}

void redact_words_open(void) { call_once(&once, build); }

uint32_t redact_cues_of_joined(struct str key)
{
    uint32_t is = *joined_slot(redact_hash_of(key)) & JOINED_IS;
    return (is & JOINED_PUBLIC ? CUE(PUBLIC) : 0) | (is & JOINED_BRAND ? CUE(BRAND) : 0);
}

/* --- words of the text ------------------------------------------------------------------------ */

__attribute__((noinline)) static void look_further(struct redact_word *word)
{
    uint32_t steps;
    word->cues = cue_sets[*slot_of(word->hash, &steps) >> 24];
}

/* No branch on whether the word is one of ours, as half are: what isn't has the last slot, which is
 * empty, and few of those that are don't stand in their own one. */
static inline void look_up(struct redact_word *word, uint32_t hash)
{
    uint32_t bit = filter_bit(hash), own = hash & (SLOTS - 1);
    uint32_t there = (uint32_t)(filter[bit / 64] >> bit % 64) & (word->size + 31u) / 32 & 1;
    uint32_t slot = slots[SLOTS - ((SLOTS - own) & -there)];
    word->hash = hash;
    /* one with a capital will be doubted, and which have one can't be foreseen */
    __builtin_prefetch(&ordinary[hash % ORDINARY_SLOTS]);
    word->cues = cue_sets[slot >> 24];
    uint32_t filled = 0 - ((slot | (0 - slot)) >> 31); /* all bits, or none */
    if (!slot_is(slot, slot_key(hash, 1) & filled)) look_further(word);
}

static void read_letters(struct str text, size_t start, struct redact_word *ret_word)
{
    redact_take_letters(text, start, ret_word);
    look_up(ret_word, redact_hash_of(str_make(ret_word->folded, ret_word->size)));
}

#ifdef __SSE2__
enum { LATIN_LEAD = 0xC3 }; /* of U+00C0 to U+00FF, which then have a second byte */

/* Accents off, of a word of Latin-1: `leads` has their first bytes, `low` all in lower case. Their
 * two bytes give way to one letter. False: one has no such letter. */
static inline bool fold_latin(const char *bytes, __m128i low, uint32_t leads,
                              struct redact_word *word)
{
    static const char plain[] = "aaaaaa\0ceeeeiiiidnooooo\0ouuuuy\0\0";
    static const uint32_t loans = 1u << 0x00 | 1u << 0x07 | 1u << 0x08 | 1u << 0x09 | 1u << 0x0A |
                                  1u << 0x0B | 1u << 0x0F | 1u << 0x11 | 1u << 0x14;
    static const uint8_t masks[2 * ASCII_HEAD_BYTES] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    size_t gone = 0;
    bool all = true;
    for (uint32_t rest = leads; rest; rest &= rest - 1, gone++) { /* what lies behind moves up */
        size_t place = (size_t)__builtin_ctz(rest) - gone;
        __m128i stays = _mm_loadu_si128((const void *)(masks + ASCII_HEAD_BYTES - place));
        low = _mm_or_si128(_mm_and_si128(stays, low),
                           _mm_andnot_si128(stays, _mm_srli_si128(low, 1)));
    }
    _mm_storeu_si128((void *)word->folded, low);
    word->accented = gone > 0;
    gone = 0;
    for (uint32_t rest = leads; rest; rest &= rest - 1, gone++) {
        size_t place = (size_t)__builtin_ctz(rest);
        uint32_t second = bytes[place + 1] & 0x1F;
        all &= plain[second] != 0;
        word->folded[place - gone] = plain[second];
        word->foreign |= !(loans >> second & 1);
    }
    word->size = (uint8_t)(word->size - gone);
    return all;
}

/* Fewer than 16 bytes of ASCII, and of Latin-1 if `latin`: at once. `bytes`: 16 that can be read.
 * False: it is longer, or has other letters. */
static inline bool take_short(const char *bytes, size_t start, struct redact_word *word, bool latin)
{
    __m128i given = _mm_loadu_si128((const void *)bytes),
            low = _mm_or_si128(given, _mm_set1_epi8(0x20));
    uint32_t leads = latin ? (uint32_t)_mm_movemask_epi8(ascii_equal(given, (char)LATIN_LEAD)) : 0;
    uint32_t letters = (uint32_t)_mm_movemask_epi8(ascii_between(low, 'a', 26));
    uint32_t lower = (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(given, 2)); /* by the bit 0x20 */
    uint32_t others = ~(letters | leads | leads << 1), within = ~others & (others - 1);
    uint32_t size = (uint32_t)__builtin_ctz(others);
    /* behind it no letter stands: ASCII, a sign of Latin-1, or a dash or quote of three bytes */
    uint8_t behind = (uint8_t)bytes[size & (ASCII_HEAD_BYTES - 1)];
    if (size >= ASCII_HEAD_BYTES) return false;
    if (behind & 0x80 && behind != 0xC2 && behind != 0xE2) return false;
    word->start = (uint32_t)start;
    word->end = (uint32_t)start + size;
    word->accented = word->foreign = false;
    word->size = (uint8_t)size;
    leads &= within;
    _mm_storeu_si128((void *)word->folded, low);
    if (latin && !fold_latin(bytes, low, leads, word)) return false;
    /* second bytes of capitals lack that bit as well, and so do the first ones */
    word->capital = (~lower & within) >> (leads & 1) & 1;
    word->upper = (word->size > 1) & ((lower & within) == 0);
    look_up(word, hash_of_short(word));
    return true;
}

/* Apart, so that what it needs of registers isn't saved for plain words. */
__attribute__((noinline)) static void take_other(struct str text, size_t start,
                                                 struct redact_word *word)
{
    char last[ASCII_HEAD_BYTES] = {0};
    const char *bytes = text.data + start;
    if (start + ASCII_HEAD_BYTES > text.size) {
        if (start < text.size) memcpy(last, bytes, text.size - start);
        bytes = last;
    }
    if (!take_short(bytes, start, word, true)) read_letters(text, start, word);
}
#endif

void redact_word_at(struct str text, size_t start, struct redact_word *ret_word)
{
#ifdef __SSE2__
    if (start + ASCII_HEAD_BYTES > text.size ||
        !take_short(text.data + start, start, ret_word, false))
        take_other(text, start, ret_word);
#else
    read_letters(text, start, ret_word);
#endif
}
