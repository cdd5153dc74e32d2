/* POST /v1/feedback: a receipt only when the bus holds the records.
 *
 * Happy path: parse the body into records → hand them to the producer → on_written → 202 with receipts, or with
 * ?wait= the finished insight. A body that holds nothing valid is 4xx; a full queue 429; a bus that doesn't
 * answer 503: no receipt, so the caller may post again, and an idempotency key makes that the same record. */
#include <stdio.h>
#include <stdlib.h>

#include "schema/intake.h"
#include "schema/json.h"
#include "workers/ingest/state.h"

enum { ERRORS_SHOWN = 100, IDEMPOTENCY_KEY_BYTES = 255 };

struct row_error {
    uint64_t row;
    struct json_problems problems;
};

/* One request, from its body to its answer. */
struct post {
    struct ingest_state *state;
    struct http_request *request; /* NULL: the client went away */
    struct arena arena;
    struct caller caller;
    struct intake *intakes;
    struct bus_output *outputs;
    size_t count, capacity;
    struct row_error *errors;
    size_t error_count;
    uint64_t rows, refused;
    size_t counted_bytes;
    bool bulk, written, waiting;
    int64_t wait_ms;
};

enum body_form { BODY_JSON, BODY_NDJSON, BODY_CSV, BODY_UNKNOWN };

static enum body_form form_of(const struct http_request *request)
{
    if (http_content_type_is(request, STR("application/json"))) return BODY_JSON;
    if (http_content_type_is(request, STR("application/x-ndjson")) || http_content_type_is(request, STR("application/ndjson")) ||
        http_content_type_is(request, STR("application/jsonl")))
        return BODY_NDJSON;
    return http_content_type_is(request, STR("text/csv")) ? BODY_CSV : BODY_UNKNOWN;
}

bool door_refuses(struct ingest_state *state, struct http_request *request)
{
    request->body_limit_bytes = state->options->body_most;
    if (state->draining) {
        http_refuse_busy(request, 503, 1, "The server is stopping.");
        return true;
    }
    if (form_of(request) == BODY_UNKNOWN) {
        http_refuse(request, 415, "Content-Type must be application/json, application/x-ndjson or text/csv.");
        return true;
    }
    if (state->in_flight_bytes < state->options->in_flight_most) return false;
    http_refuse_busy(request, 429, 1, "Too much is waiting to be written; try again in a moment.");
    return true;
}

/* --- from body to records ----------------------------------------------------------------------- */

static void note_error(struct post *post, uint64_t row, const struct json_problems *problems, const struct err *err)
{
    post->refused++;
    post->state->invalid++;
    if (post->error_count == ERRORS_SHOWN) return;
    if (!post->errors) post->errors = ARENA_ARRAY(&post->arena, struct row_error, ERRORS_SHOWN);
    if (!post->errors) return;
    struct row_error *error = &post->errors[post->error_count++];
    *error = (struct row_error){.row = row, .problems = *problems};
    if (problems->count) return;
    error->problems.items[0] = (struct json_problem){STR(""), arena_copy(&post->arena, str_of(err->text))};
    error->problems.count = 1;
}

static int keep(struct post *post, const struct intake *intake, struct err *err)
{
    if (post->count == post->capacity) {
        size_t capacity = post->capacity ? post->capacity * 2 : 16;
        struct intake *grown = ARENA_ARRAY(&post->arena, struct intake, capacity);
        if (!grown) return err_set(err, E_NO_MEMORY, NULL);
        if (post->count) memcpy(grown, post->intakes, post->count * sizeof *grown);
        post->intakes = grown;
        post->capacity = capacity;
    }
    post->intakes[post->count++] = *intake;
    return E_OK;
}

/* What one row came to: kept, noted as an error, or the whole post fails. */
static int settle_row(struct post *post, int rc, const struct intake *intake, const struct json_problems *problems, struct err *err)
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
    return err_set(err, E_TOO_LARGE, "more than %u records in one request", post->state->options->rows_most);
}

static int take_json(struct post *post, struct str text, const struct intake_rules *rules, struct err *err)
{
    struct intake intake;
    struct json_problems problems = {.count = 0};
    int rc = check_rows(post, err);
    if (rc) return rc;
    rc = intake_json(text, rules, post->rows, &post->arena, &intake, &problems, err);
    return settle_row(post, rc, &intake, &problems, err);
}

static int read_json(struct post *post, struct str body, const struct intake_rules *rules, struct err *err)
{
    struct json_reader reader = json_reader(body, &post->arena);
    struct json_value value;
    struct str raw;
    bool first = true;
    int rc = E_OK;
    if (str_trim(body).size == 0 || str_trim(body).data[0] != '[') return take_json(post, body, rules, err);
    post->bulk = true;
    if (!json_next(&reader, &value)) return json_fault(&reader, err);
    while (rc == E_OK && json_item(&reader, &first)) rc = json_skip(&reader, &raw) ? take_json(post, raw, rules, err) : E_OK;
    if (rc == E_OK && !json_end(&reader)) rc = json_fault(&reader, err);
    return rc;
}

static int read_ndjson(struct post *post, struct str body, const struct intake_rules *rules, struct err *err)
{
    int rc = E_OK;
    post->bulk = true;
    while (body.size && rc == E_OK) {
        struct str line = str_trim(str_cut(&body, '\n'));
        if (line.size) rc = take_json(post, line, rules, err);
    }
    return rc;
}

static int read_csv(struct post *post, struct str body, const struct intake_rules *rules, struct err *err)
{
    struct csv_reader reader = csv_reader(body, true);
    reader.delimiter = csv_delimiter(body);
    struct csv_row header, row;
    post->bulk = true;
    int rc = csv_next(&reader, &post->arena, &header, err);
    if (rc == E_NOT_FOUND) return err_set(err, E_BAD_MESSAGE, "the CSV has no header");
    if (rc) return rc;
    for (;;) {
        struct intake intake;
        struct json_problems problems = {.count = 0};
        rc = csv_next(&reader, &post->arena, &row, err);
        if (rc == E_NOT_FOUND) return E_OK;
        int full = check_rows(post, err);
        if (full) return full;
        if (rc == E_OK) rc = intake_csv(&header, &row, rules, post->rows, &post->arena, &intake, &problems, err);
        rc = settle_row(post, rc, &intake, &problems, err);
        if (rc) return rc;
    }
}

static int read_body(struct post *post, struct err *err)
{
    struct http_request *request = post->request;
    struct intake_rules rules = {
        .tenant = post->caller.tenant,
        .source = STR("http"),
        .idempotency = http_header(request, STR("idempotency-key")),
        .ids = &post->state->ids,
        .received_ms = clock_wall_ms(post->state->context->clock),
    };
    if (rules.idempotency.size > IDEMPOTENCY_KEY_BYTES || !str_is_utf8(rules.idempotency))
        return err_set(err, E_BAD_MESSAGE, "Idempotency-Key has at most %d bytes", IDEMPOTENCY_KEY_BYTES);
    switch (form_of(request)) {
    case BODY_JSON: return read_json(post, request->body, &rules, err);
    case BODY_NDJSON: return read_ndjson(post, request->body, &rules, err);
    default: return read_csv(post, request->body, &rules, err);
    }
}

/* --- answers -------------------------------------------------------------------------------------- */

static void forget(struct post *post)
{
    post->state->in_flight_bytes -= post->counted_bytes;
    post->state->posts_open--;
    arena_deinit(&post->arena);
    free(post);
}

/* The last step of every post that has not been answered otherwise. */
static void finish(struct post *post)
{
    if (!post->written || post->waiting) return; /* the bus or the feed still holds it */
    forget(post);
}

static void write_errors(const struct post *post, struct buffer *out)
{
    bool first = true;
    buffer_add(out, STR(",\"errors\":["));
    for (size_t i = 0; i < post->error_count; i++)
        for (uint32_t j = 0; j < post->errors[i].problems.count; j++) {
            const struct json_problem *problem = &post->errors[i].problems.items[j];
            buffer_printf(out, "%s{\"row\":%llu,\"pointer\":", first ? "" : ",", (unsigned long long)post->errors[i].row);
            json_write_string(out, problem->pointer);
            buffer_add(out, STR(",\"detail\":"));
            json_write_string(out, problem->detail);
            buffer_add_char(out, '}');
            first = false;
        }
    buffer_add_char(out, ']');
}

static void write_receipts(const struct post *post, struct buffer *out)
{
    if (!post->bulk) {
        buffer_add(out, STR("{\"id\":"));
        json_write_string(out, post->intakes[0].id);
        buffer_add(out, STR(",\"status\":\"accepted\"}\n"));
        return;
    }
    buffer_printf(out, "{\"accepted\":%zu,\"refused\":%llu,\"receipts\":[", post->count, (unsigned long long)post->refused);
    for (size_t i = 0; i < post->count; i++) {
        buffer_printf(out, "%s{\"row\":%llu,\"id\":", i ? "," : "", (unsigned long long)post->intakes[i].row);
        json_write_string(out, post->intakes[i].id);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
    if (post->refused) write_errors(post, out);
    buffer_add(out, STR("}\n"));
}

static void answer_receipts(struct post *post)
{
    struct buffer out = {0};
    if (!post->request) return;
    write_receipts(post, &out);
    if (out.failed) http_refuse_busy(post->request, 503, 1, "The server is short of memory; the records were taken in.");
    else http_respond(post->request, 202, STR("application/json"), buffer_str(&out));
    post->request = NULL;
    buffer_deinit(&out);
}

/* Nothing in the body could be taken in. */
static void answer_problems(struct post *post)
{
    struct problem_error errors[ERRORS_SHOWN];
    size_t count = 0;
    for (size_t i = 0; i < post->error_count; i++)
        for (uint32_t j = 0; j < post->errors[i].problems.count && count < ERRORS_SHOWN; j++) {
            const struct json_problem *problem = &post->errors[i].problems.items[j];
            errors[count++] = (struct problem_error){.pointer = problem->pointer, .detail = problem->detail,
                                                     .row = post->bulk ? (int64_t)post->errors[i].row : -1};
        }
    const struct problem problem = {
        .status = 422,
        .type = STR("urn:verbatim:problem:invalid-feedback"),
        .title = STR("Invalid feedback"),
        .detail = post->bulk ? STR("No record of the request is valid.") : STR("The record is not valid; see errors."),
    };
    http_respond_problem(post->request, &problem, errors, count);
    post->request = NULL;
}

static void answer_unreadable(struct post *post, int rc, const struct err *err)
{
    struct problem problem = {.status = 400, .type = STR("urn:verbatim:problem:malformed-body"), .title = STR("Malformed body"), .detail = str_of(err->text)};
    if (rc == E_TOO_LARGE) problem = (struct problem){.status = 413, .detail = str_of(err->text)};
    if (err_class((enum err_code)rc) != ERR_REJECT) http_refuse_busy(post->request, 503, 1, "The server is short of memory.");
    else http_respond_problem(post->request, &problem, NULL, 0);
    post->request = NULL;
}

/* --- to the bus ------------------------------------------------------------------------------------ */

static void on_client_gone(struct http_request *request, void *user)
{
    struct post *post = user;
    (void)request;
    post->request = NULL;
}

static void on_insight(void *user, struct str json)
{
    struct post *post = user;
    post->waiting = false;
    if (post->request && json.data) {
        http_respond(post->request, 200, STR("application/json"), json);
        post->request = NULL;
    } else if (post->written) {
        answer_receipts(post);
    }
    finish(post);
}

static void answer_unwritten(struct post *post, const struct err *err)
{
    post->state->bus_failing = true;
    post->state->bus_failed_ms = clock_mono_ms(post->state->context->clock);
    if (!post->request) return;
    (void)err; /* in the log and the metrics; a stranger needn't know our brokers */
    http_refuse_busy(post->request, 503, 2, "The records could not be written; nothing was taken in. Try again.");
    post->request = NULL;
}

static void on_written(void *user, const struct err *err)
{
    struct post *post = user;
    post->written = true;
    if (err) {
        if (post->waiting) feed_forget(post->state->feed, post);
        post->waiting = false;
        answer_unwritten(post, err);
    } else {
        post->state->bus_failing = false;
        post->state->receipts += post->count;
        if (!post->waiting) answer_receipts(post);
    }
    finish(post);
}

/* ?wait=5s or "Prefer: wait=5" (RFC 7240, seconds). */
static int64_t wait_of(const struct post *post)
{
    char room[32];
    struct str text = {0};
    uint64_t number = 0;
    int64_t ms = 0;
    if (http_query_get(post->request->query, STR("wait"), room, sizeof room, &text) != HTTP_QUERY_FOUND) {
        text = http_header(post->request, STR("prefer"));
        size_t at = str_find(text, STR("wait="));
        text = str_slice(text, at + 5, text.size);
        struct str rest = text;
        text = str_trim(str_cut(&rest, ','));
    }
    if (str_ends(text, STR("ms")) && str_to_u64(str_slice(text, 0, text.size - 2), &number)) ms = (int64_t)number;
    else if (str_to_u64(str_ends(text, STR("s")) ? str_slice(text, 0, text.size - 1) : text, &number) && number < 1000000) ms = (int64_t)number * 1000;
    return ms < post->state->options->wait_most ? ms : post->state->options->wait_most;
}

static void produce(struct post *post)
{
    struct err err;
    struct ingest_state *state = post->state;
    int rc = outputs_make(post->intakes, post->count, http_header(post->request, STR("traceparent")),
                          clock_wall_ms(state->context->clock), state->context->random, &post->arena,
                          &post->outputs, &err);
    if (rc == E_OK && !post->bulk && (post->wait_ms = wait_of(post)) > 0) {
        post->waiting = feed_wait(post->state->feed, post->intakes[0].id, post->wait_ms, on_insight, post, &err) == E_OK;
    }
    http_on_close(post->request, on_client_gone, post);
    post->counted_bytes = post->arena.used_bytes;
    post->state->in_flight_bytes += post->counted_bytes;
    if (rc == E_OK) rc = bus_produce(post->state->producer, post->outputs, post->count, on_written, post, &err);
    if (rc == E_OK) return;
    post->written = true;
    if (post->waiting) feed_forget(post->state->feed, post);
    post->waiting = false;
    if (rc == E_BUSY && post->request) {
        http_refuse_busy(post->request, 429, 1, "Too much is waiting to be written; try again in a moment.");
        post->request = NULL;
    } else {
        answer_unwritten(post, &err);
    }
    finish(post);
}

void door_post(struct ingest_state *state, struct http_request *request, const struct caller *caller)
{
    struct err err = {0};
    struct post *post = calloc(1, sizeof *post);
    if (!post) {
        http_refuse_busy(request, 503, 1, "The server is short of memory.");
        return;
    }
    post->state = state;
    post->request = request;
    post->caller = *caller;
    state->posts_open++;
    int rc = read_body(post, &err);
    if (rc) answer_unreadable(post, rc, &err);
    else if (post->count == 0 && post->error_count == 0) answer_unreadable(post, E_BAD_MESSAGE, (err_set(&err, E_BAD_MESSAGE, "the body holds no record"), &err));
    else if (post->count == 0 && !post->bulk && err.code == E_BAD_JSON) answer_unreadable(post, E_BAD_JSON, &err);
    else if (post->count == 0) answer_problems(post);
    if (post->request) {
        produce(post);
        return;
    }
    forget(post);
}
