/* What the store holds already of a partition, from an offset on: asked when a member begins to
 * read it. Usually nothing, as the committed offset is the end of the last object; but a crash
 * between an object and its commit, lost offsets, or offsets that somebody moved back leave objects
 * ahead. */
#ifndef VERBATIM_LOGSINK_LOOKUP_H
#define VERBATIM_LOGSINK_LOOKUP_H

#include "store/store.h"
#include "archive/layout.h"

enum { LOOKUP_SPANS_MAX = 64 };

struct lookup_result {
    struct span_of_offsets spans[LOOKUP_SPANS_MAX]; /* ascending; all end behind the offset */
    uint32_t count;
    bool more; /* ask again behind the last one */
};

/* `line` is the message at `offset` as a line, without newline: where an object covers the offset,
 * it must hold this very line. The store's errors; BAD_CONFIG: it holds another. */
int lookup_spans(struct store *store, enum topic topic, uint32_t partition, int64_t offset,
                 struct str line, struct lookup_result *ret_result, struct err *err) CHECKED;

#endif
