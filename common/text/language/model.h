/* config/models/language.model, compiled in: the table that language.c adds up and how to read it.
 *
 * Little-endian: the header below, then LANGUAGE_ROWS rows of LANGUAGE_LANES int8 weights. */
#ifndef VERBATIM_TEXT_LANGUAGE_MODEL_H
#define VERBATIM_TEXT_LANGUAGE_MODEL_H

#include "text/language/grams.h"

#define LANGUAGE_MAGIC "VBLANG01"
enum { LANGUAGE_WEIGHT_MAX = 42 }; /* three of them fit into an int8 */

struct language_header {
    char magic[8];
    uint64_t checksum; /* hash_fast() of all that follows */
    uint32_t rows, lanes;
    char codes[LANGUAGE_LANES][4]; /* "und" for lanes that stand for many languages */
    float scale;                   /* score = scale × sum of weights ÷ √places */
    float sharpness, slope; /* probability = softmax(score × (sharpness + slope × √places)) */
};

struct language_table;
const char *language_table_bytes(const struct language_table *table); /* such a file, whole */

/* Rows of the table must not lie across two lines of the cache: the header's end is
 * where a line begins. */
enum { LANGUAGE_MODEL_LEAD = 24 };
_Static_assert((LANGUAGE_MODEL_LEAD + sizeof(struct language_header)) % 64 == 0,
               "common/text/CMakeLists.txt has the lead");
extern const char language_model_led[];
extern const size_t language_model_size;
static inline const char *language_model_bytes(void)
{
    return language_model_led + LANGUAGE_MODEL_LEAD;
}

#endif
