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

int directory_list(struct store *store, struct str prefix, struct str after, size_t limit,
                   struct store_page *page, struct err *err) CHECKED;

struct stat;
void directory_info(const struct stat *stat, struct store_info *ret_info);

#endif
