/* links: common_schema */
/* CSV: rows written back with all cells quoted read the same; a text that comes in parts
 * gives the same rows. */
#include <assert.h>

#include "base/buffer.h"
#include "schema/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_quoted(struct buffer *out, struct str cell)
{
    buffer_add_char(out, '"');
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.data[i] == '"') buffer_add_char(out, '"');
        buffer_add_char(out, cell.data[i]);
    }
    buffer_add_char(out, '"');
}

static void row_comes_back(const struct csv_row *row, struct arena *arena)
{
    struct buffer text = {0};
    struct csv_row again;
    struct err err;
    for (uint32_t i = 0; i < row->count; i++) {
        if (i) buffer_add_char(&text, ',');
        add_quoted(&text, row->cells[i]);
    }
    struct csv_reader reader = csv_reader(buffer_str(&text), true);
    int rc = csv_next(&reader, arena, &again, &err);
    assert(rc == E_OK && again.count == row->count && reader.rest.size == 0);
    for (uint32_t i = 0; i < row->count; i++) assert(str_equal(row->cells[i], again.cells[i]));
    buffer_deinit(&text);
}

/* The first row of a text whose end has not come is the first row of the whole text, or waits. */
static void parts_agree(struct str text, char delimiter, struct arena *arena)
{
    struct csv_row whole, part;
    struct err err;
    struct csv_reader all = csv_reader(text, true), some = csv_reader(text, false);
    all.delimiter = some.delimiter = delimiter;
    int rc = csv_next(&all, arena, &whole, &err), part_rc = csv_next(&some, arena, &part, &err);
    if (part_rc == E_NOT_FOUND) return;
    assert(rc == part_rc && all.line == some.line && str_equal(all.rest, some.rest));
    if (rc) return;
    assert(whole.count == part.count);
    for (uint32_t i = 0; i < whole.count; i++) assert(str_equal(whole.cells[i], part.cells[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make(data, size);
    struct csv_reader reader = csv_reader(text, true);
    struct arena arena;
    struct err err = {0};
    uint64_t line = 0;
    arena_init(&arena, 64 << 20);
    reader.delimiter = csv_delimiter(text);
    for (unsigned rows = 0; rows < 1000; rows++) {
        struct csv_row row;
        size_t before = reader.rest.size;
        int rc = csv_next(&reader, &arena, &row, &err);
        if (rc == E_NOT_FOUND) break;
        assert(rc == E_OK || rc == E_BAD_MESSAGE);
        assert(reader.rest.size < before); /* it always gets on */
        if (rc) continue;
        assert(row.count > 0 && row.line > line);
        line = row.line;
        row_comes_back(&row, &arena);
    }
    parts_agree(text, reader.delimiter, &arena);
    arena_deinit(&arena);
    return 0;
}
