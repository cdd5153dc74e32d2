/* Hash tables that grow, with open addressing and linear probing. An item is found by a 64-bit
 * hash, which the caller makes (hash_fast() of what it has), and by the key that the item begins
 * with. */
#ifndef VERBATIM_BASE_HASH_TABLE_H
#define VERBATIM_BASE_HASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: empty. */
struct hash_table {
    uint64_t *hashes; /* 0: the place is free */
    char *items;      /* one beside each hash */
    size_t count, capacity;
};

/* What the items of a table look like. Without a key the hash alone decides; without items the
 * table is a set of hashes. */
struct hash_table_layout {
    size_t item_bytes;
    size_t key_bytes; /* at the start of an item; compared byte by byte, so without padding */
};

bool hash_table_has(const struct hash_table *table, struct hash_table_layout layout,
                    uint64_t hash, const void *key);
/* The item of the key; if there is none, a new one, zeroed behind its key. NULL without memory.
 * Valid until the next call. Of a set: only whether it is NULL counts. */
void *hash_table_get(struct hash_table *table, struct hash_table_layout layout, uint64_t hash,
                     const void *key);
/* The items one after the other, in no order: *at begins at 0. NULL: there are no more. */
void *hash_table_next(const struct hash_table *table, struct hash_table_layout layout,
                      size_t *at);
/* Moves all items to the front, for sorting: there are `count` of them. Only hash_table_deinit()
 * may be called after this. NULL if there are none. */
void *hash_table_pack(struct hash_table *table, struct hash_table_layout layout);
void hash_table_deinit(struct hash_table *table);

#endif
