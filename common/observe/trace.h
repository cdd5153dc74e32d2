/* W3C Trace Context (w3.org/TR/trace-context): one traceparent from the door to the archive. */
#ifndef VERBATIM_OBSERVE_TRACE_H
#define VERBATIM_OBSERVE_TRACE_H

#include "base/random.h"

enum { TRACE_TEXT_BYTES = 56 }; /* "00-" 32 hex "-" 16 hex "-" 2 hex, and a NUL */

/* A child of `parent` (same trace, new span); a new trace when parent is not a valid traceparent. */
void trace_child(struct str parent, struct random *random, char out[static TRACE_TEXT_BYTES]);
bool trace_is_valid(struct str traceparent);

#endif
