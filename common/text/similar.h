/* When two texts are the same, or nearly: hashes over their folded words. */
#ifndef VERBATIM_TEXT_SIMILAR_H
#define VERBATIM_TEXT_SIMILAR_H

#include "text/tokens.h"

/* Equal for texts with the same words in the same order, whatever their case, accents and punctuation. */
uint64_t text_exact_hash(const struct tokens *tokens);

/* 64-bit SimHash over pairs of words (Charikar, "Similarity estimation techniques from rounding
 * algorithms", STOC 2002): near texts differ in few bits. */
uint64_t text_simhash(const struct tokens *tokens);

#endif
