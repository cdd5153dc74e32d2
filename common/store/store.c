/* The interface in front of the back ends: opening, checking keys, and what is the same for all. */
#include "store/backends.h"

#include <assert.h>

#define OPTIONS_OWNER struct store_options
OPTIONS_TABLE(store, STORE_OPTIONS,
              "How object stores are reached; credentials are never printed.");

struct store_config store_config_of(const struct store_options *options, const char *url)
{
    return (struct store_config){
        .url = url,
        .endpoint = options->endpoint,
        .region = options->region,
        .addressing = (enum store_addressing)options->addressing,
        .access_key_id = options->access_key_id,
        .secret_access_key = options->secret_access_key,
        .session_token = options->session_token,
        .credentials_file = options->credentials_file,
        .profile = options->profile,
        .encryption = (enum store_encryption)options->encryption,
        .kms_key_id = options->kms_key_id,
        .storage_class = options->storage_class,
        .tags = options->tags,
        .ca_file = options->ca_file,
        .connect_timeout_ms = options->connect_timeout,
        .deadline_ms = options->deadline,
        .least_speed_bytes = options->least_speed,
        .least_speed_time_ms = options->least_speed_time,
    };
}

int store_open(const struct store_config *config, struct store **ret_store, struct err *err)
{
    struct location location;
    int rc = location_parse(config->url, &location, err);
    if (rc != E_OK) return rc;
    if (location.s3) return s3_open(config, &location, ret_store, err);
    return directory_open(config, &location, ret_store, err);
}

void store_close(struct store *store)
{
    if (store) store->ops->close(store);
}

const char *store_description(const struct store *store) { return store->ops->description(store); }

int store_probe(struct store *store, struct err *err)
{
    struct store_page page = {0};
    int rc = store_list(store, STR(""), STR(""), 1, &page, err);
    store_page_deinit(&page);
    return rc;
}

/* --- the bucket or folder itself ------------------------------------------------------------- */

int store_make(const struct store_config *config, bool *ret_made, struct err *err)
{
    struct location location;
    struct store *store = NULL;
    int rc = location_parse(config->url, &location, err);
    if (rc != E_OK) return rc;
    if (!location.s3) return directory_make(&location, ret_made, err);
    rc = s3_open(config, &location, &store, err);
    if (rc == E_OK) rc = s3_make(store, ret_made, err);
    store_close(store);
    return rc;
}

int store_versioning(struct store *store, enum store_versioning *ret_versioning, struct err *err)
{
    store->retry_after_ms = 0;
    if (store->ops->versioning) return store->ops->versioning(store, ret_versioning, err);
    *ret_versioning = STORE_VERSIONING_OFF;
    return E_OK;
}

/* --- keys ------------------------------------------------------------------------------------ */

static int refuse_key(struct err *err, const char *why)
{
    return err_set(err, E_BAD_MESSAGE, "object key: %s", why);
}

static int check_segment(struct str segment, struct err *err)
{
    if (segment.size == 0) return refuse_key(err, "empty segment");
    if (segment.size > STORE_SEGMENT_BYTES_MAX)
        return refuse_key(err, "a segment of more than 200 bytes");
    if (str_equal(segment, STR(".")) || str_equal(segment, STR("..")))
        return refuse_key(err, "\".\" or \"..\" segment");
    if (str_starts(segment, STR(STORE_TEMPORARY_PREFIX)))
        return refuse_key(err, "a temporary file's name");
    return E_OK;
}

int store_key_check(struct str key, struct err *err)
{
    if (key.size == 0) return refuse_key(err, "empty");
    if (key.size > STORE_KEY_BYTES_MAX) return refuse_key(err, "longer than 1024 bytes");
    if (!str_is_utf8(key)) return refuse_key(err, "not UTF-8");
    for (size_t i = 0; i < key.size; i++)
        if ((uint8_t)key.data[i] < ' ' || key.data[i] == 0x7F)
            return refuse_key(err, "control character");
    for (bool last = false; !last;) {
        last = str_find(key, STR("/")) == key.size;
        int rc = check_segment(str_cut(&key, '/'), err);
        if (rc != E_OK) return rc;
    }
    return E_OK;
}

/* What others wrote may have any key that their store took: only bounds are checked for reading. */
static int check_foreign_key(struct str key, struct err *err)
{
    if (key.size == 0 || key.size > STORE_KEY_BYTES_MAX)
        return refuse_key(err, "empty, or longer than 1024 bytes");
    return memchr(key.data, '\0', key.size) ? refuse_key(err, "NUL") : E_OK;
}

/* --- objects --------------------------------------------------------------------------------- */

static const struct store_put_options plain = {0};

int store_put(struct store *store, struct str key, struct str body,
              const struct store_put_options *options, struct err *err)
{
    store->retry_after_ms = 0;
    int rc = store_key_check(key, err);
    return rc != E_OK ? rc : store->ops->put(store, key, body, options ? options : &plain, err);
}

static int get(struct store *store, struct str key, uint64_t offset, size_t size_bytes,
               const char *etag, bool whole, struct buffer *out, struct err *err)
{
    size_t before = out->size;
    store->retry_after_ms = 0;
    int rc = check_foreign_key(key, err);
    if (rc == E_OK) rc = store->ops->get(store, key, offset, size_bytes, etag, whole, out, err);
    if (rc != E_OK) out->size = before;
    return rc;
}

int store_get(struct store *store, struct str key, size_t limit_bytes, struct buffer *out,
              struct err *err)
{
    return get(store, key, 0, limit_bytes, NULL, true, out, err);
}

int store_get_range(struct store *store, struct str key, uint64_t offset, size_t size_bytes,
                    const char *etag, struct buffer *out, struct err *err)
{
    if (size_bytes == 0) return E_OK;
    if (offset > INT64_MAX - size_bytes)
        return err_set(err, E_TOO_LARGE, "offset beyond any object");
    return get(store, key, offset, size_bytes, etag && *etag ? etag : NULL, false, out, err);
}

int store_head(struct store *store, struct str key, struct store_info *ret_info, struct err *err)
{
    store->retry_after_ms = 0;
    int rc = check_foreign_key(key, err);
    return rc != E_OK ? rc : store->ops->head(store, key, ret_info, err);
}

int store_delete(struct store *store, struct str key, struct err *err)
{
    store->retry_after_ms = 0;
    int rc = check_foreign_key(key, err);
    return rc != E_OK ? rc : store->ops->delete (store, key, err);
}

void store_page_deinit(struct store_page *page)
{
    if (!page) return;
    arena_deinit(&page->arena);
    *page = (struct store_page){0};
}

int store_list(struct store *store, struct str prefix, struct str after, size_t limit,
               struct store_page *page, struct err *err)
{
    store->retry_after_ms = 0;
    if (prefix.size > STORE_KEY_BYTES_MAX || after.size > STORE_KEY_BYTES_MAX)
        return refuse_key(err, "a prefix of more than 1024 bytes");
    if (limit == 0 || limit > STORE_PAGE_MAX) limit = STORE_PAGE_MAX;

    /* Copied: `after` may lie in the page that is about to be overwritten. */
    char after_copy[STORE_KEY_BYTES_MAX], prefix_copy[STORE_KEY_BYTES_MAX];
    if (after.size) memcpy(after_copy, after.data, after.size);
    if (prefix.size) memcpy(prefix_copy, prefix.data, prefix.size);
    struct arena arena = page->arena;
    arena_reset(&arena);
    *page = (struct store_page){.arena = arena};
    int rc = store->ops->list(store, str_make(prefix_copy, prefix.size),
                              str_make(after_copy, after.size), limit, page, err);
    if (rc != E_OK) page->objects = NULL, page->count = 0, page->more = false, page->next = STR("");
    return rc;
}

/* --- parts ----------------------------------------------------------------------------------- */

int store_upload_begin(struct store *store, struct str key, const struct store_put_options *options,
                       struct store_upload **ret_upload, struct err *err)
{
    store->retry_after_ms = 0;
    int rc = store_key_check(key, err);
    return rc != E_OK
               ? rc
               : store->ops->upload_begin(store, key, options ? options : &plain, ret_upload, err);
}

int store_upload_part(struct store_upload *upload, struct str bytes, struct err *err)
{
    upload->store->retry_after_ms = 0;
    if (upload->parts >= STORE_PARTS_MAX)
        return err_set(err, E_TOO_LARGE, "more than %d parts", STORE_PARTS_MAX);
    int rc = upload->store->ops->upload_part(upload, bytes, err);
    if (rc == E_OK) upload->parts++;
    return rc;
}

int store_upload_finish(struct store_upload *upload, struct err *err)
{
    assert(upload->parts > 0);
    upload->store->retry_after_ms = 0;
    return upload->store->ops->upload_finish(upload, err);
}

void store_upload_abort(struct store_upload *upload)
{
    if (upload) upload->store->ops->upload_abort(upload);
}
