/* One pass over a row: cells are cut, quoted ones copied without their doubled quotes. */
#include "schema/csv.h"

struct csv_reader csv_reader(struct str text, bool complete)
{
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_slice(text, 3, text.size);
    return (struct csv_reader){.rest = text, .line = 1, .complete = complete, .delimiter = ','};
}

/* Where the cell that begins at `at` ends: at a delimiter, a line feed, or text.size. Only a quote
 * that opens a cell counts, so a stray one costs its own row and not all that follow. *ret_closed
 * is false when the text ended inside quotes. */
static size_t cell_end(struct str text, size_t at, char delimiter, uint64_t *lines,
                       bool *ret_closed)
{
    *ret_closed = true;
    if (at < text.size && text.data[at] == '"') {
        for (at++; at < text.size; at++) {
            if (text.data[at] == '\n') ++*lines;
            if (text.data[at] != '"') continue;
            if (at + 1 == text.size || text.data[at + 1] != '"') break;
            at++;
        }
        if (at == text.size) return *ret_closed = false, at;
        at++;
    }
    while (at < text.size && text.data[at] != delimiter && text.data[at] != '\n') at++;
    return at;
}

/* Bytes of the row with its line end; 0 when its end has not come yet. */
static size_t row_size(const struct csv_reader *reader, uint64_t *ret_lines)
{
    uint64_t lines = 1;
    size_t at = 0;
    bool closed;
    for (;; at++) {
        at = cell_end(reader->rest, at, reader->delimiter, &lines, &closed);
        if (at == reader->rest.size) break;
        if (reader->rest.data[at] == '\n') return *ret_lines = lines, at + 1;
    }
    *ret_lines = lines;
    return reader->complete ? reader->rest.size : 0;
}

char csv_delimiter(struct str text)
{
    static const char delimiters[] = ",;\t";
    size_t counts[sizeof delimiters] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.size && (quoted || text.data[i] != '\n'); i++) {
        char c = text.data[i];
        if (c == '"') quoted = !quoted;
        const char *found = quoted || !c ? NULL : strchr(delimiters, c);
        if (found) counts[found - delimiters]++;
    }
    for (size_t i = 1; delimiters[i]; i++)
        if (counts[i] > counts[best]) best = i;
    return delimiters[best];
}

static struct str without_line_end(struct str row)
{
    if (row.size && row.data[row.size - 1] == '\n') row.size--;
    if (row.size && row.data[row.size - 1] == '\r') row.size--;
    return row;
}

/* "sep=;" names it, ahead of the header: Excel writes and reads that. */
static bool is_told(struct csv_reader *reader)
{
    struct str rest = reader->rest, line = without_line_end(str_cut(&rest, '\n'));
    if (line.size != 5 || !str_equal_ignoring_case(str_slice(line, 0, 4), STR("sep=")))
        return false;
    reader->delimiter = line.data[4];
    reader->rest = rest;
    reader->line++;
    return true;
}

void csv_find_delimiter(struct csv_reader *reader)
{
    if (!is_told(reader)) reader->delimiter = csv_delimiter(reader->rest);
}

/* Inside the outer quotes, does every quote have its twin? Otherwise one closed the
 * cell before its end. */
static bool quotes_pair(struct str cell)
{
    for (size_t i = 1; i + 1 < cell.size; i++)
        if (cell.data[i] == '"' && (i + 2 >= cell.size || cell.data[++i] != '"')) return false;
    return true;
}

/* "a ""b"" c" without its outer quotes and with the inner ones single: a view if there are none. */
static int unquote(struct str cell, struct arena *arena, struct str *ret_cell)
{
    cell = str_slice(cell, 1, cell.size - 1);
    if (str_find(cell, STR("\"")) == cell.size) return *ret_cell = cell, E_OK;
    char *copy = arena_alloc(arena, cell.size);
    size_t size = 0;
    if (!copy) return E_NO_MEMORY;
    for (size_t i = 0; i < cell.size; i++) {
        copy[size++] = cell.data[i];
        if (cell.data[i] == '"') i++;
    }
    *ret_cell = str_make(copy, size);
    return E_OK;
}

/* The cell at the start of `rest`, which moves behind it. */
static int cut_cell(struct str *rest, char delimiter, struct arena *arena, struct str *ret_cell)
{
    uint64_t lines = 0;
    bool closed;
    size_t end = cell_end(*rest, 0, delimiter, &lines, &closed);
    struct str cell = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end, rest->size);
    if (!closed) return E_BAD_MESSAGE;
    if (cell.size == 0 || cell.data[0] != '"') {
        *ret_cell = cell; /* a quote inside is text, as in 5" nail; behind a blank it was to open */
        return str_starts(str_trim(cell), STR("\"")) ? E_BAD_MESSAGE : E_OK;
    }
    size_t closing = cell.size - 1; /* junk behind the closing quote? */
    return cell.data[closing] == '"' && cell.size > 1 && quotes_pair(cell)
               ? unquote(cell, arena, ret_cell)
               : E_BAD_MESSAGE;
}

static int cut_cells(struct str rest, char delimiter, struct arena *arena, struct csv_row *row,
                     struct err *err)
{
    struct str cells[CSV_COLUMNS_MAX];
    for (row->count = 0;; rest = str_slice(rest, 1, rest.size)) {
        if (row->count == CSV_COLUMNS_MAX)
            return err_set(err, E_BAD_MESSAGE, "line %llu: more than %d columns",
                           (unsigned long long)row->line, CSV_COLUMNS_MAX);
        int rc = cut_cell(&rest, delimiter, arena, &cells[row->count]);
        if (rc == E_NO_MEMORY) return err_set(err, E_NO_MEMORY, NULL);
        if (rc)
            return err_set(err, E_BAD_MESSAGE, "line %llu, column %u: a quote out of place",
                           (unsigned long long)row->line, row->count + 1);
        row->count++;
        if (rest.size == 0) break;
    }
    row->cells = ARENA_ARRAY(arena, struct str, row->count);
    if (!row->cells) return err_set(err, E_NO_MEMORY, NULL);
    memcpy(row->cells, cells, row->count * sizeof *cells);
    return E_OK;
}

int csv_next(struct csv_reader *reader, struct arena *arena, struct csv_row *ret_row,
             struct err *err)
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
        int rc = cut_cells(row, reader->delimiter, arena, &result, err);
        if (rc) result.count = 0;
        *ret_row = result;
        return rc;
    }
}
