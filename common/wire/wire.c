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
#include "wire/wire.h"

#include <assert.h>
#include <stdlib.h>

#include "wire/handles.h"
#include "wire/sockets.h"

enum { LANES_MOST = 8, LANE_CONNECTIONS = 24 };

struct wire {
    struct lane lanes[LANES_MOST];
    uint32_t lane_count;
    uv_timer_t soon; /* for exchanges that ended without curl */
    struct exchange *running, *ended, **ended_end;
    struct handles handles;
    uint32_t open_handles; /* of the loop */
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

static void release(struct exchange *exchange)
{
    curl_multi_remove_handle(exchange->lane->multi, exchange->curl);
    exchange->lane->running--;
    handles_put_back(&exchange->wire->handles, exchange);
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
    exchange->lane = pick_lane(wire);
    if (!ready || !handles_take(&wire->handles, exchange))
        return err_set(err, E_NO_MEMORY, "preparing a request");
    if (curl_multi_add_handle(exchange->lane->multi, exchange->curl) != CURLM_OK) {
        handles_put_back(&wire->handles, exchange);
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
    int rc = curl_start(err);
    if (rc == E_OK) rc = curl_check_ca_file("ca_file", options->ca_file, err);
    if (rc) return rc;
    struct wire *wire = calloc(1, sizeof *wire);
    if (!wire || !handles_open(options, &wire->handles)) {
        free(wire);
        return err_set(err, E_NO_MEMORY, "opening an HTTP client");
    }
    wire->ended_end = &wire->ended;
    uv_timer_init(loop, &wire->soon);
    wire->soon.data = wire;
    rc = open_lanes(loop, options, wire, err);
    if (rc) wire_close(wire);
    else *ret_wire = wire;
    return rc;
}

static void end_handle(struct wire *wire)
{
    if (--wire->open_handles > 0) return;
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
    handles_close(&wire->handles);
    wire->open_handles = wire->lane_count + 1;
    for (uint32_t i = 0; i < wire->lane_count; i++) lane_close(&wire->lanes[i], on_lane_closed);
    uv_close((uv_handle_t *)&wire->soon, on_soon_closed);
}
