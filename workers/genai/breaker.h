/* When to stop asking a provider that fails, and when to look whether it is back.
 *
 * Closed: calls leave. After BREAKER_FAILURES in a row, or one that can't be cured by trying again,
 * it opens: nothing leaves for a while. Then one call probes: if it is answered the breaker closes,
 * else it opens for twice as long, with jitter. Time is given, never looked up. */
#ifndef VERBATIM_WORKERS_GENAI_BREAKER_H
#define VERBATIM_WORKERS_GENAI_BREAKER_H

#include "base/random.h"

enum { BREAKER_FAILURES = 5 };
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

struct breaker {
    enum breaker_state state;
    uint32_t failures;                   /* in a row */
    int64_t least_ms, most_ms, pause_ms; /* pause: the one that runs, or ran last */
    int64_t until_ms;
    uint64_t opened; /* how often */
};

void breaker_init(struct breaker *breaker, int64_t least_ms, int64_t most_ms);
/* May a call leave? breaker_wants_probe(): it would be a probe, and must be a single one. */
bool breaker_allows(const struct breaker *breaker, int64_t now_ms);
static inline bool breaker_wants_probe(const struct breaker *breaker)
{
    return breaker->state == BREAKER_OPEN;
}
/* It leaves. Says whether it is a probe. */
bool breaker_leave(struct breaker *breaker);
/* How a call ended. `probe`: as breaker_leave() said. `for_good`: trying again can't cure it. True:
 * it has just been closed or opened. */
bool breaker_answered(struct breaker *breaker, bool probe);
bool breaker_failed(struct breaker *breaker, bool probe, bool for_good, int64_t now_ms,
                    struct random *random);
/* A probe ended without telling anything. */
void breaker_forget_probe(struct breaker *breaker);

#endif
