/* What the words of the lists are by their hashes: tables that are made when we are built
 * (tables/make.c), so that a start takes no time for them and processes share them. */
#ifndef VERBATIM_TEXT_REDACT_TABLES_H
#define VERBATIM_TEXT_REDACT_TABLES_H

#include "text/redact/find.h"

/* Open addressing over 32-bit hashes: with 49,000 words, one foreign word in 80,000 is taken for
 * one of ours, always the same one. Half the memory and no comparison of strings. A slot's place
 * tells half of its hash, given how far it stands from where that half would have it;
 * few sets of cues are different, so it has but the number of its own. All of it is four bytes,
 * and one look at memory. */
enum {
    REDACT_SLOT_BITS = 17, REDACT_SLOTS = 1 << REDACT_SLOT_BITS, REDACT_SETS = 256,
    REDACT_FILTER_BITS = 1 << 18
};

/* From the lowest bit: high half of the hash; steps from its own place, and one; which of
 * redact_cue_sets. 0: empty, as the last one always is. */
extern const uint32_t redact_slots[REDACT_SLOTS + 1];
extern const uint32_t redact_cue_sets[REDACT_SETS]; /* the first has none */
/* which hashes there are: most words end there, within the cache */
extern const uint64_t redact_filter[REDACT_FILTER_BITS / 64];

/* Keys of several words ("tom_hanks"), apart, so that the words above find their slots at once. A
 * slot is a hash whose lowest bits tell what the key is; 0: empty. */
enum { JOINED_SLOTS = 1 << 16, JOINED_PUBLIC = 1, JOINED_BRAND = 2, JOINED_IS = 3 };
extern const uint32_t redact_joined[JOINED_SLOTS];

/* Hashes of the ordinary words, apart from the others: only who doubts a name asks for them. */
enum { ORDINARY_SLOTS = 1 << 15, ORDINARY_MORE = 256 /* behind the last one's own */ };
extern const uint32_t redact_ordinary[ORDINARY_SLOTS + ORDINARY_MORE]; /* 0: empty, as the last */

/* --- hashes: sixteen bytes a step, as words are short and the tables are our own -------------- */

/* A product of 128 bits folded into one half, as hash_word() has it. */
static inline uint64_t redact_hash_step(uint64_t hash, uint64_t first, uint64_t second)
{
    __extension__ typedef unsigned __int128 uint128;
    uint128 product = (uint128)(hash ^ first ^ 0x9E3779B97F4A7C15u) *
                      (second ^ 0x8EBC6AF09C88C6E3u);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t redact_hash_end(uint64_t hash)
{
    uint32_t high = (uint32_t)(hash >> 32);
    return high | (high == 0);
}

/* A slot but its set. */
static inline uint32_t redact_slot_key(uint32_t hash, uint32_t steps)
{
    return (hash >> REDACT_SLOT_BITS & 0xFFFF) | steps << 16;
}
static inline bool redact_slot_is(uint32_t slot, uint32_t key)
{
    return ((slot ^ key) & 0xFFFFFF) == 0;
}

/* Which hashes there are; other bits of them than those that tell the slot. */
static inline uint32_t redact_filter_bit(uint32_t hash) { return hash >> 14; }

/* Where the hash is, or the empty slot that it would have; *ret_steps: what that holds then. */
static inline uint32_t redact_slot_of(const uint32_t *slots, uint32_t hash, uint32_t *ret_steps)
{
    uint32_t i = hash & (REDACT_SLOTS - 1), steps = 1;
    while (slots[i] && !redact_slot_is(slots[i], redact_slot_key(hash, steps)))
        i = (i + 1) & (REDACT_SLOTS - 1), steps++;
    *ret_steps = steps;
    return i;
}

static inline uint32_t redact_joined_slot(const uint32_t *joined, uint32_t hash)
{
    uint32_t i = hash % JOINED_SLOTS;
    while (joined[i] && (joined[i] ^ hash) > JOINED_IS) i = (i + 1) % JOINED_SLOTS;
    return i;
}

static inline uint32_t redact_ordinary_slot(const uint32_t *ordinary, uint32_t hash)
{
    uint32_t i = hash % ORDINARY_SLOTS;
    while (ordinary[i] && ordinary[i] != hash) i++;
    return i;
}

#endif
