/* Opens what the chain names, and turns the asker when its time has come. */
#include "workers/genai/remote.h"

#include "workers/genai/telling.h"

#include <stdlib.h>

static const char *const names[LLM_PROVIDERS] = {
    [LLM_BEDROCK] = "bedrock", [LLM_ANTHROPIC] = "anthropic", [LLM_OPENAI] = "openai"};

/* --- the list --------------------------------------------------------------------------------- */

static enum llm_provider find_name(struct str name)
{
    for (int i = 0; i < LLM_PROVIDERS; i++)
        if (str_equal(name, str_of(names[i]))) return (enum llm_provider)i;
    return LLM_PROVIDERS;
}

static int add_name(struct remote_chain *chain, struct str name, struct err *err)
{
    enum llm_provider provider = find_name(name);
    if (provider == LLM_PROVIDERS)
        return err_set(
            err, E_BAD_CONFIG,
            "genai.providers: no provider is called \"%.*s\": bedrock, anthropic, openai or local",
            STR_ARGS(name));
    for (uint32_t i = 0; i < chain->count; i++)
        if (chain->providers[i] == provider)
            return err_set(err, E_BAD_CONFIG, "genai.providers: \"%.*s\" is there twice",
                           STR_ARGS(name));
    chain->providers[chain->count++] = provider;
    return E_OK;
}

int remote_parse(const char *providers, struct remote_chain *ret_chain, struct err *err)
{
    struct remote_chain chain = {.count = 0};
    struct str rest = str_trim(str_of(providers));
    if (rest.size == 0)
        return err_set(err, E_BAD_CONFIG, "genai.providers is empty: name at least local");
    while (rest.size) {
        struct str name = str_trim(str_cut(&rest, ','));
        if (str_equal(name, STR("local"))) {
            if (str_trim(rest).size)
                return err_set(err, E_BAD_CONFIG,
                               "genai.providers: nothing can follow local, which always answers");
            break;
        }
        int rc = add_name(&chain, name, err);
        if (rc) return rc;
    }
    *ret_chain = chain;
    return E_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

struct remote {
    struct asker asker;
    struct prompt *prompt;
    struct account_book *account;
    struct llm_client *clients[ASKER_STAGES_MAX];
    uv_loop_t *loop, own_loop;
    uv_timer_t *timer; /* outlives this by a turn of the loop */
    bool owns_loop;
};

static int configure(const struct config *config, enum llm_provider provider,
                     struct llm_config *ret_config, struct err *err)
{
    struct bedrock_options bedrock;
    struct anthropic_options anthropic;
    struct openai_options openai;
    int rc = E_OK;
    switch (provider) {
    case LLM_BEDROCK:
        if ((rc = config_get(config, &bedrock_option_table, &bedrock, err)) == E_OK)
            *ret_config = llm_config_of_bedrock(&bedrock);
        break;
    case LLM_ANTHROPIC:
        if ((rc = config_get(config, &anthropic_option_table, &anthropic, err)) == E_OK)
            *ret_config = llm_config_of_anthropic(&anthropic);
        break;
    default:
        if ((rc = config_get(config, &openai_option_table, &openai, err)) == E_OK)
            *ret_config = llm_config_of_openai(&openai);
        break;
    }
    return rc;
}

static int open_client(struct worker_context *context, struct remote *remote,
                       enum llm_provider provider, struct llm_client **ret_client, struct err *err)
{
    struct llm_config config;
    int rc = configure(context->config, provider, &config, err);
    if (rc) return rc;
    config.clock = context->clock;
    return llm_client_open(remote->loop, &config, ret_client, err); /* which names it */
}

static struct asker_options options_of(const struct genai_options *options)
{
    return (struct asker_options){.limits = {.requests_a_minute = options->requests_a_minute,
                                             .tokens_a_minute = options->tokens_a_minute,
                                             .calls = options->calls},
                                  .batch_records = options->batch_records,
                                  .tries = options->tries,
                                  .answer_tokens = options->answer_tokens,
                                  .text_bytes = (uint32_t)options->text_bytes,
                                  .queue = options->queue,
                                  .batch_wait_ms = options->batch_wait,
                                  .patience_ms = options->patience,
                                  .retry_least_ms = options->retry_least,
                                  .retry_most_ms = options->retry_most,
                                  .breaker_least_ms = options->outage_least,
                                  .breaker_most_ms = options->outage_most,
                                  .language = options->language,
                                  .temperature = options->temperature};
}

static void on_timer(uv_timer_t *timer);

static void arm(struct remote *remote, int64_t wait_ms)
{
    if (remote->timer)
        uv_timer_start(remote->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

static void on_due(void *user) { arm(user, 0); }

static void turn(struct remote *remote)
{
    int64_t due_ms = asker_turn(&remote->asker);
    if (due_ms == INT64_MAX) return;
    int64_t wait_ms = due_ms - clock_mono_ms(remote->asker.clock);
    bool waits = uv_is_active((uv_handle_t *)remote->timer);
    if (!waits || (int64_t)uv_timer_get_due_in(remote->timer) > wait_ms) arm(remote, wait_ms);
}

static void on_timer(uv_timer_t *timer) { turn(timer->data); }
static void on_free(void *user) { turn(user); }

static int open_loop(struct worker_context *context, struct remote *remote, struct err *err)
{
    remote->loop = context->loop;
    if (!remote->loop) {
        if (uv_loop_init(&remote->own_loop)) return err_set(err, E_SYSTEM, "no event loop");
        remote->owns_loop = true;
        remote->loop = &remote->own_loop;
    }
    remote->timer = malloc(sizeof *remote->timer);
    if (!remote->timer) return err_set(err, E_NO_MEMORY, NULL);
    uv_timer_init(remote->loop, remote->timer);
    remote->timer->data = remote;
    return E_OK;
}

int remote_open(struct worker_context *context, const struct remote_chain *chain,
                const char *folder, asker_on_end *on_end, void *user, struct remote **ret_remote,
                struct err *err)
{
    const struct genai_options *options = context->options;
    struct asker_options asking = options_of(options);
    struct remote *remote = calloc(1, sizeof *remote);
    if (!remote) return err_set(err, E_NO_MEMORY, NULL);
    int rc = open_loop(context, remote, err);
    if (rc == E_OK)
        rc = prompt_open(folder, options->prompt, context->random, &remote->prompt, err);
    if (rc == E_OK) rc = account_open(context, &remote->account, err);
    for (uint32_t i = 0; i < chain->count && rc == E_OK; i++)
        rc = open_client(context, remote, chain->providers[i], &remote->clients[i], err);
    for (uint32_t i = 0; i < chain->count && rc == E_OK; i++)
        rc = account_check(remote->account, NULL, names[chain->providers[i]],
                           llm_client_model(remote->clients[i]), err);
    if (rc) {
        remote_close(remote);
        return rc;
    }
    if (remote->owns_loop) asking.batch_wait_ms = 0; /* no other record comes meanwhile */
    asker_init(&remote->asker, &asking, context->clock, context->random, remote->prompt,
               remote->account);
    remote->asker.telemetry = context->telemetry;
    remote->asker.on_end = on_end, remote->asker.on_end_user = user;
    remote->asker.on_due = on_due, remote->asker.on_due_user = remote;
    remote->asker.on_free = on_free;
    for (uint32_t i = 0; i < chain->count; i++)
        asker_add_stage(&remote->asker, names[chain->providers[i]], remote->clients[i]);
    *ret_remote = remote;
    return E_OK;
}

/* --- closing ---------------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle) { free(handle); }

static void close_loop(struct remote *remote)
{
    if (remote->timer) uv_close((uv_handle_t *)remote->timer, on_timer_closed);
    if (!remote->owns_loop) return;
    uv_run(remote->loop, UV_RUN_DEFAULT);
    uv_loop_close(remote->loop);
}

void remote_close(struct remote *remote)
{
    if (!remote) return;
    asker_deinit(&remote->asker);
    for (uint32_t i = 0; i < ASKER_STAGES_MAX; i++) llm_client_close(remote->clients[i]);
    account_close(remote->account);
    close_loop(remote);
    prompt_close(remote->prompt);
    free(remote);
}

/* A key in a file (api_key_file, bearer_token_file) may be another by now. */
static int read_key(const struct llm_client *client, const struct config *config, char **ret_key,
                    struct err *err)
{
    enum llm_provider provider = llm_client_provider(client);
    struct buffer key = {0};
    int rc = config_secret(config, names[provider],
                           provider == LLM_BEDROCK ? "bearer_token" : "api_key", &key, err);
    if (rc == E_OK) rc = llm_client_read_key(client, buffer_cstr(&key), ret_key, err);
    if (key.data) explicit_bzero(key.data, key.capacity);
    buffer_deinit(&key);
    return rc;
}

int remote_read(const struct remote *remote, const struct worker_context *context,
                const char *folder, struct remote_files *files, struct err *err)
{
    const struct genai_options *options = context->options;
    int rc = prompt_open(folder, options->prompt, context->random, &files->prompt, err);
    if (rc == E_OK) rc = account_read_prices(context, &files->prices, err);
    for (uint32_t i = 0; i < ASKER_STAGES_MAX && remote->clients[i] && rc == E_OK; i++) {
        const struct llm_client *client = remote->clients[i];
        rc = account_check(remote->account, files->prices, names[llm_client_provider(client)],
                           llm_client_model(client), err);
        if (rc == E_OK) rc = read_key(client, context->config, &files->keys[i], err);
    }
    return rc;
}

void remote_swap(struct remote *remote, struct remote_files *files)
{
    struct prompt *before = remote->prompt;
    remote->prompt = remote->asker.prompt = files->prompt;
    files->prompt = before;
    account_swap_prices(remote->account, &files->prices);
    for (uint32_t i = 0; i < ASKER_STAGES_MAX && remote->clients[i]; i++)
        llm_client_swap_key(remote->clients[i], &files->keys[i]);
}

void remote_files_free(struct remote_files *files)
{
    prompt_close(files->prompt);
    prices_destroy(files->prices);
    for (uint32_t i = 0; i < ASKER_STAGES_MAX; i++) llm_key_free(files->keys[i]);
}

struct asker *remote_asker(struct remote *remote) { return &remote->asker; }

void remote_rewound(struct remote *remote)
{
    asker_let_go(&remote->asker);
    account_rewound(remote->account);
}

void remote_metrics(struct remote *remote, uint64_t backlog_records, struct metrics_writer *writer)
{
    telling_write(&remote->asker, writer);
    account_metrics(remote->account, backlog_records, writer);
}

void remote_tally(const struct remote *remote, struct genai_tally *ret_tally)
{
    const struct asker *asker = &remote->asker;
    struct genai_tally tally = {
        .asked = asker->counts.asked, .repairs = asker->counts.repairs,
        .unusable = asker->counts.unusable, .missing = asker->counts.missing,
        .retries = asker->counts.retries, .paid_micros = account_paid_micros(remote->account)};
    uint64_t most = 0;
    for (uint32_t i = 0; i < asker->stage_count; i++) {
        const struct stage *stage = &asker->stages[i];
        tally.input_tokens += (uint64_t)stage->input_tokens.sum;
        tally.output_tokens += (uint64_t)stage->output_tokens.sum;
        for (enum llm_why why = 0; why < LLM_WHYS; why++) {
            tally.calls += stage->ends[why];
            if (why == LLM_ANSWERED) continue;
            tally.failed_calls += stage->ends[why];
            if (stage->ends[why] > most) most = stage->ends[why], tally.failure = llm_why_text(why);
        }
    }
    *ret_tally = tally;
}

void remote_wait(struct remote *remote, const bool *ended)
{
    while (!*ended && uv_run(remote->loop, UV_RUN_ONCE)) continue;
}
