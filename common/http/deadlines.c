/* What time does to a connection. The sweep asks for each; nothing here sets a timer. */
#include "http/internal.h"

static bool is_body_too_slow(const struct connection *connection, int64_t elapsed_ms)
{
    const struct http_limits *limits = &connection->server->config.limits;
    uint64_t received = connection->parser.message->body.size;
    int64_t earned_ms = (int64_t)(received / limits->body_rate_bytes * 1000);
    return elapsed_ms > limits->body_grace_ms + earned_ms;
}

void connection_judge_deadlines(struct connection *connection, int64_t now_ms)
{
    const struct http_limits *limits = &connection->server->config.limits;
    int64_t elapsed_ms = now_ms - connection->since_ms;
    int64_t idle_limit_ms =
        connection->served ? limits->idle_timeout_ms : limits->header_deadline_ms;
    if (connection->writing && now_ms > connection->write_deadline_ms) {
        connection_cut(connection, HTTP_REFUSED_SLOW_READER);
        return;
    }
    switch (connection->state) {
    case CONNECTION_HANDSHAKE:
        if (elapsed_ms > limits->header_deadline_ms) connection_cut(connection, HTTP_REFUSED_TLS);
        return;
    case CONNECTION_IDLE:
        if (connection->in_flight == 0 && !connection->writing && elapsed_ms > idle_limit_ms)
            connection_cut(connection, HTTP_REFUSED_IDLE);
        return;
    case CONNECTION_HEAD:
        if (elapsed_ms <= limits->header_deadline_ms) return;
        connection_refuse_current(connection, HTTP_REFUSED_HEADER_DEADLINE);
        break;
    case CONNECTION_BODY:
        if (!is_body_too_slow(connection, elapsed_ms)) return;
        connection_refuse_current(connection, HTTP_REFUSED_BODY_RATE);
        break;
    case CONNECTION_LINGER:
        if (elapsed_ms > (connection->server->stopping ? LINGER_STOPPING_MS : LINGER_MS))
            connection_cut(connection, HTTP_REFUSED_NOT);
        return;
    default: return;
    }
    connection_tick(connection);
}
