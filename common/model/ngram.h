/* How hashes of words become hashes of n-grams: shared by the dense and the sparse features. */
#ifndef VERBATIM_MODEL_NGRAM_H
#define VERBATIM_MODEL_NGRAM_H

#include <stdint.h>

/* Ordered: (a, b) and (b, a) differ. Hashes of words (hash_word()) are as good as drawn by lot, so
 * that of two different words this is, too, and needs no mixing of its own. Of a word behind itself
 * it is 4a, whose lowest two bits are 0: whoever takes those (the sign in features.c) sees the same
 * in every such pair. */
static inline uint64_t ngram_pair(uint64_t a, uint64_t b) { return 3 * a + b; }

#endif
