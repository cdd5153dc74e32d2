/* A folder of the test's own: made empty, and taken away with all that is in it. Both functions are
 * of the shape of cmocka's fixtures. */
#ifndef VERBATIM_TESTS_OWN_FOLDER_H
#define VERBATIM_TESTS_OWN_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static char own_folder[64];

static inline int own_folder_make(void **state)
{
    (void)state;
    snprintf(own_folder, sizeof own_folder, "/tmp/verbatim-test-XXXXXX");
    if (!mkdtemp(own_folder)) abort();
    return 0;
}

static inline int own_folder_remove_one(const char *path, const struct stat *stat, int kind,
                                        struct FTW *walk)
{
    (void)stat, (void)kind, (void)walk;
    return remove(path);
}

static inline int own_folder_remove(void **state)
{
    (void)state;
    return nftw(own_folder, own_folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
