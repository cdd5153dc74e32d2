/* The sockets and the timer of a lane.
 *
 * curl has a socket watched for each transfer anew, and libuv takes seven system calls for that. So
 * a connection stays watched for reading while it is kept, until it is closed or
 * something comes. */
#include "wire/sockets.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct watched {
    uv_poll_t poll;
    struct lane *lane;
    curl_socket_t socket;
    int events;            /* that are watched for */
    bool connection, idle; /* opened by us, so closed by us too; no transfer uses it */
    struct watched *next, **link;
};

/* --- what happens ---------------------------------------------------------------------------- */

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
    struct lane *lane = watched->lane;
    lane->on_event(lane, watched->socket, status < 0 ? CURL_CSELECT_ERR : flags);
}

static void on_timer(uv_timer_t *timer)
{
    struct lane *lane = timer->data;
    lane->on_event(lane, CURL_SOCKET_TIMEOUT, 0);
}

/* --- what is watched ------------------------------------------------------------------------- */

static void free_watched(uv_handle_t *handle) { free(handle->data); }

static struct watched **bucket_of(struct lane *lane, curl_socket_t socket)
{
    return &lane->watched[(unsigned)socket % LANE_BUCKETS];
}

static struct watched *find_watched(struct lane *lane, curl_socket_t socket)
{
    struct watched *watched = *bucket_of(lane, socket);
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

static struct watched *watch(struct lane *lane, curl_socket_t socket)
{
    struct watched *watched = calloc(1, sizeof *watched);
    if (!watched) return NULL;
    if (uv_poll_init_socket(lane->loop, &watched->poll, socket) != 0) {
        free(watched);
        return NULL;
    }
    watched->poll.data = watched;
    watched->lane = lane;
    watched->socket = socket;
    watched->link = bucket_of(lane, socket);
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

/* --- what curl wants ------------------------------------------------------------------------- */

static int on_curl_socket(CURL *curl, curl_socket_t socket, int what, void *user, void *known)
{
    struct lane *lane = user;
    struct watched *watched = known ? known : find_watched(lane, socket);
    if (what == CURL_POLL_REMOVE) {
        if (watched && watched->connection) set_idle(watched, true);
        else if (watched) unwatch(watched);
        curl_multi_assign(lane->multi, socket, NULL);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (!watched) watched = watch(lane, socket); /* not a connection: the resolver's */
    if (watched && !known) curl_multi_assign(lane->multi, socket, watched);
    if (watched && watch_for(watched, events)) return 0;
    /* An error returned from here would kill all transfers; only this one is to end. */
    lane->on_unwatched(lane, curl);
    return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct lane *lane = user;
    (void)multi;
    lane->at_once = timeout_ms == 0;
    if (timeout_ms < 0) uv_timer_stop(&lane->timer);
    else uv_timer_start(&lane->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static int on_curl_closes(void *user, curl_socket_t socket)
{
    struct watched *watched = find_watched(user, socket);
    if (watched) unwatch(watched);
    return close(socket);
}

curl_socket_t lane_connection(struct lane *lane, const struct curl_sockaddr *address,
                              bool *ret_no_memory)
{
    int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made < 0) return CURL_SOCKET_BAD;
    struct watched *watched = watch(lane, made);
    if (!watched) {
        *ret_no_memory = true;
        close(made);
        return CURL_SOCKET_BAD;
    }
    watched->connection = true;
    set_idle(watched, true);
    return made;
}

void lane_serve(struct lane *lane, CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_curl_closes);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, lane);
}

/* --- opening and closing --------------------------------------------------------------------- */

int lane_open(uv_loop_t *loop, uint32_t connections, struct lane *lane, struct err *err)
{
    CURLM *multi = curl_multi_init();
    if (!multi) return err_set(err, E_NO_MEMORY, "opening an HTTP client");
    lane->loop = loop;
    lane->multi = multi;
    lane->room = connections;
    uv_timer_init(loop, &lane->timer);
    lane->timer.data = lane;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, lane);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, lane);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
    return E_OK;
}

void lane_close(struct lane *lane, uv_close_cb on_closed)
{
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, NULL);
    for (size_t i = 0; i < LANE_BUCKETS; i++)
        while (lane->watched[i]) unwatch(lane->watched[i]);
    curl_multi_cleanup(lane->multi);
    uv_close((uv_handle_t *)&lane->timer, on_closed);
}
