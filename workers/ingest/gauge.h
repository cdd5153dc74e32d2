/* How much waits behind the door, how fast it drains, and when there is room again. Arithmetic
 * alone: no clock, no bus. */
#ifndef VERBATIM_WORKERS_INGEST_GAUGE_H
#define VERBATIM_WORKERS_INGEST_GAUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GAUGE_SAMPLES = 6,          /* the rate is that of the time between the first and the last */
    GAUGE_STALE_MS = 15000,     /* what was seen longer ago says nothing */
    GAUGE_STUCK_S = 30,         /* Retry-After while nothing drains: nobody knows */
    GAUGE_RETRY_MOST_S = 600,
};

struct gauge_sample {
    int64_t at_ms;     /* monotonic */
    uint64_t backlog;  /* records that no stage has finished */
    uint64_t arrived;  /* ever, through any door */
    uint64_t receipts; /* ever, given by this one */
};

struct gauge { /* zeroed is valid */
    struct gauge_sample samples[GAUGE_SAMPLES]; /* oldest first */
    size_t count;
};

void gauge_add(struct gauge *gauge, const struct gauge_sample *sample);
/* Records per second that left the pipeline, as insights or otherwise. */
double gauge_rate(const struct gauge *gauge);
/* What waits now: as seen last, and what this door has let in and the pipeline has done since. */
uint64_t gauge_backlog(const struct gauge *gauge, int64_t now_ms, uint64_t receipts);
/* Seconds until less than `most` wait; 0: now. */
unsigned gauge_retry_after_s(const struct gauge *gauge, int64_t now_ms, uint64_t receipts,
                             uint64_t most);

#endif
