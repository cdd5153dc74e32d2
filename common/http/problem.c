/* problem+json, and the JSON strings and status phrases that it is made of. */
#include "http/problem.h"

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {206, "Partial Content"},
    {207, "Multi-Status"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
    {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
    {406, "Not Acceptable"}, {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"},
    {411, "Length Required"}, {412, "Precondition Failed"}, {413, "Content Too Large"},
    {414, "URI Too Long"}, {415, "Unsupported Media Type"}, {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"}, {421, "Misdirected Request"}, {422, "Unprocessable Content"},
    {428, "Precondition Required"}, {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
    {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *http_status_phrase(int status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status) return phrases[i].phrase;
    return "Unknown";
}

static void quote_byte(struct buffer *out, unsigned char c)
{
    static const char short_forms[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *form = short_forms; *form; form += 2) {
        if ((unsigned char)*form != c) continue;
        char escaped[2] = {'\\', form[1]};
        buffer_append(out, escaped, sizeof escaped);
        return;
    }
    buffer_printf(out, "\\u%04x", c);
}

static bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\' || c == 0x7f; }

void problem_quote(struct buffer *out, struct str text)
{
    buffer_add_char(out, '"');
    while (text.size > 0) {
        size_t valid = str_utf8_valid_prefix(text), plain = 0;
        while (plain < valid && !needs_escape((unsigned char)text.data[plain])) plain++;
        buffer_append(out, text.data, plain);
        text = str_slice(text, plain, text.size);
        if (text.size == 0) break;
        if (plain < valid) quote_byte(out, (unsigned char)text.data[0]);
        else buffer_add(out, STR("\xEF\xBF\xBD"));
        text = str_slice(text, 1, text.size);
    }
    buffer_add_char(out, '"');
}

static void add_member(struct buffer *out, const char *name, struct str value, bool *first)
{
    if (value.size == 0) return;
    buffer_add(out, *first ? STR("\"") : STR(",\""));
    buffer_add(out, str_of(name));
    buffer_add(out, STR("\":"));
    problem_quote(out, value);
    *first = false;
}

static void add_error(struct buffer *out, const struct problem_error *error)
{
    bool first = true;
    buffer_add_char(out, '{');
    if (error->pointer.data && !error->pointer.size) {
        buffer_add(out, STR("\"pointer\":\"\""));
        first = false;
    }
    add_member(out, "pointer", error->pointer, &first);
    add_member(out, "field", error->field, &first);
    add_member(out, "code", error->code, &first);
    add_member(out, "detail", error->detail, &first);
    if (error->row >= 0)
        buffer_printf(out, "%s\"row\":%lld", first ? "" : ",", (long long)error->row);
    buffer_add_char(out, '}');
}

void problem_write(struct buffer *out, const struct problem *problem,
                   const struct problem_error *errors, size_t count)
{
    bool first = true;
    buffer_add_char(out, '{');
    add_member(out, "type", problem->type.size ? problem->type : STR("about:blank"), &first);
    struct str phrase = str_of(http_status_phrase(problem->status));
    add_member(out, "title", problem->title.size ? problem->title : phrase, &first);
    buffer_printf(out, ",\"status\":%d", problem->status);
    add_member(out, "detail", problem->detail, &first);
    add_member(out, "instance", problem->instance, &first);
    if (count > 0) {
        buffer_add(out, STR(",\"errors\":["));
        for (size_t i = 0; i < count; i++) {
            if (i > 0) buffer_add_char(out, ',');
            add_error(out, &errors[i]);
        }
        buffer_add_char(out, ']');
    }
    buffer_add_char(out, '}');
}
