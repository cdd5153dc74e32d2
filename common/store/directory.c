/* The directory store: one file an object.
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

static struct directory_store *of(struct store *store) { return (struct directory_store *)store; }

/* Errors about a path that can't hold an object are the key's fault, not the disk's. */
static int path_error(struct err *err, const char *doing, struct str key)
{
    int number = errno;
    if (number == ENOENT) return err_set(err, E_NOT_FOUND, "%.*s not found", STR_ARGS(key));
    if (number == ENOTDIR || number == EISDIR || number == ENAMETOOLONG || number == ELOOP)
        return err_set(err, E_BAD_MESSAGE, "%s %.*s: %s", doing, STR_ARGS(key), strerror(number));
    return err_system(err, E_IO, "%s %.*s", doing, STR_ARGS(key));
}

static int sync_fd(const struct directory_store *directory, int fd)
{
    return directory->sync ? fsync(fd) : 0;
}

/* --- folders --------------------------------------------------------------------------------- */

/* Opens one folder below `parent`, making it if wanted; a new one is made durable in its parent. */
static int step_into(const struct directory_store *directory, int parent, const char *name,
                     bool create)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags);
    if (fd >= 0 || errno != ENOENT || !create) return fd;
    if (mkdirat(parent, name, 0777) == 0) {
        if (sync_fd(directory, parent) != 0) return -1;
    } else if (errno != EEXIST) {
        return -1;
    }
    return openat(parent, name, flags);
}

/* Descriptor of the folder that holds `key` (-1 with errno), and the file's name in it. */
static int open_folder(const struct directory_store *directory, struct str key, bool create,
                       char name[static STORE_SEGMENT_BYTES_MAX + 1])
{
    int folder = fcntl(directory->root, F_DUPFD_CLOEXEC, 0);
    while (folder >= 0) {
        bool last = str_find(key, STR("/")) == key.size;
        struct str segment = str_cut(&key, '/');
        memcpy(name, segment.data, segment.size);
        name[segment.size] = '\0';
        if (last) break;
        int next = step_into(directory, folder, name, create);
        int number = errno;
        close(folder);
        errno = number;
        folder = next;
    }
    return folder;
}

/* A key that this store can't hold is not found, whoever asks. */
static int open_object(struct directory_store *directory, struct str key, int *ret_fd,
                       struct stat *ret_stat, struct err *err)
{
    char name[STORE_SEGMENT_BYTES_MAX + 1];
    if (store_key_check(key, NULL) != E_OK)
        return err_set(err, E_NOT_FOUND, "%.*s not found", STR_ARGS(key));
    int folder = open_folder(directory, key, false, name);
    if (folder < 0 && errno == ENOTDIR) errno = ENOENT;
    if (folder < 0) return path_error(err, "opening", key);
    int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK; /* a pipe must not block us */
    int fd = openat(folder, name, flags);
    int rc = E_OK;
    if (fd < 0 || fstat(fd, ret_stat) != 0) {
        rc = path_error(err, "opening", key);
    } else if (!S_ISREG(ret_stat->st_mode)) {
        rc = err_set(err, E_NOT_FOUND, "%.*s is not a file", STR_ARGS(key));
    }
    close(folder);
    if (rc != E_OK && fd >= 0) close(fd);
    if (rc == E_OK) *ret_fd = fd;
    return rc;
}

/* --- writing --------------------------------------------------------------------------------- */

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

static int draft_begin(struct directory_store *directory, struct str key, struct draft *draft,
                       struct err *err)
{
    uint64_t nonce;
    *draft = (struct draft){.folder = -1, .fd = -1};
    draft->folder = open_folder(directory, key, true, draft->name);
    if (draft->folder < 0) return path_error(err, "creating the folder of", key);
    if (getrandom(&nonce, sizeof nonce, 0) != sizeof nonce)
        nonce = (uint64_t)(uintptr_t)draft ^ (uint64_t)getpid();
    snprintf(draft->temporary, sizeof draft->temporary, STORE_TEMPORARY_PREFIX "%016llx",
             (unsigned long long)nonce);
    draft->fd = openat(draft->folder, draft->temporary,
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (draft->fd >= 0) return E_OK;
    int rc = path_error(err, "creating a file for", key);
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
    if (sync_fd(directory, draft->folder) != 0)
        return err_system(err, E_IO, "syncing the folder of %.*s", STR_ARGS(key));
    draft_drop(draft);
    return E_OK;
}

/* On success the draft is finished; on failure it is as before, or (fd < 0)
 * has its name already. */
static int draft_publish(struct directory_store *directory, struct str key, bool if_absent,
                         struct draft *draft, struct err *err)
{
    if (sync_fd(directory, draft->fd) != 0)
        return err_system(err, E_IO, "syncing %.*s", STR_ARGS(key));
    int failed = if_absent ? rename_if_absent(draft)
                           : renameat(draft->folder, draft->temporary, draft->folder, draft->name);
    if (failed && errno == EEXIST)
        return err_set(err, E_EXISTS, "%.*s exists already", STR_ARGS(key));
    if (failed) return path_error(err, "naming", key);
    close(draft->fd);
    draft->fd = -1;
    return draft_sync_folder(directory, key, draft, err);
}

static int directory_put(struct store *store, struct str key, struct str body,
                         const struct store_put_options *options, struct err *err)
{
    struct draft draft;
    int rc = draft_begin(of(store), key, &draft, err);
    if (rc != E_OK) return rc;
    if (write_all(draft.fd, body, 0) != 0)
        rc = err_system(err, E_IO, "writing %.*s", STR_ARGS(key));
    if (rc == E_OK) rc = draft_publish(of(store), key, options->if_absent, &draft, err);
    draft_drop(&draft);
    return rc;
}

/* --- reading --------------------------------------------------------------------------------- */

void directory_info(const struct stat *stat, struct store_info *ret_info)
{
    *ret_info = (struct store_info){
        .size_bytes = (uint64_t)stat->st_size,
        .modified_ms = (int64_t)stat->st_mtim.tv_sec * 1000 + stat->st_mtim.tv_nsec / 1000000,
    };
    snprintf(ret_info->etag, sizeof ret_info->etag, "%llx-%llx-%llx%09lx",
             (unsigned long long)stat->st_ino, (unsigned long long)stat->st_size,
             (unsigned long long)stat->st_mtim.tv_sec, stat->st_mtim.tv_nsec);
}

static int read_range(int fd, uint64_t offset, size_t size_bytes, struct buffer *out,
                      struct err *err)
{
    enum { CHUNK = 256 * 1024 };
    while (size_bytes) {
        size_t want = size_bytes < CHUNK ? size_bytes : CHUNK;
        char *room = buffer_reserve(out, want);
        if (!room) return err_set(err, E_NO_MEMORY, "reading an object");
        ssize_t got = pread(fd, room, want, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_system(err, E_IO, "reading an object");
        if (got == 0) break;
        out->size += (size_t)got;
        offset += (uint64_t)got;
        size_bytes -= (size_t)got;
    }
    return E_OK;
}

static int directory_get(struct store *store, struct str key, uint64_t offset, size_t size_bytes,
                         const char *etag, bool whole, struct buffer *out, struct err *err)
{
    int fd = -1;
    struct stat stat;
    struct store_info info;
    int rc = open_object(of(store), key, &fd, &stat, err);
    if (rc != E_OK) return rc;
    directory_info(&stat, &info);
    size_t before = out->size;
    if (etag && strcmp(etag, info.etag) != 0)
        rc = err_set(err, E_NOT_FOUND, "%.*s has changed", STR_ARGS(key));
    else if (whole && info.size_bytes > size_bytes)
        rc = err_set(err, E_TOO_LARGE, "%.*s has more than %zu bytes", STR_ARGS(key), size_bytes);
    else
        rc = read_range(fd, offset, size_bytes, out, err);
    if (rc == E_OK && whole &&
        out->size - before != info.size_bytes) /* somebody writes into it: not one of ours */
        rc = err_set(err, E_BUSY, "%.*s changed while it was read", STR_ARGS(key));
    close(fd);
    return rc;
}

static int directory_head(struct store *store, struct str key, struct store_info *ret_info,
                          struct err *err)
{
    int fd = -1;
    struct stat stat;
    int rc = open_object(of(store), key, &fd, &stat, err);
    if (rc != E_OK) return rc;
    directory_info(&stat, ret_info);
    close(fd);
    return E_OK;
}

static int directory_delete(struct store *store, struct str key, struct err *err)
{
    char name[STORE_SEGMENT_BYTES_MAX + 1];
    struct directory_store *directory = of(store);
    if (store_key_check(key, NULL) != E_OK) return E_OK;
    int folder = open_folder(directory, key, false, name), rc = E_OK;
    if (folder < 0)
        return errno == ENOENT || errno == ENOTDIR ? E_OK : path_error(err, "deleting", key);
    if (unlinkat(folder, name, 0) == 0) {
        if (sync_fd(directory, folder) != 0)
            rc = err_system(err, E_IO, "syncing the folder of %.*s", STR_ARGS(key));
    } else if (errno != ENOENT && errno != EISDIR) { /* a folder is no object */
        rc = path_error(err, "deleting", key);
    }
    close(folder);
    return rc;
}

/* --- parts: appended to the draft, which a failed part doesn't lengthen
 * ----------------------------- */

struct directory_upload {
    struct store_upload base;
    struct draft draft;
    bool if_absent;
    off_t size;
    struct str key; /* behind the struct */
};

static int upload_begin(struct store *store, struct str key,
                        const struct store_put_options *options, struct store_upload **ret_upload,
                        struct err *err)
{
    struct directory_upload *upload = calloc(1, sizeof *upload + key.size);
    if (!upload) return err_set(err, E_NO_MEMORY, "beginning an upload");
    memcpy(upload + 1, key.data, key.size);
    upload->key = str_make(upload + 1, key.size);
    upload->base.store = store;
    upload->if_absent = options->if_absent;
    int rc = draft_begin(of(store), key, &upload->draft, err);
    if (rc != E_OK) {
        free(upload);
        return rc;
    }
    *ret_upload = &upload->base;
    return E_OK;
}

static int upload_part(struct store_upload *base, struct str bytes, struct err *err)
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

static int upload_finish(struct store_upload *base, struct err *err)
{
    struct directory_upload *upload = (struct directory_upload *)base;
    struct directory_store *directory = of(base->store);
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

static void upload_abort(struct store_upload *base)
{
    struct directory_upload *upload = (struct directory_upload *)base;
    draft_drop(&upload->draft);
    free(upload);
}

/* --- the store
 * -------------------------------------------------------------------------------------- */

static const char *directory_description(const struct store *store)
{
    return ((const struct directory_store *)store)->description;
}

static void directory_close(struct store *store)
{
    struct directory_store *directory = of(store);
    if (directory->root >= 0) close(directory->root);
    free(directory->description);
    free(directory);
}

static const struct store_ops directory_ops = {
    .description = directory_description,
    .put = directory_put,
    .get = directory_get,
    .head = directory_head,
    .list = directory_list,
    .delete = directory_delete,
    .upload_begin = upload_begin,
    .upload_part = upload_part,
    .upload_finish = upload_finish,
    .upload_abort = upload_abort,
    .close = directory_close,
};

/* mkdir -p. */
static int make_folders(const char *path)
{
    char part[sizeof((struct location *)0)->path];
    size_t size = strlen(path);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST && errno != EISDIR) return -1;
    }
    return 0;
}

int directory_open(const struct store_config *config, const struct location *location,
                   struct store **ret_store, struct err *err)
{
    struct directory_store *directory = calloc(1, sizeof *directory);
    if (!directory) return err_set(err, E_NO_MEMORY, "opening a store");
    directory->base.ops = &directory_ops;
    directory->sync = !config->no_sync;
    directory->root = -1;
    int rc = E_OK;
    if (asprintf(&directory->description, "directory %s", location->path) < 0) {
        directory->description = NULL;
        rc = err_set(err, E_NO_MEMORY, "opening a store");
    } else if ((!config->must_exist && make_folders(location->path) != 0) ||
               (directory->root = open(location->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        rc = err_system(err, config->must_exist ? E_NO_INPUT : E_NO_OUTPUT, "store directory %s",
                        location->path);
    }
    if (rc == E_OK)
        *ret_store = &directory->base;
    else
        directory_close(&directory->base);
    return rc;
}
