/* Inside of writing JSON, shared by json_write.c (from msgpack) and json_write_value.c
 * (from structs). */
#ifndef VERBATIM_SCHEMA_JSON_WRITING_H
#define VERBATIM_SCHEMA_JSON_WRITING_H

#include "schema/json.h"

/* --- json_write.c ----------------------------------------------------------------------------- */

/* Each writes at `at`, where there is room for WRITING_SCALAR_BYTES, and returns where it ended:
 * many fields are written behind one look at the buffer. */
enum { WRITING_SCALAR_BYTES = 40 };
char *writing_u64(char *at, uint64_t value);
char *writing_number(char *at, double value);
char *writing_time(char *at, int64_t wall_ms);

void writing_vector(struct buffer *out, struct str bytes); /* floats, not aligned */
/* One msgpack object that no table knows. False: a name in it is not a string. */
bool writing_raw(struct buffer *out, struct str bytes);

/* --- json_write_value.c ----------------------------------------------------------------------- */

/* A struct by its shape, as its msgpack would be written. False: as above. */
bool writing_value(struct buffer *out, const struct shape *shape, const void *value);

/* Room for a field's name, and for its value if that is a scalar. */
enum { WRITING_FIELD_BYTES = 1 + (int)sizeof(struct json_word) + WRITING_SCALAR_BYTES };

static inline char *writing_word(char *at, const struct json_word *word)
{
    memcpy(at, word->text, sizeof word->text); /* of a known size: two moves, no call, no branch */
    return at + word->size;
}

/* "name": of a field of ours, which needs no escapes; a comma before it unless it is the first. */
static inline char *writing_name(char *at, const struct field *field, bool first)
{
    *at = ',';
    return writing_word(at + !first, &field->word);
}

#endif
