/* Object, then manifest; or what is there already. */
#include "workers/logsink/keep.h"

#include "archive/line.h"
#include "archive/lines.h"
#include "archive/manifest.h"
#include "base/crash.h"

/* Ours are bounded by logsink.memory; others' may have had more. */
enum { OBJECT_BYTES_MAX = 1 << 30 };

/* --- writing --------------------------------------------------------------------------------- */

static int put_parts(struct store *store, struct str key, struct str bytes, size_t part_bytes,
                     const struct store_put_options *options, struct err *err)
{
    struct store_upload *upload;
    int rc = store_upload_begin(store, key, options, &upload, err);
    if (rc != E_OK) return rc;
    for (size_t at = 0; rc == E_OK && at < bytes.size; at += part_bytes)
        rc = store_upload_part(upload, str_slice(bytes, at, at + part_bytes), err);
    if (rc == E_OK) rc = store_upload_finish(upload, err);
    if (rc != E_OK) store_upload_abort(upload);
    return rc;
}

static int put_object(struct store *store, const struct keep_options *options, struct str key,
                      const struct object *object, struct err *err)
{
    const struct store_put_options put = {.if_absent = true, .content_type = "application/zstd"};
    struct str bytes = buffer_str(&object->packed);
    if (bytes.size > options->part_bytes)
        return put_parts(store, key, bytes, (size_t)options->part_bytes, &put, err);
    return store_put(store, key, bytes, &put, err);
}

/* One that is there already says the same: it follows from the object. */
static int put_manifest(struct store *store, const struct object_facts *facts, struct err *err)
{
    const struct store_put_options put = {.if_absent = true, .content_type = "application/json"};
    char key[LAYOUT_KEY_BYTES];
    struct buffer text = {0};
    layout_manifest_key(facts->topic, facts->partition, facts->span, key);
    manifest_write(facts, &text);
    int rc = text.failed ? err_set(err, E_NO_MEMORY, NULL)
                         : store_put(store, str_of(key), buffer_str(&text), &put, err);
    buffer_deinit(&text);
    return rc == E_EXISTS ? E_OK : rc;
}

/* --- what is there already ------------------------------------------------------------------- */

int keep_contradiction(int rc, struct err *err)
{
    if (err_class((enum err_code)rc) != ERR_REJECT || rc == E_CANCELLED) return rc;
    if (err) err->code = E_BAD_CONFIG;
    return E_BAD_CONFIG;
}

int keep_compare_lines(struct str ours, struct str theirs, struct arena *arena, struct err *err)
{
    struct line_identity mine = {0}, other = {0};
    if (str_equal(ours, theirs)) return E_OK;
    int rc = line_identify(ours, arena, &mine, err);
    if (rc == E_OK) rc = line_identify(theirs, arena, &other, err);
    if (rc != E_OK) return keep_contradiction(rc, err);
    /* Another version of ours may have written it otherwise, or as no record. */
    bool same_id = str_equal(mine.id, other.id) || !mine.id.size || !other.id.size;
    if (mine.offset == other.offset && mine.timestamp_ms == other.timestamp_ms && same_id)
        return E_OK;
    return err_set(
        err, E_BAD_CONFIG,
        "the archive holds another record at offset %lld: was the topic created anew? Give "
        "it an archive of its own (logsink.url)",
        (long long)mine.offset);
}

static int compare_objects(const struct object *ours, struct str theirs, struct err *err)
{
    struct str packed = buffer_str(&ours->packed), mine, other;
    struct line_reader left = {0}, right = {0};
    struct arena arena = {0};
    int rc = line_reader_init(&left, &packed, 1, err);
    if (rc == E_OK) rc = line_reader_init(&right, &theirs, 1, err);
    while (rc == E_OK) {
        arena_reset(&arena);
        rc = line_reader_next(&left, &mine, err);
        if (rc == E_OK) rc = line_reader_next(&right, &other, err);
        if (rc != E_OK || !mine.data || !other.data) break; /* one of them was cut earlier */
        rc = keep_compare_lines(mine, other, &arena, err);
    }
    line_reader_deinit(&left);
    line_reader_deinit(&right);
    arena_deinit(&arena);
    return rc;
}

static int adopt(struct store *store, struct str key, const struct object *object,
                 struct object_facts *ret_stored, struct err *err)
{
    struct buffer found = {0};
    const struct object_facts *facts = &object->facts;
    int rc = store_get(store, key, OBJECT_BYTES_MAX, &found, err);
    if (rc == E_NOT_FOUND) /* deleted since the store said that it exists */
        rc = err_set(err, E_BUSY, "%.*s comes and goes", STR_ARGS(key));
    if (rc == E_OK && !str_equal(buffer_str(&found), buffer_str(&object->packed)))
        rc = compare_objects(object, buffer_str(&found), err);
    if (rc == E_OK)
        rc = object_read_facts(buffer_str(&found), facts->topic, facts->partition, ret_stored, err);
    buffer_deinit(&found);
    if (rc != E_OK) err_wrap(err, "%.*s", STR_ARGS(key));
    return rc != E_OK ? keep_contradiction(rc, err) : E_OK;
}

int keep_object(struct store *store, const struct keep_options *options, struct object *object,
                struct object_facts *ret_stored, bool *ret_adopted, struct err *err)
{
    char key[LAYOUT_KEY_BYTES];
    struct object_facts stored;
    int rc = object_finish(object, options->level, err);
    if (rc != E_OK) return rc;
    stored = object->facts;
    layout_object_key(stored.topic, stored.partition, stored.span.start, stored.first_ms, key);
    crash_point("archive.put");
    rc = put_object(store, options, str_of(key), object, err);
    bool adopted = rc == E_EXISTS;
    if (adopted) rc = adopt(store, str_of(key), object, &stored, err);
    if (rc == E_OK) crash_point("archive.object");
    if (rc == E_OK) rc = put_manifest(store, &stored, err);
    if (rc != E_OK) return rc;
    crash_point("archive.manifest");
    *ret_stored = stored;
    *ret_adopted = adopted;
    return E_OK;
}
