/* Finds or makes the key; hashes. */
#include "workers/preprocess/pseudonym.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/folder.h"
#include "base/hash.h"
#include "workers/preprocess/window.h"

static int make_key(char out[static 2 * PSEUDONYM_KEY_BYTES + 1], struct err *err)
{
    uint8_t bytes[PSEUDONYM_KEY_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return err_system(err, E_SYSTEM, "no random numbers");
    hash_hex(bytes, sizeof bytes, out);
    return E_OK;
}

/* Written beside and linked into place, so that two replicas that start at once agree on one key.
 * In two containers they may have the same process number. */
static int make_file(const char *path, struct err *err)
{
    char key[2 * PSEUDONYM_KEY_BYTES + 1], temporary[4200];
    int rc = make_key(key, err);
    if (rc) return rc;
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) return err_system(err, E_SYSTEM, "%s", temporary);
    bool ok = write(fd, key, sizeof key - 1) == (ssize_t)sizeof key - 1 && fsync(fd) == 0;
    if (!ok) rc = err_system(err, E_SYSTEM, "%s", temporary);
    close(fd);
    if (rc == E_OK && link(temporary, path) && errno != EEXIST)
        rc = err_system(err, E_SYSTEM, "%s", path);
    unlink(temporary);
    return rc ? rc : folder_sync_of(path, err);
}

static int read_key(struct pseudonym *pseudonym, const char *path, struct err *err)
{
    struct buffer file = {0};
    int rc = buffer_read_file(&file, path, 4096, err);
    struct str key = str_trim(buffer_str(&file));
    if (rc == E_OK && (key.size < 16 || key.size > sizeof pseudonym->key))
        rc = err_set(err, E_BAD_CONFIG, "%s: a key has 16 to %zu bytes", path,
                     sizeof pseudonym->key);
    if (rc == E_OK) {
        memcpy(pseudonym->key, key.data, key.size);
        pseudonym->key_size = key.size;
    }
    buffer_deinit(&file);
    return rc;
}

/* A folder with a duplicate window had its key, as keys are made first. Looked for before the key,
 * so that a replica that starts beside the first one isn't misled. */
static bool was_used(const char *folder)
{
    bool found = false;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && !found && (entry = readdir(entries));)
        found = str_ends(str_of(entry->d_name), STR(WINDOW_SUFFIX));
    if (entries) closedir(entries);
    return found;
}

static int find_file(struct pseudonym *pseudonym, const char *folder, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/customer.key", folder);
    bool used = was_used(folder), missing = access(path, F_OK) != 0;
    if (missing && used)
        return err_set(err, E_BAD_CONFIG,
                       "%s is gone, and with another key customers would get other hashes: put it "
                       "back, or set preprocess.customer_key_file; if it is lost for ever: openssl "
                       "rand -hex 32 >%s", path, path);
    int rc = missing ? make_file(path, err) : E_OK;
    return rc ? rc : read_key(pseudonym, path, err);
}

static int find_key(struct pseudonym *pseudonym, const char *key, const char *folder,
                    struct err *err)
{
    char fresh[2 * PSEUDONYM_KEY_BYTES + 1];
    if (key[0] || !folder[0]) {
        int rc = key[0] ? E_OK : make_key(fresh, err);
        if (rc) return rc;
        pseudonym->key_size = strlen(key[0] ? key : fresh);
        if (pseudonym->key_size > sizeof pseudonym->key)
            return err_set(err, E_BAD_CONFIG, "preprocess.customer_key is longer than %zu bytes",
                           sizeof pseudonym->key);
        memcpy(pseudonym->key, key[0] ? key : fresh, pseudonym->key_size);
        return E_OK;
    }
    return find_file(pseudonym, folder, err);
}

int pseudonym_open(struct pseudonym *pseudonym, const char *key, const char *folder,
                   struct err *err)
{
    int rc = find_key(pseudonym, key, folder, err);
    if (rc) return rc;
    pseudonym->hash = hash_key_create(str_make(pseudonym->key, pseudonym->key_size));
    return pseudonym->hash ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

void pseudonym_close(struct pseudonym *pseudonym)
{
    hash_key_destroy(pseudonym->hash);
    pseudonym->hash = NULL;
}

struct str pseudonym_of(const struct pseudonym *pseudonym, struct str customer, struct arena *arena)
{
    uint8_t hash[SHA256_BYTES];
    char hex[33];
    hash_key_hmac(pseudonym->hash, customer, hash);
    hash_hex(hash, 16, hex);
    return arena_copy(arena, str_of(hex));
}
