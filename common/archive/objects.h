/* Objects that no manifest knows. */
#ifndef VERBATIM_ARCHIVE_OBJECTS_H
#define VERBATIM_ARCHIVE_OBJECTS_H

#include "archive/findings.h"
#include "archive/manifest.h"
#include "store/store.h"

/* What the manifests said; a zeroed one is valid. 8 bytes an object. */
struct objects {
    uint64_t *known; /* hashes of keys */
    size_t count, capacity;
    struct object_end {
        enum topic topic;
        uint32_t partition;
        int64_t end; /* of the partition's last object */
    } *ends;
    size_t end_count, end_capacity;
};

void objects_deinit(struct objects *objects);
/* Manifests of one partition come one behind the other. False without memory. */
bool objects_add(struct objects *objects, const struct manifest *manifest);
/* Lists all objects: one below its partition's end is OVERLAP; one behind it waits for its manifest
 * and is counted. Nothing may be added any more. The store's errors. */
int objects_find_strays(struct objects *objects, struct store *store, struct findings *findings,
                        uint64_t *ret_unfinished, struct err *err) CHECKED;

#endif
