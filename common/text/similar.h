/* When two texts are the same, or nearly: hashes over their folded words. */
#ifndef VERBATIM_TEXT_SIMILAR_H
#define VERBATIM_TEXT_SIMILAR_H

#include "text/tokens.h"

/* 64-bit SimHash over words (Charikar, "Similarity estimation techniques from rounding algorithms",
 * STOC 2002): near texts differ in few bits. One word of 25 changed: 5 bits in the median, 7 in
 * nine of ten; of two million pairs of others 11 within 8. */
uint64_t text_simhash(const struct tokens *tokens);

enum { SIMILAR_BANDS = 4 };

struct similar {
    /* Equal for texts with the same words in the same order, whatever their case, accents and
     * punctuation. */
    uint64_t exact;
    uint64_t similar; /* text_simhash() */
    /* Keys under which near texts meet: the least hashes of their pairs of words under four
     * permutations (MinHash; Broder, "On the resemblance and containment of documents", 1997).
     * Two texts share each key with a probability of their share of common pairs; 0 is a text
     * without pairs. */
    uint16_t bands[SIMILAR_BANDS];
};
void text_similar(const struct tokens *tokens, struct similar *ret_similar);

#endif
