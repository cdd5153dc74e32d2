/* Puts one finished object into the store, exactly once.
 *
 * Happy path: the object under its name if the name is free (If-None-Match: *), then its manifest.
 * The name is the offset of its first message, and a writer only ever names an object by the end of
 * what it knows to be stored: so the names are claimed one after the other, whoever claims them,
 * and two writers of one partition can't store a record twice.
 *
 * When the name is taken, the object that is there decides: an earlier attempt of ours whose answer
 * was lost, one from before a crash, or another replica's, cut elsewhere. It is read and compared
 * line by line with ours; then it counts as ours, with its own end. What differs is refused: that
 * is another topic under the same name, such as one that was deleted and created again. */
#ifndef VERBATIM_LOGSINK_KEEP_H
#define VERBATIM_LOGSINK_KEEP_H

#include "store/store.h"
#include "workers/logsink/object.h"

struct keep_options {
    int level;           /* of zstd */
    uint64_t part_bytes; /* larger objects go in parts of this size */
};

/* The store's errors, of which RETRY and DENIED may be tried again; BAD_CONFIG: what is stored
 * there contradicts ours. *ret_stored: what is in the store under the object's name; *ret_adopted:
 * we found it there. */
int keep_object(struct store *store, const struct keep_options *options, struct object *object,
                struct object_facts *ret_stored, bool *ret_adopted, struct err *err) CHECKED;

/* What is stored can't be understood, or isn't ours: no retry mends that, so it is BAD_CONFIG. */
int keep_contradiction(int rc, struct err *err);

/* Whether two lines stand for the same message: E_OK or BAD_CONFIG. */
int keep_compare_lines(struct str ours, struct str theirs, struct arena *arena,
                       struct err *err) CHECKED;

#endif
