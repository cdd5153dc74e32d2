/* A connection's life.
 *
 * Happy path: HANDSHAKE (TLS only) → IDLE → HEAD → BODY → IDLE … until one side wants no more: LAST
 * (what is in flight is answered, nothing more is read) → LINGER (our side is shut; input is thrown
 * away, so that no reset overtakes the answer) → CLOSING.
 * Failure: what the parser or a deadline refuses is answered in its turn and leads to LAST; a
 * broken socket or TLS session sets `broken`, and the tick closes. */
#include "http/internal.h"

#include <stdlib.h>

#define BIT(state) (1u << CONNECTION_##state)

static const struct http_limits *limits_of(const struct connection *connection)
{
    return &connection->server->config.limits;
}

/* --- input --- */

/* More bytes in connection->in, from where they wait; false if there are none. */
static bool refill(struct connection *connection)
{
    if (connection->in_size > 0) return true;
    if (connection->in_pending) {
        connection->in_pending = false;
        buffer_recycle(&connection->pending);
    } else if (connection->pending.size > 0) {
        connection->in_pending = true;
        connection->in = connection->pending.data;
        connection->in_size = connection->pending.size;
        return true;
    }
    if (!connection->ssl || connection->state == CONNECTION_HANDSHAKE) return false;
    connection->in = connection->server->plain_buffer;
    connection->in_size = tls_read(connection, connection->server->plain_buffer, READ_BYTES);
    if (connection->tls_closed) connection->ended = true;
    return connection->in_size > 0;
}

/* What was not taken must survive the shared buffers. */
static void keep_rest(struct connection *connection)
{
    if (connection->in_pending) {
        buffer_consume(&connection->pending, connection->pending.size - connection->in_size);
        connection->in_pending = false;
    } else if (connection->in_size > 0) {
        buffer_append(&connection->pending, connection->in, connection->in_size);
        if (connection->pending.failed) connection->broken = true;
    }
    connection->in = NULL;
    connection->in_size = 0;
}

static void take(struct connection *connection, size_t size)
{
    connection->in += size;
    connection->in_size -= size;
}

/* --- steps: each does one thing and says whether it did --- */

static bool step_handshake(struct connection *connection)
{
    switch (tls_handshake(connection)) {
    case TLS_DONE:
        connection->server->counters.tls_handshakes++;
        connection_move(connection, CONNECTION_IDLE);
        return true;
    case TLS_FAILED:
        connection->server->counters.refused[HTTP_REFUSED_TLS]++;
        output_flush(connection); /* the alert */
        connection->broken = true;
        return false;
    default:
        if (connection->ended) connection->broken = true;
        return false;
    }
}

static bool step_idle(struct connection *connection)
{
    if (connection->server->stopping) {
        connection_move(connection, CONNECTION_LAST);
        return true;
    }
    if (connection->in_flight >= limits_of(connection)->pipelined_requests) return false;
    if (!refill(connection)) {
        if (connection->ended) connection_move(connection, CONNECTION_LAST);
        return connection->ended;
    }
    size_t blanks = 0; /* between requests they mean nothing, and are no sign of life */
    while (blanks < connection->in_size &&
           (connection->in[blanks] == '\r' || connection->in[blanks] == '\n')) blanks++;
    take(connection, blanks);
    if (connection->in_size == 0) return true;
    if (!connection_append(connection)) {
        connection->server->counters.refused[HTTP_REFUSED_NO_MEMORY]++;
        connection->broken = true;
        return false;
    }
    connection->served = true;
    connection_move(connection, CONNECTION_HEAD);
    return true;
}

/* The head is there: shows it to on_headers. False if that answered. */
static bool offer_head(struct connection *connection)
{
    struct exchange *exchange = connection->current;
    const struct http_server_config *config = &connection->server->config;
    struct http_request *request = &exchange->request;
    request->method = exchange->message.method;
    request->path = exchange->message.path;
    request->query = exchange->message.query;
    memcpy(request->peer, connection->peer, sizeof request->peer);
    request->peer_is_loopback = connection->peer_is_loopback;
    request->tls = connection->ssl != NULL;
    request->coding = exchange->message.coding;
    request->body_limit_bytes = config->limits.body_bytes;
    if (!config->on_headers) return true;
    config->on_headers(request, config->user);
    if (exchange->phase != EXCHANGE_READING) return false;
    connection->parser.body_limit_bytes = request->body_limit_bytes;
    return true;
}

/* Answered before its body was read: unless that is long, the next request can follow. */
static void leave_answered(struct connection *connection)
{
    const struct message *message = &connection->current->message;
    bool is_last = message->has_body || !message->keep_alive;
    if (message->has_body && message_is_skippable(message)) {
        connection->parser.body_limit_bytes = SKIP_BYTES;
        connection_move(connection, CONNECTION_BODY);
        return;
    }
    connection->current = NULL;
    connection->unread = message->has_body;
    connection_move(connection, is_last ? CONNECTION_LAST : CONNECTION_IDLE);
}

static void hand_over(struct connection *connection)
{
    struct exchange *exchange = connection->current;
    const struct http_server_config *config = &connection->server->config;
    exchange->request.body = buffer_str(&exchange->message.body);
    exchange->phase = EXCHANGE_HANDED;
    connection->current = NULL;
    connection->server->counters.requests++;
    connection_move(connection, exchange->message.keep_alive ? CONNECTION_IDLE : CONNECTION_LAST);
    config->on_request(&exchange->request, config->user);
}

static void begin_body(struct connection *connection)
{
    struct exchange *exchange = connection->current;
    size_t used;
    connection_move(connection, CONNECTION_BODY);
    if (parser_feed(&connection->parser, NULL, 0, &used) == PARSE_REFUSED) /* by Content-Length */
        connection_refuse_current(connection, connection->parser.refusal);
    else if (exchange->message.expects_continue && connection->in_size == 0)
        buffer_add(&exchange->answer, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* The rest of a request that was answered by its head alone. */
static void forget_skipped(struct connection *connection)
{
    connection->current = NULL;
    connection_move(connection, CONNECTION_IDLE);
}

static bool step_read(struct connection *connection)
{
    if (!refill(connection)) {
        if (!connection->ended) return false;
        connection_drop_current(connection);
        connection_move(connection, CONNECTION_LAST);
        return true;
    }
    size_t used = 0;
    enum parse_result result = parser_feed(&connection->parser, connection->in, connection->in_size,
                                           &used);
    take(connection, used);
    if (result == PARSE_REFUSED) {
        connection_refuse_current(connection, connection->parser.refusal);
    } else if (result != PARSE_MORE) {
        bool is_new = connection->state == CONNECTION_HEAD;
        if (is_new && !offer_head(connection)) leave_answered(connection);
        else if (result == PARSE_HEAD) begin_body(connection);
        else if (connection->current->phase == EXCHANGE_READING) hand_over(connection);
        else forget_skipped(connection);
    }
    return true;
}

/* Throws input away. False: too much of it, or the peer is through. */
static bool discard(struct connection *connection)
{
    while (refill(connection)) {
        connection->lingered_bytes += connection->in_size;
        take(connection, connection->in_size);
    }
    return !connection->ended &&
        connection->lingered_bytes <= 4 * (uint64_t)limits_of(connection)->body_bytes;
}

static bool step_last(struct connection *connection)
{
    bool more = discard(connection);
    if (connection->said_close) connection_abandon_all(connection);
    /* Half-closing after a request is fine, but a stream would never learn that nobody listens. */
    bool is_stream = connection->first && connection->first->phase == EXCHANGE_STREAMING;
    if (connection->ended && is_stream) connection->broken = true;
    if (connection->first || !output_is_empty(connection)) return false;
    if (!more) {
        connection->broken = true;
        return false;
    }
    connection_move(connection, CONNECTION_LINGER);
    output_shutdown(connection);
    return false;
}

/* Only for a caller that may still be sending: a reset would eat the answer he has yet to read. */
static bool step_linger(struct connection *connection)
{
    bool more = discard(connection) && (connection->unread || connection->lingered_bytes > 0);
    if (!more && !connection->shutting_down) connection->broken = true;
    return false;
}

static bool step(struct connection *connection)
{
    const unsigned reads_requests = BIT(IDLE) | BIT(HEAD) | BIT(BODY);
    if (connection->said_close && (reads_requests & (1u << connection->state))) {
        connection_abandon_all(connection);
        connection_move(connection, CONNECTION_LAST);
    }
    switch (connection->state) {
    case CONNECTION_HANDSHAKE: return step_handshake(connection);
    case CONNECTION_IDLE: return step_idle(connection);
    case CONNECTION_HEAD:
    case CONNECTION_BODY: return step_read(connection);
    case CONNECTION_LAST: return step_last(connection);
    case CONNECTION_LINGER:
        return step_linger(connection);
    default: return false;
    }
}

/* --- the tick --- */

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    struct connection *connection = handle->data;
    (void)suggested;
    *ret_buf = uv_buf_init(connection->server->read_buffer, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    if (size == 0) return;
    if (size == UV_EOF) {
        connection->ended = true;
    } else if (size < 0) {
        connection->broken = true;
    } else {
        connection->server->counters.bytes_in += (uint64_t)size;
        if (!connection->ssl) {
            connection->in = buf->base;
            connection->in_size = (size_t)size;
        } else if (!tls_feed(connection, buf->base, (size_t)size)) {
            connection->broken = true;
        }
    }
    connection_tick(connection);
}

static void set_reading(struct connection *connection)
{
    bool is_full = connection->state == CONNECTION_IDLE &&
                   connection->in_flight >= limits_of(connection)->pipelined_requests;
    bool want = !connection->ended && connection->pending.size == 0 && !is_full;
    if (want == connection->reading) return;
    connection->reading = want;
    if (!want) uv_read_stop((uv_stream_t *)&connection->tcp);
    else if (uv_read_start((uv_stream_t *)&connection->tcp, on_allocate, on_read) != 0)
        connection->broken = true;
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct http_server *server = connection->server;
    if (connection->previous) connection->previous->next = connection->next;
    else server->connections = connection->next;
    if (connection->next) connection->next->previous = connection->previous;
    if (connection->admitted) addresses_remove(&server->addresses, &connection->address);
    server->admitted_count -= connection->admitted;
    buffer_deinit(&connection->pending);
    buffer_deinit(&connection->out);
    SSL_free(connection->ssl);
    free(connection);
    server_connection_gone(server);
}

static void begin_close(struct connection *connection)
{
    connection_move(connection, CONNECTION_CLOSING);
    connection->in_size = 0;
    connection_abandon_all(connection);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

struct connection *connection_create(struct http_server *server)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) return NULL;
    server_read_clock(server);
    if (uv_tcp_init(server->loop, &connection->tcp) != 0) {
        free(connection);
        return NULL;
    }
    connection->tcp.data = connection;
    connection->server = server;
    connection->state = server->tls ? CONNECTION_HANDSHAKE : CONNECTION_IDLE;
    connection->since_ms = server_now_ms(server);
    connection->next = server->connections;
    if (connection->next) connection->next->previous = connection;
    server->connections = connection;
    server_connection_came(server);
    return connection;
}

void connection_begin(struct connection *connection, enum http_refusal refusal)
{
    struct http_server *server = connection->server;
    if (server->tls && !tls_begin(connection, server->tls)) {
        connection_cut(connection, HTTP_REFUSED_NO_MEMORY);
        return;
    }
    if (refusal) {
        if (!connection_append(connection)) {
            connection_cut(connection, refusal);
            return;
        }
        connection_refuse_current(connection, refusal);
    }
    connection_tick(connection);
}

/* A stopping server ends its streams: their readers come back to another one. */
static void end_streams(struct connection *connection)
{
    for (struct exchange *e = connection->first; e; e = e->next) {
        if (e->phase != EXCHANGE_STREAMING || !e->on_close) continue;
        http_on_request on_close = e->on_close;
        e->on_close = NULL;
        on_close(&e->request, e->on_close_user);
        http_stream_end(&e->request);
    }
}

static bool flush(struct connection *connection)
{
    if (!output_flush(connection)) return false;
    /* Idle time begins when the last answer has gone. */
    if (!connection->first) connection->since_ms = server_now_ms(connection->server);
    return true;
}

void connection_tick(struct connection *connection)
{
    if (connection->ticking || connection->state == CONNECTION_CLOSING) return;
    connection->ticking = true;
    server_read_clock(connection->server);
    if (connection->server->stopping) end_streams(connection);
    do {
        while (!connection->broken && step(connection)) {}
    } while (!connection->broken && flush(connection));
    keep_rest(connection);
    if (!connection->broken) set_reading(connection);
    if (connection->broken) begin_close(connection);
    connection->ticking = false;
}

void connection_cut(struct connection *connection, enum http_refusal why)
{
    if (connection->state == CONNECTION_CLOSING) return;
    if (why) connection->server->counters.refused[why]++;
    connection->broken = true;
    connection_tick(connection);
}
