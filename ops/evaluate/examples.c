/* The file is read whole; the form shows in its first byte, or in what parts the first line's
 * names. */
#include "ops/evaluate/examples.h"

#include <stdio.h>

#include "base/nearest.h"
#include "schema/json.h"

enum example_field {
    GIVEN_TEXT, GIVEN_LABEL, GIVEN_LANGUAGE, GIVEN_PRODUCT, GIVEN_RATING, GIVEN_CHANNEL,
    GIVEN_SERIOUS
};

static const struct {
    const char *name;
    enum example_field field;
} columns[] = {
    {"text", GIVEN_TEXT},       {"label", GIVEN_LABEL}, {"language", GIVEN_LANGUAGE},
    {"lang", GIVEN_LANGUAGE},
    {"product", GIVEN_PRODUCT}, {"drug", GIVEN_PRODUCT}, {"rating", GIVEN_RATING},
    {"stars", GIVEN_RATING},
    {"channel", GIVEN_CHANNEL}, {"serious", GIVEN_SERIOUS},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* What the file calls its texts or labels. */
static const char *column_of(const struct examples *examples, enum example_field field)
{
    const char *named = field == GIVEN_TEXT    ? examples->source.text_column
                        : field == GIVEN_LABEL ? examples->source.label_column
                                               : NULL;
    return named ? named : columns[field].name;
}

static int find_field(const struct examples *examples, struct str name)
{
    for (int field = GIVEN_TEXT; field <= GIVEN_LABEL; field++)
        if (str_equal_ignoring_case(name, str_of(column_of(examples, field)))) return field;
    for (int i = GIVEN_LABEL + 1; i < COLUMNS; i++)
        if (str_equal_ignoring_case(name, str_of(columns[i].name))) return (int)columns[i].field;
    return -1;
}

static struct str *field_of(struct example *example, int field)
{
    struct str *const fields[] = {
        &example->text,   &example->label,   &example->language, &example->product,
        &example->rating, &example->channel, &example->serious};
    return fields[field];
}

/* --- tab-separated, and CSV ------------------------------------------------------------------- */

static bool next_line(struct examples *examples, struct str *ret_line)
{
    if (!examples->rest.size) return false;
    struct str line = str_cut(&examples->rest, '\n');
    if (str_ends(line, STR("\r"))) line.size--;
    examples->line++;
    *ret_line = line;
    return true;
}

/* The cells of one row of a TSV, which quotes nothing. */
static int cut_line(struct str line, struct arena *arena, struct csv_row *row, struct err *err)
{
    uint32_t count = 1;
    for (size_t i = 0; i < line.size; i++) count += line.data[i] == '\t';
    row->cells = ARENA_ARRAY(arena, struct str, count);
    if (!row->cells) return err_set(err, E_NO_MEMORY, NULL);
    for (row->count = 0; row->count < count; row->count++)
        row->cells[row->count] = str_cut(&line, '\t');
    return E_OK;
}

/* NOT_FOUND at the end. */
static int next_cells(struct examples *examples, struct arena *arena, struct csv_row *row,
                      struct err *err)
{
    struct str line;
    if (examples->form == EXAMPLES_CSV) {
        int rc = csv_next(&examples->csv, arena, row, NULL);
        examples->line = row->line;
        if (rc == E_BAD_MESSAGE)
            return err_set(err, E_BAD_MESSAGE, "a quote out of place, or more than %d cells",
                           CSV_COLUMNS_MAX);
        return rc == E_NO_MEMORY ? err_set(err, E_NO_MEMORY, NULL) : rc;
    }
    do
        if (!next_line(examples, &line)) return E_NOT_FOUND;
    while (str_trim(line).size == 0);
    return cut_line(line, arena, row, err);
}

static int no_column(const struct examples *examples, enum example_field field,
                     const struct csv_row *header, struct err *err)
{
    const char *wanted = column_of(examples, field), *flag = columns[field].name;
    struct nearest nearest = nearest_to(str_of(wanted));
    char names[200] = "";
    size_t size = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        struct str cell = str_trim(header->cells[i]);
        if (find_field(examples, cell) < 0) nearest_offer(&nearest, cell);
        int more = snprintf(names + size, sizeof names - size, "%s%.*s", i ? ", " : "",
                            STR_ARGS(str_slice(cell, 0, 40)));
        if (more > 0 && size + (size_t)more < sizeof names) size += (size_t)more;
        else names[size] = '\0';
    }
    if (nearest.found.data)
        return err_set(err, E_BAD_MESSAGE, "%s has no column \"%s\"; is \"%.*s\" meant?",
                       examples->source.path, wanted, STR_ARGS(str_slice(nearest.found, 0, 60)));
    return err_set(err, E_BAD_MESSAGE,
                   "%s has no column \"%.60s\"; its first line names: %s; --%s-column=NAME says "
                   "which one is meant", examples->source.path, wanted, names, flag);
}

/* A line that holds a tab is no CSV: its commas belong to the text. */
static void find_form(struct examples *examples)
{
    struct str rest = examples->rest, header = str_cut(&rest, '\n');
    bool tabs = str_find(header, STR("\t")) < header.size;
    bool others = str_find(header, STR(",")) < header.size ||
                  str_find(header, STR(";")) < header.size;
    examples->csv = csv_reader(examples->rest, true);
    csv_find_delimiter(&examples->csv);
    bool told = examples->csv.line > 1; /* by a line of its own */
    examples->form = told || (!tabs && others) ? EXAMPLES_CSV : EXAMPLES_TSV;
}

static int read_header(struct examples *examples, struct err *err)
{
    struct arena arena = {0};
    struct csv_row header = {0};
    bool seen[COLUMNS] = {false};
    find_form(examples);
    int rc = next_cells(examples, &arena, &header, err);
    if (rc == E_NOT_FOUND) rc = err_set(err, E_BAD_MESSAGE, "%s is empty", examples->source.path);
    else if (rc) rc = err_at(err, examples->source.path, 1);
    else if (header.count > EXAMPLES_COLUMNS_MAX)
        rc = err_set(err, E_BAD_MESSAGE, "%s has more than %d columns", examples->source.path,
                     EXAMPLES_COLUMNS_MAX);
    for (uint32_t i = 0; rc == E_OK && i < header.count; i++) {
        struct str name = str_trim(header.cells[i]);
        int field = find_field(examples, name);
        for (uint32_t j = 0; field >= 0 && j < i; j++)
            if (str_equal_ignoring_case(str_trim(header.cells[j]), name))
                rc = err_set(err, E_BAD_MESSAGE, "%s names the column \"%.*s\" twice",
                             examples->source.path, STR_ARGS(name));
        if (!str_is_utf8(name) || memchr(name.data, '\0', name.size))
            rc = err_set(err, E_BAD_MESSAGE, "%s is no UTF-8 text; unpack or convert it first",
                         examples->source.path);
        examples->fields[examples->columns++] = field;
        if (field >= 0) seen[field] = true;
    }
    if (rc == E_OK && !seen[GIVEN_TEXT]) rc = no_column(examples, GIVEN_TEXT, &header, err);
    else if (rc == E_OK && examples->with_label && !seen[GIVEN_LABEL])
        rc = no_column(examples, GIVEN_LABEL, &header, err);
    arena_deinit(&arena);
    return rc;
}

static int read_row(struct examples *examples, struct arena *arena, struct example *example,
                    struct err *err)
{
    struct csv_row row;
    int rc = next_cells(examples, arena, &row, err);
    if (rc) return rc;
    if (row.count != examples->columns)
        return err_set(err, E_BAD_MESSAGE, "%u cell%s, but the first line names %u columns",
                       row.count, row.count == 1 ? "" : "s", examples->columns);
    for (uint32_t i = 0; i < row.count; i++) {
        if (!str_is_utf8(row.cells[i])) return err_set(err, E_BAD_MESSAGE, "not UTF-8");
        if (examples->fields[i] >= 0) *field_of(example, examples->fields[i]) = row.cells[i];
    }
    return E_OK;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* A string, a number, or a list of strings, which are joined by '+'; an empty one is `none`. */
static bool read_value(struct json_reader *json, struct arena *arena, struct str none,
                       struct str *ret_value)
{
    struct json_value value, item;
    struct str joined = {0};
    if (!json_next(json, &value)) return false;
    *ret_value = (struct str){0};
    if (value.kind == JSON_STRING || value.kind == JSON_NUMBER) *ret_value = value.text;
    if (value.kind == JSON_TRUE) *ret_value = STR("yes");
    if (value.kind == JSON_FALSE) *ret_value = STR("no");
    if (value.kind != JSON_ARRAY) return value.kind != JSON_OBJECT;
    for (bool first = true; json_item(json, &first);) {
        if (!json_next(json, &item) || item.kind != JSON_STRING) return false;
        joined = joined.size ? arena_printf(arena, "%.*s+%.*s", STR_ARGS(joined),
                                            STR_ARGS(item.text))
                             : item.text;
    }
    *ret_value = joined.size ? joined : none;
    return !json->fault;
}

/* As others call it. */
static bool names_type(struct str name)
{
    return str_equal(name, STR("type")) || str_equal(name, STR("label")) ||
           str_equal(name, STR("entity_type")) || str_equal(name, STR("kind"));
}

static bool read_span(struct json_reader *json, struct str *ret_type, uint64_t *ret_start,
                      uint64_t *ret_end)
{
    struct json_value value;
    struct str name;
    bool whole = json_next(json, &value) && value.kind == JSON_OBJECT;
    for (bool first = true; whole && json_member(json, &first, &name);) {
        whole = json_next(json, &value);
        if (whole && names_type(name)) *ret_type = value.text;
        else if (whole && str_equal(name, STR("start"))) whole = str_to_u64(value.text, ret_start);
        else if (whole && str_equal(name, STR("end"))) whole = str_to_u64(value.text, ret_end);
        if (whole && (value.kind == JSON_OBJECT || value.kind == JSON_ARRAY)) whole = false;
    }
    return whole && !json->fault && ret_type->size && *ret_start < *ret_end;
}

/* Spans count code points; `ends` keeps them until the text is known. */
static bool read_spans(struct json_reader *json, struct arena *arena, struct example *example,
                       uint64_t (**ret_ends)[2])
{
    struct json_value value;
    if (!json_next(json, &value) || value.kind != JSON_ARRAY) return false;
    example->spans = ARENA_ARRAY(arena, struct example_span, EXAMPLE_SPANS_MAX);
    *ret_ends = arena_array(arena, EXAMPLE_SPANS_MAX, sizeof **ret_ends);
    if (!example->spans || !*ret_ends) return false;
    for (bool first = true; json_item(json, &first); example->span_count++) {
        if (example->span_count == EXAMPLE_SPANS_MAX) return false;
        uint64_t *ends = (*ret_ends)[example->span_count];
        if (!read_span(json, &example->spans[example->span_count].type, &ends[0], &ends[1]))
            return false;
    }
    return !json->fault;
}

/* The byte at which code point `point` starts, going on from where the last one was found. */
static size_t byte_of(struct str text, uint64_t point, size_t *at, uint64_t *count)
{
    if (point < *count) *at = 0, *count = 0;
    while (*at < text.size && *count < point) {
        do ++*at;
        while (str_utf8_is_inside(text, *at));
        ++*count;
    }
    return *at;
}

static int cut_spans(struct example *example, uint64_t (*ends)[2], struct err *err)
{
    size_t at = 0;
    uint64_t count = 0;
    for (uint32_t i = 0; i < example->span_count; i++) {
        size_t start = byte_of(example->text, ends[i][0], &at, &count),
               end = byte_of(example->text, ends[i][1], &at, &count);
        if (count < ends[i][1])
            return err_set(err, E_BAD_MESSAGE, "span %u ends behind the text", i + 1);
        example->spans[i].value = str_slice(example->text, start, end);
    }
    return E_OK;
}

static int read_object(const struct examples *examples, struct str text, struct arena *arena,
                       struct example *example, struct err *err)
{
    struct json_reader json = json_reader(text, arena);
    struct json_value value;
    struct str name;
    uint64_t(*ends)[2] = NULL;
    bool good = json_next(&json, &value) && value.kind == JSON_OBJECT;
    if (!good && !json.fault) return err_set(err, E_BAD_MESSAGE, "not an object");
    for (bool first = true; good && json_member(&json, &first, &name);) {
        int field = find_field(examples, name);
        struct str skipped;
        if (field >= 0)
            good = read_value(&json, arena, field == GIVEN_LABEL ? STR("none") : STR(""),
                              field_of(example, field));
        else if (str_equal(name, STR("spans"))) good = read_spans(&json, arena, example, &ends);
        else good = json_skip(&json, &skipped);
        if (!good && !json.fault && field < 0)
            return err_set(err, E_BAD_MESSAGE,
                           "/spans can't be read: at most %d of {\"type\": …, \"start\": …, "
                           "\"end\": …}, start before end", EXAMPLE_SPANS_MAX);
        if (!good && !json.fault)
            return err_set(err, E_BAD_MESSAGE, "/%.*s can't be read",
                           STR_ARGS(str_slice(name, 0, 60)));
    }
    if (!json_end(&json)) return json_fault(&json, err);
    enum example_field missing = !example->text.size ? GIVEN_TEXT : GIVEN_LABEL;
    if (missing == GIVEN_TEXT || (examples->with_label && !example->label.size))
        return err_set(err, E_BAD_MESSAGE, "/%.60s is required; --%s-column=NAME names another",
                       column_of(examples, missing), columns[missing].name);
    return cut_spans(example, ends, err);
}

static int next_object(struct examples *examples, struct arena *arena, struct example *example,
                       struct err *err)
{
    struct json_place place;
    struct str text;
    if (!json_split_next(&examples->split, &text, &place)) {
        if (!examples->split.in_array) return E_NOT_FOUND;
        examples->split.in_array = false; /* said once */
        examples->line = examples->split.line + 1;
        return err_set(err, E_BAD_MESSAGE, "the array isn't closed; is the file cut off?");
    }
    examples->line = place.line;
    int rc = read_object(examples, text, arena, example, err);
    if (rc) json_fault_began(err, place.line, place.column);
    return rc;
}

/* --- all -------------------------------------------------------------------------------------- */

int examples_open(struct examples *examples, const struct examples_source *source, bool with_label,
                  struct err *err)
{
    *examples = (struct examples){.source = *source, .with_label = with_label};
    int rc = buffer_read_file(&examples->bytes, source->path, EXAMPLES_BYTES_MAX, err);
    if (rc) return rc;
    examples->rest = buffer_str(&examples->bytes);
    if (str_starts(examples->rest, STR("\xEF\xBB\xBF")))
        examples->rest = str_slice(examples->rest, 3, examples->rest.size);
    struct str text = str_trim(examples->rest);
    examples->split = json_split(examples->rest, true);
    return str_starts(text, STR("{")) || str_starts(text, STR("["))
               ? (examples->form = EXAMPLES_JSON, E_OK)
               : read_header(examples, err);
}

void examples_close(struct examples *examples)
{
    buffer_deinit(&examples->bytes);
    *examples = (struct examples){0};
}

int examples_next(struct examples *examples, struct arena *arena, struct example *ret_example,
                  struct err *err)
{
    struct example example = {0};
    int rc = examples->form == EXAMPLES_JSON ? next_object(examples, arena, &example, err)
                                             : read_row(examples, arena, &example, err);
    if (rc == E_NOT_FOUND) return rc;
    example.line = examples->line;
    if (!rc && str_trim(example.text).size == 0)
        rc = err_set(err, E_BAD_MESSAGE, "the text is empty");
    if (rc) return err_at(err, examples->source.path, examples->line);
    *ret_example = example;
    return E_OK;
}
