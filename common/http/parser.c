/* One request out of bytes.
 *
 * Happy path: parser_feed() gathers lines until the empty one (scan_head), runs llhttp over the
 * whole head, has it judged (head.c), and then passes the body through llhttp until it is complete.
 * Failure: the first thing that is wrong sets `refusal`; the parser takes nothing from then on. */
#include "http/parser.h"

enum {
    AROUND_TARGET_BYTES = 32,    /* method, version and spaces */
    BLANKS_MAX = 8,              /* CR and LF tolerated before a request line (RFC 9112 2.2) */
    CHUNK_OVERHEAD_PER_BYTE = 16 /* framing allowed per body byte, beside header_bytes of it */
};

static enum parse_result refuse(struct parser *parser, enum http_refusal why)
{
    if (!parser->refusal) parser->refusal = why;
    return PARSE_REFUSED;
}

/* --- the head, line by line --- */

/* Judges the line that ends with the LF at data[end]; `start` is where it begins in data, or 0 if
 * its beginning came earlier. */
static enum http_refusal judge_line(struct parser *parser, const char *data, size_t start,
                                    size_t end)
{
    char before = end > 0 ? data[end - 1] : parser->last;
    if (before != '\r') return HTTP_REFUSED_MALFORMED;
    if (parser->lines > 0) return HTTP_REFUSED_NOT;
    size_t earlier = parser->message->head.size; /* the request line's bytes from earlier reads */
    if (earlier > 0) {
        buffer_append(&parser->message->head, data + start, end - start);
        struct str line = buffer_str(&parser->message->head);
        enum http_refusal why = head_judge_line(str_slice(line, 0, line.size - 1),
                                                parser->limits->target_bytes);
        parser->message->head.size = earlier;
        return why;
    }
    return head_judge_line((struct str){data + start, end - 1 - start},
                           parser->limits->target_bytes);
}

/* Refuses a request line that has come to parser->line_bytes + more without an end. */
static bool is_target_too_long(struct parser *parser, size_t more)
{
    size_t limit = parser->limits->target_bytes + AROUND_TARGET_BYTES;
    if (parser->lines > 0 || parser->line_bytes + more <= limit) return false;
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
    if (!head_is_token((struct str){at, size}))
        return refuse(parser, HTTP_REFUSED_MALFORMED), HPE_USER;
    buffer_append(&message->fields, &field, sizeof field);
    message->field_count++;
    return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    struct message *message = parser->message;
    if (parser->in_body || message->fields.failed) return 0;
    struct header_field *field =
        (struct header_field *)(void *)message->fields.data + message->field_count - 1;
    /* A value in two parts would be a fold. */
    if (field->value_bytes > 0) return refuse(parser, HTTP_REFUSED_MALFORMED), HPE_USER;
    struct str value = str_trim((struct str){at, size});
    field->value = (uint32_t)(value.data - message->head.data);
    field->value_bytes = (uint32_t)value.size;
    return 0;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t size)
{
    struct message *message = parser_of(llhttp)->message;
    message->path = (struct str){at, size}; /* as it is, until head_judge() */
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
    if (size > parser->body_limit_bytes - body->size)
        return refuse(parser, HTTP_REFUSED_BODY_SIZE), HPE_USER;
    struct body_budget *budget = parser->budget;
    if (budget && size > budget->limit_bytes - budget->used_bytes)
        return refuse(parser, HTTP_REFUSED_NO_MEMORY), HPE_USER;
    buffer_append(body, at, size);
    if (body->failed) return refuse(parser, HTTP_REFUSED_NO_MEMORY), HPE_USER;
    if (budget) budget->used_bytes += size;
    return 0;
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

static enum parse_result parse_head(struct parser *parser)
{
    struct message *message = parser->message;
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    parser->llhttp.data = parser;
    llhttp_errno_t rc = llhttp_execute(&parser->llhttp, message->head.data, message->head.size);
    if (message->fields.failed) return refuse(parser, HTTP_REFUSED_NO_MEMORY);
    /* llhttp calls a last coding that isn't chunked malformed; 501 tells the caller more. */
    if (rc == HPE_INVALID_TRANSFER_ENCODING) return refuse(parser, head_judge_coding(message));
    if (rc != HPE_OK && rc != HPE_PAUSED) return refuse(parser, HTTP_REFUSED_MALFORMED);
    enum http_refusal why = head_judge(message, llhttp_get_method(&parser->llhttp));
    if (!why && message->coding && !parser->limits->packed) why = HTTP_REFUSED_ENCODING;
    if (why) return refuse(parser, why);
    if (parser->complete) return PARSE_DONE;
    if (!message->has_body) return refuse(parser, HTTP_REFUSED_MALFORMED);
    parser->in_body = true;
    return PARSE_HEAD;
}

static enum parse_result feed_head(struct parser *parser, const char *data, size_t size,
                                   size_t *ret_used)
{
    size_t blanks = 0;
    while (!parser_has_begun(parser) && blanks < size &&
           (data[blanks] == '\r' || data[blanks] == '\n')) {
        if (++parser->blanks > BLANKS_MAX) return refuse(parser, HTTP_REFUSED_MALFORMED);
        blanks++;
    }
    *ret_used = blanks;
    if (blanks == size) return PARSE_MORE;
    if (!parser_has_begun(parser) && !head_is_token((struct str){data + blanks, 1}))
        /* TLS at a plain port need not wait for a line */
        return refuse(parser, HTTP_REFUSED_MALFORMED);
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

static enum parse_result feed_body(struct parser *parser, const char *data, size_t size,
                                   size_t *ret_used)
{
    struct message *message = parser->message;
    if (message->content_length > parser->body_limit_bytes)
        return refuse(parser, HTTP_REFUSED_BODY_SIZE);
    if (size == 0) return PARSE_MORE;
    llhttp_errno_t rc = llhttp_execute(&parser->llhttp, data, size);
    size_t used = rc == HPE_OK ? size : (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
    if (rc != HPE_OK && !parser->complete) return refuse(parser, HTTP_REFUSED_MALFORMED);
    parser->body_wire_bytes += used;
    uint64_t framing_limit = (uint64_t)message->body.size * CHUNK_OVERHEAD_PER_BYTE;
    if (message->chunked && parser->body_wire_bytes > parser->limits->header_bytes + framing_limit)
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

enum parse_result parser_feed(struct parser *parser, const char *data, size_t size,
                              size_t *ret_used)
{
    *ret_used = 0;
    if (parser->refusal) return PARSE_REFUSED;
    return parser->in_body
        ? feed_body(parser, data, size, ret_used) : feed_head(parser, data, size, ret_used);
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
