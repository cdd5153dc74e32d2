/* libcurl on libuv: curl says which sockets and which time to watch, the loop says what happened.
 *
 * Happy path: wire_start() → curl's callbacks ask for sockets and a timer → the loop tells curl of
 * them → messages of ended transfers are collected → on_end() for each, after curl has returned.
 * Failure modes: an error of poll(2) is told to curl as one; transfers also end by the timer alone
 * (deadlines), so messages are read after it too; an owner's on_end() may start, cancel and close. */
#include "llm/wire.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { SPARE_HANDLES_MAX = 64, HANDLES = 2 };

struct watched {
    uv_poll_t poll;
    struct wire *wire;
    curl_socket_t socket;
    struct watched *next, *previous;
};

struct wire {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer; /* curl's */
    uv_timer_t soon;  /* for exchanges that ended without curl */
    struct watched *watched;
    struct exchange *running, *ended, **ended_end;
    CURL *spare[SPARE_HANDLES_MAX];
    size_t spare_count;
    char *ca_file;
    int open_handles;
    bool unwatched; /* some running exchange has a socket that can't be watched */
    bool closing;
};

/* --- lists ----------------------------------------------------------------------------------- */

static void add_running(struct wire *wire, struct exchange *exchange)
{
    exchange->previous = NULL;
    exchange->next = wire->running;
    if (wire->running) wire->running->previous = exchange;
    wire->running = exchange;
    exchange->state = EXCHANGE_RUNNING;
}

static void unlink_running(struct exchange *exchange)
{
    if (exchange->next) exchange->next->previous = exchange->previous;
    if (exchange->previous) exchange->previous->next = exchange->next;
    else exchange->wire->running = exchange->next;
}

static void add_ended(struct wire *wire, struct exchange *exchange)
{
    exchange->next = NULL;
    exchange->state = EXCHANGE_ENDED;
    *wire->ended_end = exchange;
    wire->ended_end = &exchange->next;
}

static void unlink_ended(struct exchange *exchange)
{
    struct exchange **at = &exchange->wire->ended;
    while (*at != exchange) at = &(*at)->next;
    *at = exchange->next;
    if (!*at) exchange->wire->ended_end = at;
}

/* --- ends ------------------------------------------------------------------------------------ */

/* Handles are kept: making one costs more than all else that we do for a call. */
static void put_back(struct wire *wire, CURL *curl)
{
    if (wire->closing || wire->spare_count == SPARE_HANDLES_MAX) {
        curl_easy_cleanup(curl);
        return;
    }
    curl_easy_reset(curl);
    wire->spare[wire->spare_count++] = curl;
}

static void release(struct exchange *exchange)
{
    curl_multi_remove_handle(exchange->wire->multi, exchange->curl);
    put_back(exchange->wire, exchange->curl);
    exchange->curl = NULL;
}

static void end_running(struct wire *wire, struct exchange *exchange, CURLcode result)
{
    exchange->result = result;
    unlink_running(exchange);
    release(exchange);
    add_ended(wire, exchange);
}

static void end_unwatched(struct wire *wire)
{
    wire->unwatched = false;
    for (struct exchange *exchange = wire->running, *next; exchange; exchange = next) {
        next = exchange->next;
        if (exchange->no_memory) end_running(wire, exchange, CURLE_OUT_OF_MEMORY);
    }
}

static void collect(struct wire *wire)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(wire->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        struct exchange *exchange = NULL;
        CURLcode result = message->data.result; /* gone with the handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &exchange->status);
        end_running(wire, exchange, result);
    }
    if (wire->unwatched) end_unwatched(wire);
}

/* Owners may do all that they may do; so one at a time, and each from the list's start. */
static void dispatch(struct wire *wire)
{
    while (!wire->closing && wire->ended) {
        struct exchange *exchange = wire->ended;
        unlink_ended(exchange);
        exchange->state = EXCHANGE_IDLE;
        exchange->owner->on_end(exchange);
    }
}

static void step(struct wire *wire, curl_socket_t socket, int events)
{
    int running;
    curl_multi_socket_action(wire->multi, socket, events, &running);
    collect(wire);
    dispatch(wire);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    step(watched->wire, watched->socket, status < 0 ? CURL_CSELECT_ERR : flags);
}

static void on_timer(uv_timer_t *timer) { step(timer->data, CURL_SOCKET_TIMEOUT, 0); }
static void on_soon(uv_timer_t *timer) { dispatch(timer->data); }

/* --- what curl wants ------------------------------------------------------------------------- */

static void free_watched(uv_handle_t *handle) { free(handle->data); }

static void unwatch(struct watched *watched)
{
    if (watched->next) watched->next->previous = watched->previous;
    if (watched->previous) watched->previous->next = watched->next;
    else watched->wire->watched = watched->next;
    uv_poll_stop(&watched->poll); /* at once: curl closes the socket next */
    uv_close((uv_handle_t *)&watched->poll, free_watched);
}

static struct watched *watch(struct wire *wire, curl_socket_t socket)
{
    struct watched *watched = calloc(1, sizeof *watched);
    if (!watched) return NULL;
    if (uv_poll_init_socket(wire->loop, &watched->poll, socket) != 0) {
        free(watched);
        return NULL;
    }
    watched->poll.data = watched;
    watched->wire = wire;
    watched->socket = socket;
    watched->next = wire->watched;
    if (wire->watched) wire->watched->previous = watched;
    wire->watched = watched;
    curl_multi_assign(wire->multi, socket, watched);
    return watched;
}

static int on_curl_socket(CURL *curl, curl_socket_t socket, int what, void *user, void *known)
{
    struct wire *wire = user;
    struct watched *watched = known;
    if (what == CURL_POLL_REMOVE) {
        if (watched) unwatch(watched);
        curl_multi_assign(wire->multi, socket, NULL);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (!watched) watched = watch(wire, socket);
    if (watched && uv_poll_start(&watched->poll, events, on_poll) == 0) return 0;
    /* An error returned from here would kill all transfers; only this one is to end. */
    struct exchange *exchange = NULL;
    curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&exchange);
    if (exchange) wire->unwatched = exchange->no_memory = true;
    return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct wire *wire = user;
    (void)multi;
    if (timeout_ms < 0) uv_timer_stop(&wire->timer);
    else uv_timer_start(&wire->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static size_t on_curl_wants_body(char *room, size_t one, size_t size, void *user)
{
    struct exchange *exchange = user;
    size_t left = exchange->body.size - exchange->body_at;
    size_t count = left < size * one ? left : size * one;
    if (count) memcpy(room, exchange->body.data + exchange->body_at, count);
    exchange->body_at += count;
    exchange->sent = true;
    return count;
}

static size_t on_curl_head(char *data, size_t one, size_t size, void *user)
{
    struct exchange *exchange = user;
    struct str value = str_make(data, size * one);
    exchange->head_bytes += value.size;
    exchange->sent = true;
    if (exchange->head_bytes > WIRE_HEAD_BYTES_MAX) {
        exchange->too_large = true;
        return 0;
    }
    struct str name = str_cut(&value, ':');
    if (exchange->owner->on_header) exchange->owner->on_header(exchange, name, str_trim(value));
    return size * one;
}

static size_t on_curl_reply(char *data, size_t one, size_t size, void *user)
{
    struct exchange *exchange = user;
    exchange->too_large = size * one > exchange->reply_limit - exchange->reply.size;
    if (exchange->too_large) return 0;
    buffer_append(&exchange->reply, data, size * one);
    exchange->no_memory = exchange->reply.failed;
    return exchange->no_memory ? 0 : size * one;
}

/* --- exchanges ------------------------------------------------------------------------------- */

/* A body comes by callback, without a way back in it: that is what keeps curl from a second
 * attempt. */
static void set_body(CURL *curl, struct exchange *exchange)
{
    bool post = strcmp(exchange->method, "POST") == 0;
    if (!post) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
        return;
    }
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.size);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_curl_wants_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, exchange);
}

static void set_options(struct wire *wire, CURL *curl, struct exchange *exchange)
{
    curl_easy_setopt(curl, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(curl, CURLOPT_URL, buffer_cstr(&exchange->url));
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    bool secure = str_starts(buffer_str(&exchange->url), STR("https:"));
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                     (long)(secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_PIPEWAIT, (long)secure); /* for one that carries many */
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "verbatim/" VERBATIM_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 16384L); /* of each call: a prompt is small */
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)exchange->deadline_ms);
    if (exchange->direct) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (wire->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, wire->ca_file);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_curl_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_curl_reply);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->detail);
    set_body(curl, exchange);
}

static void begin(struct wire *wire, struct exchange *exchange)
{
    exchange->wire = wire;
    exchange->result = CURLE_OK;
    exchange->status = 0;
    exchange->body_at = exchange->head_bytes = 0;
    exchange->too_large = exchange->no_memory = exchange->sent = false;
    exchange->detail[0] = '\0';
    buffer_clear(&exchange->reply);
}

int wire_start(struct wire *wire, struct exchange *exchange, struct err *err)
{
    assert(exchange->state == EXCHANGE_IDLE && !wire->closing);
    begin(wire, exchange);
    bool ready = !exchange->url.failed && !exchange->body.failed && *buffer_cstr(&exchange->url);
    CURL *curl = NULL;
    if (ready) curl = wire->spare_count ? wire->spare[--wire->spare_count] : curl_easy_init();
    if (!curl) return err_set(err, E_NO_MEMORY, "preparing a request");
    set_options(wire, curl, exchange);
    if (curl_multi_add_handle(wire->multi, curl) != CURLM_OK) {
        put_back(wire, curl);
        return err_set(err, E_NO_MEMORY, "preparing a request");
    }
    exchange->curl = curl;
    add_running(wire, exchange);
    return E_OK;
}

void wire_give_up(struct wire *wire, struct exchange *exchange, CURLcode result)
{
    assert(exchange->state == EXCHANGE_IDLE && !wire->closing);
    begin(wire, exchange);
    exchange->result = result;
    add_ended(wire, exchange);
    uv_timer_start(&wire->soon, on_soon, 0, 0);
}

void wire_cancel(struct exchange *exchange)
{
    if (exchange->state == EXCHANGE_RUNNING) {
        unlink_running(exchange);
        release(exchange);
    } else if (exchange->state == EXCHANGE_ENDED) {
        unlink_ended(exchange);
    }
    exchange->state = EXCHANGE_IDLE;
}

bool exchange_header(struct exchange *exchange, const char *name, struct str value)
{
    struct buffer line = {0};
    buffer_add(&line, str_of(name));
    buffer_add(&line, STR(": "));
    buffer_add(&line, value);
    struct curl_slist *longer =
        line.failed ? NULL : curl_slist_append(exchange->headers, buffer_cstr(&line));
    if (line.data) explicit_bzero(line.data, line.capacity); /* may hold a key */
    buffer_deinit(&line);
    if (longer) exchange->headers = longer;
    return longer != NULL;
}

void exchange_deinit(struct exchange *exchange)
{
    assert(exchange->state == EXCHANGE_IDLE);
    for (struct curl_slist *line = exchange->headers; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
    buffer_deinit(&exchange->url);
    buffer_deinit(&exchange->body);
    buffer_deinit(&exchange->reply);
}

/* --- opening and closing --------------------------------------------------------------------- */

static void start_curl(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

int wire_open(uv_loop_t *loop, uint32_t connections, const char *ca_file, struct wire **ret_wire,
              struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
    struct wire *wire = calloc(1, sizeof *wire);
    CURLM *multi = curl_multi_init();
    char *file = ca_file && *ca_file ? strdup(ca_file) : NULL;
    if (!wire || !multi || (ca_file && *ca_file && !file)) {
        free(wire);
        free(file);
        curl_multi_cleanup(multi);
        return err_set(err, E_NO_MEMORY, "opening an HTTP client");
    }
    *wire = (struct wire){.loop = loop, .multi = multi, .ca_file = file, .open_handles = HANDLES};
    wire->ended_end = &wire->ended;
    uv_timer_init(loop, &wire->timer);
    uv_timer_init(loop, &wire->soon);
    wire->timer.data = wire->soon.data = wire;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, wire);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, wire);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
    *ret_wire = wire;
    return E_OK;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct wire *wire = handle->data;
    if (--wire->open_handles > 0) return;
    free(wire->ca_file);
    free(wire);
}

void wire_close(struct wire *wire)
{
    if (!wire) return;
    wire->closing = true;
    while (wire->running) wire_cancel(wire->running);
    while (wire->ended) wire_cancel(wire->ended);
    curl_multi_setopt(wire->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    curl_multi_setopt(wire->multi, CURLMOPT_TIMERFUNCTION, NULL);
    while (wire->watched) unwatch(wire->watched);
    while (wire->spare_count) curl_easy_cleanup(wire->spare[--wire->spare_count]);
    curl_multi_cleanup(wire->multi);
    uv_close((uv_handle_t *)&wire->timer, on_handle_closed);
    uv_close((uv_handle_t *)&wire->soon, on_handle_closed);
}
