/* What the reader and the writer of model files share; nobody else includes it. */
#ifndef VERBATIM_MODEL_LAYOUT_H
#define VERBATIM_MODEL_LAYOUT_H

#include "model/model_file.h"

#define MODEL_MAGIC "VBMODEL\n"
/* Sections are used as they lie in the file. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "sections of model files are little-endian");
enum { MODEL_FORMAT = 1, MODEL_HEADER_BYTES = 64, MODEL_ENTRY_BYTES = MODEL_NAME_BYTES + 16 };

static inline uint64_t model_layout_align(uint64_t offset)
{
    return (offset + MODEL_ALIGNMENT - 1) & ~(uint64_t)(MODEL_ALIGNMENT - 1);
}

/* Lower-case letters, digits, '-', '_' and '.'; 1 to MODEL_NAME_BYTES - 1 of them. */
bool model_layout_name(struct str name);
/* The value of the first line "key=…", or data == NULL. */
struct str model_layout_get(struct str metadata, struct str key);

#endif
