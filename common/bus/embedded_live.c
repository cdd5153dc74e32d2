/* What the processes on one embedded bus share beside the data: heartbeats and wake-ups.
 *
 * The file "live" is mapped by all of them. Nothing in it must survive: zeroes are a valid start,
 * and whoever misses a wake-up looks again a second later. After a commit the writer counts up
 * what it added per topic, then `sequence`, and wakes the watchers of other processes that sleep on
 * it (a futex that isn't private works between processes). Each process has one watcher thread,
 * which signals the eventfds of those consumers that read one of the topics. The writer does the
 * same for its own process, at once, and leaves its own watcher asleep: each process has a bit of
 * the futex to itself, by a lock as below, as long as there are some.
 *
 * A slot's lock (an "open file description" lock on one byte) goes when its process dies, however
 * it dies, and holds across containers that share the folder, where process ids mean nothing. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bus/embedded.h"

enum { LIVE_BYTES = 8192, READER_CHECK_MS = 10000, TOPICS_MAX = 64, BELLS = 32 };

struct live_map {
    atomic_uint sequence;            /* the futex */
    atomic_uint unused;
    atomic_ullong membership;        /* changes of groups and topics */
    /* by topic; the numbers of two program versions may differ: a late wake-up */
    atomic_ullong added[TOPICS_MAX];
    atomic_llong heartbeat_ns[EMBEDDED_SLOTS];
};
_Static_assert(sizeof(struct live_map) <= LIVE_BYTES, "the live file is too small");
_Static_assert(TOPIC_COUNT <= 32, "topics are bits of a uint32_t");

static char *live_path(const struct environment *environment)
{
    size_t size = strlen(environment->path) + sizeof "/live";
    char *path = malloc(size);
    if (path) snprintf(path, size, "%s/live", environment->path);
    return path;
}

static int open_file(const struct environment *environment, int *ret_fd, struct err *err)
{
    char *path = live_path(environment);
    if (!path) return err_set(err, E_NO_MEMORY, NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int rc = fd < 0 ? err_system(err, E_SYSTEM, "%s", path) : E_OK;
    free(path);
    if (rc == E_OK) *ret_fd = fd;
    return rc;
}

/* A lock on one byte, which goes with the descriptor. */
static struct flock byte_of(uint32_t at, short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
}

/* A bit of the futex that no other process has. None is left: all of them, so that this process is
 * woken by everybody, itself too. The locks lie behind those of the slots. */
static uint32_t take_bell(int fd)
{
    for (uint32_t i = 0; i < BELLS; i++) {
        struct flock lock = byte_of(EMBEDDED_SLOTS + i, F_WRLCK);
        if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return (uint32_t)1 << i;
    }
    return FUTEX_BITSET_MATCH_ANY;
}

int live_open(struct environment *environment, struct err *err)
{
    int rc = open_file(environment, &environment->live_fd, err);
    if (rc) return rc;
    environment->bell = take_bell(environment->live_fd);
    /* Real blocks: a store into a hole of a full disk would kill the process. */
    int failure = posix_fallocate(environment->live_fd, 0, LIVE_BYTES);
    errno = failure;
    if (failure) return err_system(err, E_SYSTEM, "%s/live", environment->path);
    void *map = mmap(NULL, LIVE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, environment->live_fd, 0);
    if (map == MAP_FAILED) return err_system(err, E_SYSTEM, "%s/live", environment->path);
    environment->live = map;
    return E_OK;
}

/* --- wake-ups --------------------------------------------------------------------------------- */

/* Until it rings for one of `bells`, or isn't `value` any more, or `until_ms` (mono). */
static void await_ring(atomic_uint *word, unsigned value, uint32_t bells, int64_t until_ms)
{
    const struct timespec until = {
        .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, &until, NULL, bells);
}

static void ring(atomic_uint *word, uint32_t bells)
{
    atomic_fetch_add(word, 1);
    syscall(SYS_futex, word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, bells);
}

/* Goes up whenever something happens that the watch cares about. */
static uint64_t live_sum(const struct environment *environment, uint32_t topics)
{
    uint64_t sum = atomic_load(&environment->live->membership);
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (topics >> i & 1) sum += atomic_load(&environment->live->added[i]);
    return sum;
}

static void signal_watches(struct environment *environment)
{
    pthread_mutex_lock(&environment->mutex);
    for (struct watch *watch = environment->watches; watch; watch = watch->next) {
        uint64_t sum = live_sum(environment, watch->topics);
        if (sum == watch->seen) continue;
        watch->seen = sum;
        if (eventfd_write(watch->wake_fd, 1)) continue; /* full: it is readable already */
    }
    pthread_mutex_unlock(&environment->mutex);
}

void live_publish(struct environment *environment, const uint64_t *added, bool membership)
{
    struct live_map *live = environment->live;
    if (membership) atomic_fetch_add(&live->membership, 1);
    for (int i = 0; added && i < TOPIC_COUNT; i++)
        if (added[i]) atomic_fetch_add(&live->added[i], added[i]);
    signal_watches(environment);
    bool only_mine = environment->bell != FUTEX_BITSET_MATCH_ANY;
    ring(&live->sequence, only_mine ? ~environment->bell : FUTEX_BITSET_MATCH_ANY);
}

/* Chores that nobody waits for: readers of killed processes hold back pages until
 * they are cleared. */
static void watcher_chores(struct environment *environment)
{
    int dead;
    struct err err;
    mdb_reader_check(environment->mdb, &dead);
    /* again in 10 s, or by a commit */
    if (atomic_load(&environment->age_wall_ms) && retention_sweep(environment, &err)) return;
}

static void *watcher_main(void *argument)
{
    struct environment *environment = argument;
    const struct clock *clock = clock_system();
    int64_t chores_due_ms = clock_mono_ms(clock) + READER_CHECK_MS;
    for (;;) {
        unsigned sequence = atomic_load(&environment->live->sequence);
        if (atomic_load(&environment->watcher_stops)) return NULL;
        signal_watches(environment);
        if (clock_mono_ms(clock) >= chores_due_ms) {
            watcher_chores(environment);
            chores_due_ms = clock_mono_ms(clock) + READER_CHECK_MS;
        }
        await_ring(&environment->live->sequence, sequence, environment->bell, chores_due_ms);
    }
}

int live_watch(struct environment *environment, struct watch *watch, struct err *err)
{
    int rc = E_OK;
    watch->wake_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC); /* readable: look once at the start */
    if (watch->wake_fd < 0) return err_system(err, E_SYSTEM, "eventfd");
    pthread_mutex_lock(&environment->mutex);
    if (!environment->watching &&
        pthread_create(&environment->watcher, NULL, watcher_main, environment))
        rc = err_set(err, E_SYSTEM, "the watcher's thread of the bus can't be started");
    else {
        environment->watching = true;
        watch->seen = live_sum(environment, watch->topics);
        watch->next = environment->watches;
        environment->watches = watch;
    }
    pthread_mutex_unlock(&environment->mutex);
    if (rc) {
        close(watch->wake_fd);
        watch->wake_fd = -1;
    }
    return rc;
}

void live_unwatch(struct environment *environment, struct watch *watch)
{
    if (watch->wake_fd < 0) return;
    pthread_mutex_lock(&environment->mutex);
    struct watch **link = &environment->watches;
    while (*link && *link != watch) link = &(*link)->next;
    if (*link) *link = watch->next;
    pthread_mutex_unlock(&environment->mutex);
    close(watch->wake_fd);
    watch->wake_fd = -1;
}

void live_close(struct environment *environment)
{
    if (environment->watching) {
        atomic_store(&environment->watcher_stops, true);
        ring(&environment->live->sequence, FUTEX_BITSET_MATCH_ANY);
        pthread_join(environment->watcher, NULL);
    }
    if (environment->live) munmap(environment->live, LIVE_BYTES);
    if (environment->live_fd >= 0) close(environment->live_fd);
}

/* --- slots ------------------------------------------------------------------------------------ */

int live_open_lease(struct environment *environment, int *ret_fd, struct err *err)
{
    return open_file(environment, ret_fd, err);
}

int live_take_slot(struct environment *environment, int lease_fd, const bool used[EMBEDDED_SLOTS],
                   int64_t now_ns, uint32_t *ret_slot, struct err *err)
{
    for (uint32_t slot = 0; slot < EMBEDDED_SLOTS; slot++) {
        struct flock lock = byte_of(slot, F_WRLCK);
        if (used[slot]) continue;
        if (fcntl(lease_fd, F_OFD_SETLK, &lock) == 0) {
            live_heartbeat(environment, slot, now_ns);
            *ret_slot = slot;
            return E_OK;
        }
        if (errno != EAGAIN && errno != EACCES)
            return err_system(err, E_SYSTEM, "lock on %s/live", environment->path);
    }
    return err_set(err, E_BUSY, "the bus has %d consumers already", EMBEDDED_SLOTS);
}

void live_free_slot(int lease_fd, uint32_t slot)
{
    struct flock lock = byte_of(slot, F_UNLCK);
    if (fcntl(lease_fd, F_OFD_SETLK, &lock)) return; /* closing it does the same */
}

void live_heartbeat(struct environment *environment, uint32_t slot, int64_t now_ns)
{
    atomic_store(&environment->live->heartbeat_ns[slot], now_ns);
}

bool live_is_alive(struct environment *environment, int lease_fd, uint32_t slot, int64_t now_ns)
{
    struct flock lock = byte_of(slot, F_WRLCK);
    if (slot >= EMBEDDED_SLOTS) return false;
    if (fcntl(lease_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK) return false;
    return now_ns - atomic_load(&environment->live->heartbeat_ns[slot]) <
           (int64_t)EMBEDDED_LEASE_MS * 1000000;
}
