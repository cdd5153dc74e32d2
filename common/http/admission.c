/* Who gets in: accepting connections, in all and per address. Those that don't are told so (503 or
 * 429 with Retry-After) as long as a reserve of connections for that lasts, then just closed. */
#include "http/internal.h"
#include "http/admission.h"

#include <arpa/inet.h>

static void learn_peer(struct connection *connection)
{
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size) != 0) return;
    connection->address = address_key_of(&address);
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address;
        connection->peer_is_loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
        inet_ntop(AF_INET, &v4->sin_addr, connection->peer, sizeof connection->peer);
    } else if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address;
        bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        connection->peer_is_loopback = is_mapped ? v6->sin6_addr.s6_addr[12] == 127
                                                 : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
        inet_ntop(AF_INET6, &v6->sin6_addr, connection->peer, sizeof connection->peer);
    }
}

static enum http_refusal admit(struct connection *connection)
{
    struct http_server *server = connection->server;
    const struct http_limits *limits = &server->config.limits;
    if (server->admitted_count >= limits->connections) return HTTP_REFUSED_CONNECTIONS;
    if (!addresses_add(&server->addresses, &connection->address, limits->connections_per_address))
        return HTTP_REFUSED_ADDRESS_CONNECTIONS;
    connection->admitted = true;
    server->admitted_count++;
    return HTTP_REFUSED_NOT;
}

static bool has_reserve(const struct http_server *server)
{
    size_t limit = server->config.limits.connections;
    return server->connection_count <= limit + limit / 8 + 16;
}

void admission_on_connection(uv_stream_t *listener, int status)
{
    struct http_server *server = listener->data;
    struct connection *connection = status == 0 ? connection_create(server) : NULL;
    if (!connection) {
        server->counters.refused[HTTP_REFUSED_ACCEPT]++;
        if (status == 0) server_turn_away(server);
        return;
    }
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) != 0) {
        connection_cut(connection, HTTP_REFUSED_ACCEPT);
        return;
    }
    server->counters.connections_accepted++;
    uv_tcp_nodelay(&connection->tcp, 1);
    learn_peer(connection);
    enum http_refusal refusal = admit(connection);
    if (refusal && (server->tls || !has_reserve(server))) connection_cut(connection, refusal);
    else connection_begin(connection, refusal);
}
