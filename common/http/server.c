/* The server itself: starts listening, wakes connections that have something to do, keeps the one
 * timer for all deadlines, and stops gracefully. */
#include "http/internal.h"
#include "http/admission.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 1024, SPARE_FILES = 256 };

/* --- the ready list --- */

/* Keeps the loop from sleeping, nothing more. */
static void on_idle(uv_idle_t *idle) { (void)idle; }

void connection_ready(struct connection *connection)
{
    struct http_server *server = connection->server;
    if (connection->ready || connection->ticking) return; /* its tick flushes */
    connection->ready = true;
    connection->next_ready = NULL;
    if (server->ready_last) server->ready_last->next_ready = connection;
    else server->ready_first = connection;
    if (!server->ready_last) uv_idle_start(&server->idle, on_idle);
    server->ready_last = connection;
}

/* Those that get ready meanwhile wait for the next turn, so that polling isn't starved. */
static void on_check(uv_check_t *check)
{
    struct http_server *server = check->data;
    struct connection *connection = server->ready_first;
    server->ready_first = server->ready_last = NULL;
    if (connection) uv_idle_stop(&server->idle);
    while (connection) {
        struct connection *next = connection->next_ready;
        connection->ready = false;
        connection_tick(connection);
        connection = next;
    }
}

/* --- time --- */

struct str server_date(struct http_server *server)
{
    if (server->date[0] == '\0' || server->now_ns >= server->date_valid_ns) {
        struct tm parts;
        int64_t wall_ms = clock_wall_ms(server->clock);
        time_t seconds = (time_t)(wall_ms / 1000);
        server->date_valid_ns = server->now_ns + (1000 - wall_ms % 1000) * 1000000;
        if (gmtime_r(&seconds, &parts))
            strftime(server->date, sizeof server->date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    }
    return str_of(server->date);
}

void http_server_sweep(struct http_server *server)
{
    server_read_clock(server);
    int64_t now_ms = server_now_ms(server);
    bool is_over = server->stopping && now_ms >= server->stop_at_ms;
    struct connection *next;
    for (struct connection *connection = server->connections; connection; connection = next) {
        next = connection->next; /* freed by the loop later, never here */
        if (is_over) connection_cut(connection, HTTP_REFUSED_NOT);
        else connection_judge_deadlines(connection, now_ms);
        if (server->stopping) connection_tick(connection);
    }
}

static void on_timer(uv_timer_t *timer) { http_server_sweep(timer->data); }

/* --- stop --- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->handles_open > 0) return;
    server->stopped = true;
    if (server->on_stopped) server->on_stopped(server->on_stopped_user);
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle)) uv_close(handle, on_handle_closed);
}

static void on_away_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    server->away_open = false;
    if (server->away_waits && !uv_is_closing((uv_handle_t *)&server->listener)) {
        server->away_waits = false;
        admission_on_connection((uv_stream_t *)&server->listener, 0);
    }
    on_handle_closed(handle);
}

/* libuv listens no more until whoever it announced was accepted: so even who can't be
 * served has to be. */
void server_turn_away(struct http_server *server)
{
    if (server->away_open) {
        server->away_waits = true;
        return;
    }
    if (uv_tcp_init(server->loop, &server->away) != 0) return;
    server->away.data = server;
    server->away_open = true;
    server->handles_open++;
    (void)!uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&server->away);
    uv_close((uv_handle_t *)&server->away, on_away_closed);
}

static void finish_stop(struct http_server *server)
{
    if (!server->stopping || server->connection_count > 0) return;
    close_handle(&server->timer);
    close_handle(&server->check);
    close_handle(&server->idle);
}

void server_connection_came(struct http_server *server)
{
    server->counters.connections_open = ++server->connection_count;
    if (server->connection_count > 1) return;
    /* Only now: an idle server doesn't wake up. */
    uv_timer_start(&server->timer, on_timer, SWEEP_MS, SWEEP_MS);
    uv_unref((uv_handle_t *)&server->timer);
}

void server_connection_gone(struct http_server *server)
{
    server->counters.connections_open = --server->connection_count;
    if (server->connection_count == 0 && !uv_is_closing((uv_handle_t *)&server->timer))
        uv_timer_stop(&server->timer);
    finish_stop(server);
}

void http_server_stop(struct http_server *server, int64_t deadline_ms,
                      void (*on_stopped)(void *user), void *user)
{
    if (server->stopping) return;
    server->stopping = true;
    server_read_clock(server);
    server->stop_at_ms = server_now_ms(server) + deadline_ms;
    server->on_stopped = on_stopped;
    server->on_stopped_user = user;
    close_handle(&server->listener);
    for (struct connection *each = server->connections; each; each = each->next)
        connection_ready(each);
    finish_stop(server);
    /* who can't wait can't wait for the timer either */
    if (deadline_ms <= 0) http_server_sweep(server);
}

/* --- start --- */

static void set_defaults(struct http_limits *limits)
{
#define DEFAULT(member, value) if (limits->member == 0) limits->member = (value)
    DEFAULT(target_bytes, 8 * 1024);
    DEFAULT(header_bytes, 16 * 1024);
    DEFAULT(header_count, 100);
    DEFAULT(body_bytes, 16 * 1024 * 1024);
    DEFAULT(bodies_bytes, 256 * 1024 * 1024);
    DEFAULT(header_deadline_ms, 10 * 1000);
    DEFAULT(body_rate_bytes, 1024);
    DEFAULT(body_grace_ms, 10 * 1000);
    DEFAULT(idle_timeout_ms, 75 * 1000);
    DEFAULT(connections, 10240);
    DEFAULT(connections_per_address, 10240);
    DEFAULT(pipelined_requests, 16);
    DEFAULT(stream_bytes, 256 * 1024);
#undef DEFAULT
    /* struct header_field counts in 32 bits. */
    if (limits->header_bytes > UINT32_MAX) limits->header_bytes = UINT32_MAX;
}

/* How many there may be: files for all are asked for, as far as the hard limit lets us, as refusing
 * to start over a generous default would help nobody. Where there are fewer, some are left for the
 * rest of the process, which would end without. */
static size_t fit_files(size_t connections)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + connections / 8 + SPARE_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return connections;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return connections;
    rlim_t spare = limit.rlim_cur / 2 < SPARE_FILES ? limit.rlim_cur / 2 : SPARE_FILES;
    rlim_t most = limit.rlim_cur - spare;
    return most < connections ? (size_t)most : connections;
}

/* libuv writes without MSG_NOSIGNAL: a client that hangs up must not end the process. */
static void ignore_broken_pipes(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

static int parse_address(const struct http_server_config *config,
                         struct sockaddr_storage *ret_address, struct err *err)
{
    struct sockaddr_storage address = {0};
    if (!config->address) return err_set(err, E_BAD_CONFIG, "no address to listen on");
    if (uv_ip4_addr(config->address, config->port, (struct sockaddr_in *)(void *)&address) != 0 &&
        uv_ip6_addr(config->address, config->port, (struct sockaddr_in6 *)(void *)&address) != 0)
        return err_set(err, E_BAD_CONFIG, "\"%s\" is not a numeric IPv4 or IPv6 address",
                       config->address);
    *ret_address = address;
    return E_OK;
}

/* A listening socket of our own making, so that nothing of libuv's must be undone when it fails. */
static int open_listener(struct http_server *server, const struct sockaddr_storage *address,
                         int *ret_fd, struct err *err)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = address->ss_family == AF_INET
        ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int yes = 1, fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return err_system(err, E_SYSTEM, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (const struct sockaddr *)address, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &(socklen_t){sizeof bound}) != 0) {
        int rc = err_system(err, errno == EADDRNOTAVAIL ? E_BAD_CONFIG : E_SYSTEM,
                            "listening on %s port %u",
                            server->config.address, (unsigned)server->config.port);
        close(fd);
        return rc;
    }
    /* The port is at the same place in both families. */
    server->port = ntohs(((const struct sockaddr_in *)(const void *)&bound)->sin_port);
    *ret_fd = fd;
    return E_OK;
}

static int copy_text(char **ret_copy, const char *text, struct err *err)
{
    if (!text) return E_OK;
    char *copy = strdup(text);
    if (!copy) return err_set(err, E_NO_MEMORY, NULL);
    *ret_copy = copy;
    return E_OK;
}

/* What can fail without the loop. */
static int prepare(struct http_server *server, const struct http_server_config *config,
                   struct err *err)
{
    const char *certificate = config->tls.certificate_file, *key = config->tls.key_file;
    if (!config->on_request) return err_set(err, E_BUG, "a server without on_request");
    if (!certificate != !key)
        return err_set(err, E_BAD_CONFIG, "TLS needs a certificate file and a key file");
    server->config = *config;
    set_defaults(&server->config.limits);
    server->config.limits.connections = fit_files(server->config.limits.connections);
    server->bodies.limit_bytes = server->config.limits.bodies_bytes;
    server->clock = config->clock ? config->clock : clock_system();
    int rc = copy_text(&server->address, config->address, err);
    if (rc == E_OK) rc = copy_text(&server->certificate_file, certificate, err);
    if (rc == E_OK) rc = copy_text(&server->key_file, key, err);
    server->config.address = server->address;
    server->config.tls.certificate_file = server->certificate_file;
    server->config.tls.key_file = server->key_file;
    if (rc == E_OK && certificate) rc = tls_context_create(certificate, key, &server->tls, err);
    if (rc == E_OK) rc = addresses_init(&server->addresses, server->config.limits.connections, err);
    return rc;
}

static void free_server(struct http_server *server)
{
    while (server->spare) {
        struct exchange *exchange = server->spare;
        server->spare = exchange->next;
        exchange_destroy(exchange);
    }
    SSL_CTX_free(server->tls);
    addresses_deinit(&server->addresses);
    buffer_deinit(&server->scratch);
    free(server->address);
    free(server->certificate_file);
    free(server->key_file);
    free(server);
}

/* libuv can't fail here: the socket is new and listens already. */
static void open_handles(struct http_server *server, int fd)
{
    uv_tcp_init(server->loop, &server->listener);
    uv_timer_init(server->loop, &server->timer);
    uv_check_init(server->loop, &server->check);
    uv_idle_init(server->loop, &server->idle);
    server->listener.data = server->timer.data = server->check.data = server->idle.data = server;
    server->handles_open = 4;
    uv_check_start(&server->check, on_check);
    /* the listener and the connections keep the loop alive */
    uv_unref((uv_handle_t *)&server->check);
    int rc = uv_tcp_open(&server->listener, fd);
    if (rc == 0) rc = uv_listen((uv_stream_t *)&server->listener, BACKLOG, admission_on_connection);
    assert(rc == 0);
}

int http_server_start(uv_loop_t *loop, const struct http_server_config *config,
                      struct http_server **ret_server,
                      struct err *err)
{
    struct sockaddr_storage address;
    int fd = -1, rc = parse_address(config, &address, err);
    if (rc) return rc;
    struct http_server *server = calloc(1, sizeof *server);
    if (!server) return err_set(err, E_NO_MEMORY, "HTTP server");
    server->loop = loop;
    rc = prepare(server, config, err);
    if (rc == E_OK) rc = open_listener(server, &address, &fd, err);
    if (rc) {
        free_server(server);
        return rc;
    }
    ignore_broken_pipes();
    open_handles(server, fd);
    *ret_server = server;
    return E_OK;
}

uint16_t http_server_port(const struct http_server *server) { return server->port; }
const struct http_counters *http_server_counters(const struct http_server *server)
{
    return &server->counters;
}

int64_t http_server_certificate_expires(const struct http_server *server)
{
    return tls_context_expires(server->tls);
}

/* In place of one that callers trust: theirs would all fail with one that has run out. */
static int read_tls(const struct http_server *server, SSL_CTX **ret_context, struct err *err)
{
    SSL_CTX *context = NULL;
    if (!server->tls) return err_set(err, E_BAD_CONFIG, "the server was started without TLS");
    int rc = tls_context_create(server->certificate_file, server->key_file, &context, err);
    if (rc == E_OK && !tls_context_is_current(context))
        rc = err_set(err, E_BAD_CONFIG, "certificate %s has expired, or isn't valid yet",
                     server->certificate_file);
    if (rc) SSL_CTX_free(context);
    else *ret_context = context;
    return rc;
}

int http_server_check_tls(const struct http_server *server, struct err *err)
{
    SSL_CTX *context = NULL;
    int rc = read_tls(server, &context, err);
    SSL_CTX_free(context);
    return rc;
}

int http_server_reload_tls(struct http_server *server, struct err *err)
{
    SSL_CTX *context = NULL;
    int rc = read_tls(server, &context, err);
    if (rc) return rc;
    SSL_CTX_free(server->tls); /* open connections hold on to it */
    server->tls = context;
    return E_OK;
}

void http_server_destroy(struct http_server *server)
{
    if (!server) return;
    assert(server->stopped && server->exchange_count == 0);
    free_server(server);
}
