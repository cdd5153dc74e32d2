/* Inside the directory store: files below a folder that is held open, never through symbolic links.
 */
#ifndef VERBATIM_STORE_DIRECTORY_H
#define VERBATIM_STORE_DIRECTORY_H

#include "store/backends.h"

struct directory_store {
    struct store base;
    int root; /* descriptor of the folder */
    bool sync;
    char *description;
};

/* directory_list.c */
int directory_list(struct store *store, struct str prefix, struct str after, size_t limit,
                   struct store_page *page, struct err *err) CHECKED;

/* directory_write.c */
int directory_put(struct store *store, struct str key, struct str body,
                  const struct store_put_options *options, struct err *err) CHECKED;
int directory_upload_begin(struct store *store, struct str key,
                           const struct store_put_options *options,
                           struct store_upload **ret_upload, struct err *err) CHECKED;
int directory_upload_part(struct store_upload *base, struct str bytes, struct err *err) CHECKED;
int directory_upload_finish(struct store_upload *base, struct err *err) CHECKED;
void directory_upload_abort(struct store_upload *base);

/* directory.c: what all of them need. */
static inline struct directory_store *directory_of(struct store *store)
{
    return (struct directory_store *)store;
}
/* Descriptor of the folder that holds `key` (-1 with errno), and the file's name in it. */
int directory_open_folder(const struct directory_store *directory, struct str key, bool create,
                          char name[static STORE_SEGMENT_BYTES_MAX + 1]);
/* Errors about a path that can't hold an object are the key's fault, not the disk's. */
int directory_path_error(struct err *err, const char *doing, struct str key);
int directory_sync(const struct directory_store *directory, int fd); /* fsync, unless told not to */
struct stat;
void directory_info(const struct stat *stat, struct store_info *ret_info);

#endif
