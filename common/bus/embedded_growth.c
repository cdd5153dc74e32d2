/* The file of the bus grows ahead of LMDB, by zeros, in steps.
 *
 * LMDB writes what is new behind the file's end. Then the file's size and its blocks are new too,
 * and a sync has more to write and to wait for than the pages: on ext4 the inode and the tree of
 * its blocks, or a transaction of its journal. A commit whose pages lie within the file spares
 * that. Large commits don't: for them the zeros would cost more than they spare. */
#include <sys/stat.h>
#include <unistd.h>

#include "bus/embedded.h"

/* A step, and how many commits it should last for. */
enum { STEP_BYTES = 512 * 1024, STEP_COMMITS = 8 };

/* A hint: where the disk takes no more, LMDB is told so as well. */
static uint64_t write_zeros(int fd, uint64_t from, uint64_t to)
{
    static const char zeros[64 * 1024];
    while (from < to) {
        size_t size = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        ssize_t written = pwrite(fd, zeros, size, (off_t)from);
        if (written <= 0) break;
        from += (uint64_t)written;
    }
    return from;
}

void environment_grow(struct environment *environment)
{
    MDB_envinfo info;
    mdb_filehandle_t fd;
    struct stat file;
    if (!atomic_load(&environment->durable) || mdb_env_info(environment->mdb, &info)) return;
    uint64_t used = (info.me_last_pgno + 1) * environment->page_bytes, to = used + STEP_BYTES;
    bool large = !environment->used_bytes ||
                 used - environment->used_bytes > STEP_BYTES / STEP_COMMITS;
    environment->used_bytes = used; /* before this commit */
    if (large || used + STEP_BYTES / STEP_COMMITS <= environment->file_bytes) return;
    if (mdb_env_get_fd(environment->mdb, &fd) || fstat(fd, &file)) return;
    environment->file_bytes = (uint64_t)file.st_size; /* others make it grow, too */
    if (environment->file_bytes < used + STEP_BYTES / STEP_COMMITS &&
        to <= environment->limit_bytes)
        environment->file_bytes = write_zeros(fd, environment->file_bytes, to);
}
