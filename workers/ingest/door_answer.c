/* What a post is told: receipts, row by row for bulk, or problem+json that names the fields. */
#include "base/digits.h"
#include "workers/ingest/door.h"

static void write_errors(const struct post *post, struct buffer *out)
{
    bool first = true;
    buffer_add(out, STR(",\"errors\":["));
    for (size_t i = 0; i < post->error_count; i++)
        for (uint32_t j = 0; j < post->errors[i].problems.count; j++) {
            const struct json_problem *problem = &post->errors[i].problems.items[j];
            buffer_printf(out, "%s{\"row\":%llu,\"pointer\":", first ? "" : ",",
                          (unsigned long long)post->errors[i].row);
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
        json_write_string(out, post->taken[0].id);
        buffer_add(out, STR(",\"status\":\"accepted\"}\n"));
        return;
    }
    buffer_printf(out, "{\"accepted\":%zu,\"refused\":%llu,\"receipts\":[", post->count,
                  (unsigned long long)post->refused);
    for (size_t i = 0; i < post->count; i++) {
        buffer_add(out, i ? STR(",{\"row\":") : STR("{\"row\":"));
        buffer_add_number(out, post->taken[i].row);
        buffer_add(out, STR(",\"id\":"));
        json_write_string(out, post->taken[i].id);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
    if (post->refused) write_errors(post, out);
    buffer_add(out, STR("}\n"));
}

void answer_receipts(struct post *post)
{
    struct buffer out = {0};
    if (!post->request) return;
    write_receipts(post, &out);
    if (out.failed)
        http_refuse_busy(post->request, 503, 1, "Short of memory; but the records were taken in.");
    else
        http_respond(post->request, 202, STR("application/json"), buffer_str(&out));
    post->request = NULL;
    buffer_deinit(&out);
}

void answer_problems(struct post *post)
{
    struct problem_error errors[ERRORS_SHOWN];
    size_t count = 0;
    for (size_t i = 0; i < post->error_count; i++)
        for (uint32_t j = 0; j < post->errors[i].problems.count && count < ERRORS_SHOWN; j++) {
            const struct json_problem *problem = &post->errors[i].problems.items[j];
            errors[count++] =
                (struct problem_error){.pointer = problem->pointer,
                                       .detail = problem->detail,
                                       .row = post->bulk ? (int64_t)post->errors[i].row : -1};
        }
    const struct problem problem = {
        .status = 422,
        .type = STR("urn:verbatim:problem:invalid-feedback"),
        .title = STR("Invalid feedback"),
        .detail = post->bulk ? STR("No record of the request is valid.")
                             : STR("The record is not valid; see errors."),
    };
    http_respond_problem(post->request, &problem, errors, count);
    post->request = NULL;
}

void answer_unreadable(struct post *post, int rc, const struct err *err)
{
    struct problem problem = {
        .status = 400,
        .type = STR("urn:verbatim:problem:malformed-body"),
        .title = STR("Malformed body"),
        .detail = str_of(err->text),
    };
    if (rc == E_TOO_LARGE) problem = (struct problem){.status = 413, .detail = str_of(err->text)};
    if (err_class((enum err_code)rc) != ERR_REJECT)
        http_refuse_busy(post->request, 503, 1, "The server is short of memory.");
    else
        http_respond_problem(post->request, &problem, NULL, 0);
    post->request = NULL;
}
