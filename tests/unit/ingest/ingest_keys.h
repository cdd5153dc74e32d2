/* A door with API keys: of two tenants and of none, for reading, writing and both. */
#ifndef VERBATIM_TESTS_INGEST_KEYS_H
#define VERBATIM_TESTS_INGEST_KEYS_H

#include "base/hash.h"
#include "ingest_rig.h"

/* Into the rig's folder; the setting that names the file. */
static inline void rig_write_keys(char setting[static 128])
{
    static const struct {
        const char *name, *secret, *rest;
    } keys[] = {{"writer", "sw", "acme:write"},
                {"reader", "sr", "acme:read"},
                {"both", "sb", ":write,read"},
                {"other", "so", "globex:write,read"},
                {"both", "next", ":write,read"} /* two secrets while a key is exchanged */};
    char path[96];
    snprintf(path, sizeof path, "%s/keys", own_folder);
    snprintf(setting, 128, "ingest.keys=%s", path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("# NAME:SHA-256:TENANT:SCOPES\n\n", file);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        uint8_t hash[SHA256_BYTES];
        char hex[SHA256_TEXT_BYTES];
        hash_sha256(str_of(keys[i].secret), hash);
        hash_hex(hash, SHA256_BYTES, hex);
        fprintf(file, "%s:%s:%s\n", keys[i].name, hex, keys[i].rest);
    }
    fclose(file);
}

static inline void rig_start_with_keys(struct rig *rig)
{
    char keys[128];
    rig_write_keys(keys);
    rig_start(rig, (const char *const[]){
                       keys, "ingest.cors_origins=https://a.example, https://b.example", NULL});
}

#endif
