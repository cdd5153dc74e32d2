/* What lies where in a watched place, and sets of such names.
 *
 * PLACE/raw/… is watched with PLACE/receipts/ and PLACE/validation/ beside it when the URL ends in
 * "raw"; for any other URL the two are folders in it, which are passed over. */
#include <stdio.h>

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

/* --- sets ------------------------------------------------------------------------------------- */

static const struct hash_table_layout hashes = {0};

bool name_set_has(const struct hash_table *set, struct str name)
{
    return hash_table_has(set, hashes, hash_fast(name, 0), NULL);
}

bool name_set_add(struct hash_table *set, struct str name)
{
    return hash_table_get(set, hashes, hash_fast(name, 0), NULL) != NULL;
}
