/* What lies where in a watched place, and sets of such names.
 *
 * PLACE/raw/… is watched with PLACE/receipts/ and PLACE/validation/ beside it when the URL ends in
 * "raw"; for any other URL the two are folders in it, which are passed over. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "workers/ingest/watch.h"

void watch_place(const char *url, char store_url[static 4096], struct str *ret_prefix)
{
    struct str place = str_of(url);
    while (place.size > 1 && place.data[place.size - 1] == '/' && !str_ends(place, STR("://")))
        place.size--;
    bool raw = str_equal(place, STR("raw")) || str_ends(place, STR("/raw"));
    if (raw) place.size -= 3;
    while (raw && place.size > 1 && place.data[place.size - 1] == '/') place.size--;
    if (place.size == 0) place = STR(".");
    snprintf(store_url, 4096, "%.*s", STR_ARGS(place));
    *ret_prefix = raw ? STR("raw/") : STR("");
}

bool watch_is_ours(struct str key)
{
    return str_starts(key, STR("receipts/")) || str_starts(key, STR("validation/"));
}

static bool ends_ignoring_case(struct str key, struct str suffix)
{
    return key.size > suffix.size &&
           str_equal_ignoring_case(str_slice(key, key.size - suffix.size, key.size), suffix);
}

bool watch_is_hidden(struct str key)
{
    struct str rest = key, segment = key;
    while (rest.size) segment = str_cut(&rest, '/');
    return segment.size && segment.data[0] == '.';
}

bool watch_is_candidate(struct str key)
{
    return ends_ignoring_case(key, STR(".csv")) || ends_ignoring_case(key, STR(".ndjson")) ||
           ends_ignoring_case(key, STR(".jsonl"));
}

struct str watch_name(struct arena *arena, const char *folder, struct str key, const char *id,
                      const char *suffix)
{
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_TEXT_BYTES];
    struct str name = arena_printf(arena, "%s/%.*s.%s%s", folder, STR_ARGS(key), id, suffix);
    if (!name.data || store_key_check(name, NULL) == E_OK) return name;
    hash_sha256(key, hash);
    hash_hex(hash, SHA256_BYTES, hex);
    return arena_printf(arena, "%s/other/%s.%s%s", folder, hex, id, suffix);
}

/* --- sets: open addressing over 64-bit hashes; two names with one hash are taken to be one ---- */

static uint64_t hash_of(struct str name)
{
    uint64_t hash = hash_fast(name, 0);
    return hash ? hash : 1; /* 0 is a free slot */
}

static size_t slot_of(const struct name_set *set, uint64_t hash)
{
    size_t at = hash & (set->capacity - 1);
    while (set->slots[at] && set->slots[at] != hash) at = (at + 1) & (set->capacity - 1);
    return at;
}

bool name_set_has(const struct name_set *set, struct str name)
{
    return set->capacity && set->slots[slot_of(set, hash_of(name))];
}

static bool grow(struct name_set *set)
{
    struct name_set grown = {.capacity = set->capacity ? set->capacity * 2 : 256,
                             .count = set->count};
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (!grown.slots) return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i]) grown.slots[slot_of(&grown, set->slots[i])] = set->slots[i];
    free(set->slots);
    *set = grown;
    return true;
}

bool name_set_add(struct name_set *set, struct str name)
{
    if (set->count * 4 >= set->capacity * 3 && !grow(set)) return false;
    uint64_t hash = hash_of(name);
    size_t at = slot_of(set, hash);
    set->count += !set->slots[at];
    set->slots[at] = hash;
    return true;
}

void name_set_clear(struct name_set *set)
{
    free(set->slots);
    *set = (struct name_set){0};
}
