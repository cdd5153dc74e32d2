/* The manifest of an object: what it holds, so that nobody has to open it to know.
 *
 * It follows from the object's bytes alone: whoever writes it writes the same. */
#ifndef VERBATIM_ARCHIVE_MANIFEST_H
#define VERBATIM_ARCHIVE_MANIFEST_H

#include "archive/layout.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"

enum { MANIFEST_BYTES_MAX = 4096 };

/* What the manifest says. */
struct object_facts {
    enum topic topic;
    uint32_t partition;
    struct span_of_offsets span;
    uint64_t records, raw;          /* lines; those that hold a message's bytes */
    int64_t first_ms;               /* timestamp of the first: decides the date */
    int64_t earliest_ms, latest_ms; /* of all */
    uint64_t content_bytes, bytes;  /* of the lines; of the object */
    char content_sha256[SHA256_TEXT_BYTES], sha256[SHA256_TEXT_BYTES];
};

/* Counts a line that goes into the object, or into what is known of one. */
void object_facts_add(struct object_facts *facts, int64_t offset, int64_t timestamp_ms, bool raw,
                      size_t line_bytes);

void manifest_write(const struct object_facts *facts, struct buffer *out);

struct manifest {
    struct str object;         /* its key, in the arena or in the text */
    struct object_facts facts; /* without first_ms: that is in the key, as a date */
};
/* BAD_JSON, BAD_MESSAGE, NO_MEMORY. */
int manifest_read(struct str text, struct arena *arena, struct manifest *ret_manifest,
                  struct err *err) CHECKED;
/* BAD_MESSAGE: what was found of its object isn't what the manifest says. */
int manifest_check(const struct manifest *manifest, const struct object_facts *found,
                   struct err *err) CHECKED;

#endif
