/* One pass over a row: cells are cut, quoted ones copied without their doubled quotes. */
#include "schema/csv.h"

struct csv_reader csv_reader(struct str text, bool complete)
{
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_slice(text, 3, text.size);
    return (struct csv_reader){.rest = text, .line = 1, .complete = complete};
}

/* Bytes of the row with its line end; 0 when its end has not come yet. */
static size_t row_size(const struct csv_reader *reader, uint64_t *ret_lines)
{
    bool quoted = false;
    uint64_t lines = 0;
    for (size_t i = 0; i < reader->rest.size; i++) {
        char c = reader->rest.data[i];
        if (c == '"') quoted = !quoted;
        if (c != '\n') continue;
        lines++;
        if (!quoted) return *ret_lines = lines, i + 1;
    }
    *ret_lines = lines + 1;
    return reader->complete ? reader->rest.size : 0;
}

static struct str without_line_end(struct str row)
{
    if (row.size && row.data[row.size - 1] == '\n') row.size--;
    if (row.size && row.data[row.size - 1] == '\r') row.size--;
    return row;
}

/* A cell that begins with a quote: up to the closing one. */
static bool quoted_cell(struct str *rest, struct arena *arena, struct str *ret_cell)
{
    char *copy = arena_alloc(arena, rest->size);
    size_t size = 0, at = 1;
    if (!copy) return false;
    for (;; at++) {
        if (at >= rest->size) return false;
        if (rest->data[at] != '"') copy[size++] = rest->data[at];
        else if (at + 1 < rest->size && rest->data[at + 1] == '"') copy[size++] = rest->data[at++];
        else break;
    }
    *rest = str_slice(*rest, at + 1, rest->size);
    *ret_cell = str_make(copy, size);
    return rest->size == 0 || rest->data[0] == ',';
}

static bool plain_cell(struct str *rest, struct str *ret_cell)
{
    size_t comma = str_find(*rest, STR(","));
    *ret_cell = str_slice(*rest, 0, comma);
    *rest = str_slice(*rest, comma, rest->size);
    return !memchr(ret_cell->data, '"', ret_cell->size);
}

static int cut_cells(struct str rest, uint64_t line, struct arena *arena, struct csv_row *row, struct err *err)
{
    struct str cells[CSV_COLUMNS_MAX];
    for (row->count = 0;; rest = str_slice(rest, 1, rest.size)) {
        if (row->count == CSV_COLUMNS_MAX)
            return err_set(err, E_BAD_MESSAGE, "line %llu: more than %d columns", (unsigned long long)line, CSV_COLUMNS_MAX);
        bool ok = rest.size && rest.data[0] == '"' ? quoted_cell(&rest, arena, &cells[row->count]) : plain_cell(&rest, &cells[row->count]);
        if (!ok) return err_set(err, E_BAD_MESSAGE, "line %llu, column %u: a quote out of place", (unsigned long long)line, row->count + 1);
        row->count++;
        if (rest.size == 0) break;
    }
    row->cells = ARENA_ARRAY(arena, struct str, row->count);
    if (!row->cells) return err_set(err, E_NO_MEMORY, NULL);
    memcpy(row->cells, cells, row->count * sizeof *cells);
    return E_OK;
}

int csv_next(struct csv_reader *reader, struct arena *arena, struct csv_row *ret_row, struct err *err)
{
    for (;;) {
        uint64_t lines = 0;
        size_t size = reader->rest.size ? row_size(reader, &lines) : 0;
        if (size == 0) return err_set(err, E_NOT_FOUND, "no more rows");
        struct str row = without_line_end(str_slice(reader->rest, 0, size));
        uint64_t line = reader->line;
        reader->rest = str_slice(reader->rest, size, reader->rest.size);
        reader->line += lines;
        if (row.size == 0) continue;
        struct csv_row result = {.line = line};
        int rc = cut_cells(row, line, arena, &result, err);
        if (rc == E_OK) *ret_row = result;
        return rc;
    }
}
