/* The pages of LMDB's map that this process has looked at. They count as its memory, though the
 * kernel may take them back at any time: under a backlog all of the bus that was read or written
 * would stay resident, as the kernel maps the neighbours of each page along with it. So now and
 * then all are let go; what is needed again is found in the page cache. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bus/embedded.h"

enum { FORGET_BYTES = 256 * 1024 };

/* LMDB tells an address only of maps that have a fixed one, so the kernel is asked. By the path, as
 * devices and inodes aren't the file's own on some file systems. */
void environment_find_map(struct environment *environment)
{
    char folder[PATH_MAX], wanted[PATH_MAX + 16], line[PATH_MAX + 128];
    environment->map = NULL;
    FILE *maps = realpath(environment->path, folder) ? fopen("/proc/self/maps", "re") : NULL;
    snprintf(wanted, sizeof wanted, "%s/data.mdb\n", maps ? folder : "");
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        const char *path = strchr(line, '/');
        if (!path || strcmp(path, wanted) != 0 || sscanf(line, "%lx-%lx", &from, &to) != 2)
            continue;
        environment->map = (void *)(uintptr_t)from;
        environment->map_bytes = to - from;
        break;
    }
    if (maps) fclose(maps);
}

void environment_forget(struct environment *environment, size_t bytes)
{
    MDB_envinfo info;
    if (atomic_fetch_add(&environment->unforgotten, bytes) + bytes < FORGET_BYTES) return;
    atomic_store(&environment->unforgotten, 0);
    if (!environment->map || mdb_env_info(environment->mdb, &info)) return;
    size_t used = (info.me_last_pgno + 1) * environment->page_bytes;
    if (used > environment->map_bytes) used = environment->map_bytes;
    madvise(environment->map, used, MADV_DONTNEED); /* a hint: nothing is wrong when it fails */
}
