/* When the loop turns again: at once where there is work, when input comes, or by the clock. */
#include "runtime/internal.h"

enum { LOOK_MS = 1000, DRAIN_LOOK_MS = 20, READY_LOOK_MS = 50 };

static void on_busy(uv_idle_t *handle) { runtime_tick(handle->data); }

static void set_busy(struct runtime *runtime, bool wanted)
{
    if (wanted == runtime->busy_started) return;
    runtime->busy_started = wanted;
    if (wanted) uv_idle_start(&runtime->busy, on_busy);
    else uv_idle_stop(&runtime->busy);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct runtime *runtime = handle->data;
    (void)status, (void)events;
    runtime->input_empty = false;
    runtime_tick(runtime);
}

void wakeup_on_readable(struct runtime *runtime, bool wanted)
{
    if (wanted == runtime->readable_started) return;
    runtime->readable_started = wanted;
    if (wanted) uv_poll_start(&runtime->readable, UV_READABLE, on_readable);
    else uv_poll_stop(&runtime->readable);
}

static void on_timer(uv_timer_t *handle)
{
    struct runtime *runtime = handle->data;
    runtime->input_empty = false; /* look again, whatever the descriptor says */
    runtime_tick(runtime);
}

static int64_t earlier(int64_t due_ms, int64_t other_ms, int64_t now)
{
    return other_ms > now && other_ms < due_ms ? other_ms : due_ms;
}

/* The next time that something is due by the clock alone. */
static void arm_timer(struct runtime *runtime, int64_t now, int64_t retry_ms)
{
    int64_t due = now + (runtime->consumer ? LOOK_MS : 10 * LOOK_MS);
    if (!runtime->ready_ns) due = now + READY_LOOK_MS;
    if (runtime->phase == PHASE_DRAINING) due = now + DRAIN_LOOK_MS;
    if (retry_ms >= 0 && retry_ms < due) due = retry_ms;
    due = earlier(due, runtime->poll_again_ms, now);
    due = earlier(due, runtime->commit_again_ms, now);
    due = earlier(due, runtime->rest_until_ms, now);
    due = earlier(due, runtime->away_until_ms, now);
    if (runtime->owes) due = earlier(due, runtime->tell_ms, now);
    uv_timer_start(&runtime->timer, on_timer, due > now ? (uint64_t)(due - now) : 1, 0);
}

void wakeup_arrange(struct runtime *runtime, int64_t now, int64_t retry_ms)
{
    const struct flow *flow = &runtime->flow;
    bool may_poll = runtime->consumer && runtime->phase == PHASE_RUNNING &&
                    now >= runtime->poll_again_ms && now >= runtime->away_until_ms &&
                    flow_has_room(flow);
    bool work = runtime->consumer && (flow_has_fresh(flow) || (may_poll && !runtime->input_empty));
    set_busy(runtime, work);
    wakeup_on_readable(runtime, may_poll && !work);
    arm_timer(runtime, now, retry_ms);
}
