/* Clients that do anything at any time, from a seed: the server must neither crash nor leak, answer
 * whoever asks properly, and be able to stop. */
#include "http_rig.h"

#include "base/random.h"

#define HOST "Host: a\r\n"

enum { CLIENTS = 24, STEPS = 3000, SEEDS = 8 };

static const char *const fragments[] = {
    "GET /echo HTTP/1.1\r\n" HOST "\r\n", "GET /later HTTP/1.1\r\n" HOST "\r\n",
    "GET /stream HTTP/1.1\r\n" HOST "\r\n",
    "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET /later HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
    "HEAD /echo HTTP/1.1\r\n" HOST "\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
    "POST /later HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "abc",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "0\r\n\r\n",
    "POST /denied HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n",
    "GET /big HTTP/1.1\r\n" HOST "\r\n",
    "GET /ec", "\r\n", "nonsense", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999\r\n\r\n",
};

static bool is_stream(const struct http_request *request)
{
    return str_starts(request->path, STR("/stream"));
}

/* Answers, writes to, or ends what the rig holds. */
static void act_as_handler(struct rig *rig, struct random *random)
{
    if (rig->held_count == 0) return;
    size_t at = random_below(random, rig->held_count);
    struct http_request *request = rig->held[at];
    if (request && is_stream(request) && random_below(random, 4) > 0) {
        static char event[20000];
        memset(event, 'e', sizeof event);
        (void)http_stream_write(request, str_make(event, 1 + random_below(random, sizeof event)));
        return;
    }
    rig->held[at] = rig->held[--rig->held_count];
    if (!request) return; /* its on_close came */
    if (is_stream(request)) http_stream_end(request);
    else http_respond(request, 200, STR("text/plain"), STR("late"));
}

static void act_as_client(struct rig *rig, struct random *random, struct client *client)
{
    const struct linger reset = {1, 0};
    switch (random_below(random, 12)) {
    case 0: client_close(client); break;
    case 1: shutdown(client->fd, SHUT_WR); break;
    case 2:
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        client_close(client);
        break;
    case 3:
    case 4:
        client_receive(client);
        client->got.size = 0;
        break;
    default: {
        struct str text = str_of(fragments[random_below(random, COUNT_OF(fragments))]);
        if (random_below(random, 4) == 0)
            text = str_slice(text, 0, random_below(random, text.size));
        (void)!send(client->fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    }
    if (random_below(random, 2)) rig_turn(rig);
}

static void run_seed(uint64_t seed, struct http_counters *all)
{
    static struct client clients[CLIENTS];
    struct rig rig;
    struct random random;
    random_seed(&random, seed);
    rig_start(&rig, (struct http_limits){.connections = CLIENTS / 2, .pipelined_requests = 3,
                                         .body_bytes = 64, .bodies_bytes = 200,
                                         .stream_bytes = 65536,
                                         .header_deadline_ms = 500, .body_grace_ms = 500});
    for (size_t i = 0; i < CLIENTS; i++) clients[i].fd = -1;
    for (int step = 0; step < STEPS; step++) {
        struct client *client = &clients[random_below(&random, CLIENTS)];
        memset(rig.order, 0, sizeof rig.order);
        while (rig.held_count > RIG_HELD_MAX - 16) act_as_handler(&rig, &random);
        int receive_bytes = random_below(&random, 2) ? 4096 : 0;
        if (client->fd < 0) *client = client_connect_buffered(&rig, receive_bytes);
        else act_as_client(&rig, &random, client);
        if (random_below(&random, 4) == 0) act_as_handler(&rig, &random);
        if (random_below(&random, 100) == 0)
            rig_advance(&rig, (int64_t)random_below(&random, 1000));
    }
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].fd >= 0 && random_below(&random, 2)) client_close(&clients[i]);
    rig_advance(&rig, 6000);
    for (int i = 0; i < 50; i++) rig_turn(&rig); /* refused ones have lingered; there is room now */
    while (rig.held_count > 0) act_as_handler(&rig, &random);
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].fd >= 0) client_close(&clients[i]);
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 0);
    CASE("after all that, an honest client is served");
    struct client honest = client_connect(&rig);
    client_send_text(&rig, &honest, "GET /echo?honest HTTP/1.1\r\n" HOST "\r\n");
    client_until_text(&rig, &honest, "/echo?honest");
    client_close(&honest);
    assert_int_equal(rig_counters(&rig)->streams_open, 0);
    const struct http_counters *counters = rig_counters(&rig);
    all->requests += counters->requests;
    all->abandoned += counters->abandoned;
    all->answers[2] += counters->answers[2];
    for (int i = 0; i < HTTP_REFUSAL_COUNT; i++) all->refused[i] += counters->refused[i];
    rig_finish(&rig);
}

static void test_chaos(void **state)
{
    (void)state;
    struct http_counters all = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) run_seed(seed, &all);
    /* together: how much one of them does is the kernel's to say, too */
    CASE("and they did reach every corner");
    assert_true(all.requests > 100 && all.abandoned > 0 && all.answers[2] > 100);
    assert_true(all.refused[HTTP_REFUSED_CONNECTIONS] > 0);
    assert_true(all.refused[HTTP_REFUSED_HEADER_DEADLINE] > 0);
    assert_true(all.refused[HTTP_REFUSED_MALFORMED] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chaos)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
