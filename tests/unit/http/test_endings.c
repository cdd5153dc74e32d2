/* How connections and servers end: too slow, half open, gone away, streams, stopped,
 * never started. */
#include "http_rig.h"

#define HOST "Host: a\r\n"

/* --- time --- */

static const struct http_limits short_times = {
    .header_deadline_ms = 1000, .body_rate_bytes = 100, .body_grace_ms = 1000,
    .idle_timeout_ms = 5000};

static void test_deadlines(void **state)
{
    (void)state;
    static const struct {
        const char *why, *sent;
        int64_t survives_ms, dies_ms; /* after so long without another byte */
        const char *answer;
        enum http_refusal refusal;
    } cases[] = {
        {"nothing ever comes", "", 1000, 1001, "", HTTP_REFUSED_IDLE},
        {"blank lines are nothing", "\r\n\r\n", 1000, 1001, "", HTTP_REFUSED_IDLE},
        {"half a request line", "GET /ec", 1000, 1001, "HTTP/1.1 408 ",
         HTTP_REFUSED_HEADER_DEADLINE},
        {"half a head", "GET /echo HTTP/1.1\r\nHost:", 1000, 1001, "HTTP/1.1 408 ",
         HTTP_REFUSED_HEADER_DEADLINE},
        {"no body", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 500\r\n\r\n", 1000, 1001,
         "HTTP/1.1 408 ", HTTP_REFUSED_BODY_RATE},
        {"a body of 200 bytes buys two more seconds",
         "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 500\r\n\r\n"
         "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
         "901234567890"
         "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
         "0123456789",
         3000, 3001, "HTTP/1.1 408 ", HTTP_REFUSED_BODY_RATE},
        {"a skipped body that never comes",
         "POST /denied HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", 1000, 1001, "HTTP/1.1 401 ",
         HTTP_REFUSED_BODY_RATE},
        {"idle after an answer", "GET /echo HTTP/1.1\r\n" HOST "\r\n", 5000, 5001, "HTTP/1.1 200 ",
         HTTP_REFUSED_IDLE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct rig rig;
        rig_start(&rig, short_times);
        struct client client = client_connect(&rig);
        client_send_text(&rig, &client, cases[i].sent);
        RIG_UNTIL(&rig, rig_counters(&rig)->bytes_in == strlen(cases[i].sent) &&
                            rig_counters(&rig)->connections_accepted == 1);
        rig_advance(&rig, cases[i].survives_ms);
        assert_int_equal(rig_counters(&rig)->refused[cases[i].refusal], 0);
        rig_advance(&rig, cases[i].dies_ms - cases[i].survives_ms);
        assert_int_equal(rig_counters(&rig)->refused[cases[i].refusal], 1);
        client_until_closed(&rig, &client);
        assert_true(client_has(&client, cases[i].answer));
        client_close(&client);
        rig_finish(&rig);
    }
}

/* Slow loris: one byte now and then doesn't help. */
static void test_trickle(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, short_times);
    struct client client = client_connect(&rig);
    const char *request = "GET /echo HTTP/1.1\r\n" HOST "X: 0123456789\r\n\r\n";
    size_t sent = 0;
    for (; request[sent] && !client.closed; sent++) {
        client_send(&rig, &client, (struct str){request + sent, 1});
        RIG_UNTIL(&rig, client.closed || rig_counters(&rig)->bytes_in >= sent + 1 ||
                            rig_counters(&rig)->refused[HTTP_REFUSED_HEADER_DEADLINE] > 0);
        rig_advance(&rig, 100);
        client_receive(&client);
        if (client_has(&client, "408")) break;
    }
    assert_true(sent < 15);
    assert_int_equal(rig_counters(&rig)->refused[HTTP_REFUSED_HEADER_DEADLINE], 1);
    client_close(&client);
    rig_finish(&rig);
}

static void test_slow_reader_is_cut_off(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){.body_rate_bytes = 1 << 20, .body_grace_ms = 1000});
    struct client client = client_connect_buffered(&rig, 4096);
    const char *request = "GET /big HTTP/1.1\r\n" HOST "\r\n";
    assert_int_equal(send(client.fd, request, strlen(request), 0), strlen(request));
    RIG_UNTIL(&rig, rig_counters(&rig)->requests == 1);
    rig_advance(&rig, 1000);
    assert_int_equal(rig_counters(&rig)->refused[HTTP_REFUSED_SLOW_READER], 0);
    rig_advance(&rig, 4001);
    assert_int_equal(rig_counters(&rig)->refused[HTTP_REFUSED_SLOW_READER], 1);
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 0);
    client_close(&client);
    rig_finish(&rig);
}

static void test_big_answer_arrives(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct client client = client_connect_buffered(&rig, 8192);
    client_send_text(&rig, &client,
                     "GET /big HTTP/1.1\r\n" HOST "\r\nGET /echo?after HTTP/1.1\r\n" HOST "\r\n");
    client_until_text(&rig, &client, "/echo?after");
    assert_true(client.got.size > 4 << 20);
    client_close(&client);
    rig_finish(&rig);
}

static void test_half_open(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    struct rig rig;
    static struct client clients[COUNT];
    rig_start(&rig, short_times);
    for (size_t i = 0; i < COUNT; i++) {
        clients[i] = client_connect(&rig);
        if (i % 2) client_send_text(&rig, &clients[i], "POST /echo HTTP/1.1\r\nHo");
        rig_turn(&rig);
    }
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == COUNT);
    struct client honest = client_connect(&rig);
    client_send_text(&rig, &honest, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    client_until_text(&rig, &honest, "200 OK"); /* served among them */
    rig_advance(&rig, 1001);
    for (size_t i = 0; i < COUNT; i++) {
        client_until_closed(&rig, &clients[i]);
        client_close(&clients[i]);
    }
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 1);
    assert_int_equal(rig_counters(&rig)->refused[HTTP_REFUSED_HEADER_DEADLINE], COUNT / 2);
    client_close(&honest);
    rig_finish(&rig);
}

/* --- going away --- */

static void test_client_goes_away(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct linger reset = {1, 0};

    CASE("before its answer: answering it later harms nobody");
    struct client client = client_connect(&rig);
    client_send_text(&rig, &client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    RIG_UNTIL(&rig, rig.held_count == 1);
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    client_close(&client);
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 0);
    assert_int_equal(rig_counters(&rig)->abandoned, 1);
    assert_true(str_equal(rig.held[0]->path, STR("/later"))); /* still readable */
    http_respond(rig.held[0], 200, STR("text/plain"), STR("late"));

    CASE("in the middle of a request: nothing is handed over");
    client = client_connect(&rig);
    client_send_text(&rig, &client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc");
    client_close(&client);
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_accepted == 2 &&
              rig_counters(&rig)->connections_open == 0);
    assert_int_equal(rig_counters(&rig)->requests, 1);

    CASE("half-closed: the answer is still delivered");
    client = client_connect(&rig);
    client_send_text(&rig, &client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    shutdown(client.fd, SHUT_WR);
    RIG_UNTIL(&rig, rig.held_count == 2);
    rig_turn(&rig);
    http_respond(rig.held[1], 200, STR("text/plain"), STR("late"));
    client_until_closed(&rig, &client);
    assert_true(client_has(&client, "late"));
    client_close(&client);
    rig.held_count = 0;
    rig_finish(&rig);
}

/* --- streams --- */

static void test_stream(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct client client = client_connect(&rig);
    client_send_text(&rig, &client, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    client_until_text(&rig, &client, "\r\n\r\n");
    assert_true(client_has(&client, "Transfer-Encoding: chunked\r\n"));
    assert_true(http_stream_write(rig.held[0], STR("data: 1\n\n")));
    client_until_text(&rig, &client, "9\r\ndata: 1\n\n\r\n");
    assert_int_equal(rig_counters(&rig)->streams_open, 1);
    http_stream_end(rig.held[0]);
    rig.held[0] = NULL;
    client_until_text(&rig, &client, "0\r\n\r\n");
    CASE("the connection lives on");
    client_send_text(&rig, &client, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    client_until_text(&rig, &client, "GET /echo");
    assert_int_equal(rig_counters(&rig)->streams_open, 0);
    client_close(&client);

    CASE("HTTP/1.0 gets no chunks, but the end of the connection");
    client = client_connect(&rig);
    client_send_text(&rig, &client, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    RIG_UNTIL(&rig, rig.held_count == 2);
    assert_true(http_stream_write(rig.held[1], STR("data: 2\n\n")));
    http_stream_end(rig.held[1]);
    rig.held[1] = NULL;
    client_until_closed(&rig, &client);
    assert_true(client_has(&client, "\r\n\r\ndata: 2\n\n"));
    assert_false(client_has(&client, "chunked"));
    client_close(&client);

    CASE("the client leaves");
    client = client_connect(&rig);
    client_send_text(&rig, &client, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    client_until_text(&rig, &client, "\r\n\r\n");
    client_close(&client);
    RIG_UNTIL(&rig, rig.closed_count == 1);
    assert_int_equal(rig_counters(&rig)->streams_open, 0);
    rig_finish(&rig);
}

static void test_slow_stream_reader(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){.stream_bytes = 64 * 1024, .body_grace_ms = 1000,
                                         .body_rate_bytes = 1 << 20});
    struct client client = client_connect_buffered(&rig, 4096);
    client_send_text(&rig, &client, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    RIG_UNTIL(&rig, rig.held_count == 1);
    char event[1024];
    memset(event, 'e', sizeof event);
    size_t written = 0;
    CASE("it accepts until the reader is too slow");
    while (http_stream_write(rig.held[0], str_make(event, sizeof event))) {
        written += sizeof event;
        rig_turn(&rig);
        assert_true(written < 64 << 20);
    }
    assert_true(written >= 64 * 1024);
    CASE("it reads on: there is room again");
    struct str one = str_make(event, sizeof event);
    for (time_t give_up_at = rig_give_up_at(); !http_stream_write(rig.held[0], one);) {
        client_receive(&client);
        rig_turn(&rig);
        rig_check_time(give_up_at, "room in the stream");
    }
    CASE("it doesn't: it is cut off, and the owner is told");
    while (http_stream_write(rig.held[0], str_make(event, sizeof event))) rig_turn(&rig);
    rig_advance(&rig, 10 * 1000);
    RIG_UNTIL(&rig, rig.closed_count == 1);
    assert_int_equal(rig_counters(&rig)->refused[HTTP_REFUSED_SLOW_READER], 1);
    client_close(&client);
    rig_finish(&rig);
}

/* --- stopping, starting --- */

/* A worker that gives up turns its loop without waiting; a scrape may be half there (soak 5). */
static void test_stop_at_once(void **state)
{
    (void)state;
    enum { TURNS = 20 };
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct client stuck = client_connect(&rig), half = client_connect(&rig);
    client_send_text(&rig, &stuck, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\na");
    client_send_text(&rig, &half, "GET /ec");
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 2);
    http_server_stop(rig.server, 0, rig_on_stopped, &rig);
    for (int i = 0; i < TURNS && !rig.stopped; i++) rig_turn(&rig);
    assert_true(rig.stopped);
    client_close(&stuck);
    client_close(&half);
    rig_finish(&rig);
}

static void test_stop(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct client idle = client_connect(&rig), busy = client_connect(&rig);
    struct client stream = client_connect(&rig), stuck = client_connect(&rig);
    client_send_text(&rig, &busy, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    client_send_text(&rig, &stream, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    client_send_text(&rig, &stuck, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\na");
    client_send_text(&rig, &idle, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    client_until_text(&rig, &idle, "[]");
    RIG_UNTIL(&rig, rig.held_count == 2);
    struct http_request *later = str_equal(rig.held[0]->path, STR("/later"))
        ? rig.held[0] : rig.held[1];

    http_server_stop(rig.server, 5000, rig_on_stopped, &rig);
    CASE("idle connections close, streams end");
    client_until_closed(&rig, &idle);
    client_until_closed(&rig, &stream);
    assert_true(client_has(&stream, "0\r\n\r\n"));
    assert_int_equal(rig.closed_count, 1);
    CASE("new ones are not accepted");
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(rig.server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), -1);
    close(fd);
    CASE("what is in flight is answered");
    http_respond(later, 200, STR("text/plain"), STR("late"));
    client_until_closed(&rig, &busy);
    assert_true(client_has(&busy, "Connection: close"));
    assert_true(client_has(&busy, "late"));
    assert_false(rig.stopped);
    CASE("and what takes too long is cut off");
    rig_advance(&rig, 5000);
    RIG_UNTIL(&rig, rig.stopped);
    http_server_destroy(rig.server);
    assert_int_equal(uv_loop_close(&rig.loop), 0);
    client_close(&idle);
    client_close(&busy);
    client_close(&stream);
    client_close(&stuck);
}

static void test_start_failures(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    const struct {
        const char *why, *address;
        uint16_t port;
        const char *certificate_file, *key_file;
        int rc;
    } cases[] = {
        {"a port in use", "127.0.0.1", http_server_port(rig.server), NULL, NULL, E_IN_USE},
        {"a name is not an address", "localhost", 0, NULL, NULL, E_BAD_CONFIG},
        {"an address of somebody else", "192.0.2.1", 0, NULL, NULL, E_BAD_CONFIG},
        {"a certificate without a key", "127.0.0.1", 0, "x.pem", NULL, E_BAD_CONFIG},
        {"a certificate that isn't there", "127.0.0.1", 0, "/nonexistent/x.pem",
         "/nonexistent/y.pem", E_BAD_CONFIG},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct err err = {0};
        struct http_server *server = NULL;
        struct http_server_config config = {.address = cases[i].address, .port = cases[i].port,
                                            .on_request = rig_on_request, .user = &rig};
        config.tls.certificate_file = cases[i].certificate_file;
        config.tls.key_file = cases[i].key_file;
        assert_int_equal(http_server_start(&rig.loop, &config, &server, &err), cases[i].rc);
        assert_int_equal(err.code, cases[i].rc);
        assert_null(server);
    }
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_slow_reader_is_cut_off),
        cmocka_unit_test(test_big_answer_arrives),
        cmocka_unit_test(test_half_open),
        cmocka_unit_test(test_client_goes_away),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_slow_stream_reader),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_at_once),
        cmocka_unit_test(test_start_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
