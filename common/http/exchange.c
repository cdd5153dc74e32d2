/* One request and its answer: made, answered (at once, later, or as a stream), forgotten.
 *
 * Happy path: the connection takes one from the spare ones, the parser fills it, the user answers,
 * output.c sends and recycles it. If the client goes away first, exchange_abandon() cuts the tie,
 * and whoever comes last recycles: the user's on_close, or his answer. */
#include "base/digits.h"
#include "http/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct exchange *exchange_of(const struct http_request *request)
{
    _Static_assert(offsetof(struct exchange, request) == 0,
                   "the request is the exchange's first member");
    return (struct exchange *)(void *)(uintptr_t)request;
}

struct exchange *exchange_create(struct http_server *server)
{
    struct exchange *exchange = server->spare;
    if (exchange) {
        server->spare = exchange->next;
        server->spare_count--;
    } else if (!(exchange = calloc(1, sizeof *exchange))) {
        return NULL;
    }
    exchange->server = server;
    exchange->next = NULL;
    server->exchange_count++;
    return exchange;
}

void exchange_destroy(struct exchange *exchange)
{
    if (!exchange) return;
    message_deinit(&exchange->message);
    buffer_deinit(&exchange->answer);
    buffer_deinit(&exchange->headers);
    free(exchange);
}

void exchange_recycle(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    server->exchange_count--;
    server->bodies.used_bytes -= exchange->message.body.size;
    if (server->spare_count >= SPARE_EXCHANGES) {
        exchange_destroy(exchange);
        return;
    }
    message_clear(&exchange->message);
    buffer_recycle(&exchange->answer);
    buffer_recycle(&exchange->headers);
    *exchange = (struct exchange){
        .message = exchange->message,
        .answer = exchange->answer,
        .headers = exchange->headers,
        .next = server->spare,
    };
    server->spare = exchange;
    server->spare_count++;
}

void exchange_abandon(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    exchange->connection = NULL;
    if (exchange->phase == EXCHANGE_READING || exchange->phase == EXCHANGE_ANSWERED) {
        exchange_recycle(exchange);
        return;
    }
    server->counters.abandoned++;
    if (!exchange->on_close) return; /* the user answers in his own time */
    server->counters.streams_open -= exchange->phase == EXCHANGE_STREAMING;
    exchange->on_close(&exchange->request, exchange->on_close_user);
    exchange_recycle(exchange);
}

/* --- the answer's head --- */

enum { LENGTH_UNKNOWN, LENGTH_KNOWN };

static void write_head(struct exchange *exchange, int status, struct str content_type, int kind,
                       size_t length)
{
    struct buffer *out = &exchange->answer;
    const struct message *message = &exchange->message;
    bool bodiless = status == 204 || status == 304;
    buffer_add(out, STR("HTTP/1.1 "));
    buffer_add_number(out, (size_t)status);
    buffer_add_char(out, ' ');
    buffer_add(out, str_of(http_status_phrase(status)));
    buffer_add(out, STR("\r\nDate: "));
    buffer_add(out, server_date(exchange->server));
    if (content_type.size > 0 && !bodiless) {
        buffer_add(out, STR("\r\nContent-Type: "));
        buffer_add(out, content_type);
    }
    if (kind == LENGTH_KNOWN && !bodiless) {
        buffer_add(out, STR("\r\nContent-Length: "));
        buffer_add_number(out, length);
    }
    if (exchange->chunked) buffer_add(out, STR("\r\nTransfer-Encoding: chunked"));
    if (!exchange->has_cache_control) buffer_add(out, STR("\r\nCache-Control: no-store"));
    buffer_add(out, STR("\r\nX-Content-Type-Options: nosniff\r\n"));
    buffer_add(out, buffer_str(&exchange->headers));
    if (exchange->close_after) buffer_add(out, STR("Connection: close\r\n"));
    else if (!message->version_1_1) buffer_add(out, STR("Connection: keep-alive\r\n"));
    buffer_add(out, STR("\r\n"));
    int class = status / 100;
    if (class >= 1 && class <= 5) exchange->server->counters.answers[class]++;
}

/* Answers given before a long body was read, and the last one before the server stops. */
static bool is_last_answer(const struct exchange *exchange)
{
    const struct message *message = &exchange->message;
    if (!message->keep_alive) return true;
    bool is_early = exchange->phase == EXCHANGE_READING && message->has_body;
    if (is_early && !message_is_skippable(message)) return true;
    return exchange->server->stopping && !exchange->next;
}

/* Hands the exchange back from the user to the connection. */
static void finish(struct exchange *exchange)
{
    exchange->phase = EXCHANGE_ANSWERED;
    if (!exchange->connection) {
        exchange_recycle(exchange);
        return;
    }
    if (exchange->answer.failed || exchange->headers.failed) exchange->connection->broken = true;
    connection_ready(exchange->connection);
}

static void answer(struct exchange *exchange, int status, struct str content_type, struct str body)
{
    exchange->close_after = exchange->close_after || is_last_answer(exchange);
    write_head(exchange, status, content_type, LENGTH_KNOWN, body.size);
    bool bodiless = status == 204 || status == 304 || exchange->message.method == HTTP_METHOD_HEAD;
    if (!bodiless) buffer_add(&exchange->answer, body);
}

/* --- what users call --- */

static bool is_users(const struct exchange *exchange)
{
    return exchange->phase == EXCHANGE_READING || exchange->phase == EXCHANGE_HANDED;
}

void http_add_header(struct http_request *request, struct str name, struct str value)
{
    struct exchange *exchange = exchange_of(request);
    assert(is_users(exchange));
    if (str_equal_ignoring_case(name, STR("cache-control"))) exchange->has_cache_control = true;
    buffer_add(&exchange->headers, name);
    buffer_add(&exchange->headers, STR(": "));
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        buffer_add_char(&exchange->headers, c < 0x20 || c == 0x7f ? ' ' : value.data[i]);
    }
    buffer_add(&exchange->headers, STR("\r\n"));
}

void http_respond(struct http_request *request, int status, struct str content_type,
                  struct str body)
{
    struct exchange *exchange = exchange_of(request);
    assert(is_users(exchange) && status >= 200 && status <= 599);
    if (exchange->connection) answer(exchange, status, content_type, body);
    finish(exchange);
}

void http_respond_problem(struct http_request *request, const struct problem *problem,
                          const struct problem_error *errors, size_t count)
{
    struct buffer *scratch = &exchange_of(request)->server->scratch;
    buffer_recycle(scratch);
    problem_write(scratch, problem, errors, count);
    http_respond(request, problem->status, PROBLEM_CONTENT_TYPE, buffer_str(scratch));
}

void http_refuse(struct http_request *request, int status, const char *detail)
{
    http_respond_problem(request, &(struct problem){.status = status, .detail = str_of(detail)},
                         NULL, 0);
}

void http_refuse_busy(struct http_request *request, int status, unsigned retry_after_s,
                      const char *detail)
{
    char text[16];
    snprintf(text, sizeof text, "%u", retry_after_s);
    http_add_header(request, STR("Retry-After"), str_of(text));
    http_refuse(request, status, detail);
}

void http_on_close(struct http_request *request, http_on_request on_close, void *user)
{
    struct exchange *exchange = exchange_of(request);
    exchange->on_close = on_close;
    exchange->on_close_user = user;
}

struct str http_header_nth(const struct http_request *request, struct str name, size_t nth)
{
    return message_header(&exchange_of(request)->message, name, nth);
}

struct str http_header(const struct http_request *request, struct str name)
{
    return http_header_nth(request, name, 0);
}

struct str http_media_type(const struct http_request *request)
{
    struct str value = http_header(request, STR("content-type"));
    return str_trim(str_cut(&value, ';'));
}

/* --- streams --- */

void http_stream_begin(struct http_request *request, int status, struct str content_type)
{
    struct exchange *exchange = exchange_of(request);
    assert(is_users(exchange));
    exchange->server->counters.streams_open++;
    if (exchange->connection) {
        exchange->chunked = exchange->message.version_1_1;
        exchange->close_after = !exchange->chunked || is_last_answer(exchange);
        write_head(exchange, status, content_type, LENGTH_UNKNOWN, 0);
        connection_ready(exchange->connection);
    }
    exchange->phase = EXCHANGE_STREAMING;
}

static size_t waiting_bytes(const struct exchange *exchange)
{
    const struct connection *connection = exchange->connection;
    size_t in_libuv = connection->writing && connection->out_owner == exchange
        ? connection->out.size : 0;
    return exchange->answer.size - exchange->sent + in_libuv;
}

size_t http_stream_waiting(const struct http_request *request)
{
    const struct exchange *exchange = exchange_of(request);
    assert(exchange->phase == EXCHANGE_STREAMING);
    return exchange->connection ? waiting_bytes(exchange) : 0;
}

bool http_stream_write(struct http_request *request, struct str data)
{
    struct exchange *exchange = exchange_of(request);
    assert(exchange->phase == EXCHANGE_STREAMING);
    if (!exchange->connection || data.size == 0 || exchange->message.method == HTTP_METHOD_HEAD)
        return true;
    size_t waiting = waiting_bytes(exchange), limit = exchange->server->config.limits.stream_bytes;
    if (waiting > 0 && (data.size > limit || waiting > limit - data.size)) return false;
    struct buffer *out = &exchange->answer;
    if (exchange->chunked) buffer_printf(out, "%zx\r\n", data.size);
    buffer_add(out, data);
    if (exchange->chunked) buffer_add(out, STR("\r\n"));
    if (out->failed) exchange->connection->broken = true;
    connection_ready(exchange->connection);
    return true;
}

void http_stream_end(struct http_request *request)
{
    struct exchange *exchange = exchange_of(request);
    assert(exchange->phase == EXCHANGE_STREAMING);
    exchange->server->counters.streams_open--;
    if (exchange->chunked && exchange->message.method != HTTP_METHOD_HEAD)
        buffer_add(&exchange->answer, STR("0\r\n\r\n"));
    finish(exchange);
}

/* --- refusals of our own --- */

static const struct {
    const char *name, *detail;
    int status;
} refusals[HTTP_REFUSAL_COUNT] = {
    [HTTP_REFUSED_NOT] = {"", "", 0},
#define HTTP_REFUSAL_ROW(code, name, status, detail) [HTTP_REFUSED_##code] = {name, detail, status},
    HTTP_REFUSAL_TABLE(HTTP_REFUSAL_ROW)
#undef HTTP_REFUSAL_ROW
};

const char *http_refusal_name(enum http_refusal refusal) { return refusals[refusal].name; }

void exchange_refuse(struct exchange *exchange, enum http_refusal why)
{
    int status = refusals[why].status;
    struct buffer *scratch = &exchange->server->scratch;
    assert(exchange->phase == EXCHANGE_READING && status > 0);
    exchange->server->counters.refused[why]++;
    exchange->close_after = true;
    if (status == 429 || status == 503)
        http_add_header(&exchange->request, STR("Retry-After"), STR("5"));
    if (why == HTTP_REFUSED_ENCODING) /* RFC 9110 section 15.5.16 */
        http_add_header(&exchange->request, STR("Accept-Encoding"),
                        exchange->server->config.limits.packed ? STR("gzip, zstd")
                                                               : STR("identity"));
    buffer_recycle(scratch);
    struct problem problem = {.status = status, .detail = str_of(refusals[why].detail)};
    problem_write(scratch, &problem, NULL, 0);
    answer(exchange, status, PROBLEM_CONTENT_TYPE, buffer_str(scratch));
    if (exchange->answer.failed) exchange->connection->broken = true;
    exchange->phase = EXCHANGE_ANSWERED;
}
