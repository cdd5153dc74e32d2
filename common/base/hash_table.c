/* Hash tables that grow. */
#include "base/hash_table.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_FIRST = 64 }; /* a power of two, as all capacities are */

static char *item_at(const struct hash_table *table, struct hash_table_layout layout, size_t place)
{
    return layout.item_bytes ? table->items + place * layout.item_bytes
                             : (char *)&table->hashes[place];
}

/* Where it is, or the free place where it would be. */
static size_t place_of(const struct hash_table *table, struct hash_table_layout layout,
                       uint64_t hash, const void *key)
{
    size_t mask = table->capacity - 1, place = (size_t)hash & mask;
    for (; table->hashes[place]; place = (place + 1) & mask)
        if (table->hashes[place] == hash &&
            (!layout.key_bytes ||
             memcmp(item_at(table, layout, place), key, layout.key_bytes) == 0))
            break;
    return place;
}

static bool grow(struct hash_table *table, struct hash_table_layout layout)
{
    struct hash_table grown = {.capacity = table->capacity ? table->capacity * 2 : PLACES_FIRST,
                          .count = table->count};
    grown.hashes = calloc(grown.capacity, sizeof *grown.hashes);
    grown.items = layout.item_bytes ? calloc(grown.capacity, layout.item_bytes) : NULL;
    if (!grown.hashes || (layout.item_bytes && !grown.items)) {
        hash_table_deinit(&grown);
        return false;
    }
    for (size_t at = 0; at < table->capacity; at++) {
        if (!table->hashes[at]) continue;
        const char *item = item_at(table, layout, at);
        size_t place = place_of(&grown, layout, table->hashes[at], item);
        grown.hashes[place] = table->hashes[at];
        if (layout.item_bytes) memcpy(item_at(&grown, layout, place), item, layout.item_bytes);
    }
    hash_table_deinit(table);
    *table = grown;
    return true;
}

static uint64_t not_free(uint64_t hash) { return hash ? hash : 1; }

bool hash_table_has(const struct hash_table *table, struct hash_table_layout layout,
                    uint64_t hash, const void *key)
{
    return table->capacity && table->hashes[place_of(table, layout, not_free(hash), key)];
}

void *hash_table_get(struct hash_table *table, struct hash_table_layout layout, uint64_t hash,
                     const void *key)
{
    if (table->count * 4 >= table->capacity * 3 && !grow(table, layout)) return NULL;
    size_t place = place_of(table, layout, not_free(hash), key);
    char *item = item_at(table, layout, place);
    if (table->hashes[place]) return item;
    table->hashes[place] = not_free(hash);
    table->count++;
    if (layout.key_bytes) memcpy(item, key, layout.key_bytes); /* the rest is zeroed already */
    return item;
}

void *hash_table_next(const struct hash_table *table, struct hash_table_layout layout, size_t *at)
{
    while (*at < table->capacity && !table->hashes[*at]) (*at)++;
    return *at < table->capacity ? item_at(table, layout, (*at)++) : NULL;
}

void *hash_table_pack(struct hash_table *table, struct hash_table_layout layout)
{
    size_t at = 0;
    char *to = table->items, *item;
    for (; (item = hash_table_next(table, layout, &at)); to += layout.item_bytes)
        memmove(to, item, layout.item_bytes);
    return table->count ? table->items : NULL;
}

void hash_table_deinit(struct hash_table *table)
{
    free(table->hashes);
    free(table->items);
    *table = (struct hash_table){0};
}
