/* Inside common/wire: a multi handle of libcurl on a libuv loop, a lane. curl says which sockets
 * and which time to watch; a lane watches them, and says what happened. */
#ifndef VERBATIM_WIRE_SOCKETS_H
#define VERBATIM_WIRE_SOCKETS_H

#include <stdbool.h>
#include <uv.h>

#include "base/curl.h"
#include "base/err.h"

enum { LANE_BUCKETS = 64 };

struct watched;

struct lane {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer; /* curl's */
    struct watched *watched[LANE_BUCKETS];
    uint32_t room;    /* connections that it may have */
    uint32_t running; /* the owner's count of transfers */
    bool at_once;     /* curl has something to do now: its timer says so next, or the owner does */
    /* For curl_multi_socket_action(): from the loop, never within curl. */
    void (*on_event)(struct lane *lane, curl_socket_t socket, int events);
    /* This transfer has a socket that can't be watched; within curl. */
    void (*on_unwatched)(struct lane *lane, CURL *curl);
    void *user;
};

/* The caller has set on_event, on_unwatched and user. Until lane_close() it stays where it is, and
 * from then on until `on_closed` was called for its timer. NO_MEMORY: nothing is open. */
int lane_open(uv_loop_t *loop, uint32_t connections, struct lane *lane, struct err *err) CHECKED;
/* After its transfers are gone. The timer's data is the lane. */
void lane_close(struct lane *lane, uv_close_cb on_closed);

/* A connection of this lane, watched until it is closed; CURL_SOCKET_BAD: it can't be had, for lack
 * of memory or else. */
curl_socket_t lane_connection(struct lane *lane, const struct curl_sockaddr *address,
                              bool *ret_no_memory);
/* Has `curl` ask the lane to close its connections. */
void lane_serve(struct lane *lane, CURL *curl);

#endif
