/* Labelled texts from a file: tab-separated values or CSV with a header line, or JSON: an object a
 * line, or an array.
 *
 * Columns, or fields, by name: text (required), label (where the task needs one), language or lang,
 * product or drug, rating or stars, channel, serious (1/0, yes/no: for safety). Others are passed
 * over; capitals don't matter in a header. TSV has no quoting: a cell ends at the tab, a row at the
 * line's end. CSV (, or ; in a header without tabs) has it as RFC 4180 says. JSON may hold label as
 * a list, and spans: [{start, end, type}], in code points, end behind the last. */
#ifndef VERBATIM_EVALUATE_EXAMPLES_H
#define VERBATIM_EVALUATE_EXAMPLES_H

#include "base/arena.h"
#include "base/buffer.h"
#include "schema/csv.h"
#include "schema/json_split.h"

enum { EXAMPLE_SPANS_MAX = 512, EXAMPLES_COLUMNS_MAX = 64, EXAMPLES_BYTES_MAX = 1 << 30 };

struct example_span {
    struct str type, value; /* value: the text from start to end */
};
struct example {
    struct str text, label, language, product, rating, channel, serious; /* empty where not given */
    struct example_span *spans;
    uint32_t span_count;
    uint64_t line;
};

/* A file, and what it calls text and label; NULL: these words. */
struct examples_source {
    const char *path, *text_column, *label_column;
};

enum examples_form { EXAMPLES_TSV, EXAMPLES_CSV, EXAMPLES_JSON };

struct examples {
    struct examples_source source;
    struct buffer bytes;
    enum examples_form form;
    struct str rest; /* TSV */
    struct csv_reader csv;
    struct json_split split;
    bool with_label;
    uint64_t line; /* of the last row */
    uint32_t columns;
    int fields[EXAMPLES_COLUMNS_MAX]; /* which field each column is; -1: none of ours */
};

/* with_label: a file without a label column is refused. What the source names lives as long as the
 * examples. NO_INPUT, TOO_LARGE, BAD_MESSAGE: a missing
 * column, with the nearest one that is there. */
int examples_open(struct examples *examples, const struct examples_source *source, bool with_label,
                  struct err *err) CHECKED;
void examples_close(struct examples *examples);

/* E_OK; NOT_FOUND at the end, where err stays untouched; BAD_MESSAGE or BAD_JSON:
 * this row is no example (err names file and line), go on with the next. Views are of the file
 * or live in the arena. */
int examples_next(struct examples *examples, struct arena *arena, struct example *ret_example,
                  struct err *err) CHECKED;

#endif
