/* How hashes of words become hashes of n-grams: shared by the dense and the sparse features. */
#ifndef VERBATIM_MODEL_NGRAM_H
#define VERBATIM_MODEL_NGRAM_H

#include <stdint.h>

/* Ordered: (a, b) and (b, a) differ. The last steps are those of a 64-bit xorshift-multiply mixer,
 * so that every bit of the result depends on every bit of both. */
static inline uint64_t ngram_pair(uint64_t a, uint64_t b)
{
    uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b;
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return x * UINT64_C(0xd6e8feb86659fd93);
}

#endif
