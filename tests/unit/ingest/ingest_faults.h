/* A clock and a bus that obey the test: the CMakeLists wraps clock_system() and bus_produce(), so
 * that a test can turn the one and fail the other. Every wait is for something that must happen,
 * and gives up after four minutes. */
#ifndef VERBATIM_TESTS_INGEST_FAULTS_H
#define VERBATIM_TESTS_INGEST_FAULTS_H

#include "test.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "bus/backend.h"

enum { RIG_WAIT_MS = 240000 };

/* --- the clock: the system's, moved on by the test -------------------------------------------- */

static atomic_int_fast64_t rig_ahead_ms;

const struct clock *__real_clock_system(void);
const struct clock *__wrap_clock_system(void);
static inline int64_t rig_wall_ms(void *self)
{
    (void)self;
    return clock_wall_ms(__real_clock_system()) + atomic_load(&rig_ahead_ms);
}
static inline int64_t rig_mono_ns(void *self)
{
    (void)self;
    return clock_mono_ns(__real_clock_system()) + atomic_load(&rig_ahead_ms) * 1000000;
}
const struct clock *__wrap_clock_system(void)
{
    static const struct clock clock = {rig_wall_ms, rig_mono_ns, NULL};
    return &clock;
}

#define RIG_AWAIT(condition)                                                                    \
    do {                                                                                        \
        int64_t until_ms = clock_mono_ms(__real_clock_system()) + RIG_WAIT_MS;                  \
        while (!(condition)) {                                                                  \
            if (clock_mono_ms(__real_clock_system()) >= until_ms)                               \
                fail_msg("never: %s", #condition);                                              \
            poll(NULL, 0, 1);                                                                   \
        }                                                                                       \
    } while (0)

/* --- the bus, failing on demand --------------------------------------------------------------- */

enum {
    PRODUCE_WELL, PRODUCE_BUSY, PRODUCE_REFUSED, PRODUCE_LOST /* reported later as not written */,
    PRODUCE_HELD, PRODUCE_LARGE, PRODUCE_UNHEARD /* written, but reported as not */
};
static atomic_int rig_produce, rig_produced_calls;
static atomic_int rig_tell, rig_told_calls; /* the same for messages to the ledger */

struct lost_call {
    bus_on_done *on_done;
    void *user;
    uv_async_t *unused;
};
/* PRODUCE_HELD: until rig_give_up_held(); the loop's thread only */
static struct lost_call rig_held;

int __real_bus_produce(struct bus_producer *producer, const struct bus_output *outputs,
                       size_t count, bus_on_done *on_done, void *user, struct err *err);
int __wrap_bus_produce(struct bus_producer *producer, const struct bus_output *outputs,
                       size_t count, bus_on_done *on_done, void *user, struct err *err);

static inline void rig_lose(void *user, const struct err *written)
{
    struct lost_call *call = user;
    struct err err;
    (void)written;
    err_set(&err, E_UNAVAILABLE, "no broker, says the test");
    call->on_done(call->user, &err);
    free(call);
}

int __wrap_bus_produce(struct bus_producer *producer, const struct bus_output *outputs,
                       size_t count, bus_on_done *on_done, void *user, struct err *err)
{
    bool told = count > 0 && outputs[0].topic == TOPIC_LEDGER;
    atomic_fetch_add(told ? &rig_told_calls : &rig_produced_calls, 1);
    int mode = atomic_load(told ? &rig_tell : &rig_produce);
    switch (mode) {
    case PRODUCE_BUSY: return err_set(err, E_BUSY, "full, says the test");
    case PRODUCE_REFUSED: return err_set(err, E_DISK_FULL, "no space, says the test");
    case PRODUCE_LARGE:
        return err_set(err, E_TOO_LARGE, "more than the broker takes, says the test");
    case PRODUCE_LOST:
    case PRODUCE_UNHEARD: {
        /* Goes the whole way with no record in it, so that the report comes as ever. */
        struct lost_call *call = calloc(1, sizeof *call);
        if (!call) abort();
        *call = (struct lost_call){.on_done = on_done, .user = user};
        return __real_bus_produce(producer, outputs, mode == PRODUCE_UNHEARD ? count : 0, rig_lose,
                                  call, err);
    }
    case PRODUCE_HELD: rig_held = (struct lost_call){.on_done = on_done, .user = user}; return E_OK;
    default: return __real_bus_produce(producer, outputs, count, on_done, user, err);
    }
}

static atomic_bool rig_gives_up; /* what is held: with the next look */
static inline void rig_give_up_held(void)
{
    struct err err;
    if (!rig_held.on_done || !atomic_exchange(&rig_gives_up, false)) return;
    err_set(&err, E_TIMEOUT, "not written, says the test");
    rig_held.on_done(rig_held.user, &err);
    rig_held = (struct lost_call){0};
}

#endif
