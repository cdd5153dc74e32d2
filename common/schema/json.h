/* JSON in and out: the one form that HTTP, the command line, SSE and the archive show (RFC 8259).
 *
 * Out: {"id":…, sections in table order, then unknown ones}. Times are RFC 3339 UTC, enums their
 * names, vectors arrays of numbers, binary base64. In: the same, or one struct by its shape. */
#ifndef VERBATIM_SCHEMA_JSON_H
#define VERBATIM_SCHEMA_JSON_H

#include "schema/record.h"

/* Appends a record's message as JSON, without a newline; nothing when it fails.
 * BAD_MESSAGE, NO_MEMORY. */
int json_write_record(struct str message, struct buffer *out, struct err *err) CHECKED;
/* The same of a record that is scanned already, or was put together: as it is by now. */
int json_write_scanned(const struct record *record, struct buffer *out, struct err *err) CHECKED;
/* One section's or struct's msgpack. */
int json_write_shape(const struct shape *shape, struct str bytes, struct buffer *out,
                     struct err *err) CHECKED;
/* "text" with escapes; the text must be UTF-8. */
void json_write_string(struct buffer *out, struct str text);
void json_write_base64(struct buffer *out, struct str bytes); /* "text", with padding */
/* At most 6 decimals below 1e9, 17 digits from there on; null if not finite. */
void json_write_number(struct buffer *out, double value);

/* --- in ------------------------------------------------------------------------------------- */

enum { JSON_DEPTH_MAX = 32, JSON_PROBLEMS_MAX = 16 };

/* A thing that is wrong with one field: a JSON pointer (RFC 6901), and what is wrong with it. */
struct json_problem {
    struct str pointer, detail;
};
struct json_problems {
    struct json_problem items[JSON_PROBLEMS_MAX];
    uint32_t count;
};

/* Writes "/name", escaped as a step of a pointer, cut at 64 bytes and to the room;
 * returns its size. */
size_t json_pointer_step(struct str name, char *out, size_t room);
/* The field that may have been meant; NULL if none is near. */
const char *json_nearest_field(const struct shape *shape, struct str name);

enum json_unknown {
    JSON_UNKNOWN_REFUSE, /* a problem that names the nearest known field */
    JSON_UNKNOWN_KEEP,   /* kept as extra, so that they survive */
};

/* One object into a struct of its shape. BAD_JSON: not JSON (text says line and column).
 * BAD_MESSAGE: `problems` says what is wrong, field by field. */
int json_read_shape(const struct shape *shape, struct str text, enum json_unknown unknown,
                    struct arena *arena, void *ret_value, struct json_problems *problems,
                    struct err *err) CHECKED;
/* A whole record, as json_write_record() writes it, to its message. Unknown fields are kept. */
int json_read_record(struct str text, struct arena *arena, struct str *ret_message,
                     struct json_problems *problems, struct err *err) CHECKED;

/* What json_write_base64() writes, without its quotes; padding may be left out.
 * BAD_MESSAGE, NO_MEMORY. */
int json_read_base64(struct str text, struct arena *arena, struct str *ret_bytes,
                     struct err *err) CHECKED;

/* --- the pull reader under it, for arrays and other documents --------------------------------- */

enum json_kind {
    JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT
};

struct json_reader {
    const char *start, *at, *end;
    struct arena *arena; /* for strings with escapes; NULL: these are checked, but not given */
    unsigned depth;
    const char *fault;   /* what is malformed, at `at`; NULL so far */
};

struct json_value {
    enum json_kind kind;
    struct str text; /* STRING: unescaped, valid UTF-8; NUMBER: as written */
};

struct json_reader json_reader(struct str text, struct arena *arena);
/* Reads a value's start; for ARRAY and OBJECT go on with json_item() / json_member(). */
bool json_next(struct json_reader *reader, struct json_value *ret_value);
/* In an array: is there another item? Then read it by json_next(). Call with *first =
 * true at the start. */
bool json_item(struct json_reader *reader, bool *first);
/* In an object: its next member's name; false at the end or on a fault. */
bool json_member(struct json_reader *reader, bool *first, struct str *ret_name);
/* Skips one value; ret_raw gets its text. */
bool json_skip(struct json_reader *reader, struct str *ret_raw);
/* Nothing but white space is left? A fault otherwise. */
bool json_end(struct json_reader *reader);
/* Fills err with BAD_JSON, line and column; or NO_MEMORY. */
int json_fault(const struct json_reader *reader, struct err *err);
/* The text that err tells of began here in a larger one: a BAD_JSON names the place in that. */
void json_fault_began(struct err *err, uint64_t line, uint64_t column);

#endif
