/* Opens a client: what is configured is checked, copied and completed from the environment. */
#include <stdlib.h>

#include "aws/region.h"
#include "base/ascii.h"
#include "llm/client.h"

enum {
    DEFAULT_CONNECTIONS = 16,
    DEFAULT_CONNECT_MS = 5000,
    DEFAULT_DEADLINE_MS = 60000,
    DEFAULT_REPLY_BYTES = 1 << 20,
    ENDPOINT_BYTES_MAX = 1024,
};

static const char *first_of(const char *a, const char *b)
{
    return a && *a ? a : b && *b ? b : "";
}

/* Nothing that could end a header's line or hide in one. */
static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text >= 0x7F) return false;
    return true;
}

static const char *keep(struct remote *remote, const char *text, bool *ok)
{
    struct str copy = arena_copy(&remote->texts, str_of(text ? text : ""));
    if (!copy.data) *ok = false;
    return copy.data ? copy.data : "";
}

/* --- the endpoint ---------------------------------------------------------------------------- */

static int refuse_endpoint(const char *endpoint, struct err *err)
{
    bool secret = strchr(endpoint, '@') != NULL; /* perhaps */
    return err_set(err, E_BAD_CONFIG,
                   "endpoint %s%s%s: http:// or https://, a host, perhaps a port "
                   "and a path, and nothing else",
                   secret ? "" : "\"", secret ? "(not shown)" : endpoint, secret ? "" : "\"");
}

/* Sets endpoint, endpoint_path and host. */
static int take_endpoint(struct remote *remote, const char *endpoint, struct err *err)
{
    struct str rest = str_of(endpoint), port = {0};
    bool secure = str_starts(rest, STR("https://")), ok = true;
    if (rest.size > ENDPOINT_BYTES_MAX || !is_printable(endpoint) ||
        strpbrk(endpoint, "@?#\"<>\\") || (!secure && !str_starts(rest, STR("http://"))))
        return refuse_endpoint(endpoint, err);
    while (str_ends(rest, STR("/"))) rest.size--;
    struct str whole = rest, authority;
    rest = str_slice(rest, secure ? 8 : 7, rest.size);
    authority = str_cut(&rest, '/');
    struct str host = authority;
    size_t bracket = str_find(host, STR("]"));
    size_t colon = bracket < host.size ? bracket + 1 : str_find(host, STR(":"));
    port = str_slice(host, colon + 1, host.size);
    host = str_slice(host, 0, colon);
    uint64_t number = secure ? 443 : 80;
    bool bad_port = colon < authority.size &&
                    (authority.data[colon] != ':' || !str_to_u64(port, &number) || number == 0 ||
                     number > 65535);
    if (host.size == 0 || bad_port) return refuse_endpoint(endpoint, err);
    bool shown = port.size && number != (secure ? 443 : 80);
    remote->host = arena_printf(&remote->texts, "%.*s%s%.*s", STR_ARGS(host), shown ? ":" : "",
                                shown ? (int)port.size : 0, port.data ? port.data : "").data;
    struct str server = bracket < host.size ? str_slice(host, 1, bracket) : host;
    remote->base.server = arena_printf(&remote->texts, "%.*s", STR_ARGS(server)).data;
    remote->base.port = (uint16_t)number;
    remote->endpoint = arena_copy(&remote->texts, whole).data;
    remote->endpoint_path = (size_t)(authority.data + authority.size - whole.data);
    ok = remote->host && remote->base.server && remote->endpoint;
    return ok ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int take_bedrock_endpoint(struct remote *remote, const struct llm_config *config,
                                 struct err *err)
{
    char amazon[REGION_ENDPOINT_BYTES];
    const char *region = region_choose(config->region);
    bool ok = true;
    int rc = region_endpoint("bedrock-runtime", region, amazon, err);
    if (rc) return rc;
    remote->region = keep(remote, region, &ok);
    if (!ok) return err_set(err, E_NO_MEMORY, NULL);
    return take_endpoint(remote, first_of(config->endpoint, amazon), err);
}

/* --- keys ------------------------------------------------------------------------------------ */

/* OpenAI's key is for OpenAI: not for whatever server the endpoint names. */
static const char *find_key(const struct remote *remote, const struct llm_config *config)
{
    bool own = str_equal(str_of(remote->host), STR("api.openai.com"));
    switch (config->provider) {
    case LLM_BEDROCK: return first_of(config->api_key, getenv("AWS_BEARER_TOKEN_BEDROCK"));
    case LLM_ANTHROPIC: return first_of(config->api_key, getenv("ANTHROPIC_API_KEY"));
    default: return first_of(config->api_key, own ? getenv("OPENAI_API_KEY") : NULL);
    }
}

static int check_key(const struct remote *remote, const char *key, struct err *err)
{
    if (!is_printable(key))
        return err_set(err, E_BAD_CONFIG, "the API key holds white space or control characters");
    if (remote->base.provider == LLM_ANTHROPIC && !*key)
        return err_set(err, E_BAD_CONFIG, "no API key: set anthropic.api_key or ANTHROPIC_API_KEY");
    return E_OK;
}

int remote_read_key(const struct llm_client *client, const char *api_key, char **ret_key,
                    struct err *err)
{
    const struct remote *remote = (const struct remote *)(const void *)client;
    const struct llm_config config = {.provider = client->provider, .api_key = api_key};
    const char *key = find_key(remote, &config);
    int rc = check_key(remote, key, err);
    if (rc == E_OK && client->provider == LLM_BEDROCK && remote->signing != !*key)
        rc = err_set(err, E_BAD_CONFIG,
                     "a bearer token in place of signatures, or none any more, needs a restart");
    if (rc) return err_wrap(err, "%s", llm_provider_name(client->provider));
    *ret_key = strdup(key);
    return *ret_key ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

void remote_swap_key(struct llm_client *client, char **key)
{
    struct remote *remote = (struct remote *)(void *)client;
    char *before = remote->api_key;
    remote->api_key = *key;
    *key = before;
    remote->key_number++;
    remote_drop_spare(remote);
}

static int take_keys(struct remote *remote, const struct llm_config *config, struct err *err)
{
    const char *key = find_key(remote, config);
    bool ok = true;
    int checked = check_key(remote, key, err);
    if (checked) return checked;
    remote->api_key = strdup(key);
    if (!remote->api_key) return err_set(err, E_NO_MEMORY, NULL);
    remote->signing = config->provider == LLM_BEDROCK && !*key;
    if (!remote->signing) return E_OK;
    remote->keys.config = (struct credentials_config){
        .access_key_id = keep(remote, config->access_key_id, &ok),
        .secret_access_key = keep(remote, config->secret_access_key, &ok),
        .session_token = keep(remote, config->session_token, &ok),
        .file = keep(remote, config->credentials_file, &ok),
        .profile = keep(remote, config->profile, &ok),
    };
    remote->keys.region = remote->region;
    remote->keys.on_change = remote_on_keys;
    remote->keys.user = remote;
    if (!ok) return err_set(err, E_NO_MEMORY, NULL);
    int rc = keys_open(&remote->keys, remote->wire, remote->clock, err);
    if (rc == E_NOT_FOUND) {
        if (err) err->code = E_BAD_CONFIG;
        return E_BAD_CONFIG;
    }
    return rc;
}

/* --- the client ------------------------------------------------------------------------------ */

static int take_model(struct remote *remote, const struct llm_config *config, struct err *err)
{
    bool ok = true;
    const char *model = config->model ? config->model : "";
    if (!*model)
        return err_set(err, E_BAD_CONFIG, "no model is named: set %s.model",
                       llm_provider_name(config->provider));
    if (!is_printable(model) || strlen(model) >= LLM_MODEL_BYTES)
        return err_set(err, E_BAD_CONFIG, "model: an id of at most %d printable characters",
                       LLM_MODEL_BYTES - 1);
    remote->base.model = remote->style.model = keep(remote, model, &ok);
    return ok ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int open_wire(struct remote *remote, uv_loop_t *loop, const struct llm_config *config,
                     struct err *err)
{
    remote->spare_most = config->connections ? config->connections : DEFAULT_CONNECTIONS;
    const struct wire_options options = {
        .connections = remote->spare_most,
        .ca_file = config->ca_file,
        .secure = str_starts(str_of(remote->endpoint), STR("https:"))};
    return wire_open(loop, &options, &remote->wire, err);
}

static int take_all(struct remote *remote, uv_loop_t *loop, const struct llm_config *config,
                    struct err *err)
{
    int rc = take_model(remote, config, err);
    if (rc == E_OK)
        rc = config->provider == LLM_BEDROCK
                 ? take_bedrock_endpoint(remote, config, err)
                 : take_endpoint(remote, config->endpoint ? config->endpoint : "", err);
    if (rc == E_OK) rc = open_wire(remote, loop, config, err);
    return rc == E_OK ? take_keys(remote, config, err) : rc;
}

int llm_client_open(uv_loop_t *loop, const struct llm_config *config,
                    struct llm_client **ret_client, struct err *err)
{
    struct remote *remote = calloc(1, sizeof *remote);
    if (!remote) return err_set(err, E_NO_MEMORY, "opening a provider");
    remote->base.ops = &remote_ops;
    remote->base.provider = config->provider;
    remote->provider = provider_of(config->provider, config->invoke);
    remote->clock = config->clock ? config->clock : clock_system();
    remote->style.invoke = config->invoke;
    remote->style.system = &remote->system;
    remote->style.strict = config->strict;
    remote->style.json_object = config->json_object;
    remote->style.max_completion_tokens = config->max_completion_tokens;
    remote->connect_timeout_ms =
        config->connect_timeout_ms > 0 ? config->connect_timeout_ms : DEFAULT_CONNECT_MS;
    remote->deadline_ms = config->deadline_ms > 0 ? config->deadline_ms : DEFAULT_DEADLINE_MS;
    remote->reply_limit = config->reply_limit_bytes ? (size_t)config->reply_limit_bytes
                                                    : DEFAULT_REPLY_BYTES;
    int rc = take_all(remote, loop, config, err);
    if (rc != E_OK) {
        remote_destroy(remote);
        if (err) (void)err_wrap(err, "%s", llm_provider_name(config->provider));
        return rc;
    }
    *ret_client = &remote->base;
    return E_OK;
}

void remote_destroy(struct remote *remote)
{
    keys_close(&remote->keys);
    wire_close(remote->wire);
    sigv4_signer_deinit(&remote->signer);
    sigv4_signed_deinit(&remote->sign);
    llm_key_free(remote->api_key);
    /* Configured secrets were copied here. */
    const char *secrets[] = {
        remote->keys.config.secret_access_key, remote->keys.config.session_token};
    for (size_t i = 0; i < 2; i++)
        if (secrets[i]) explicit_bzero((char *)(uintptr_t)secrets[i], strlen(secrets[i]));
    remote_drop_spare(remote);
    buffer_deinit(&remote->system.text);
    buffer_deinit(&remote->system.json);
    arena_deinit(&remote->texts);
    arena_deinit(&remote->scratch);
    free(remote);
}
