/* The records seen lately, to tell retried ones, and exact and near repeats of a text.
 *
 * A memory-mapped file of fixed size: it survives a restart and a kill of the program (a power
 * cut may lose its last seconds; then a repeat is missed, never a record). Oldest entries
 * give way. Near: one of four MinHash keys agrees, and the SimHashes are within 8 bits of 64
 * (text/similar.h). One window a replica, one thread. */
#ifndef VERBATIM_WORKERS_PREPROCESS_WINDOW_H
#define VERBATIM_WORKERS_PREPROCESS_WINDOW_H

#include "base/err.h"
#include "base/str.h"
#include "text/similar.h"

#define WINDOW_SUFFIX ".window" /* of its file, behind the replica's name */

enum { WINDOW_ID_BYTES = 36, WINDOW_NEAR_BITS = 8, WINDOW_PARTITION_MAX = (1 << 26) - 1 };

enum window_match {
    WINDOW_NEW,
    WINDOW_RETRIED, /* the same id came before, as another message: the caller posted it twice */
    WINDOW_REUSED,  /* the same id came before, with another text: not the same record */
    WINDOW_EXACT,   /* another record with the same text */
    WINDOW_NEAR,
};

struct window;

/* path NULL: in memory only. entries: a power of two. A file of another size or version starts
 * anew. SYSTEM, DISK_FULL, DENIED, NO_MEMORY; IN_USE when another process holds it. */
int window_open(const char *path, uint32_t entries, struct window **ret_window,
                struct err *err) CHECKED;
void window_close(struct window *window);

struct window_record {
    struct str id;           /* longer ones than WINDOW_ID_BYTES are known by their hash */
    /* where the message stands: the same place means that it is processed again */
    uint32_t partition;
    int64_t offset, seen_ms;
    bool has_text, near;     /* long enough for exact, and for near repeats */
    uint64_t exact, similar; /* of text_similar(), as are: */
    uint16_t bands[SIMILAR_BANDS];
};

/* Asks for what window_look() will read for this record. */
void window_prefetch(const struct window *window, const struct window_record *record);

/* Looks for an earlier record, not older than age_ms. A message that is processed again (after a
 * restart or an aborted transaction) is judged as the first time. ret_id: of the earlier record
 * with the same text, valid until the next call. */
enum window_match window_look(const struct window *window, const struct window_record *record,
                              int64_t age_ms, struct str *ret_id);
/* Enters the record, if its id is new; `match` is what window_look() said. Only once nothing can go
 * wrong with it any more: a record that became a dead letter may come again. */
void window_enter(struct window *window, const struct window_record *record, int64_t age_ms,
                  enum window_match match);
/* How many records it holds at most. */
uint32_t window_entries(const struct window *window);
/* It had a file when it was opened, which started anew: what was seen before is forgotten. */
bool window_was_cleared(const struct window *window);
/* The offset behind the record of this partition that was entered last; 0: it holds none. */
int64_t window_end(const struct window *window, uint32_t partition);

#endif
