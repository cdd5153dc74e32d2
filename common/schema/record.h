/* A record on the wire: a msgpack map of "v", "id" and sections.
 *
 *     struct record record;
 *     record_scan(message.value, arena, &record, err);                  checks everything once
 *     record_decode(&record, SECTION_DOCUMENT, &document, arena, err);  only what is needed
 *     record_put(&record, SECTION_SEGMENT, &segment, arena, err);
 *     record_write(&record, arena, &value, err);                        others byte for byte
 *
 * All results are views of the message or live in the arena. What was put is encoded when
 * the record is written, not before: workers that share a process hand records on in memory
 * (runtime/chain.h), and then nobody encodes, checks and decodes what a worker has just made. */
#ifndef VERBATIM_SCHEMA_RECORD_H
#define VERBATIM_SCHEMA_RECORD_H

#include "base/buffer.h"
#include "schema/shape.h"

enum { RECORD_VERSION = 1, RECORD_ID_BYTES_MAX = 128, RECORD_UNKNOWN_MAX = 32 };

enum section {
#define SECTION(id, name, added_by, description) SECTION_##id,
#include "schemas/sections.def"
#undef SECTION
    SECTION_COUNT
};

struct section_info {
    const char *name, *added_by, *description;
    const struct shape *shape;
    struct json_word word; /* the name, between a comma and a colon */
};
const struct section_info *section_info(enum section section);
enum section section_by_name(struct str name); /* SECTION_COUNT if there is none */

struct record {
    uint32_t version;
    struct str id;
    /* raw msgpack; data == NULL where absent or not encoded yet */
    struct str sections[SECTION_COUNT];
    /* what was put, in an arena; NULL where only the msgpack is there */
    const void *values[SECTION_COUNT];
    struct raw_fields unknown;          /* sections that this version doesn't know */
};

static inline bool record_has(const struct record *record, enum section section)
{
    return (record->sections[section].data != NULL) | (record->values[section] != NULL);
}

/* In two halves, each small enough for plain moves: of the whole gcc makes `rep movsq`, which takes
 * longer to begin than to copy this. */
static inline void record_copy(struct record *to, const struct record *from)
{
    enum { HALF = offsetof(struct record, values) };
    memcpy(to, from, HALF);
    memcpy((char *)to + HALF, (const char *)from + HALF, sizeof *to - HALF);
}

/* BAD_MESSAGE, TOO_LARGE, NO_MEMORY. */
int record_scan(struct str message, struct arena *arena, struct record *ret_record,
                struct err *err) CHECKED;
/* Checks types, required fields, bounds and doubled fields. BAD_MESSAGE also when the
 * section is absent. What was put comes back as it is: its lists and strings are shared,
 * so don't write to them. */
int record_decode(const struct record *record, enum section section, void *ret_value,
                  struct arena *arena, struct err *err) CHECKED;
/* The same, to be looked at alone: what was put as it lies there, without a copy; else decoded into
 * the arena. NULL: `err`, which must be there, tells. */
const void *record_view(const struct record *record, enum section section, struct arena *arena,
                        struct err *err);
/* Replaces the section by this value (a struct of its shape), which is copied; what it points to
 * must stay until the record is written. NO_MEMORY. */
int record_put(struct record *record, enum section section, const void *value, struct arena *arena,
               struct err *err) CHECKED;
/* The same of a value that itself stays until then, as in the arena of a job: it isn't copied. */
static inline void record_give(struct record *record, enum section section, const void *value)
{
    record->values[section] = value;
    record->sections[section] = (struct str){0};
}
static inline void record_drop(struct record *record, enum section section)
{
    record->sections[section] = (struct str){0};
    record->values[section] = NULL;
}
/* Encodes what was put. NO_MEMORY, TOO_LARGE. */
int record_write(struct record *record, struct arena *arena, struct str *ret_message,
                 struct err *err) CHECKED;

/* One struct by its shape, without a record around it. */
int shape_encode(const struct shape *shape, const void *value, struct arena *arena,
                 struct str *ret_bytes, struct err *err) CHECKED;
int shape_decode(const struct shape *shape, struct str bytes, void *ret_value, struct arena *arena,
                 struct err *err) CHECKED;

#endif
