/* W3C Trace Context (w3.org/TR/trace-context): one traceparent from the door to the archive. */
#ifndef VERBATIM_OBSERVE_TRACE_H
#define VERBATIM_OBSERVE_TRACE_H

#include "base/random.h"

enum { TRACE_TEXT_BYTES = 56 }; /* "00-" 32 hex "-" 16 hex "-" 2 hex, and a NUL */

/* A child of `parent` (same trace, new span); a new trace when parent is not a
 * valid traceparent. */
void trace_child(struct str parent, struct random *random, char out[static TRACE_TEXT_BYTES]);
bool trace_is_valid(struct str traceparent);
/* Of a valid one: do its flags say that the trace is told to somebody? */
bool trace_is_sampled(struct str traceparent);
/* A new trace that isn't: of messages that no record led to. */
void trace_alone(struct random *random, char out[static TRACE_TEXT_BYTES]);

#endif
