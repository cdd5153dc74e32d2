/* One message as one line of the archive; archive/line.h reads it back.
 *
 *     {"id":"…","feedback":{…},…,"bus":{"topic":"feedback","partition":3,"offset":17,
 *      "timestamp":"2026-01-02T03:04:05.678Z","key":"…","traceparent":"…","redrives":1,
 *      "replay":"…"}}
 *
 * That is the record as it is shown everywhere, and the member "bus": where it was read, its trace
 * and its marks (runtime/worker.h). A message that is no record (bad msgpack, a newer schema, …) is
 * kept all the same, with its bytes in base64:
 *
 *     {"raw":"…","error":"bad_message","error_text":"…","bus":{…}}
 *
 * Other sections may not be called bus, raw or error: a record with such a section has it
 * left out, and its bytes are kept beside it as "raw". A key that isn't text is "key_base64". */
#ifndef VERBATIM_LOGSINK_LINE_H
#define VERBATIM_LOGSINK_LINE_H

#include "base/buffer.h"
#include "bus/bus.h"

/* Appends the line with its newline. *ret_raw: the message's bytes are in it. NO_MEMORY. */
int line_write(const struct bus_message *message, struct arena *arena, struct buffer *out,
               bool *ret_raw, struct err *err) CHECKED;

#endif
