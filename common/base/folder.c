/* mkdir -p, and fsync(). */
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_create(const char *path, struct err *err)
{
    char part[4096];
    int size = snprintf(part, sizeof part, "%s", path);
    if (size <= 0 || (size_t)size >= sizeof part)
        return err_set(err, E_BAD_CONFIG, "\"%.100s\" is no folder name", path);
    for (char *at = part + 1;; at++) {
        if (*at != '/' && *at != '\0') continue;
        char separator = *at;
        *at = '\0';
        struct stat found;
        if (mkdir(part, 0700) && errno != EEXIST)
            return err_system(err, E_SYSTEM, "folder %s", part);
        if (stat(part, &found) == 0 && !S_ISDIR(found.st_mode))
            return err_set(err, E_NO_OUTPUT, "%s is a file, not a folder%s%s", part,
                           separator ? "; so there can be no " : "", separator ? path : "");
        *at = separator;
        if (separator == '\0') return E_OK;
    }
}

int folder_sync_of(const char *path, struct err *err)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int size = slash ? (int)(slash - path) + 1 : 1;
    snprintf(folder, sizeof folder, "%.*s", size, slash ? path : ".");
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return err_system(err, E_NO_OUTPUT, "%s", folder);
    /* EINVAL: some mounts (CIFS, FUSE) have nothing to sync of a folder */
    bool failed = fsync(descriptor) && errno != EINVAL;
    int rc = failed ? err_system(err, E_NO_OUTPUT, "%s", folder) : E_OK;
    close(descriptor);
    return rc;
}
