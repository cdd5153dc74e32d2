/* Inside the S3 store: its state, and one signed request at a time. */
#ifndef VERBATIM_STORE_S3_H
#define VERBATIM_STORE_S3_H

#include "base/curl.h"
#include "store/backends.h"
#include "aws/source.h"
#include "store/s3_reply.h"

enum { S3_QUERY_MAX = 8, S3_HEADERS_MAX = 40, S3_METADATA_MAX = 16 };

struct s3 {
    struct store base;
    CURL *curl; /* re-used: keeps the connection */
    struct endpoint endpoint;
    struct location location;
    struct arena texts;   /* copies of the configuration */
    struct arena scratch; /* of one call */
    const char *region, *description;
    const char *encryption, *kms_key_id, *storage_class, *tags, *ca_file; /* NULL: not sent */
    struct credentials_config credentials_config;
    struct credentials credentials;
    struct source source;   /* that hands credentials out, where none were found */
    struct err source_err;  /* why it has none */
    int64_t expires_ms;     /* of those that it gave; wall, 0: never */
    int64_t not_before_ms;  /* monotonic: it isn't asked again before */
    struct sigv4_signer signer;
    struct sigv4_signed sign;
    struct buffer url, query, error_body;
    int64_t skew_ms; /* the server's clock less ours, once it has complained */
    int64_t connect_timeout_ms, deadline_ms, least_speed_time_ms;
    uint64_t least_speed_bytes;
    const struct clock *clock;
    const atomic_bool *cancelled;
};

/* s3_keys.c: credentials from configuration, environment or file, else from whom aws/source.h
 * names, asked by waiting. */
/* BAD_CONFIG: there are none, and nobody to ask */
int s3_keys_open(struct s3 *s3, struct err *err) CHECKED;
/* Before a request: renews them in time. DENIED, UNAVAILABLE, UPSTREAM, CANCELLED. */
int s3_keys_fresh(struct s3 *s3, struct err *err) CHECKED;
/* A service refused them: true if others are at hand now. */
bool s3_keys_refused(struct s3 *s3);
void s3_keys_close(struct s3 *s3);

/* What of a reply's headers we use. */
struct s3_headers {
    char etag[STORE_ETAG_BYTES], checksum_sha256[48], upload_token[40], region[32];
    uint64_t size_bytes;
    int64_t modified_ms, date_ms; /* 0: none */
    bool whole;                   /* the empty line after them came */
};

/* One request and its reply. Start with s3_call(); texts must live until the next s3_call(). */
struct s3_call {
    const char *method;
    struct str key; /* with the store's prefix; empty: the bucket itself */
    struct sigv4_pair query[S3_QUERY_MAX], headers[S3_HEADERS_MAX];
    size_t query_count, header_count;
    bool overflow;  /* more query or headers than there is room for */
    bool if_absent; /* what 412 means */
    bool has_body;
    struct str body; /* s3_call_body() */
    uint8_t body_hash[SHA256_BYTES];
    struct buffer *out; /* gets the body of a 2xx reply; NULL: none is wanted */
    size_t limit_bytes;

    long status;
    struct s3_headers reply;
    struct s3_error error;
    size_t received_bytes;
    bool too_large, no_memory;
};

/* Resets the scratch arena: one call at a time. */
struct s3_call s3_call(struct s3 *s3, const char *method, struct str key);
void s3_call_query(struct s3_call *call, const char *name, struct str value);
void s3_call_header(struct s3_call *call, const char *name,
                    struct str value); /* lower-case name; empty: left out */

void s3_call_body(struct s3_call *call, struct str body); /* hashes it, once */

/* Sends it and waits. Corrects a skewed clock and re-reads credentials, each once. E_OK for 2xx
 * only; the other codes as store.h says. call->status and call->error stay to be looked at. */
int s3_perform(struct s3 *s3, struct s3_call *call, struct err *err) CHECKED;

/* A token of our own in an object's metadata tells whose an object is that "exists already": curl
 * sends a request again when a kept connection turns out to be dead, and the first one may have
 * been carried out. */
#define S3_TOKEN_HEADER "x-amz-meta-verbatim-upload"
enum { S3_TOKEN_BYTES = 33 };
int s3_make_token(char ret_token[static S3_TOKEN_BYTES], struct err *err) CHECKED;
/* After `refusal`, with its text in err: E_OK if the object carries the token, else the refusal as
 * it is. */
int s3_is_ours(struct s3 *s3, struct str key, const char *token, int refusal,
               struct err *err) CHECKED;

/* s3_refusal.c */
/* The policy: which error code an HTTP status and an S3 error code are. Never E_OK. */
enum err_code s3_classify(long status, const char *code, bool if_absent);
/* Fills err from call->status and call->error. */
int s3_refused(struct s3 *s3, const struct s3_call *call, struct err *err);

/* Headers that a new object gets: type, encoding, metadata, encryption, storage class, tags. USAGE
 * for values that no header can hold. */
int s3_put_headers(struct s3 *s3, struct s3_call *call, const struct store_put_options *options,
                   struct err *err) CHECKED;

/* s3_upload.c */
int s3_upload_begin(struct store *store, struct str key, const struct store_put_options *options,
                    struct store_upload **ret_upload, struct err *err) CHECKED;
int s3_upload_part(struct store_upload *upload, struct str bytes, struct err *err) CHECKED;
int s3_upload_finish(struct store_upload *upload, struct err *err) CHECKED;
void s3_upload_abort(struct store_upload *upload);

/* s3_bucket.c */
int s3_versioning(struct store *store, enum store_versioning *ret_versioning,
                  struct err *err) CHECKED;
/* The body of a request that makes a bucket: none for us-east-1, which has no name there.
 * BAD_CONFIG for what is no region's name. */
int s3_location_constraint(const char *region, struct buffer *out, struct err *err) CHECKED;

/* The key as S3 knows it, in the scratch arena (so after s3_call()); size 0 without memory. */
struct str s3_full_key(struct s3 *s3, struct str key);

#endif
