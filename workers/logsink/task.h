/* What the worker threads do for the loop: one call of the object store, with all that it needs. A
 * task is handed over whole and handed back whole; nothing in it is shared meanwhile. */
#ifndef VERBATIM_LOGSINK_TASK_H
#define VERBATIM_LOGSINK_TASK_H

#include "workers/logsink/keep.h"
#include "workers/logsink/lookup.h"

struct track; /* in archive.h */

enum task_kind { TASK_LOOKUP, TASK_KEEP };

struct task {
    enum task_kind kind;
    struct track *track;
    uint64_t generation; /* of the archive when it was started */
    struct task *next;

    /* in: */
    enum topic topic;
    uint32_t partition;
    int64_t offset;        /* LOOKUP */
    struct buffer line;    /* LOOKUP: of the record at the offset */
    struct object *object; /* KEEP: the task's while it runs */
    size_t object_bytes;   /* KEEP: its memory before */
    struct keep_options keep;

    /* out: */
    int rc;
    struct err err;
    int64_t retry_after_ms;
    struct lookup_result found;
    struct object_facts stored;
    bool adopted;
};

/* Blocks; fills the out part. */
void task_run(struct task *task, struct store *store);
void task_destroy(struct task *task); /* with its object; NULL is ignored */

#endif
