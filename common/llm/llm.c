/* The interface in front of the providers: options, names, and the checks that are the same for
 * all. */
#include "llm/llm.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

#define OPTIONS_OWNER struct bedrock_options
OPTIONS_TABLE(bedrock, BEDROCK_OPTIONS,
              "Models on Amazon Bedrock; keys and credentials are never printed.");
#undef OPTIONS_OWNER
#define OPTIONS_OWNER struct anthropic_options
OPTIONS_TABLE(anthropic, ANTHROPIC_OPTIONS, "Models of Anthropic's API; the key is never printed.");
#undef OPTIONS_OWNER
#define OPTIONS_OWNER struct openai_options
OPTIONS_TABLE(openai, OPENAI_OPTIONS,
              "Models of any server with OpenAI's chat completions; the key is never printed.");
#undef OPTIONS_OWNER

/* The options that all three have. */
#define CONFIG_OF(options_, provider_)                                                             \
    .provider = (provider_), .model = (options_)->model, .endpoint = (options_)->endpoint,         \
    .ca_file = (options_)->ca_file, .connections = (options_)->connections,                        \
    .connect_timeout_ms = (options_)->connect_timeout, .deadline_ms = (options_)->deadline,        \
    .reply_limit_bytes = (options_)->reply_limit

struct llm_config llm_config_of_bedrock(const struct bedrock_options *options)
{
    return (struct llm_config){
        CONFIG_OF(options, LLM_BEDROCK),
        .api_key = options->bearer_token,
        .invoke = options->api == 1,
        .region = options->region,
        .access_key_id = options->access_key_id,
        .secret_access_key = options->secret_access_key,
        .session_token = options->session_token,
        .credentials_file = options->credentials_file,
        .profile = options->profile,
    };
}

struct llm_config llm_config_of_anthropic(const struct anthropic_options *options)
{
    return (struct llm_config){CONFIG_OF(options, LLM_ANTHROPIC), .api_key = options->api_key};
}

struct llm_config llm_config_of_openai(const struct openai_options *options)
{
    return (struct llm_config){
        CONFIG_OF(options, LLM_OPENAI),
        .api_key = options->api_key,
        .strict = options->structured == 1,
        .json_object = options->structured == 2,
        .max_completion_tokens = options->limit_name == 1,
    };
}

/* --- names ----------------------------------------------------------------------------------- */

const char *llm_provider_name(enum llm_provider provider)
{
    static const char *const names[LLM_PROVIDERS] = {"aws.bedrock", "anthropic", "openai"};
    assert((unsigned)provider < LLM_PROVIDERS);
    return names[provider];
}

static const struct {
    const char *name, *text;
    enum llm_next next;
} whys[LLM_WHYS] = {
#define WHY_ROW(code, name_, next_, text_) {.name = (name_), .text = (text_), .next = LLM_##next_},
    LLM_WHY_TABLE(WHY_ROW)
#undef WHY_ROW
};

const char *llm_why_name(enum llm_why why)
{
    assert((unsigned)why < LLM_WHYS);
    return whys[why].name;
}

const char *llm_why_text(enum llm_why why)
{
    assert((unsigned)why < LLM_WHYS);
    return whys[why].text;
}

enum llm_next llm_why_next(enum llm_why why)
{
    assert((unsigned)why < LLM_WHYS);
    return whys[why].next;
}

/* --- calls ----------------------------------------------------------------------------------- */

static bool is_name(struct str name)
{
    return name.size > 0 && name.size < LLM_NAME_BYTES &&
           ascii_consists_of(name, ASCII_LETTERS ASCII_DIGITS "_-");
}

uint64_t llm_new_form(void)
{
    static atomic_uint_fast64_t given;
    return (uint64_t)atomic_fetch_add(&given, 1) + 1;
}

static int check_form(const struct llm_question *question, struct err *err)
{
    if (!is_name(question->name))
        return err_set(err, E_USAGE, "a question's answer needs a name of [a-zA-Z0-9_-]{1,64}");
    if (question->schema.size == 0) return err_set(err, E_USAGE, "a question needs a schema");
    if (!str_is_utf8(question->system) || !str_is_utf8(question->purpose) ||
        !str_is_utf8(question->schema))
        return err_set(err, E_USAGE, "a question's texts must be UTF-8");
    return E_OK;
}

int llm_ask(struct llm_client *client, const struct llm_question *question,
            llm_on_result *on_result, void *user, struct llm_call **ret_call, struct err *err)
{
    struct llm_call *call = NULL;
    bool known = question->form && question->form == client->form;
    int rc = known ? E_OK : check_form(question, err);
    if (rc) return rc;
    client->form = question->form;
    if (question->prompt.size == 0 || question->max_tokens == 0)
        return err_set(err, E_USAGE, "a question needs a prompt and max_tokens");
    if (!str_is_utf8(question->prompt))
        return err_set(err, E_USAGE, "a question's texts must be UTF-8");
    rc = client->ops->ask(client, question, on_result, user, &call, err);
    if (rc == E_OK && ret_call) *ret_call = call;
    return rc;
}

void llm_cancel(struct llm_call *call) { call->client->ops->cancel(call); }

int llm_client_read_key(const struct llm_client *client, const char *api_key, char **ret_key,
                        struct err *err)
{
    if (client->ops->read_key) return client->ops->read_key(client, api_key, ret_key, err);
    return *ret_key = NULL, E_OK;
}

void llm_client_swap_key(struct llm_client *client, char **key)
{
    if (client->ops->swap_key) client->ops->swap_key(client, key);
}

void llm_key_free(char *key)
{
    if (key) explicit_bzero(key, strlen(key));
    free(key);
}

void llm_client_close(struct llm_client *client)
{
    if (client) client->ops->close(client);
}

enum llm_provider llm_client_provider(const struct llm_client *client) { return client->provider; }
const char *llm_client_model(const struct llm_client *client) { return client->model; }
const char *llm_client_server(const struct llm_client *client)
{
    return client->server ? client->server : "";
}
uint16_t llm_client_port(const struct llm_client *client) { return client->port; }
uint32_t llm_client_in_flight(const struct llm_client *client) { return client->in_flight; }
