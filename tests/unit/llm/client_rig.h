/* A client against a server that does as it is told, and what was called back. */
#ifndef VERBATIM_TESTS_LLM_CLIENT_RIG_H
#define VERBATIM_TESTS_LLM_CLIENT_RIG_H

#include "llm/llm.h"
#include "must.h"
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

static inline void set_up(struct rig *rig, struct route *routes)
{
    *rig = (struct rig){0};
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    server_start(&rig->server, &rig->loop, routes);
    rig->config = (struct llm_config){
        .provider = LLM_ANTHROPIC, .model = "m", .endpoint = rig->server.url, .api_key = "KEY-1234",
        .deadline_ms = 20000};
}

static inline void open_client(struct rig *rig)
{
    struct err err = {0};
    must(llm_client_open(&rig->loop, &rig->config, &rig->client, &err), &err);
}

static inline void on_result(void *user, const struct llm_result *result);
static inline void ask(struct rig *rig, struct llm_call **ret_call)
{
    struct err err = {0};
    int before = rig->results;
    must(llm_ask(rig->client, &question, on_result, rig, ret_call, &err), &err);
    assert_int_equal(rig->results, before);
}

static inline void on_result(void *user, const struct llm_result *result)
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

static inline void run_until(struct rig *rig, int results)
{
    /* until on_result() stops it */
    while (rig->results < results) uv_run(&rig->loop, UV_RUN_DEFAULT);
}

/* Everything must let go: a handle left open would keep the loop for ever, a leak is seen
 * by the sanitizer. */
static inline void tear_down(struct rig *rig)
{
    if (rig->client) assert_int_equal(llm_client_in_flight(rig->client), 0);
    llm_client_close(rig->client);
    server_stop(&rig->server);
    while (uv_run(&rig->loop, UV_RUN_DEFAULT)) continue;
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    server_forget(&rig->server);
}

#endif
