/* What the language model looks at: runs of 3, 4 and 5 bytes of the text's Latin letters in lower
 * case, with words parted by one space. Shared by the detector and by ops/models/language, which
 * trains it: both must see the same. */
#ifndef VERBATIM_TEXT_LANGUAGE_GRAMS_H
#define VERBATIM_TEXT_LANGUAGE_GRAMS_H

#include "base/str.h"

enum {
    LANGUAGE_ROW_BITS = 14,
    LANGUAGE_ROWS = 1 << LANGUAGE_ROW_BITS,
    LANGUAGE_LANES = 16,        /* classes: a row of the table is one vector register */
    LANGUAGE_WHOLE_BYTES = 256, /* a longer text is read in pieces, less than this together */
    LANGUAGE_LETTER_BYTES = LANGUAGE_WHOLE_BYTES + 96, /* they are written 64 at a time */
    LANGUAGE_GRAMS = 3 /* a place */
};

struct language_letters {
    uint8_t bytes[LANGUAGE_LETTER_BYTES]; /* " like this " and padding */
    uint32_t size;                        /* without padding */
    uint32_t latin, foreign;              /* bytes of Latin letters; letters of other scripts */
};

/* Reads a text of LANGUAGE_WHOLE_BYTES whole, of a longer one pieces from its whole length. Handles
 * and addresses on the web ("@name", "https://…") are passed over: they say nothing about the
 * language. */
void language_letters(struct str text, struct language_letters *ret_letters);

/* The places whose grams count: each but the last two. */
static inline uint32_t language_places(const struct language_letters *letters)
{
    return letters->latin ? letters->size - 2 : 0;
}

/* The rows of the grams that start at a place. */
static inline void language_rows(const uint8_t *place, uint32_t rows[static LANGUAGE_GRAMS])
{
    uint64_t bytes;
    memcpy(&bytes, place, sizeof bytes); /* little-endian machines only: checked in language.c */
    rows[0] = ((uint32_t)bytes << 8) * 0x9E3779B1u >> (32 - LANGUAGE_ROW_BITS);
    rows[1] = (uint32_t)bytes * 0x85EBCA6Bu >> (32 - LANGUAGE_ROW_BITS);
    rows[2] = (uint32_t)((bytes << 24) * 0x9E3779B97F4A7C15u >> (64 - LANGUAGE_ROW_BITS));
}

#endif
