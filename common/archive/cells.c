/* Cells in a hash table, and sorted. */
#include "archive/cells.h"

#include <stdlib.h>

static const struct hash_table_layout layout = {
    .item_bytes = sizeof(struct cell),
    .key_bytes = offsetof(struct cell, window) + sizeof(int64_t)};

struct cell *cells_get(struct hash_table *cells, enum topic topic, uint32_t partition,
                       int64_t window)
{
    const struct cell wanted = {.topic = topic, .partition = partition, .window = window};
    uint64_t hash = hash_fast(str_make(&wanted, layout.key_bytes), 0);
    return hash_table_get(cells, layout, hash, &wanted);
}

static int compare(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;
    if (a->window != b->window) return a->window < b->window ? -1 : 1;
    if (a->topic != b->topic) return a->topic < b->topic ? -1 : 1;
    return a->partition < b->partition ? -1 : a->partition > b->partition;
}

struct cell *cells_sort(struct hash_table *cells)
{
    struct cell *items = hash_table_pack(cells, layout);
    if (items) qsort(items, cells->count, sizeof *items, compare);
    return items;
}
