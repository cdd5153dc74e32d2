/* The manifest of an object: what it holds, so that nobody has to open it to know.
 *
 * It follows from the object's bytes alone: whoever writes it writes the same. */
#ifndef VERBATIM_LOGSINK_MANIFEST_H
#define VERBATIM_LOGSINK_MANIFEST_H

#include "workers/logsink/object.h"

enum { MANIFEST_BYTES_MAX = 4096 };

void manifest_write(const struct object_facts *facts, struct buffer *out);

/* What a reader of manifests needs. */
struct manifest {
    struct str object; /* its key, in the arena or in the text */
    int64_t earliest_ms, latest_ms;
};
int manifest_read(struct str text, struct arena *arena, struct manifest *ret_manifest,
                  struct err *err) CHECKED;

#endif
