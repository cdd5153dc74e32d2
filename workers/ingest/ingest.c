/* The front door: takes feedback in over HTTP and from files, and serves finished insights back.
 *
 * door.c takes posts, feed.c streams insights, watch.c takes files, webhooks.c posts insights to
 * others, keys.c tells callers apart, pages.c holds the dashboard and the OpenAPI document. This
 * file routes and binds them to a worker's life. */
#include "workers/ingest/ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "workers/ingest/feed.h"
#include "workers/ingest/pressure.h"
#include "workers/ingest/state.h"
#include "workers/ingest/tally.h"
#include "workers/ingest/webhook.h"

#define OPTIONS_OWNER struct ingest_options
OPTIONS_TABLE(ingest, INGEST_OPTIONS, "The front door: HTTP, files, streams of insights.");
#undef OPTIONS_OWNER

enum { BUS_FAILING_MS = 2000 };

/* --- routes ----------------------------------------------------------------------------------- */

enum route {
    ROUTE_NONE,
    ROUTE_FEEDBACK,
    ROUTE_STREAM,
    ROUTE_STATUS,
    ROUTE_HEALTH,
    ROUTE_READY,
    ROUTE_PAGE
};

static enum route route_of(const struct http_request *request)
{
    static const struct {
        const char *path;
        enum route route;
    } routes[] = {
        {"/v1/feedback", ROUTE_FEEDBACK},
        {"/v1/insights/stream", ROUTE_STREAM},
        {"/v1/status", ROUTE_STATUS},
        {"/v1/openapi.json", ROUTE_PAGE},
        {"/healthz", ROUTE_HEALTH},
        {"/readyz", ROUTE_READY},
        {"/", ROUTE_PAGE},
    };
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (str_equal(request->path, str_of(routes[i].path))) return routes[i].route;
    return ROUTE_NONE;
}

/* The caller's origin, if it may call from a browser. */
static bool origin_allowed(const struct ingest_state *state, struct str origin)
{
    struct str list = str_of(state->options->cors_origins);
    while (list.size) {
        struct str allowed = str_trim(str_cut(&list, ','));
        if (str_equal(allowed, STR("*")) || str_equal(allowed, origin)) return true;
    }
    return false;
}

static void add_cors(const struct ingest_state *state, struct http_request *request)
{
    struct str origin = http_header(request, STR("origin"));
    if (!origin.size || !origin_allowed(state, origin)) return;
    http_add_header(request, STR("Access-Control-Allow-Origin"), origin);
    http_add_header(request, STR("Vary"), STR("Origin"));
    http_add_header(request, STR("Access-Control-Expose-Headers"), STR("Retry-After"));
}

static struct str methods_of(enum route route)
{
    switch (route) {
    case ROUTE_NONE: return STR("GET, HEAD, POST, OPTIONS"); /* "*": the server as a whole */
    case ROUTE_FEEDBACK: return STR("POST, OPTIONS");
    default: return STR("GET, HEAD, OPTIONS");
    }
}

/* Also a browser's question before a call from another origin. */
static void answer_options(struct http_request *request, enum route route)
{
    http_add_header(request, STR("Allow"), methods_of(route));
    http_add_header(request, STR("Access-Control-Allow-Methods"), STR("GET, POST"));
    http_add_header(request, STR("Access-Control-Allow-Headers"),
                    STR("Authorization, Content-Encoding, Content-Type, Idempotency-Key, "
                        "Last-Event-ID, Prefer, X-API-Key, traceparent"));
    http_add_header(request, STR("Access-Control-Max-Age"), STR("600"));
    http_respond(request, 204, STR(""), STR(""));
}

static bool refuse_caller(struct ingest_state *state, struct http_request *request,
                          enum route route, struct caller *caller)
{
    int status = keyring_check(state->keys, request, route == ROUTE_FEEDBACK, caller);
    if (status == 0) return false;
    if (status == 401) http_add_header(request, STR("WWW-Authenticate"), STR("Bearer"));
    http_refuse(request, status,
                status == 401 ? "A valid API key is needed: Authorization: Bearer NAME.SECRET"
                              : "The key lacks the scope for this.");
    return true;
}

static bool refuse_method(struct http_request *request, enum route route)
{
    bool get = request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD;
    if (route == ROUTE_FEEDBACK ? request->method == HTTP_METHOD_POST : get) return false;
    http_add_header(request, STR("Allow"), methods_of(route));
    http_refuse(request, 405, route == ROUTE_FEEDBACK ? "Use POST." : "Use GET.");
    return true;
}

/* Judges by the head alone, before a body is read. */
static void on_headers(struct http_request *request, void *user)
{
    struct ingest_state *state = user;
    struct caller caller;
    enum route route = route_of(request);
    add_cors(state, request);
    if (request->method == HTTP_METHOD_OPTIONS &&
        (route != ROUTE_NONE || str_equal(request->path, STR("*"))))
        answer_options(request, route);
    else if (route == ROUTE_NONE)
        http_refuse(request, 404,
                    "Served here: /, /v1/feedback, /v1/insights/stream, /v1/status, "
                    "/v1/openapi.json, /healthz, /readyz.");
    else if (refuse_method(request, route))
        return;
    else if ((route == ROUTE_FEEDBACK || route == ROUTE_STREAM || route == ROUTE_STATUS) &&
             (head_repeats(request) || refuse_caller(state, request, route, &caller)))
        return;
    else if (route == ROUTE_FEEDBACK)
        door_refuses(state, request);
}

static bool bus_failing(const struct ingest_state *state)
{
    return state->bus_failing &&
           clock_mono_ms(state->context->clock) - state->bus_failed_ms < BUS_FAILING_MS;
}

static bool ingest_ready(struct worker_context *context)
{
    const struct ingest_state *state = context->state;
    return !state->draining && !bus_failing(state) && bus_answers(state->feed->consumer);
}

static void on_request(struct http_request *request, void *user)
{
    struct ingest_state *state = user;
    struct caller caller = {0};
    enum route route = route_of(request);
    if (route == ROUTE_FEEDBACK || route == ROUTE_STREAM || route == ROUTE_STATUS)
        if (refuse_caller(state, request, route, &caller)) return;
    switch (route) {
    case ROUTE_FEEDBACK: door_post(state, request, &caller); return;
    case ROUTE_STREAM: feed_stream(state->feed, request, &caller); return;
    case ROUTE_STATUS: feed_status(state->feed, request); return;
    case ROUTE_HEALTH: http_respond(request, 200, STR("text/plain"), STR("alive\n")); return;
    case ROUTE_READY:
        if (!ingest_ready(state->context))
            http_refuse_busy(request, 503, 1, "Not ready: stopping, or the bus does not answer.");
        else
            http_respond(request, 200, STR("text/plain"), STR("ready\n"));
        return;
    case ROUTE_PAGE:
        if (!pages_serve(request)) http_refuse(request, 404, "No such page.");
        return;
    case ROUTE_NONE: http_refuse(request, 404, "No such page."); return;
    }
}

/* --- life ------------------------------------------------------------------------------------- */

/* Beyond loopback anybody may call, and anybody on the way may read. */
static int check_open(const struct ingest_state *state, const char *host, struct err *err)
{
    if (http_is_loopback(host)) return E_OK;
    if (!state->keys)
        return err_set(err, E_BAD_CONFIG,
                       "ingest.keys is empty: without API keys, ingest.listen must be a loopback "
                       "address, not %s",
                       host);
    if (!state->options->certificate[0] && !state->options->plain_http)
        return err_set(err, E_BAD_CONFIG,
                       "ingest.certificate is empty: without TLS, keys and feedback could be read "
                       "on their way to %s; where a proxy in front ends TLS, set "
                       "ingest.plain_http = true",
                       host);
    return E_OK;
}

static int start_server(struct ingest_state *state, struct err *err)
{
    const struct ingest_options *options = state->options;
    char host[HTTP_HOST_BYTES];
    struct http_server_config config = {
        .address = host,
        .limits = {.body_bytes = options->body_most,
                   .packed = true,
                   .connections = options->connections,
                   .connections_per_address = options->connections_per_address,
                   .header_deadline_ms = options->header_deadline,
                   .idle_timeout_ms = options->idle},
        .tls = {options->certificate[0] ? options->certificate : NULL,
                options->private_key[0] ? options->private_key : NULL},
        .clock = state->context->clock,
        .on_headers = on_headers,
        .on_request = on_request,
        .user = state,
    };
    int rc = http_split_address("ingest.listen", options->listen, host, &config.port, err);
    if (rc == E_OK) rc = check_open(state, host, err);
    if (rc) return rc;
    rc = http_server_start(state->context->loop, &config, &state->server, err);
    if (rc) return err_wrap(err, "ingest.listen %s", options->listen);
    http_join_address(state->context->listens, host, http_server_port(state->server));
    return E_OK;
}

static void on_producer_ready(uv_poll_t *handle, int status, int events)
{
    struct ingest_state *state = handle->data;
    (void)status, (void)events;
    bus_producer_poll(state->producer);
}

static int open_producer(struct ingest_state *state, struct err *err)
{
    int rc = bus_producer_open(state->context->bus, state->context->member, &state->producer, err);
    if (rc) return rc;
    uv_poll_init(state->context->loop, &state->producer_ready,
                 bus_producer_wake_fd(state->producer));
    state->producer_ready.data = state;
    uv_poll_start(&state->producer_ready, UV_READABLE, on_producer_ready);
    door_open(state);
    return E_OK;
}

static void ingest_close(struct worker_context *context);

static int ingest_open(struct worker_context *context, struct err *err)
{
    const struct ingest_options *options = context->options;
    struct ingest_state *state = calloc(1, sizeof *state);
    if (!state) return err_set(err, E_NO_MEMORY, NULL);
    context->state = state;
    state->context = context;
    state->options = options;
    state->ids = (struct uuid_generator){.clock = context->clock, .random = context->random};
    int rc = options->keys[0] ? keyring_open(options->keys, &state->keys, err) : E_OK;
    if (rc == E_OK) rc = open_producer(state, err);
    if (rc == E_OK) rc = tally_open(state, &state->tally, err);
    if (rc == E_OK) rc = feed_open(state, &state->feed, err);
    if (rc == E_OK) rc = pressure_open(state, &state->pressure, err);
    if (rc == E_OK) rc = webhooks_open(context, &state->webhooks, err);
    if (rc == E_OK && options->watch[0]) rc = watch_open(state, &state->watch, err);
    if (rc == E_OK && options->listen[0]) rc = start_server(state, err);
    if (rc) ingest_close(context);
    return rc;
}

/* All is read and found good before anything is changed. */
static int ingest_reload(struct worker_context *context, struct err *err)
{
    struct ingest_state *state = context->state;
    struct keyring *fresh = NULL;
    bool tls = state->server && state->options->certificate[0];
    int rc = state->options->keys[0] ? keyring_open(state->options->keys, &fresh, err) : E_OK;
    if (rc == E_OK && tls) rc = http_server_check_tls(state->server, err);
    if (rc == E_OK) rc = webhooks_reload(state->webhooks, err);
    if (rc) {
        keyring_close(fresh);
        return rc;
    }
    keyring_close(state->keys);
    state->keys = fresh;
    watch_reload(state->watch);
    return tls ? http_server_reload_tls(state->server, err) : E_OK;
}

static void on_server_stopped(void *user) { ((struct ingest_state *)user)->server_stopped = true; }

static void ingest_drain(struct worker_context *context)
{
    enum { DEADLINE_MS = 5000 };
    struct ingest_state *state = context->state;
    state->draining = true;
    feed_end_streams(state->feed);
    pressure_stop(state->pressure);
    watch_stop(state->watch);
    webhooks_stop(state->webhooks);
    tally_drain(state->tally);
    if (state->server) http_server_stop(state->server, DEADLINE_MS, on_server_stopped, state);
}

static bool ingest_draining(struct worker_context *context)
{
    const struct ingest_state *state = context->state;
    return (state->server && !state->server_stopped) || state->posts_open ||
           watch_busy(state->watch) || webhooks_busy(state->webhooks) ||
           !tally_settled(state->tally);
}

static void ingest_close(struct worker_context *context)
{
    struct ingest_state *state = context->state;
    watch_close(state->watch);
    webhooks_close(state->webhooks);
    state->watch = NULL; /* the loop turns once more */
    pressure_close(state->pressure);
    feed_close(state->feed);
    if (state->server && !state->server_stopped) {
        http_server_stop(state->server, 0, on_server_stopped, state);
        for (int i = 0; i < 1000 && !state->server_stopped; i++)
            uv_run(context->loop, UV_RUN_NOWAIT);
    }
    http_server_destroy(state->server);
    if (state->producer) {
        uv_poll_stop(&state->producer_ready);
        door_close(state);
        bus_producer_close(state->producer);
        tally_close(state->tally); /* to which the producer reported */
        uv_close((uv_handle_t *)&state->producer_ready, NULL);
        uv_run(context->loop, UV_RUN_NOWAIT); /* the handle is part of the state */
    }
    keyring_close(state->keys);
    door_free(state);
    free(state);
    context->state = NULL;
}

static void ingest_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    const struct ingest_state *state = context->state;
    static const char *const classes[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
    metrics_sample(writer, METRIC_RECEIPTS, NULL, NULL,
                   (double)(state->receipts + watch_receipts(state->watch)));
    metrics_sample(writer, METRIC_INVALID, NULL, NULL,
                   (double)(state->invalid + watch_refused(state->watch)));
    metrics_sample(writer, METRIC_STREAMS, NULL, NULL, (double)feed_stream_count(state->feed));
    pressure_metrics(state->pressure, writer);
    if (state->watch) watch_metrics(state->watch, writer);
    webhooks_metrics(state->webhooks, writer);
    if (!state->server) return;
    const struct http_counters *counters = http_server_counters(state->server);
    for (int i = 2; i < 6; i++)
        metrics_sample(writer, METRIC_HTTP_REQUESTS, "status", classes[i],
                       (double)counters->answers[i]);
    for (int i = 1; i < HTTP_REFUSAL_COUNT; i++)
        if (counters->refused[i])
            metrics_sample(writer, METRIC_HTTP_REFUSED, "reason",
                           http_refusal_name((enum http_refusal)i), (double)counters->refused[i]);
    int64_t expires = http_server_certificate_expires(state->server);
    if (expires) metrics_sample(writer, METRIC_CERTIFICATE, "use", "door", (double)expires);
    metrics_sample(writer, METRIC_HTTP_CONNECTIONS, NULL, NULL, (double)counters->connections_open);
}

static const struct option_table *const ingest_tables[] = {&store_option_table,
                                                          &webhooks_option_table, NULL};

const struct worker ingest_worker = {
    .name = "ingest",
    .summary = "Takes feedback in over HTTP, files and S3; serves finished insights back.",
    .produces = TOPICS(FEEDBACK) | TOPICS(LEDGER),
    .reads = TOPICS(INSIGHTS) | TOPICS(AUDIT),
    .options = &ingest_option_table,
    .tables = ingest_tables,
    .open = ingest_open,
    .ready = ingest_ready,
    .reload = ingest_reload,
    .drain = ingest_drain,
    .draining = ingest_draining,
    .close = ingest_close,
    .metrics = ingest_metrics,
};
