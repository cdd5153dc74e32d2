/* Answers onto the wire: in order, gathered, at first without libuv's queue, and never more in
 * flight than one write per connection. What a slow reader leaves behind waits in the exchanges,
 * whose number is bounded, and reading stops when it is reached. */
#include "http/internal.h"

enum { TLS_PIECE_BYTES = 64 * 1024 };

static bool has_unsent(const struct exchange *exchange)
{
    return exchange->answer.size > exchange->sent;
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    connection->writing = false;
    connection->out_owner = NULL;
    if (status < 0) connection->broken = true;
    else connection->server->counters.bytes_out += connection->out.size - connection->out_at;
    buffer_recycle(&connection->out);
    connection_tick(connection);
}

/* Gives `out` from byte `at` on to libuv. */
static void begin_write(struct connection *connection, size_t at)
{
    struct buffer *out = &connection->out;
    const struct http_limits *limits = &connection->server->config.limits;
    size_t size = out->size - at;
    uv_buf_t bytes = uv_buf_init(out->data + at, (unsigned)size);
    connection->writing = true;
    connection->write.data = connection;
    connection->write_deadline_ms = server_now_ms(connection->server) + limits->body_grace_ms +
                                    (int64_t)(size / limits->body_rate_bytes * 1000);
    connection->out_at = at;
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    if (uv_write(&connection->write, stream, &bytes, 1, on_written) == 0) return;
    connection->writing = false;
    connection->broken = true;
}

/* Writes without waiting. Returns what went out; 0 as well when the connection broke. */
static size_t write_now(struct connection *connection, const uv_buf_t *pieces, unsigned count)
{
    int rc = uv_try_write((uv_stream_t *)&connection->tcp, pieces, count);
    if (rc == UV_EAGAIN) return 0;
    if (rc < 0) {
        connection->broken = true;
        return 0;
    }
    connection->server->counters.bytes_out += (uint64_t)rc;
    return (size_t)rc;
}

/* Takes the exchanges off the front whose answers have gone out. */
static bool pop_finished(struct connection *connection)
{
    bool popped = false;
    while (!connection->said_close) {
        struct exchange *first = connection->first;
        if (!first || has_unsent(first)) break;
        buffer_recycle(&first->answer);
        first->sent = 0;
        if (first->phase != EXCHANGE_ANSWERED || first == connection->current) break;
        connection->first = first->next;
        if (!connection->first) connection->last = NULL;
        connection->in_flight--;
        connection->said_close = first->close_after;
        if (connection->out_owner == first) connection->out_owner = NULL;
        exchange_recycle(first);
        popped = true;
    }
    return popped;
}

/* The exchange behind, if its answer may follow this one's at once. */
static struct exchange *next_answer(const struct exchange *exchange)
{
    return exchange->phase == EXCHANGE_ANSWERED && !exchange->close_after ? exchange->next : NULL;
}

static unsigned gather(const struct connection *connection, uv_buf_t pieces[static GATHER_MAX],
                       size_t *ret_size)
{
    unsigned count = 0;
    *ret_size = 0;
    for (struct exchange *e = connection->first; e && count < GATHER_MAX; e = next_answer(e)) {
        size_t unsent = e->answer.size - e->sent;
        if (unsent == 0) continue;
        pieces[count++] = uv_buf_init(e->answer.data + e->sent, (unsigned)unsent);
        *ret_size += unsent;
    }
    return count;
}

/* Marks `size` bytes as sent; returns the first exchange with bytes left. */
static struct exchange *mark_sent(struct connection *connection, size_t size)
{
    struct exchange *e = connection->first;
    for (; e; e = next_answer(e)) {
        size_t unsent = e->answer.size - e->sent, part = size < unsent ? size : unsent;
        e->sent += part;
        size -= part;
        if (has_unsent(e)) return e;
    }
    return NULL;
}

static bool flush_plain(struct connection *connection)
{
    bool popped = false;
    while (!connection->writing && !connection->broken && !connection->said_close) {
        uv_buf_t pieces[GATHER_MAX];
        size_t size;
        unsigned count = gather(connection, pieces, &size);
        size_t sent = count > 0 ? write_now(connection, pieces, count) : 0;
        if (connection->broken) break;
        struct exchange *rest = mark_sent(connection, sent);
        if (sent < size && rest) { /* its buffer moves out: a stream may go on appending */
            struct buffer spare = connection->out;
            size_t at = rest->sent;
            connection->out = rest->answer;
            connection->out_owner = rest;
            rest->answer = spare;
            rest->sent = 0;
            begin_write(connection, at);
        }
        popped |= pop_finished(connection);
        if (count == 0) break;
    }
    return popped;
}

/* Encrypted bytes out; false if they can't all go now. */
static bool drain_tls(struct connection *connection)
{
    char *data = NULL;
    long pending = BIO_get_mem_data(connection->tls_out, &data);
    if (pending <= 0) return true;
    uv_buf_t piece = uv_buf_init(data, (unsigned)pending);
    size_t sent = write_now(connection, &piece, 1);
    bool all = sent == (size_t)pending;
    if (!all && !connection->broken) {
        buffer_clear(&connection->out);
        buffer_append(&connection->out, data + sent, (size_t)pending - sent);
        if (connection->out.failed) connection->broken = true;
        else begin_write(connection, 0);
    }
    (void)BIO_reset(connection->tls_out);
    return all;
}

static bool flush_tls(struct connection *connection)
{
    bool popped = false;
    while (!connection->writing && !connection->broken) {
        while (!connection->said_close && BIO_ctrl_pending(connection->tls_out) < TLS_PIECE_BYTES) {
            struct exchange *e = mark_sent(connection, 0);
            if (!e) break;
            size_t unsent = e->answer.size - e->sent;
            size_t piece = unsent < TLS_PIECE_BYTES ? unsent : TLS_PIECE_BYTES;
            if (!tls_write(connection, e->answer.data + e->sent, piece)) {
                connection->broken = true;
                return popped;
            }
            e->sent += piece;
            popped |= pop_finished(connection);
        }
        popped |= pop_finished(connection);
        if (BIO_ctrl_pending(connection->tls_out) == 0 || !drain_tls(connection)) break;
    }
    return popped;
}

bool output_flush(struct connection *connection)
{
    return connection->ssl ? flush_tls(connection) : flush_plain(connection);
}

bool output_is_empty(const struct connection *connection)
{
    return !connection->writing && (!connection->ssl || BIO_ctrl_pending(connection->tls_out) == 0);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    struct connection *connection = shutdown->data;
    connection->shutting_down = false;
    if (status < 0) connection->broken = true;
    connection_tick(connection);
}

void output_shutdown(struct connection *connection)
{
    tls_end(connection);
    if (connection->ssl) drain_tls(connection);
    connection->shutdown.data = connection;
    connection->shutting_down = true;
    if (connection->broken ||
        uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp, on_shutdown) != 0) {
        connection->shutting_down = false;
        connection->broken = true;
    }
}
