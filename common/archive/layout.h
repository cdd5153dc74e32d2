/* Where things lie in the archive, relative to logsink.url:
 *
 *     TOPIC/date=YYYY-MM-DD/PARTITION/START.ndjson.zst       lines; the date and START of the first
 *     manifests/TOPIC/PARTITION/END-START.json               one to an object
 *
 * START is the offset of the object's first line, END that of its last plus one, both 20 digits. A
 * manifest's name begins with the END, so that one list request finds the object that covers an
 * offset: the first name behind the offset's. */
#ifndef VERBATIM_ARCHIVE_LAYOUT_H
#define VERBATIM_ARCHIVE_LAYOUT_H

#include "base/clock.h"
#include "schema/topic.h"

enum { LAYOUT_KEY_BYTES = 160, LAYOUT_DATE_BYTES = 11 };

/* Offsets [start, end). */
struct span_of_offsets {
    int64_t start, end;
};

/* "2026-01-02", UTC. */
void layout_date(int64_t timestamp_ms, char out[static LAYOUT_DATE_BYTES]);

void layout_object_key(enum topic topic, uint32_t partition, int64_t start, int64_t first_ms,
                       char out[static LAYOUT_KEY_BYTES]);
void layout_manifest_prefix(enum topic topic, uint32_t partition,
                            char out[static LAYOUT_KEY_BYTES]);
void layout_manifest_key(enum topic topic, uint32_t partition, struct span_of_offsets span,
                         char out[static LAYOUT_KEY_BYTES]);
/* For store_list()'s `after`: what follows are the manifests whose END is above `offset`. */
void layout_manifest_after(enum topic topic, uint32_t partition, int64_t offset,
                           char out[static LAYOUT_KEY_BYTES]);
bool layout_manifest_span(struct str key, struct span_of_offsets *ret_span);

#endif
