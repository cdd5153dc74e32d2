/* Asks a provider what a file says, and prints each result as a line of JSON: so that tests in
 * other languages, beside servers that aren't ours, can judge common/llm.
 *
 *     llm_ask CONFIG PROVIDER QUESTIONS [AT_ONCE]
 *
 * CONFIG is an INI file with the provider's section; QUESTIONS has one JSON object a line: prompt,
 * and what of system, name, purpose, schema (text), model, max_tokens, temperature, deadline_ms
 * isn't to be as below. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "llm/llm.h"
#include "schema/json.h"

struct asking {
    uv_loop_t loop;
    struct llm_client *client;
    struct buffer questions;
    struct str rest; /* of them */
    struct arena arena;
    uint32_t asked, at_once;
};

struct slot {
    struct asking *asking;
    uint32_t number;
};

static void die(const char *what, const struct err *err)
{
    fprintf(stderr, "llm_ask: %s: %s\n", what, err->text);
    exit(err_exit_status(err->code));
}

static void read_question(struct str line, struct arena *arena, struct llm_question *question)
{
    struct json_reader json = json_reader(line, arena);
    struct json_value value;
    struct str name;
    bool first = true, good = json_next(&json, &value) && value.kind == JSON_OBJECT;
    *question = (struct llm_question){
        .name = STR("answer"), .schema = STR("{\"type\":\"object\"}"), .max_tokens = 256,
        .temperature = -1};
    while (good && json_member(&json, &first, &name)) {
        struct { const char *name; struct str *text; } texts[] = {
            {"system", &question->system}, {"prompt", &question->prompt}, {"name", &question->name},
            {"purpose", &question->purpose}, {"schema", &question->schema},
            {"model", &question->model}};
        double number = 0;
        good = json_next(&json, &value) &&
               (value.kind == JSON_STRING || str_to_f64(value.text, &number));
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (str_equal(name, str_of(texts[i].name))) *texts[i].text = value.text;
        if (str_equal(name, STR("max_tokens"))) question->max_tokens = (uint32_t)number;
        if (str_equal(name, STR("temperature"))) question->temperature = number;
        if (str_equal(name, STR("deadline_ms"))) question->deadline_ms = (int64_t)number;
    }
    if (!good || !json_end(&json)) {
        fprintf(stderr, "llm_ask: no question: %.*s\n", STR_ARGS(line));
        exit(65);
    }
}

static void print_text(struct buffer *out, const char *name, struct str text)
{
    buffer_printf(out, ",\"%s\":", name);
    json_write_string(out, text);
}

static void print_result(uint32_t number, const struct llm_result *result)
{
    struct buffer out = {0};
    const struct llm_limit *requests = &result->limits.requests, *tokens = &result->limits.tokens;
    buffer_printf(&out, "{\"number\":%u", number);
    print_text(&out, "why", str_of(llm_why_name(result->why)));
    print_text(&out, "json", result->json);
    print_text(&out, "id", str_of(result->id));
    print_text(&out, "model", str_of(result->model));
    print_text(&out, "finish", str_of(result->finish));
    print_text(&out, "text", str_of(result->text));
    buffer_printf(&out, ",\"status\":%d,\"retry_after_ms\":%lld,\"latency_ms\":%lld",
                  result->status, (long long)result->retry_after_ms, (long long)result->latency_ms);
    buffer_printf(&out, ",\"known\":%s,\"input\":%u,\"cached\":%u,\"output\":%u,\"maybe_paid\":%s",
                  result->usage.known ? "true" : "false", result->usage.input_tokens,
                  result->usage.cached_tokens, result->usage.output_tokens,
                  result->maybe_paid ? "true" : "false");
    buffer_printf(&out, ",\"requests_left\":%lld,\"tokens_left\":%lld}\n",
                  (long long)requests->remaining, (long long)tokens->remaining);
    fwrite(out.data, 1, out.size, stdout);
    buffer_deinit(&out);
}

static void ask_next(struct asking *asking);
static void on_result(void *user, const struct llm_result *result)
{
    struct slot *slot = user;
    struct asking *asking = slot->asking;
    print_result(slot->number, result);
    free(slot);
    ask_next(asking);
    if (asking->rest.size == 0 && llm_client_in_flight(asking->client) == 0) uv_stop(&asking->loop);
}

static void ask_next(struct asking *asking)
{
    struct llm_question question;
    struct err err = {0};
    if (asking->rest.size == 0) return;
    struct slot *slot = malloc(sizeof *slot);
    if (!slot) abort();
    *slot = (struct slot){asking, asking->asked++};
    arena_reset(&asking->arena);
    read_question(str_cut(&asking->rest, '\n'), &asking->arena, &question);
    if (llm_ask(asking->client, &question, on_result, slot, NULL, &err) != E_OK)
        die("asking", &err);
}

static int read_config(const char *file, const char *provider, struct llm_config *ret_config,
                       struct config **ret_owner, struct err *err)
{
    static const struct option_table *const tables[] = {
        &bedrock_option_table, &anthropic_option_table, &openai_option_table, NULL};
    static struct bedrock_options bedrock;
    static struct anthropic_options anthropic;
    static struct openai_options openai;
    struct buffer text = {0};
    int rc = config_create(tables, ret_owner, err);
    if (rc == E_OK) rc = buffer_read_file(&text, file, 1 << 20, err);
    if (rc == E_OK) rc = config_read_text(*ret_owner, file, buffer_str(&text), err);
    if (rc == E_OK) rc = config_get(*ret_owner, &bedrock_option_table, &bedrock, err);
    if (rc == E_OK) rc = config_get(*ret_owner, &anthropic_option_table, &anthropic, err);
    if (rc == E_OK) rc = config_get(*ret_owner, &openai_option_table, &openai, err);
    buffer_deinit(&text);
    if (rc) return rc;
    *ret_config = strcmp(provider, "bedrock") == 0     ? llm_config_of_bedrock(&bedrock)
                  : strcmp(provider, "anthropic") == 0 ? llm_config_of_anthropic(&anthropic)
                                                       : llm_config_of_openai(&openai);
    return E_OK;
}

int main(int argc, char **argv)
{
    struct asking asking = {0};
    struct llm_config llm_config;
    struct config *config = NULL;
    struct err err = {0};
    if (argc < 4) {
        fprintf(stderr, "usage: llm_ask CONFIG PROVIDER QUESTIONS [AT_ONCE]\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    asking.at_once = argc > 4 ? (uint32_t)atoi(argv[4]) : 1;
    uv_loop_init(&asking.loop);
    if (read_config(argv[1], argv[2], &llm_config, &config, &err) != E_OK) die(argv[1], &err);
    if (buffer_read_file(&asking.questions, argv[3], 64 << 20, &err) != E_OK) die(argv[3], &err);
    if (llm_client_open(&asking.loop, &llm_config, &asking.client, &err) != E_OK)
        die("opening", &err);
    asking.rest = buffer_str(&asking.questions);
    for (uint32_t i = 0; i < asking.at_once; i++) ask_next(&asking);
    uv_run(&asking.loop, UV_RUN_DEFAULT);
    llm_client_close(asking.client);
    uv_run(&asking.loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&asking.loop);
    config_destroy(config);
    arena_deinit(&asking.arena);
    buffer_deinit(&asking.questions);
    return rc == 0 ? 0 : 70;
}
