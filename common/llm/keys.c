/* Fetches AWS credentials and keeps them fresh, on the loop: aws/source.h says by which requests.
 *
 * Failure modes: what was there stays in force until it has expired; a failed attempt
 * is not repeated before KEYS_RETRY_MS; whoever waits is told by on_change(). */
#include "llm/keys.h"

/* --- steps ----------------------------------------------------------------------------------- */

static void forget(struct exchange *exchange)
{
    if (exchange->reply.data) explicit_bzero(exchange->reply.data, exchange->reply.capacity);
    exchange_deinit(exchange);
}

static void end(struct keys *keys, int64_t wait_ms)
{
    keys->fetching = false;
    keys->not_before_ms = clock_mono_ms(keys->clock) + wait_ms;
    forget(&keys->exchange);
    source_request_deinit(&keys->request);
    keys->on_change(keys);
}

/* keys->err says why. */
static void fail(struct keys *keys)
{
    keys->denied = keys->err.code == E_DENIED;
    end(keys, keys->denied ? KEYS_AGAIN_MS : KEYS_RETRY_MS);
}

static void on_end(struct exchange *exchange);
static const struct exchange_owner owner = {.on_end = on_end};

static void send_step(struct keys *keys)
{
    struct exchange *exchange = &keys->exchange;
    struct source_request *request = &keys->request;
    forget(exchange);
    source_request_deinit(request);
    keys->fetching = true;
    keys->err = (struct err){0};
    bool ok = source_request(&keys->source, request, &keys->err) == E_OK;
    *exchange = (struct exchange){
        .owner = &owner,
        .method = ok ? request->method : "GET",
        .connect_timeout_ms = ok ? request->deadline_ms / 2 : 1,
        .deadline_ms = ok ? request->deadline_ms : 1,
        .reply_limit = SOURCE_REPLY_BYTES_MAX,
        .direct = request->direct,
    };
    if (ok) exchange->url = request->url, request->url = (struct buffer){0};
    if (ok) exchange->body = request->body, request->body = (struct buffer){0};
    if (ok && request->header)
        ok = exchange_header(exchange, request->header, buffer_str(&request->value));
    if (!ok || wire_start(keys->wire, exchange, NULL) != E_OK)
        wire_give_up(keys->wire, exchange, CURLE_OUT_OF_MEMORY);
}

static void take_document(struct keys *keys, const struct source_document *document)
{
    if (credentials_set(&keys->current, CREDENTIALS_ENDPOINT, document->keys,
                        source_name(&keys->source), &keys->err)) {
        fail(keys);
        return;
    }
    keys->expires_ms = document->expires_ms;
    keys->denied = false;
    end(keys, KEYS_AGAIN_MS);
}

/* No instance at all answers the very first step: there is nothing to hope for. */
static void no_answer(struct keys *keys)
{
    bool nobody = keys->source.step == SOURCE_TOKEN && !keys->current.memory.data;
    if (!keys->err.code)
        err_set(&keys->err, nobody ? E_DENIED : E_UNAVAILABLE,
                "no AWS credentials: %s doesn't answer: %s", source_name(&keys->source),
                curl_easy_strerror(keys->exchange.result));
    fail(keys);
}

static void on_end(struct exchange *exchange)
{
    struct keys *keys = (struct keys *)(void *)((char *)exchange - offsetof(struct keys, exchange));
    struct arena arena = {0};
    struct source_document document;
    if (exchange->result != CURLE_OK) {
        no_answer(keys);
        return;
    }
    switch (source_take(&keys->source, exchange->status, buffer_str(&exchange->reply), &arena,
                        &document, &keys->err)) {
    case SOURCE_MORE: send_step(keys); break;
    case SOURCE_DONE: take_document(keys, &document); break;
    case SOURCE_FAILED: fail(keys); break;
    }
    arena_deinit(&arena);
}

static bool fetch(struct keys *keys)
{
    if (keys->fetching) return true;
    if (keys->source.kind == SOURCE_NONE) return false;
    if (clock_mono_ms(keys->clock) < keys->not_before_ms) return false;
    source_begin(&keys->source);
    send_step(keys);
    return true;
}

/* --- for the client -------------------------------------------------------------------------- */

int keys_open(struct keys *keys, struct wire *wire, const struct clock *clock, struct err *err)
{
    struct err why = {0};
    keys->wire = wire;
    keys->clock = clock;
    int rc = credentials_load(&keys->config, &keys->current, &why);
    if (rc == E_NOT_FOUND) rc = source_find(&keys->source, keys->region, &why);
    return rc == E_OK ? E_OK : err_set(err, why.code, "%s", why.text);
}

void keys_close(struct keys *keys)
{
    wire_cancel(&keys->exchange);
    forget(&keys->exchange);
    credentials_deinit(&keys->current);
    source_request_deinit(&keys->request);
    source_deinit(&keys->source);
}

enum keys_state keys_get(struct keys *keys)
{
    int64_t left_ms = INT64_MAX;
    bool have = keys->current.memory.data != NULL;
    if (have && keys->expires_ms) left_ms = keys->expires_ms - clock_wall_ms(keys->clock);
    bool coming = left_ms <= KEYS_RENEW_MS || !have ? fetch(keys) : false;
    if (have && left_ms > 0) return KEYS_READY;
    return coming ? KEYS_COMING : KEYS_NONE;
}

bool keys_refused(struct keys *keys)
{
    struct credentials fresh = {0};
    if (!keys->current.memory.data) return false;
    if (keys->current.origin == CREDENTIALS_ENDPOINT) return fetch(keys);
    if (keys->current.origin != CREDENTIALS_FILE) return false;
    if (credentials_load(&keys->config, &fresh, NULL) != E_OK) return false;
    bool changed = !credentials_are_same(&keys->current, &fresh);
    if (changed) {
        credentials_deinit(&keys->current);
        keys->current = fresh;
    } else {
        credentials_deinit(&fresh);
    }
    return changed;
}
