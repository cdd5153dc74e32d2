/* A bare epoll responder: keep-alive, request line and Content-Length are read, the body is waited
 * for, and the answer is always the same. No limits, no deadlines, no bus: what the kernel takes,
 * and hardly more. */
#include "ops/benchmarks/ingest_bare.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS = 256, ROOM_BYTES = 64 * 1024, ANSWER_MAX = 4096, BACKLOG = 1024 };

struct caller {
    int fd;
    size_t size;
    char room[ROOM_BYTES];
};

struct bare {
    int listener, epoll;
    char answer[ANSWER_MAX];
    size_t answer_bytes;
};

/* Content-Length has a digit less for a shorter body, so its size is looked for. */
static void make_answer(struct bare *bare, size_t bytes)
{
    bare->answer_bytes = bytes < ANSWER_MAX ? bytes : ANSWER_MAX - 1;
    memset(bare->answer, ' ', sizeof bare->answer);
    for (size_t body = bare->answer_bytes; body > 0; body--) {
        size_t head = (size_t)snprintf(bare->answer, ANSWER_MAX,
                                       "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                                       "Content-Length: %zu\r\n\r\n", body);
        bare->answer[head] = ' ';
        if (head + body <= bare->answer_bytes) break;
    }
}

static void meet(struct bare *bare)
{
    int yes = 1, fd = accept4(bare->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct caller *caller = fd < 0 ? NULL : malloc(sizeof *caller);
    if (!caller) {
        if (fd >= 0) close(fd);
        return;
    }
    caller->fd = fd;
    caller->size = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = caller};
    epoll_ctl(bare->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void leave(struct caller *caller)
{
    close(caller->fd);
    free(caller);
}

/* Bytes of the first request; 0: not all of it is here; SIZE_MAX: that's no POST. */
static size_t request_bytes(const struct caller *caller)
{
    static const char name[] = "content-length:";
    const char *head = caller->room, *end = memmem(head, caller->size, "\r\n\r\n", 4);
    if (!end) return 0;
    const char *line = memchr(head, '\n', caller->size);
    if (memcmp(head, "POST /", 6) || memcmp(line - 9, "HTTP/1.1", 8)) return SIZE_MAX;
    size_t length = 0;
    while (line < end) {
        line++;
        if (strncasecmp(line, name, sizeof name - 1) == 0)
            length = strtoul(line + sizeof name - 1, NULL, 10);
        line = memchr(line, '\n', (size_t)(caller->room + caller->size - line));
    }
    size_t whole = (size_t)(end - head) + 4 + length;
    if (whole > ROOM_BYTES) return SIZE_MAX;
    return whole <= caller->size ? whole : 0;
}

static void serve(const struct bare *bare, struct caller *caller)
{
    ssize_t got = read(caller->fd, caller->room + caller->size, ROOM_BYTES - caller->size);
    if (got <= 0) {
        leave(caller);
        return;
    }
    caller->size += (size_t)got;
    for (size_t whole; (whole = request_bytes(caller));) {
        if (whole == SIZE_MAX ||
            write(caller->fd, bare->answer, bare->answer_bytes) != (ssize_t)bare->answer_bytes) {
            leave(caller);
            return;
        }
        caller->size -= whole;
        memmove(caller->room, caller->room + whole, caller->size);
    }
}

static void run(struct bare *bare)
{
    struct epoll_event events[EVENTS], event = {.events = EPOLLIN};
    bare->epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(bare->epoll, EPOLL_CTL_ADD, bare->listener, &event);
    for (;;) {
        int count = epoll_wait(bare->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) serve(bare, events[i].data.ptr);
            else meet(bare);
        }
    }
}

static int open_listener(int *ret_fd, uint16_t *ret_port, struct err *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, BACKLOG) ||
        getsockname(fd, (struct sockaddr *)&address, &size)) {
        int rc = err_system(err, E_SYSTEM, "the bare responder");
        if (fd >= 0) close(fd);
        return rc;
    }
    *ret_fd = fd;
    *ret_port = ntohs(address.sin_port);
    return E_OK;
}

int ingest_bare_start(size_t answer_bytes, pid_t *ret_child, uint16_t *ret_port, struct err *err)
{
    static struct bare bare;
    int rc = open_listener(&bare.listener, ret_port, err);
    if (rc) return rc;
    make_answer(&bare, answer_bytes);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(&bare);
    }
    close(bare.listener);
    if (child < 0) return err_system(err, E_SYSTEM, "fork");
    *ret_child = child;
    return E_OK;
}

void ingest_bare_stop(pid_t child)
{
    if (child <= 0) return;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
