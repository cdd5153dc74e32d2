/* Three states; see breaker.h. Calls that left before it opened change nothing when they end. */
#include "workers/genai/breaker.h"

void breaker_init(struct breaker *breaker, int64_t least_ms, int64_t most_ms)
{
    *breaker = (struct breaker){.least_ms = least_ms, .most_ms = most_ms};
}

bool breaker_allows(const struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state == BREAKER_OPEN) return now_ms >= breaker->until_ms;
    return breaker->state == BREAKER_CLOSED;
}

bool breaker_leave(struct breaker *breaker)
{
    if (breaker->state != BREAKER_OPEN) return false;
    breaker->state = BREAKER_PROBING;
    return true;
}

/* From four fifths of the pause to all of it: replicas don't probe in step. */
static void open_it(struct breaker *breaker, int64_t pause_ms, int64_t now_ms,
                    struct random *random)
{
    if (pause_ms > breaker->most_ms) pause_ms = breaker->most_ms;
    breaker->state = BREAKER_OPEN;
    breaker->failures = 0;
    breaker->opened++;
    breaker->pause_ms = pause_ms;
    breaker->until_ms =
        now_ms + pause_ms - (int64_t)random_below(random, (uint64_t)pause_ms / 5 + 1);
}

bool breaker_answered(struct breaker *breaker, bool probe)
{
    if (breaker->state == BREAKER_CLOSED) breaker->failures = 0;
    if (!probe) return false;
    breaker->state = BREAKER_CLOSED;
    breaker->failures = 0;
    breaker->pause_ms = 0;
    return true;
}

bool breaker_failed(struct breaker *breaker, bool probe, bool for_good, int64_t now_ms,
                    struct random *random)
{
    if (probe) {
        open_it(breaker, for_good ? breaker->most_ms : breaker->pause_ms * 2, now_ms, random);
        return true;
    }
    if (breaker->state != BREAKER_CLOSED) return false;
    breaker->failures++;
    if (breaker->failures < BREAKER_FAILURES && !for_good) return false;
    open_it(breaker, for_good ? breaker->most_ms : breaker->least_ms, now_ms, random);
    return true;
}

void breaker_forget_probe(struct breaker *breaker)
{
    if (breaker->state == BREAKER_PROBING) breaker->state = BREAKER_OPEN;
}
