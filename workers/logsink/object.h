/* An archive object in the making.
 *
 * While it is open, its lines collect in a tail that is compressed, quickly and piece by piece: so
 * many objects may be open side by side in little memory. object_finish() makes one well compressed
 * frame of it that names its own size and has a checksum, as the simplest readers want it. */
#ifndef VERBATIM_LOGSINK_OBJECT_H
#define VERBATIM_LOGSINK_OBJECT_H

#include <zstd.h>

#include "archive/manifest.h"

struct object_piece {
    struct object_piece *next;
    size_t size;
    char bytes[];
};

struct object {
    struct object_facts facts;
    struct buffer tail;                /* lines that are not compressed yet */
    struct object_piece *first, *last; /* a zstd frame each */
    size_t piece_bytes;
    struct buffer packed; /* finished; empty before */
    int64_t opened_ms;    /* monotonic */
    struct object *next;  /* in its partition's queue */
};

/* NULL without memory. */
struct object *object_create(enum topic topic, uint32_t partition, int64_t opened_ms);
void object_destroy(struct object *object);

/* Where the caller writes the next line; object_added() then takes it in. The context is shared by
 * all open objects. NO_MEMORY. */
static inline struct buffer *object_tail(struct object *object) { return &object->tail; }
int object_added(struct object *object, ZSTD_CCtx *quick, int64_t offset, int64_t timestamp_ms,
                 bool raw, size_t line_bytes, struct err *err) CHECKED;

/* What it holds on to. */
size_t object_memory_bytes(const struct object *object);

/* Finishes the object, once: `packed` and the facts' hashes and sizes. NO_MEMORY. */
int object_finish(struct object *object, int level, struct err *err) CHECKED;

/* The same object without the lines below `offset`: a new one, open; the old one stays. *ret_rest
 * is NULL when nothing is left. */
int object_rest(const struct object *object, ZSTD_CCtx *quick, int64_t offset,
                struct object **ret_rest, struct err *err) CHECKED;

/* The facts of a stored object, from its bytes. BAD_MESSAGE when it is damaged or isn't one. */
int object_read_facts(struct str packed, enum topic topic, uint32_t partition,
                      struct object_facts *ret_facts, struct err *err) CHECKED;

#endif
