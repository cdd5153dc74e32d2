/* Grows arrays. */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_FIRST = 16 };

bool array_grow(void *items, size_t *capacity, size_t count, size_t item_bytes)
{
    void *old, *grown;
    size_t wanted = *capacity ? *capacity : ITEMS_FIRST;
    while (wanted < count && wanted <= SIZE_MAX / 2) wanted *= 2;
    if (wanted < count || wanted > SIZE_MAX / item_bytes) return false;
    memcpy(&old, items, sizeof old); /* whatever they are, their pointer is one like any other */
    if (!(grown = realloc(old, wanted * item_bytes))) return false;
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}
