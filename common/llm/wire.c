/* Exchanges on lanes of libcurl (sockets.h): started, watched over, collected, told of.
 *
 * Happy path: wire_start() → a lane's curl asks for sockets and a timer → the loop tells it of
 * them → messages of ended transfers are collected → on_end() for each, after curl has returned.
 * Failure modes: an error of poll(2) is told to curl as one; transfers also end by the timer alone
 * (deadlines), so messages are read after it too; an owner's on_end() may start, cancel and close.
 *
 * curl looks at all connections of a multi handle in each call, one after the other. So where there
 * may be many, each of several lanes has a part of them. Not where one connection may carry many:
 * those would be as many as there are lanes. */
#include "llm/wire.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "llm/sockets.h"

/* LATE: the parts of a hundred of its time after which a request isn't sent any more */
enum { LATE = 90, LANES_MOST = 8, LANE_CONNECTIONS = 24, URLS_KEPT = 4 };

/* A URL that curl need not take apart in each call. */
struct kept_url {
    struct buffer text;
    CURLU *parts;
};

struct wire {
    struct lane lanes[LANES_MOST];
    uint32_t lane_count;
    uv_timer_t soon; /* for exchanges that ended without curl */
    struct exchange *running, *ended, **ended_end;
    /* of POSTs; they stay, as handles may point at them */
    struct kept_url urls[URLS_KEPT];
    uint32_t url_count;
    CURL **spare; /* of POSTs: set up but for what differs; as many as there may be connections */
    size_t spare_count, spare_most;
    char *ca_file;
    /* no proxy is named in the environment: curl need not look for one in each call */
    bool past_proxies;
    uint32_t open_handles;
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

static struct exchange *exchange_of(CURL *curl)
{
    struct exchange *exchange = NULL;
    curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&exchange);
    return exchange;
}

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
    curl_multi_remove_handle(exchange->lane->multi, exchange->curl);
    exchange->lane->running--;
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

static void collect(struct wire *wire, struct lane *lane)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(lane->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode result = message->data.result; /* gone with the handle */
        struct exchange *exchange = exchange_of(message->easy_handle);
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

static void tell_curl(struct lane *lane, curl_socket_t socket, int events)
{
    int running;
    curl_multi_socket_action(lane->multi, socket, events, &running);
    collect(lane->user, lane);
}

/* What owners start when they are told leaves now. After all else that the loop has to tell, all
 * that ended together would go on together, again and again, and wait for each other each time. */
static void on_event(struct lane *lane, curl_socket_t socket, int events)
{
    struct wire *wire = lane->user;
    tell_curl(lane, socket, events);
    dispatch(wire);
    for (uint32_t i = 0; i < wire->lane_count && !wire->closing; i++) {
        if (!wire->lanes[i].at_once) continue;
        wire->lanes[i].at_once = false;
        tell_curl(&wire->lanes[i], CURL_SOCKET_TIMEOUT, 0);
    }
    dispatch(wire);
}

static void on_soon(uv_timer_t *timer) { dispatch(timer->data); }

/* --- what curl asks -------------------------------------------------------------------------- */

static void on_unwatched(struct lane *lane, CURL *curl)
{
    struct wire *wire = lane->user;
    struct exchange *exchange = exchange_of(curl);
    if (exchange) wire->unwatched = exchange->no_memory = true;
}

static curl_socket_t on_curl_opens(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *exchange = user;
    (void)purpose;
    return lane_connection(exchange->lane, address, &exchange->no_memory);
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
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_curl_sends);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_curl_head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_curl_reply);
    if (is_post(exchange)) curl_easy_setopt(curl, CURLOPT_POST, 1L);
    else curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
}

/* *ret_parts NULL: it isn't kept, as there are too many, or curl can't read it. */
static bool keep_url(struct wire *wire, struct str text, CURLU **ret_parts)
{
    *ret_parts = NULL;
    for (uint32_t i = 0; i < wire->url_count; i++)
        if (str_equal(buffer_str(&wire->urls[i].text), text))
            return *ret_parts = wire->urls[i].parts, true;
    if (wire->url_count == URLS_KEPT) return true;
    struct kept_url *kept = &wire->urls[wire->url_count];
    buffer_clear(&kept->text);
    buffer_add(&kept->text, text);
    const char *whole = buffer_cstr(&kept->text);
    if (!kept->parts) kept->parts = curl_url();
    if (kept->text.failed || !kept->parts) return false;
    /* as curl does it itself */
    if (curl_url_set(kept->parts, CURLUPART_URL, whole,
                     CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return true;
    wire->url_count++;
    *ret_parts = kept->parts;
    return true;
}

static bool set_url(struct wire *wire, CURL *curl, struct exchange *exchange)
{
    CURLU *kept = NULL;
    if (is_post(exchange) && !keep_url(wire, buffer_str(&exchange->url), &kept)) return false;
    curl_easy_setopt(curl, CURLOPT_CURLU, kept);
    if (!kept) curl_easy_setopt(curl, CURLOPT_URL, buffer_cstr(&exchange->url));
    return true;
}

static void set_options(const struct wire *wire, CURL *curl, struct exchange *exchange)
{
    bool secure = str_starts(buffer_str(&exchange->url), STR("https:"));
    lane_serve(exchange->lane, curl);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, exchange);
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

static int64_t room_left(const struct lane *lane)
{
    return (int64_t)lane->room - (int64_t)lane->running;
}

/* The one with the most room: while no more run than there are connections, none waits for one. */
static struct lane *pick_lane(struct wire *wire)
{
    struct lane *picked = &wire->lanes[0];
    for (uint32_t i = 1; i < wire->lane_count; i++)
        if (room_left(&wire->lanes[i]) > room_left(picked)) picked = &wire->lanes[i];
    return picked;
}

int wire_start(struct wire *wire, struct exchange *exchange, struct err *err)
{
    assert(exchange->state == EXCHANGE_IDLE && !wire->closing);
    begin(wire, exchange);
    bool ready = !exchange->url.failed && !exchange->body.failed && *buffer_cstr(&exchange->url);
    exchange->curl = ready ? take_handle(wire, exchange) : NULL;
    if (!exchange->curl) return err_set(err, E_NO_MEMORY, "preparing a request");
    exchange->lane = pick_lane(wire);
    set_options(wire, exchange->curl, exchange);
    if (!set_url(wire, exchange->curl, exchange) ||
        curl_multi_add_handle(exchange->lane->multi, exchange->curl) != CURLM_OK) {
        put_back(exchange);
        return err_set(err, E_NO_MEMORY, "preparing a request");
    }
    exchange->lane->running++;
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

static uint32_t lanes_for(const struct wire_options *options)
{
    uint32_t count = options->secure ? 1 : options->connections / LANE_CONNECTIONS;
    return count < 1 ? 1 : count < LANES_MOST ? count : LANES_MOST;
}

static int open_lanes(uv_loop_t *loop, const struct wire_options *options, struct wire *wire,
                      struct err *err)
{
    uint32_t count = lanes_for(options), left = options->connections;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t connections = left / (count - i);
        left -= connections;
        wire->lanes[i] = (struct lane){
            .on_event = on_event, .on_unwatched = on_unwatched, .user = wire};
        int rc = lane_open(loop, connections, &wire->lanes[i], err);
        if (rc) return rc;
        wire->lane_count++;
    }
    return E_OK;
}

int wire_open(uv_loop_t *loop, const struct wire_options *options, struct wire **ret_wire,
              struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *ca_file = options->ca_file && *options->ca_file ? options->ca_file : NULL;
    pthread_once(&once, start_curl);
    struct wire *wire = calloc(1, sizeof *wire);
    CURL **spare = calloc(options->connections, sizeof *spare);
    char *file = ca_file ? strdup(ca_file) : NULL;
    if (!wire || !spare || (ca_file && !file)) {
        free(wire);
        free(spare);
        free(file);
        return err_set(err, E_NO_MEMORY, "opening an HTTP client");
    }
    wire->ca_file = file;
    wire->spare = spare, wire->spare_most = options->connections;
    wire->past_proxies = !names_proxies();
    wire->ended_end = &wire->ended;
    uv_timer_init(loop, &wire->soon);
    wire->soon.data = wire;
    int rc = open_lanes(loop, options, wire, err);
    if (rc) wire_close(wire);
    else *ret_wire = wire;
    return rc;
}

static void end_handle(struct wire *wire)
{
    if (--wire->open_handles > 0) return;
    for (uint32_t i = 0; i < URLS_KEPT; i++) {
        curl_url_cleanup(wire->urls[i].parts);
        buffer_deinit(&wire->urls[i].text);
    }
    free(wire->ca_file);
    free(wire->spare);
    free(wire);
}

static void on_lane_closed(uv_handle_t *timer) { end_handle(((struct lane *)timer->data)->user); }
static void on_soon_closed(uv_handle_t *soon) { end_handle(soon->data); }

void wire_close(struct wire *wire)
{
    if (!wire) return;
    wire->closing = true;
    while (wire->running) wire_cancel(wire->running);
    while (wire->ended) wire_cancel(wire->ended);
    while (wire->spare_count) curl_easy_cleanup(wire->spare[--wire->spare_count]);
    wire->open_handles = wire->lane_count + 1;
    for (uint32_t i = 0; i < wire->lane_count; i++) lane_close(&wire->lanes[i], on_lane_closed);
    uv_close((uv_handle_t *)&wire->soon, on_soon_closed);
}
