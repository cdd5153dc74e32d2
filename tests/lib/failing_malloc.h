/* Torture: fails the nth allocation, then the one after it, until none fails. Include it in one
 * test program, which links with FAILING_MALLOC (see tests/unit/schema/CMakeLists.txt), so that
 * only our own calls come here. */
#ifndef VERBATIM_FAILING_MALLOC_H
#define VERBATIM_FAILING_MALLOC_H

#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

/* Allocations until one fails; negative: none ever. Of the test's own thread: what others allocate
 * meanwhile would make the count another one each time. Where that is what is wanted, as the code
 * under test has threads of its own, FAILING_MALLOC_EVERYWHERE is defined before. */
#ifdef FAILING_MALLOC_EVERYWHERE
#include <stdatomic.h>
static atomic_long allocations_left = -1;
static atomic_bool allocation_failed;
#else
static _Thread_local long allocations_left = -1;
static _Thread_local bool allocation_failed;
#endif

static bool allocation_fails(void)
{
    if (allocations_left < 0) return false;
    if (allocations_left-- != 0) return false;
    allocation_failed = true;
    return true; /* once: what follows finds memory again, and must not paper over the failure */
}

void *__wrap_malloc(size_t size) { return allocation_fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(old, size);
}

/* Runs `step` with the first, second, ... allocation failing. Each such run must say E_NO_MEMORY
 * (71 on exit), the last one, in which nothing fails, E_OK. Returns how many runs failed. */
static inline unsigned torture(int (*step)(void *user), void *user)
{
    for (unsigned nth = 0;; nth++) {
        allocation_failed = false;
        allocations_left = (long)nth;
        int rc = step(user);
        allocations_left = -1;
        if (!allocation_failed) {
            assert_int_equal(rc, E_OK);
            return nth;
        }
        assert_int_equal(rc, E_NO_MEMORY);
    }
}

/* Small blocks hide most allocations: an arena takes 16 KiB at once. So a step that works in an
 * arena runs once for each distance from the end of a block: `step` begins with fill_arena()
 * on a fresh one. */
static size_t filled_bytes;

static inline bool fill_arena(struct arena *arena)
{
    return filled_bytes == 0 || arena_alloc(arena, filled_bytes) != NULL;
}

static inline unsigned torture_arena(int (*step)(void *user), void *user, size_t stride_bytes)
{
    unsigned failures = 0;
    for (filled_bytes = 0; filled_bytes <= 16384;
         filled_bytes = filled_bytes ? filled_bytes + stride_bytes : 8192)
        failures += torture(step, user);
    return failures;
}

#endif
