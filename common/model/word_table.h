/* Bits by word in a small open-addressed table, which is filled once and then only read. A word's
 * key is mostly its hash_word(); any number but 0 that stands for the word will do. */
#ifndef VERBATIM_MODEL_WORD_TABLE_H
#define VERBATIM_MODEL_WORD_TABLE_H

#include "base/hash.h"

struct word_slot {
    uint64_t key; /* 0: empty */
    uint32_t bits;
};

/* The word's slot of 1 << slot_bits, or the empty one where it belongs: a table is never full. */
static inline struct word_slot *word_slot(struct word_slot *slots, uint32_t slot_bits, uint64_t key)
{
    uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - slot_bits);
    while (slots[at].key && slots[at].key != key) at = (at + 1) & ((UINT64_C(1) << slot_bits) - 1);
    return &slots[at];
}

static inline void word_slot_add(struct word_slot *slots, uint32_t slot_bits, uint64_t key,
                                 uint32_t bits)
{
    struct word_slot *slot = word_slot(slots, slot_bits, key);
    slot->key = key;
    slot->bits |= bits;
}

/* Words parted by blanks, by their hash_word(). */
static inline void word_slots_enter(struct word_slot *slots, uint32_t slot_bits, const char *words,
                                    uint32_t bits)
{
    for (struct str rest = str_of(words); rest.size;)
        word_slot_add(slots, slot_bits, hash_word(str_cut(&rest, ' ')), bits);
}

#endif
