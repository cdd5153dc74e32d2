/* Hashes of words, and words as bits: for those who look and those who make what is looked at. */
#include "text/redact/tables.h"

#define MASKS_8                                                                                    \
    UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX
const uint64_t redact_word_masks[64] = {
    0,       0xFF,    0xFFFF,  0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF,
    MASKS_8, MASKS_8, MASKS_8, MASKS_8,  MASKS_8,    MASKS_8,      MASKS_8};

/* Its eight bytes from `at` on, or those that there are. */
static uint64_t eight_of(struct str word, size_t at)
{
    uint64_t bytes = 0;
    if (at >= word.size) return 0;
    size_t left = word.size - at;
    memcpy(&bytes, word.data + at, left < sizeof bytes ? left : sizeof bytes);
    return le64toh(bytes);
}

uint32_t redact_hash_of(struct str word)
{
    uint64_t hash = 0;
    size_t at = 0;
    do {
        hash = redact_hash_step(hash, eight_of(word, at), eight_of(word, at + sizeof hash));
        at += 2 * sizeof hash;
    } while (at < word.size);
    return redact_hash_end(hash);
}

void redact_mark_start(struct redact_starts *starts_of, struct str word)
{
    uint32_t first = (uint8_t)word.data[0] & 31u, second = (uint8_t)word.data[1] & 31u;
    uint32_t all = UINT32_MAX, last = (uint8_t)word.data[word.size - 1] & 31u;
    starts_of->size[first << 5 | last] |= 1u << (word.size & 31u);
    uint32_t third = word.size > 2 ? (uint8_t)word.data[2] & 31u : 0;
    starts_of->third[first << 5 | second] |= word.size > 2 ? 1u << third : all;
    for (uint32_t c = 0; c < 32; c++) { /* what stands behind a short word may be anything */
        uint32_t fourth = word.size > 3 ? (uint8_t)word.data[3] & 31u : c;
        for (uint32_t d = 0; d < 32 && word.size < 3; d++)
            starts_of->second[d << 5 | fourth] |= 1u << second;
        if (word.size > 2) starts_of->second[third << 5 | fourth] |= 1u << second;
    }
}

void redact_mark_words(uint64_t *set, int bits, struct str words)
{
    for (struct str rest = words; rest.size;) {
        struct str word = str_cut(&rest, ' ');
        uint32_t bit = redact_word_bit(eight_of(word, 0), (unsigned)word.size, bits);
        set[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}
