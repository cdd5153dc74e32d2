/* libuv under virtual time: the few functions that the workers call, with one loop a process.
 *
 * These are linked in place of the library's. A loop calls one callback a turn, drawn among those
 * that are due, so that nothing can rest on an order that libuv doesn't promise. */
#include <assert.h>

#include "tests/sim/sim.h"

enum { FDS_MAX = 4096, FD_FIRST = 100 };

struct handle {
    struct handle *next;
    uv_handle_t *uv; /* NULL: work, which is no handle */
    uv_work_t *work;
    struct fiber *fiber; /* of the work */
    struct sim_loop *loop;
    bool active; /* a timer or an idle handle that was started, a descriptor that is watched */
    bool sent;   /* an async handle */
    bool closing;
    int fd;
    int64_t due_ns;
    uint64_t repeat_ms;
    uv_close_cb on_closed;
    union {
        uv_async_cb async;
        uv_timer_cb timer;
        uv_idle_cb idle;
        uv_poll_cb poll;
        uv_after_work_cb after;
    } call;
};

struct sim_loop {
    struct process *process;
    struct handle *handles;
    bool stopped;
    bool looked;    /* due_ns is known */
    int64_t due_ns; /* when a callback is due next */
};

static struct {
    bool taken, raised;
    struct sim_loop *loop; /* that watches it; NULL: none yet */
} fds[FDS_MAX];

/* --- descriptors ----------------------------------------------------------------------------- */

int fd_open(void)
{
    for (int i = 0; i < FDS_MAX; i++) {
        if (fds[i].taken) continue;
        fds[i].taken = true;
        fds[i].raised = false;
        fds[i].loop = NULL;
        return FD_FIRST + i;
    }
    abort();
}

void fd_close(int fd) { fds[fd - FD_FIRST].taken = false; }

void fd_raise(int fd)
{
    fds[fd - FD_FIRST].raised = true;
    if (fds[fd - FD_FIRST].loop) fds[fd - FD_FIRST].loop->looked = false;
}

void fd_lower(int fd)
{
    fds[fd - FD_FIRST].raised = false;
    if (fds[fd - FD_FIRST].loop) fds[fd - FD_FIRST].loop->looked = false;
}

/* --- loops ----------------------------------------------------------------------------------- */

static struct sim_loop *loop_of(const uv_loop_t *loop) { return loop->data; }

int uv_loop_init(uv_loop_t *uv)
{
    struct sim_loop *loop = calloc(1, sizeof *loop);
    if (!loop) abort();
    *uv = (uv_loop_t){.data = loop};
    loop->process = sim.current;
    sim.current->loop = loop;
    return 0;
}

int uv_loop_close(uv_loop_t *uv)
{
    struct sim_loop *loop = loop_of(uv);
    if (loop->handles) broken("a loop is closed that has open handles");
    loop->process->loop = NULL;
    free(loop);
    return 0;
}

void uv_stop(uv_loop_t *uv) { loop_of(uv)->stopped = true; }

void uv_walk(uv_loop_t *uv, uv_walk_cb call, void *user)
{
    for (struct handle *handle = loop_of(uv)->handles, *next; handle; handle = next) {
        next = handle->next;
        if (handle->uv) call(handle->uv, user);
    }
}

static bool close_one(struct sim_loop *loop)
{
    for (struct handle **link = &loop->handles; *link; link = &(*link)->next) {
        struct handle *handle = *link;
        if (!handle->closing) continue;
        *link = handle->next;
        uv_handle_t *uv = handle->uv;
        uv_close_cb on_closed = handle->on_closed;
        free(handle);
        if (on_closed) on_closed(uv);
        return true;
    }
    return false;
}

/* Calls back for work that is done; `now`: that must be done now. */
static bool end_work(struct sim_loop *loop, bool now)
{
    for (struct handle **link = &loop->handles; *link; link = &(*link)->next) {
        struct handle *handle = *link;
        if (handle->uv || (!now && !fiber_done(handle->fiber))) continue;
        if (!fiber_done(handle->fiber)) fiber_finish(handle->fiber);
        *link = handle->next;
        uv_work_t *work = handle->work;
        uv_after_work_cb after = handle->call.after;
        fiber_free(handle->fiber);
        free(handle);
        after(work, 0);
        return true;
    }
    return false;
}

/* Our turns are sim_turn()'s. What runs a loop by itself only waits for handles to close. */
int uv_run(uv_loop_t *uv, uv_run_mode mode)
{
    (void)mode;
    while (end_work(loop_of(uv), true) || close_one(loop_of(uv))) continue;
    loop_of(uv)->looked = false;
    return 0;
}

/* --- handles --------------------------------------------------------------------------------- */

/* For who changes it: the loop looks again. */
static struct handle *handle_of(const void *uv)
{
    struct handle *handle = ((const uv_handle_t *)uv)->u.reserved[3];
    handle->loop->looked = false;
    return handle;
}

static struct handle *add(uv_loop_t *loop, void *uv)
{
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle) abort();
    uv_handle_t *base = uv;
    base->loop = loop;
    base->u.reserved[3] = handle;
    handle->uv = base;
    handle->loop = loop_of(loop);
    handle->loop->looked = false;
    handle->next = handle->loop->handles;
    return handle->loop->handles = handle;
}

void uv_close(uv_handle_t *uv, uv_close_cb on_closed)
{
    struct handle *handle = handle_of(uv);
    assert(!handle->closing);
    handle->closing = true;
    handle->active = handle->sent = false;
    handle->on_closed = on_closed;
}

int uv_is_closing(const uv_handle_t *uv) { return handle_of(uv)->closing; }

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb call)
{
    add(loop, async)->call.async = call;
    async->type = UV_ASYNC;
    return 0;
}

int uv_async_send(uv_async_t *async)
{
    struct handle *handle = handle_of(async);
    if (!handle->closing) handle->sent = true;
    return 0;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
    add(loop, timer);
    timer->type = UV_TIMER;
    return 0;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb call, uint64_t after_ms, uint64_t repeat_ms)
{
    struct handle *handle = handle_of(timer);
    assert(!handle->closing);
    handle->active = true;
    handle->call.timer = call;
    handle->due_ns = sim.now_ns + (int64_t)after_ms * MS;
    handle->repeat_ms = repeat_ms;
    return 0;
}

int uv_timer_stop(uv_timer_t *timer)
{
    handle_of(timer)->active = false;
    return 0;
}

int uv_idle_init(uv_loop_t *loop, uv_idle_t *idle)
{
    add(loop, idle);
    idle->type = UV_IDLE;
    return 0;
}

int uv_idle_start(uv_idle_t *idle, uv_idle_cb call)
{
    handle_of(idle)->active = true;
    handle_of(idle)->call.idle = call;
    return 0;
}

int uv_idle_stop(uv_idle_t *idle)
{
    handle_of(idle)->active = false;
    return 0;
}

int uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    add(loop, poll)->fd = fd;
    poll->type = UV_POLL;
    return 0;
}

int uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb call)
{
    (void)events;
    struct handle *handle = handle_of(poll);
    handle->active = true;
    handle->call.poll = call;
    fds[handle->fd - FD_FIRST].loop = handle->loop;
    return 0;
}

int uv_poll_stop(uv_poll_t *poll)
{
    handle_of(poll)->active = false;
    return 0;
}

/* --- work on another thread: a fiber ---------------------------------------------------------- */

static void work(void *user)
{
    struct handle *handle = user;
    handle->work->work_cb(handle->work);
    handle->loop->looked = false;
}

int uv_queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb call, uv_after_work_cb after)
{
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle) abort();
    request->loop = loop;
    request->work_cb = call;
    *handle = (struct handle){.work = request, .loop = loop_of(loop), .call.after = after,
                              .next = loop_of(loop)->handles};
    handle->loop->handles = handle;
    handle->fiber = fiber_start(work, handle);
    return 0;
}

/* --- turns ----------------------------------------------------------------------------------- */

/* Its time; 0: now. */
static int64_t handle_due_ns(const struct handle *handle)
{
    if (!handle->uv) return fiber_done(handle->fiber) ? 0 : INT64_MAX;
    if (handle->closing) return 0;
    switch (handle->uv->type) {
    case UV_ASYNC: return handle->sent ? 0 : INT64_MAX;
    case UV_TIMER: return handle->active ? handle->due_ns : INT64_MAX;
    case UV_IDLE: return handle->active ? 0 : INT64_MAX;
    case UV_POLL:
        return handle->active && fds[handle->fd - FD_FIRST].raised ? 0 : INT64_MAX;
    default: return INT64_MAX;
    }
}

int64_t loop_due_ns(struct sim_loop *loop)
{
    if (loop->looked) return loop->due_ns;
    loop->looked = true;
    loop->due_ns = INT64_MAX;
    for (const struct handle *handle = loop->handles; handle; handle = handle->next) {
        int64_t due_ns = handle_due_ns(handle);
        if (due_ns < loop->due_ns) loop->due_ns = due_ns;
    }
    return loop->due_ns;
}

static void fire_timer(struct handle *handle)
{
    handle->active = handle->repeat_ms > 0;
    if (handle->active) handle->due_ns = sim.now_ns + (int64_t)handle->repeat_ms * MS;
    handle->call.timer((uv_timer_t *)handle->uv);
}

static void fire(struct handle *handle)
{
    switch (handle->uv->type) {
    case UV_ASYNC:
        handle->sent = false;
        handle->call.async((uv_async_t *)handle->uv);
        break;
    case UV_TIMER: fire_timer(handle); break;
    case UV_IDLE: handle->call.idle((uv_idle_t *)handle->uv); break;
    case UV_POLL: handle->call.poll((uv_poll_t *)handle->uv, 0, UV_READABLE); break;
    default: break;
    }
}

void loop_turn(struct sim_loop *loop)
{
    struct handle *chosen = NULL;
    uint32_t count = 0;
    loop->looked = false;
    if (end_work(loop, false) || close_one(loop)) return;
    for (struct handle *handle = loop->handles; handle; handle = handle->next)
        if (handle_due_ns(handle) <= sim.now_ns && random_below(&sim.order, ++count) == 0)
            chosen = handle;
    if (chosen) fire(chosen);
}
