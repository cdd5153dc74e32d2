/* What the files of the watcher share: watch.c looks for objects, watch_object.c takes one in,
 * watch_rows.c reads rows, watch_receipt.c writes down what became of it, watch_names.c knows what
 * lies where. All but watch_open() to watch_metrics() is on the watcher's thread. */
#ifndef VERBATIM_WORKERS_INGEST_WATCH_H
#define VERBATIM_WORKERS_INGEST_WATCH_H

#include <stdatomic.h>

#include "base/hash_table.h"
#include "schema/intake.h"
#include "store/store.h"
#include "workers/ingest/state.h"

enum {
    CHUNK_BYTES = 1 << 20, /* read at once; a longer row is refused */
    CHUNK_ROWS = 2048,
    OBJECT_ID_BYTES = 17, /* 16 hex digits of a hash, and a NUL */
};

enum file_result { FILE_DONE, FILE_FAILED, FILE_CHANGED, FILE_RESULT_COUNT };

/* Sets of hashes of names: two names with one hash are taken to be one. */
bool name_set_has(const struct hash_table *set, struct str name);
bool name_set_add(struct hash_table *set, struct str name); /* false without memory */

/* Splits the option's URL: what store to open, and under which prefix of it the objects are. */
void watch_place(const char *url, char store_url[static 4096], struct str *ret_prefix);
bool watch_is_ours(struct str key);      /* a receipt or a validation file */
bool watch_is_hidden(struct str key);    /* somebody's temporary file */
bool watch_is_candidate(struct str key); /* by its suffix: .csv, .ndjson, .jsonl */
/* "receipts/NAME.ID" with a suffix, or "validation/NAME.ID/…"; a hash where NAME would break a
 * rule. */
struct str watch_name(struct arena *arena, const char *folder, struct str key, const char *id,
                      const char *suffix);

/* One step's worth of rows; good until the arena is reset. */
struct chunk {
    struct taken *taken;
    size_t count;
    struct buffer refused; /* NDJSON */
    uint64_t rows, refused_rows, lines, bytes;
    bool skipping; /* ends within a row that was refused for its length: the next one goes on
                      skipping */
};

struct object {
    struct str key;
    struct store_info info;
    char id[OBJECT_ID_BYTES];
    bool csv;
    struct arena arena; /* names and header */
    struct csv_row header;
    char delimiter; /* of its cells, as the header shows */
    struct str receipt_key, progress_key;
    uint64_t offset, line, rows, accepted, refused, validations;
    bool skipping;
    int64_t started_ms;
    const char *failure; /* NULL: none; lives in the arena */
    enum file_result result;
};

struct watch {
    struct ingest_state *state;
    struct store *store;
    struct store_config store_config;
    struct bus_producer *producer;
    struct random random;
    struct uuid_generator ids; /* not used by ids that are derived; intake wants one */
    struct str prefix, tenant;
    bool wait_until_stable; /* a folder: files may still grow */
    bool receipts_known;
    char store_url[4096];
    struct hash_table done, pending, pending_before, left_alone; /* sets of names */
    uv_thread_t thread;
    bool started;
    int wake_fd;           /* ends a pause */
    atomic_bool stopping;  /* after this chunk */
    atomic_bool cancelled; /* now */
    atomic_bool reopen;    /* the store, before it is used again */
    atomic_bool ended;
    atomic_uint_fast64_t results[FILE_RESULT_COUNT], receipts, refused_rows, failures;
    /* The rows on their way to the bus. */
    struct arena arena;
    struct buffer input;
    size_t unanswered;
    struct err bus_err;
    unsigned failures_in_a_row;
};

/* watch_rows.c: the next rows of `input`, which is the object from its offset on; `complete`: to
 * its end. */
int watch_read_header(struct object *object, struct str input, bool complete,
                      struct err *err) CHECKED;
int watch_read_rows(struct watch *watch, const struct object *object, struct str input,
                    bool complete, struct chunk *ret_chunk, struct err *err) CHECKED;

/* watch_receipt.c */
void watch_write_progress(const struct object *object, struct buffer *out);
bool watch_read_progress(struct object *object,
                         struct str text); /* false: junk, object is unusable */
void watch_write_receipt(const struct object *object, int64_t now_ms, struct arena *arena,
                         struct buffer *out);

/* watch_object.c: takes the object in, up to its receipt. False: stopped before its end. */
bool watch_take(struct watch *watch, struct str key, const struct store_info *info);

/* watch.c */
bool watch_stopping(const struct watch *watch);
/* Waits while the pipeline is too far behind; false: stop. */
bool watch_await_room(struct watch *watch);
/* Waits after a failure, longer each time; false: stop. */
bool watch_back_off(struct watch *watch, const char *doing, const struct err *err);
void watch_recovered(struct watch *watch);

#endif
