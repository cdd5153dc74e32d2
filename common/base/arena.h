/* Memory that is given back all at once: one arena a batch, reset when its offsets are committed.
 * Blocks are kept over a reset, so a warm arena doesn't call malloc. Not thread-safe. */
#ifndef VERBATIM_BASE_ARENA_H
#define VERBATIM_BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

enum { ARENA_ALIGNMENT = 16 };

struct arena_block;

struct arena {
    /* What is left of the block at hand; with a limit nothing, so that it is asked. */
    char *at, *end;
    struct arena_block *first, *current;
    size_t used_before; /* handed out of the blocks before it since the last reset */
    size_t limit_bytes; /* 0: unlimited; beyond it allocations fail */
    size_t block_bytes; /* of the first block; 0: 16 KiB. The next ones are larger and larger */
};

void arena_init(struct arena *arena, size_t limit_bytes);
void arena_deinit(struct arena *arena); /* a zeroed arena is valid, and NULL is ignored */

/* Forgets everything; keeps up to 1 MiB of blocks for the next use. */
void arena_reset(struct arena *arena);

size_t arena_used(const struct arena *arena); /* handed out since the last reset */

/* For arena_alloc(), where the block at hand has no room or there is a limit. */
void *arena_alloc_more(struct arena *arena, size_t size_bytes);

/* 16-byte aligned, not cleared. NULL when memory or the limit is exhausted. */
static inline void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    /* 0 wraps around; what is left is a multiple of the alignment, so what fits still does when it
     * is rounded up */
    if (size_bytes - 1 >= (size_t)(arena->end - arena->at))
        return arena_alloc_more(arena, size_bytes);
    void *memory = arena->at;
    arena->at += (size_bytes + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
    return memory;
}
void *arena_zalloc(struct arena *arena, size_t size_bytes);
#define ARENA_NEW(arena, type) ((type *)arena_zalloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))
/* cleared; overflow: NULL */
void *arena_array(struct arena *arena, size_t count, size_t item_bytes);

/* Copies; the result has a NUL behind its last byte. data == NULL when memory is exhausted. */
struct str arena_copy(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
