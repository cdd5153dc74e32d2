/* An open-addressed table. */
#include "archive/cells.h"

#include <stdlib.h>

void cells_deinit(struct cells *cells)
{
    free(cells->items);
    *cells = (struct cells){0};
}

static size_t place_of(const struct cells *cells, enum topic topic, uint32_t partition,
                       int64_t window)
{
    const uint64_t key[] = {(uint64_t)topic << 32 | partition, (uint64_t)window};
    size_t at = (size_t)hash_fast(str_make(key, sizeof key), 0) & (cells->capacity - 1);
    for (;; at = (at + 1) & (cells->capacity - 1)) {
        const struct cell *cell = &cells->items[at];
        if (!cell->used) return at;
        if (cell->topic == topic && cell->partition == partition && cell->window == window)
            return at;
    }
}

static bool grow(struct cells *cells)
{
    struct cells grown = {.capacity = cells->capacity ? cells->capacity * 2 : 256,
                          .count = cells->count};
    grown.items = calloc(grown.capacity, sizeof *grown.items);
    if (!grown.items) return false;
    for (size_t i = 0; i < cells->capacity; i++) {
        const struct cell *cell = &cells->items[i];
        if (cell->used)
            grown.items[place_of(&grown, cell->topic, cell->partition, cell->window)] = *cell;
    }
    free(cells->items);
    *cells = grown;
    return true;
}

struct cell *cells_get(struct cells *cells, enum topic topic, uint32_t partition, int64_t window)
{
    if (cells->count * 2 >= cells->capacity && !grow(cells)) return NULL;
    struct cell *cell = &cells->items[place_of(cells, topic, partition, window)];
    if (!cell->used) {
        *cell = (struct cell){
            .topic = topic, .partition = partition, .window = window, .used = true};
        cells->count++;
    }
    return cell;
}

static int compare(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;
    if (a->used != b->used) return a->used ? -1 : 1;
    if (a->window != b->window) return a->window < b->window ? -1 : 1;
    if (a->topic != b->topic) return a->topic < b->topic ? -1 : 1;
    return a->partition < b->partition ? -1 : a->partition > b->partition;
}

void cells_sort(struct cells *cells)
{
    if (cells->count) qsort(cells->items, cells->capacity, sizeof *cells->items, compare);
    cells->capacity = cells->count; /* no room is left */
}
