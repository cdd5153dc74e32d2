/* The small sets of words that rules look at: one look-up tells all that a word is in. */
#ifndef VERBATIM_MODEL_WORDS_H
#define VERBATIM_MODEL_WORDS_H

#include "base/perfect.h"
#include "base/str.h"

enum {
    WORD_NEGATOR = 1, /* turns what follows */
    WORD_TURN = 2,    /* turns the feeling, and so begins a clause of its own */
    WORD_FILLER = 4,  /* opens a sentence and says nothing */
    WORD_WISH = 8,    /* what wishes are made of */
    WORD_ONCE = 16,   /* what follows was so before */
    WORD_JOIN = 32,   /* joins two things that may be felt about differently */
    WORD_BAD = 64,    /* praises when it is negated: "not bad", "no complaints" */
    WORD_LINK = 128,  /* may stand between such a word and its negator */
    WORD_IDIOM = 256, /* ends an idiom of insight/idioms.h or a grade, perhaps */
    WORD_LACK = 512,  /* says that something isn't there */
    WORD_GOODS = 1024,   /* what is ordered, and what it comes in */
    WORD_ABILITY = 2048, /* what a program can do, or could */
    WORD_COURTESY = 4096, /* thanks and agrees as one does, whatever one feels */
    WORD_ASK = 8192, /* asks, without a question mark too */
    WORD_UNWISH = 16384, /* begins what looks like a wish and is none */
    WORD_IDLE = 32768,   /* a need of these alone says nothing that could be done about */
};
/* A word of these sets is no clause before a turn: "and yet", "but unfortunately". */
enum { WORD_NO_CLAUSE = WORD_TURN | WORD_FILLER | WORD_LINK | WORD_NEGATOR | WORD_JOIN };

enum { WORDS_SLOT_BITS = 11, WORDS_BUCKET_BITS = 8, WORDS_SET_BITS = 16 };

/* By perfect hash. A slot holds its word's hash, but for the low WORDS_SET_BITS, where the sets
 * are; 0: empty. */
struct words {
    uint32_t factors[1 << WORDS_BUCKET_BITS];
    uint64_t slots[1 << WORDS_SLOT_BITS];
};

/* Built once; any thread. */
const struct words *words_open(void);

static inline uint32_t words_slot(const struct words *words, uint64_t hash)
{
    return perfect_slot(hash, words->factors[hash & ((1 << WORDS_BUCKET_BITS) - 1)],
                        WORDS_SLOT_BITS);
}

/* Bits of the sets; hash: hash_word() of the folded word. */
static inline uint32_t words_sets(const struct words *words, uint64_t hash)
{
    uint64_t differs = words->slots[words_slot(words, hash)] ^ hash;
    return (uint32_t)(differs ^ hash) & UINT16_MAX & -(uint32_t)(differs >> WORDS_SET_BITS == 0);
}

#endif
