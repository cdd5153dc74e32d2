/* Reading msgpack that nobody has vouched for (github.com/msgpack/msgpack/blob/master/spec.md).
 *
 * msgpack_check() walks a whole message once: sizes, depth, counts, UTF-8, no trailing bytes,
 * before anything is allocated; the same in steps tells where the objects of a message lie
 * (record.c). (msgpack-c's unpacker trusts counts: five bytes make it allocate 2 GB;
 * see tests/fuzz.) msgpack_next() and msgpack_skip() stay bounds-checked on their own. */
#ifndef VERBATIM_SCHEMA_MSGPACK_H
#define VERBATIM_SCHEMA_MSGPACK_H

#include "base/err.h"
#include "base/str.h"

enum {
    MSGPACK_DEPTH_MAX = 16,
    MSGPACK_NODES_MAX = 100000,
    MSGPACK_BYTES_MAX = 4 << 20, /* largest message anywhere on the bus */
};

enum msgpack_kind {
    MSGPACK_NIL, MSGPACK_BOOL, MSGPACK_UINT, MSGPACK_INT /* negative */, MSGPACK_FLOAT, MSGPACK_STR,
    MSGPACK_BIN, MSGPACK_EXT, MSGPACK_ARRAY, MSGPACK_MAP
};

struct msgpack_reader {
    const uint8_t *at, *end;
};

struct msgpack_item {
    enum msgpack_kind kind;
    union {
        bool flag;
        uint64_t uint;
        int64_t sint;
        double real;
        struct str bytes; /* STR, BIN, EXT (without its type) */
        uint32_t count;   /* ARRAY: items; MAP: pairs; they follow in the stream */
    };
};

int msgpack_check(struct str message, struct err *err) CHECKED; /* BAD_MESSAGE, TOO_LARGE */

/* In steps: begin, each object, end. */
struct msgpack_check {
    struct str message;
    struct msgpack_reader reader;
    unsigned nodes; /* so far */
};
int msgpack_check_begin(struct msgpack_check *check, struct str message, struct err *err) CHECKED;
/* The next object with all that is in it, `depth` containers down; ret_raw (may be NULL)
 * gets its bytes. */
int msgpack_check_object(struct msgpack_check *check, unsigned depth, struct str *ret_raw,
                         struct err *err) CHECKED;
int msgpack_check_end(const struct msgpack_check *check, struct err *err) CHECKED;

static inline struct msgpack_reader msgpack_reader(struct str bytes)
{
    const uint8_t *at = (const uint8_t *)bytes.data;
    return (struct msgpack_reader){at, at + bytes.size};
}

/* False at the end or on a truncated or unknown item. Containers are entered. */
bool msgpack_next(struct msgpack_reader *reader, struct msgpack_item *ret_item);

/* Skips one object with all that is in it; ret_raw gets its bytes. Depth is bounded. */
bool msgpack_skip(struct msgpack_reader *reader, struct str *ret_raw);

#endif
