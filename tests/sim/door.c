/* http/server.h without sockets: requests come from clients.c, and answers go there. Linked in
 * place of common/http's server, so that ingest's door runs as it is. */
#include "tests/sim/door.h"

struct server {
    struct http_server_config config;
    struct process *process;
    struct sim_request *requests; /* open */
    void (*on_stopped)(void *user);
    void *user;
    bool stopping;
    struct http_counters counters;
};

struct sim_request {
    struct http_request base;
    struct sim_request *next;
    struct server *server;
    struct str type, idempotency;
    http_on_request on_close;
    void *on_close_user;
    void (*on_answer)(void *user, int status, struct str body);
    void *answer_user;
    bool gone; /* answered, or hung up */
};

static struct server *server_of(struct http_server *server) { return (struct server *)server; }

/* --- the server ------------------------------------------------------------------------------ */

int http_server_start(uv_loop_t *loop, const struct http_server_config *config,
                      struct http_server **ret_server, struct err *err)
{
    struct server *server = calloc(1, sizeof *server);
    (void)loop, (void)err;
    if (!server) abort();
    server->config = *config;
    server->process = sim.current;
    sim.current->server = server;
    *ret_server = (struct http_server *)server;
    return E_OK;
}

static void stopped(struct server *server)
{
    void (*on_stopped)(void *) = server->on_stopped;
    server->on_stopped = NULL;
    if (on_stopped) on_stopped(server->user);
}

static void remove_request(struct sim_request *request)
{
    struct server *server = request->server;
    struct sim_request **link = &server->requests;
    request->gone = true;
    while (*link != request) link = &(*link)->next;
    *link = request->next;
    if (server->stopping && !server->requests) stopped(server);
}

static void close_request(struct sim_request *request)
{
    if (request->gone) return;
    http_on_request on_close = request->on_close;
    request->on_close = NULL;
    if (on_close) on_close(&request->base, request->on_close_user);
    remove_request(request);
}

void http_server_stop(struct http_server *base, int64_t deadline_ms,
                      void (*on_stopped)(void *user), void *user)
{
    struct server *server = server_of(base);
    server->stopping = true;
    server->on_stopped = on_stopped;
    server->user = user;
    if (deadline_ms == 0)
        while (server->requests) close_request(server->requests);
    if (!server->requests) stopped(server);
}

void http_server_destroy(struct http_server *base)
{
    struct server *server = server_of(base);
    if (!server) return;
    server->process->server = NULL;
    free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
    (void)server;
    return 1;
}

const struct http_counters *http_server_counters(const struct http_server *server)
{
    return &((const struct server *)server)->counters;
}

int64_t http_server_certificate_expires(const struct http_server *server)
{
    (void)server;
    return 0;
}

int64_t http_certificate_file_expires(const char *path)
{
    (void)path;
    return 0;
}

int http_server_check_tls(const struct http_server *server, struct err *err)
{
    (void)server, (void)err;
    return E_OK;
}

int http_server_reload_tls(struct http_server *server, struct err *err)
{
    (void)server, (void)err;
    return E_OK;
}

const char *http_refusal_name(enum http_refusal refusal)
{
    (void)refusal;
    return "";
}

/* --- a request ------------------------------------------------------------------------------- */

struct str http_header_nth(const struct http_request *base, struct str name, size_t nth)
{
    const struct sim_request *request = (const struct sim_request *)base;
    if (nth > 0) return (struct str){0};
    if (str_equal_ignoring_case(name, STR("content-type"))) return request->type;
    if (str_equal_ignoring_case(name, STR("idempotency-key"))) return request->idempotency;
    return (struct str){0};
}

struct str http_header(const struct http_request *base, struct str name)
{
    return http_header_nth(base, name, 0);
}

struct str http_media_type(const struct http_request *base)
{
    return ((const struct sim_request *)base)->type;
}

void http_add_header(struct http_request *request, struct str name, struct str value)
{
    (void)request, (void)name, (void)value;
}

void http_on_close(struct http_request *base, http_on_request on_close, void *user)
{
    struct sim_request *request = (struct sim_request *)base;
    request->on_close = on_close;
    request->on_close_user = user;
}

struct answer {
    struct sim_request *request;
    int status;
    struct str body;
};

static void hand_over(void *user)
{
    struct answer *answer = user;
    struct sim_request *request = answer->request;
    if (request->on_answer) request->on_answer(request->answer_user, answer->status, answer->body);
}

void http_respond(struct http_request *base, int status, struct str content_type, struct str body)
{
    struct sim_request *request = (struct sim_request *)base;
    struct answer *answer = sim_alloc(sizeof *answer);
    (void)content_type;
    if (request->gone) broken("a request is answered that is gone");
    trace("answers %d", status);
    *answer = (struct answer){request, status, sim_copy(body)};
    if (process_is_alive(request->server->process) && !chance(FAULT_ANSWER_LOST))
        sim_after((int64_t)random_below(&sim.order, 5000) * 1000, hand_over, answer);
    remove_request(request);
}

void http_respond_problem(struct http_request *request, const struct problem *problem,
                          const struct problem_error *errors, size_t count)
{
    (void)errors, (void)count;
    http_respond(request, problem->status, STR("application/problem+json"), problem->detail);
}

void http_refuse(struct http_request *request, int status, const char *detail)
{
    http_respond(request, status, STR("application/problem+json"), str_of(detail));
}

void http_refuse_busy(struct http_request *request, int status, unsigned retry_after_s,
                      const char *detail)
{
    (void)retry_after_s;
    http_refuse(request, status, detail);
}

/* Nobody follows insights here. */
void http_stream_begin(struct http_request *request, int status, struct str content_type)
{
    (void)request, (void)status, (void)content_type;
    abort();
}
bool http_stream_write(struct http_request *request, struct str data)
{
    (void)request, (void)data;
    abort();
}
size_t http_stream_waiting(const struct http_request *request)
{
    (void)request;
    abort();
}
void http_stream_end(struct http_request *request)
{
    (void)request;
    abort();
}

/* --- clients' side --------------------------------------------------------------------------- */

static struct server *any_server(void)
{
    uint32_t first = (uint32_t)random_below(&sim.order, SIM_REPLICAS);
    for (uint32_t i = 0; i < SIM_REPLICAS; i++) {
        struct process *process = sim.slots[(first + i) % SIM_REPLICAS];
        if (process && process->life != LIFE_DEAD && process->server && !process->server->stopping)
            return process->server;
    }
    return NULL;
}

static void arrive(void *user)
{
    struct sim_request *request = user;
    struct server *server = request->server;
    if (request->gone) return;
    struct process *process = server->process;
    if (process->life == LIFE_STOPPED) { /* it waits in the socket */
        sim_after(100 * MS, arrive, request);
        return;
    }
    process_enter(process);
    if (server->config.on_headers) server->config.on_headers(&request->base, server->config.user);
    if (!request->gone) server->config.on_request(&request->base, server->config.user);
    process_look(process);
    process_enter(NULL);
}

struct sim_request *door_call(const struct post_text *post,
                              void (*on_answer)(void *user, int status, struct str body),
                              void *user)
{
    struct server *server = any_server();
    if (!server) return NULL;
    struct sim_request *request = sim_alloc(sizeof *request);
    *request = (struct sim_request){
        .base = {.method = HTTP_METHOD_POST, .path = STR("/v1/feedback"), .query = post->query,
                 .body = post->body, .peer = "127.0.0.1", .peer_is_loopback = true},
        .server = server, .type = post->type, .idempotency = post->idempotency,
        .on_answer = on_answer, .answer_user = user, .next = server->requests};
    server->requests = request;
    if (!chance(FAULT_REQUEST_LOST))
        sim_after((int64_t)random_below(&sim.order, 5000) * 1000, arrive, request);
    return request;
}

void door_hang_up(struct sim_request *request)
{
    request->on_answer = NULL;
    if (request->gone) return;
    process_enter(request->server->process);
    close_request(request);
    process_look(request->server->process);
    process_enter(NULL);
}
