/* A ring of entries in one mapped file, found by id, by exact hash and by MinHash keys.
 *
 * Ids decide whether a record is doubled, so an id is found as long as its entry is in the ring:
 * chains from heads through the entries themselves. Repeats of texts are only marked: buckets of a
 * few slots, where new ones displace old ones, will do. A kill between two stores leaves an entry
 * that isn't found, and whose record comes again. */
#include "workers/preprocess/window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

enum { BAND_BUCKETS = 1 << 16, WAYS = 4, CHAIN_MAX = 4096 /* only damage makes a longer one */ };

static const char magic[8] = "VBWIN\0\0\6";

struct header {
    char magic[8];
    uint32_t entries, next; /* next: where in the ring the next entry goes */
    uint64_t seed;          /* of the hashes of ids: nobody can make chains long */
    char unused[40];
};

struct entry {
    uint64_t exact, similar; /* 0: not to be found by it */
    uint64_t id_hash;
    int64_t offset, seen_ms; /* seen_ms 0: nothing is here */
    uint32_t content;        /* of every text, to tell a reused id */
    uint32_t chain;          /* the next slot of the same head */
    uint32_t partition : 26, id_size : 6;
    char id[WINDOW_ID_BYTES];
};
_Static_assert(sizeof(struct entry) == 88 && WINDOW_ID_BYTES < 64, "entries are many");

/* A slot is an entry's number + 1; 0 is none. `heads` begin chains. `texts` and `bands` are buckets
 * of WAYS slots, newest first; one whose entry was reused is told by the entry's own hashes. */
struct window {
    struct header *header;
    struct entry *entries;
    uint32_t *heads, *texts, *bands;
    size_t size_bytes;
    int fd;
    bool cleared; /* a file of another size or version, or of damage, was */
    bool zeroed; /* fresh memory, or blocks of a file that was just made: not touched yet */
};

static size_t index_slots(uint32_t entries) { return (size_t)entries / 2 * WAYS; }

static size_t size_of(uint32_t entries)
{
    return sizeof(struct header) + entries * sizeof(struct entry) +
           (entries + index_slots(entries) + (size_t)SIMILAR_BANDS * BAND_BUCKETS * WAYS) *
               sizeof(uint32_t);
}

static void lay_out(struct window *window, uint32_t entries, void *base)
{
    window->header = base;
    window->entries = (struct entry *)(window->header + 1);
    window->heads = (uint32_t *)(window->entries + entries);
    window->texts = window->heads + entries;
    window->bands = window->texts + index_slots(entries);
}

static int open_file(struct window *window, const char *path, struct err *err)
{
    struct stat status;
    window->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (window->fd < 0) return err_system(err, E_SYSTEM, "duplicate window %s", path);
    if (flock(window->fd, LOCK_EX | LOCK_NB))
        return err_set(err, E_IN_USE, "duplicate window %s is used by another process", path);
    if (fstat(window->fd, &status)) return err_system(err, E_SYSTEM, "duplicate window %s", path);
    window->cleared = status.st_size > 0; /* until its header says that it is one of ours */
    window->zeroed = (size_t)status.st_size != window->size_bytes;
    if (!window->zeroed) return E_OK;
    /* Real blocks: a full disk must be an error here, not a SIGBUS later. */
    if (ftruncate(window->fd, 0) ||
        (errno = posix_fallocate(window->fd, 0, (off_t)window->size_bytes)) != 0)
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
    /* Lookups go anywhere. Of a file, pages around the one that is needed would be resident for
     * nothing. Memory of our own is soon in use all the same: in large pages, where the system has
     * them, a lookup needs no walk through the tables of small ones. */
    madvise(base, window->size_bytes, path ? MADV_RANDOM : MADV_HUGEPAGE);
    const struct header *header = window->header;
    if (memcmp(header->magic, magic, sizeof magic) != 0 || header->entries != entries ||
        header->next >= entries) {
        if (!window->zeroed) memset(base, 0, window->size_bytes);
        memcpy(window->header->magic, magic, sizeof magic);
        window->header->entries = entries;
        if (getrandom(&window->header->seed, sizeof window->header->seed, 0) < 0)
            window->header->seed = 0;
    } else {
        window->cleared = false;
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

/* --- looking up ------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct window *window, struct str id)
{
    return hash_fast(id, window->header->seed);
}

static uint32_t *text_of(const struct window *window, uint64_t exact)
{
    return &window->texts[(size_t)(exact & (window->header->entries / 2 - 1)) * WAYS];
}

static uint32_t *head_of(const struct window *window, uint64_t id_hash)
{
    return &window->heads[id_hash & (window->header->entries - 1)];
}

static uint32_t *band_of(const struct window *window, int band, const struct window_record *record)
{
    return &window->bands[((size_t)band * BAND_BUCKETS + record->bands[band]) * WAYS];
}

/* NULL: none, or nonsense (the file is not trusted). */
static struct entry *entry_at(const struct window *window, uint32_t slot)
{
    return slot == 0 || slot > window->header->entries ? NULL : &window->entries[slot - 1];
}

static bool is_live(const struct entry *entry, const struct window_record *record, int64_t age_ms)
{
    return entry->id_size <= WINDOW_ID_BYTES && entry->seen_ms != 0 &&
           record->seen_ms - entry->seen_ms <= age_ms;
}

static const struct entry *live_entry(const struct window *window, uint32_t slot,
                                      const struct window_record *record, int64_t age_ms)
{
    const struct entry *entry = entry_at(window, slot);
    return entry && is_live(entry, record, age_ms) ? entry : NULL;
}

static const struct entry *find_id(const struct window *window, const struct window_record *record,
                                   uint64_t id_hash, int64_t age_ms)
{
    const struct entry *entry = entry_at(window, *head_of(window, id_hash));
    for (int i = 0; entry && i < CHAIN_MAX; i++, entry = entry_at(window, entry->chain)) {
        if (entry->id_hash != id_hash || !is_live(entry, record, age_ms)) continue;
        if (!entry->id_size || str_equal(str_make(entry->id, entry->id_size), record->id))
            return entry;
    }
    return NULL;
}

static const struct entry *find_exact(const struct window *window,
                                      const struct window_record *record, uint64_t id_hash,
                                      int64_t age_ms)
{
    const uint32_t *bucket = text_of(window, record->exact);
    for (int i = 0; i < WAYS; i++) {
        const struct entry *entry = live_entry(window, bucket[i], record, age_ms);
        if (entry && entry->exact == record->exact && entry->id_hash != id_hash) return entry;
    }
    return NULL;
}

static const struct entry *find_near(const struct window *window,
                                     const struct window_record *record, uint64_t id_hash,
                                     int64_t age_ms)
{
    for (int band = 0; band < SIMILAR_BANDS; band++) {
        const uint32_t *bucket = band_of(window, band, record);
        for (int i = 0; i < WAYS; i++) {
            const struct entry *entry = live_entry(window, bucket[i], record, age_ms);
            if (!entry || !entry->similar || entry->id_hash == id_hash) continue;
            if (__builtin_popcountll(entry->similar ^ record->similar) <= WINDOW_NEAR_BITS)
                return entry;
        }
    }
    return NULL;
}

/* --- entering --------------------------------------------------------------------------------- */

static void push(uint32_t *bucket, uint32_t slot)
{
    for (int i = WAYS - 1; i > 0; i--) bucket[i] = bucket[i - 1];
    bucket[0] = slot;
}

static uint32_t content_of(const struct window_record *record)
{
    return (uint32_t)(record->exact ^ record->exact >> 32);
}

static void unchain(struct window *window, uint32_t slot)
{
    struct entry *old = &window->entries[slot - 1];
    uint32_t *link = head_of(window, old->id_hash);
    for (int i = 0; *link != slot && i < CHAIN_MAX; i++) {
        struct entry *next = entry_at(window, *link);
        if (!next) return;
        link = &next->chain;
    }
    if (*link == slot) *link = old->chain;
}

/* A kill may come between any two stores: seen_ms, the last one, makes the entry. */
static void enter(struct window *window, const struct window_record *record, uint64_t id_hash,
                  bool new_text)
{
    uint32_t number = window->header->next, slot = number + 1, *head = head_of(window, id_hash);
    struct entry *entry = &window->entries[number];
    unchain(window, slot);
    window->header->next = slot & (window->header->entries - 1);
    *entry = (struct entry){
        .exact = new_text ? record->exact : 0,
        .similar = new_text && record->near ? record->similar : 0,
        .id_hash = id_hash,
        .content = content_of(record),
        .chain = *head,
        .offset = record->offset,
        .partition = record->partition & WINDOW_PARTITION_MAX,
        .id_size = record->id.size <= WINDOW_ID_BYTES ? (uint32_t)record->id.size & 63 : 0};
    if (entry->id_size) memcpy(entry->id, record->id.data, entry->id_size);
    atomic_signal_fence(memory_order_seq_cst);
    *head = slot;
    atomic_signal_fence(memory_order_seq_cst);
    entry->seen_ms = record->seen_ms;
    if (new_text) push(text_of(window, record->exact), slot);
    for (int band = 0; band < SIMILAR_BANDS && entry->similar; band++)
        push(band_of(window, band, record), slot);
}

void window_prefetch(const struct window *window, const struct window_record *record)
{
    __builtin_prefetch(head_of(window, hash_of(window, record->id)));
    __builtin_prefetch(text_of(window, record->exact));
    __builtin_prefetch(&window->entries[window->header->next], 1); /* where the record will go */
    for (int band = 0; record->near && band < SIMILAR_BANDS; band++)
        __builtin_prefetch(band_of(window, band, record));
}

enum window_match window_look(const struct window *window, const struct window_record *record,
                              int64_t age_ms, struct str *ret_id)
{
    uint64_t id_hash = hash_of(window, record->id);
    const struct entry *same = find_id(window, record, id_hash, age_ms);
    if (same && (same->partition != record->partition || same->offset != record->offset))
        return same->content == content_of(record) ? WINDOW_RETRIED : WINDOW_REUSED;
    const struct entry *earlier =
        record->has_text ? find_exact(window, record, id_hash, age_ms) : NULL;
    enum window_match match = earlier ? WINDOW_EXACT : WINDOW_NEW;
    if (!earlier && record->near && (earlier = find_near(window, record, id_hash, age_ms)))
        match = WINDOW_NEAR;
    if (earlier) *ret_id = str_make(earlier->id, earlier->id_size);
    return match;
}

void window_enter(struct window *window, const struct window_record *record, int64_t age_ms,
                  enum window_match match)
{
    uint64_t id_hash = hash_of(window, record->id);
    if (!find_id(window, record, id_hash, age_ms))
        enter(window, record, id_hash, record->has_text && match == WINDOW_NEW);
}

uint32_t window_entries(const struct window *window) { return window->header->entries; }

bool window_was_cleared(const struct window *window) { return window->cleared; }

/* Backwards: the newest entries are of nearly every partition that there is. A ring that was never
 * full has nothing before its first entry; one that a kill left half made is passed over. */
int64_t window_end(const struct window *window, uint32_t partition)
{
    uint32_t entries = window->header->entries;
    for (uint32_t i = 1; i <= entries; i++) {
        const struct entry *entry = &window->entries[(window->header->next - i) & (entries - 1)];
        if (entry->seen_ms == 0 && entry->id_hash == 0) break;
        if (entry->seen_ms != 0 && entry->partition == partition && entry->offset >= 0 &&
            entry->offset < INT64_MAX)
            return entry->offset + 1;
    }
    return 0;
}
