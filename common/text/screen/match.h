/* Finding a cue list's cues in the words of a text, and what is around them. Private to screen*.c.
 */
#ifndef VERBATIM_TEXT_SCREEN_MATCH_H
#define VERBATIM_TEXT_SCREEN_MATCH_H

#include "text/screen/cues.h"

enum boundary { BOUNDARY_NONE, BOUNDARY_COMMA, BOUNDARY_CLAUSE, BOUNDARY_SENTENCE };

/* One of the parts of an elided word ("l'hopital"), of which there are two at most. */
enum { SCREEN_PARTS = 2 };
struct screen_part {
    uint32_t word; /* it is the text's so many-th one */
    struct str text;
    uint64_t hash;
};

/* Words as cue lists see them: tokens, or parts of them. What there is of each lies in a row of its
 * own. */
struct screen_words {
    struct str text;
    const struct tokens *tokens;
    uint32_t *places; /* the token of each */
    uint8_t *before;  /* enum boundary between the word before and this one */
    struct screen_part *parts; /* all there are, in their order */
    uint32_t count;
    const struct cue_list *list; /* that the words were looked up in last */
    /* Of that list, one a word, and CUE_REACH before the first and behind the last that are
     * CUE_NO_ENTRY. */
    uint32_t *entries;
    /* Of that list, one a word, what is to be done for it; blocks of FLAGS_MOST are readable. */
    uint8_t *flags;
    /* One bit a word, SCREEN_PLACES of them in each: deciding forms are anchored on it. Few words
     * have any, and which can't be foreseen. */
    uint64_t *cue_places;
};
enum { SCREEN_PLACES = 64 };

/* What words do to the hits around them; the bits of `marks`. */
enum {
    MARK_NEGATION_BEFORE = 1 << 0, /* on the last word of the negator: its scope starts behind it */
    MARK_NEGATION_AFTER = 1 << 1,  /* on the first word: its scope lies before it */
    MARK_NEGATION_FALSE = 1 << 2,  /* on all words, like the rest */
    MARK_HYPOTHETICAL_BEFORE = 1 << 3,
    MARK_HYPOTHETICAL_AFTER = 1 << 4,
    MARK_INDICATION_BEFORE = 1 << 5,
    MARK_INDICATION_AFTER = 1 << 6,
    MARK_IDIOM = 1 << 7,
    MARK_SCOPE_END = 1 << 8,
    MARK_LIST = 1 << 9,
    MARK_IN_HIT = 1 << 10,
    MARK_INDICATION_PHRASE = 1 << 11,
    MARK_ELSEWHERE = 1 << 12,
    MARK_CAUSE = 1 << 13,
    MARK_RELIEF = 1 << 14,
    MARK_SPARED = 1 << 15,
    MARK_UNTRUE = 1 << 16,
    MARK_GONE = 1 << 17,
};

struct raw_hit {
    uint32_t first, last; /* words */
    uint32_t cue, form;   /* of the list */
    uint32_t at;          /* the word where its anchor is */
    uint32_t asked_first, asked_end; /* words of a question and its "no"; an end of 0: none */
    uint8_t polarity;     /* enum screen_polarity */
    bool gone;            /* it is said to have gone: an indication, or "no more" */
};

struct raw_hits {
    struct raw_hit *items; /* by first word */
    uint32_t count;
    bool cut; /* there were more than SCREEN_RAW_HITS */
    bool patient, product, reporter;
    bool left; /* the product: what went then is no relief */
    bool eased; /* of no hits: an ailment went, or nothing came of a danger; no cause is named */
    bool mild;  /* the text says that it was nothing serious */
};

/* More in one text is no feedback. */
enum { SCREEN_RAW_HITS = 1024 };

/* Two words a token at most, looked up in the list; `before` is BOUNDARY_CLAUSE where there is one
 * of any kind, until screen_words_tell_gaps(). NO_MEMORY only. */
int screen_words_split(struct str text, const struct tokens *tokens, uint32_t token_count,
                       const struct cue_list *list, struct arena *arena,
                       struct screen_words *ret_words, struct err *err) CHECKED;
/* Tells commas and hyphens from what parts clauses, which only hits ask for. */
void screen_words_tell_gaps(const struct screen_words *words);
/* Looks them up in another list. */
void screen_words_find(struct screen_words *words, const struct cue_list *list);

/* Deciding cues, each longest match once. */
int screen_hits_find(const struct screen_words *words, struct arena *arena,
                     struct raw_hits *ret_hits, struct err *err) CHECKED;

/* Settles each hit's polarity, and whether patient, product and reporter are named; eased where
 * there are no hits, or such as that could change. */
int screen_scope_resolve(const struct screen_words *words, struct arena *arena,
                         struct raw_hits *hits, struct err *err) CHECKED;

/* The finding is asked for, or a label, and what follows says no: then hit->asked_first and
 * asked_end are set. marks: with MARK_IN_HIT. */
bool screen_is_denied(const struct screen_words *words, const uint32_t *marks,
                      struct raw_hit *hit);

/* Bits of the words beside `at`, and of those within CUE_REACH, for screen_form_may_match(): also
 * of other sentences, which only takes more forms for possible. */
struct screen_sides {
    uint64_t left[2], right[2];
};
static inline struct screen_sides screen_sides_of(const struct screen_words *words, uint32_t at)
{
    const struct cue_entry *of = words->list->entries;
    const uint32_t *entries = words->entries + at;
    uint64_t any = UINT64_C(1) << CUE_ANY_WORD, left = any | of[entries[-1]].symbol_bits,
             right = any | of[entries[1]].symbol_bits;
    struct screen_sides sides = {{left, left}, {right, right}};
    for (int i = 2; i <= CUE_REACH; i++) {
        sides.left[1] |= of[entries[-i]].symbol_bits;
        sides.right[1] |= of[entries[i]].symbol_bits;
    }
    return sides;
}
static inline bool screen_form_may_match(const struct screen_sides *sides,
                                         const struct cue_hanging *hanging)
{
    uint8_t left = hanging->left, right = hanging->right;
    return sides->left[left / 64] >> left % 64 & sides->right[right / 64] >> right % 64 & 1;
}

/* The form matches with its anchor on word `at`. */
bool screen_form_match(const struct screen_words *words, const struct cue_form *form, uint32_t at,
                       uint32_t *ret_first, uint32_t *ret_last);
/* The groups that must, and must not, stand near the match. */
bool screen_context_match(const struct screen_words *words, const struct cue *cue, uint32_t first,
                          uint32_t last);

#endif
