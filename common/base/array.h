/* Arrays that grow. */
#ifndef VERBATIM_BASE_ARRAY_H
#define VERBATIM_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* array_fits() where there is no room. */
bool array_grow(void *items, size_t *capacity, size_t count, size_t item_bytes);

/* Sees to room for `count` items: `items` is where the pointer to them is kept (NULL at first; the
 * owner frees it), *capacity for how many there is room. Grown by doubling, the new part isn't
 * cleared. False without memory: then nothing has changed.
 *
 *     if (!array_fits(&list->items, &list->capacity, list->count + 1, sizeof *list->items)) … */
static inline bool array_fits(void *items, size_t *capacity, size_t count, size_t item_bytes)
{
    return count <= *capacity || array_grow(items, capacity, count, item_bytes);
}

#endif
