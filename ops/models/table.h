/* Tab-separated files with a header line, or without one: columns by name or by number. */
#ifndef VERBATIM_OPS_MODELS_TABLE_H
#define VERBATIM_OPS_MODELS_TABLE_H

#include "base/buffer.h"

enum { TABLE_COLUMNS_MAX = 16 };

struct table {
    struct buffer bytes;
    struct str rest, header[TABLE_COLUMNS_MAX], cells[TABLE_COLUMNS_MAX];
    uint32_t columns, line;
};

int table_open(struct table *table, const char *folder, const char *path, bool has_header,
               struct err *err) CHECKED;
void table_close(struct table *table);
bool table_next(struct table *table); /* false at the end */
struct str table_cell(const struct table *table, const char *column); /* empty if there is none */

#endif
