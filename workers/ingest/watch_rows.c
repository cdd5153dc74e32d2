/* Bytes of a watched object → rows → records, and for those that are refused, why.
 *
 * A chunk ends behind its last whole row. A row longer than a chunk is refused and skipped to the
 * end of its line; so memory is bounded whatever the file holds. */

#include "schema/json.h"
#include "workers/ingest/watch.h"

enum { BOM_BYTES = 3 };

struct reading {
    struct watch *watch;
    const struct object *object;
    struct chunk *chunk;
    struct intake_rules rules;
    struct err *err;
};

/* --- refused rows ----------------------------------------------------------------------------- */

/* As JSON text, whatever bytes it has: what is not UTF-8 becomes U+FFFD. */
static void write_raw(struct buffer *out, struct str raw)
{
    struct buffer clean = {0};
    while (raw.size) {
        size_t valid = str_utf8_valid_prefix(raw);
        buffer_add(&clean, str_slice(raw, 0, valid));
        if (valid < raw.size) buffer_add(&clean, STR("\xEF\xBF\xBD"));
        raw = str_slice(raw, valid + 1, raw.size);
    }
    json_write_string(out, buffer_str(&clean));
    out->failed |= clean.failed;
    buffer_deinit(&clean);
}

static void write_problem(struct buffer *out, struct str pointer, struct str detail)
{
    buffer_add(out, STR("{\"pointer\":"));
    json_write_string(out, pointer);
    buffer_add(out, STR(",\"detail\":"));
    write_raw(out, detail);
    buffer_add_char(out, '}');
}

static void refuse_row(struct reading *reading, uint64_t line, struct str raw,
                       const struct json_problems *problems, struct str otherwise)
{
    struct chunk *chunk = reading->chunk;
    struct buffer *out = &chunk->refused;
    buffer_printf(out, "{\"row\":%llu,\"line\":%llu,\"errors\":[",
                  (unsigned long long)(reading->object->rows + chunk->rows),
                  (unsigned long long)line);
    for (uint32_t i = 0; i < problems->count; i++) {
        if (i) buffer_add_char(out, ',');
        write_problem(out, problems->items[i].pointer, problems->items[i].detail);
    }
    if (problems->count == 0) write_problem(out, STR(""), otherwise);
    buffer_add(out, STR("],\"raw\":"));
    write_raw(out, raw);
    buffer_add(out, STR("}\n"));
    chunk->refused_rows++;
    chunk->rows++;
}

/* What one row came to. An error of ours, such as no memory, ends the chunk. */
static int settle_row(struct reading *reading, int rc, const struct intake *intake, uint64_t line,
                      struct str raw, const struct json_problems *problems)
{
    struct chunk *chunk = reading->chunk;
    if (rc == E_OK) {
        const struct taken *before = chunk->count ? &chunk->taken[chunk->count - 1] : NULL;
        rc = taken_make(intake, before, &reading->watch->arena, &chunk->taken[chunk->count],
                        reading->err);
        chunk->count += rc == E_OK;
        chunk->rows += rc == E_OK;
        return rc;
    }
    if (err_class((enum err_code)rc) != ERR_REJECT) return rc;
    refuse_row(reading, line, raw, problems, str_of(reading->err->text));
    return chunk->refused.failed ? err_set(reading->err, E_NO_MEMORY, NULL) : E_OK;
}

/* A row that has not ended within a chunk: its first line is refused, what follows may be good
 * again. */
static void refuse_long(struct reading *reading, uint64_t line, struct str rest)
{
    enum { SHOWN = 200 };
    const struct json_problems none = {.count = 0};
    size_t end = str_find(rest, STR("\n"));
    refuse_row(reading, line, str_slice(rest, 0, end < SHOWN ? end : SHOWN), &none,
               STR("the row is longer than 1 MiB, or a quote is never closed; raw is cut off"));
    reading->chunk->skipping = end == rest.size;
    reading->chunk->bytes += reading->chunk->skipping ? rest.size : end + 1;
    reading->chunk->lines += !reading->chunk->skipping;
}

/* --- the two forms ---------------------------------------------------------------------------- */

static int read_ndjson(struct reading *reading, struct str rest, bool complete)
{
    const struct object *object = reading->object;
    struct chunk *chunk = reading->chunk;
    int rc = E_OK;
    while (rest.size && rc == E_OK && chunk->rows < CHUNK_ROWS) {
        struct intake intake;
        struct json_problems problems = {.count = 0};
        size_t end = str_find(rest, STR("\n"));
        if (end == rest.size && !complete) break;
        struct str line = str_trim(str_slice(rest, 0, end));
        uint64_t number = object->line + chunk->lines;
        if (line.size) {
            rc = intake_json(line, &reading->rules, object->rows + chunk->rows,
                             &reading->watch->arena, &intake, &problems, reading->err);
            if (rc) json_fault_began(reading->err, number, 1);
            rc = settle_row(reading, rc, &intake, number, line, &problems);
        }
        if (rc) return rc;
        size_t taken = end < rest.size ? end + 1 : end;
        chunk->lines++;
        chunk->bytes += taken;
        rest = str_slice(rest, taken, rest.size);
    }
    return rc;
}

static int read_csv(struct reading *reading, struct str rest, bool complete)
{
    const struct object *object = reading->object;
    struct chunk *chunk = reading->chunk;
    struct csv_reader reader = csv_reader(rest, complete);
    reader.delimiter = object->delimiter;
    reader.rest = rest; /* what looks like a BOM is none in the middle of an object */
    uint64_t lines_before = chunk->lines, bytes_before = chunk->bytes;
    while (chunk->rows < CHUNK_ROWS) {
        struct csv_row row;
        struct intake intake;
        struct json_problems problems = {.count = 0};
        struct str before = reader.rest;
        uint64_t line = object->line + lines_before + reader.line - 1;
        int rc = csv_next(&reader, &reading->watch->arena, &row, reading->err);
        if (rc == E_NOT_FOUND) { /* but empty lines may have been passed over */
            chunk->lines = lines_before + reader.line - 1;
            chunk->bytes = bytes_before + (rest.size - reader.rest.size);
            break;
        }
        struct str raw = str_trim(str_slice(before, 0, before.size - reader.rest.size));
        if (rc == E_OK)
            rc = intake_csv(&object->header, &row, &reading->rules, object->rows + chunk->rows,
                            &reading->watch->arena, &intake, &problems, reading->err);
        rc = settle_row(reading, rc, &intake, line, raw, &problems);
        if (rc) return rc;
        chunk->lines = lines_before + reader.line - 1;
        chunk->bytes = bytes_before + (rest.size - reader.rest.size);
    }
    return E_OK;
}

static int check_packed(struct str start, struct err *err)
{
    const char *unpack, *packed = intake_packed_as(start, &unpack);
    if (!packed) return E_OK;
    return err_set(err, E_BAD_MESSAGE, "the object is %s, not UTF-8 text", packed);
}

/* The rest of a line that was refused before. */
static void skip_line(struct chunk *chunk, struct str input)
{
    size_t end = str_find(input, STR("\n"));
    chunk->skipping = end == input.size;
    chunk->bytes = chunk->skipping ? input.size : end + 1;
    chunk->lines = !chunk->skipping;
}

int watch_read_rows(struct watch *watch, const struct object *object, struct str input,
                    bool complete, struct chunk *ret_chunk, struct err *err)
{
    struct chunk chunk = {.taken = ARENA_ARRAY(&watch->arena, struct taken, CHUNK_ROWS)};
    struct str idempotency =
        arena_printf(&watch->arena, "%.*s\n%s", STR_ARGS(object->key), object->id);
    struct reading reading = {
        .watch = watch,
        .object = object,
        .chunk = &chunk,
        .err = err,
        .rules = {.tenant = watch->tenant,
                  .source = str_slice(object->key, 0, 256),
                  .ids = &watch->ids,
                  .idempotency = idempotency,
                  .received_ms = clock_wall_ms(watch->state->context->clock)}};
    if (!chunk.taken || !idempotency.data) return err_set(err, E_NO_MEMORY, NULL);
    int rc = object->offset ? E_OK : check_packed(input, err); /* a CSV is past its header */
    if (rc) return rc;
    reading.rules.source.size = str_utf8_valid_prefix(reading.rules.source);
    if (object->skipping)
        skip_line(&chunk, input);
    else if (object->offset == 0 && str_starts(input, STR("\xEF\xBB\xBF")))
        chunk.bytes = BOM_BYTES;
    struct str rest = str_slice(input, chunk.bytes, input.size);
    uint64_t before = chunk.bytes;
    if (!chunk.skipping)
        rc = object->csv ? read_csv(&reading, rest, complete)
                         : read_ndjson(&reading, rest, complete);
    bool stuck = rc == E_OK && !complete && chunk.rows == 0 && chunk.bytes == before &&
                 rest.size >= CHUNK_BYTES - BOM_BYTES;
    if (stuck && !chunk.skipping) refuse_long(&reading, object->line + chunk.lines, rest);
    if (rc == E_OK && chunk.refused.failed) rc = err_set(err, E_NO_MEMORY, NULL);
    if (rc)
        buffer_deinit(&chunk.refused);
    else
        *ret_chunk = chunk;
    return rc;
}

/* --- the header of a CSV ---------------------------------------------------------------------- */

int watch_read_header(struct object *object, struct str input, bool complete, struct err *err)
{
    struct csv_reader reader = csv_reader(input, complete);
    int rc = check_packed(input, err);
    if (rc) return rc;
    rc = intake_read_header(&reader, &object->arena, &object->header, err);
    if (rc == E_NOT_FOUND) return err_set(err, E_BAD_MESSAGE, "the CSV has no header");
    if (rc) return rc;
    object->delimiter = reader.delimiter;
    rc = intake_check_header(&object->header, STR("text"), err);
    if (rc) return rc;
    if (object->offset == 0) {
        object->offset = input.size - reader.rest.size;
        object->line = reader.line;
    }
    return E_OK;
}
