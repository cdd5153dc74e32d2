/* Inside of writing JSON, shared by json_write.c (from msgpack) and json_write_value.c (from structs). */
#ifndef VERBATIM_SCHEMA_JSON_WRITING_H
#define VERBATIM_SCHEMA_JSON_WRITING_H

#include "schema/json.h"

/* --- json_write.c ------------------------------------------------------------------------------- */

void writing_u64(struct buffer *out, uint64_t value);
void writing_time(struct buffer *out, int64_t wall_ms);
void writing_vector(struct buffer *out, struct str bytes); /* floats, not aligned */
/* One msgpack object that no table knows. False: a name in it is not a string. */
bool writing_raw(struct buffer *out, struct str bytes);

/* --- json_write_value.c ------------------------------------------------------------------------- */

/* A struct by its shape, as its msgpack would be written. False: as above. */
bool writing_value(struct buffer *out, const struct shape *shape, const void *value);

/* "name": of a field of ours, which needs no escapes; a comma before it unless it is the first. */
static inline void writing_name(struct buffer *out, struct str name, bool first)
{
    char *room = buffer_reserve(out, name.size + 4);
    if (!room) return;
    char *at = room;
    if (!first) *at++ = ',';
    *at++ = '"';
    memcpy(at, name.data, name.size);
    at += name.size;
    *at++ = '"', *at++ = ':';
    out->size += (size_t)(at - room);
}

#endif
