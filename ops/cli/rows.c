/* Vectors from records, on the bus or in an archive. */
#include "ops/cli/rows.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/array.h"
#include "schema/json.h"

enum { ROWS_MAX = 4000000, OBJECT_BYTES_MAX = 1 << 30 };

void rows_deinit(struct rows *rows)
{
    free(rows->values);
    *rows = (struct rows){0};
}

static int grow(struct rows *rows, struct err *err)
{
    if (rows->count >= ROWS_MAX) return err_set(err, E_TOO_LARGE, "more than %d rows", ROWS_MAX);
    return array_fits(&rows->values, &rows->capacity, rows->count + 1,
                      rows->dimensions * sizeof *rows->values)
        ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

int rows_add(struct rows *rows, const struct record *record, struct arena *arena, struct err *err)
{
    struct features features;
    if (!record_has(record, SECTION_FEATURES))
        return err_set(err, E_NOT_FOUND, "the record has no features");
    int rc = record_decode(record, SECTION_FEATURES, &features, arena, err);
    if (rc) return rc;
    if (!rows->dimensions) {
        rows->dimensions = features.vector.count;
        snprintf(rows->extractor, sizeof rows->extractor, "%.*s", STR_ARGS(features.extractor));
    }
    if (rows->dimensions != features.vector.count || !rows->dimensions ||
        !str_equal(features.extractor, str_of(rows->extractor)))
        return err_set(err, E_BAD_MESSAGE, "features of %.*s don't go with %s",
                       STR_ARGS(features.extractor), rows->extractor);
    rc = grow(rows, err);
    if (rc) return rc;
    memcpy(rows->values + rows->count * rows->dimensions, features.vector.values,
           rows->dimensions * sizeof(float));
    rows->count++;
    return E_OK;
}

/* Whole frames, streamed: the size in a frame's head is not trusted. */
static int decompress(struct str packed, struct buffer *out, struct err *err)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {packed.data, packed.size, 0};
    size_t left = 1;
    int rc = stream ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    while (rc == E_OK && in.pos < in.size) {
        char *room = buffer_reserve(out, ZSTD_DStreamOutSize());
        ZSTD_outBuffer chunk = {room, ZSTD_DStreamOutSize(), 0};
        if (!room || out->size > OBJECT_BYTES_MAX)
            rc = err_set(err, room ? E_TOO_LARGE : E_NO_MEMORY, NULL);
        else left = ZSTD_decompressStream(stream, &chunk, &in);
        if (rc == E_OK && ZSTD_isError(left))
            rc = err_set(err, E_BAD_MESSAGE, "zstd: %s", ZSTD_getErrorName(left));
        out->size += chunk.pos;
    }
    if (rc == E_OK && left) rc = err_set(err, E_BAD_MESSAGE, "zstd: cut off");
    ZSTD_freeDStream(stream);
    return rc;
}

static int add_lines(struct rows *rows, struct str text, void (*on_row)(void *, size_t), void *user,
                     struct err *err)
{
    struct arena arena = {0};
    struct json_problems problems;
    struct record record;
    int rc = E_OK;
    while (text.size && rc == E_OK) {
        struct str line = str_trim(str_cut(&text, '\n')), message;
        arena_reset(&arena);
        /* logsink: was no record */
        if (line.size == 0 || str_starts(line, STR("{\"raw\":"))) continue;
        rc = json_read_record(line, &arena, &message, &problems, err);
        if (rc == E_OK) rc = record_scan(message, &arena, &record, err);
        if (rc == E_OK) rc = rows_add(rows, &record, &arena, err);
        if (rc == E_NOT_FOUND) rc = E_OK;
        on_row(user, rows->count);
    }
    arena_deinit(&arena);
    return rc;
}

static int add_object(struct rows *rows, const char *path, void (*on_row)(void *, size_t),
                      void *user, struct err *err)
{
    struct buffer packed = {0}, plain = {0};
    bool is_packed = str_ends(str_of(path), STR(".zst"));
    int rc = buffer_read_file(&packed, path, OBJECT_BYTES_MAX, err);
    if (rc == E_OK && is_packed) rc = decompress(buffer_str(&packed), &plain, err);
    if (rc == E_OK)
        rc = add_lines(rows, is_packed ? buffer_str(&plain) : buffer_str(&packed), on_row, user,
                       err);
    if (rc) err_wrap(err, "%s", path);
    buffer_deinit(&packed);
    buffer_deinit(&plain);
    return rc;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

int rows_from_archive(struct rows *rows, const char *folder,
                      void (*on_row)(void *user, size_t count), void *user, struct err *err)
{
    char *roots[] = {(char *)(uintptr_t)folder, NULL};
    /* sorted: the same rows in the same order */
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!walk) return err_system(err, E_NO_INPUT, "%s", folder);
    int rc = E_OK;
    for (FTSENT *entry = fts_read(walk); entry && rc == E_OK; entry = fts_read(walk)) {
        struct str name = str_of(entry->fts_name);
        if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR)
            rc = err_set(err, E_NO_INPUT, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
        if (entry->fts_info != FTS_F ||
            !(str_ends(name, STR(".ndjson")) || str_ends(name, STR(".ndjson.zst"))))
            continue;
        rc = add_object(rows, entry->fts_path, on_row, user, err);
    }
    fts_close(walk);
    return rc;
}
