/* The client: a question becomes a signed request, a reply becomes a result.
 *
 * Happy path: ask → credentials are at hand → sign, send → reply → judge → on_result().
 * Failure modes: credentials that are still being fetched make a call wait; some that can't be had
 * end it; a clock that is off and credentials that were replaced are put right by what a refusal
 * says, and its call ends as STALE, to be made again. */
#include "llm/client.h"

#include <assert.h>
#include <stdlib.h>

enum { SKEW_NOTICED_MS = 60000, BODY_BYTES_AROUND = 1024, SPARE_BYTES_MAX = 64 * 1024 };

struct call {
    struct llm_call base;
    struct exchange exchange;
    struct reply_head head;
    llm_on_result *on_result;
    void *user;
    int64_t started_ms, deadline_ms; /* of the monotonic clock; a length */
    enum { CALL_WAITING, CALL_SENT, CALL_LOST } state;
    enum llm_why lost; /* CALL_LOST: why it never left */
    uint32_t key_number; /* that its headers are made with */
    bool headed;         /* has all its headers */
    char model[LLM_MODEL_BYTES], name[LLM_NAME_BYTES];
    struct call *next, *previous;
};

static struct remote *remote_of(struct llm_client *client)
{
    return (struct remote *)(void *)client;
}

static struct call *call_of(struct exchange *exchange)
{
    return (struct call *)(void *)((char *)exchange - offsetof(struct call, exchange));
}

static void link_call(struct remote *remote, struct call *call)
{
    call->next = remote->calls;
    if (remote->calls) remote->calls->previous = call;
    remote->calls = call;
    remote->base.in_flight++;
}

static void unlink_call(struct remote *remote, struct call *call)
{
    if (call->next) call->next->previous = call->previous;
    if (call->previous) call->previous->next = call->next;
    else remote->calls = call->next;
    remote->base.in_flight--;
}

/* --- calls that serve again ------------------------------------------------------------------ */

static struct call *take_call(struct remote *remote)
{
    struct call *call = remote->spare;
    if (!call) return calloc(1, sizeof *call);
    remote->spare = call->next;
    remote->spare_count--;
    call->next = call->previous = NULL;
    return call;
}

static void free_call(struct call *call)
{
    exchange_deinit(&call->exchange);
    free(call);
}

void remote_drop_spare(struct remote *remote)
{
    while (remote->spare) free_call(take_call(remote));
}

/* Headers stay where they are the same in each call: not signatures, nor half of them. */
static void keep_call(struct remote *remote, struct call *call)
{
    struct exchange *exchange = &call->exchange;
    bool large = exchange->body.capacity > SPARE_BYTES_MAX ||
                 exchange->reply.capacity > SPARE_BYTES_MAX;
    if (large || remote->spare_count >= remote->spare_most) {
        free_call(call);
        return;
    }
    if (!call->headed || remote->signing || call->key_number != remote->key_number) {
        exchange_drop_headers(exchange);
        call->headed = false;
    }
    buffer_clear(&exchange->url);
    buffer_clear(&exchange->body);
    call->next = remote->spare;
    remote->spare = call;
    remote->spare_count++;
}

/* --- the request ----------------------------------------------------------------------------- */

static void add_header(struct call *call, const char *name, struct str value, bool *ok)
{
    *ok = *ok && exchange_header(&call->exchange, name, value);
}

static bool add_signature(struct remote *remote, struct call *call)
{
    char payload_hash[SHA256_TEXT_BYTES];
    const struct sigv4_pair headers[] = {{STR("host"), str_of(remote->host)},
                                         {STR("content-type"), STR("application/json")}};
    struct str url = buffer_str(&call->exchange.url);
    sigv4_payload_hash(buffer_str(&call->exchange.body), payload_hash);
    const struct sigv4_request request = {
        .method = STR("POST"),
        .path = str_slice(url, remote->endpoint_path, url.size),
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .payload_hash = str_of(payload_hash),
        .sign_payload_header = true,
        .path_rule = SIGV4_PATH_ENCODE_AGAIN,
        .region = str_of(remote->region),
        .service = STR("bedrock"),
    };
    const struct sigv4_credentials *keys = &remote->keys.current.keys;
    bool ok = sigv4_sign(&remote->signer, keys, &request, call->head.now_ms, &remote->sign, NULL) ==
              E_OK;
    add_header(call, "Host", str_of(remote->host), &ok);
    add_header(call, "x-amz-date", str_of(remote->sign.date), &ok);
    add_header(call, "x-amz-content-sha256", str_of(payload_hash), &ok);
    if (keys->session_token.size)
        add_header(call, "x-amz-security-token", keys->session_token, &ok);
    add_header(call, "Authorization", buffer_str(&remote->sign.authorization), &ok);
    return ok;
}

static void add_bearer(struct remote *remote, struct call *call, bool *ok)
{
    struct buffer value = {0};
    buffer_printf(&value, "Bearer %s", remote->api_key);
    *ok = *ok && !value.failed;
    add_header(call, "Authorization", buffer_str(&value), ok);
    if (value.data) explicit_bzero(value.data, value.capacity);
    buffer_deinit(&value);
}

static bool add_headers(struct remote *remote, struct call *call)
{
    bool ok = true;
    if (call->headed) return true;
    call->key_number = remote->key_number;
    add_header(call, "Content-Type", STR("application/json"), &ok);
    add_header(call, "Accept", STR("application/json"), &ok);
    struct curl_slist *longer = curl_slist_append(call->exchange.headers, "Expect:");
    if (!longer) return false;
    call->exchange.headers = longer;
    if (remote->signing) return call->headed = ok && add_signature(remote, call);
    if (remote->base.provider == LLM_ANTHROPIC) {
        add_header(call, "anthropic-version", STR("2023-06-01"), &ok);
        add_header(call, "x-api-key", str_of(remote->api_key), &ok);
    } else if (*remote->api_key) {
        add_bearer(remote, call, &ok);
    }
    return call->headed = ok;
}

static void lose(struct remote *remote, struct call *call, enum llm_why why)
{
    call->state = CALL_LOST;
    call->lost = why;
    wire_give_up(remote->wire, &call->exchange, CURLE_OK);
}

static void send_call(struct remote *remote, struct call *call)
{
    int64_t left_ms =
        call->deadline_ms - (clock_mono_ms(remote->clock) - call->started_ms);
    reply_head_init(&call->head, clock_wall_ms(remote->clock) + remote->skew_ms);
    call->exchange.deadline_ms = left_ms;
    call->state = CALL_SENT;
    if (left_ms <= 0) lose(remote, call, LLM_TIMED_OUT);
    else if (!add_headers(remote, call) ||
             wire_start(remote->wire, &call->exchange, NULL) != E_OK)
        lose(remote, call, LLM_LOCAL);
}

/* A call that waits: on it goes, or not. */
static void tick(struct remote *remote, struct call *call)
{
    switch (remote->signing ? keys_get(&remote->keys) : KEYS_READY) {
    case KEYS_READY: send_call(remote, call); break;
    case KEYS_COMING: break;
    case KEYS_NONE: lose(remote, call, remote->keys.denied ? LLM_DENIED : LLM_UNREACHABLE); break;
    }
}

void remote_on_keys(struct keys *keys)
{
    struct remote *remote = keys->user;
    for (struct call *call = remote->calls, *next; call; call = next) {
        next = call->next;
        if (call->state == CALL_WAITING) tick(remote, call);
    }
}

/* --- the result ------------------------------------------------------------------------------ */

static enum llm_why why_of_curl(CURLcode result, bool sent)
{
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT: return LLM_TIMED_OUT;
    case CURLE_OUT_OF_MEMORY: /* also what curl makes of a line of the head without end */
        return sent ? LLM_UNREACHABLE : LLM_LOCAL;
    default: return LLM_UNREACHABLE; /* no connection, a broken one, a wrong certificate */
    }
}

static void say(struct llm_result *result, const char *detail)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s%s%s", llm_why_text(result->why), *detail ? ": " : "", detail);
    reply_copy_text(result->text, sizeof result->text, buffer_str(&text));
    buffer_deinit(&text);
}

/* No whole reply came. */
static void judge_loss(const struct remote *remote, const struct call *call,
                       struct llm_result *result)
{
    const struct exchange *exchange = &call->exchange;
    if (call->state == CALL_LOST) {
        bool keys = call->lost == LLM_DENIED || call->lost == LLM_UNREACHABLE;
        result->why = call->lost;
        say(result, keys ? remote->keys.err.text : "");
        return;
    }
    result->status = (int)exchange->status;
    result->maybe_paid = exchange->sent;
    result->why = exchange->too_large   ? LLM_BAD_ANSWER
                  : exchange->no_memory ? LLM_LOCAL
                                        : why_of_curl(exchange->result, exchange->sent);
    say(result, exchange->too_large ? "the reply is longer than its limit" : exchange->detail);
}

/* A refusal of the signature, whose cause has been put right:
 * then the call is worth another try. */
static void heal(struct remote *remote, struct call *call, struct llm_result *result)
{
    if (!remote->signing || result->why != LLM_DENIED) return;
    int64_t off_ms = call->head.date_ms ? call->head.date_ms - call->head.now_ms : 0;
    bool skewed = off_ms > SKEW_NOTICED_MS || off_ms < -SKEW_NOTICED_MS;
    if (skewed) remote->skew_ms = call->head.date_ms - clock_wall_ms(remote->clock);
    if (!skewed && !keys_refused(&remote->keys)) return;
    result->why = LLM_STALE;
    say(result, skewed ? "the clock" : "the credentials");
}

/* No provider should echo a key, but it would be ours that leaks it. At the text's end there may be
 * the first part of one, where the text was cut. */
static void scrub(const struct remote *remote, struct llm_result *result)
{
    enum { PART_LEAST = 4 };
    const char *key = remote->api_key;
    size_t size = strlen(key), length = strlen(result->text);
    if (size < PART_LEAST) return;
    for (char *at = result->text; (at = strstr(at, key)); at += size) memset(at, '*', size);
    for (size_t part = size - 1; part >= PART_LEAST; part--)
        if (part <= length && memcmp(result->text + length - part, key, part) == 0)
            memset(result->text + length - part, '*', part);
}

static void complete(struct remote *remote, struct call *call, struct arena *arena,
                     struct llm_result *result)
{
    reply_copy_text(result->model, sizeof result->model, str_of(call->model));
    result->retry_after_ms = -1;
    result->limits = call->head.limits;
    if (call->state == CALL_LOST || call->exchange.result != CURLE_OK || call->exchange.too_large) {
        judge_loss(remote, call, result);
    } else {
        result_of_reply(remote->provider, (int)call->exchange.status, str_of(call->name),
                        buffer_str(&call->exchange.reply), &call->head, arena, result);
        heal(remote, call, result);
    }
    scrub(remote, result);
    result->latency_ms = clock_mono_ms(remote->clock) - call->started_ms;
}

/* The callback may do anything, closing the client included; the result stays whole until it
 * returns. */
static void on_end(struct exchange *exchange)
{
    struct call *call = call_of(exchange);
    struct remote *remote = remote_of(call->base.client);
    struct arena arena = remote->scratch;
    struct llm_result result = {0};
    bool closed = false;
    remote->scratch = (struct arena){0};
    complete(remote, call, &arena, &result);
    unlink_call(remote, call);
    remote->closed = &closed;
    call->on_result(call->user, &result);
    if (closed) {
        free_call(call);
        arena_deinit(&arena);
        return;
    }
    keep_call(remote, call);
    remote->closed = NULL;
    arena_reset(&arena);
    remote->scratch = arena;
}

static void on_header(struct exchange *exchange, struct str name, struct str value)
{
    reply_head_line(&call_of(exchange)->head, name, value);
}

/* --- asking ---------------------------------------------------------------------------------- */

static const struct exchange_owner call_owner = {.on_header = on_header, .on_end = on_end};

static void copy_text(char *out, struct str text)
{
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

static int ask(struct llm_client *client, const struct llm_question *question,
               llm_on_result *on_result, void *user, struct llm_call **ret_call, struct err *err)
{
    struct remote *remote = remote_of(client);
    struct str model = question_model(&remote->style, question);
    if (model.size >= LLM_MODEL_BYTES)
        return err_set(err, E_USAGE, "a model's id of more than %d bytes", LLM_MODEL_BYTES - 1);
    struct call *call = take_call(remote);
    if (!call) return err_set(err, E_NO_MEMORY, "preparing a request");
    call->state = CALL_WAITING;
    call->head = (struct reply_head){0};
    call->base.client = client;
    call->on_result = on_result;
    call->user = user;
    call->started_ms = clock_mono_ms(remote->clock);
    call->deadline_ms = question->deadline_ms > 0 ? question->deadline_ms : remote->deadline_ms;
    copy_text(call->model, model);
    copy_text(call->name, question->name);
    call->exchange.owner = &call_owner;
    call->exchange.method = "POST";
    call->exchange.connect_timeout_ms = remote->connect_timeout_ms;
    call->exchange.reply_limit = remote->reply_limit;
    buffer_add(&call->exchange.url, str_of(remote->endpoint));
    size_t size = question->system.size + question->prompt.size + question->schema.size;
    /* once, not doubling */
    (void)buffer_reserve(&call->exchange.body, size + size / 8 + BODY_BYTES_AROUND);
    remote->provider->write_path(&remote->style, model, &call->exchange.url);
    remote->provider->write_body(&remote->style, question, &call->exchange.body);
    if (call->exchange.url.failed || call->exchange.body.failed) {
        free_call(call);
        return err_set(err, E_NO_MEMORY, "preparing a request");
    }
    link_call(remote, call);
    tick(remote, call);
    *ret_call = &call->base;
    return E_OK;
}

static void cancel(struct llm_call *base)
{
    struct call *call = (struct call *)(void *)base;
    wire_cancel(&call->exchange);
    unlink_call(remote_of(base->client), call);
    free_call(call);
}

static void close_remote(struct llm_client *client)
{
    struct remote *remote = remote_of(client);
    while (remote->calls) cancel(&remote->calls->base);
    assert(remote->base.in_flight == 0);
    if (remote->closed) *remote->closed = true;
    remote_destroy(remote);
}

const struct llm_client_ops remote_ops = {
    .ask = ask, .cancel = cancel, .close = close_remote,
    .read_key = remote_read_key, .swap_key = remote_swap_key};
