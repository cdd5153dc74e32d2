/* Inside of JSON to struct: the reading in progress, shared by json_read.c (objects, records),
 * json_fields.c (values by their field), json_transcode.c (values that no table knows) and
 * json_problem.c (what is wrong, and where). Functions return false when reading can't go on. */
#ifndef VERBATIM_SCHEMA_JSON_READING_H
#define VERBATIM_SCHEMA_JSON_READING_H

#include "schema/json.h"

/* The tables nest four deep; steps beyond are left out of the pointer. */
enum { POINTER_BYTES = 256, POINTER_STEPS = 16 };

struct reading {
    struct json_reader json;
    struct arena *arena;
    struct json_problems *problems;
    enum json_unknown unknown;
    /* Names from the document down to where the reading is; data == NULL: index `size` of a list.
     * A pointer is made of them only when there is a problem. */
    struct str steps[POINTER_STEPS];
    size_t depth;
    bool out_of_memory;
};

/* --- json_problem.c --------------------------------------------------------------------------- */

/* Notes a problem at the current pointer. It doesn't stop the reading:
 * the caller is told of all. */
void reading_problem(struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);
/* Goes one step down; give what it returns to reading_leave(). The name isn't copied: it lies in
 * the document, the arena or a table until then. */
static inline size_t reading_enter(struct reading *reading, struct str name)
{
    if (reading->depth < POINTER_STEPS) reading->steps[reading->depth] = name;
    return reading->depth++;
}
static inline size_t reading_enter_index(struct reading *reading, uint32_t index)
{
    return reading_enter(reading, (struct str){NULL, index});
}
static inline void reading_leave(struct reading *reading, size_t before)
{
    reading->depth = before;
}
/* A value of a wrong kind was begun: notes it, and skips the rest of it. */
bool reading_wrong_kind(struct reading *reading, const struct json_value *value,
                        const char *expected);
bool reading_skip_rest(struct reading *reading, const struct json_value *value);
void reading_refuse_unknown(struct reading *reading, const struct shape *shape, struct str name);
static inline bool reading_no_memory(struct reading *reading)
{
    return reading->out_of_memory = true, false;
}

/* How many items or members the container holds that was just entered;
 * the reading stays where it is. */
bool reading_count(const struct reading *reading, enum json_kind container, uint32_t *ret_count);

/* --- json_fields.c, json_transcode.c, json_read.c --------------------------------------------- */

bool reading_field(struct reading *reading, const struct field *field,
                   const struct json_value *value, char *at);
bool reading_str(struct reading *reading, const struct field *field, const struct json_value *value,
                 char *at);
bool reading_transcode(struct reading *reading, struct str *ret_raw);
bool reading_object(struct reading *reading, const struct shape *shape, void *value);

#endif
