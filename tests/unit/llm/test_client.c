/* Calls against a server that does as it is told: what becomes of each fault, that no call is sent
 * twice, and that callers may ask, cancel and close whenever they like. */
#include "llm/llm.h"
#include "scripted_server.h"

#define HEAD(size) "HTTP/1.1 200 OK\r\nContent-Length: " size "\r\n\r\n"
#define BODY                                                                                    \
    "{\"content\":[{\"input\":{}}],\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":1," \
    "\"output_tokens\":1}}"
#define ANSWER HEAD("96") BODY
_Static_assert(sizeof BODY - 1 == 96, "Content-Length");

struct rig {
    uv_loop_t loop;
    struct scripted_server server;
    struct llm_client *client;
    struct llm_config config;
    int results;
    struct llm_result last;
    enum llm_why whys[SERVER_REQUESTS_MAX];
    struct llm_call *other; /* to be cancelled in a callback */
    bool close_in_callback, ask_again;
};

static const struct llm_question question = {
    .prompt = {"p", 1}, .name = {"n", 1}, .schema = {"{}", 2}, .max_tokens = 9, .temperature = -1};

static void set_up(struct rig *rig, struct route *routes)
{
    *rig = (struct rig){0};
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    server_start(&rig->server, &rig->loop, routes);
    rig->config = (struct llm_config){
        .provider = LLM_ANTHROPIC, .model = "m", .endpoint = rig->server.url, .api_key = "KEY-1234",
        .deadline_ms = 20000};
}

static void open_client(struct rig *rig)
{
    struct err err = {0};
    if (llm_client_open(&rig->loop, &rig->config, &rig->client, &err) != E_OK)
        fail_msg("%s", err.text);
}

static void on_result(void *user, const struct llm_result *result);
static void ask(struct rig *rig, struct llm_call **ret_call)
{
    struct err err = {0};
    int before = rig->results;
    if (llm_ask(rig->client, &question, on_result, rig, ret_call, &err) != E_OK)
        fail_msg("%s", err.text);
    assert_int_equal(rig->results, before);
}

static void on_result(void *user, const struct llm_result *result)
{
    struct rig *rig = user;
    rig->whys[rig->results++] = result->why;
    uv_stop(&rig->loop);
    rig->last = *result;
    rig->last.json = STR("");
    if (rig->ask_again) {
        rig->ask_again = false;
        ask(rig, NULL);
    }
    if (rig->other) llm_cancel(rig->other);
    rig->other = NULL;
    if (rig->close_in_callback) {
        llm_client_close(rig->client);
        rig->client = NULL;
    }
    /* whole to the end */
    if (result->why == LLM_ANSWERED) assert_true(str_equal(result->json, STR("{}")));
}

static void run_until(struct rig *rig, int results)
{
    /* until on_result() stops it */
    while (rig->results < results) uv_run(&rig->loop, UV_RUN_DEFAULT);
}

/* Everything must let go: a handle left open would keep the loop for ever, a leak is seen
 * by the sanitizer. */
static void tear_down(struct rig *rig)
{
    if (rig->client) assert_int_equal(llm_client_in_flight(rig->client), 0);
    llm_client_close(rig->client);
    server_stop(&rig->server);
    while (uv_run(&rig->loop, UV_RUN_DEFAULT)) continue;
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    server_forget(&rig->server);
}

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
    assert_null(strstr(llm_client_description(rig.client), "KEY-1234"));
    tear_down(&rig);
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

/* So many that several of curl's handles share them. */
static void many_connections_are_few_enough(void **state)
{
    enum { CONNECTIONS = 50, CALLS = 60 };
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    (void)state;
    set_up(&rig, routes);
    rig.config.connections = CONNECTIONS;
    open_client(&rig);
    for (int i = 0; i < CALLS; i++) ask(&rig, NULL);
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
    set_up(&rig, routes);
    rig.config.connections = CONNECTIONS;
    open_client(&rig);
    for (int i = 0; i < CONNECTIONS; i++) ask(&rig, NULL);
    while (rig.server.request_count < CONNECTIONS && !rig.results)
        uv_run(&rig.loop, UV_RUN_ONCE);
    assert_int_equal(rig.results, 0); /* none timed out while it waited for another's end */
    assert_int_equal(rig.server.connections, CONNECTIONS);
    llm_client_close(rig.client);
    rig.client = NULL;
    tear_down(&rig);
}

/* --- callers --------------------------------------------------------------------------------- */

static void a_cancelled_call_is_silent(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    struct llm_call *first, *second;
    set_up(&rig, routes);
    open_client(&rig);
    ask(&rig, &first);
    ask(&rig, &second);
    llm_cancel(first); /* before anything was sent */
    run_until(&rig, 1);
    assert_int_equal(rig.results, 1);
    ask(&rig, &first);
    while (rig.server.request_count < 2) uv_run(&rig.loop, UV_RUN_ONCE);
    if (rig.results == 1) llm_cancel(first); /* on its way back */
    ask(&rig, &first);
    ask(&rig, &rig.other); /* cancelled by the callback of the other */
    int before = rig.results;
    run_until(&rig, before + 1);
    if (rig.other == NULL) assert_int_equal(rig.results, before + 1);
    tear_down(&rig);
}

static void a_callback_may_ask_and_close(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    open_client(&rig);
    rig.ask_again = true;
    ask(&rig, NULL);
    run_until(&rig, 2);
    rig.close_in_callback = true;
    ask(&rig, NULL);
    ask(&rig, NULL); /* never answered: the client is closed by the other's callback */
    run_until(&rig, 3);
    assert_null(rig.client);
    tear_down(&rig);
    assert_int_equal(rig.results, 3);
}

static void closing_ends_calls(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", NULL, THEN_KEEP, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    open_client(&rig);
    for (int i = 0; i < 5; i++) ask(&rig, NULL);
    while (rig.server.request_count < 3) uv_run(&rig.loop, UV_RUN_ONCE);
    llm_client_close(rig.client);
    rig.client = NULL;
    tear_down(&rig);
    assert_int_equal(rig.results, 0);
}

static const struct { const char *why; struct llm_question question; } bad_questions[] = {
    {"no prompt", {.name = {"n", 1}, .schema = {"{}", 2}, .max_tokens = 1}},
    {"no schema", {.name = {"n", 1}, .prompt = {"p", 1}, .max_tokens = 1}},
    {"no limit", {.name = {"n", 1}, .schema = {"{}", 2}, .prompt = {"p", 1}}},
    {"no name", {.schema = {"{}", 2}, .prompt = {"p", 1}, .max_tokens = 1}},
    {"a name with a space",
     {.name = {"a b", 3}, .schema = {"{}", 2}, .prompt = {"p", 1}, .max_tokens = 1}},
    {"not UTF-8", {.name = {"n", 1}, .schema = {"{}", 2}, .prompt = {"\xff", 1}, .max_tokens = 1}},
};

/* What is known of a form is looked at once; what differs from call to call, each time. */
static void a_form_is_checked_once(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    struct err err;
    set_up(&rig, routes);
    open_client(&rig);
    struct llm_question asked = question, bad;
    asked.form = llm_new_form();
    assert_true(asked.form != 0 && asked.form != llm_new_form());
    bad = asked, bad.system = STR("\xff");
    assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
    assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(llm_ask(rig.client, &asked, on_result, &rig, NULL, &err), E_OK);
        run_until(&rig, i + 1);
        assert_int_equal(rig.last.why, LLM_ANSWERED);
        bad = asked, bad.prompt = STR("\xff");
        assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
        bad = asked, bad.max_tokens = 0;
        assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
    }
    bad = asked, bad.form = llm_new_form(), bad.schema = STR("\xff");
    assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
    tear_down(&rig);
}

/* More of them than are kept in parts, each asked twice: a request goes where its model says. */
static void each_model_has_its_own_url(void **state)
{
    enum { MODELS = 6 };
    (void)state;
    struct route routes[] = {
        {"POST", HEAD("96") BODY, THEN_KEEP, 0}, {0}};
    struct rig rig;
    struct err err;
    set_up(&rig, routes);
    rig.config.provider = LLM_BEDROCK, rig.config.invoke = true;
    open_client(&rig);
    for (int i = 0; i < 2 * MODELS; i++) {
        char model[16], line[64];
        struct llm_question asked = question;
        snprintf(model, sizeof model, "m.%d-v1:0", i % MODELS);
        snprintf(line, sizeof line, "POST /model/m.%d-v1%%3A0/invoke HTTP/1.1\r\n", i % MODELS);
        asked.model = str_of(model);
        assert_int_equal(llm_ask(rig.client, &asked, on_result, &rig, NULL, &err), E_OK);
        run_until(&rig, i + 1);
        assert_int_equal(rig.last.why, LLM_ANSWERED);
        assert_true(str_starts(buffer_str(&rig.server.requests[i]), str_of(line)));
    }
    assert_int_equal(rig.server.connections, 1);
    tear_down(&rig);
}

static void bad_questions_are_refused(void **state)
{
    (void)state;
    struct route routes[] = {{0}};
    struct rig rig;
    struct err err;
    set_up(&rig, routes);
    open_client(&rig);
    for (size_t i = 0; i < COUNT_OF(bad_questions); i++) {
        CASE(bad_questions[i].why);
        assert_int_equal(
            llm_ask(rig.client, &bad_questions[i].question, on_result, &rig, NULL, &err), E_USAGE);
    }
    tear_down(&rig);
    assert_int_equal(rig.results, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_have_their_names),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(sends_its_key_and_says_nothing_of_it),
        cmocka_unit_test(no_call_is_sent_twice),
        cmocka_unit_test(connections_are_kept_and_few),
        cmocka_unit_test(many_connections_are_few_enough),
        cmocka_unit_test(each_connection_is_used),
        cmocka_unit_test(waiting_counts),
        cmocka_unit_test(a_cancelled_call_is_silent),
        cmocka_unit_test(a_callback_may_ask_and_close),
        cmocka_unit_test(closing_ends_calls),
        cmocka_unit_test(bad_questions_are_refused),
        cmocka_unit_test(a_form_is_checked_once),
        cmocka_unit_test(each_model_has_its_own_url),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
