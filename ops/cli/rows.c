/* Vectors from records, on the bus or in an archive. */
#include "ops/cli/rows.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/lines.h"
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

struct rows_into {
    struct rows *rows;
    void (*on_row)(void *user, size_t count);
    void *user;
    struct arena arena; /* of one line */
};

static int add_line(struct rows_into *into, struct str line, struct err *err)
{
    struct json_problems problems;
    struct record record;
    struct str message;
    line = str_trim(line);
    /* logsink: was no record */
    if (line.size == 0 || str_starts(line, STR("{\"raw\":"))) return E_OK;
    arena_reset(&into->arena);
    int rc = json_read_record(line, &into->arena, &message, &problems, err);
    if (rc == E_OK) rc = record_scan(message, &into->arena, &record, err);
    if (rc == E_OK) rc = rows_add(into->rows, &record, &into->arena, err);
    if (rc == E_NOT_FOUND) rc = E_OK;
    into->on_row(into->user, into->rows->count);
    return rc;
}

static int add_packed(struct rows_into *into, struct str packed, struct err *err)
{
    struct line_reader reader;
    struct str line = {0};
    int rc = line_reader_init(&reader, &packed, 1, err);
    while (rc == E_OK && (rc = line_reader_next(&reader, &line, err)) == E_OK && line.data)
        rc = add_line(into, line, err);
    line_reader_deinit(&reader);
    return rc;
}

static int add_plain(struct rows_into *into, struct str text, struct err *err)
{
    int rc = E_OK;
    while (text.size && rc == E_OK) rc = add_line(into, str_cut(&text, '\n'), err);
    return rc;
}

static int add_object(struct rows_into *into, const char *path, struct err *err)
{
    struct buffer file = {0};
    int rc = buffer_read_file(&file, path, OBJECT_BYTES_MAX, err);
    if (rc == E_OK)
        rc = str_ends(str_of(path), STR(".zst")) ? add_packed(into, buffer_str(&file), err)
                                                 : add_plain(into, buffer_str(&file), err);
    if (rc) err_wrap(err, "%s", path);
    buffer_deinit(&file);
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
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    struct rows_into into = {.rows = rows, .on_row = on_row, .user = user};
    if (!walk) return err_system(err, E_NO_INPUT, "%s", folder);
    int rc = E_OK;
    for (FTSENT *entry = fts_read(walk); entry && rc == E_OK; entry = fts_read(walk)) {
        struct str name = str_of(entry->fts_name);
        if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR)
            rc = err_set(err, E_NO_INPUT, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
        if (entry->fts_info != FTS_F ||
            !(str_ends(name, STR(".ndjson")) || str_ends(name, STR(".ndjson.zst"))))
            continue;
        rc = add_object(&into, entry->fts_path, err);
    }
    fts_close(walk);
    arena_deinit(&into.arena);
    return rc;
}
