/* What a refusal by S3 means: which of our errors its code and the HTTP status are, and the text
 * that says who refused what. */
#include "store/s3.h"

enum { RETRY_AFTER_MAX_MS = 3600 * 1000 };

/* What S3's own codes mean, where the HTTP status alone would mislead. Source:
 * "Error responses". */
/* clang-format off */
static const struct { const char *code; enum err_code err; } known_refusals[] = {
    {"SlowDown", E_BUSY}, {"ServiceUnavailable", E_BUSY}, {"Throttling", E_BUSY},
    {"TooManyRequests", E_BUSY},
    {"ConditionalRequestConflict", E_BUSY}, {"OperationAborted", E_BUSY},
    {"RequestTimeout", E_TIMEOUT}, {"InternalError", E_UNAVAILABLE},
    {"BadDigest", E_UNAVAILABLE}, {"XAmzContentSHA256Mismatch", E_UNAVAILABLE},
    {"IncompleteBody", E_UNAVAILABLE},
    {"ExpiredToken", E_DENIED}, {"InvalidToken", E_DENIED}, {"TokenRefreshRequired", E_DENIED},
    {"InvalidAccessKeyId", E_DENIED}, {"SignatureDoesNotMatch", E_DENIED},
    {"AccessDenied", E_DENIED},
    {"XAdminUserNotFound", E_DENIED}, /* versitygw, with 404 */
    {"NoSuchBucket", E_NO_INPUT}, /* as a folder that isn't there */
    {"InvalidBucketName", E_BAD_CONFIG},
    {"NotImplemented", E_BAD_CONFIG},
    {"InvalidStorageClass", E_BAD_CONFIG}, {"InvalidTag", E_BAD_CONFIG},
    {"AuthorizationHeaderMalformed", E_BAD_CONFIG}, {"PermanentRedirect", E_BAD_CONFIG},
    {"EntityTooLarge", E_TOO_LARGE}, {"KeyTooLongError", E_BAD_MESSAGE},
    {"PreconditionFailed", E_EXISTS},
    {"XMinioStorageFull", E_DISK_FULL}, {"QuotaExceeded", E_DISK_FULL},
};
/* clang-format on */

enum err_code s3_classify(long status, const char *code, bool if_absent)
{
    enum err_code found = E_OK;
    for (size_t i = 0; i < sizeof known_refusals / sizeof known_refusals[0] && found == E_OK; i++)
        if (strcmp(known_refusals[i].code, code) == 0) found = known_refusals[i].err;
    if (found == E_EXISTS || (found == E_OK && status == 412))
        return if_absent ? E_EXISTS : E_NOT_FOUND; /* If-Match */
    if (found != E_OK) return found;
    switch (status) {
    case 401:
    case 403: return E_DENIED;
    case 404: return E_NOT_FOUND;
    case 408:
    case 504: return E_TIMEOUT;
    case 409: return E_EXISTS;
    case 413: return E_TOO_LARGE;
    case 429:
    case 503: return E_BUSY;
    case 301:
    case 308:
    case 501: return E_BAD_CONFIG;
    case 507: return E_DISK_FULL;
    default: return status >= 500 || status == 307 ? E_UNAVAILABLE : E_UPSTREAM;
    }
}

int s3_refused(struct s3 *s3, const struct s3_call *call, struct err *err)
{
    curl_off_t retry_after = 0;
    curl_easy_getinfo(s3->curl, CURLINFO_RETRY_AFTER, &retry_after);
    if (retry_after > 0)
        s3->base.retry_after_ms =
            retry_after < RETRY_AFTER_MAX_MS / 1000 ? retry_after * 1000 : RETRY_AFTER_MAX_MS;
    const struct s3_error *error = &call->error;
    const char *region = *error->region ? error->region : call->reply.region;
    enum err_code code = s3_classify(call->status, error->code, call->if_absent);
    bool elsewhere = code == E_BAD_CONFIG && *region && strcmp(region, s3->region) != 0;
    return err_set(err, code, "%s s3://%s/%.*s: %ld %s%s%s%s%s", call->method, s3->location.bucket,
                   STR_ARGS(call->key), call->status, error->code, *error->message ? ": " : "",
                   error->message, elsewhere ? "; the bucket is in region " : "",
                   elsewhere ? region : "");
}
