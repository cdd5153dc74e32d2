/* What a handle is told once, what in each call, and what curl asks of it meanwhile. */
#include "wire/handles.h"

#include <stdlib.h>

#include "wire/sockets.h"

/* The parts of a hundred of its time after which a request isn't sent any more. */
enum { LATE = 90 };

static bool is_post(const struct exchange *exchange)
{
    return strcmp(exchange->method, "POST") == 0;
}

/* --- what curl asks -------------------------------------------------------------------------- */

static curl_socket_t on_curl_opens(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *exchange = user;
    (void)purpose;
    return lane_connection(exchange->lane, address, &exchange->no_memory);
}

static bool is_late(const struct exchange *exchange)
{
    uint64_t passed_ms = (uv_hrtime() - exchange->started_ns) / 1000000;
    return passed_ms * 100 > (uint64_t)exchange->deadline_ms * LATE;
}

/* Just before a request leaves, in each attempt. There is one: when a kept connection turns out to
 * be dead, curl would make another by itself. And none when most of the time went by waiting for
 * a connection: the answer would come after the deadline, and be paid for. */
static int on_curl_sends(void *user, char *remote, char *local, int remote_port, int local_port)
{
    struct exchange *exchange = user;
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    if (exchange->sent && !exchange->may_repeat) return CURL_PREREQFUNC_ABORT;
    exchange->late = is_late(exchange);
    if (exchange->late) return CURL_PREREQFUNC_ABORT;
    exchange->sent = true;
    return CURL_PREREQFUNC_OK;
}

static size_t on_curl_head(char *data, size_t one, size_t size, void *user)
{
    struct exchange *exchange = user;
    struct str value = str_make(data, size * one);
    exchange->head_bytes += value.size;
    exchange->sent = true;
    if (exchange->head_bytes > WIRE_HEAD_BYTES_MAX) {
        exchange->too_large = true;
        return 0;
    }
    struct str name = str_cut(&value, ':');
    if (exchange->owner->on_header) exchange->owner->on_header(exchange, name, str_trim(value));
    return size * one;
}

static size_t on_curl_reply(char *data, size_t one, size_t size, void *user)
{
    struct exchange *exchange = user;
    exchange->too_large = size * one > exchange->reply_limit - exchange->reply.size;
    if (exchange->too_large) return 0;
    buffer_append(&exchange->reply, data, size * one);
    exchange->no_memory = exchange->reply.failed;
    return exchange->no_memory ? 0 : size * one;
}

/* --- handles --------------------------------------------------------------------------------- */

/* What is the same in every request. */
static void set_up(const struct handles *handles, CURL *curl, const struct exchange *exchange)
{
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "verbatim/" VERBATIM_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 16384L); /* of each call: a prompt is small */
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (handles->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, handles->ca_file);
    if (handles->past_proxies) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_curl_opens);
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_curl_sends);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_curl_head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_curl_reply);
    if (is_post(exchange)) curl_easy_setopt(curl, CURLOPT_POST, 1L);
    else curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
}

/* *ret_parts NULL: it isn't kept, as there are too many, or curl can't read it. */
static bool keep_url(struct handles *handles, struct str text, CURLU **ret_parts)
{
    *ret_parts = NULL;
    for (uint32_t i = 0; i < handles->url_count; i++)
        if (str_equal(buffer_str(&handles->urls[i].text), text))
            return *ret_parts = handles->urls[i].parts, true;
    if (handles->url_count == URLS_KEPT) return true;
    struct kept_url *kept = &handles->urls[handles->url_count];
    buffer_clear(&kept->text);
    buffer_add(&kept->text, text);
    const char *whole = buffer_cstr(&kept->text);
    if (!kept->parts) kept->parts = curl_url();
    if (kept->text.failed || !kept->parts) return false;
    /* as curl does it itself */
    if (curl_url_set(kept->parts, CURLUPART_URL, whole,
                     CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return true;
    handles->url_count++;
    *ret_parts = kept->parts;
    return true;
}

static bool set_url(struct handles *handles, CURL *curl, struct exchange *exchange)
{
    CURLU *kept = NULL;
    if (is_post(exchange) && !keep_url(handles, buffer_str(&exchange->url), &kept)) return false;
    curl_easy_setopt(curl, CURLOPT_CURLU, kept);
    if (!kept) curl_easy_setopt(curl, CURLOPT_URL, buffer_cstr(&exchange->url));
    return true;
}

static void set_options(const struct handles *handles, CURL *curl, struct exchange *exchange)
{
    bool secure = str_starts(buffer_str(&exchange->url), STR("https:"));
    lane_serve(exchange->lane, curl);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                     (long)(secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_PIPEWAIT, (long)secure); /* for one that carries many */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)exchange->deadline_ms);
    if (!handles->past_proxies)
        curl_easy_setopt(curl, CURLOPT_NOPROXY, exchange->direct ? "*" : NULL);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->detail);
    if (!is_post(exchange)) return;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.size);
    /* leaves with the head */
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, buffer_cstr(&exchange->body));
}

static CURL *take(struct handles *handles, const struct exchange *exchange)
{
    if (is_post(exchange) && handles->spare_count) return handles->spare[--handles->spare_count];
    CURL *curl = curl_easy_init();
    if (curl) set_up(handles, curl, exchange);
    return curl;
}

bool handles_take(struct handles *handles, struct exchange *exchange)
{
    exchange->curl = take(handles, exchange);
    if (!exchange->curl) return false;
    set_options(handles, exchange->curl, exchange);
    if (set_url(handles, exchange->curl, exchange)) return true;
    handles_put_back(handles, exchange);
    return false;
}

void handles_put_back(struct handles *handles, struct exchange *exchange)
{
    CURL *curl = exchange->curl;
    exchange->curl = NULL;
    if (!is_post(exchange) || handles->spare_count == handles->spare_most) {
        curl_easy_cleanup(curl);
        return;
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    handles->spare[handles->spare_count++] = curl;
}

/* --- opening and closing --------------------------------------------------------------------- */

static bool names_proxies(void)
{
    static const char *const names[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i])) return true;
    return false;
}

bool handles_open(const struct wire_options *options, struct handles *handles)
{
    const char *ca_file = options->ca_file && *options->ca_file ? options->ca_file : NULL;
    *handles = (struct handles){
        .spare = calloc(options->connections, sizeof *handles->spare),
        .spare_most = options->connections,
        .ca_file = ca_file ? strdup(ca_file) : NULL,
        .past_proxies = !names_proxies()};
    if (handles->spare && (!ca_file || handles->ca_file)) return true;
    handles_close(handles);
    return false;
}

void handles_close(struct handles *handles)
{
    while (handles->spare_count) curl_easy_cleanup(handles->spare[--handles->spare_count]);
    for (uint32_t i = 0; i < URLS_KEPT; i++) {
        curl_url_cleanup(handles->urls[i].parts);
        buffer_deinit(&handles->urls[i].text);
    }
    free(handles->spare);
    free(handles->ca_file);
    *handles = (struct handles){0};
}
