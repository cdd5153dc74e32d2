/* Calls against a server that does as it is told: what becomes of each fault, that no call is sent
 * twice, and how connections are kept. */
#include "client_rig.h"

/* --- faults ---------------------------------------------------------------------------------- */

static const struct {
    const char *why, *reply;
    enum then then;
    int64_t deadline_ms;
    enum llm_why result;
    bool maybe_paid;
    int status;
} faults[] = {
    {"an answer", ANSWER, THEN_KEEP, 20000, LLM_ANSWERED, false, 200},
    {"an answer that ends with its connection", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" BODY,
     THEN_CLOSE, 20000, LLM_ANSWERED, false, 200},
    {"an answer in chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n60\r\n" BODY "\r\n0\r\n\r\n", THEN_KEEP,
     20000, LLM_ANSWERED, false, 200},
    {"a 100 before it", "HTTP/1.1 100 Continue\r\n\r\n" ANSWER, THEN_KEEP, 20000, LLM_ANSWERED,
     false, 200},
    {"no reply", NULL, THEN_KEEP, 1000, LLM_TIMED_OUT, true, 0},
    {"a reply that stops in its middle", HEAD("96") "{\"content\":", THEN_KEEP, 1000, LLM_TIMED_OUT,
     true, 200},
    {"a connection that ends without reply", NULL, THEN_CLOSE, 20000, LLM_UNREACHABLE, true, 0},
    {"a connection that ends in a reply's middle", HEAD("96") "{\"content\":", THEN_CLOSE, 20000,
     LLM_UNREACHABLE, true, 200},
    {"no HTTP", "220 mail.example.com ESMTP\r\n", THEN_CLOSE, 20000, LLM_UNREACHABLE, true, 0},
    {"a reply that is announced as too long", HEAD("99999999") "{", THEN_FLOOD, 20000,
     LLM_BAD_ANSWER, true, 200},
    {"a reply without end", "HTTP/1.1 200 OK\r\n\r\n{", THEN_FLOOD, 20000, LLM_BAD_ANSWER, true,
     200},
    {"a line of the head without end", "HTTP/1.1 200 OK\r\nX: ", THEN_FLOOD, 20000, LLM_UNREACHABLE,
     true, 0},
    {"a redirect", "HTTP/1.1 307 There\r\nLocation: /v1/messages\r\nContent-Length: 0\r\n\r\n",
     THEN_KEEP, 20000, LLM_BAD_REQUEST, false, 307},
    {"throttled", "HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", THEN_KEEP,
     20000, LLM_THROTTLED, false, 429},
};

static void faults_have_their_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        CASE(faults[i].why);
        struct route routes[] = {
            {"POST /v1/messages HTTP/1.1", faults[i].reply, faults[i].then, 0}, {0}};
        struct rig rig;
        set_up(&rig, routes);
        rig.config.deadline_ms = faults[i].deadline_ms;
        open_client(&rig);
        ask(&rig, NULL);
        run_until(&rig, 1);
        assert_string_equal(llm_why_name(rig.last.why), llm_why_name(faults[i].result));
        assert_int_equal(rig.last.maybe_paid, faults[i].maybe_paid);
        if (faults[i].status) assert_int_equal(rig.last.status, faults[i].status);
        assert_int_equal(rig.last.retry_after_ms, faults[i].result == LLM_THROTTLED ? 7000 : -1);
        assert_int_equal(rig.server.request_count, 1);
        tear_down(&rig);
    }
}

static void nobody_there(void **state)
{
    (void)state;
    struct route routes[] = {{0}};
    struct rig rig;
    set_up(&rig, routes);
    server_stop(&rig.server);
    uv_run(&rig.loop, UV_RUN_DEFAULT);
    open_client(&rig);
    ask(&rig, NULL);
    run_until(&rig, 1);
    assert_int_equal(rig.last.why, LLM_UNREACHABLE);
    assert_false(rig.last.maybe_paid);
    llm_client_close(rig.client);
    uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig.loop), 0);
    server_forget(&rig.server);
}

/* --- what is sent ---------------------------------------------------------------------------- */

static void sends_its_key_and_says_nothing_of_it(void **state)
{
    (void)state;
    struct route routes[] = {
        {"POST /v1/messages",
         "HTTP/1.1 500 No\r\nContent-Length: 55\r\n\r\n"
         "{\"error\":{\"type\":\"x\",\"message\":\"with KEY-1234, twice\"}}", THEN_CLOSE, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    open_client(&rig);
    ask(&rig, NULL);
    run_until(&rig, 1);
    assert_non_null(strstr(rig.server.requests[0].data, "\r\nx-api-key: KEY-1234\r\n"));
    assert_non_null(strstr(rig.server.requests[0].data, "\r\nanthropic-version: 2023-06-01\r\n"));
    assert_null(strstr(rig.server.requests[0].data, "Expect"));
    assert_null(strstr(rig.last.text, "KEY-1234"));
    tear_down(&rig);
}

/* What a provider says of the key, whatever the key is like and wherever it stands. */
static void no_part_of_a_key_is_told(void **state)
{
    static const struct {
        const char *why, *key, *message, *told;
    } cases[] = {
        {"twice, and once more in itself", "abcabc", "abcabcabc, abcabc", "******abc, ******"},
        {"made of what covers it", "****", "bad key: ****", "bad key: ****"},
        {"where the text is cut", "KEY-1234", NULL, "****"},
    };
    char filler[240], reply[512], body[400];
    (void)state;
    memset(filler, 'm', sizeof filler);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct route routes[] = {{"POST /v1/messages", reply, THEN_CLOSE, 0}, {0}};
        struct rig rig;
        /* so that of the key the first letters have room */
        int fill = cases[i].message ? 0 : LLM_TEXT_BYTES - 1 - 5 -
                                              (int)strlen("provider or model failed: 500 x: ");
        snprintf(body, sizeof body, "{\"error\":{\"type\":\"x\",\"message\":\"%.*s%s\"}}", fill,
                 filler, cases[i].message ? cases[i].message : cases[i].key);
        snprintf(reply, sizeof reply, "HTTP/1.1 500 No\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(body), body);
        set_up(&rig, routes);
        rig.config.api_key = cases[i].key;
        open_client(&rig);
        ask(&rig, NULL);
        run_until(&rig, 1);
        size_t size = strlen(rig.last.text), told = strlen(cases[i].told);
        assert_true(size > told);
        assert_string_equal(rig.last.text + size - told, cases[i].told);
        tear_down(&rig);
    }
}

/* A kept connection that dies under the second request: curl would send it again by itself. */
static void no_call_is_sent_twice(void **state)
{
    (void)state;
    struct route routes[] = {
        {"POST", ANSWER, THEN_KEEP, 1}, {"POST", NULL, THEN_CLOSE, 1},
        {"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    open_client(&rig);
    for (int i = 1; i <= 3; i++) {
        ask(&rig, NULL);
        run_until(&rig, i);
    }
    assert_int_equal(rig.whys[0], LLM_ANSWERED);
    assert_int_equal(rig.whys[1], LLM_UNREACHABLE);
    assert_int_equal(rig.whys[2], LLM_ANSWERED);
    assert_int_equal(rig.server.request_count, 3);
    tear_down(&rig);
}

static void connections_are_kept_and_few(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    rig.config.connections = 2;
    open_client(&rig);
    for (int i = 0; i < 20; i++) ask(&rig, NULL);
    assert_int_equal(llm_client_in_flight(rig.client), 20);
    run_until(&rig, 20);
    assert_int_equal(rig.server.request_count, 20);
    assert_in_range(rig.server.most_open, 1, 2);
    assert_in_range(rig.server.connections, 1, 2);
    tear_down(&rig);
}

/* The deadline counts from llm_ask(), also where a call waits for a connection. The one that holds
 * it ends a moment before those that wait: they get it, but nothing is sent and paid for in the
 * last tenth of their time. */
static void waiting_counts(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", NULL, THEN_KEEP, 0}, {0}};
    bool at_once;
    do { /* until the machine lets the three be asked at once */
        struct rig rig;
        set_up(&rig, routes);
        rig.config.connections = 1;
        rig.config.deadline_ms = 1000;
        open_client(&rig);
        uint64_t start_ns = uv_hrtime();
        ask(&rig, NULL);
        uv_run(&rig.loop, UV_RUN_NOWAIT); /* its time runs */
        uv_sleep(5);
        for (int i = 1; i < 3; i++) ask(&rig, NULL);
        at_once = uv_hrtime() - start_ns < 50 * 1000000;
        run_until(&rig, 3);
        for (int i = 0; i < 3; i++) assert_int_equal(rig.whys[i], LLM_TIMED_OUT);
        if (at_once) assert_int_equal(rig.server.request_count, 1);
        if (at_once) assert_false(rig.last.maybe_paid);
        tear_down(&rig);
    } while (!at_once);
}

static void ask_over(struct rig *rig, struct route *routes, uint32_t connections, int calls)
{
    set_up(rig, routes);
    rig->config.connections = connections;
    open_client(rig);
    for (int i = 0; i < calls; i++) ask(rig, NULL);
}

/* So many that several of curl's handles share them. */
static void many_connections_are_few_enough(void **state)
{
    enum { CONNECTIONS = 50, CALLS = 60 };
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    (void)state;
    ask_over(&rig, routes, CONNECTIONS, CALLS);
    run_until(&rig, CALLS);
    for (int i = 0; i < CALLS; i++) assert_int_equal(rig.whys[i], LLM_ANSWERED);
    assert_int_equal(rig.server.request_count, CALLS);
    assert_in_range(rig.server.most_open, 2, CONNECTIONS);
    assert_int_equal(rig.server.open_now, rig.server.connections); /* all are kept */
    tear_down(&rig);
}

/* Two handles share an odd number of them: while no more calls run than that, none waits. */
static void each_connection_is_used(void **state)
{
    enum { CONNECTIONS = 49 };
    struct route routes[] = {{"POST", NULL, THEN_KEEP, 0}, {0}};
    struct rig rig;
    (void)state;
    ask_over(&rig, routes, CONNECTIONS, CONNECTIONS);
    while (rig.server.request_count < CONNECTIONS && !rig.results)
        uv_run(&rig.loop, UV_RUN_ONCE);
    assert_int_equal(rig.results, 0); /* none timed out while it waited for another's end */
    assert_int_equal(rig.server.connections, CONNECTIONS);
    llm_client_close(rig.client);
    rig.client = NULL;
    tear_down(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_have_their_names), cmocka_unit_test(nobody_there),
        cmocka_unit_test(sends_its_key_and_says_nothing_of_it),
        cmocka_unit_test(no_part_of_a_key_is_told),
        cmocka_unit_test(no_call_is_sent_twice), cmocka_unit_test(connections_are_kept_and_few),
        cmocka_unit_test(many_connections_are_few_enough),
        cmocka_unit_test(each_connection_is_used), cmocka_unit_test(waiting_counts),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
