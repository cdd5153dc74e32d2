/* Calls that block, each on a stack of its own: the committer's thread and logsink's crew, in one
 * thread. A fiber of a process that stands still is frozen; that of a dead one is run to its end,
 * and finds that nothing it does has an effect. */
#include <assert.h>
#include <ucontext.h>

#include "tests/sim/sim.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

enum { STACK_BYTES = 256 * 1024, SPARE_MAX = 64 };

struct fiber {
    struct fiber *next;
    struct process *process;
    void (*run)(void *user);
    void *user;
    char *stack;
    ucontext_t context;
    struct event *wake;
    bool done, frozen, urgent;
};

static struct fiber *running;
static ucontext_t scheduler;
static char *spare[SPARE_MAX];
static int spare_count;

/* --- stacks ---------------------------------------------------------------------------------- */

static char *take_stack(void)
{
    if (spare_count) return spare[--spare_count];
    char *stack = malloc(STACK_BYTES);
    if (!stack) abort();
    return stack;
}

static void give_stack(char *stack)
{
    if (spare_count < SPARE_MAX)
        spare[spare_count++] = stack;
    else
        free(stack);
}

void fibers_release_stacks(void)
{
    while (spare_count) free(spare[--spare_count]);
}

/* --- switching ------------------------------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
static void *fake_stack;
static const void *scheduler_stack;
static size_t scheduler_stack_bytes;

static void before_switch(void **save, const void *stack, size_t bytes)
{
    __sanitizer_start_switch_fiber(save, stack, bytes);
}
static void after_switch(void *saved, bool into_fiber)
{
    __sanitizer_finish_switch_fiber(saved, into_fiber ? &scheduler_stack : NULL,
                                    into_fiber ? &scheduler_stack_bytes : NULL);
}
#else
static void *fake_stack;
static const void *scheduler_stack;
static size_t scheduler_stack_bytes;
static void before_switch(void **save, const void *stack, size_t bytes)
{
    (void)save, (void)stack, (void)bytes;
}
static void after_switch(void *saved, bool into_fiber) { (void)saved, (void)into_fiber; }
#endif

static void leave(struct fiber *fiber)
{
    void *own = NULL;
    before_switch(fiber->done ? NULL : &own, scheduler_stack, scheduler_stack_bytes);
    swapcontext(&fiber->context, &scheduler);
    after_switch(own, true);
}

static void enter_main(void)
{
    after_switch(NULL, true);
    struct fiber *fiber = running;
    fiber->run(fiber->user);
    fiber->done = true;
    leave(fiber);
    abort(); /* never resumed */
}

static void resume(struct fiber *fiber)
{
    struct process *before = sim.current;
    assert(!running && !fiber->done);
    process_enter(fiber->process);
    running = fiber;
    before_switch(&fake_stack, fiber->stack, STACK_BYTES);
    swapcontext(&scheduler, &fiber->context);
    after_switch(fake_stack, false);
    running = NULL;
    if (fiber->done) {
        give_stack(fiber->stack);
        fiber->stack = NULL;
    }
    process_enter(before);
}

static void on_wake(void *user)
{
    struct fiber *fiber = user;
    fiber->wake = NULL;
    if (fiber->process->life == LIFE_STOPPED)
        fiber->frozen = true;
    else
        resume(fiber);
}

/* --- for others ------------------------------------------------------------------------------ */

struct fiber *fiber_start(void (*run)(void *user), void *user)
{
    struct fiber *fiber = calloc(1, sizeof *fiber);
    if (!fiber) abort();
    fiber->process = sim.current;
    fiber->run = run;
    fiber->user = user;
    fiber->stack = take_stack();
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&fiber->context, enter_main, 0);
    fiber->wake = sim_after((int64_t)random_below(&sim.order, 1000000), on_wake, fiber);
    fiber->next = sim.current->fibers;
    return sim.current->fibers = fiber;
}

bool fiber_running(void) { return running; }

bool fiber_done(const struct fiber *fiber) { return fiber->done; }

void fiber_sleep(int64_t ns)
{
    struct fiber *fiber = running;
    assert(fiber);
    if (fiber->urgent || fiber->process->life == LIFE_DEAD) return;
    fiber->wake = sim_after(ns, on_wake, fiber);
    leave(fiber);
}

void fiber_finish(struct fiber *fiber)
{
    fiber->urgent = true;
    event_cancel(fiber->wake);
    fiber->wake = NULL;
    while (!fiber->done) resume(fiber);
}

void fiber_free(struct fiber *fiber)
{
    if (!fiber) return;
    assert(fiber->done);
    struct fiber **link = &fiber->process->fibers;
    while (*link != fiber) link = &(*link)->next;
    *link = fiber->next;
    free(fiber);
}

void fibers_thaw(struct process *process)
{
    for (struct fiber *fiber = process->fibers; fiber; fiber = fiber->next) {
        if (!fiber->frozen) continue;
        fiber->frozen = false;
        fiber->wake = sim_after(0, on_wake, fiber);
    }
}
