/* One thread on epoll. Happy path: connect all, send on each; when an answer is complete its time
 * is noted, and the next request leaves on that connection, until all are answered. A closed loop:
 * what a slow answer keeps from being sent has no latency. */
#include "ops/benchmarks/ingest_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"

enum { EVENTS = 256, GIVE_UP_MS = 20000, READ_BYTES = 64 * 1024 };

struct caller {
    int fd;
    struct str unsent;
    struct buffer answer;
    int64_t sent_ns; /* 0: nothing is under way */
};

struct run {
    struct load *load;
    struct caller *callers;
    int epoll;
    uint64_t sent, answered;
};

static int64_t now_ns(void) { return clock_mono_ns(clock_system()); }

/* As much as the socket takes; the rest when epoll says so. */
static int go_on_sending(struct caller *caller, struct err *err)
{
    while (caller->unsent.size) {
        ssize_t sent =
            send(caller->fd, caller->unsent.data, caller->unsent.size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return E_OK;
        if (sent < 0) return err_system(err, E_UNAVAILABLE, "sending a request");
        caller->unsent = str_slice(caller->unsent, (size_t)sent, caller->unsent.size);
    }
    return E_OK;
}

static int begin_request(struct run *run, struct caller *caller, struct err *err)
{
    const struct load *load = run->load;
    if (run->sent == load->requests) return E_OK;
    caller->unsent = load->messages[run->sent++ % load->message_count];
    caller->sent_ns = now_ns();
    buffer_clear(&caller->answer);
    return go_on_sending(caller, err);
}

/* Bytes of the whole answer; 0: its head isn't complete. */
static size_t whole_bytes(struct str answer)
{
    static const struct str name = {"Content-Length: ", 16};
    size_t end = str_find(answer, STR("\r\n\r\n"));
    if (end == answer.size) return 0;
    struct str head = str_slice(answer, 0, end);
    size_t at = str_find(head, name);
    struct str rest = str_slice(head, at + name.size, head.size), line = str_cut(&rest, '\r');
    uint64_t length = 0;
    return at < head.size && str_to_u64(line, &length) ? end + 4 + (size_t)length : end + 4;
}

static int judge_answer(struct run *run, struct caller *caller, struct err *err)
{
    struct str answer = buffer_str(&caller->answer);
    size_t whole = whole_bytes(answer);
    if (whole == 0 || answer.size < whole) return E_OK;
    if (!str_starts(answer, STR("HTTP/1.1 202")))
        return err_set(err, E_UNAVAILABLE, "no receipt: %.*s", (int)(whole < 200 ? whole : 200),
                       answer.data);
    run->load->latencies_ms[run->answered++] = (double)(now_ns() - caller->sent_ns) * 1e-6;
    run->load->answer_bytes = whole;
    caller->sent_ns = 0;
    return begin_request(run, caller, err);
}

static int go_on_reading(struct run *run, struct caller *caller, struct err *err)
{
    for (;;) {
        char *room = buffer_reserve(&caller->answer, READ_BYTES);
        if (!room) return err_set(err, E_NO_MEMORY, NULL);
        ssize_t got = recv(caller->fd, room, READ_BYTES, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return E_OK;
        if (got <= 0) return err_set(err, E_UNAVAILABLE, "the server hung up");
        caller->answer.size += (size_t)got;
        int rc = judge_answer(run, caller, err);
        if (rc || (size_t)got < READ_BYTES) return rc; /* less: there is no more now */
    }
}

static int meet(struct run *run, struct caller *caller, struct err *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(run->load->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = caller};
    int yes = 1;
    caller->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (caller->fd < 0 || connect(caller->fd, (struct sockaddr *)&address, sizeof address) ||
        setsockopt(caller->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) ||
        epoll_ctl(run->epoll, EPOLL_CTL_ADD, caller->fd, &event))
        return err_system(err, E_UNAVAILABLE, "a caller of port %u", (unsigned)run->load->port);
    return E_OK;
}

static int turn(struct run *run, struct err *err)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(run->epoll, events, EVENTS, GIVE_UP_MS), rc = E_OK;
    if (count <= 0) return err_set(err, E_TIMEOUT, "no answer came");
    for (int i = 0; i < count && rc == E_OK; i++) {
        struct caller *caller = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) rc = go_on_sending(caller, err);
        if (rc == E_OK && events[i].events & ~(uint32_t)EPOLLOUT)
            rc = go_on_reading(run, caller, err);
    }
    return rc;
}

int load_run(struct load *load, struct err *err)
{
    struct run run = {.load = load, .callers = calloc(load->connections, sizeof *run.callers),
                      .epoll = epoll_create1(EPOLL_CLOEXEC)};
    int rc = run.callers && run.epoll >= 0 ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    unsigned met = 0;
    while (rc == E_OK && met < load->connections) rc = meet(&run, &run.callers[met++], err);
    int64_t began_ns = now_ns();
    for (unsigned i = 0; rc == E_OK && i < load->connections; i++)
        rc = begin_request(&run, &run.callers[i], err);
    while (rc == E_OK && run.answered < load->requests) rc = turn(&run, err);
    load->seconds = (double)(now_ns() - began_ns) * 1e-9;
    for (unsigned i = 0; i < met; i++) {
        if (run.callers[i].fd >= 0) close(run.callers[i].fd);
        buffer_deinit(&run.callers[i].answer);
    }
    if (run.epoll >= 0) close(run.epoll);
    free(run.callers);
    return rc;
}
