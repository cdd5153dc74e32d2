/* Two buckets, a window, and a time before which nothing leaves. */
#include "workers/genai/pace.h"

#include <assert.h>

enum { MINUTE_MS = 60000, BURSTS_A_MINUTE = 10 };

/* --- buckets --------------------------------------------------------------------------------- */

static void bucket_init(struct bucket *bucket, uint32_t a_minute, int64_t now_ms)
{
    double most = (double)a_minute / BURSTS_A_MINUTE;
    *bucket = (struct bucket){
        .most = most > 1 ? most : 1, .a_ms = (double)a_minute / MINUTE_MS, .filled_ms = now_ms};
    bucket->level = bucket->most;
}

static void bucket_fill(struct bucket *bucket, int64_t now_ms)
{
    if (now_ms <= bucket->filled_ms) return;
    bucket->level += (double)(now_ms - bucket->filled_ms) * bucket->a_ms;
    if (bucket->level > bucket->most) bucket->level = bucket->most;
    bucket->filled_ms = now_ms;
}

/* Milliseconds until there is as much, or until it is full. */
static int64_t bucket_wait_ms(struct bucket *bucket, double amount, int64_t now_ms)
{
    if (bucket->a_ms <= 0) return 0;
    bucket_fill(bucket, now_ms);
    double lacking = (amount < bucket->most ? amount : bucket->most) - bucket->level;
    return lacking <= 1e-6 ? 0 : 1 + (int64_t)(lacking / bucket->a_ms);
}

static void bucket_take(struct bucket *bucket, double amount)
{
    if (bucket->a_ms > 0) bucket->level -= amount;
}

static void bucket_give_back(struct bucket *bucket, double amount)
{
    if (bucket->a_ms <= 0) return;
    bucket->level += amount;
    if (bucket->level > bucket->most) bucket->level = bucket->most;
}

/* --- all of it ------------------------------------------------------------------------------- */

void pace_init(struct pace *pace, const struct pace_limits *limits, int64_t now_ms)
{
    uint32_t start = limits->calls < PACE_CALLS_AT_START ? limits->calls : PACE_CALLS_AT_START;
    *pace = (struct pace){.limits = *limits,
                          .window = start ? start : 1,
                          .starting = true,
                          .hold_until_ms = INT64_MIN,
                          .cut_ms = INT64_MIN};
    bucket_init(&pace->requests, limits->requests_a_minute, now_ms);
    bucket_init(&pace->tokens, limits->tokens_a_minute, now_ms);
}

enum pace_verdict pace_look(struct pace *pace, uint32_t tokens, int64_t now_ms,
                            int64_t *ret_again_ms)
{
    if ((double)pace->in_flight + 1 > pace->window + 1e-9 && pace->in_flight > 0) return PACE_FULL;
    int64_t wait = bucket_wait_ms(&pace->requests, 1, now_ms),
            other = bucket_wait_ms(&pace->tokens, tokens, now_ms);
    int64_t hold = pace->hold_until_ms > now_ms ? pace->hold_until_ms - now_ms : 0;
    if (other > wait) wait = other;
    if (hold > wait) wait = hold;
    if (wait == 0) return PACE_GO;
    *ret_again_ms = now_ms + wait;
    return PACE_LATER;
}

void pace_leave(struct pace *pace, uint32_t tokens)
{
    bucket_take(&pace->requests, 1);
    bucket_take(&pace->tokens, tokens);
    pace->in_flight++;
}

void pace_settle(struct pace *pace, uint32_t reserved, uint32_t used)
{
    assert(pace->in_flight > 0);
    pace->in_flight--;
    bucket_give_back(&pace->tokens,
                     (double)reserved - (double)used); /* less than nothing: took more */
}

void pace_answered(struct pace *pace)
{
    pace->window += pace->starting ? 1 : 1 / pace->window;
    if (pace->window > pace->limits.calls) pace->window = pace->limits.calls;
}

void pace_overloaded(struct pace *pace, int64_t left_ms, int64_t now_ms)
{
    pace->starting = false;
    if (left_ms < pace->cut_ms)
        return; /* it left before the last cut: that is what the cut was for */
    pace->cut_ms = now_ms;
    pace->window = pace->window / 2 > 1 ? pace->window / 2 : 1;
}

void pace_restart(struct pace *pace, int64_t now_ms)
{
    pace->starting = false;
    pace->cut_ms = now_ms;
    pace->window = 1;
}

void pace_hold(struct pace *pace, int64_t until_ms)
{
    if (until_ms > pace->hold_until_ms) pace->hold_until_ms = until_ms;
}
