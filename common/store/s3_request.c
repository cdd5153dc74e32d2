/* One signed request to S3.
 *
 * Happy path: write path and query, hash the body, sign, send on the kept connection, collect the
 * reply. Failure modes: no connection or a broken one (UNAVAILABLE), too slow (TIMEOUT), more bytes
 * than wanted (TOO_LARGE), cancelled; a refusal, which s3_refused() turns into a code. Two
 * refusals are answered here, once each: a skewed clock is corrected by the server's Date, and a
 * credentials file is read again. */
#include "store/s3.h"

enum { ERROR_BODY_BYTES_MAX = 64 * 1024, SKEW_NOTICED_MS = 5 * 60 * 1000 };

struct s3_call s3_call(struct s3 *s3, const char *method, struct str key)
{
    arena_reset(&s3->scratch);
    struct s3_call call = {.method = method};
    if (key.size) call.key = s3_full_key(s3, key);
    call.no_memory = key.size && !call.key.size;
    hash_sha256(STR(""), call.body_hash);
    return call;
}

void s3_call_body(struct s3_call *call, struct str body)
{
    call->has_body = true;
    call->body = body;
    hash_sha256(body, call->body_hash);
}

struct str s3_full_key(struct s3 *s3, struct str key)
{
    struct str full = arena_printf(&s3->scratch, "%s%.*s", s3->location.prefix, STR_ARGS(key));
    return full.data ? full : STR("");
}

void s3_call_query(struct s3_call *call, const char *name, struct str value)
{
    if (call->query_count == S3_QUERY_MAX)
        call->overflow = true;
    else
        call->query[call->query_count++] = (struct sigv4_pair){str_of(name), value};
}

void s3_call_header(struct s3_call *call, const char *name, struct str value)
{
    if (value.size == 0) return;
    if (call->header_count == S3_HEADERS_MAX)
        call->overflow = true;
    else
        call->headers[call->header_count++] = (struct sigv4_pair){str_of(name), value};
}

/* --- the reply, as curl hands it over --------------------------------------------------------- */

static void copy_header(char *out, size_t out_bytes, struct str value)
{
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
        value = str_slice(value, 1, value.size - 1);
    if (value.size >= out_bytes) return;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] <= ' ' || value.data[i] > '~' || strchr("<>&\"", value.data[i])) return;
    memcpy(out, value.data, value.size);
    out[value.size] = '\0';
}

static int64_t parse_http_date(struct str value)
{
    char text[64];
    if (value.size >= sizeof text) return 0;
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    time_t seconds = curl_getdate(text, NULL);
    return seconds < 0 ? 0 : (int64_t)seconds * 1000;
}

static size_t on_header(char *data, size_t one, size_t size, void *user)
{
    struct s3_call *call = user;
    struct s3_headers *reply = &call->reply;
    struct str value = str_make(data, size * one);
    if (str_starts(value, STR("HTTP/"))) { /* a new reply: 100 Continue may have come before it */
        *reply = (struct s3_headers){0};
        return size;
    }
    if (str_trim(value).size == 0) reply->whole = true;
    struct str name = str_trim(str_cut(&value, ':'));
    value = str_trim(value);
    if (str_equal_ignoring_case(name, STR("etag")))
        copy_header(reply->etag, sizeof reply->etag, value);
    else if (str_equal_ignoring_case(name, STR("x-amz-checksum-sha256")))
        copy_header(reply->checksum_sha256, sizeof reply->checksum_sha256, value);
    else if (str_equal_ignoring_case(name, STR(S3_TOKEN_HEADER)))
        copy_header(reply->upload_token, sizeof reply->upload_token, value);
    else if (str_equal_ignoring_case(name, STR("x-amz-bucket-region")))
        copy_header(reply->region, sizeof reply->region, value);
    else if (str_equal_ignoring_case(name, STR("last-modified")))
        reply->modified_ms = parse_http_date(value);
    else if (str_equal_ignoring_case(name, STR("date")))
        reply->date_ms = parse_http_date(value);
    else if (str_equal_ignoring_case(name, STR("content-length")) &&
             !str_to_u64(value, &reply->size_bytes))
        reply->size_bytes = 0;
    return size;
}

struct receiver {
    struct s3 *s3;
    struct s3_call *call;
};

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
    struct receiver *receiver = user;
    struct s3_call *call = receiver->call;
    long status = 0;
    curl_easy_getinfo(receiver->s3->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299) { /* the start of an error's text is enough */
        struct buffer *text = &receiver->s3->error_body;
        size_t room = ERROR_BODY_BYTES_MAX - text->size;
        buffer_append(text, data, size < room ? size : room);
        return size * one;
    }
    if (!call->out) return size * one;
    call->too_large = size > call->limit_bytes - call->received_bytes;
    if (call->too_large) return 0;
    buffer_append(call->out, data, size);
    call->no_memory = call->out->failed;
    call->received_bytes += size;
    return call->no_memory ? 0 : size * one;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    const struct s3 *s3 = user;
    return s3->cancelled && atomic_load_explicit(s3->cancelled, memory_order_relaxed);
}

/* --- the request ------------------------------------------------------------------------------ */

static struct curl_slist *add_line(struct s3 *s3, struct curl_slist *list, struct str name,
                                   struct str value, bool *ok)
{
    struct str line = arena_printf(&s3->scratch, "%.*s: %.*s", STR_ARGS(name), STR_ARGS(value));
    struct curl_slist *longer = line.data && *ok ? curl_slist_append(list, line.data) : NULL;
    if (!longer) *ok = false;
    return longer ? longer : list;
}

/* Signs the call and returns its header lines; NULL with err. */
static struct curl_slist *make_headers(struct s3 *s3, const struct s3_call *call, struct str path,
                                       struct err *err)
{
    char payload_hash[SHA256_TEXT_BYTES];
    struct sigv4_pair signing[S3_HEADERS_MAX + 1];
    size_t count = 0;
    signing[count++] = (struct sigv4_pair){STR("host"), str_of(s3->endpoint.host)};
    for (size_t i = 0; i < call->header_count; i++) signing[count++] = call->headers[i];
    hash_hex(call->body_hash, sizeof call->body_hash, payload_hash);
    const struct sigv4_request request = {
        .method = str_of(call->method),
        .path = path,
        .query = buffer_str(&s3->query),
        .headers = signing,
        .header_count = count,
        .payload_hash = str_of(payload_hash),
        .sign_payload_header = true,
        .path_rule = SIGV4_PATH_AS_SENT,
        .region = str_of(s3->region),
        .service = STR("s3"),
    };
    int64_t now_ms = clock_wall_ms(s3->clock) + s3->skew_ms;
    if (sigv4_sign(&s3->signer, &s3->credentials.keys, &request, now_ms, &s3->sign, err) != E_OK)
        return NULL;

    bool ok = true;
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < count; i++)
        list = add_line(s3, list, signing[i].name, signing[i].value, &ok);
    list = add_line(s3, list, STR("x-amz-date"), str_of(s3->sign.date), &ok);
    list = add_line(s3, list, STR("x-amz-content-sha256"), request.payload_hash, &ok);
    if (s3->credentials.keys.session_token.size)
        list = add_line(s3, list, STR("x-amz-security-token"), s3->credentials.keys.session_token,
                        &ok);
    list = add_line(s3, list, STR("authorization"), buffer_str(&s3->sign.authorization), &ok);
    struct curl_slist *longer =
        ok ? curl_slist_append(list, "Expect:") : NULL; /* no wait for 100 Continue */
    if (longer) return longer;
    curl_slist_free_all(list);
    err_set(err, E_NO_MEMORY, "preparing a request");
    return NULL;
}

/* Writes URL and query; *ret_path is the path's view in s3->url. */
static int make_url(struct s3 *s3, struct s3_call *call, struct str *ret_path, struct err *err)
{
    struct buffer *url = &s3->url;
    buffer_clear(url);
    buffer_clear(&s3->query);
    buffer_add(url, str_of(s3->endpoint.base));
    size_t start = url->size;
    buffer_add_char(url, '/');
    if (s3->endpoint.bucket_in_path) {
        buffer_add(url, str_of(s3->location.bucket));
        if (call->key.size) buffer_add_char(url, '/');
    }
    sigv4_encode(call->key, true, url);
    size_t end = url->size;
    sigv4_encode_query(call->query, call->query_count, &s3->query);
    if (s3->query.size) buffer_add_char(url, '?');
    buffer_add(url, buffer_str(&s3->query));
    buffer_cstr(url);
    if (url->failed || s3->query.failed) return err_set(err, E_NO_MEMORY, "preparing a request");
    *ret_path = str_slice(buffer_str(url), start, end);
    return E_OK;
}

/* curl copies none of what it is given here but the URL. */
static void set_options(struct s3 *s3, struct s3_call *call, struct receiver *receiver,
                        struct curl_slist *headers)
{
    CURL *curl = s3->curl;
    curl_easy_reset(curl); /* keeps the connection and the DNS cache */
    curl_easy_setopt(curl, CURLOPT_URL, s3->url.data);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "verbatim/" VERBATIM_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)s3->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)s3->deadline_ms);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)s3->least_speed_bytes);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)((s3->least_speed_time_ms + 999) / 1000));
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    if (s3->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, s3->ca_file);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, receiver);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s3);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (call->has_body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.size ? call->body.data : "");
    }
    if (strcmp(call->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

static enum err_code code_of_curl(CURLcode result)
{
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT: return E_TIMEOUT;
    case CURLE_ABORTED_BY_CALLBACK: return E_CANCELLED;
    case CURLE_OUT_OF_MEMORY: return E_NO_MEMORY;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE: return E_BAD_CONFIG;
    default:
        return E_UNAVAILABLE; /* no connection, a broken one, a certificate that may yet be renewed
                               */
    }
}

/* E_OK: there is a reply, of whatever status. */
static int attempt(struct s3 *s3, struct s3_call *call, struct err *err)
{
    struct str path = {0};
    struct receiver receiver = {s3, call};
    char detail[CURL_ERROR_SIZE] = "";
    call->status = 0;
    call->error = (struct s3_error){0};
    call->reply = (struct s3_headers){0};
    call->received_bytes = 0;
    buffer_clear(&s3->error_body);
    if (make_url(s3, call, &path, err) != E_OK) return E_NO_MEMORY;
    struct err headers_err = {.code = E_NO_MEMORY};
    struct curl_slist *headers = make_headers(s3, call, path, &headers_err);
    if (!headers) return err_set(err, headers_err.code, "%s", headers_err.text);
    set_options(s3, call, &receiver, headers);
    curl_easy_setopt(s3->curl, CURLOPT_ERRORBUFFER, detail);
    CURLcode result = curl_easy_perform(s3->curl);
    curl_easy_getinfo(s3->curl, CURLINFO_RESPONSE_CODE, &call->status);
    curl_easy_setopt(s3->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(headers);
    if (call->too_large)
        return err_set(err, E_TOO_LARGE, "reply of more than %zu bytes", call->limit_bytes);
    if (call->no_memory) return err_set(err, E_NO_MEMORY, "receiving a reply");
    if (result == CURLE_OK && !call->reply.whole) /* curl takes that for a reply without a body */
        return err_set(err, E_UNAVAILABLE, "%s %s: the reply ends in its headers", call->method,
                       s3->endpoint.base);
    if (result == CURLE_OK) return E_OK;
    return err_set(err, code_of_curl(result), "%s %s: %s", call->method, s3->endpoint.base,
                   *detail ? detail : curl_easy_strerror(result));
}

/* --- refusals --------------------------------------------------------------------------------- */

/* A refusal of the time, said so, or (HEAD has no body) to be seen by the Date. */
static bool correct_skew(struct s3 *s3, const struct s3_call *call)
{
    if (!call->reply.date_ms) return false;
    int64_t skew_ms = call->reply.date_ms - clock_wall_ms(s3->clock),
            change_ms = skew_ms - s3->skew_ms;
    bool noticeable = change_ms > SKEW_NOTICED_MS || change_ms < -SKEW_NOTICED_MS;
    bool said = strcmp(call->error.code, "RequestTimeTooSkewed") == 0;
    if (!said && !(call->status == 403 && !*call->error.code && noticeable)) return false;
    s3->skew_ms = skew_ms;
    return true;
}

int s3_perform(struct s3 *s3, struct s3_call *call, struct err *err)
{
    bool corrected = false, reread = false;
    if (call->no_memory) return err_set(err, E_NO_MEMORY, "preparing a request");
    if (call->overflow) return err_set(err, E_USAGE, "too many headers");
    if (on_progress(s3, 0, 0, 0, 0)) return err_set(err, E_CANCELLED, NULL);
    for (;;) {
        int rc = s3_keys_fresh(s3, err);
        if (rc == E_OK) rc = attempt(s3, call, err);
        if (rc != E_OK) return rc;
        if (call->status >= 200 && call->status <= 299) return E_OK;
        s3_reply_error(buffer_str(&s3->error_body), &call->error);
        if (!corrected && correct_skew(s3, call)) {
            corrected = true;
            continue;
        }
        rc = s3_refused(s3, call, err);
        if (rc != E_DENIED || reread || !s3_keys_refused(s3)) return rc;
        reread = true;
    }
}
