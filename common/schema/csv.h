/* Reading CSV by RFC 4180: quotes, doubled quotes, line breaks inside quotes, CRLF or LF, a BOM. */
#ifndef VERBATIM_SCHEMA_CSV_H
#define VERBATIM_SCHEMA_CSV_H

#include "base/arena.h"

enum { CSV_COLUMNS_MAX = 256 };

struct csv_row {
    struct str *cells; /* in the arena, or views of the text */
    uint32_t count;
    uint64_t line; /* where it begins, from 1 */
};

struct csv_reader {
    struct str rest;
    uint64_t line;
    char delimiter; /* ',' unless you set another */
    /* `rest` is all there is; otherwise a last line without its end waits for more */
    bool complete;
};

struct csv_reader csv_reader(struct str text, bool complete);
/* What parts the cells of the header, the text's first line: , or ; (as spreadsheets write where
 * the comma is the decimal sign) or a tab. The comma if none is there. */
char csv_delimiter(struct str text);
/* For the reader, before its header is read: that; or what a first line "sep=;" names, which is
 * passed over. */
void csv_find_delimiter(struct csv_reader *reader);

/* E_OK with a row; NOT_FOUND at the end (what is left stays in reader->rest: its bytes wait for
 * more); BAD_MESSAGE: a quote that is missing or out of place, or too many columns; the reader then
 * stands behind that row, of which the line alone is told. Empty lines are passed over. */
int csv_next(struct csv_reader *reader, struct arena *arena, struct csv_row *ret_row,
             struct err *err) CHECKED;

#endif
