/* Bump allocation over a chain of blocks that grow geometrically. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BLOCK_BYTES = 16 * 1024, LARGEST_BLOCK_BYTES = 1 << 20, KEEP_BYTES = 1 << 20 };

struct arena_block {
    struct arena_block *next;
    size_t size; /* a multiple of the alignment */
    _Alignas(ARENA_ALIGNMENT) char data[];
};

static size_t aligned(size_t size)
{
    return (size + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
}

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena){.limit_bytes = limit_bytes};
}

static void free_chain(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_deinit(struct arena *arena)
{
    if (!arena) return;
    free_chain(arena->first);
    *arena = (struct arena){.limit_bytes = arena->limit_bytes, .block_bytes = arena->block_bytes};
}

static size_t used_of_block(const struct arena *arena)
{
    return arena->current ? (size_t)(arena->at - arena->current->data) : 0;
}

size_t arena_used(const struct arena *arena) { return arena->used_before + used_of_block(arena); }

static void use_block(struct arena *arena, struct arena_block *block)
{
    arena->used_before += used_of_block(arena);
    arena->current = block;
    arena->at = block ? block->data : NULL;
    arena->end = block && !arena->limit_bytes ? block->data + block->size : arena->at;
}

void arena_reset(struct arena *arena)
{
    size_t kept = 0;
    struct arena_block **link = &arena->first;
    while (*link && kept + (*link)->size <= KEEP_BYTES) {
        kept += (*link)->size;
        link = &(*link)->next;
    }
    free_chain(*link);
    *link = NULL;
    arena->current = NULL;
    use_block(arena, arena->first);
    arena->used_before = 0;
}

static struct arena_block *add_block(struct arena *arena, size_t needed)
{
    size_t first = arena->block_bytes ? aligned(arena->block_bytes) : FIRST_BLOCK_BYTES;
    size_t size = arena->current ? arena->current->size * 2 : first;
    if (size > LARGEST_BLOCK_BYTES) size = LARGEST_BLOCK_BYTES;
    if (size < needed) size = needed;
    struct arena_block *block = malloc(sizeof *block + size);
    if (!block) return NULL;
    block->size = size;
    block->next = arena->current ? arena->current->next : NULL;
    if (arena->current) arena->current->next = block;
    else arena->first = block;
    return block;
}

void *arena_alloc_more(struct arena *arena, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 2) return NULL;
    size_t size = aligned(size_bytes);
    if (arena->limit_bytes && arena_used(arena) + size > arena->limit_bytes) return NULL;
    while (!arena->current || arena->current->size - used_of_block(arena) < size) {
        struct arena_block *next = arena->current ? arena->current->next : NULL;
        if (!next && !(next = add_block(arena, size))) return NULL;
        use_block(arena, next);
    }
    void *memory = arena->at;
    arena->at += size;
    if (arena->limit_bytes) arena->end = arena->at;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size_bytes)
{
    void *memory = arena_alloc(arena, size_bytes);
    return memory ? memset(memory, 0, size_bytes) : NULL;
}

void *arena_array(struct arena *arena, size_t count, size_t item_bytes)
{
    if (item_bytes && count > SIZE_MAX / 2 / item_bytes) return NULL;
    return arena_zalloc(arena, count * item_bytes);
}

struct str arena_copy(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.size + 1);
    if (!copy) return (struct str){0};
    if (s.size) memcpy(copy, s.data, s.size);
    copy[s.size] = '\0';
    return (struct str){copy, s.size};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
    if (text) vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text ? (struct str){text, (size_t)size} : (struct str){0};
}
