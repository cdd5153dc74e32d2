/* Reads tab-separated files whole; cells are views into them. */
#include "table.h"
#include "tasks.h"

#include <stdio.h>

enum { FILE_BYTES_MAX = 64 << 20 };

static uint32_t split(struct str line, struct str *cells)
{
    uint32_t count = 0;
    while (count < TABLE_COLUMNS_MAX) {
        cells[count++] = str_cut(&line, '\t');
        if (line.size == 0) break;
    }
    return count;
}

int table_open(struct table *table, const char *folder, const char *path, bool has_header,
               struct err *err)
{
    char whole[4096];
    *table = (struct table){0};
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
    int rc = buffer_read_file(&table->bytes, whole, FILE_BYTES_MAX, err);
    if (rc) return rc;
    table->rest = buffer_str(&table->bytes);
    if (has_header) table->columns = split(str_cut(&table->rest, '\n'), table->header);
    return E_OK;
}

void table_close(struct table *table)
{
    buffer_deinit(&table->bytes);
}

bool table_next(struct table *table)
{
    if (table->rest.size == 0) return false;
    memset(table->cells, 0, sizeof table->cells);
    split(str_cut(&table->rest, '\n'), table->cells);
    table->line++;
    return true;
}

int label_unknown(struct str label, const char *known, struct err *err)
{
    return err_set(err, E_BAD_MESSAGE, "label \"%.*s\" isn't known here: %s",
                   STR_ARGS(str_slice(label, 0, 60)), known);
}

struct str table_cell(const struct table *table, const char *column)
{
    for (uint32_t i = 0; i < table->columns; i++)
        if (str_equal(table->header[i], str_of(column))) return table->cells[i];
    return (struct str){0};
}
