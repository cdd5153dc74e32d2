/* API keys: kept as SHA-256, compared in constant time, each with a tenant and scopes.
 *
 * A key is NAME.SECRET, sent as "Authorization: Bearer NAME.SECRET" or "X-API-Key: NAME.SECRET".
 * Secrets are made by machines with 128 bits or more, so a plain hash is enough: there is nothing
 * to guess. */
#include <stdlib.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/list_file.h"
#include "config/shipped.h"
#include "workers/ingest/state.h"

enum { KEYS_MAX = 10000, KEYS_FILE_BYTES = 4 << 20 };

struct key {
    struct str name, tenant;
    uint8_t hash[SHA256_BYTES];
    bool may_write, may_read;
};

struct keyring {
    struct buffer file; /* names and tenants are views of it */
    struct key *keys;
    size_t count;
};

static bool parse_scopes(struct str text, struct key *key)
{
    while (text.size) {
        struct str scope = str_trim(str_cut(&text, ','));
        if (str_equal(scope, STR("write")))
            key->may_write = true;
        else if (str_equal(scope, STR("read")))
            key->may_read = true;
        else
            return false;
    }
    return key->may_write || key->may_read;
}

static int parse_line(const struct list_file *file, struct str line, struct key *key,
                      struct err *err)
{
    key->name = str_cut(&line, ':');
    struct str hash = str_cut(&line, ':');
    key->tenant = str_cut(&line, ':');
    if (key->name.size == 0 || !intake_tenant_is_valid(key->tenant) ||
        !ascii_read_hex(str_trim(hash), key->hash, sizeof key->hash))
        return list_file_bad(file, err, "expected NAME:SHA-256 in hex:TENANT:SCOPES");
    if (memchr(key->name.data, '.', key->name.size))
        return list_file_bad(file, err, "a key's name has no dot: it ends at the first one");
    if (!parse_scopes(line, key))
        return list_file_bad(file, err, "scopes are write, read, or both with a comma");
    return E_OK;
}

static int parse(struct keyring *keys, const char *path, struct err *err)
{
    struct list_file file = {.path = path, .rest = buffer_str(&keys->file)};
    struct str line;
    while (list_file_next(&file, &line)) {
        if (keys->count == KEYS_MAX)
            return err_set(err, E_BAD_CONFIG, "%s: more than %d keys", path, KEYS_MAX);
        struct key *grown = realloc(keys->keys, (keys->count + 1) * sizeof *grown);
        if (!grown) return err_set(err, E_NO_MEMORY, NULL);
        keys->keys = grown;
        keys->keys[keys->count] = (struct key){0};
        int rc = parse_line(&file, line, &keys->keys[keys->count], err);
        if (rc) return rc;
        keys->count++;
    }
    return keys->count ? E_OK : err_set(err, E_BAD_CONFIG, "%s holds no key", path);
}

int keyring_open(const char *path, struct keyring **ret_keys, struct err *err)
{
    struct keyring *keys = calloc(1, sizeof *keys);
    if (!keys) return err_set(err, E_NO_MEMORY, NULL);
    int rc = buffer_read_text(&keys->file, path, KEYS_FILE_BYTES, err);
    rc = shipped_named("ingest.keys", rc, err);
    if (rc == E_OK) rc = parse(keys, path, err);
    if (rc)
        keyring_close(keys);
    else
        *ret_keys = keys;
    return rc;
}

void keyring_close(struct keyring *keys)
{
    if (!keys) return;
    buffer_deinit(&keys->file);
    free(keys->keys);
    free(keys);
}

/* EventSource can't send headers, so a stream may carry its key as ?key=; we never log targets. */
static struct str sent_key(const struct http_request *request, char *room, size_t room_bytes)
{
    struct str header = http_header(request, STR("authorization")),
               key = http_header(request, STR("x-api-key"));
    if (header.size > 7 && str_equal_ignoring_case(str_slice(header, 0, 7), STR("bearer ")))
        return str_trim(str_slice(header, 7, header.size));
    if (key.data) return str_trim(key);
    if (request->method == HTTP_METHOD_GET &&
        http_query_get(request->query, STR("key"), room, room_bytes, &key) == HTTP_QUERY_FOUND)
        return key;
    return (struct str){0};
}

int keyring_check(const struct keyring *keys, const struct http_request *request, bool writes,
                  struct caller *ret_caller)
{
    char room[512];
    uint8_t hash[SHA256_BYTES];
    if (!keys) return *ret_caller = (struct caller){.may_write = true, .may_read = true}, 0;
    struct str secret = sent_key(request, room, sizeof room), name = str_cut(&secret, '.');
    hash_sha256(secret, hash);
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->keys[i];
        if (!str_equal(key->name, name)) continue;
        if (!hash_equal_constant_time(str_make(key->hash, SHA256_BYTES),
                                      str_make(hash, SHA256_BYTES)))
            continue;
        *ret_caller = (struct caller){
            .tenant = key->tenant, .may_write = key->may_write, .may_read = key->may_read};
        return (writes ? key->may_write : key->may_read) ? 0 : 403;
    }
    return 401;
}
