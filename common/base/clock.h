/* Time as an effect: code that needs it is given a clock, so that a test can turn the hands. */
#ifndef VERBATIM_BASE_CLOCK_H
#define VERBATIM_BASE_CLOCK_H

#include "base/err.h"
#include "base/str.h"

struct clock {
    int64_t (*wall_ms)(void *self); /* milliseconds since 1970-01-01T00:00:00Z; may jump */
    int64_t (*mono_ns)(void *self); /* nanoseconds since some start; never goes back */
    void *self;
};

const struct clock *clock_system(void);
/* Processor time that this process has used, in seconds. */
double clock_cpu_seconds(void);
static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->self);
}
static inline int64_t clock_mono_ns(const struct clock *clock)
{
    return clock->mono_ns(clock->self);
}
static inline int64_t clock_mono_ms(const struct clock *clock)
{
    return clock->mono_ns(clock->self) / 1000000;
}

/* A clock that stands still until it is told; other threads may look meanwhile. */
struct clock_manual {
    struct clock clock; /* give &manual.clock to the code under test */
    _Atomic int64_t wall_ms, mono_ns;
};
void clock_manual_init(struct clock_manual *manual, int64_t wall_ms);
void clock_manual_advance(struct clock_manual *manual, int64_t ms);

/* RFC 3339 in UTC with milliseconds: "2026-01-02T03:04:05.678Z". Room: TIME_TEXT_BYTES. */
enum { TIME_TEXT_BYTES = 32 };
size_t time_format(int64_t wall_ms, char out[static TIME_TEXT_BYTES]);

/* Is it within the years 0001 to 9999, of which time_format() is exact? Others are clamped. */
bool time_is_writable(int64_t wall_ms);

/* The nearest from 1970 to 9999: what a foreign producer says may be anything. */
int64_t time_bounded(int64_t wall_ms);

/* RFC 3339 with any offset, or a bare date (midnight UTC). Years 0001 to 9999. */
bool time_parse(struct str text, int64_t *ret_wall_ms);

#endif
