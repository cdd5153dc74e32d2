/* The S3 store: objects below a prefix of a bucket, by any server that speaks S3.
 *
 * if_absent is If-None-Match: *, which Amazon (since 2024), MinIO and others honour; a server that
 * doesn't know it answers 501 (BAD_CONFIG) at best. */
#include "store/s3.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>

#include "aws/region.h"
#include "base/ascii.h"

static struct s3 *of(struct store *store) { return (struct s3 *)store; }

/* --- objects ---------------------------------------------------------------------------------- */

static bool is_header_text(struct str s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] < ' ' || s.data[i] > '~') return false;
    return true;
}

static bool is_metadata_name(struct str s)
{
    return s.size > 0 && s.size <= 64 && ascii_consists_of(s, ASCII_LETTERS ASCII_DIGITS "-");
}

static int add_metadata(struct s3 *s3, struct s3_call *call,
                        const struct store_put_options *options, struct err *err)
{
    if (options->metadata_count > S3_METADATA_MAX)
        return err_set(err, E_USAGE, "more than %d metadata", S3_METADATA_MAX);
    for (size_t i = 0; i < options->metadata_count; i++) {
        struct store_pair pair = options->metadata[i];
        if (!is_metadata_name(pair.name) || !is_header_text(pair.value))
            return err_set(err, E_USAGE, "metadata \"%.*s\" doesn't fit in a header",
                           STR_ARGS(pair.name));
        struct str name = arena_printf(&s3->scratch, "x-amz-meta-%.*s", STR_ARGS(pair.name));
        if (!name.data) return err_set(err, E_NO_MEMORY, "preparing a request");
        s3_call_header(call, name.data, pair.value);
    }
    return E_OK;
}

int s3_put_headers(struct s3 *s3, struct s3_call *call, const struct store_put_options *options,
                   struct err *err)
{
    struct str type =
        options->content_type ? str_of(options->content_type) : STR("application/octet-stream");
    struct str encoding = str_of(options->content_encoding);
    if (!is_header_text(type) || !is_header_text(encoding))
        return err_set(err, E_USAGE, "content type or encoding");
    s3_call_header(call, "content-type", type);
    s3_call_header(call, "content-encoding", encoding);
    s3_call_header(call, "x-amz-server-side-encryption", str_of(s3->encryption));
    s3_call_header(call, "x-amz-server-side-encryption-aws-kms-key-id", str_of(s3->kms_key_id));
    s3_call_header(call, "x-amz-storage-class", str_of(s3->storage_class));
    s3_call_header(call, "x-amz-tagging", str_of(s3->tags));
    return add_metadata(s3, call, options, err);
}

int s3_make_token(char ret_token[static S3_TOKEN_BYTES], struct err *err)
{
    uint8_t nonce[(S3_TOKEN_BYTES - 1) / 2];
    if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce) {
        err_system(err, E_SYSTEM, "getrandom");
        return E_SYSTEM;
    }
    hash_hex(nonce, sizeof nonce, ret_token);
    return E_OK;
}

int s3_is_ours(struct s3 *s3, struct str key, const char *token, int refusal, struct err *err)
{
    struct err head_err;
    struct s3_call call = s3_call(s3, "HEAD", key);
    int rc = s3_perform(s3, &call, &head_err);
    if (rc == E_OK && strcmp(call.reply.upload_token, token) == 0) return E_OK;
    if (rc == E_OK || rc == E_NOT_FOUND) return refusal;
    return err_set(err, (enum err_code)rc, "%s", head_err.text);
}

enum { SHA256_BASE64_BYTES = 45 };

static void base64_of(const uint8_t hash[static SHA256_BYTES], char out[static SHA256_BASE64_BYTES])
{
    EVP_EncodeBlock((unsigned char *)out, hash, SHA256_BYTES);
}

static int s3_put(struct store *store, struct str key, struct str body,
                  const struct store_put_options *options, struct err *err)
{
    struct s3 *s3 = of(store);
    char checksum[SHA256_BASE64_BYTES], token[S3_TOKEN_BYTES] = "";
    if (options->if_absent && s3_make_token(token, err) != E_OK) return E_SYSTEM;
    struct s3_call call = s3_call(s3, "PUT", key);
    int rc = s3_put_headers(s3, &call, options, err);
    if (rc != E_OK) return rc;
    s3_call_body(&call, body);
    base64_of(call.body_hash, checksum);
    s3_call_header(&call, "x-amz-checksum-sha256", str_of(checksum));
    s3_call_header(&call, S3_TOKEN_HEADER, str_of(token));
    if (options->if_absent) s3_call_header(&call, "if-none-match", STR("*"));
    call.if_absent = options->if_absent;
    rc = s3_perform(s3, &call, err);
    return rc == E_EXISTS && options->if_absent ? s3_is_ours(s3, key, token, E_EXISTS, err) : rc;
}

/* Status 200 with the whole object; 206 with the range. */
static int check_range(const struct s3_call *call, uint64_t offset, int rc, struct err *err)
{
    bool whole = call->status == 200;
    if (whole && offset == 0 && rc == E_OK) return E_OK;
    if (whole && (rc == E_OK || rc == E_TOO_LARGE))
        return err_set(err, E_UPSTREAM, "the store doesn't know ranges");
    return rc;
}

static int s3_head(struct store *store, struct str key, struct store_info *ret_info,
                   struct err *err)
{
    struct s3_call call = s3_call(of(store), "HEAD", key);
    int rc = s3_perform(of(store), &call, err);
    if (rc != E_OK) return rc;
    *ret_info = (struct store_info){.size_bytes = call.reply.size_bytes,
                                    .modified_ms = call.reply.modified_ms};
    memcpy(ret_info->etag, call.reply.etag, sizeof ret_info->etag);
    return E_OK;
}

/* 416: nothing there, which is fine if it is the object that was meant (MinIO looks at the range
 * first). */
static int behind_the_end(struct store *store, struct str key, const char *etag, struct err *err)
{
    struct store_info info;
    int rc = etag ? s3_head(store, key, &info, err) : E_OK;
    if (rc == E_OK && etag && strcmp(etag, info.etag) != 0)
        rc = err_set(err, E_NOT_FOUND, "%.*s has changed", STR_ARGS(key));
    return rc;
}

static int s3_get(struct store *store, struct str key, uint64_t offset, size_t size_bytes,
                  const char *etag, bool whole, struct buffer *out, struct err *err)
{
    struct s3 *s3 = of(store);
    size_t before = out->size;
    struct s3_call call = s3_call(s3, "GET", key);
    call.out = out;
    call.limit_bytes = size_bytes;
    if (whole) {
        s3_call_header(&call, "x-amz-checksum-mode", STR("ENABLED"));
    } else {
        struct str range = arena_printf(&s3->scratch, "bytes=%llu-%llu", (unsigned long long)offset,
                                        (unsigned long long)(offset + size_bytes - 1));
        struct str match = etag ? arena_printf(&s3->scratch, "\"%s\"", etag) : STR("");
        if (!range.data || !match.data) return err_set(err, E_NO_MEMORY, "preparing a request");
        if (!is_header_text(match)) return err_set(err, E_USAGE, "etag");
        s3_call_header(&call, "range", range);
        s3_call_header(&call, "if-match", match);
    }
    int rc = s3_perform(s3, &call, err);
    if (!whole && call.status == 416) return behind_the_end(store, key, etag, err);
    if (!whole) return check_range(&call, offset, rc, err);
    if (rc == E_TOO_LARGE) err_wrap(err, "%.*s", STR_ARGS(key));
    if (rc != E_OK || !*call.reply.checksum_sha256 || strchr(call.reply.checksum_sha256, '-'))
        return rc;
    char checksum[SHA256_BASE64_BYTES];
    uint8_t hash[SHA256_BYTES];
    hash_sha256(str_slice(buffer_str(out), before, out->size), hash);
    base64_of(hash, checksum);
    if (strcmp(checksum, call.reply.checksum_sha256) == 0) return E_OK;
    return err_set(err, E_IO, "%.*s arrived damaged: its checksum differs", STR_ARGS(key));
}

static int s3_delete(struct store *store, struct str key, struct err *err)
{
    struct s3_call call = s3_call(of(store), "DELETE", key);
    int rc = s3_perform(of(store), &call, err);
    return rc == E_NOT_FOUND ? E_OK : rc;
}

/* Pages go on by start-after, not by a token: so a list is stateless, and can be taken up anywhere.
 * It begins behind the prefix: a folder marker of that very name is a key of no bytes to our
 * caller, who could not go on behind it. */
static int s3_list(struct store *store, struct str prefix, struct str after, size_t limit,
                   struct store_page *page, struct err *err)
{
    struct s3 *s3 = of(store);
    struct buffer body = {0};
    struct s3_call call = s3_call(s3, "GET", STR(""));
    struct str full_prefix = s3_full_key(s3, prefix),
               full_after = s3_full_key(s3, after);
    struct str count = arena_printf(&s3->scratch, "%zu", limit);
    size_t own = strlen(s3->location.prefix);
    if (!count.data || full_prefix.size != own + prefix.size || full_after.size != own + after.size)
        return err_set(err, E_NO_MEMORY, "preparing a request");
    s3_call_query(&call, "list-type", STR("2"));
    s3_call_query(&call, "encoding-type", STR("url"));
    s3_call_query(&call, "max-keys", count);
    if (full_prefix.size) s3_call_query(&call, "prefix", full_prefix);
    if (full_after.size) s3_call_query(&call, "start-after", full_after);
    call.out = &body;
    call.limit_bytes = S3_REPLY_BYTES_MAX;
    int rc = s3_perform(s3, &call, err);
    if (rc == E_TOO_LARGE)
        rc = err_set(err, E_UPSTREAM, "a list of more than %d bytes", S3_REPLY_BYTES_MAX);
    if (rc == E_OK)
        rc = s3_reply_list(buffer_str(&body), str_of(s3->location.prefix), full_after, page, err);
    buffer_deinit(&body);
    return rc;
}

/* --- the store -------------------------------------------------------------------------------- */

static const char *s3_description(const struct store *store)
{
    return ((const struct s3 *)store)->description;
}

static void s3_close(struct store *store)
{
    struct s3 *s3 = of(store);
    curl_easy_cleanup(s3->curl);
    s3_keys_close(s3);
    if (s3->credentials_config.secret_access_key)
        explicit_bzero((char *)(uintptr_t)s3->credentials_config.secret_access_key,
                       strlen(s3->credentials_config.secret_access_key)); /* our copy, in `texts` */
    sigv4_signer_deinit(&s3->signer);
    sigv4_signed_deinit(&s3->sign);
    buffer_deinit(&s3->url);
    buffer_deinit(&s3->query);
    buffer_deinit(&s3->error_body);
    arena_deinit(&s3->scratch);
    arena_deinit(&s3->texts);
    free(s3);
}

static const struct store_ops s3_ops = {
    .description = s3_description,
    .put = s3_put,
    .get = s3_get,
    .head = s3_head,
    .list = s3_list,
    .delete = s3_delete,
    .upload_begin = s3_upload_begin,
    .upload_part = s3_upload_part,
    .upload_finish = s3_upload_finish,
    .upload_abort = s3_upload_abort,
    .versioning = s3_versioning,
    .close = s3_close,
};

/* A copy that lives as long as the store; NULL for what isn't set. */
static const char *keep(struct s3 *s3, const char *text, bool *ok)
{
    if (!text || !*text) return NULL;
    struct str copy = arena_copy(&s3->texts, str_of(text));
    if (!copy.data) *ok = false;
    return copy.data;
}

static int64_t or_default(int64_t value, int64_t fallback) { return value ? value : fallback; }

static int copy_config(struct s3 *s3, const struct store_config *config, struct err *err)
{
    static const char *const encryptions[] = {NULL, "AES256", "aws:kms"};
    bool ok = true;
    s3->region = keep(s3, region_choose(config->region), &ok);
    s3->encryption = encryptions[config->encryption];
    s3->kms_key_id =
        config->encryption == STORE_ENCRYPTION_KMS ? keep(s3, config->kms_key_id, &ok) : NULL;
    s3->storage_class = keep(s3, config->storage_class, &ok);
    s3->tags = keep(s3, config->tags, &ok);
    s3->ca_file = keep(s3, config->ca_file, &ok);
    s3->credentials_config = (struct credentials_config){
        .access_key_id = keep(s3, config->access_key_id, &ok),
        .secret_access_key = keep(s3, config->secret_access_key, &ok),
        .session_token = keep(s3, config->session_token, &ok),
        .file = keep(s3, config->credentials_file, &ok),
        .profile = keep(s3, config->profile, &ok),
    };
    s3->connect_timeout_ms = or_default(config->connect_timeout_ms, 5000);
    s3->deadline_ms = or_default(config->deadline_ms, 60000);
    s3->least_speed_time_ms = or_default(config->least_speed_time_ms, 20000);
    s3->least_speed_bytes = config->least_speed_bytes ? config->least_speed_bytes : 1024;
    s3->clock = config->clock ? config->clock : clock_system();
    s3->cancelled = config->cancelled;
    if (!ok) return err_set(err, E_NO_MEMORY, "opening a store");
    const char *headers[] = {s3->region, s3->kms_key_id, s3->storage_class, s3->tags};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (!is_header_text(str_of(headers[i])))
            return err_set(err, E_BAD_CONFIG,
                           "store: region, key id, storage class and tags are printable ASCII");
    return E_OK;
}

int s3_open(const struct store_config *config, const struct location *location,
            struct store **ret_store, struct err *err)
{
    int rc = curl_start(err);
    if (rc == E_OK) rc = curl_check_ca_file("store.ca_file", config->ca_file, err);
    if (rc) return rc;
    struct s3 *s3 = calloc(1, sizeof *s3);
    if (!s3) return err_set(err, E_NO_MEMORY, "opening a store");
    s3->base.ops = &s3_ops;
    s3->location = *location;
    rc = copy_config(s3, config, err);
    if (rc == E_OK)
        rc = endpoint_make(config->endpoint, s3->region, location->bucket, config->addressing,
                           &s3->endpoint, err);
    if (rc == E_OK) rc = s3_keys_open(s3, err);
    if (rc == E_OK) {
        s3->description = arena_printf(&s3->texts, "s3://%s/%s at %s", location->bucket,
                                       location->prefix, s3->endpoint.base)
                              .data;
        s3->curl = curl_easy_init();
        if (!s3->curl || !s3->description) rc = err_set(err, E_NO_MEMORY, "opening a store");
    }
    if (rc == E_OK)
        *ret_store = &s3->base;
    else
        s3_close(&s3->base);
    return rc;
}
