/* What a client may be opened with: endpoints, models, keys; and options on their
 * way from the file. */
#include <stdlib.h>

#include "config/config.h"
#include "llm/client.h"
#include "test.h"

static const struct {
    const char *why;
    struct llm_config config;
    const char *endpoint, *host, *path; /* endpoint NULL: refused */
} clients[] = {
    {"Amazon's own", {.provider = LLM_BEDROCK, .model = "m", .region = "eu-west-3"},
     "https://bedrock-runtime.eu-west-3.amazonaws.com", "bedrock-runtime.eu-west-3.amazonaws.com",
     ""},
    {"in China", {.provider = LLM_BEDROCK, .model = "m", .region = "cn-north-1"},
     "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
     "bedrock-runtime.cn-north-1.amazonaws.com.cn", ""},
    {"no region", {.provider = LLM_BEDROCK, .model = "m"},
     "https://bedrock-runtime.us-east-1.amazonaws.com", "bedrock-runtime.us-east-1.amazonaws.com",
     ""},
    {"a region that would be a host",
     {.provider = LLM_BEDROCK, .model = "m", .region = "evil.example/x"}, NULL, NULL, NULL},
    {"an endpoint", {.provider = LLM_BEDROCK, .model = "m", .endpoint = "http://127.0.0.1:8080"},
     "http://127.0.0.1:8080", "127.0.0.1:8080", ""},
    {"the port that https has anyway",
     {.provider = LLM_BEDROCK, .model = "m", .endpoint = "https://h:443/"}, "https://h:443", "h",
     ""},
    {"a path, slashes at the end",
     {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://h:8000/v1//"}, "http://h:8000/v1",
     "h:8000", "/v1"},
    {"IPv6", {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://[::1]:8000/v1"},
     "http://[::1]:8000/v1", "[::1]:8000", "/v1"},
    {"IPv6 without port", {.provider = LLM_OPENAI, .model = "m", .endpoint = "https://[::1]"},
     "https://[::1]", "[::1]", ""},
    {"no endpoint", {.provider = LLM_OPENAI, .model = "m"}, NULL, NULL, NULL},
    {"another scheme", {.provider = LLM_OPENAI, .model = "m", .endpoint = "ftp://h"}, NULL, NULL,
     NULL},
    {"no scheme", {.provider = LLM_OPENAI, .model = "m", .endpoint = "h:80"}, NULL, NULL, NULL},
    {"no host", {.provider = LLM_OPENAI, .model = "m", .endpoint = "http:///v1"}, NULL, NULL, NULL},
    {"no port behind the colon", {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://h:"},
     NULL, NULL, NULL},
    {"a port beyond all", {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://h:65536"},
     NULL, NULL, NULL},
    {"junk behind IPv6", {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://[::1]x"}, NULL,
     NULL, NULL},
    {"a query", {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://h/v1?key=x"}, NULL, NULL,
     NULL},
    {"a space", {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://h/v 1"}, NULL, NULL,
     NULL},
    {"a password", {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://u:SECRET@h/"}, NULL,
     NULL, NULL},
    {"no model", {.provider = LLM_OPENAI, .endpoint = "http://h"}, NULL, NULL, NULL},
    {"a model on two lines", {.provider = LLM_OPENAI, .model = "a\nb", .endpoint = "http://h"},
     NULL, NULL, NULL},
    {"a key on two lines",
     {.provider = LLM_OPENAI, .model = "m", .endpoint = "http://h", .api_key = "SECRET\nSECRET"},
     NULL, NULL, NULL},
    {"Anthropic without a key", {.provider = LLM_ANTHROPIC, .model = "m", .endpoint = "https://h"},
     NULL, NULL, NULL},
    {"an access key without its secret",
     {.provider = LLM_BEDROCK, .model = "m", .access_key_id = "A"}, NULL, NULL, NULL},
};

static void opens_what_can_be_meant(void **state)
{
    (void)state;
    static const char *const names[] = {
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK", "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_EC2_METADATA_DISABLED"};
    for (size_t i = 0; i < COUNT_OF(names); i++) unsetenv(names[i]);
    setenv("HOME", "/nonexistent", 1);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        CASE(clients[i].why);
        uv_loop_t loop;
        struct llm_client *client = NULL;
        struct err err = {0};
        assert_int_equal(uv_loop_init(&loop), 0);
        int rc = llm_client_open(&loop, &clients[i].config, &client, &err);
        assert_int_equal(rc, clients[i].endpoint ? E_OK : E_BAD_CONFIG);
        if (rc == E_OK) {
            const struct remote *remote = (const struct remote *)(const void *)client;
            assert_string_equal(remote->endpoint, clients[i].endpoint);
            assert_string_equal(remote->host, clients[i].host);
            assert_string_equal(remote->endpoint + remote->endpoint_path, clients[i].path);
        } else {
            assert_int_equal(err.code, rc);
            assert_null(strstr(err.text, "SECRET"));
            assert_non_null(strstr(err.text, llm_provider_name(clients[i].config.provider)));
        }
        llm_client_close(client);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

static const struct { const char *why, *endpoint, *configured, *key; } keys[] = {
    {"to OpenAI its key of the environment", "https://api.openai.com/v1", "", "from-environment"},
    {"to nobody else", "https://gateway.example/v1", "", ""},
    {"but what is configured, to all", "https://gateway.example/v1", "configured", "configured"},
    {"which wins", "https://api.openai.com/v1", "configured", "configured"},
};

static void gives_keys_to_whom_they_belong(void **state)
{
    (void)state;
    setenv("OPENAI_API_KEY", "from-environment", 1);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        CASE(keys[i].why);
        uv_loop_t loop;
        struct llm_client *client = NULL;
        struct llm_config config = {
            .provider = LLM_OPENAI, .model = "m", .endpoint = keys[i].endpoint,
            .api_key = keys[i].configured};
        struct err err;
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_int_equal(llm_client_open(&loop, &config, &client, &err), E_OK);
        assert_string_equal(((const struct remote *)(const void *)client)->api_key, keys[i].key);
        llm_client_close(client);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
    unsetenv("OPENAI_API_KEY");
}

static const struct { const char *why, *endpoint, *server; uint16_t port; } servers[] = {
    {"by name", "https://api.openai.com/v1", "api.openai.com", 443},
    {"without TLS", "http://localhost", "localhost", 80},
    {"with a port", "http://127.0.0.1:8081/v1", "127.0.0.1", 8081},
    {"an address in brackets", "https://[::1]:8443", "::1", 8443},
};

static void tells_its_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(servers); i++) {
        CASE(servers[i].why);
        uv_loop_t loop;
        struct llm_client *client = NULL;
        struct llm_config config = {
            .provider = LLM_OPENAI, .model = "m", .endpoint = servers[i].endpoint};
        struct err err;
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_int_equal(llm_client_open(&loop, &config, &client, &err), E_OK);
        assert_string_equal(llm_client_server(client), servers[i].server);
        assert_int_equal(llm_client_port(client), servers[i].port);
        llm_client_close(client);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

static void options_become_configs(void **state)
{
    (void)state;
    static const struct option_table *const tables[] = {
        &bedrock_option_table, &anthropic_option_table, &openai_option_table, NULL};
    struct config *config = NULL;
    struct bedrock_options bedrock;
    struct anthropic_options anthropic;
    struct openai_options openai;
    struct err err = {0};
    assert_int_equal(config_create(tables, &config, &err), E_OK);
    struct str text = STR(
        "[bedrock]\napi = invoke\nregion = eu-west-3\nbearer_token = SECRET\ndeadline = 2s\n"
        "[openai]\nmodel = gpt\nstructured = strict\n"
        "limit_name = max_completion_tokens\nreply_limit = 64k\n");
    assert_int_equal(config_read_text(config, "test", text, &err), E_OK);
    assert_int_equal(config_get(config, &bedrock_option_table, &bedrock, &err), E_OK);
    assert_int_equal(config_get(config, &anthropic_option_table, &anthropic, &err), E_OK);
    assert_int_equal(config_get(config, &openai_option_table, &openai, &err), E_OK);
    struct llm_config made = llm_config_of_bedrock(&bedrock);
    assert_int_equal(made.provider, LLM_BEDROCK);
    assert_true(made.invoke);
    assert_string_equal(made.region, "eu-west-3");
    assert_string_equal(made.api_key, "SECRET");
    assert_int_equal(made.deadline_ms, 2000);
    assert_int_equal(made.connect_timeout_ms, 5000);
    assert_string_equal(made.model, "us.anthropic.claude-haiku-4-5-20251001-v1:0");
    made = llm_config_of_anthropic(&anthropic);
    assert_int_equal(made.provider, LLM_ANTHROPIC);
    assert_string_equal(made.endpoint, "https://api.anthropic.com");
    made = llm_config_of_openai(&openai);
    assert_int_equal(made.provider, LLM_OPENAI);
    assert_true(made.strict && made.max_completion_tokens && !made.json_object);
    assert_int_equal(made.reply_limit_bytes, 65536);
    assert_string_equal(config_value(config, "bedrock", "bearer_token", NULL), "(set)");
    config_destroy(config);
}

/* The table of reasons: each has a name of its own, and only an answer is used. */
static void reasons_are_whole(void **state)
{
    (void)state;
    for (int i = 0; i < LLM_WHYS; i++) {
        assert_int_equal(llm_why_next((enum llm_why)i) == LLM_USE, i == LLM_ANSWERED);
        assert_true(*llm_why_text((enum llm_why)i));
        for (int other = 0; other < i; other++)
            assert_string_not_equal(llm_why_name((enum llm_why)i),
                                    llm_why_name((enum llm_why)other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_can_be_meant),
        cmocka_unit_test(gives_keys_to_whom_they_belong),
        cmocka_unit_test(tells_its_server),
        cmocka_unit_test(options_become_configs),
        cmocka_unit_test(reasons_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
