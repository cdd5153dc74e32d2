/* Requests one behind the other on a connection, how large they may be, and how many
 * connections there may be. */
#include "http_rig.h"

#define HOST "Host: a\r\n"

static void test_answers_in_order(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct client client = client_connect(&rig);
    client_send_text(&rig, &client,
                     "GET /later HTTP/1.1\r\n" HOST "\r\nGET /echo?2 HTTP/1.1\r\n" HOST
                     "\r\nGET /later HTTP/1.1\r\n" HOST "\r\nGET /echo?4 HTTP/1.1\r\n" HOST "\r\n");
    RIG_UNTIL(&rig, strlen(rig.order) == 4);
    assert_string_equal(rig.order, "lele");
    client_receive(&client);
    assert_int_equal(client.got.size, 0); /* all wait for the first */
    http_respond(rig.held[1], 200, STR("text/plain"), STR("third"));
    rig_turn(&rig);
    client_receive(&client);
    assert_int_equal(client.got.size, 0);
    http_respond(rig.held[0], 200, STR("text/plain"), STR("first"));
    rig.held_count = 0;
    client_until_text(&rig, &client, "/echo?4");
    struct str got = buffer_str(&client.got);
    size_t first = str_find(got, STR("first")), second = str_find(got, STR("/echo?2"));
    assert_true(first < second && second < str_find(got, STR("third")));
    assert_true(str_find(got, STR("third")) < str_find(got, STR("/echo?4")));
    client_close(&client);
    rig_finish(&rig);
}

static void test_pipeline_is_bounded(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){.pipelined_requests = 2});
    struct client client = client_connect(&rig);
    for (int i = 0; i < 6; i++)
        client_send_text(&rig, &client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    RIG_UNTIL(&rig, rig.held_count == 2); /* what was sent may take a while to arrive */
    for (int i = 0; i < 20; i++) rig_turn(&rig);
    assert_int_equal(rig.held_count, 2); /* reading has stopped */
    for (size_t i = 0; i < 6; i++) {
        RIG_UNTIL(&rig, rig.held_count > i);
        assert_true(rig.held_count <= i + 2);
        http_respond(rig.held[i], 200, STR("text/plain"), STR("done"));
    }
    CLIENT_UNTIL(&rig, &client, count_text(&client, "done") == 6);
    rig.held_count = 0;
    client_close(&client);
    rig_finish(&rig);
}

/* A stock of 200 pipelined requests in one write: buffers are reused, nothing is lost. */
static void test_long_pipeline(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct client client = client_connect(&rig);
    struct buffer all = {0};
    for (int i = 0; i < 200; i++)
        buffer_printf(&all, "POST /echo?%d HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nbody%d", i,
                      i % 10);
    client_send(&rig, &client, buffer_str(&all));
    CLIENT_UNTIL(&rig, &client, count_text(&client, "HTTP/1.1 200") == 200);
    struct str rest = buffer_str(&client.got);
    for (int i = 0; i < 200; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "/echo?%d [body%d]", i, i % 10);
        size_t at = str_find(rest, str_of(expected));
        assert_true(at < rest.size);
        rest = str_slice(rest, at, rest.size);
    }
    assert_int_equal(rig_counters(&rig)->requests, 200);
    buffer_deinit(&all);
    client_close(&client);
    rig_finish(&rig);
}

/* --- sizes --- */

static void test_twenty_megabytes(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct buffer body = {0};
    assert_non_null(buffer_reserve(&body, 20 << 20));
    body.size = 20 << 20;
    memset(body.data, 'x', body.size);

    CASE("announced: refused at once, and the answer survives what is still being sent");
    struct client client = client_connect(&rig);
    client_send_text(&rig, &client,
                     "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 20971520\r\n\r\n");
    client_until_text(&rig, &client, "HTTP/1.1 413 ");
    client_send(&rig, &client, buffer_str(&body));
    client_close(&client);

    CASE("in chunks: refused when it passes 16 MiB");
    client = client_connect(&rig);
    client_send_text(&rig, &client, "POST /echo HTTP/1.1\r\n" HOST
                     "Transfer-Encoding: chunked\r\n\r\n1400000\r\n");
    client_send(&rig, &client, buffer_str(&body));
    client_until_text(&rig, &client, "HTTP/1.1 413 ");
    assert_true(client_has(&client, "application/problem+json"));
    client_close(&client);

    assert_int_equal(rig_counters(&rig)->refused[HTTP_REFUSED_BODY_SIZE], 2);
    assert_int_equal(rig_counters(&rig)->requests, 0);
    buffer_deinit(&body);
    rig_finish(&rig);
}

static void test_body_up_to_the_limit(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){.body_bytes = 1 << 20});
    struct client client = client_connect(&rig);
    struct buffer request = {0};
    buffer_add(&request, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n"));
    char *body = buffer_reserve(&request, 1 << 20);
    assert_non_null(body);
    memset(body, 'y', 1 << 20);
    request.size += 1 << 20;
    client_send(&rig, &client, buffer_str(&request));
    client_until_text(&rig, &client, "yyy]");
    assert_true(client.got.size > 1 << 20);
    buffer_deinit(&request);
    client_close(&client);
    rig_finish(&rig);
}

/* Framing without content must not be a way around the limit. */
static void test_trailers_are_bounded(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){.header_bytes = 1024});
    struct client client = client_connect(&rig);
    client_send_text(&rig, &client,
                     "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n");
    for (int i = 0; i < 100 && !client.closed; i++)
        client_send_text(&rig, &client, "Trailer: 0123456789012345678901\r\n");
    client_until_closed(&rig, &client);
    assert_true(client_has(&client, "HTTP/1.1 413 "));
    client_close(&client);
    rig_finish(&rig);
}

/* Many bodies, each within its limit, must not add up to more than the server has. */
static void test_bodies_share_a_budget(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){.bodies_bytes = 1000});
    struct client first = client_connect(&rig), second = client_connect(&rig);
    struct buffer body = {0};
    for (int i = 0; i < 600; i++) buffer_add_char(&body, 'x');
    client_send_text(&rig, &first, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 600\r\n\r\n");
    client_send(&rig, &first, buffer_str(&body));
    RIG_UNTIL(&rig, rig.held_count == 1);
    client_send_text(&rig, &second, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 600\r\n\r\n");
    client_send(&rig, &second, buffer_str(&body));
    client_until_text(&rig, &second, "HTTP/1.1 503 ");
    assert_true(client_has(&second, "Retry-After: 5\r\n"));
    client_close(&second);
    CASE("what was answered is given back");
    http_respond(rig.held[0], 200, STR("text/plain"), STR("late"));
    rig.held_count = 0;
    client_until_text(&rig, &first, "late");
    client_send_text(&rig, &first, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 600\r\n\r\n");
    client_send(&rig, &first, buffer_str(&body));
    client_until_text(&rig, &first, "xxx]");
    client_close(&first);
    buffer_deinit(&body);
    rig_finish(&rig);
}

/* --- many connections --- */

static void test_connection_limits(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct http_limits limits;
        const char *answer;
        enum http_refusal refusal;
    } cases[] = {
        {"in all", {.connections = 3}, "HTTP/1.1 503 ", HTTP_REFUSED_CONNECTIONS},
        {"of one address", {.connections_per_address = 3}, "HTTP/1.1 429 ",
         HTTP_REFUSED_ADDRESS_CONNECTIONS},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct rig rig;
        struct client clients[4];
        rig_start(&rig, cases[i].limits);
        for (size_t k = 0; k < 4; k++) clients[k] = client_connect(&rig);
        client_until_closed(&rig, &clients[3]);
        assert_true(client_has(&clients[3], cases[i].answer));
        assert_true(client_has(&clients[3], "Retry-After: 5\r\n"));
        assert_int_equal(rig_counters(&rig)->refused[cases[i].refusal], 1);
        client_send_text(&rig, &clients[2], "GET /echo HTTP/1.1\r\n" HOST "\r\n");
        client_until_text(&rig, &clients[2], "200 OK"); /* the others are served */
        client_close(&clients[0]);
        client_close(&clients[3]);
        RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 2);
        clients[3] = client_connect(&rig); /* there is room again */
        client_send_text(&rig, &clients[3], "GET /echo HTTP/1.1\r\n" HOST "\r\n");
        client_until_text(&rig, &clients[3], "200 OK");
        for (size_t k = 1; k < 4; k++) client_close(&clients[k]);
        rig_finish(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_in_order),
        cmocka_unit_test(test_pipeline_is_bounded),
        cmocka_unit_test(test_long_pipeline),
        cmocka_unit_test(test_twenty_megabytes),
        cmocka_unit_test(test_body_up_to_the_limit),
        cmocka_unit_test(test_trailers_are_bounded),
        cmocka_unit_test(test_bodies_share_a_budget),
        cmocka_unit_test(test_connection_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
