/* The directory store: one file an object. How one is written: directory_write.c. */
#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int directory_path_error(struct err *err, const char *doing, struct str key)
{
    int number = errno;
    if (number == ENOENT) return err_set(err, E_NOT_FOUND, "%.*s not found", STR_ARGS(key));
    if (number == ENOTDIR || number == EISDIR || number == ENAMETOOLONG || number == ELOOP)
        return err_set(err, E_BAD_MESSAGE, "%s %.*s: %s", doing, STR_ARGS(key), strerror(number));
    return err_system(err, E_IO, "%s %.*s", doing, STR_ARGS(key));
}

int directory_sync(const struct directory_store *directory, int fd)
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
        if (directory_sync(directory, parent) != 0) return -1;
    } else if (errno != EEXIST) {
        return -1;
    }
    return openat(parent, name, flags);
}

int directory_open_folder(const struct directory_store *directory, struct str key, bool create,
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
    int folder = directory_open_folder(directory, key, false, name);
    if (folder < 0 && errno == ENOTDIR) errno = ENOENT;
    if (folder < 0) return directory_path_error(err, "opening", key);
    int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK; /* a pipe must not block us */
    int fd = openat(folder, name, flags);
    int rc = E_OK;
    if (fd < 0 || fstat(fd, ret_stat) != 0) {
        rc = directory_path_error(err, "opening", key);
    } else if (!S_ISREG(ret_stat->st_mode)) {
        rc = err_set(err, E_NOT_FOUND, "%.*s is not a file", STR_ARGS(key));
    }
    close(folder);
    if (rc != E_OK && fd >= 0) close(fd);
    if (rc == E_OK) *ret_fd = fd;
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
    int rc = open_object(directory_of(store), key, &fd, &stat, err);
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
    int rc = open_object(directory_of(store), key, &fd, &stat, err);
    if (rc != E_OK) return rc;
    directory_info(&stat, ret_info);
    close(fd);
    return E_OK;
}

static int directory_delete(struct store *store, struct str key, struct err *err)
{
    char name[STORE_SEGMENT_BYTES_MAX + 1];
    struct directory_store *directory = directory_of(store);
    if (store_key_check(key, NULL) != E_OK) return E_OK;
    int folder = directory_open_folder(directory, key, false, name), rc = E_OK;
    if (folder < 0)
        return errno == ENOENT || errno == ENOTDIR ? E_OK
                                                   : directory_path_error(err, "deleting", key);
    if (unlinkat(folder, name, 0) == 0) {
        if (directory_sync(directory, folder) != 0)
            rc = err_system(err, E_IO, "syncing the folder of %.*s", STR_ARGS(key));
    } else if (errno != ENOENT && errno != EISDIR) { /* a folder is no object */
        rc = directory_path_error(err, "deleting", key);
    }
    close(folder);
    return rc;
}

/* --- the store ------------------------------------------------------------------------------- */

static const char *directory_description(const struct store *store)
{
    return ((const struct directory_store *)store)->description;
}

static void directory_close(struct store *store)
{
    struct directory_store *directory = directory_of(store);
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
    .upload_begin = directory_upload_begin,
    .upload_part = directory_upload_part,
    .upload_finish = directory_upload_finish,
    .upload_abort = directory_upload_abort,
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

static bool is_folder(const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0) return false;
    errno = ENOTDIR;
    return S_ISDIR(found.st_mode);
}

int directory_make(const struct location *location, bool *ret_made, struct err *err)
{
    bool there = is_folder(location->path);
    if (!there && (make_folders(location->path) != 0 || !is_folder(location->path)))
        return err_system(err, E_NO_OUTPUT, "store directory %s", location->path);
    *ret_made = !there;
    return E_OK;
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
