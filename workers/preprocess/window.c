/* A ring of entries with indexes by id, by exact hash and by MinHash keys, in one mapped file. */
#include "workers/preprocess/window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

enum { BAND_BUCKETS = 1 << 16, WAYS = 4 };

static const char magic[8] = "VBWIN\0\0\3";

struct header {
    char magic[8];
    uint32_t entries, next; /* next: where in the ring the next entry goes */
    char unused[48];
};

struct entry {
    uint64_t exact, similar; /* 0: not to be found by it */
    uint64_t id_hash;
    int64_t offset, seen_ms;
    uint32_t partition, id_size, content; /* content: of every text, to tell a reused id */
    char id[WINDOW_ID_BYTES];
};

/* Buckets of WAYS slots that hold entry numbers + 1, newest first; 0 is empty. A slot whose entry was
 * reused is told by the entry's own hashes. */
struct window {
    struct header *header;
    struct entry *entries;
    uint32_t *ids, *texts, *bands;
    uint32_t mask; /* of the buckets of ids and of texts */
    size_t size_bytes;
    int fd;
    bool zeroed; /* fresh memory, or blocks of a file that was just made: not touched yet */
};

static size_t index_slots(uint32_t entries) { return (size_t)entries / 2 * WAYS; }

static size_t size_of(uint32_t entries)
{
    return sizeof(struct header) + entries * sizeof(struct entry) +
           (2 * index_slots(entries) + (size_t)SIMILAR_BANDS * BAND_BUCKETS * WAYS) * sizeof(uint32_t);
}

static void lay_out(struct window *window, uint32_t entries, void *base)
{
    window->header = base;
    window->entries = (struct entry *)(window->header + 1);
    window->ids = (uint32_t *)(window->entries + entries);
    window->texts = window->ids + index_slots(entries);
    window->bands = window->texts + index_slots(entries);
    window->mask = entries / 2 - 1;
}

static int open_file(struct window *window, const char *path, struct err *err)
{
    struct stat status;
    window->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (window->fd < 0) return err_system(err, E_SYSTEM, "duplicate window %s", path);
    if (flock(window->fd, LOCK_EX | LOCK_NB)) return err_set(err, E_IN_USE, "duplicate window %s is used by another process", path);
    if (fstat(window->fd, &status)) return err_system(err, E_SYSTEM, "duplicate window %s", path);
    window->zeroed = (size_t)status.st_size != window->size_bytes;
    if (!window->zeroed) return E_OK;
    /* Real blocks: a full disk must be an error here, not a SIGBUS later. */
    if (ftruncate(window->fd, 0) || (errno = posix_fallocate(window->fd, 0, (off_t)window->size_bytes)) != 0)
        return err_system(err, E_SYSTEM, "duplicate window %s", path);
    return E_OK;
}

int window_open(const char *path, uint32_t entries, struct window **ret_window, struct err *err)
{
    struct window *window = calloc(1, sizeof *window);
    if (!window) return err_set(err, E_NO_MEMORY, NULL);
    window->fd = -1;
    window->zeroed = true;
    window->size_bytes = size_of(entries);
    int rc = path ? open_file(window, path, err) : E_OK;
    void *base = MAP_FAILED;
    if (rc == E_OK) {
        int flags = path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
        base = mmap(NULL, window->size_bytes, PROT_READ | PROT_WRITE, flags, window->fd, 0);
        if (base == MAP_FAILED) rc = err_system(err, E_SYSTEM, "duplicate window");
    }
    if (rc) {
        if (window->fd >= 0) close(window->fd);
        free(window);
        return rc;
    }
    lay_out(window, entries, base);
    /* Lookups go anywhere: pages around the one that is needed would only be resident for nothing. */
    madvise(base, window->size_bytes, MADV_RANDOM);
    const struct header *header = window->header;
    if (memcmp(header->magic, magic, sizeof magic) != 0 || header->entries != entries || header->next >= entries) {
        if (!window->zeroed) memset(base, 0, window->size_bytes);
        memcpy(window->header->magic, magic, sizeof magic);
        window->header->entries = entries;
    }
    *ret_window = window;
    return E_OK;
}

void window_close(struct window *window)
{
    if (!window) return;
    munmap(window->header, window->size_bytes);
    if (window->fd >= 0) close(window->fd);
    free(window);
}

/* --- looking up --------------------------------------------------------------------------------- */

static uint32_t *bucket_of(const struct window *window, uint32_t *index, uint64_t hash)
{
    return &index[(size_t)(hash & window->mask) * WAYS];
}

static uint32_t *band_of(const struct window *window, int band, const struct window_record *record)
{
    return &window->bands[((size_t)band * BAND_BUCKETS + record->bands[band]) * WAYS];
}

/* NULL: empty, too old, or nonsense (the file is not trusted). */
static const struct entry *live_entry(const struct window *window, uint32_t slot, const struct window_record *record, int64_t age_ms)
{
    if (slot == 0 || slot > window->header->entries) return NULL;
    const struct entry *entry = &window->entries[slot - 1];
    if (entry->id_size > WINDOW_ID_BYTES || entry->seen_ms == 0 || record->seen_ms - entry->seen_ms > age_ms) return NULL;
    return entry;
}

static const struct entry *find_id(const struct window *window, const struct window_record *record, uint64_t id_hash, int64_t age_ms)
{
    const uint32_t *bucket = bucket_of(window, window->ids, id_hash);
    for (int i = 0; i < WAYS; i++) {
        const struct entry *entry = live_entry(window, bucket[i], record, age_ms);
        if (!entry || entry->id_hash != id_hash) continue;
        /* Hashes without a key can be made to collide: the id itself decides. */
        if (!entry->id_size || str_equal(str_make(entry->id, entry->id_size), record->id)) return entry;
    }
    return NULL;
}

static const struct entry *find_exact(const struct window *window, const struct window_record *record, uint64_t id_hash, int64_t age_ms)
{
    const uint32_t *bucket = bucket_of(window, window->texts, record->exact);
    for (int i = 0; i < WAYS; i++) {
        const struct entry *entry = live_entry(window, bucket[i], record, age_ms);
        if (entry && entry->exact == record->exact && entry->id_hash != id_hash) return entry;
    }
    return NULL;
}

static const struct entry *find_near(const struct window *window, const struct window_record *record, uint64_t id_hash, int64_t age_ms)
{
    for (int band = 0; band < SIMILAR_BANDS; band++) {
        const uint32_t *bucket = band_of(window, band, record);
        for (int i = 0; i < WAYS; i++) {
            const struct entry *entry = live_entry(window, bucket[i], record, age_ms);
            if (!entry || !entry->similar || entry->id_hash == id_hash) continue;
            if (__builtin_popcountll(entry->similar ^ record->similar) <= WINDOW_NEAR_BITS) return entry;
        }
    }
    return NULL;
}

/* --- entering ------------------------------------------------------------------------------------ */

static void push(uint32_t *bucket, uint32_t slot)
{
    for (int i = WAYS - 1; i > 0; i--) bucket[i] = bucket[i - 1];
    bucket[0] = slot;
}

static uint32_t content_of(const struct window_record *record) { return (uint32_t)(record->exact ^ record->exact >> 32); }

static void enter(struct window *window, const struct window_record *record, uint64_t id_hash, bool new_text)
{
    uint32_t number = window->header->next, slot = number + 1;
    struct entry *entry = &window->entries[number];
    window->header->next = slot & (window->header->entries - 1);
    *entry = (struct entry){.exact = new_text ? record->exact : 0, .similar = new_text && record->near ? record->similar : 0,
                            .id_hash = id_hash, .content = content_of(record), .offset = record->offset, .partition = record->partition, .seen_ms = record->seen_ms,
                            .id_size = record->id.size <= WINDOW_ID_BYTES ? (uint32_t)record->id.size : 0};
    if (entry->id_size) memcpy(entry->id, record->id.data, entry->id_size);
    push(bucket_of(window, window->ids, id_hash), slot);
    if (new_text) push(bucket_of(window, window->texts, record->exact), slot);
    for (int band = 0; band < SIMILAR_BANDS && entry->similar; band++) push(band_of(window, band, record), slot);
}

enum window_match window_look(const struct window *window, const struct window_record *record, int64_t age_ms,
                              struct str *ret_id)
{
    uint64_t id_hash = hash_fast(record->id, 0);
    const struct entry *same = find_id(window, record, id_hash, age_ms);
    if (same && (same->partition != record->partition || same->offset != record->offset))
        return same->content == content_of(record) ? WINDOW_RETRIED : WINDOW_REUSED;
    const struct entry *earlier = record->has_text ? find_exact(window, record, id_hash, age_ms) : NULL;
    enum window_match match = earlier ? WINDOW_EXACT : WINDOW_NEW;
    if (!earlier && record->near && (earlier = find_near(window, record, id_hash, age_ms))) match = WINDOW_NEAR;
    if (earlier) *ret_id = str_make(earlier->id, earlier->id_size);
    return match;
}

void window_enter(struct window *window, const struct window_record *record, int64_t age_ms, enum window_match match)
{
    uint64_t id_hash = hash_fast(record->id, 0);
    if (!find_id(window, record, id_hash, age_ms)) enter(window, record, id_hash, record->has_text && match == WINDOW_NEW);
}

/* Backwards: the newest entries are of nearly every partition that there is. */
int64_t window_end(const struct window *window, uint32_t partition)
{
    uint32_t entries = window->header->entries;
    for (uint32_t i = 1; i <= entries; i++) {
        const struct entry *entry = &window->entries[(window->header->next - i) & (entries - 1)];
        if (entry->seen_ms == 0) break; /* the ring was never full: nothing is before */
        if (entry->partition == partition && entry->offset >= 0 && entry->offset < INT64_MAX) return entry->offset + 1;
    }
    return 0;
}
