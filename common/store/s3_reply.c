/* Reads S3's XML replies with the pull scanner. */
#include "store/s3_reply.h"

#include "aws/xml.h"
#include "base/ascii.h"

static int bad(struct err *err, const char *why)
{
    return err_set(err, E_UPSTREAM, "bad reply of the store: %s", why);
}

/* Copies printable ASCII, cut to fit. */
static void copy_clean(char *out, size_t out_bytes, struct str text)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size && size + 1 < out_bytes; i++) {
        char c = text.data[i];
        if (c >= ' ' && c <= '~') out[size++] = c;
    }
    out[size] = '\0';
}

bool s3_reply_error(struct str body, struct s3_error *ret_error)
{
    struct xml xml;
    enum xml_event event;
    struct s3_error error = {0};
    bool is_error = false;
    xml_init(&xml, body);
    while (xml_next(&xml, &event, NULL) == E_OK && event != XML_END) {
        if (event == XML_OPEN && xml.depth == 1) {
            is_error = str_equal(xml.name, STR("Error"));
            if (!is_error) break;
        }
        if (event != XML_CLOSE || xml.depth != 1) continue;
        struct str text = buffer_str(&xml.text);
        if (str_equal(xml.name, STR("Code")))
            copy_clean(error.code, sizeof error.code, text);
        else if (str_equal(xml.name, STR("Message")))
            copy_clean(error.message, sizeof error.message, text);
        else if (str_equal(xml.name, STR("Region")))
            copy_clean(error.region, sizeof error.region, text);
    }
    xml_deinit(&xml);
    *ret_error = error;
    return is_error;
}

bool s3_reply_is(struct str body, struct str root)
{
    struct xml xml;
    enum xml_event event;
    bool same = false, complete = false;
    xml_init(&xml, body);
    while (xml_next(&xml, &event, NULL) == E_OK && !complete) {
        if (event == XML_OPEN && xml.depth == 1) same = str_equal(xml.name, root);
        complete = event == XML_END;
    }
    xml_deinit(&xml);
    return same && complete;
}

int s3_reply_upload_id(struct str body, char ret_id[static S3_UPLOAD_ID_BYTES], struct err *err)
{
    struct xml xml;
    enum xml_event event = XML_OPEN;
    char id[S3_UPLOAD_ID_BYTES] = "";
    int rc;
    xml_init(&xml, body);
    while ((rc = xml_next(&xml, &event, err)) == E_OK && event != XML_END) {
        if (event != XML_CLOSE || xml.depth != 1 || !str_equal(xml.name, STR("UploadId"))) continue;
        if (xml.text.size < sizeof id) copy_clean(id, sizeof id, str_trim(buffer_str(&xml.text)));
    }
    xml_deinit(&xml);
    if (rc != E_OK) return rc;
    if (!*id) return bad(err, "no upload id");
    memcpy(ret_id, id, sizeof id);
    return E_OK;
}

/* No <Status>: versions were never asked for. */
int s3_reply_versioning(struct str body, enum store_versioning *ret_versioning, struct err *err)
{
    struct xml xml;
    enum xml_event event = XML_OPEN;
    enum store_versioning versioning = STORE_VERSIONING_OFF;
    bool is_versioning = false, known = true;
    int rc;
    xml_init(&xml, body);
    while ((rc = xml_next(&xml, &event, err)) == E_OK && event != XML_END) {
        if (event == XML_OPEN && xml.depth == 1)
            is_versioning = str_equal(xml.name, STR("VersioningConfiguration"));
        if (event != XML_CLOSE || xml.depth != 1 || !str_equal(xml.name, STR("Status"))) continue;
        struct str status = str_trim(buffer_str(&xml.text));
        bool enabled = str_equal(status, STR("Enabled"));
        known = enabled || str_equal(status, STR("Suspended"));
        versioning = enabled ? STORE_VERSIONING_ENABLED : STORE_VERSIONING_SUSPENDED;
    }
    xml_deinit(&xml);
    if (rc != E_OK) return rc;
    if (!is_versioning || !known) return bad(err, "no state of versioning");
    *ret_versioning = versioning;
    return E_OK;
}

/* --- lists ------------------------------------------------------------------------------------ */

struct list {
    struct store_page *page;
    struct store_object current;
    bool encoded, truncated, is_list;
};

static int list_field(struct list *list, struct str name, struct str text, struct err *err)
{
    struct store_object *object = &list->current;
    if (str_equal(name, STR("Key"))) {
        object->key = arena_copy(&list->page->arena, text);
        if (!object->key.data) return err_set(err, E_NO_MEMORY, "reading a list");
    } else if (str_equal(name, STR("Size"))) {
        if (!str_to_u64(str_trim(text), &object->info.size_bytes))
            return bad(err, "a size that is no number");
    } else if (str_equal(name, STR("LastModified"))) {
        if (!time_parse(str_trim(text), &object->info.modified_ms)) object->info.modified_ms = 0;
    } else if (str_equal(name, STR("ETag"))) {
        text = str_trim(text);
        if (text.size >= 2 && text.data[0] == '"') text = str_slice(text, 1, text.size - 1);
        copy_clean(object->info.etag, sizeof object->info.etag, text);
    }
    return E_OK;
}

static int list_add(struct list *list, struct err *err)
{
    if (list->page->count == STORE_PAGE_MAX) return bad(err, "more objects than asked for");
    if (list->current.key.size == 0) return bad(err, "an object without key");
    list->page->objects[list->page->count++] = list->current;
    return E_OK;
}

/* Contents are at depth 2, their fields at depth 3. */
static int list_event(struct list *list, const struct xml *xml, enum xml_event event,
                      struct err *err)
{
    struct str text = buffer_str(&xml->text);
    if (event == XML_OPEN && xml->depth == 1)
        list->is_list = str_equal(xml->name, STR("ListBucketResult"));
    bool in_contents = xml->depth >= 2 && str_equal(xml->open[1], STR("Contents"));
    if (event == XML_OPEN && xml->depth == 2 && in_contents)
        list->current = (struct store_object){0};
    if (event != XML_CLOSE) return E_OK;
    if (xml->depth == 2 && in_contents) return list_field(list, xml->name, text, err);
    if (xml->depth != 1) return E_OK;
    if (str_equal(xml->name, STR("Contents"))) return list_add(list, err);
    if (str_equal(xml->name, STR("IsTruncated")))
        list->truncated = str_equal(str_trim(text), STR("true"));
    if (str_equal(xml->name, STR("EncodingType")))
        list->encoded = str_equal(str_trim(text), STR("url"));
    return E_OK;
}

/* In place: it is our own copy. S3 writes a space as '+'. */
static bool decode_key(struct str *key)
{
    return ascii_percent_decode(*key, true, (char *)(uintptr_t)key->data, key->size, key);
}

/* Decodes and checks the keys, and takes prefix and folder markers off. */
static int list_finish(struct list *list, struct str prefix, struct str after, struct err *err)
{
    struct store_page *page = list->page;
    struct str last = after;
    size_t kept = 0;
    for (size_t i = 0; i < page->count; i++) {
        struct store_object object = page->objects[i];
        if (list->encoded && !decode_key(&object.key))
            return bad(err, "a key that isn't encoded as said");
        if (object.key.size > STORE_KEY_BYTES_MAX) return bad(err, "a key that is too long");
        if (!str_starts(object.key, prefix)) return bad(err, "a key without the prefix");
        if (str_compare(object.key, last) <= 0)
            return bad(err, "keys out of order (an S3 directory bucket?)");
        last = object.key;
        object.key = str_slice(object.key, prefix.size, object.key.size);
        page->next = object.key;
        if (object.key.size && !str_ends(object.key, STR("/"))) page->objects[kept++] = object;
    }
    if (list->truncated && page->count == 0)
        return bad(err, "a page without keys that is not the last");
    page->count = kept;
    page->more = list->truncated;
    return E_OK;
}

int s3_reply_list(struct str body, struct str prefix, struct str after, struct store_page *page,
                  struct err *err)
{
    struct xml xml;
    enum xml_event event = XML_OPEN;
    struct list list = {.page = page};
    page->objects = ARENA_ARRAY(&page->arena, struct store_object, STORE_PAGE_MAX);
    if (!page->objects) return err_set(err, E_NO_MEMORY, "reading a list");
    int rc;
    xml_init(&xml, body);
    while ((rc = xml_next(&xml, &event, err)) == E_OK && event != XML_END) {
        rc = list_event(&list, &xml, event, err);
        if (rc != E_OK) break;
    }
    xml_deinit(&xml);
    if (rc == E_OK && !list.is_list) rc = bad(err, "not a list");
    return rc == E_OK ? list_finish(&list, prefix, after, err) : rc;
}
