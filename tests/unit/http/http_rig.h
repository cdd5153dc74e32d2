/* A server on a loop of its own, and raw clients that talk to it from the same thread.
 * Time is a manual clock; every wait is for something that must happen, and gives up after two
 * minutes. */
#ifndef VERBATIM_TESTS_HTTP_RIG_H
#define VERBATIM_TESTS_HTTP_RIG_H

#include "must.h"

#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RIG_HELD_MAX = 64 };

struct rig {
    uv_loop_t loop;
    struct clock_manual clock;
    struct http_server *server;
    struct http_request *held[RIG_HELD_MAX]; /* by /later and /stream, oldest first */
    size_t held_count, closed_count;
    char order[256]; /* first letter after '/' of each path that was handed over */
    bool stopped;
};

static inline void rig_on_close(struct http_request *request, void *user)
{
    struct rig *rig = user;
    rig->closed_count++;
    for (size_t i = 0; i < rig->held_count; i++)
        if (rig->held[i] == request) rig->held[i] = NULL;
}

/* /echo gives back what it was told; /later and /stream are held; /big answers with 4 MiB. */
static inline void rig_on_request(struct http_request *request, void *user)
{
    struct rig *rig = user;
    size_t used = strlen(rig->order);
    bool has_room = used + 2 < sizeof rig->order;
    if (has_room && request->path.size > 1) rig->order[used] = request->path.data[1];
    if (str_starts(request->path, STR("/later")) || str_starts(request->path, STR("/stream"))) {
        assert_true(rig->held_count < RIG_HELD_MAX);
        rig->held[rig->held_count++] = request;
        if (!str_starts(request->path, STR("/stream"))) return;
        http_on_close(request, rig_on_close, rig);
        http_stream_begin(request, 200, STR("text/event-stream"));
        return;
    }
    if (str_equal(request->path, STR("/big"))) {
        char *big = malloc(4 << 20);
        assert_non_null(big);
        memset(big, 'b', 4 << 20);
        http_respond(request, 200, STR("text/plain"), str_make(big, 4 << 20));
        free(big);
        return;
    }
    if (str_equal(request->path, STR("/nothing"))) {
        http_respond(request, 204, (struct str){0}, (struct str){0});
        return;
    }
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    struct buffer text = {0};
    buffer_printf(&text, "%s %.*s?%.*s [%.*s]", names[request->method],
                  STR_ARGS(request->path), STR_ARGS(request->query), STR_ARGS(request->body));
    http_respond(request, 200, STR("text/plain"), buffer_str(&text));
    buffer_deinit(&text);
}

/* /denied is refused before its body, /small may have 8 bytes. */
static inline void rig_on_headers(struct http_request *request, void *user)
{
    (void)user;
    if (str_equal(request->path, STR("/denied"))) http_refuse(request, 401, "No key.");
    if (str_equal(request->path, STR("/small"))) request->body_limit_bytes = 8;
}

static inline void rig_start_config(struct rig *rig, struct http_server_config config)
{
    struct err err = {0};
    memset(rig, 0, sizeof *rig);
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    clock_manual_init(&rig->clock, 1767225600000);
    config.address = config.address ? config.address : "127.0.0.1";
    config.clock = &rig->clock.clock;
    config.on_headers = rig_on_headers;
    config.on_request = rig_on_request;
    config.user = rig;
    int rc = http_server_start(&rig->loop, &config, &rig->server, &err);
    must(rc, &err);
}

static inline void rig_start(struct rig *rig, struct http_limits limits)
{
    rig_start_config(rig, (struct http_server_config){.limits = limits});
}

static inline void rig_turn(struct rig *rig) { uv_run(&rig->loop, UV_RUN_NOWAIT); }
static inline const struct http_counters *rig_counters(struct rig *rig)
{
    return http_server_counters(rig->server);
}

static inline time_t rig_give_up_at(void) { return time(NULL) + 120; }
static inline void rig_check_time(time_t give_up_at, const char *what)
{
    if (time(NULL) > give_up_at) fail_msg("waited too long for %s", what);
}
#define RIG_UNTIL(rig, condition)                                       \
    for (time_t give_up_at_ = rig_give_up_at(); !(condition);) {        \
        rig_turn(rig);                                                  \
        rig_check_time(give_up_at_, #condition);                        \
    }

/* Turns the hands, and lets the server judge by them. */
static inline void rig_advance(struct rig *rig, int64_t ms)
{
    rig_turn(rig);
    clock_manual_advance(&rig->clock, ms);
    http_server_sweep(rig->server);
    rig_turn(rig);
}

static inline void rig_on_stopped(void *user) { ((struct rig *)user)->stopped = true; }

static inline void rig_finish(struct rig *rig)
{
    http_server_stop(rig->server, 0, rig_on_stopped, rig);
    for (size_t i = 0; i < rig->held_count; i++)
        if (rig->held[i] && str_starts(rig->held[i]->path, STR("/later")))
            http_respond(rig->held[i], 200, STR("text/plain"), STR("late"));
    time_t give_up_at = rig_give_up_at();
    while (!rig->stopped) {
        rig_advance(rig, 1000);
        rig_check_time(give_up_at, "the server to stop");
    }
    http_server_destroy(rig->server);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
}

/* --- clients --- */

struct client {
    int fd;
    struct buffer got;
    bool closed; /* the server ended, or reset */
};

static inline struct client client_connect_buffered(struct rig *rig, int receive_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(rig->server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(client.fd >= 0);
    if (receive_bytes)
        setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(client.fd, F_SETFL, O_NONBLOCK);
    return client;
}

static inline struct client client_connect(struct rig *rig)
{
    return client_connect_buffered(rig, 0);
}

static inline void client_close(struct client *client)
{
    if (client->fd >= 0) close(client->fd);
    buffer_deinit(&client->got);
    *client = (struct client){.fd = -1};
}

static inline void client_receive(struct client *client)
{
    while (!client->closed) {
        char *room = buffer_reserve(&client->got, 65536);
        assert_non_null(room);
        ssize_t got = read(client->fd, room, 65536);
        if (got > 0) client->got.size += (size_t)got;
        else if (got == 0 || errno != EAGAIN) client->closed = true;
        else break;
    }
}

/* All of it, unless the server has closed. */
static inline void client_send(struct rig *rig, struct client *client, struct str data)
{
    time_t give_up_at = rig_give_up_at();
    while (data.size > 0 && !client->closed) {
        ssize_t sent = send(client->fd, data.data, data.size, MSG_NOSIGNAL);
        if (sent > 0) data = str_slice(data, (size_t)sent, data.size);
        else if (errno != EAGAIN) client->closed = true;
        rig_turn(rig);
        client_receive(client);
        rig_check_time(give_up_at, "bytes to be taken");
    }
}

static inline void client_send_text(struct rig *rig, struct client *client, const char *text)
{
    client_send(rig, client, str_of(text));
}

static inline size_t count_text(const struct client *client, const char *text)
{
    struct str rest = buffer_str(&client->got);
    size_t count = 0, at;
    while ((at = str_find(rest, str_of(text))) < rest.size) {
        count++;
        rest = str_slice(rest, at + 1, rest.size);
    }
    return count;
}

static inline bool client_has(const struct client *client, const char *text)
{
    return text[0] == '\0' || count_text(client, text) > 0;
}

#define CLIENT_UNTIL(rig, client, condition)                            \
    for (time_t give_up_at_ = rig_give_up_at(); !(condition);) {        \
        rig_turn(rig);                                                  \
        client_receive(client);                                         \
        if ((client)->closed && !(condition))                           \
            fail_msg("closed before %s; got: %s", #condition, buffer_cstr(&(client)->got)); \
        rig_check_time(give_up_at_, #condition);                        \
    }

static inline void client_until_text(struct rig *rig, struct client *client, const char *text)
{
    CLIENT_UNTIL(rig, client, client_has(client, text));
}

static inline void client_until_closed(struct rig *rig, struct client *client)
{
    CLIENT_UNTIL(rig, client, client->closed);
}

#endif
