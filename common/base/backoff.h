/* How long to wait before the next try: twice as long after each failure, up to a limit. */
#ifndef VERBATIM_BASE_BACKOFF_H
#define VERBATIM_BASE_BACKOFF_H

#include "base/random.h"

/* failures: in a row; after none least_ms. Never more than most_ms. */
static inline int64_t backoff_ms(int64_t least_ms, int64_t most_ms, uint32_t failures)
{
    enum { DOUBLINGS_MAX = 16 };
    int64_t ms = least_ms << (failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX);
    return ms < most_ms ? ms : most_ms;
}

/* Anywhere from least_ms to that: who fails together doesn't come back together. */
static inline int64_t backoff_jittered_ms(struct random *random, int64_t least_ms, int64_t most_ms,
                                          uint32_t failures)
{
    int64_t spread_ms = backoff_ms(least_ms, most_ms, failures) - least_ms;
    return spread_ms > 0 ? least_ms + (int64_t)random_below(random, (uint64_t)spread_ms + 1)
                         : least_ms;
}

#endif
