/* Inside of writing JSON, shared by json_write.c (from msgpack) and json_write_value.c
 * (from structs). */
#ifndef VERBATIM_SCHEMA_JSON_WRITING_H
#define VERBATIM_SCHEMA_JSON_WRITING_H

#include "schema/json.h"

/* --- json_write.c ----------------------------------------------------------------------------- */

void writing_u64(struct buffer *out, uint64_t value);
void writing_time(struct buffer *out, int64_t wall_ms);
void writing_vector(struct buffer *out, struct str bytes); /* floats, not aligned */
/* One msgpack object that no table knows. False: a name in it is not a string. */
bool writing_raw(struct buffer *out, struct str bytes);

/* --- json_write_value.c ----------------------------------------------------------------------- */

/* A struct by its shape, as its msgpack would be written. False: as above. */
bool writing_value(struct buffer *out, const struct shape *shape, const void *value);

/* Names of ours are short: most take two moves that overlap, and no call. */
static inline char *writing_copy(char *to, struct str name)
{
    if (name.size >= 4 && name.size <= 8) {
        memcpy(to, name.data, 4);
        memcpy(to + name.size - 4, name.data + name.size - 4, 4);
    } else if (name.size > 8 && name.size <= 16) {
        memcpy(to, name.data, 8);
        memcpy(to + name.size - 8, name.data + name.size - 8, 8);
    } else {
        memcpy(to, name.data, name.size);
    }
    return to + name.size;
}

/* "name": of a field of ours, which needs no escapes; a comma before it unless it is the first. */
static inline void writing_name(struct buffer *out, struct str name, bool first)
{
    char *room = buffer_reserve(out, name.size + 4);
    if (!room) return;
    char *at = room;
    if (!first) *at++ = ',';
    *at++ = '"';
    at = writing_copy(at, name);
    *at++ = '"', *at++ = ':';
    out->size += (size_t)(at - room);
}

/* "word": a value of ours, which needs no escapes either. */
static inline void writing_word(struct buffer *out, struct str word)
{
    char *room = buffer_reserve(out, word.size + 2);
    if (!room) return;
    *room = '"';
    *writing_copy(room + 1, word) = '"';
    out->size += word.size + 2;
}

#endif
