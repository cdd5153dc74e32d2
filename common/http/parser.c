/* One request out of bytes.
 *
 * Happy path: parser_feed() gathers lines until the empty one (scan_head), runs llhttp over the whole
 * head, judges it (judge_head), and then passes the body through llhttp until it is complete.
 * Failure: the first thing that is wrong sets `refusal`; the parser takes nothing from then on. */
#include "http/parser.h"

enum {
    AROUND_TARGET_BYTES = 32,    /* method, version and spaces */
    BLANKS_MAX = 8,              /* CR and LF bytes tolerated before a request line (RFC 9112 2.2) */
    CHUNK_OVERHEAD_PER_BYTE = 16 /* framing allowed per body byte, beside header_bytes of trailers */
};

static enum parse_result refuse(struct parser *parser, enum http_refusal why)
{
    if (!parser->refusal) parser->refusal = why;
    return PARSE_REFUSED;
}

/* --- the head, line by line --- */

static const struct {
    const char *name;
    enum http_method method;
    uint8_t llhttp;
} methods[] = {
    {"GET", HTTP_METHOD_GET, HTTP_GET},       {"HEAD", HTTP_METHOD_HEAD, HTTP_HEAD},
    {"POST", HTTP_METHOD_POST, HTTP_POST},    {"PUT", HTTP_METHOD_PUT, HTTP_PUT},
    {"PATCH", HTTP_METHOD_PATCH, HTTP_PATCH}, {"DELETE", HTTP_METHOD_DELETE, HTTP_DELETE},
    {"OPTIONS", HTTP_METHOD_OPTIONS, HTTP_OPTIONS},
};
enum { METHOD_COUNT = sizeof methods / sizeof methods[0] };

const char *http_method_name(enum http_method method)
{
    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (methods[i].method == method) return methods[i].name;
    return "";
}

/* token of RFC 9110 section 5.6.2 */
static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        bool alphanumeric = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!alphanumeric && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c))) return false;
    }
    return s.size > 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Sorts out, before anything else comes, what isn't HTTP/1: "GET /" alone is HTTP/0.9. */
static enum http_refusal judge_request_line(struct parser *parser, struct str line)
{
    struct str rest = line, method = str_cut(&rest, ' '), target = str_cut(&rest, ' ');
    if (!is_token(method) || target.size == 0) return HTTP_REFUSED_MALFORMED;
    bool is_http = rest.size == 8 && str_starts(rest, STR("HTTP/")) && is_digit(rest.data[5]) &&
                   rest.data[6] == '.' && is_digit(rest.data[7]);
    if (!is_http) return rest.size == 0 ? HTTP_REFUSED_VERSION : HTTP_REFUSED_MALFORMED;
    if (rest.data[5] != '1' || rest.data[7] > '1') return HTTP_REFUSED_VERSION;
    if (target.size > parser->limits->target_bytes) return HTTP_REFUSED_TARGET_SIZE;
    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (str_equal(method, str_of(methods[i].name))) return HTTP_REFUSED_NOT;
    return HTTP_REFUSED_METHOD;
}

/* Judges the line that ends with the LF at data[end]; `start` is where it begins in data, or 0 if
 * its beginning came earlier. */
static enum http_refusal judge_line(struct parser *parser, const char *data, size_t start, size_t end)
{
    char before = end > 0 ? data[end - 1] : parser->last;
    if (before != '\r') return HTTP_REFUSED_MALFORMED;
    if (parser->lines > 0) return HTTP_REFUSED_NOT;
    size_t earlier = parser->message->head.size; /* the request line's bytes from earlier reads */
    if (earlier > 0) {
        buffer_append(&parser->message->head, data + start, end - start);
        struct str line = buffer_str(&parser->message->head);
        enum http_refusal why = judge_request_line(parser, str_slice(line, 0, line.size - 1));
        parser->message->head.size = earlier;
        return why;
    }
    return judge_request_line(parser, (struct str){data + start, end - 1 - start});
}

/* Refuses a request line that has come to parser->line_bytes + more without an end. */
static bool is_target_too_long(struct parser *parser, size_t more)
{
    if (parser->lines > 0 || parser->line_bytes + more <= parser->limits->target_bytes + AROUND_TARGET_BYTES) return false;
    refuse(parser, HTTP_REFUSED_TARGET_SIZE);
    return true;
}

/* How many bytes belong to the head; *ret_end tells whether its empty line was among them. */
static size_t scan_head(struct parser *parser, const char *data, size_t size, bool *ret_end)
{
    size_t at = 0;
    *ret_end = false;
    while (at < size) {
        char first = data[at];
        if (parser->line_bytes == 0 && parser->lines > 0 && (first == ' ' || first == '\t')) {
            refuse(parser, HTTP_REFUSED_MALFORMED); /* obs-fold, RFC 9112 section 5.2 */
            return at;
        }
        const char *newline = memchr(data + at, '\n', size - at);
        if (!newline) {
            parser->line_bytes += size - at;
            (void)is_target_too_long(parser, 0);
            break;
        }
        size_t end = (size_t)(newline - data);
        if (is_target_too_long(parser, end - at)) return at;
        enum http_refusal why = judge_line(parser, data, at, end);
        if (why) {
            refuse(parser, why);
            return at;
        }
        bool empty = parser->line_bytes + (end + 1 - at) == 2;
        parser->lines++;
        parser->line_bytes = 0;
        at = end + 1;
        if (empty) {
            *ret_end = true;
            return at;
        }
        if (parser->lines > parser->limits->header_count + 1) {
            refuse(parser, HTTP_REFUSED_HEADER_SIZE);
            return at;
        }
    }
    return size;
}

/* --- llhttp's callbacks --- */

static struct parser *parser_of(llhttp_t *llhttp) { return llhttp->data; }

static int on_header_field(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    struct message *message = parser->message;
    if (parser->in_body) return 0; /* a trailer: allowed, unused */
    struct header_field field = {(uint32_t)(at - message->head.data), (uint32_t)size, 0, 0};
    if (!is_token((struct str){at, size})) return refuse(parser, HTTP_REFUSED_MALFORMED), HPE_USER;
    buffer_append(&message->fields, &field, sizeof field);
    message->field_count++;
    return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    struct message *message = parser->message;
    if (parser->in_body || message->fields.failed) return 0;
    struct header_field *field = (struct header_field *)(void *)message->fields.data + message->field_count - 1;
    if (field->value_bytes > 0) return refuse(parser, HTTP_REFUSED_MALFORMED), HPE_USER; /* in two parts */
    struct str value = str_trim((struct str){at, size});
    field->value = (uint32_t)(value.data - message->head.data);
    field->value_bytes = (uint32_t)value.size;
    return 0;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t size)
{
    struct message *message = parser_of(llhttp)->message;
    message->path = (struct str){at, size}; /* as it is, until judge_target() */
    return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct message *message = parser_of(llhttp)->message;
    message->version_1_1 = llhttp_get_http_minor(llhttp) == 1;
    message->keep_alive = llhttp_should_keep_alive(llhttp);
    message->chunked = (llhttp->flags & F_CHUNKED) != 0;
    message->content_length = llhttp->flags & F_CONTENT_LENGTH ? llhttp->content_length : 0;
    message->has_body = message->chunked || message->content_length > 0;
    llhttp->upgrade = 0; /* we stay with HTTP/1.1, as RFC 9110 section 7.8 allows */
    return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    struct buffer *body = &parser->message->body;
    if (size > parser->body_limit_bytes - body->size) return refuse(parser, HTTP_REFUSED_BODY_SIZE), HPE_USER;
    buffer_append(body, at, size);
    return body->failed ? (refuse(parser, HTTP_REFUSED_NO_MEMORY), HPE_USER) : 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    parser_of(llhttp)->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* --- the whole head --- */

static struct str field_text(const struct message *message, uint32_t at, uint32_t size)
{
    return (struct str){message->head.data + at, size};
}

static const struct header_field *fields_of(const struct message *message)
{
    return (const struct header_field *)(const void *)message->fields.data;
}

struct str message_header(const struct message *message, struct str name)
{
    const struct header_field *fields = fields_of(message);
    for (size_t i = 0; i < message->field_count; i++)
        if (str_equal_ignoring_case(field_text(message, fields[i].name, fields[i].name_bytes), name))
            return field_text(message, fields[i].value, fields[i].value_bytes);
    return (struct str){0};
}

static size_t count_header(const struct message *message, struct str name)
{
    const struct header_field *fields = fields_of(message);
    size_t count = 0;
    for (size_t i = 0; i < message->field_count; i++)
        count += str_equal_ignoring_case(field_text(message, fields[i].name, fields[i].name_bytes), name);
    return count;
}

/* uri-host [":" port], RFC 9110 section 7.2; judged by its characters only. Empty is valid. */
static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.size; i++) {
        unsigned char c = (unsigned char)host.data[i];
        if (c <= ' ' || c >= 0x7f || strchr("/?#@\\\"<>{}|^`,", c)) return false;
    }
    return true;
}

static enum http_refusal judge_framing(const struct message *message)
{
    size_t codings = count_header(message, STR("transfer-encoding"));
    size_t lengths = count_header(message, STR("content-length"));
    if (lengths > 1 || codings > 1 || (codings > 0 && (lengths > 0 || !message->version_1_1)))
        return HTTP_REFUSED_MALFORMED;
    if (codings > 0 && !str_equal_ignoring_case(message_header(message, STR("transfer-encoding")), STR("chunked")))
        return HTTP_REFUSED_TRANSFER_CODING;
    return HTTP_REFUSED_NOT;
}

static enum http_refusal judge_head(struct parser *parser)
{
    struct message *message = parser->message;
    size_t hosts = count_header(message, STR("host"));
    if (hosts > 1 || (hosts == 0 && message->version_1_1)) return HTTP_REFUSED_HOST;
    if (!is_host(message_header(message, STR("host")))) return HTTP_REFUSED_HOST;
    enum http_refusal framing = judge_framing(message);
    if (framing) return framing;

    uint8_t method = llhttp_get_method(&parser->llhttp);
    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (methods[i].llhttp == method) message->method = methods[i].method;
    char *target = message->head.data + (message->path.data - message->head.data);
    bool asterisk_allowed = message->method == HTTP_METHOD_OPTIONS;
    if (!target_parse(target, message->path.size, asterisk_allowed, &message->path, &message->query))
        return HTTP_REFUSED_TARGET;

    struct str encoding = message_header(message, STR("content-encoding"));
    if (encoding.size > 0 && !str_equal_ignoring_case(encoding, STR("identity"))) return HTTP_REFUSED_ENCODING;
    struct str expect = message_header(message, STR("expect"));
    if (expect.size > 0 && message->version_1_1) {
        if (!str_equal_ignoring_case(expect, STR("100-continue"))) return HTTP_REFUSED_EXPECTATION;
        message->expects_continue = message->has_body;
    }
    return HTTP_REFUSED_NOT;
}

static enum parse_result parse_head(struct parser *parser)
{
    struct message *message = parser->message;
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    parser->llhttp.data = parser;
    llhttp_errno_t rc = llhttp_execute(&parser->llhttp, message->head.data, message->head.size);
    if (message->fields.failed) return refuse(parser, HTTP_REFUSED_NO_MEMORY);
    /* llhttp calls a last coding that isn't chunked malformed; 501 tells the caller more. */
    if (rc == HPE_INVALID_TRANSFER_ENCODING && judge_framing(message) == HTTP_REFUSED_TRANSFER_CODING)
        return refuse(parser, HTTP_REFUSED_TRANSFER_CODING);
    if (rc != HPE_OK && rc != HPE_PAUSED) return refuse(parser, HTTP_REFUSED_MALFORMED);
    enum http_refusal why = judge_head(parser);
    if (why) return refuse(parser, why);
    if (parser->complete) return PARSE_DONE;
    if (!message->has_body) return refuse(parser, HTTP_REFUSED_MALFORMED);
    parser->in_body = true;
    return PARSE_HEAD;
}

static enum parse_result feed_head(struct parser *parser, const char *data, size_t size, size_t *ret_used)
{
    size_t blanks = 0;
    while (!parser_has_begun(parser) && blanks < size && (data[blanks] == '\r' || data[blanks] == '\n')) {
        if (++parser->blanks > BLANKS_MAX) return refuse(parser, HTTP_REFUSED_MALFORMED);
        blanks++;
    }
    *ret_used = blanks;
    if (blanks == size) return PARSE_MORE;
    if (!parser_has_begun(parser) && !is_token((struct str){data + blanks, 1}))
        return refuse(parser, HTTP_REFUSED_MALFORMED); /* TLS at a plain port need not wait for a line */
    bool end = false;
    struct buffer *head = &parser->message->head;
    size_t room = parser->limits->header_bytes - head->size, available = size - blanks;
    size_t used = scan_head(parser, data + blanks, available < room ? available : room, &end);
    if (parser->refusal) return PARSE_REFUSED;
    if (!end && available > room) return refuse(parser, HTTP_REFUSED_HEADER_SIZE);
    buffer_append(head, data + blanks, used);
    if (head->failed) return refuse(parser, HTTP_REFUSED_NO_MEMORY);
    parser->last = data[blanks + used - 1];
    *ret_used = blanks + used;
    return end ? parse_head(parser) : PARSE_MORE;
}

static enum parse_result feed_body(struct parser *parser, const char *data, size_t size, size_t *ret_used)
{
    struct message *message = parser->message;
    if (message->content_length > parser->body_limit_bytes) return refuse(parser, HTTP_REFUSED_BODY_SIZE);
    if (size == 0) return PARSE_MORE;
    llhttp_errno_t rc = llhttp_execute(&parser->llhttp, data, size);
    size_t used = rc == HPE_OK ? size : (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
    if (rc != HPE_OK && !parser->complete) return refuse(parser, HTTP_REFUSED_MALFORMED);
    parser->body_wire_bytes += used;
    if (message->chunked && parser->body_wire_bytes >
                                parser->limits->header_bytes + (uint64_t)message->body.size * CHUNK_OVERHEAD_PER_BYTE)
        return refuse(parser, HTTP_REFUSED_BODY_SIZE);
    *ret_used = used;
    return parser->complete ? PARSE_DONE : PARSE_MORE;
}

/* --- the interface --- */

void parser_begin(struct parser *parser, const struct http_limits *limits, struct message *message)
{
    message_clear(message);
    parser->limits = limits;
    parser->message = message;
    parser->body_limit_bytes = limits->body_bytes;
    parser->line_bytes = parser->lines = parser->blanks = 0;
    parser->body_wire_bytes = 0;
    parser->last = '\0';
    parser->in_body = parser->complete = false;
    parser->refusal = HTTP_REFUSED_NOT;
}

enum parse_result parser_feed(struct parser *parser, const char *data, size_t size, size_t *ret_used)
{
    *ret_used = 0;
    if (parser->refusal) return PARSE_REFUSED;
    return parser->in_body ? feed_body(parser, data, size, ret_used) : feed_head(parser, data, size, ret_used);
}

void buffer_recycle(struct buffer *buffer)
{
    if (buffer->capacity > KEEP_BUFFER_BYTES) buffer_deinit(buffer);
    buffer_clear(buffer);
}

void message_clear(struct message *message)
{
    struct message kept = {.head = message->head, .body = message->body, .fields = message->fields};
    *message = kept;
    buffer_recycle(&message->head);
    buffer_recycle(&message->body);
    buffer_recycle(&message->fields);
}

void message_deinit(struct message *message)
{
    buffer_deinit(&message->head);
    buffer_deinit(&message->body);
    buffer_deinit(&message->fields);
}
