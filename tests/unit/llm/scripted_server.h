/* A server on the test's own loop that says what it is told to: routes by the start of the request
 * line, each with bytes to answer and what is done to the connection then. It keeps every request
 * that it got, whole. */
#ifndef VERBATIM_TEST_SCRIPTED_SERVER_H
#define VERBATIM_TEST_SCRIPTED_SERVER_H

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "base/buffer.h"
#include "test.h"

enum { SERVER_REQUESTS_MAX = 64 };
/* FLOOD: 'x' without end, until the other side has enough */
enum then { THEN_KEEP, THEN_CLOSE, THEN_FLOOD };

struct route {
    const char *start; /* "POST /v1/messages"; NULL ends the table */
    const char *reply; /* NULL: none */
    enum then then;
    int uses;          /* 0: as often as wanted; else the route is gone after so many */
};

struct scripted_server {
    uv_tcp_t listener;
    struct route *routes;
    char url[64];
    struct buffer requests[SERVER_REQUESTS_MAX];
    size_t request_count;
    int connections, open_now, most_open;
};

struct scripted_peer {
    uv_tcp_t socket;
    struct scripted_server *server;
    struct buffer received;
    uv_write_t write;
    bool flooding;
    char chunk[4096];
};

static void server_on_closed(uv_handle_t *handle)
{
    struct scripted_peer *peer = handle->data;
    buffer_deinit(&peer->received);
    free(peer);
}

static void server_close_peer(struct scripted_peer *peer)
{
    if (uv_is_closing((uv_handle_t *)&peer->socket)) return;
    peer->server->open_now--;
    uv_close((uv_handle_t *)&peer->socket, server_on_closed);
}

static void server_flood(struct scripted_peer *peer);
static void server_on_flooded(uv_write_t *write, int status)
{
    struct scripted_peer *peer = write->data;
    if (status == 0 && !uv_is_closing((uv_handle_t *)&peer->socket)) server_flood(peer);
}
static void server_flood(struct scripted_peer *peer)
{
    uv_buf_t bytes = uv_buf_init(peer->chunk, sizeof peer->chunk);
    memset(peer->chunk, 'x', sizeof peer->chunk);
    peer->write.data = peer;
    uv_write(&peer->write, (uv_stream_t *)&peer->socket, &bytes, 1, server_on_flooded);
}

/* Size of the whole request at the start of `text`; 0: not there yet. */
static size_t server_whole_request(struct str text)
{
    size_t head = str_find(text, STR("\r\n\r\n")), at = str_find(text, STR("Content-Length: "));
    uint64_t length = 0;
    if (head == text.size) return 0;
    if (at < head) {
        struct str rest = str_slice(text, at + 16, head + 1);
        assert_true(str_to_u64(str_cut(&rest, '\r'), &length));
    }
    size_t size = head + 4 + (size_t)length;
    return size <= text.size ? size : 0;
}

static void server_answer(struct scripted_peer *peer, struct str request)
{
    struct scripted_server *server = peer->server;
    assert_true(server->request_count < SERVER_REQUESTS_MAX);
    struct buffer *kept = &server->requests[server->request_count++];
    buffer_add(kept, request);
    buffer_cstr(kept);
    struct route *route = server->routes;
    while (route->start && (route->uses < 0 || !str_starts(request, str_of(route->start)))) route++;
    if (!route->start) fail_msg("no route for %.*s", 60, kept->data);
    if (route->uses > 0 && --route->uses == 0) route->uses = -1;
    if (route->reply) {
        uv_buf_t bytes = uv_buf_init((char *)(uintptr_t)route->reply,
                                     (unsigned)strlen(route->reply));
        assert_int_equal(uv_try_write((uv_stream_t *)&peer->socket, &bytes, 1), bytes.len);
    }
    if (route->then == THEN_CLOSE) server_close_peer(peer);
    if (route->then == THEN_FLOOD) server_flood(peer);
}

static void server_on_room(uv_handle_t *handle, size_t size, uv_buf_t *ret_room)
{
    struct scripted_peer *peer = handle->data;
    (void)size;
    char *room = buffer_reserve(&peer->received, 65536);
    *ret_room = uv_buf_init(room, 65536);
}

static void server_on_bytes(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes)
{
    struct scripted_peer *peer = stream->data;
    (void)bytes;
    if (size < 0) {
        server_close_peer(peer);
        return;
    }
    peer->received.size += (size_t)size;
    for (size_t whole; !uv_is_closing((uv_handle_t *)&peer->socket) &&
                       (whole = server_whole_request(buffer_str(&peer->received)));) {
        server_answer(peer, str_slice(buffer_str(&peer->received), 0, whole));
        buffer_consume(&peer->received, whole);
    }
}

static void server_on_connection(uv_stream_t *listener, int status)
{
    struct scripted_server *server = listener->data;
    struct scripted_peer *peer = calloc(1, sizeof *peer);
    assert_int_equal(status, 0);
    uv_tcp_init(listener->loop, &peer->socket);
    peer->socket.data = peer;
    peer->server = server;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&peer->socket), 0);
    server->connections++;
    if (++server->open_now > server->most_open) server->most_open = server->open_now;
    uv_read_start((uv_stream_t *)&peer->socket, server_on_room, server_on_bytes);
}

static void server_start(struct scripted_server *server, uv_loop_t *loop, struct route *routes)
{
    struct sockaddr_in address;
    int size = sizeof address;
    *server = (struct scripted_server){.routes = routes};
    uv_tcp_init(loop, &server->listener);
    server->listener.data = server;
    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server->listener, 128, server_on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

/* Stops listening; what is connected ends when the client lets go of it. */
static void server_stop(struct scripted_server *server)
{
    uv_close((uv_handle_t *)&server->listener, NULL);
}

static void server_forget(struct scripted_server *server)
{
    for (size_t i = 0; i < server->request_count; i++) buffer_deinit(&server->requests[i]);
}

#endif
