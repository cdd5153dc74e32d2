/* Inside of writing JSON, shared by json_write.c (from msgpack), json_write_fields.h and
 * json_write_value.c (from structs). */
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

/* What may take any room is written at `at` too, somewhere in the buffer's data, and there are
 * `more` bytes behind it when it returns where it ended. NULL: no memory, as the buffer tells, or
 * what is to be written can't be. The buffer's size is nobody's until the end. */
static inline char *writing_room(struct buffer *out, char *at, size_t more)
{
    size_t before = (size_t)(at - out->data);
    if (out->capacity - before > more) return at;
    out->size = before;
    return buffer_grow(out, more);
}
char *writing_string(struct buffer *out, char *at, struct str text, size_t more);

/* A number below WRITING_SMALL, without a branch on how many digits there are: its digits side by
 * side in one number, the first one lowest (little-endian, as every machine that this runs on). */
enum { WRITING_SMALL = 10000 };
static inline char *writing_small(char *at, uint32_t value)
{
    uint32_t hundreds = value * 5243 >> 19,                      /* value / 100 */
             pairs = hundreds | (value - hundreds * 100) << 16,
             tens = (pairs * 103 >> 10) & 0x000f000fu,           /* each pair / 10 */
             digits = tens | (pairs - tens * 10) << 8;
    unsigned zeros = (unsigned)__builtin_ctz(digits | 1u << 24) / 8; /* at its head */
    digits = (digits | 0x30303030u) >> (8 * zeros);
    memcpy(at, &digits, sizeof digits);
    return at + 4 - zeros;
}

void writing_vector(struct buffer *out, struct str bytes); /* floats, not aligned */
/* One msgpack object that no table knows. False: a name in it is not a string. */
bool writing_raw(struct buffer *out, struct str bytes);

/* --- json_write_value.c ----------------------------------------------------------------------- */

void writing_set(struct buffer *out, const struct enumeration *enumeration, uint32_t bits);
void writing_strs(struct buffer *out, const struct str_list *list);
void writing_map(struct buffer *out, const struct str_map *map);
/* Each with a comma before it. */
char *writing_extra(struct buffer *out, char *at, const struct raw_fields *extra, size_t more);

/* Room for a field's name, and for its value if that is a scalar. */
enum { WRITING_FIELD_BYTES = (int)sizeof(struct json_word) + WRITING_SCALAR_BYTES };

static inline char *writing_word(char *at, const struct json_word *word)
{
    memcpy(at, word->text, sizeof word->text); /* of a known size: two moves, no call, no branch */
    return at + word->size;
}

#endif
