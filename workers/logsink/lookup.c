/* Manifests listed, and the one object that matters opened. */
#include "workers/logsink/lookup.h"

#include "archive/line.h"
#include "archive/lines.h"
#include "archive/manifest.h"
#include "workers/logsink/keep.h"

enum { OBJECT_BYTES_MAX = 1 << 30 };

static int list_spans(struct store *store, enum topic topic, uint32_t partition, int64_t offset,
                      struct lookup_result *result, struct err *err)
{
    char prefix[LAYOUT_KEY_BYTES], after[LAYOUT_KEY_BYTES];
    struct store_page page = {0};
    layout_manifest_prefix(topic, partition, prefix);
    layout_manifest_after(topic, partition, offset, after);
    int rc = store_list(store, str_of(prefix), str_of(after), LOOKUP_SPANS_MAX, &page, err);
    for (size_t i = 0; rc == E_OK && i < page.count; i++)
        if (layout_manifest_span(page.objects[i].key, &result->spans[result->count]))
            result->count++; /* others' files are left alone */
    result->more = rc == E_OK && page.more && result->count;
    store_page_deinit(&page);
    return rc;
}

static int compare_with_object(struct str packed, int64_t offset, struct str line, struct err *err)
{
    struct line_reader reader = {0};
    struct arena arena = {0};
    struct line_identity identity = {.offset = -1};
    struct str stored = {0};
    int rc = line_reader_init(&reader, &packed, 1, err);
    while (rc == E_OK && identity.offset < offset) {
        arena_reset(&arena);
        rc = line_reader_next(&reader, &stored, err);
        if (rc != E_OK || !stored.data) break;
        rc = line_identify(stored, &arena, &identity, err);
    }
    if (rc == E_OK && identity.offset != offset)
        rc = err_set(err, E_BAD_CONFIG, "the archive holds no record at offset %lld, but around it",
                     (long long)offset);
    if (rc == E_OK) rc = keep_compare_lines(line, stored, &arena, err);
    line_reader_deinit(&reader);
    arena_deinit(&arena);
    return rc;
}

/* The object itself is gone (a lifecycle rule, an erasure): then it stays gone, if the times agree.
 */
static int compare_with_manifest(const struct manifest *manifest, struct str line,
                                 struct arena *arena, struct err *err)
{
    struct line_identity identity;
    int rc = line_identify(line, arena, &identity, err);
    if (rc != E_OK) return rc;
    if (identity.timestamp_ms >= manifest->facts.earliest_ms &&
        identity.timestamp_ms <= manifest->facts.latest_ms)
        return E_OK;
    return err_set(err, E_BAD_CONFIG,
                   "the record at offset %lld is not of the time that the "
                   "archive's manifest says",
                   (long long)identity.offset);
}

static int verify_span(struct store *store, enum topic topic, uint32_t partition,
                       struct span_of_offsets span, int64_t offset, struct str line,
                       struct err *err)
{
    char key[LAYOUT_KEY_BYTES];
    struct buffer text = {0}, packed = {0};
    struct arena arena = {0};
    struct manifest manifest = {0};
    layout_manifest_key(topic, partition, span, key);
    int rc = store_get(store, str_of(key), MANIFEST_BYTES_MAX, &text, err);
    if (rc == E_OK) rc = manifest_read(buffer_str(&text), &arena, &manifest, err);
    if (rc == E_OK) {
        rc = store_get(store, manifest.object, OBJECT_BYTES_MAX, &packed, err);
        if (rc == E_OK)
            rc = compare_with_object(buffer_str(&packed), offset, line, err);
        else if (rc == E_NOT_FOUND)
            rc = compare_with_manifest(&manifest, line, &arena, err);
    }
    if (rc != E_OK) err_wrap(err, "%s", key);
    buffer_deinit(&text);
    buffer_deinit(&packed);
    arena_deinit(&arena);
    return rc != E_OK ? keep_contradiction(rc, err) : E_OK;
}

int lookup_spans(struct store *store, enum topic topic, uint32_t partition, int64_t offset,
                 struct str line, struct lookup_result *ret_result, struct err *err)
{
    struct lookup_result result = {0};
    int rc = list_spans(store, topic, partition, offset, &result, err);
    if (rc == E_OK && result.count && result.spans[0].start <= offset)
        rc = verify_span(store, topic, partition, result.spans[0], offset, line, err);
    if (rc == E_OK) *ret_result = result;
    return rc;
}
