/* A whole call, with each allocation of ours failing in turn: it says so and leaks nothing.
 * The server runs on a thread of its own, as only the tested thread's allocations fail. */
#include "test.h"
#include "failing_malloc.h"

#include "llm/llm.h"
#include "scripted_server.h"

#define BODY                                                                              \
    "{\"output\":{\"message\":{\"content\":[{\"toolUse\":{\"name\":\"n\",\"input\":{}}}," \
    "{\"text\":\"escape \\n\"}]}}}"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 93\r\nConnection: close\r\n\r\n" BODY
_Static_assert(sizeof BODY - 1 == 93, "Content-Length");

struct rig {
    uv_loop_t server_loop;
    uv_async_t stop;
    struct scripted_server server;
    struct llm_config config;
    enum llm_why why;
    bool ended;
};

static void on_stop(uv_async_t *async)
{
    struct rig *rig = async->data;
    server_stop(&rig->server);
    uv_close((uv_handle_t *)async, NULL);
}

static void serve(void *user)
{
    struct rig *rig = user;
    uv_run(&rig->server_loop, UV_RUN_DEFAULT);
}

static void on_result(void *user, const struct llm_result *result)
{
    struct rig *rig = user;
    rig->why = result->why;
    rig->ended = true;
}

static int call_once(void *user)
{
    static const struct llm_question question = {
        .system = {"s", 1}, .prompt = {"p", 1}, .name = {"n", 1}, .schema = {"{}", 2},
        .max_tokens = 9, .temperature = 0.5};
    struct rig *rig = user;
    struct llm_client *client = NULL;
    struct err err = {0};
    uv_loop_t loop;
    rig->ended = false;
    assert_int_equal(uv_loop_init(&loop), 0);
    int rc = llm_client_open(&loop, &rig->config, &client, &err);
    if (rc == E_OK) rc = llm_ask(client, &question, on_result, rig, NULL, &err);
    while (rc == E_OK && !rig->ended) uv_run(&loop, UV_RUN_ONCE);
    if (rc == E_OK && rig->why != LLM_ANSWERED) {
        assert_int_equal(rig->why, LLM_LOCAL);
        rc = E_NO_MEMORY;
    }
    llm_client_close(client);
    while (uv_run(&loop, UV_RUN_DEFAULT)) continue;
    assert_int_equal(uv_loop_close(&loop), 0);
    return rc;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct llm_config config;
        struct route routes[2];
    } cases[] = {
        {"signed", {.provider = LLM_BEDROCK, .access_key_id = "A", .secret_access_key = "S",
                    .session_token = "T"}, {{"POST", ANSWER, THEN_CLOSE, 0}, {0}}},
        {"with a key", {.provider = LLM_BEDROCK, .api_key = "K"},
         {{"POST", ANSWER, THEN_CLOSE, 0}, {0}}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        static struct rig rig;
        struct route routes[2];
        uv_thread_t thread;
        rig = (struct rig){.config = cases[i].config};
        memcpy(routes, cases[i].routes, sizeof routes);
        assert_int_equal(uv_loop_init(&rig.server_loop), 0);
        server_start(&rig.server, &rig.server_loop, routes);
        uv_async_init(&rig.server_loop, &rig.stop, on_stop);
        rig.stop.data = &rig;
        rig.config.model = "m";
        rig.config.endpoint = rig.server.url;
        rig.config.deadline_ms = 60000;
        assert_int_equal(uv_thread_create(&thread, serve, &rig), 0);
        unsigned failures = torture(call_once, &rig);
        print_message("    %u allocations\n", failures);
        assert_true(failures > 10);
        uv_async_send(&rig.stop);
        uv_thread_join(&thread);
        assert_int_equal(uv_loop_close(&rig.server_loop), 0);
        server_forget(&rig.server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
