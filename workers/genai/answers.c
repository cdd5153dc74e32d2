/* A ring of bytes, and an index of positions into it.
 *
 * Positions count on for ever; a value is there as long as the ring hasn't come round to it.
 * So a slot of the index needs no cleaning: what it points to is whole, or older than
 * the ring is long. */
#include "workers/genai/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WAYS = 8, ALIGN = 16, BYTES_A_SLOT = 64 }; /* of the ring: far fewer than an answer takes */

struct entry {
    struct answer_key key;
    uint32_t size, unused;
};
_Static_assert(sizeof(struct entry) % 8 == 0, "entries follow each other in the ring");

struct answers {
    uint8_t *ring;
    uint64_t *index; /* position + 1; 0: none; buckets of WAYS */
    uint64_t size, mask, next, count;
    size_t mapped_bytes;
    int fd;
};

/* Sizes are as on the machine that wrote them, or on one like it. */
void answer_key_of(const struct str *parts, size_t count, struct answer_key *ret_key)
{
    struct hash_stream stream;
    hash_stream_begin(&stream);
    for (size_t i = 0; i < count; i++) {
        uint64_t size = parts[i].size;
        hash_stream_add(&stream, str_make(&size, sizeof size));
        hash_stream_add(&stream, parts[i]);
    }
    hash_stream_finish(&stream, ret_key->bytes);
}

static int open_file(struct answers *answers, const char *path, struct err *err)
{
    answers->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (answers->fd < 0) return err_system(err, E_SYSTEM, "answers in %s", path);
    if (flock(answers->fd, LOCK_EX | LOCK_NB))
        return err_set(err, E_IN_USE, "answers in %s: used by another process", path);
    /* Real blocks: a full disk must be an error here, not a SIGBUS later. */
    if (ftruncate(answers->fd, 0) ||
        (errno = posix_fallocate(answers->fd, 0, (off_t)answers->mapped_bytes)) != 0)
        return err_system(err, E_SYSTEM, "answers in %s", path);
    return E_OK;
}

int answers_open(const char *path, size_t size_bytes, struct answers **ret_purchases,
                 struct err *err)
{
    struct answers *answers = calloc(1, sizeof *answers);
    uint64_t buckets = 1;
    if (!answers) return err_set(err, E_NO_MEMORY, NULL);
    if (size_bytes < ANSWERS_BYTES_MIN) size_bytes = ANSWERS_BYTES_MIN;
    answers->size = size_bytes / ALIGN * ALIGN;
    while (buckets * 2 * WAYS * BYTES_A_SLOT <= answers->size) buckets *= 2;
    answers->mask = buckets - 1;
    answers->mapped_bytes = answers->size + buckets * WAYS * sizeof *answers->index;
    answers->fd = -1;
    int rc = path ? open_file(answers, path, err) : E_OK;
    void *base = MAP_FAILED;
    if (rc == E_OK) {
        int flags = path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
        base = mmap(NULL, answers->mapped_bytes, PROT_READ | PROT_WRITE, flags, answers->fd, 0);
        if (base == MAP_FAILED) rc = err_system(err, E_SYSTEM, "memory for answers");
    }
    if (rc) {
        if (answers->fd >= 0) close(answers->fd);
        free(answers);
        return rc;
    }
    answers->ring = base;
    answers->index = (uint64_t *)(answers->ring + answers->size);
    *ret_purchases = answers;
    return E_OK;
}

void answers_close(struct answers *answers)
{
    if (!answers) return;
    munmap(answers->ring, answers->mapped_bytes);
    if (answers->fd >= 0) close(answers->fd);
    free(answers);
}

static uint64_t *bucket_of(const struct answers *answers, const struct answer_key *key)
{
    uint64_t hash;
    memcpy(&hash, key->bytes, sizeof hash); /* SHA-256: any part is as good as another */
    return &answers->index[(hash & answers->mask) * WAYS];
}

static struct entry *entry_at(const struct answers *answers, uint64_t slot)
{
    if (slot == 0 || answers->next - (slot - 1) > answers->size) return NULL;
    return (struct entry *)(answers->ring + (slot - 1) % answers->size);
}

static uint64_t *find(const struct answers *answers, const struct answer_key *key)
{
    uint64_t *bucket = bucket_of(answers, key);
    for (int i = 0; i < WAYS; i++) {
        const struct entry *entry = entry_at(answers, bucket[i]);
        if (entry && memcmp(&entry->key, key, sizeof *key) == 0) return &bucket[i];
    }
    return NULL;
}

static size_t room_for(size_t size)
{
    return (sizeof(struct entry) + size + ALIGN - 1) / ALIGN * ALIGN;
}

/* Where the next entry of so many bytes goes: not over the end of the ring. */
static uint64_t place_for(const struct answers *answers, size_t room)
{
    uint64_t left = answers->size - answers->next % answers->size;
    return left < room ? answers->next + left : answers->next;
}

static uint64_t append(struct answers *answers, const struct answer_key *key, struct str value)
{
    size_t room = room_for(value.size);
    uint64_t place = place_for(answers, room);
    struct entry *entry = (struct entry *)(answers->ring + place % answers->size);
    /* `value` may lie in the ring, further back than this reaches: see renew(). */
    *entry = (struct entry){.key = *key, .size = (uint32_t)value.size};
    if (value.size) memcpy(entry + 1, value.data, value.size);
    answers->next = place + room;
    return place + 1;
}

/* What is asked for again and is in the older half is copied to the front: a use keeps it. */
static struct entry *renew(struct answers *answers, uint64_t *slot, struct entry *entry)
{
    uint64_t age = answers->next - (*slot - 1);
    /* new enough; or in the way */
    if (age < answers->size / 2 || age > answers->size - answers->size / 4) return entry;
    *slot = append(answers, &entry->key, str_make(entry + 1, entry->size));
    return entry_at(answers, *slot);
}

bool answers_find(struct answers *answers, const struct answer_key *key, struct str *ret_value)
{
    uint64_t *slot = find(answers, key);
    if (!slot) return false;
    const struct entry *entry = renew(answers, slot, entry_at(answers, *slot));
    *ret_value = str_make(entry + 1, entry->size);
    return true;
}

void answers_put(struct answers *answers, const struct answer_key *key, struct str value)
{
    if (room_for(value.size) > answers->size / 8) return;
    uint64_t *slot = find(answers, key), *bucket = bucket_of(answers, key);
    if (!slot) {
        slot = bucket; /* the oldest gives way, or one that is gone */
        for (int i = 1; i < WAYS; i++)
            if (bucket[i] < *slot) slot = &bucket[i];
        answers->count++;
    }
    *slot = append(answers, key, value);
}

uint64_t answers_count(const struct answers *answers)
{
    if (answers->next <= answers->size) return answers->count;
    /* The ring has come round: as many as fit, at the average size. */
    return (uint64_t)((double)answers->count * (double)answers->size / (double)answers->next);
}
