/* Each allocation of the server fails in turn, from its start over every kind of request to
 * its end: a caller gets an answer, or its connection ends; the server serves the next one, and
 * nothing leaks or crashes. */
#include "http_rig.h"
#include "certificate.h"
#include "failing_malloc.h"

#define HEAD " HTTP/1.1\r\nHost: a\r\n"

/* The caller keeps what it got without allocating: those are the server's to fail. */
struct caller {
    int fd;
    bool closed;
    size_t got;
    char text[1 << 20];
};

static struct caller caller;
static char large[300 * 1024];

/* /large is more than the socket takes at once; /stream comes in pieces;
 * all others get their body back. */
static void on_request(struct http_request *request, void *user)
{
    (void)user;
    if (str_equal(request->path, STR("/large"))) {
        http_respond(request, 200, STR("text/plain"), str_make(large, sizeof large));
    } else if (str_equal(request->path, STR("/stream"))) {
        http_stream_begin(request, 200, STR("text/event-stream"));
        if (http_stream_write(request, STR("data: 1\n\n")))
            http_stream_write(request, STR("data: 2\n\n"));
        http_stream_end(request);
    } else {
        http_add_header(request, STR("X-Told"), STR("so"));
        http_respond(request, 200, STR("text/plain"), request->body);
    }
}

static int start(struct rig *rig, bool tls, struct err *err)
{
    struct http_server_config config = {
        .address = "127.0.0.1", .clock = &rig->clock.clock, .on_headers = rig_on_headers,
        .on_request = on_request, .user = rig};
    if (tls) config.tls.certificate_file = certificate_file, config.tls.key_file = key_file;
    return http_server_start(&rig->loop, &config, &rig->server, err);
}

static void receive(void)
{
    while (!caller.closed && caller.got < sizeof caller.text) {
        ssize_t got = read(caller.fd, caller.text + caller.got, sizeof caller.text - caller.got);
        if (got > 0) caller.got += (size_t)got;
        else if (got == 0 || errno != EAGAIN) caller.closed = true;
        else break;
    }
}

/* Sends it all, and reads until the server ends the connection. */
static void call(struct rig *rig, struct str data)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(http_server_port(rig->server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    caller = (struct caller){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(caller.fd >= 0);
    assert_int_equal(connect(caller.fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(caller.fd, F_SETFL, O_NONBLOCK);
    time_t give_up_at = rig_give_up_at();
    while (!caller.closed) {
        ssize_t sent = data.size ? send(caller.fd, data.data, data.size, MSG_NOSIGNAL) : 0;
        if (sent > 0) data = str_slice(data, (size_t)sent, data.size);
        rig_turn(rig);
        receive();
        rig_check_time(give_up_at, "the connection to end");
    }
    close(caller.fd);
}

static size_t count_of(const char *text)
{
    size_t count = 0;
    struct str rest = str_make(caller.text, caller.got);
    for (size_t at; (at = str_find(rest, str_of(text))) < rest.size; count++)
        rest = str_slice(rest, at + 1, rest.size);
    return count;
}

/* One connection's requests, the last of which ends it. */
static const struct { const char *why, *text; size_t answers; } cases[] = {
    {"a body in chunks, a large answer, a stream, a refusal",
     "POST /echo" HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
     "GET /large" HEAD "\r\n"
     "GET /stream" HEAD "\r\n"
     "POST /denied" HEAD "Content-Length: 3\r\n\r\nabc"
     "GET /echo?a=%20b" HEAD "Connection: close\r\n\r\n", 5},
    {"many in a row", "GET /1" HEAD "\r\nGET /2" HEAD "\r\nGET /3" HEAD "\r\nGET /4"
     HEAD "\r\nGET /5" HEAD "\r\nGET /6" HEAD
     "Connection: close\r\n\r\n", 6},
    {"no HTTP at all", "hello\r\n\r\n", 1},
    {"a body that need not be asked for: it is there",
     "PUT /echo" HEAD "Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
     1},
};

static void one_run(size_t which, long nth, bool *ret_failed)
{
    struct rig rig = {0};
    struct err err = {0};
    assert_int_equal(uv_loop_init(&rig.loop), 0);
    clock_manual_init(&rig.clock, 1767225600000);
    allocation_failed = false;
    allocations_left = nth;
    int rc = start(&rig, false, &err);
    if (rc == E_OK) call(&rig, str_of(cases[which].text));
    allocations_left = -1;
    *ret_failed = allocation_failed;
    if (rc) {
        assert_true(allocation_failed);
        assert_int_equal(rc, E_NO_MEMORY);
        while (uv_run(&rig.loop, UV_RUN_DEFAULT)) continue;
        assert_int_equal(uv_loop_close(&rig.loop), 0);
        return;
    }
    if (!allocation_failed) assert_int_equal(count_of("HTTP/1.1 "), cases[which].answers);
    assert_true(count_of("HTTP/1.1 ") <= cases[which].answers);
    call(&rig, STR("GET /after" HEAD "Connection: close\r\n\r\n"));
    assert_int_equal(count_of("HTTP/1.1 200"), 1);
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 0);
    rig_finish(&rig);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool failed = true;
        long nth = 0;
        CASE(cases[i].why);
        for (; failed; nth++) one_run(i, nth, &failed);
        assert_true(nth > 5);
    }
}

/* Certificates are OpenSSL's memory; what is around them is ours. */
static void so_may_those_of_a_start_with_tls(void **state)
{
    bool failed = true;
    unsigned told = 0;
    (void)state;
    for (long nth = 0; failed; nth++) {
        struct rig rig = {0};
        struct err err = {0};
        assert_int_equal(uv_loop_init(&rig.loop), 0);
        clock_manual_init(&rig.clock, 1767225600000);
        allocation_failed = false;
        allocations_left = nth;
        int rc = start(&rig, true, &err);
        if (rc == E_OK) rc = http_server_reload_tls(rig.server, &err);
        allocations_left = -1;
        failed = allocation_failed;
        assert_int_equal(rc, failed ? E_NO_MEMORY : E_OK);
        told += failed;
        if (rig.server) {
            rig_finish(&rig);
            continue;
        }
        while (uv_run(&rig.loop, UV_RUN_DEFAULT)) continue;
        assert_int_equal(uv_loop_close(&rig.loop), 0);
    }
    assert_true(told > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(so_may_those_of_a_start_with_tls),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
