/* Writes objects of the directory store, whole or in parts.
 *
 * Happy path of a write: a temporary file in the object's own folder, written and synced; renamed
 * to its name (with RENAME_NOREPLACE for if_absent, so that the kernel decides who is first); the
 * folder synced. A crash leaves at most a temporary file, which lists don't show; a reader never
 * sees half an object. */
#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_BYTES = 64 };

/* A file on its way to its name. */
struct draft {
    int folder, fd;
    char name[STORE_SEGMENT_BYTES_MAX + 1], temporary[TEMPORARY_BYTES];
};

static void draft_drop(struct draft *draft)
{
    if (draft->fd >= 0) {
        close(draft->fd);
        unlinkat(draft->folder, draft->temporary, 0);
    }
    if (draft->folder >= 0) close(draft->folder);
    draft->fd = draft->folder = -1;
}

/* What was there a moment ago is gone: the store's own folder, which doesn't come back under this
 * descriptor, or one below it, which the next attempt makes anew. */
static int write_error(const struct directory_store *directory, const char *doing, struct str key,
                       struct err *err)
{
    struct stat root;
    if (errno != ENOENT) return directory_path_error(err, doing, key);
    if (fstat(directory->root, &root) == 0 && root.st_nlink == 0)
        return err_set(err, E_NO_OUTPUT,
                       "%s was deleted; started again, this program makes it anew",
                       directory->description);
    return err_set(err, E_BUSY, "%s %.*s: its folder was deleted meanwhile", doing, STR_ARGS(key));
}

static int draft_begin(struct directory_store *directory, struct str key, struct draft *draft,
                       struct err *err)
{
    uint64_t nonce;
    *draft = (struct draft){.folder = -1, .fd = -1};
    draft->folder = directory_open_folder(directory, key, true, draft->name);
    if (draft->folder < 0)
        return write_error(directory, "creating the folder of", key, err);
    if (getrandom(&nonce, sizeof nonce, 0) != sizeof nonce)
        nonce = (uint64_t)(uintptr_t)draft ^ (uint64_t)getpid();
    snprintf(draft->temporary, sizeof draft->temporary, STORE_TEMPORARY_PREFIX "%016llx",
             (unsigned long long)nonce);
    draft->fd = openat(draft->folder, draft->temporary,
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (draft->fd >= 0) return E_OK;
    int rc = write_error(directory, "creating a file for", key, err);
    draft_drop(draft);
    return rc;
}

static int write_all(int fd, struct str bytes, off_t offset)
{
    while (bytes.size) {
        ssize_t wrote = pwrite(fd, bytes.data, bytes.size, offset);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote == 0) errno = EIO;
        if (wrote <= 0) return -1;
        bytes = str_slice(bytes, (size_t)wrote, bytes.size);
        offset += wrote;
    }
    return 0;
}

/* Gives the draft its name, unless the name is taken. File systems without RENAME_NOREPLACE have
 * link(2). */
static int rename_if_absent(const struct draft *draft)
{
    int folder = draft->folder;
    if (renameat2(folder, draft->temporary, folder, draft->name, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (linkat(folder, draft->temporary, folder, draft->name, 0) != 0) return -1;
    unlinkat(folder, draft->temporary, 0);
    return 0;
}

/* Makes the name durable: the last step, which may be repeated. */
static int draft_sync_folder(struct directory_store *directory, struct str key, struct draft *draft,
                             struct err *err)
{
    if (directory_sync(directory, draft->folder) != 0)
        return err_system(err, E_IO, "syncing the folder of %.*s", STR_ARGS(key));
    draft_drop(draft);
    return E_OK;
}

/* On success the draft is finished; on failure it is as before, or (fd < 0)
 * has its name already. */
static int draft_publish(struct directory_store *directory, struct str key, bool if_absent,
                         struct draft *draft, struct err *err)
{
    if (directory_sync(directory, draft->fd) != 0)
        return err_system(err, E_IO, "syncing %.*s", STR_ARGS(key));
    int failed = if_absent ? rename_if_absent(draft)
                           : renameat(draft->folder, draft->temporary, draft->folder, draft->name);
    if (failed && errno == EEXIST)
        return err_set(err, E_EXISTS, "%.*s exists already", STR_ARGS(key));
    if (failed) return write_error(directory, "naming", key, err);
    close(draft->fd);
    draft->fd = -1;
    return draft_sync_folder(directory, key, draft, err);
}

int directory_put(struct store *store, struct str key, struct str body,
                  const struct store_put_options *options, struct err *err)
{
    struct draft draft;
    int rc = draft_begin(directory_of(store), key, &draft, err);
    if (rc != E_OK) return rc;
    if (write_all(draft.fd, body, 0) != 0)
        rc = err_system(err, E_IO, "writing %.*s", STR_ARGS(key));
    if (rc == E_OK) rc = draft_publish(directory_of(store), key, options->if_absent, &draft, err);
    draft_drop(&draft);
    return rc;
}

/* --- parts: appended to the draft, which a failed part doesn't lengthen ----------------------- */

struct directory_upload {
    struct store_upload base;
    struct draft draft;
    bool if_absent;
    off_t size;
    struct str key; /* behind the struct */
};

int directory_upload_begin(struct store *store, struct str key,
                           const struct store_put_options *options,
                           struct store_upload **ret_upload, struct err *err)
{
    struct directory_upload *upload = calloc(1, sizeof *upload + key.size);
    if (!upload) return err_set(err, E_NO_MEMORY, "beginning an upload");
    memcpy(upload + 1, key.data, key.size);
    upload->key = str_make(upload + 1, key.size);
    upload->base.store = store;
    upload->if_absent = options->if_absent;
    int rc = draft_begin(directory_of(store), key, &upload->draft, err);
    if (rc != E_OK) {
        free(upload);
        return rc;
    }
    *ret_upload = &upload->base;
    return E_OK;
}

int directory_upload_part(struct store_upload *base, struct str bytes, struct err *err)
{
    struct directory_upload *upload = (struct directory_upload *)base;
    if (write_all(upload->draft.fd, bytes, upload->size) != 0) {
        int rc = err_system(err, E_IO, "writing %.*s", STR_ARGS(upload->key));
        if (ftruncate(upload->draft.fd, upload->size) != 0)
            err_wrap(err, "and its rest couldn't be cut off");
        return rc;
    }
    upload->size += (off_t)bytes.size;
    return E_OK;
}

int directory_upload_finish(struct store_upload *base, struct err *err)
{
    struct directory_upload *upload = (struct directory_upload *)base;
    struct directory_store *directory = directory_of(base->store);
    int rc = E_OK;
    if (upload->draft.fd < 0) {
        rc = draft_sync_folder(directory, upload->key, &upload->draft, err);
    } else if (ftruncate(upload->draft.fd, upload->size) != 0) {
        rc = err_system(err, E_IO, "writing %.*s", STR_ARGS(upload->key));
    } else {
        rc = draft_publish(directory, upload->key, upload->if_absent, &upload->draft, err);
    }
    if (rc == E_OK) free(upload);
    return rc;
}

void directory_upload_abort(struct store_upload *base)
{
    struct directory_upload *upload = (struct directory_upload *)base;
    draft_drop(&upload->draft);
    free(upload);
}
