/* The small sets of words that rules look at: one look-up tells all that a word is in. */
#ifndef VERBATIM_MODEL_WORDS_H
#define VERBATIM_MODEL_WORDS_H

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
    WORD_IDIOM = 256, /* ends an idiom of idioms.h, perhaps */
    WORD_LACK = 512,  /* says that something isn't there */
    WORD_GOODS = 1024,   /* what is ordered, and what it comes in */
    WORD_ABILITY = 2048, /* what a program can do, or could */
};

enum { WORDS_FILTER_BITS = 4096, WORDS_SLOTS = 1024 };

struct words {
    /* which hashes there are: nearly every word ends there */
    uint64_t filter[WORDS_FILTER_BITS / 64];
    struct {
        uint64_t hash; /* 0: empty */
        uint32_t sets;
    } slots[WORDS_SLOTS];
};

/* Built once; any thread. */
const struct words *words_open(void);

/* Bits of the sets; hash: hash_fast(word, 0) of the folded word. */
static inline uint32_t words_sets(const struct words *words, uint64_t hash)
{
    if (!(words->filter[hash % WORDS_FILTER_BITS / 64] >> hash % 64 & 1)) return 0;
    uint32_t i = hash >> 32 & (WORDS_SLOTS - 1);
    while (words->slots[i].hash && words->slots[i].hash != hash) i = (i + 1) & (WORDS_SLOTS - 1);
    return words->slots[i].sets;
}

#endif
