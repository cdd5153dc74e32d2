/* Lists the directory store: a walk in the order of the keys' bytes, which is not that of the
 * names.
 *
 * "a.txt" sorts before "a/b", as '.' comes before '/': a folder takes part as its name with a
 * slash. What sorts at or before `after`, or can't start with the prefix, is not walked into, so a
 * page costs the folders on its way only. */
#include "store/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
    struct str name; /* a folder's ends in '/' */
};

struct walk {
    struct str prefix, after;
    size_t limit;
    struct store_page *page;
    struct arena *names; /* of the folders on the way down */
    char key[STORE_KEY_BYTES_MAX];
};

static int entry_compare(const void *left, const void *right)
{
    return str_compare(((const struct entry *)left)->name, ((const struct entry *)right)->name);
}

static int no_memory(struct err *err) { return err_set(err, E_NO_MEMORY, "listing a directory"); }

/* Whether the entry, appended to the first `size` bytes of the walk's key, may hold something that
 * is asked for. */
static bool is_wanted(const struct walk *walk, size_t size, struct str name)
{
    char text[STORE_KEY_BYTES_MAX];
    if (size + name.size > sizeof text) return false;
    memcpy(text, walk->key, size);
    memcpy(text + size, name.data, name.size);
    struct str key = str_make(text, size + name.size);
    bool folder = str_ends(key, STR("/"));
    if (folder) {
        if (!str_starts(key, walk->prefix) && !str_starts(walk->prefix, key)) return false;
        return str_starts(walk->after, key) || str_compare(key, walk->after) > 0;
    }
    return str_starts(key, walk->prefix) && str_compare(key, walk->after) > 0;
}

/* Adds one name, if it is a file or a folder that a key can name. */
static int add_entry(struct walk *walk, DIR *folder, const struct dirent *found, size_t size,
                     struct buffer *entries, struct err *err)
{
    struct str name = str_of(found->d_name);
    unsigned char type = found->d_type;
    if (name.size > STORE_SEGMENT_BYTES_MAX || store_key_check(name, NULL) != E_OK) return E_OK;
    if (type == DT_UNKNOWN) {
        struct stat stat;
        if (fstatat(dirfd(folder), found->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0) return E_OK;
        type = S_ISDIR(stat.st_mode) ? DT_DIR : S_ISREG(stat.st_mode) ? DT_REG : DT_LNK;
    }
    if (type != DT_DIR && type != DT_REG) return E_OK;
    char text[STORE_SEGMENT_BYTES_MAX + 1]; /* a folder takes part as its name with a slash */
    memcpy(text, name.data, name.size);
    if (type == DT_DIR) text[name.size++] = '/';
    name.data = text;
    if (!is_wanted(walk, size, name)) return E_OK;
    struct str copy = arena_copy(walk->names, name);
    if (!copy.data) return no_memory(err);
    buffer_append(entries, &(struct entry){copy}, sizeof(struct entry));
    return entries->failed ? no_memory(err) : E_OK;
}

static int read_entries(struct walk *walk, DIR *folder, size_t size, struct buffer *entries,
                        struct err *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(folder);
        if (!found && errno) return err_system(err, E_IO, "listing a directory");
        if (!found) break;
        int rc = add_entry(walk, folder, found, size, entries, err);
        if (rc != E_OK) return rc;
    }
    size_t count = entries->size / sizeof(struct entry);
    if (count) qsort(entries->data, count, sizeof(struct entry), entry_compare);
    return E_OK;
}

static int add_object(struct walk *walk, int folder, struct str name, size_t size, struct err *err)
{
    struct stat stat;
    struct store_page *page = walk->page;
    if (fstatat(folder, name.data, &stat, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(stat.st_mode))
        return E_OK; /* gone */
    if (page->count == walk->limit) {
        page->more = true;
        return E_OK;
    }
    struct store_object *object = &page->objects[page->count];
    object->key = arena_copy(&page->arena, str_make(walk->key, size));
    if (!object->key.data) return no_memory(err);
    directory_info(&stat, &object->info);
    page->next = object->key;
    page->count++;
    return E_OK;
}

/* `fd` is the walk's to close. The first `size` bytes of walk->key name the folder, with a slash:
 * no deeper than the key is long (STORE_KEY_BYTES_MAX / 2 folders, each of which is open
 * meanwhile). */
static int walk_folder(struct walk *walk, int fd, size_t size, struct err *err)
{
    struct buffer entries = {0};
    DIR *folder = fdopendir(fd);
    int rc = folder ? read_entries(walk, folder, size, &entries, err)
                    : err_system(err, E_IO, "listing a directory");
    if (!folder) close(fd);
    const struct entry *entry = (const struct entry *)(void *)entries.data;
    size_t count = entries.size / sizeof *entry;
    for (size_t i = 0; rc == E_OK && i < count && !walk->page->more; i++) {
        struct str name = entry[i].name;
        memcpy(walk->key + size, name.data, name.size);
        if (!str_ends(name, STR("/"))) {
            rc = add_object(walk, dirfd(folder), name, size + name.size, err);
            continue;
        }
        int inner =
            openat(dirfd(folder), name.data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0)
            rc = walk_folder(walk, inner, size + name.size, err);
        else if (errno != ENOENT && errno != ENOTDIR)
            rc = err_system(err, E_IO, "listing %.*s", STR_ARGS(name));
    }
    buffer_deinit(&entries);
    if (folder) closedir(folder);
    return rc;
}

int directory_list(struct store *store, struct str prefix, struct str after, size_t limit,
                   struct store_page *page, struct err *err)
{
    struct arena names = {0};
    struct walk walk = {
        .prefix = prefix, .after = after, .limit = limit, .page = page, .names = &names};
    page->objects = ARENA_ARRAY(&page->arena, struct store_object, limit);
    if (!page->objects) return no_memory(err);
    int root =
        openat(((struct directory_store *)store)->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return err_system(err, E_IO, "listing a directory");
    int rc = walk_folder(&walk, root, 0, err);
    arena_deinit(&names);
    return rc;
}
