/* Fetches AWS credentials and keeps them fresh, on the loop.
 *
 * Happy path of a container: one GET. Of an instance: PUT for a token, GET for the role's name, GET
 * for its keys. Failure modes: what was there stays in force until it has expired; a failed attempt
 * is not repeated before KEYS_RETRY_MS; whoever waits is told by on_change(). */
#include "llm/keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/json.h"

enum { DOCUMENT_BYTES_MAX = 64 * 1024, TOKEN_FILE_BYTES_MAX = 16 * 1024 };

/* --- documents and addresses ----------------------------------------------------------------- */

bool keys_parse(struct str text, struct arena *arena, struct keys_document *ret_document)
{
    struct keys_document found = {0};
    struct json_reader json = json_reader(text, arena);
    struct json_value value;
    struct str name, code = STR("Success"), expires = {0};
    bool first = true;
    if (!json_next(&json, &value) || value.kind != JSON_OBJECT) return false;
    while (json_member(&json, &first, &name)) {
        struct str *at = str_equal(name, STR("AccessKeyId"))       ? &found.keys.access_key_id
                         : str_equal(name, STR("SecretAccessKey")) ? &found.keys.secret_access_key
                         : str_equal(name, STR("Token"))           ? &found.keys.session_token
                         : str_equal(name, STR("Expiration"))      ? &expires
                         : str_equal(name, STR("Code"))            ? &code
                                                                   : NULL;
        if (!at) {
            if (!json_skip(&json, NULL)) return false;
            continue;
        }
        if (!json_next(&json, &value)) return false;
        if (value.kind == JSON_STRING) *at = value.text;
        else if (value.kind != JSON_NULL) return false;
    }
    if (!json_end(&json) || !str_equal(code, STR("Success"))) return false;
    if (!found.keys.access_key_id.size || !found.keys.secret_access_key.size) return false;
    if (expires.size && !time_parse(expires, &found.expires_ms)) return false;
    *ret_document = found;
    return true;
}

static struct str host_of(struct str url)
{
    struct str rest = str_slice(url, str_find(url, STR("://")) + 3, url.size);
    struct str authority = str_cut(&rest, '/');
    if (str_starts(authority, STR("[")))
        return str_slice(authority, 0, str_find(authority, STR("]")) + 1);
    return str_cut(&authority, ':');
}

bool keys_url_is_allowed(struct str url)
{
    static const char *const hosts[] = {"127.0.0.1",        "localhost",      "[::1]",
                                        "169.254.170.2",    "169.254.170.23", "[fd00:ec2::23]"};
    if (str_find(url, STR("@")) < url.size) return false;
    if (str_starts(url, STR("https://"))) return true;
    if (!str_starts(url, STR("http://"))) return false;
    struct str host = host_of(url);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (str_equal_ignoring_case(host, str_of(hosts[i]))) return true;
    return false;
}

/* --- steps ----------------------------------------------------------------------------------- */

static void forget(struct exchange *exchange)
{
    if (exchange->reply.data) explicit_bzero(exchange->reply.data, exchange->reply.capacity);
    exchange_deinit(exchange);
}

static void end(struct keys *keys, int64_t wait_ms)
{
    keys->step = KEYS_IDLE;
    keys->not_before_ms = clock_mono_ms(keys->clock) + wait_ms;
    forget(&keys->exchange);
    explicit_bzero(keys->token, sizeof keys->token);
    keys->on_change(keys);
}

static void fail(struct keys *keys, const char *what)
{
    const char *where = keys->container_url ? "the container's" : "the instance's";
    const struct exchange *exchange = &keys->exchange;
    keys->denied = exchange->result == CURLE_OK && exchange->status >= 400 && exchange->status < 500;
    /* No instance at all answers the very first step: there is nothing to hope for. */
    if (keys->step == KEYS_TOKEN && exchange->result != CURLE_OK && !keys->current.memory.data)
        keys->denied = true;
    if (exchange->result != CURLE_OK)
        err_set(&keys->err, E_UNAVAILABLE, "no AWS credentials: %s endpoint doesn't answer: %s",
                where, curl_easy_strerror(exchange->result));
    else
        err_set(&keys->err, E_DENIED, "no AWS credentials: %s endpoint answered %ld: %s", where,
                exchange->status, what);
    end(keys, keys->denied ? KEYS_AGAIN_MS : KEYS_RETRY_MS);
}

static void on_end(struct exchange *exchange);
static const struct exchange_owner owner = {.on_end = on_end};

static void add_header(struct keys *keys, const char *name, struct str value, bool *ok)
{
    *ok = *ok && exchange_header(&keys->exchange, name, value);
}

/* The token that a container's endpoint wants, if it does: read each time, as it rotates. */
static void add_authorization(struct keys *keys, bool *ok)
{
    struct buffer text = {0};
    const char *file = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
               *token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct str value = str_of(token);
    if (file && *file) {
        *ok = *ok && buffer_read_file(&text, file, TOKEN_FILE_BYTES_MAX, NULL) == E_OK;
        value = str_trim(buffer_str(&text));
    }
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] == '\r' || value.data[i] == '\n') *ok = false;
    if (value.size) add_header(keys, "Authorization", value, ok);
    if (text.data) explicit_bzero(text.data, text.capacity);
    buffer_deinit(&text);
}

static void send_step(struct keys *keys, enum keys_step step, const char *path)
{
    struct exchange *exchange = &keys->exchange;
    bool ok = true;
    forget(exchange);
    *exchange = (struct exchange){
        .owner = &owner,
        .method = step == KEYS_TOKEN ? "PUT" : "GET",
        .connect_timeout_ms = KEYS_STEP_MS / 2,
        .deadline_ms = KEYS_STEP_MS,
        .reply_limit = DOCUMENT_BYTES_MAX,
        .direct = true,
    };
    keys->step = step;
    buffer_printf(&exchange->url, "%s%s",
                  keys->container_url ? keys->container_url : keys->instance_url, path);
    if (step == KEYS_CONTAINER) add_authorization(keys, &ok);
    if (step == KEYS_TOKEN)
        add_header(keys, "x-aws-ec2-metadata-token-ttl-seconds", STR("21600"), &ok);
    if (step == KEYS_ROLE || step == KEYS_KEYS)
        add_header(keys, "x-aws-ec2-metadata-token", str_of(keys->token), &ok);
    if (!ok || wire_start(keys->wire, exchange, NULL) != E_OK)
        wire_give_up(keys->wire, exchange, CURLE_OUT_OF_MEMORY);
}

/* A token or a name: printable, on one line, and short enough to be kept. */
static bool copy_word(char *out, size_t room, struct str text)
{
    struct str line = str_trim(str_cut(&text, '\n'));
    if (line.size == 0 || line.size >= room) return false;
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] <= ' ' || line.data[i] >= 0x7F) return false;
    memcpy(out, line.data, line.size);
    out[line.size] = '\0';
    return true;
}

static void take_document(struct keys *keys)
{
    struct arena arena = {0};
    struct keys_document document;
    bool good = keys_parse(buffer_str(&keys->exchange.reply), &arena, &document) &&
                credentials_set(&keys->current, CREDENTIALS_ENDPOINT, document.keys,
                                "an endpoint's answer", NULL) == E_OK;
    arena_deinit(&arena);
    if (!good) {
        fail(keys, "no credentials");
        return;
    }
    keys->expires_ms = document.expires_ms;
    keys->denied = false;
    end(keys, KEYS_AGAIN_MS);
}

static void on_end(struct exchange *exchange)
{
    struct keys *keys = (struct keys *)(void *)((char *)exchange - offsetof(struct keys, exchange));
    char path[256];
    if (exchange->result != CURLE_OK || exchange->status != 200) {
        fail(keys, "refused");
        return;
    }
    switch (keys->step) {
    case KEYS_TOKEN:
        if (!copy_word(keys->token, sizeof keys->token, buffer_str(&exchange->reply))) break;
        send_step(keys, KEYS_ROLE, "/latest/meta-data/iam/security-credentials/");
        return;
    case KEYS_ROLE:
        if (!copy_word(keys->role, sizeof keys->role, buffer_str(&exchange->reply))) break;
        snprintf(path, sizeof path, "/latest/meta-data/iam/security-credentials/%s", keys->role);
        send_step(keys, KEYS_KEYS, path);
        return;
    case KEYS_CONTAINER:
    case KEYS_KEYS: take_document(keys); return;
    default: break;
    }
    fail(keys, "not what was asked for");
}

static bool fetch(struct keys *keys)
{
    if (keys->step != KEYS_IDLE) return true;
    if (!keys->container_url && !keys->instance_url) return false;
    if (clock_mono_ms(keys->clock) < keys->not_before_ms) return false;
    if (keys->container_url) send_step(keys, KEYS_CONTAINER, "");
    else send_step(keys, KEYS_TOKEN, "/latest/api/token");
    return true;
}

/* --- for the client -------------------------------------------------------------------------- */

static int find_endpoint(struct keys *keys, struct err *err)
{
    const char *full = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
               *relative = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
               *off = getenv("AWS_EC2_METADATA_DISABLED"),
               *instance = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    struct buffer url = {0};
    if (relative && *relative) buffer_printf(&url, "http://169.254.170.2%s", relative);
    else if (full && *full) buffer_printf(&url, "%s", full);
    if (url.size) {
        if (!keys_url_is_allowed(buffer_str(&url))) {
            buffer_deinit(&url);
            return err_set(err, E_BAD_CONFIG, "credentials are not fetched from the address in "
                                              "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        }
        keys->container_url = strdup(buffer_cstr(&url));
        buffer_deinit(&url);
        return keys->container_url ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    }
    if (off && str_equal_ignoring_case(str_of(off), STR("true"))) return E_NOT_FOUND;
    if (!instance || !*instance) instance = "http://169.254.169.254";
    if (!(keys->instance_copy = strdup(instance))) return err_set(err, E_NO_MEMORY, NULL);
    size_t size = strlen(instance);
    if (instance[size - 1] == '/') keys->instance_copy[size - 1] = '\0';
    keys->instance_url = keys->instance_copy;
    return E_OK;
}

int keys_open(struct keys *keys, struct wire *wire, const struct clock *clock, struct err *err)
{
    struct err why = {0};
    keys->wire = wire;
    keys->clock = clock;
    int rc = credentials_load(&keys->config, &keys->current, &why);
    if (rc == E_NOT_FOUND && find_endpoint(keys, &why) == E_OK) return E_OK;
    return rc == E_OK ? E_OK : err_set(err, why.code, "%s", why.text);
}

void keys_close(struct keys *keys)
{
    wire_cancel(&keys->exchange);
    forget(&keys->exchange);
    credentials_deinit(&keys->current);
    explicit_bzero(keys->token, sizeof keys->token);
    free(keys->container_url);
    free(keys->instance_copy);
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
