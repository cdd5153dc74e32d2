/* Cue lists of the safety screen: one language's list, parsed and indexed. Private to screen*.c.
 *
 * A list is lines of cues below [section] headers; config/cues/README.md has the grammar. Each cue
 * becomes one or more forms (its optional words and alternatives written out); a form is a row of
 * steps; a step asks a word for one symbol: a literal, a prefix, a group or a set of single words.
 * Every word that a list knows has one entry with all its symbols, so that matching looks a text's
 * word up once. */
#ifndef VERBATIM_TEXT_SCREEN_CUES_H
#define VERBATIM_TEXT_SCREEN_CUES_H

#include "base/perfect.h"
#include "text/screen.h"

/* A hostile list costs no more than this. */
enum {
    CUES_MAX_FILE_BYTES = 1 << 20,
    CUES_MAX_LINE_BYTES = 2000,
    CUES_MAX_WORD_BYTES = 48,
    CUES_MIN_PREFIX_BYTES = 3, /* of "allerg*"; shorter ones would match half the language */
    CUES_MAX_STEPS = 12,       /* words of a cue, written out */
    CUES_MAX_FORMS = 96,       /* ways to write one cue out */
    CUES_MAX_SLOTS = 12,       /* parts of a cue's line */
    CUES_MAX_CHOICES = 64,     /* between the brackets of one part */
    CUES_MAX_GAP = 9,
    CUES_MAX_GROUPS = 60,
    CUES_MAX_CUES = 20000,
    CUES_MAX_TOTAL_FORMS = 60000,
    CUES_MAX_WORDS = 30000,
    CUES_MAX_SYMBOLS = 60000,
};

/* clang-format off */
/* Sections that decide: name, kind, and the serious outcome or special situation they stand for. */
#define CUE_DECIDING_SECTIONS(S) \
    S("reaction",                       ADVERSE_EVENT,     0, 0) \
    S("death",                          ADVERSE_EVENT,     CUE_BIT(DEATH), 0) \
    S("life_threatening",               ADVERSE_EVENT,     CUE_BIT(LIFE_THREATENING), 0) \
    S("hospitalisation",                ADVERSE_EVENT,     CUE_BIT(HOSPITALISATION), 0) \
    S("disability",                     ADVERSE_EVENT,     CUE_BIT(DISABILITY), 0) \
    S("congenital_anomaly",             ADVERSE_EVENT,     CUE_BIT(CONGENITAL_ANOMALY), 0) \
    S("medically_important",            ADVERSE_EVENT,     CUE_BIT(MEDICALLY_IMPORTANT), 0) \
    S("hazard",                         HAZARD,            0, 0) \
    S("complaint",                      PRODUCT_COMPLAINT, 0, 0) \
    S("special pregnancy",              SPECIAL_SITUATION, 0, CUE_BIT(PREGNANCY)) \
    S("special overdose",               SPECIAL_SITUATION, 0, CUE_BIT(OVERDOSE)) \
    S("special abuse",                  SPECIAL_SITUATION, 0, CUE_BIT(ABUSE)) \
    S("special misuse",                 SPECIAL_SITUATION, 0, CUE_BIT(MISUSE)) \
    S("special off_label",              SPECIAL_SITUATION, 0, CUE_BIT(OFF_LABEL)) \
    S("special medication_error",       SPECIAL_SITUATION, 0, CUE_BIT(MEDICATION_ERROR)) \
    S("special occupational_exposure",  SPECIAL_SITUATION, 0, CUE_BIT(OCCUPATIONAL)) \
    S("special falsified",              SPECIAL_SITUATION, 0, CUE_BIT(FALSIFIED)) \
    S("special lack_of_effect",         SPECIAL_SITUATION, 0, CUE_BIT(LACK_OF_EFFECT)) \
    S("special interaction",            SPECIAL_SITUATION, 0, CUE_BIT(INTERACTION))
#define CUE_BIT(code) (1u << SCREEN_##code)

/* Sections that only shade those: name, role. */
#define CUE_OTHER_SECTIONS(S) \
    S("negation before",      NEGATION_BEFORE) \
    S("negation after",       NEGATION_AFTER) \
    S("negation false",       NEGATION_FALSE) \
    S("negation until",       NEGATION_UNTIL) \
    S("hypothetical before",  HYPOTHETICAL_BEFORE) \
    S("hypothetical after",   HYPOTHETICAL_AFTER) \
    S("indication before",    INDICATION_BEFORE) \
    S("indication gone",      INDICATION_GONE) \
    S("indication phrase",    INDICATION_PHRASE) \
    S("indication after",     INDICATION_AFTER) \
    S("idiom",                IDIOM) \
    S("elsewhere",            ELSEWHERE) \
    S("praise",               PRAISE) \
    S("cause",                CAUSE) \
    S("relief",               RELIEF) \
    S("relief false",         RELIEF_FALSE) \
    S("spared",               SPARED) \
    S("untrue",               UNTRUE) \
    S("mild",                 MILD) \
    S("scope end",            SCOPE_END) \
    S("list",                 LIST) \
    S("patient",              PATIENT) \
    S("product",              PRODUCT) \
    S("reporter",             REPORTER)
/* clang-format on */

enum cue_role {
    CUE_CUE, /* it decides, unless its polarity says no; all others only shade those */
    CUE_NEGATION_BEFORE,
    CUE_NEGATION_AFTER,
    CUE_NEGATION_FALSE,
    CUE_NEGATION_UNTIL,
    CUE_HYPOTHETICAL_BEFORE,
    CUE_HYPOTHETICAL_AFTER,
    CUE_INDICATION_BEFORE,
    CUE_INDICATION_GONE,
    CUE_INDICATION_PHRASE,
    CUE_INDICATION_AFTER,
    CUE_IDIOM,
    CUE_ELSEWHERE,
    CUE_PRAISE,
    CUE_CAUSE,
    CUE_RELIEF,
    CUE_RELIEF_FALSE,
    CUE_SPARED,
    CUE_UNTRUE,
    CUE_MILD,
    CUE_SCOPE_END,
    CUE_LIST,
    CUE_PATIENT,
    CUE_PRODUCT,
    CUE_REPORTER,
};

/* They say of no hit what it is, but whether the text names them at all. */
static inline bool cue_is_criterion(uint8_t role)
{
    return role == CUE_PATIENT || role == CUE_PRODUCT || role == CUE_REPORTER;
}

/* They say of the whole text what became of it. */
static inline bool cue_is_outcome(uint8_t role)
{
    return role == CUE_RELIEF || role == CUE_RELIEF_FALSE || role == CUE_SPARED ||
           role == CUE_MILD;
}

struct cue_section {
    const char *name;
    uint8_t role, kind, seriousness;
    uint16_t specials;
};

extern const struct cue_section cue_sections[];

enum { CUE_NO_ENTRY = 0, CUE_NO_SYMBOL = UINT16_MAX };

struct cue {
    struct str text; /* its line, trimmed, as it was written, without its conditions */
    /* What must stand close by, and what may not: groups, and a set of words of the cue's own or
     * CUE_NO_SYMBOL. */
    uint64_t near_groups, far_groups;
    uint16_t near_words, far_words;
    uint32_t line;
    uint8_t section;
};

struct cue_step {
    uint16_t symbol;
    uint8_t gap; /* up to so many other words may stand before it */
};

struct cue_form {
    uint32_t cue, first_step;
    uint8_t steps, anchor; /* the step that matching starts from: its longest words */
    uint8_t trigger; /* the step that few texts have a word for: without it nothing is matched */
};

struct cue_entry {
    struct str word;
    uint64_t groups;
    uint64_t symbol_bits; /* of its symbols, each by cue_symbol_place(): most questions end there */
    /* Deciding forms triggered by the word, then those of criteria that are anchored on it, then
     * others that are; at the end those of outcomes, and those that belie a denial. */
    uint32_t first_symbol, first_form;
    uint16_t symbols, cue_forms, criterion_forms, other_forms, outcome_forms, untrue_forms;
    bool prefix;
};

/* Flags of an entry; CUE_KNOWN: of all that a whole word leads to. */
enum {
    CUE_ANCHORS_CUES = 1,
    CUE_ANCHORS_CRITERIA = 2,
    CUE_ANCHORS_OTHERS = 4,
    CUE_KNOWN = 8,
    CUE_ANCHORS_OUTCOMES = 16,
    CUE_ANCHORS_UNTRUE = 32,
};

/* The place of a symbol's bit. The highest one is no symbol's: all words have it. */
enum { CUE_ANY_WORD = 63 };
static inline uint32_t cue_symbol_place(uint16_t symbol)
{
    uint32_t place = symbol & 63;
    return place == CUE_ANY_WORD ? CUE_ANY_WORD - 1 : place;
}

/* A form that hangs on a word, and the bits that the words before and behind that one must have:
 * most are refused by them. */
struct cue_hanging {
    uint16_t form;
    /* Places; CUE_ANY_WORD where the form says nothing, CUE_WITHIN_REACH added where it has a
     * gap. */
    uint8_t left, right;
};
enum { CUE_REACH = 4 /* words: with a longer gap any word will do */, CUE_WITHIN_REACH = 64 };

/* A word's first bytes are compared at once; only a longer prefix is looked at elsewhere. */
struct cue_prefix {
    uint64_t head, mask; /* the prefix's first eight bytes, and which of them it has */
    uint32_t entry;
};

/* In each slot the high 32 bits of the word's hash (its place tells most of the others), and below
 * them the word's entry with its flags above it. */
enum { CUE_ENTRY_BITS = 16 };

enum { CUES_PREFIX_BUCKETS = 4096 };

/* Whole words, by perfect hash. */
struct cue_wholes {
    uint64_t *slots;
    uint32_t *factors;
    uint32_t bucket_mask, slot_shift; /* of so many bits fewer than 32 is a slot's number */
};

/* All arrays live in `memory`. Entry 0 stands for "unknown word" and is empty. */
struct cue_list {
    struct arena memory;
    struct cue *cues;
    struct cue_form *forms;
    struct cue_step *steps;
    struct cue_entry *entries;
    uint8_t *anchors;            /* of each entry: which forms it has */
    uint16_t *symbols;           /* of all entries; sorted within one */
    struct cue_hanging *hanging; /* of all entries */
    struct cue_wholes wholes;
    uint16_t
        prefix_first[CUES_PREFIX_BUCKETS + 1]; /* into prefixes, by the word's first three bytes */
    struct cue_prefix *prefixes;               /* longest first within a bucket */
    /* Which buckets of prefixes there are: small enough to stay in the cache. */
    uint64_t prefix_filter[CUES_PREFIX_BUCKETS / 64];
    uint32_t cue_count, form_count, entry_count;
    /* The bits in an entry's groups of those that the screen itself asks for; 0: there is none. */
    uint64_t plain, story, real, medicine, concord, asking, occasion, denial, denying, recant;
    uint64_t denied;
};

/* file: the list's bytes; name: for errors ("en.txt"). Close it whether or not it worked. */
int cue_list_parse(struct str file, const char *name, struct cue_list *ret_list,
                   struct err *err) CHECKED;
void cue_list_deinit(struct cue_list *list);

/* Where a prefix stands in prefix_first, by its first three bytes. Of a shorter word what lies
 * behind it is read, too: TOKEN_READABLE bytes can be, and an emoji has three of its own. */
static inline uint32_t cue_prefix_bucket(struct str word)
{
    uint16_t two;
    memcpy(&two, word.data, sizeof two);
    uint32_t key = two | (uint32_t)(uint8_t)word.data[2] << 16;
    return key * UINT32_C(2654435761) >> 20;
}

/* False: the word begins with no prefix. */
static inline bool cue_list_may_start(const struct cue_list *list, struct str word)
{
    uint32_t bucket = cue_prefix_bucket(word);
    return (list->prefix_filter[bucket / 64] >> bucket % 64 & 1) &
           (word.size >= CUES_MIN_PREFIX_BYTES);
}

uint64_t cue_word_head(struct str word); /* its first eight bytes; 0 behind its end */
/* The entry of the longest prefix that the word begins with. */
uint32_t cue_list_find_prefix(const struct cue_list *list, struct str word);
bool cue_entry_lists(const struct cue_list *list, const struct cue_entry *entry, uint16_t symbol);

static inline uint64_t *cue_whole_slot(const struct cue_wholes *wholes, uint64_t hash)
{
    uint32_t factor = wholes->factors[hash & wholes->bucket_mask];
    return &wholes->slots[perfect_slot(hash, factor, 32 - wholes->slot_shift)];
}

/* The low bits of a whole word's slot, by its hash_word(), or 0. 32 equal bits, in a slot
 * that a few thousand others lead to, are taken for the same word: comparing bytes would cost two
 * cache misses a word, and who forges a collision only wins an alert. No branch: which words a list
 * knows can't be foreseen. */
static inline uint32_t cue_whole_find(const struct cue_wholes *wholes, uint64_t hash)
{
    uint64_t slot = *cue_whole_slot(wholes, hash);
    return (uint32_t)slot & -(uint32_t)((slot ^ hash) >> 32 == 0);
}

static inline bool cue_entry_has(const struct cue_list *list, uint32_t entry, uint16_t symbol)
{
    const struct cue_entry *of = &list->entries[entry];
    if (symbol < CUES_MAX_GROUPS) return of->groups >> symbol & 1;
    return of->symbol_bits >> cue_symbol_place(symbol) & 1 && cue_entry_lists(list, of, symbol);
}

/* What is written as one word of a list. CUE_NO_WORD: there is a sign of the grammar in it, or
 * nothing at all; CUE_PARTS: a hyphen or an apostrophe makes several words of it. */
enum cue_word_kind { CUE_NO_WORD, CUE_SINGLE, CUE_PARTS };
enum cue_word_kind cue_word_kind(struct str written);

/* Cuts one part of a written word off `rest`: apostrophes and elisions split or vanish, the same
 * way in lists and in texts. "l'hopital" → "l", "hopital"; "didn't" → "didnt"; "son's" → "son".
 * room: CUES_MAX_WORD_BYTES bytes, used when the part is no substring. Apostrophes: U+0027 and
 * U+2019. */
struct str cue_word_cut(struct str *rest, char *room);
/* The same where the first apostrophe is known. */
struct str cue_word_cut_at(struct str *rest, size_t at, size_t mark_bytes, char *room);

/* The place of the first apostrophe; *ret_bytes is its size. word.size if there is none. */
size_t cue_find_apostrophe(struct str word, size_t *ret_bytes);

#endif
