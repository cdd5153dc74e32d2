/* libcurl on libuv: curl says which sockets and which time to watch, the loop says what happened.
 *
 * Happy path: wire_start() → curl's callbacks ask for sockets and a timer → the loop tells curl of
 * them → messages of ended transfers are collected → on_end() for each, after curl has returned.
 * Failure modes: an error of poll(2) is told to curl as one; transfers also end by the timer alone
 * (deadlines), so messages are read after it too; an owner's on_end() may start, cancel and close.
 *
 * curl has a socket watched for each transfer anew, and libuv takes seven system calls for that. So
 * a connection stays watched for reading while it is kept, until it is closed or
 * something comes. */
#include "llm/wire.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* LATE: the parts of a hundred of its time after which a request isn't sent any more */
enum { HANDLES = 2, SOCKET_BUCKETS = 256, LATE = 90 };

struct watched {
    uv_poll_t poll;
    struct wire *wire;
    curl_socket_t socket;
    int events;            /* that are watched for */
    bool connection, idle; /* opened by us, so closed by us too; no transfer uses it */
    struct watched *next, **link;
};

struct wire {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer; /* curl's */
    uv_timer_t soon;  /* for exchanges that ended without curl */
    struct watched *watched[SOCKET_BUCKETS];
    struct exchange *running, *ended, **ended_end;
    CURL **spare; /* of POSTs: set up but for what differs; as many as there may be connections */
    size_t spare_count, spare_most;
    char *ca_file;
    /* no proxy is named in the environment: curl need not look for one in each call */
    bool past_proxies;
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

static bool is_post(const struct exchange *exchange)
{
    return strcmp(exchange->method, "POST") == 0;
}

/* Those of POSTs are kept: making one costs more than all else that we do for a call. Nothing of
 * the exchange stays in it: it may hold a key. */
static void put_back(struct exchange *exchange)
{
    struct wire *wire = exchange->wire;
    CURL *curl = exchange->curl;
    exchange->curl = NULL;
    if (wire->closing || !is_post(exchange) || wire->spare_count == wire->spare_most) {
        curl_easy_cleanup(curl);
        return;
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    wire->spare[wire->spare_count++] = curl;
}

static void release(struct exchange *exchange)
{
    curl_multi_remove_handle(exchange->wire->multi, exchange->curl);
    put_back(exchange);
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
        if (exchange->late) result = CURLE_OPERATION_TIMEDOUT;
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
    /* it is dead, or talks out of turn: curl finds out before it uses it again */
    if (watched->idle) {
        uv_poll_stop(poll);
        watched->events = 0;
        return;
    }
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    step(watched->wire, watched->socket, status < 0 ? CURL_CSELECT_ERR : flags);
}

static void on_timer(uv_timer_t *timer) { step(timer->data, CURL_SOCKET_TIMEOUT, 0); }
static void on_soon(uv_timer_t *timer) { dispatch(timer->data); }

/* --- what curl wants ------------------------------------------------------------------------- */

static void free_watched(uv_handle_t *handle) { free(handle->data); }

static struct watched **bucket_of(struct wire *wire, curl_socket_t socket)
{
    return &wire->watched[(unsigned)socket % SOCKET_BUCKETS];
}

static struct watched *find_watched(struct wire *wire, curl_socket_t socket)
{
    struct watched *watched = *bucket_of(wire, socket);
    while (watched && watched->socket != socket) watched = watched->next;
    return watched;
}

static void unwatch(struct watched *watched)
{
    if (watched->next) watched->next->link = watched->link;
    *watched->link = watched->next;
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
    watched->link = bucket_of(wire, socket);
    watched->next = *watched->link;
    if (watched->next) watched->next->link = &watched->next;
    *watched->link = watched;
    return watched;
}

/* One that no transfer uses must not keep the loop running. */
static void set_idle(struct watched *watched, bool idle)
{
    watched->idle = idle;
    if (idle) uv_unref((uv_handle_t *)&watched->poll);
    else uv_ref((uv_handle_t *)&watched->poll);
}

static bool watch_for(struct watched *watched, int events)
{
    if (watched->idle) set_idle(watched, false);
    if (watched->events == events) return true;
    if (uv_poll_start(&watched->poll, events, on_poll) != 0) return false;
    watched->events = events;
    return true;
}

static int on_curl_socket(CURL *curl, curl_socket_t socket, int what, void *user, void *known)
{
    struct wire *wire = user;
    struct watched *watched = known ? known : find_watched(wire, socket);
    if (what == CURL_POLL_REMOVE) {
        if (watched && watched->connection) set_idle(watched, true);
        else if (watched) unwatch(watched);
        curl_multi_assign(wire->multi, socket, NULL);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (!watched) watched = watch(wire, socket); /* not a connection: the resolver's */
    if (watched) curl_multi_assign(wire->multi, socket, watched);
    if (watched && watch_for(watched, events)) return 0;
    /* An error returned from here would kill all transfers; only this one is to end. */
    struct exchange *exchange = NULL;
    curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&exchange);
    if (exchange) wire->unwatched = exchange->no_memory = true;
    return 0;
}

static curl_socket_t on_curl_opens(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *exchange = user;
    (void)purpose;
    int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made < 0) return CURL_SOCKET_BAD;
    struct watched *watched = watch(exchange->wire, made);
    if (!watched) {
        exchange->no_memory = true;
        close(made);
        return CURL_SOCKET_BAD;
    }
    watched->connection = true;
    set_idle(watched, true);
    return made;
}

static int on_curl_closes(void *user, curl_socket_t socket)
{
    struct watched *watched = find_watched(user, socket);
    if (watched) unwatch(watched);
    return close(socket);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct wire *wire = user;
    (void)multi;
    if (timeout_ms < 0) uv_timer_stop(&wire->timer);
    else uv_timer_start(&wire->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static bool is_late(const struct exchange *exchange)
{
    uint64_t passed_ms = (uv_hrtime() - exchange->started_ns) / 1000000;
    return passed_ms * 100 > (uint64_t)exchange->deadline_ms * LATE;
}

/* Just before a request leaves, in each attempt. There is one: when a kept connection turns out to
 * be dead, curl would make another by itself. And none when most of the time went by waiting for
 * a connection: the answer would come after the deadline, and be paid for. */
static int on_curl_sends(void *user, char *remote, char *local, int remote_port, int local_port)
{
    struct exchange *exchange = user;
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    if (exchange->sent) return CURL_PREREQFUNC_ABORT;
    exchange->late = is_late(exchange);
    if (exchange->late) return CURL_PREREQFUNC_ABORT;
    exchange->sent = true;
    return CURL_PREREQFUNC_OK;
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

/* What is the same in every request. */
static void set_up(const struct wire *wire, CURL *curl, const struct exchange *exchange)
{
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "verbatim/" VERBATIM_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 16384L); /* of each call: a prompt is small */
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (wire->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, wire->ca_file);
    if (wire->past_proxies) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_curl_opens);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_curl_closes);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, wire);
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_curl_sends);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_curl_head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_curl_reply);
    if (is_post(exchange)) curl_easy_setopt(curl, CURLOPT_POST, 1L);
    else curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
}

static void set_options(const struct wire *wire, CURL *curl, struct exchange *exchange)
{
    bool secure = str_starts(buffer_str(&exchange->url), STR("https:"));
    curl_easy_setopt(curl, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(curl, CURLOPT_URL, buffer_cstr(&exchange->url));
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                     (long)(secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_PIPEWAIT, (long)secure); /* for one that carries many */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)exchange->deadline_ms);
    if (!wire->past_proxies) curl_easy_setopt(curl, CURLOPT_NOPROXY, exchange->direct ? "*" : NULL);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->detail);
    if (!is_post(exchange)) return;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.size);
    /* leaves with the head */
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, buffer_cstr(&exchange->body));
}

static CURL *take_handle(struct wire *wire, const struct exchange *exchange)
{
    if (is_post(exchange) && wire->spare_count) return wire->spare[--wire->spare_count];
    CURL *curl = curl_easy_init();
    if (curl) set_up(wire, curl, exchange);
    return curl;
}

static void begin(struct wire *wire, struct exchange *exchange)
{
    exchange->wire = wire;
    exchange->result = CURLE_OK;
    exchange->status = 0;
    exchange->head_bytes = 0;
    exchange->started_ns = uv_hrtime();
    exchange->too_large = exchange->no_memory = exchange->sent = exchange->late = false;
    exchange->detail[0] = '\0';
    buffer_clear(&exchange->reply);
}

int wire_start(struct wire *wire, struct exchange *exchange, struct err *err)
{
    assert(exchange->state == EXCHANGE_IDLE && !wire->closing);
    begin(wire, exchange);
    bool ready = !exchange->url.failed && !exchange->body.failed && *buffer_cstr(&exchange->url);
    exchange->curl = ready ? take_handle(wire, exchange) : NULL;
    if (!exchange->curl) return err_set(err, E_NO_MEMORY, "preparing a request");
    set_options(wire, exchange->curl, exchange);
    if (curl_multi_add_handle(wire->multi, exchange->curl) != CURLM_OK) {
        put_back(exchange);
        return err_set(err, E_NO_MEMORY, "preparing a request");
    }
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

static bool names_proxies(void)
{
    static const char *const names[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i])) return true;
    return false;
}

int wire_open(uv_loop_t *loop, uint32_t connections, const char *ca_file, struct wire **ret_wire,
              struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
    struct wire *wire = calloc(1, sizeof *wire);
    CURLM *multi = curl_multi_init();
    CURL **spare = calloc(connections, sizeof *spare);
    char *file = ca_file && *ca_file ? strdup(ca_file) : NULL;
    if (!wire || !multi || !spare || (ca_file && *ca_file && !file)) {
        free(wire);
        free(spare);
        free(file);
        curl_multi_cleanup(multi);
        return err_set(err, E_NO_MEMORY, "opening an HTTP client");
    }
    *wire = (struct wire){.loop = loop, .multi = multi, .ca_file = file, .open_handles = HANDLES,
                          .spare = spare, .spare_most = connections,
                          .past_proxies = !names_proxies()};
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
    free(wire->spare);
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
    for (size_t i = 0; i < SOCKET_BUCKETS; i++)
        while (wire->watched[i]) unwatch(wire->watched[i]);
    while (wire->spare_count) curl_easy_cleanup(wire->spare[--wire->spare_count]);
    curl_multi_cleanup(wire->multi);
    uv_close((uv_handle_t *)&wire->timer, on_handle_closed);
    uv_close((uv_handle_t *)&wire->soon, on_handle_closed);
}
