/* One request to the collector, and what its answer means. Blocks: for the sending thread only. */
#ifndef VERBATIM_TELEMETRY_COLLECTOR_H
#define VERBATIM_TELEMETRY_COLLECTOR_H

#include <stdatomic.h>

#include "telemetry/settings.h"

struct collector;

int collector_open(const struct settings *settings, struct collector **ret_collector,
                   struct err *err) CHECKED;
void collector_close(struct collector *collector);

enum collector_says {
    COLLECTOR_TOOK,    /* but *ret_refused of them */
    COLLECTOR_LATER,   /* busy, or not there: after *ret_after_ms, if that isn't 0 */
    COLLECTOR_REFUSED, /* the same request would be refused again */
};

/* Within timeout_ms; once *hurry is true within COLLECTOR_HURRY_MS of that. */
enum { COLLECTOR_HURRY_MS = 2000 };
enum collector_says collector_send(struct collector *collector, struct str body,
                                   const atomic_bool *hurry, uint64_t *ret_refused,
                                   int64_t *ret_after_ms);

/* For tests: spans that an answer of 200 says weren't taken (partialSuccess.rejectedSpans). */
uint64_t collector_read_refused(struct str answer);

#endif
