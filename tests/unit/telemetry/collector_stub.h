/* A collector on a thread of its own: answers request after request as its script says, and keeps
 * them. */
#ifndef VERBATIM_TEST_COLLECTOR_STUB_H
#define VERBATIM_TEST_COLLECTOR_STUB_H

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "test.h"

enum { STUB_REQUESTS_MAX = 16 };

struct stub {
    const char *const
        *answers; /* status and headers, "503 x\r\nRetry-After: 0"; the last one again and again */
    const char *body;
    int listener;
    char url[64];
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Guarded by mutex: */
    struct buffer requests[STUB_REQUESTS_MAX];
    size_t count;
    bool held, stopping; /* held: it takes requests and doesn't answer */
};

static bool stub_read(int peer, struct buffer *request)
{
    for (;;) {
        char *room = buffer_reserve(request, 65536);
        ssize_t got = recv(peer, room, 65536, 0);
        if (got <= 0) return false;
        request->size += (size_t)got;
        struct str text = buffer_str(request), rest = text;
        size_t head = str_find(text, STR("\r\n\r\n")), at = str_find(text, STR("Content-Length: "));
        uint64_t length = 0;
        if (head == text.size || at > head) continue;
        rest = str_slice(text, at + 16, head);
        if (str_to_u64(str_cut(&rest, '\r'), &length) && text.size >= head + 4 + length)
            return true;
    }
}

static void stub_answer(int peer, const char *answer, const char *body)
{
    char text[1024];
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", answer,
                        strlen(body), body);
    (void)!send(peer, text, (size_t)size, MSG_NOSIGNAL);
}

static void *stub_main(void *user)
{
    struct stub *stub = user;
    const char *const *answer = stub->answers;
    for (;;) {
        int peer = accept(stub->listener, NULL, NULL);
        struct buffer request = {0};
        if (peer < 0) return NULL;
        bool whole = stub_read(peer, &request);
        pthread_mutex_lock(&stub->mutex);
        if (whole && stub->count < STUB_REQUESTS_MAX)
            stub->requests[stub->count++] = request, request = (struct buffer){0};
        pthread_cond_broadcast(&stub->changed);
        while (stub->held && !stub->stopping) pthread_cond_wait(&stub->changed, &stub->mutex);
        bool stopping = stub->stopping;
        pthread_mutex_unlock(&stub->mutex);
        if (whole && !stopping) stub_answer(peer, *answer, stub->body);
        if (whole && answer[1]) answer++;
        close(peer);
        buffer_deinit(&request);
        if (stopping) return NULL;
    }
}

static inline void stub_start(struct stub *stub, const char *const *answers, const char *body)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *stub = (struct stub){.answers = answers, .body = body};
    pthread_mutex_init(&stub->mutex, NULL);
    pthread_cond_init(&stub->changed, NULL);
    stub->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(stub->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(stub->listener, 16), 0);
    assert_int_equal(getsockname(stub->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(stub->url, sizeof stub->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&stub->thread, NULL, stub_main, stub), 0);
}

static inline void stub_hold(struct stub *stub, bool held)
{
    pthread_mutex_lock(&stub->mutex);
    stub->held = held;
    pthread_cond_broadcast(&stub->changed);
    pthread_mutex_unlock(&stub->mutex);
}

/* Until it has got so many requests. */
static inline void stub_await(struct stub *stub, size_t count)
{
    pthread_mutex_lock(&stub->mutex);
    while (stub->count < count) pthread_cond_wait(&stub->changed, &stub->mutex);
    pthread_mutex_unlock(&stub->mutex);
}

static inline size_t stub_count(struct stub *stub)
{
    pthread_mutex_lock(&stub->mutex);
    size_t count = stub->count;
    pthread_mutex_unlock(&stub->mutex);
    return count;
}

static inline void stub_stop(struct stub *stub)
{
    pthread_mutex_lock(&stub->mutex);
    stub->stopping = true;
    pthread_cond_broadcast(&stub->changed);
    pthread_mutex_unlock(&stub->mutex);
    shutdown(stub->listener, SHUT_RDWR);
    pthread_join(stub->thread, NULL);
    close(stub->listener);
    for (size_t i = 0; i < stub->count; i++) buffer_deinit(&stub->requests[i]);
    pthread_cond_destroy(&stub->changed);
    pthread_mutex_destroy(&stub->mutex);
}

#endif
