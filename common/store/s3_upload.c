/* Large objects to S3, in parts.
 *
 * Happy path: create, parts, complete. An answer to complete may be lost, or be 200 with an error
 * inside, and asking again then says that the upload is unknown, or the key taken. Then the token
 * in the object's metadata tells (s3_is_ours()): if the object that is there carries ours, the
 * upload was completed. */
#include "store/s3.h"

#include <stdlib.h>

struct part {
    char etag[STORE_ETAG_BYTES];
};

struct s3_upload {
    struct store_upload base;
    char id[S3_UPLOAD_ID_BYTES], token[S3_TOKEN_BYTES];
    bool if_absent;
    struct buffer parts; /* of struct part */
    struct str key;      /* behind the struct */
};

static struct s3 *of(struct store *store) { return (struct s3 *)store; }

static void upload_free(struct s3_upload *upload)
{
    buffer_deinit(&upload->parts);
    free(upload);
}

static int create(struct s3 *s3, struct s3_upload *upload, const struct store_put_options *options,
                  struct err *err)
{
    struct buffer body = {0};
    struct s3_call call = s3_call(s3, "POST", upload->key);
    int rc = s3_put_headers(s3, &call, options, err);
    if (rc != E_OK) return rc;
    s3_call_header(&call, S3_TOKEN_HEADER, str_of(upload->token));
    s3_call_query(&call, "uploads", STR(""));
    s3_call_body(&call, STR(""));
    call.out = &body;
    call.limit_bytes = 64 * 1024;
    rc = s3_perform(s3, &call, err);
    if (rc == E_OK) rc = s3_reply_upload_id(buffer_str(&body), upload->id, err);
    buffer_deinit(&body);
    return rc;
}

int s3_upload_begin(struct store *store, struct str key, const struct store_put_options *options,
                    struct store_upload **ret_upload, struct err *err)
{
    struct s3_upload *upload = calloc(1, sizeof *upload + key.size);
    if (!upload) return err_set(err, E_NO_MEMORY, "beginning an upload");
    memcpy(upload + 1, key.data, key.size);
    upload->key = str_make(upload + 1, key.size);
    upload->base.store = store;
    upload->if_absent = options->if_absent;
    int rc = s3_make_token(upload->token, err);
    if (rc == E_OK) rc = create(of(store), upload, options, err);
    if (rc == E_OK)
        *ret_upload = &upload->base;
    else
        upload_free(upload);
    return rc;
}

int s3_upload_part(struct store_upload *base, struct str bytes, struct err *err)
{
    struct s3_upload *upload = (struct s3_upload *)base;
    struct s3 *s3 = of(base->store);
    struct s3_call call = s3_call(s3, "PUT", upload->key);
    struct str number = arena_printf(&s3->scratch, "%u", base->parts + 1);
    if (!number.data) return err_set(err, E_NO_MEMORY, "preparing a request");
    s3_call_query(&call, "partNumber", number);
    s3_call_query(&call, "uploadId", str_of(upload->id));
    s3_call_header(&call, "content-type", STR("application/octet-stream"));
    s3_call_body(&call, bytes); /* the hash is signed: a torn part is refused */
    int rc = s3_perform(s3, &call, err);
    if (rc != E_OK) return rc;
    if (!*call.reply.etag) return err_set(err, E_UPSTREAM, "the store took a part without an ETag");
    struct part part = {0};
    memcpy(part.etag, call.reply.etag, sizeof part.etag);
    buffer_append(&upload->parts, &part, sizeof part);
    return upload->parts.failed ? err_set(err, E_NO_MEMORY, "keeping an upload's parts") : E_OK;
}

static void write_parts(const struct s3_upload *upload, struct buffer *out)
{
    const struct part *part = (const struct part *)(const void *)upload->parts.data;
    buffer_add(out,
               STR("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"));
    for (uint32_t i = 0; i < upload->base.parts;
         i++) /* ETags hold no markup: copy_header() saw to it */
        buffer_printf(out, "<Part><PartNumber>%u</PartNumber><ETag>\"%s\"</ETag></Part>", i + 1,
                      part[i].etag);
    buffer_add(out, STR("</CompleteMultipartUpload>"));
}

static int complete(struct s3 *s3, struct s3_upload *upload, struct err *err)
{
    struct buffer request = {0}, reply = {0};
    struct s3_call call = s3_call(s3, "POST", upload->key);
    int rc = E_OK;
    write_parts(upload, &request);
    if (request.failed) {
        rc = err_set(err, E_NO_MEMORY, "completing an upload");
        goto out;
    }
    s3_call_query(&call, "uploadId", str_of(upload->id));
    s3_call_header(&call, "content-type", STR("application/xml"));
    if (upload->if_absent) s3_call_header(&call, "if-none-match", STR("*"));
    call.if_absent = upload->if_absent;
    s3_call_body(&call, buffer_str(&request));
    call.out = &reply;
    call.limit_bytes = 64 * 1024;
    rc = s3_perform(s3, &call, err);
    if (rc != E_OK) goto out;
    if (s3_reply_error(buffer_str(&reply), &call.error)) {
        call.status = 500; /* 200 was sent before the store knew */
        rc = s3_refused(s3, &call, err);
    } else if (!s3_reply_is(buffer_str(&reply), STR("CompleteMultipartUploadResult"))) {
        rc = err_set(err, E_UPSTREAM, "the store's answer to a complete upload is cut off");
    }
out:
    buffer_deinit(&request);
    buffer_deinit(&reply);
    return rc;
}

int s3_upload_finish(struct store_upload *base, struct err *err)
{
    struct s3_upload *upload = (struct s3_upload *)base;
    struct s3 *s3 = of(base->store);
    int rc = complete(s3, upload, err);
    if (rc == E_NOT_FOUND || rc == E_EXISTS)
        rc = s3_is_ours(s3, upload->key, upload->token, rc, err);
    if (rc != E_OK) return rc;
    upload_free(upload);
    return E_OK;
}

void s3_upload_abort(struct store_upload *base)
{
    struct s3_upload *upload = (struct s3_upload *)base;
    struct s3 *s3 = of(base->store);
    struct s3_call call = s3_call(s3, "DELETE", upload->key);
    struct err ignored; /* what stays is for the bucket's lifecycle rule on incomplete uploads */
    s3_call_query(&call, "uploadId", str_of(upload->id));
    if (s3_perform(s3, &call, &ignored) != E_OK) s3->base.retry_after_ms = 0;
    upload_free(upload);
}
