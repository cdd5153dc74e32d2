/* What leaves the pipeline in a time is what arrived in it, less what the backlog grew by. So the
 * rate needs no stage's own figures, and holds with any number of doors and replicas. */
#include "workers/ingest/gauge.h"

#include <string.h>

void gauge_add(struct gauge *gauge, const struct gauge_sample *sample)
{
    if (gauge->count == GAUGE_SAMPLES) {
        gauge->count--;
        memmove(&gauge->samples[0], &gauge->samples[1], gauge->count * sizeof *sample);
    }
    gauge->samples[gauge->count++] = *sample;
}

static const struct gauge_sample *newest(const struct gauge *gauge, int64_t now_ms)
{
    if (gauge->count == 0) return NULL;
    const struct gauge_sample *last = &gauge->samples[gauge->count - 1];
    return now_ms - last->at_ms > GAUGE_STALE_MS ? NULL : last;
}

double gauge_rate(const struct gauge *gauge)
{
    if (gauge->count < 2) return 0;
    const struct gauge_sample *from = &gauge->samples[0], *to = &gauge->samples[gauge->count - 1];
    double left = (double)to->arrived - (double)from->arrived + (double)from->backlog -
                  (double)to->backlog;
    double seconds = (double)(to->at_ms - from->at_ms) * 1e-3;
    return left > 0 && seconds > 0 ? left / seconds : 0; /* below 0: a topic that was made anew */
}

uint64_t gauge_backlog(const struct gauge *gauge, int64_t now_ms, uint64_t receipts)
{
    const struct gauge_sample *last = newest(gauge, now_ms);
    if (!last) return 0;
    double done = gauge_rate(gauge) * (double)(now_ms - last->at_ms) * 1e-3;
    double waits = (double)last->backlog + (double)(receipts - last->receipts) - done;
    return waits > 0 ? (uint64_t)waits : 0;
}

unsigned gauge_retry_after_s(const struct gauge *gauge, int64_t now_ms, uint64_t receipts,
                             uint64_t most)
{
    uint64_t backlog = gauge_backlog(gauge, now_ms, receipts);
    double rate = gauge_rate(gauge);
    if (backlog < most) return 0;
    if (rate < 1) return GAUGE_STUCK_S;
    double seconds = (double)(backlog - most) / rate + 1; /* rounded up, and never 0 */
    return seconds < GAUGE_RETRY_MOST_S ? (unsigned)seconds : GAUGE_RETRY_MOST_S;
}
