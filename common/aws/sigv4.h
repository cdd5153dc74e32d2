/* AWS Signature Version 4: signs one HTTP request.
 *
 * Source: "Signature Version 4 signing process", AWS General Reference. libcurl 7.88's own signing
 * fails for '=' in a path, for parameters without value and for encoded path segments, hence this.
 *
 * Use: write path and query with the two functions below and send exactly those bytes; sign with
 * every header that must be protected ("host" always; all "x-amz-*" and "content-type" that are
 * sent); then send x-amz-date: signed.date authorization: signed.authorization
 *     x-amz-security-token: the session token, if there is one (S3 and others want it signed: it
 * is) x-amz-content-sha256: request.payload_hash, if sign_payload_header (S3 demands it)
 */
#ifndef VERBATIM_AWS_SIGV4_H
#define VERBATIM_AWS_SIGV4_H

#include "base/buffer.h"
#include "base/hash.h"

enum { SIGV4_DATE_BYTES = 17, SIGV4_HEADERS_MAX = 48 }; /* "20260102T030405Z" and a NUL */

struct sigv4_pair {
    struct str name, value;
};

struct sigv4_credentials {
    struct str access_key_id, secret_access_key;
    struct str session_token; /* empty: none */
};

enum sigv4_path {
    SIGV4_PATH_ENCODE_AGAIN, /* all services but S3: dot segments removed, then encoded a second
                                time */
    SIGV4_PATH_AS_SENT,      /* S3: "a/../b" and "a//b" are keys like others */
};

struct sigv4_request {
    struct str method;
    struct str path;  /* as on the wire: sigv4_encode() */
    struct str query; /* as on the wire, without '?': sigv4_encode_query(); may be empty */
    const struct sigv4_pair *headers; /* any order and case; without those that signing adds */
    size_t header_count;              /* at most SIGV4_HEADERS_MAX - 3 */
    struct str
        payload_hash; /* sigv4_payload_hash(), or "UNSIGNED-PAYLOAD" where the service allows it */
    bool sign_payload_header; /* x-amz-content-sha256 is sent too */
    enum sigv4_path path_rule;
    struct str region, service; /* "us-east-1", "s3" */
};

/* Keeps the signing key, which changes once a day: four HMACs less a request. Zeroed is valid;
 * holds a secret, so wipe it with sigv4_signer_deinit(). */
struct sigv4_signer {
    uint8_t scope[SHA256_BYTES]; /* of day, region, service and secret: what `key` is for */
    uint8_t key[SHA256_BYTES];
    bool ready;
};
void sigv4_signer_deinit(struct sigv4_signer *signer);

struct sigv4_signed {
    char date[SIGV4_DATE_BYTES];
    struct buffer authorization;
};
void sigv4_signed_deinit(struct sigv4_signed *sign);

/* `signer` may be NULL. Fills *ret_signed, whose buffer is re-used between calls. NO_MEMORY, or
 * USAGE for too many headers or a time out of the years 1970 to 9999. */
int sigv4_sign(struct sigv4_signer *signer, const struct sigv4_credentials *credentials,
               const struct sigv4_request *request, int64_t wall_ms,
               struct sigv4_signed *ret_signed, struct err *err) CHECKED;

void sigv4_payload_hash(struct str payload, char out[static SHA256_TEXT_BYTES]);

/* RFC 3986: all but unreserved characters become %XX, upper case; with keep_slash '/' stays. */
void sigv4_encode(struct str text, bool keep_slash, struct buffer *out);
/* Sorted, encoded query string of decoded pairs; the array is sorted in place by name, then value.
 */
void sigv4_encode_query(struct sigv4_pair *pairs, size_t count, struct buffer *out);

/* The text that is hashed and signed, for tests and for comparing with what a server says it
 * expected. */
void sigv4_canonical_request(const struct sigv4_credentials *credentials,
                             const struct sigv4_request *request, const char *date,
                             struct buffer *out, struct str *ret_signed_headers);

#endif
