/* The bucket itself: made, and asked whether it keeps versions. */
#include "store/s3.h"

#include "base/ascii.h"

static bool is_region(struct str region)
{
    return region.size > 0 && ascii_consists_of(region, ASCII_LETTERS ASCII_DIGITS "-");
}

/* Source: Amazon S3 API reference, CreateBucket. */
int s3_location_constraint(const char *region, struct buffer *out, struct err *err)
{
    if (!is_region(str_of(region)))
        return err_set(err, E_BAD_CONFIG, "store.region \"%s\": letters, digits and '-'", region);
    if (strcmp(region, "us-east-1") == 0) return E_OK;
    buffer_printf(out,
                  "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                  "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>",
                  region);
    return out->failed ? err_set(err, E_NO_MEMORY, "preparing a request") : E_OK;
}

/* Amazon's oldest region answers 200 for a bucket that is ours already: who must know looks before.
 */
int s3_make(struct store *store, bool *ret_made, struct err *err)
{
    struct s3 *s3 = (struct s3 *)store;
    struct buffer body = {0};
    struct s3_call call = s3_call(s3, "PUT", STR(""));
    int rc = s3_location_constraint(s3->region, &body, err);
    if (rc == E_OK) {
        if (body.size) s3_call_header(&call, "content-type", STR("application/xml"));
        s3_call_body(&call, buffer_str(&body));
        rc = s3_perform(s3, &call, err);
    }
    bool ours = rc == E_EXISTS && strcmp(call.error.code, "BucketAlreadyOwnedByYou") == 0;
    buffer_deinit(&body);
    if (rc != E_OK && !ours) return rc;
    *ret_made = !ours;
    return E_OK;
}

int s3_versioning(struct store *store, enum store_versioning *ret_versioning, struct err *err)
{
    struct buffer body = {0};
    struct s3_call call = s3_call((struct s3 *)store, "GET", STR(""));
    s3_call_query(&call, "versioning", STR(""));
    call.out = &body;
    call.limit_bytes = 64 * 1024;
    int rc = s3_perform((struct s3 *)store, &call, err);
    if (rc == E_TOO_LARGE) rc = err_set(err, E_UPSTREAM, "an answer on versioning without end");
    if (rc == E_OK) rc = s3_reply_versioning(buffer_str(&body), ret_versioning, err);
    buffer_deinit(&body);
    return rc;
}
