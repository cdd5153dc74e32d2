/* A perfect hash: a slot of its own for each of a set of keys, so that one place is looked at, and
 * nothing depends on a branch: which words a text has can't be foreseen.
 *
 * The low bits of a key's hash lead to a factor, that and the high bits to the slot (after "hash,
 * displace and compress"; Belazzougui, Botelho and Dietzfelbinger 2009). Any hash has a slot:
 * whoever looks one up compares what lies there. */
#ifndef VERBATIM_BASE_PERFECT_H
#define VERBATIM_BASE_PERFECT_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t perfect_slot(uint64_t hash, uint32_t factor, uint32_t slot_bits)
{
    return (uint32_t)(hash >> 32) * factor >> (32 - slot_bits);
}

/* Finds the factors: of hash h in factors[h & (2^bucket_bits - 1)]. hashes: of `count` different
 * keys. slot_bits: 1 to 31, at best for twice as many slots as keys; bucket_bits: for a bucket for
 * four keys. factors and scratch needn't be cleared; scratch: room for PERFECT_SCRATCH numbers.
 * False: it can't be done, as two hashes are too much alike or slots too few; the factors mean
 * nothing then. */
#define PERFECT_SCRATCH(count, bucket_bits, slot_bits) \
    ((count) + ((size_t)1 << (bucket_bits)) + 1 + ((size_t)1 << (slot_bits)) / 32 + 1)
bool perfect_build(const uint64_t *hashes, uint32_t count, uint32_t bucket_bits, uint32_t slot_bits,
                   uint32_t *factors, uint32_t *scratch);

#endif
