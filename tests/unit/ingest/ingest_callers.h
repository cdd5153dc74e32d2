/* Callers of the door that speak HTTP over raw sockets, so that they can also stop
 * in the middle. */
#ifndef VERBATIM_TESTS_INGEST_CALLERS_H
#define VERBATIM_TESTS_INGEST_CALLERS_H

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingest_rig.h"

static inline int caller_connect(const struct rig *rig)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(rig->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* The server may refuse and close while we still send. */
static inline void caller_send(int fd, struct str bytes)
{
    while (bytes.size) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes = str_slice(bytes, (size_t)sent, bytes.size);
    }
}

/* Reads on until `until` is in `in`, or the end (false). */
static inline bool caller_read_until(int fd, struct buffer *in, const char *until)
{
    int64_t deadline_ms = clock_mono_ms(__real_clock_system()) + RIG_WAIT_MS;
    while (str_find(buffer_str(in), str_of(until)) == in->size) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        char room[65536];
        assert_true(clock_mono_ms(__real_clock_system()) < deadline_ms);
        if (poll(&ready, 1, 100) <= 0) continue;
        ssize_t got = recv(fd, room, sizeof room, 0);
        if (got <= 0) return false;
        buffer_append(in, room, (size_t)got);
    }
    return true;
}

struct answer {
    int status;
    struct buffer bytes;   /* head and body */
    struct str head, body; /* views of it */
};

static inline void answer_free(struct answer *answer) { buffer_deinit(&answer->bytes); }

/* "connection: close" is asked for, so the answer ends with the connection. */
static inline void caller_finish(int fd, struct answer *answer)
{
    *answer = (struct answer){0};
    while (caller_read_until(fd, &answer->bytes, "\001never\001")) continue;
    close(fd);
    struct str all = buffer_str(&answer->bytes);
    size_t end = str_find(all, STR("\r\n\r\n"));
    answer->head = str_slice(all, 0, end);
    answer->body = str_slice(all, end + 4, all.size);
    uint64_t status = 0;
    if (all.size > 12 && str_to_u64(str_slice(all, 9, 12), &status)) answer->status = (int)status;
}

static inline void caller_ask(const struct rig *rig, const char *method, const char *target,
                              const char *headers, struct str body, struct answer *answer)
{
    struct buffer request = {0};
    int fd = caller_connect(rig);
    buffer_printf(&request, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s", method,
                  target, headers ? headers : "");
    if (body.data) buffer_printf(&request, "Content-Length: %zu\r\n", body.size);
    buffer_add(&request, STR("\r\n"));
    buffer_add(&request, body);
    caller_send(fd, buffer_str(&request));
    buffer_deinit(&request);
    caller_finish(fd, answer);
}

#define JSON_TYPE "Content-Type: application/json\r\n"

static inline void caller_post(const struct rig *rig, const char *headers, const char *body,
                               struct answer *answer)
{
    caller_ask(rig, "POST", "/v1/feedback", headers, str_of(body), answer);
}

static inline bool holds(struct str text, const char *part)
{
    return str_find(text, str_of(part)) < text.size || !part[0];
}

/* The string value of a member of flat JSON. */
static inline struct str member_of(struct str json, const char *name, char out[static 128])
{
    char needle[64];
    snprintf(needle, sizeof needle, "\"%s\":\"", name);
    size_t at = str_find(json, str_of(needle));
    struct str rest = str_slice(json, at + strlen(needle), json.size);
    rest = str_slice(rest, 0, str_find(rest, STR("\"")));
    snprintf(out, 128, "%.*s", STR_ARGS(rest));
    return str_of(out);
}

#endif
