/* The columns of a CSV that are called otherwise than our fields: --text-column, --column. */
#ifndef VERBATIM_OPS_CLI_COLUMNS_H
#define VERBATIM_OPS_CLI_COLUMNS_H

#include <stdio.h>

#include "ops/cli/cli.h"
#include "schema/csv.h"

#define COLUMN_FLAG(list)                                                                         \
    {                                                                                             \
        "column", FLAG_LIST, list,                                                                \
            "FIELD=NAME  the column that holds it: rating=Stars; may be given more than once"    \
    }

/* Is each FIELD=NAME, with a field that there is? USAGE. */
int columns_check(const struct flag_list *columns, struct err *err) CHECKED;
/* Calls the columns by their fields' names; one that was called so besides becomes an attribute.
 * `text_column` and `columns` may be NULL; the arena is the header's. BAD_MESSAGE: no such
 * column. */
int columns_name(struct csv_row *header, const char *text_column, const struct flag_list *columns,
                 struct arena *arena, struct err *err) CHECKED;
/* A line: which columns are fields, and which only attributes. */
void columns_show(const struct csv_row *header, FILE *out);

#endif
