/* The body of a post: one JSON object, an array of them, NDJSON or CSV → records, and what is wrong
 * with the rest. */
#include "workers/ingest/door.h"

enum { IDEMPOTENCY_KEY_BYTES = 255 };

enum body_form body_form_of(const struct http_request *request)
{
    static const struct {
        const char *type;
        enum body_form form;
    } types[] = {{"application/json", BODY_JSON},
                 {"application/x-ndjson", BODY_NDJSON},
                 {"application/ndjson", BODY_NDJSON},
                 {"application/jsonl", BODY_NDJSON},
                 {"text/csv", BODY_CSV}};
    struct str type = http_media_type(request);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_equal_ignoring_case(type, str_of(types[i].type))) return types[i].form;
    return BODY_UNKNOWN;
}

/* --- one row ---------------------------------------------------------------------------------- */

static void note_error(struct post *post, uint64_t row, const struct json_problems *problems,
                       const struct err *err)
{
    post->refused++;
    post->state->invalid++;
    if (post->error_count == ERRORS_SHOWN) return;
    if (!post->errors) post->errors = ARENA_ARRAY(&post->arena, struct row_error, ERRORS_SHOWN);
    if (!post->errors) return;
    struct row_error *error = &post->errors[post->error_count++];
    error->row = row;
    error->problems.count = problems->count;
    for (uint32_t i = 0; i < problems->count; i++)
        error->problems.items[i] = (struct json_problem){
            arena_copy(&post->arena, problems->items[i].pointer),
            arena_copy(&post->arena, problems->items[i].detail)};
    if (problems->count) return;
    struct str detail = arena_copy(&post->arena, str_of(err->text));
    error->problems.items[0] = (struct json_problem){STR(""), detail};
    error->problems.count = 1;
}

static int keep(struct post *post, const struct intake *intake, struct err *err)
{
    if (post->count == post->capacity) {
        size_t capacity = post->capacity ? post->capacity * 2 : post->expected + 1;
        struct taken *grown = arena_alloc(&post->arena, capacity * sizeof *grown);
        if (!grown) return err_set(err, E_NO_MEMORY, NULL);
        if (post->count) memcpy(grown, post->taken, post->count * sizeof *grown);
        post->taken = grown;
        post->capacity = capacity;
    }
    struct taken *taken = &post->taken[post->count];
    int rc = taken_make(intake, post->count ? taken - 1 : NULL, &post->arena, taken, err);
    if (rc) return rc;
    taken->message = arena_copy(&post->arena, intake->message);
    if (!taken->message.data) return err_set(err, E_NO_MEMORY, NULL);
    post->count++;
    return E_OK;
}

/* For reading one row: what is kept of it is copied to the post's own arena. */
static struct arena *fresh_scratch(struct post *post)
{
    arena_reset(&post->state->scratch);
    return &post->state->scratch;
}

/* What one row came to: kept, noted as an error, or the whole post fails. */
static int settle_row(struct post *post, int rc, const struct intake *intake,
                      const struct json_problems *problems, struct err *err)
{
    uint64_t row = post->rows++;
    if (rc == E_OK) return keep(post, intake, err);
    if (err_class((enum err_code)rc) != ERR_REJECT) return rc;
    note_error(post, row, problems, err);
    return E_OK;
}

static int check_rows(const struct post *post, struct err *err)
{
    if (post->rows < post->state->options->rows_most) return E_OK;
    return err_set(err, E_TOO_LARGE, "more than %u records in one request",
                   post->state->options->rows_most);
}

/* As many as there would be if all were as long as the first one. */
static void expect_rows(struct post *post, size_t row_bytes, size_t body_bytes)
{
    size_t rows = body_bytes / (row_bytes + 1), most = post->state->options->rows_most;
    post->expected = rows < most ? rows : most;
}

/* --- the forms -------------------------------------------------------------------------------- */

static int take_json(struct post *post, struct str text, uint64_t line,
                     const struct intake_rules *rules, struct err *err)
{
    struct intake intake;
    struct json_problems problems;
    int rc = check_rows(post, err);
    if (rc) return rc;
    problems.count = 0;
    struct arena *scratch = fresh_scratch(post);
    rc = intake_json(text, rules, post->rows, scratch, &intake, &problems, err);
    if (rc) json_fault_began(err, line, 1);
    return settle_row(post, rc, &intake, &problems, err);
}

/* What editors and spreadsheets on some systems put before all text. */
static struct str without_bom(struct str body)
{
    return str_starts(body, STR("\xEF\xBB\xBF")) ? str_slice(body, 3, body.size) : body;
}

/* Objects, one a line: NDJSON by the wrong name. */
static bool is_ndjson(struct post *post, struct str body)
{
    struct json_reader reader = json_reader(body, &post->arena);
    struct str object;
    if (!json_skip(&reader, &object)) return false;
    struct str behind = str_make(reader.at, (size_t)(reader.end - reader.at));
    size_t line = str_find(behind, STR("\n")), next = str_find(behind, STR("{"));
    return object.data[0] == '{' && str_find(object, STR("\n")) == object.size && line < next &&
           next < behind.size && str_trim(str_slice(behind, 0, next)).size == 0;
}

static int read_one(struct post *post, struct str body, const struct intake_rules *rules,
                    struct err *err)
{
    int rc = take_json(post, body, 1, rules, err);
    if (rc == E_OK && post->refused && is_ndjson(post, body))
        rc = err_set(err, E_BAD_JSON,
                     "application/json is one record or an array of them; records one a line are "
                     "application/x-ndjson");
    return rc;
}

static int read_json(struct post *post, struct str body, const struct intake_rules *rules,
                     struct err *err)
{
    struct json_reader reader = json_reader(body, &post->arena);
    struct json_value value;
    struct str raw, trimmed = str_trim(body);
    bool first = true;
    int rc = E_OK;
    if (trimmed.size == 0 || trimmed.data[0] != '[') return read_one(post, body, rules, err);
    post->bulk = true;
    if (!json_next(&reader, &value)) return json_fault(&reader, err);
    while (rc == E_OK && json_item(&reader, &first))
        rc = json_skip(&reader, &raw) ? take_json(post, raw, 1, rules, err) : E_OK;
    if (rc == E_OK && !json_end(&reader)) rc = json_fault(&reader, err);
    return rc;
}

static int read_ndjson(struct post *post, struct str body, const struct intake_rules *rules,
                       struct err *err)
{
    int rc = E_OK;
    post->bulk = true;
    for (uint64_t number = 1; body.size && rc == E_OK; number++) {
        struct str line = str_trim(str_cut(&body, '\n'));
        if (!post->expected) expect_rows(post, line.size, body.size);
        if (line.size) rc = take_json(post, line, number, rules, err);
    }
    return rc;
}

static int read_csv(struct post *post, struct str body, const struct intake_rules *rules,
                    struct err *err)
{
    struct csv_reader reader = csv_reader(body, true);
    struct csv_row header, row;
    post->bulk = true;
    int rc = intake_read_header(&reader, &post->arena, &header, err);
    if (rc == E_NOT_FOUND) return err_set(err, E_BAD_MESSAGE, "the CSV has no header");
    if (rc == E_OK) rc = intake_check_header(&header, STR("text"), err);
    if (rc) return rc;
    for (;;) {
        struct intake intake;
        struct json_problems problems = {.count = 0};
        struct arena *scratch = fresh_scratch(post);
        rc = csv_next(&reader, scratch, &row, err);
        if (rc == E_NOT_FOUND) return E_OK;
        int full = check_rows(post, err);
        if (full) return full;
        if (rc == E_OK)
            rc =
                intake_csv(&header, &row, rules, post->rows, scratch, &intake, &problems, err);
        rc = settle_row(post, rc, &intake, &problems, err);
        if (rc) return rc;
    }
}

/* As it was before it was packed; what that may be is bounded like a body that came as it is. */
static int open_body(struct post *post, struct str *ret_body, struct err *err)
{
    const struct http_request *request = post->request;
    *ret_body = request->body;
    if (!request->coding) return E_OK;
    int rc = http_unpack(request->coding, request->body, post->state->options->body_most,
                         &post->unpacked, err);
    *ret_body = buffer_str(&post->unpacked);
    return rc;
}

int body_read(struct post *post, struct err *err)
{
    struct http_request *request = post->request;
    struct intake_rules rules = {
        .tenant = post->caller.tenant,
        .source = STR("http"),
        .idempotency = http_header(request, STR("idempotency-key")),
        .ids = &post->state->ids,
        .received_ms = clock_wall_ms(post->state->context->clock),
    };
    if (rules.idempotency.data && !rules.idempotency.size) /* a retry would be doubled */
        return err_set(err, E_BAD_MESSAGE, "Idempotency-Key is empty; leave it out, or fill it");
    if (rules.idempotency.size > IDEMPOTENCY_KEY_BYTES || !str_is_utf8(rules.idempotency))
        return err_set(err, E_BAD_MESSAGE, "Idempotency-Key has at most %d bytes of UTF-8",
                       IDEMPOTENCY_KEY_BYTES);
    struct str body;
    int rc = open_body(post, &body, err);
    const char *unpack, *packed = rc ? NULL : intake_packed_as(body, &unpack);
    if (packed) rc = err_set(err, E_BAD_MESSAGE, "the body is %s, not UTF-8 text", packed);
    if (rc) return rc;
    switch (body_form_of(request)) {
    case BODY_JSON: return read_json(post, without_bom(body), &rules, err);
    case BODY_NDJSON: return read_ndjson(post, without_bom(body), &rules, err);
    case BODY_CSV: return read_csv(post, body, &rules, err);
    case BODY_UNKNOWN: break;
    }
    return err_set(err, E_BAD_MESSAGE, "unknown form"); /* refused by its head */
}
