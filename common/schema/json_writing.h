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
static inline bool writing_fits(const struct buffer *out, const char *at, size_t more)
{
    return out->capacity - (size_t)(at - out->data) > more;
}
static inline char *writing_room(struct buffer *out, char *at, size_t more)
{
    if (writing_fits(out, at, more)) return at;
    out->size = (size_t)(at - out->data);
    return buffer_grow(out, more);
}
char *writing_string(struct buffer *out, char *at, struct str text, size_t more);

/* The three digits of each number below WRITING_SMALL, and behind them how many bits of these are
 * zeros at their head. */
enum { WRITING_SMALL = 1000 };
extern const char writing_digits[WRITING_SMALL][4];
static inline uint32_t writing_digits_of(uint32_t value)
{
    uint32_t digits; /* the first one lowest (little-endian, as every machine that this runs on) */
    memcpy(&digits, writing_digits[value], sizeof digits);
    return digits;
}
static inline char *writing_small(char *at, uint32_t value)
{
    uint32_t digits = writing_digits_of(value), zeros = digits >> 24;
    digits >>= zeros;
    memcpy(at, &digits, sizeof digits);
    return at + 3 - zeros / 8;
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
