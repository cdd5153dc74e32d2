/* An object store: whole objects under keys, in a directory or in S3.
 *
 * Keys are UTF-8 paths without a leading slash ("insights/date=2026-01-02/0/000.ndjson.zst"),
 * relative to what the store's URL names. Objects are immutable to readers: an object is there as a
 * whole or not at all, and with `if_absent` it is written once.
 *
 * Threads: every call blocks, so it belongs on a worker thread, never on a loop. One store is used
 * by one thread at a time; several stores may be used side by side. SIGPIPE must be ignored by the
 * program. Bounds: each request has a connect time-out, a deadline, a least speed and a cap on the
 * bytes it returns, and gives up within about a second of `*cancelled` becoming true.
 *
 * Errors, besides NO_MEMORY:
 *   UNAVAILABLE, TIMEOUT, BUSY, IO, DISK_FULL, UPSTREAM: RETRY, the same call may be made again,
 *     not before store->retry_after_ms (0: the store named no time)
 *   DENIED: credentials were refused, even after they were read again: back off
 *   NO_INPUT: the bucket isn't there
 *   BAD_MESSAGE: a key that no store can hold
 *   NOT_FOUND, EXISTS, TOO_LARGE, CANCELLED, BAD_CONFIG: what they say
 * A RETRY error leaves open whether the object was written. After one, EXISTS may mean our own
 * earlier attempt: reading it tells. */
#ifndef VERBATIM_STORE_STORE_H
#define VERBATIM_STORE_STORE_H

#include <stdatomic.h>

#include "aws/credentials.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "config/options.h"

enum {
    STORE_KEY_BYTES_MAX = 1024, /* the store's own prefix included; S3's limit */
    STORE_ETAG_BYTES = 128,
    STORE_PAGE_MAX = 1000,                  /* objects in one page of a list; S3's limit */
    STORE_PART_BYTES_MIN = 5 * 1024 * 1024, /* S3's least size of a part that isn't the last */
    STORE_PARTS_MAX = 10000,
};

/* --- opening --------------------------------------------------------------------------------- */

/* The [store] section: how any S3 store is reached. What is stored where is the URL's business,
 * which belongs to the modules that use a store. */
#define STORE_OPTIONS(O)                                                                           \
    O(STR, endpoint, "",                                                                           \
      "S3 endpoint, e.g. http://127.0.0.1:9000; empty: Amazon's for the region.")                  \
    O(STR, region, "", "S3 region; empty: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1.")        \
    O(CHOICE, addressing, "auto", "auto|path|host",                                                \
      "Bucket in the path or in the host name; auto: path where an endpoint is set.")              \
    AWS_CREDENTIAL_OPTIONS(O)                                                                      \
    O(CHOICE, encryption, "none", "none|AES256|aws:kms", "Server-side encryption asked of S3.")    \
    O(STR, kms_key_id, "", "Key for aws:kms; empty: the account's default key.")                   \
    O(STR, storage_class, "", "S3 storage class of new objects, e.g. STANDARD_IA.")                \
    O(STR, tags, "", "Tags of new objects, as a query string: team=cx&kind=archive.")              \
    O(STR, ca_file, "", "PEM file of the authorities to trust instead of the system's.")           \
    O(MS, connect_timeout, "5s", 10, 60000, "Longest wait for a connection.")                      \
    O(MS, deadline, "60s", 100, 3600000, "Longest time that one request may take.")                \
    O(BYTES, least_speed, "1k", 1, 1073741824, "A request slower than this a second gives up ...") \
    O(MS, least_speed_time, "20s", 1000, 600000, "... when it has been so for this long.")

OPTIONS_STRUCT(store, STORE_OPTIONS);
extern const struct option_table store_option_table;

enum store_addressing { STORE_ADDRESSING_AUTO, STORE_ADDRESSING_PATH, STORE_ADDRESSING_HOST };
enum store_encryption { STORE_ENCRYPTION_NONE, STORE_ENCRYPTION_AES256, STORE_ENCRYPTION_KMS };

/* NULL and "" mean the same in each text; 0 in a number means the option's default. Nothing of it
 * is kept after store_open(), except `clock` and `cancelled`. */
struct store_config {
    const char *url; /* "s3://bucket/prefix", "file:///absolute/path", or a plain path */
    const char *endpoint, *region;
    enum store_addressing addressing;
    const char *access_key_id, *secret_access_key, *session_token, *credentials_file, *profile;
    enum store_encryption encryption;
    const char *kms_key_id, *storage_class, *tags, *ca_file;
    int64_t connect_timeout_ms, deadline_ms, least_speed_time_ms;
    uint64_t least_speed_bytes;
    bool must_exist;              /* directory: isn't made; one that isn't there is NO_INPUT */
    bool no_sync;                 /* directory: leave out fsync(2), for tests and scratch space */
    const struct clock *clock;    /* NULL: the system's; dates the signatures */
    const atomic_bool *cancelled; /* NULL: never */
};

/* `options` as config_get() filled them; the texts are shared, not copied. */
struct store_config store_config_of(const struct store_options *options, const char *url);

struct store;
struct store_upload;

/* Makes no request to S3 (see store_probe()); creates the directory of a directory store,
 * unless it must exist. BAD_CONFIG for what can't be meant, NO_OUTPUT, NO_INPUT or DENIED for a
 * directory that can't be had. */
int store_open(const struct store_config *config, struct store **ret_store,
               struct err *err) CHECKED;
void store_close(struct store *store); /* after its uploads; NULL is ignored */

/* For people: "s3://bucket/prefix at http://127.0.0.1:9000", "directory data/archive". No secrets.
 */
const char *store_description(const struct store *store);

/* Whether the store answers and lets us list: one cheap request, for readiness and early failure.
 */
int store_probe(struct store *store, struct err *err) CHECKED;

/* --- the bucket or folder itself ------------------------------------------------------------- */

/* Makes the bucket, or the folder and those above it; *ret_made false where it was there. EXISTS: a
 * bucket of that name is somebody else's; NO_OUTPUT, DENIED and the errors of a request. */
int store_make(const struct store_config *config, bool *ret_made, struct err *err) CHECKED;

/* Does it keep what is overwritten or deleted? A directory doesn't. */
enum store_versioning {
    STORE_VERSIONING_OFF,
    STORE_VERSIONING_SUSPENDED,
    STORE_VERSIONING_ENABLED,
};
int store_versioning(struct store *store, enum store_versioning *ret_versioning,
                     struct err *err) CHECKED;

/* --- objects --------------------------------------------------------------------------------- */

/* Metadata is kept by S3 only; a directory has no place for it. Names: letters, digits, '-'. */
struct store_pair {
    struct str name, value;
};

struct store_put_options {
    bool if_absent;               /* EXISTS when the key is taken, atomically */
    const char *content_type;     /* NULL: application/octet-stream */
    const char *content_encoding; /* NULL: none */
    const struct store_pair *metadata;
    size_t metadata_count;
};

/* `options` may be NULL. The directory store is durable on return (file and folder are synced); S3
 * checks the body's SHA-256, so a torn upload is refused. */
int store_put(struct store *store, struct str key, struct str body,
              const struct store_put_options *options, struct err *err) CHECKED;

/* Appends the whole object to `out`; TOO_LARGE beyond limit_bytes. On failure out is as it was. */
int store_get(struct store *store, struct str key, size_t limit_bytes, struct buffer *out,
              struct err *err) CHECKED;

/* Appends up to size_bytes from `offset` on: fewer at the end of the object, none behind it. `etag`
 * (NULL: any) guards against an object that is replaced between two reads: NOT_FOUND then. */
int store_get_range(struct store *store, struct str key, uint64_t offset, size_t size_bytes,
                    const char *etag, struct buffer *out, struct err *err) CHECKED;

struct store_info {
    uint64_t size_bytes;
    int64_t modified_ms;         /* since 1970; 0: unknown */
    char etag[STORE_ETAG_BYTES]; /* changes when the object does; opaque, without quotes */
};
int store_head(struct store *store, struct str key, struct store_info *ret_info,
               struct err *err) CHECKED;

/* Deleting what isn't there is no error (S3 can't tell either). */
int store_delete(struct store *store, struct str key, struct err *err) CHECKED;

struct store_object {
    struct str key;
    struct store_info info;
};

/* A page of a list; a zeroed one is valid. Everything lives in its arena, until the next list or
 * deinit. */
struct store_page {
    struct store_object *objects; /* ascending by the key's bytes */
    size_t count;
    bool more; /* go on with after = next */
    struct str next;
    struct arena arena;
};
void store_page_deinit(struct store_page *page);

/* Objects whose key starts with `prefix` and sorts behind `after` (both may be empty); at most
 * `limit` (0 or more than STORE_PAGE_MAX: STORE_PAGE_MAX). `after` may point into the page: do err
 * = store_list(store, prefix, page.next, 0, &page, err); ... while (page.more); Folder markers of
 * S3 (keys that end in '/') are left out. */
int store_list(struct store *store, struct str prefix, struct str after, size_t limit,
               struct store_page *page, struct err *err) CHECKED;

/* --- large objects, in parts ----------------------------------------------------------------- */

/* Nothing is visible under the key before finish. Each part but the last has at least
 * STORE_PART_BYTES_MIN bytes; at most STORE_PARTS_MAX parts; at least one, which may be empty. */
int store_upload_begin(struct store *store, struct str key, const struct store_put_options *options,
                       struct store_upload **ret_upload, struct err *err) CHECKED;
/* After a RETRY error the same part may be sent again. */
int store_upload_part(struct store_upload *upload, struct str bytes, struct err *err) CHECKED;
/* Success ends the upload and frees it. After an error the caller tries again or aborts; a store
 * that carried out an earlier attempt without our hearing of it is recognised. */
int store_upload_finish(struct store_upload *upload, struct err *err) CHECKED;
/* Throws the parts away, as far as the store can be reached, and frees the upload. NULL is ignored.
 */
void store_upload_abort(struct store_upload *upload);

/* --- for back ends and fakes ----------------------------------------------------------------- */

/* Keys are checked, and arguments are as their callers above promise. `upload` is the back end's
 * own. */
struct store_ops {
    const char *(*description)(const struct store *store);
    int (*put)(struct store *store, struct str key, struct str body,
               const struct store_put_options *options, struct err *err);
    /* whole: all of it, TOO_LARGE beyond size_bytes; else a range. Appends; may leave junk on
     * failure. */
    int (*get)(struct store *store, struct str key, uint64_t offset, size_t size_bytes,
               const char *etag, bool whole, struct buffer *out, struct err *err);
    int (*head)(struct store *store, struct str key, struct store_info *ret_info, struct err *err);
    int (*list)(struct store *store, struct str prefix, struct str after, size_t limit,
                struct store_page *page, struct err *err);
    int (*delete)(struct store *store, struct str key, struct err *err);
    int (*upload_begin)(struct store *store, struct str key,
                        const struct store_put_options *options, struct store_upload **ret_upload,
                        struct err *err);
    int (*upload_part)(struct store_upload *upload, struct str bytes, struct err *err);
    int (*upload_finish)(struct store_upload *upload, struct err *err);
    void (*upload_abort)(struct store_upload *upload);
    /* NULL: keeps none */
    int (*versioning)(struct store *store, enum store_versioning *ret_versioning, struct err *err);
    void (*close)(struct store *store);
};

/* The first members of every back end's store and upload. */
struct store {
    const struct store_ops *ops;
    int64_t retry_after_ms; /* of the last failed call, where the store named one; else 0 */
};
struct store_upload {
    struct store *store;
    uint32_t parts; /* that the store has taken */
};

/* Rules of keys that both back ends can hold, checked by every write: 1 to STORE_KEY_BYTES_MAX
 * bytes of UTF-8, no control characters, no empty, "." or ".." segment, no segment over 200 bytes
 * or with the directory store's prefix for temporary files. BAD_MESSAGE says which. */
int store_key_check(struct str key, struct err *err) CHECKED;

#endif
