/* The store's credentials, fresh before each request. Who hands them out is asked by waiting: once
 * at opening, and then SOURCE_RENEW_MS before they expire. What is at hand serves until it has
 * expired; an attempt in vain isn't repeated at once. */

#include "store/s3.h"

struct answer {
    struct s3 *s3;
    struct buffer body;
    bool too_large;
};

static size_t on_answer(char *data, size_t size, size_t count, void *user)
{
    struct answer *answer = user;
    size *= count;
    answer->too_large = answer->body.size + size > SOURCE_REPLY_BYTES_MAX;
    if (answer->too_large) return 0;
    buffer_append(&answer->body, data, size);
    return answer->body.failed ? 0 : size;
}

/* Other than 0 breaks off. */
static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct answer *answer = user;
    (void)a, (void)b, (void)c, (void)d;
    return answer->s3->cancelled && atomic_load(answer->s3->cancelled);
}

static void set_options(CURL *curl, struct source_request *request, struct curl_slist *headers,
                        struct answer *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, buffer_cstr(&request->url));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "verbatim/" VERBATIM_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)request->deadline_ms / 2);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->deadline_ms);
    if (request->direct) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (request->body.size) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    } else {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, answer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static int send_request(const struct s3 *s3, struct source_request *request, struct answer *answer,
                        long *ret_status, struct err *err)
{
    struct buffer line = {0};
    struct curl_slist *headers = NULL;
    CURL *curl = curl_easy_init();
    if (request->header) {
        buffer_printf(&line, "%s: %.*s", request->header, STR_ARGS(buffer_str(&request->value)));
        headers = curl_slist_append(NULL, buffer_cstr(&line));
    }
    int rc = !curl || line.failed || (request->header && !headers) ? err_set(err, E_NO_MEMORY, NULL)
                                                                   : E_OK;
    if (rc == E_OK) {
        set_options(curl, request, headers, answer);
        CURLcode result = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
        if (result == CURLE_ABORTED_BY_CALLBACK)
            rc = err_set(err, E_CANCELLED, NULL);
        else if (result != CURLE_OK)
            rc = err_set(err, E_UNAVAILABLE, "no AWS credentials: %s doesn't answer: %s",
                         source_name(&s3->source), curl_easy_strerror(result));
    }
    for (struct curl_slist *at = headers; at; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(headers);
    if (line.data) explicit_bzero(line.data, line.capacity);
    buffer_deinit(&line);
    curl_easy_cleanup(curl);
    return rc;
}

/* One step. MORE: there is another. */
static enum source_verdict step(struct s3 *s3, struct arena *arena,
                                struct source_document *document, struct err *err)
{
    struct source_request request = {0};
    struct answer answer = {.s3 = s3};
    long status = 0;
    int rc = source_request(&s3->source, &request, err);
    if (rc == E_OK) rc = send_request(s3, &request, &answer, &status, err);
    enum source_verdict verdict =
        rc ? SOURCE_FAILED
           : source_take(&s3->source, status, buffer_str(&answer.body), arena, document, err);
    if (verdict == SOURCE_DONE && credentials_set(&s3->credentials, CREDENTIALS_ENDPOINT,
                                                  document->keys, source_name(&s3->source), err))
        verdict = SOURCE_FAILED;
    source_request_deinit(&request);
    if (answer.body.data) explicit_bzero(answer.body.data, answer.body.capacity);
    buffer_deinit(&answer.body);
    return verdict;
}

static bool fetch(struct s3 *s3)
{
    struct arena arena = {0};
    struct source_document document = {0};
    enum source_verdict verdict;
    s3->source_err = (struct err){0};
    source_begin(&s3->source);
    while ((verdict = step(s3, &arena, &document, &s3->source_err)) == SOURCE_MORE) continue;
    if (verdict == SOURCE_DONE) s3->expires_ms = document.expires_ms;
    arena_deinit(&arena);
    bool answered = verdict == SOURCE_DONE || s3->source_err.code == E_DENIED;
    s3->not_before_ms = clock_mono_ms(s3->clock) + (answered ? SOURCE_AGAIN_MS : SOURCE_RETRY_MS);
    return verdict == SOURCE_DONE;
}

static bool may_ask(const struct s3 *s3)
{
    return s3->source.kind != SOURCE_NONE && clock_mono_ms(s3->clock) >= s3->not_before_ms;
}

int s3_keys_open(struct s3 *s3, struct err *err)
{
    struct err missing = {0};
    int rc = credentials_load(&s3->credentials_config, &s3->credentials, &missing);
    if (rc == E_NOT_FOUND) {
        rc = source_find(&s3->source, s3->region, &missing);
        /* Not on one of Amazon's machines: nobody was meant to be asked, so it is said at once. */
        bool nobody = rc == E_OK && !fetch(s3) && s3->source.assumed;
        if (rc == E_NOT_FOUND || nobody) missing.code = E_BAD_CONFIG, rc = E_BAD_CONFIG;
    }
    if (rc && err) *err = missing;
    return rc;
}

int s3_keys_fresh(struct s3 *s3, struct err *err)
{
    int64_t left_ms = INT64_MAX;
    bool have = s3->credentials.memory.data != NULL;
    if (s3->source.kind == SOURCE_NONE) return E_OK;
    if (have && s3->expires_ms) left_ms = s3->expires_ms - clock_wall_ms(s3->clock) - s3->skew_ms;
    if ((!have || left_ms <= SOURCE_RENEW_MS) && may_ask(s3) && fetch(s3)) return E_OK;
    if (have && left_ms > 0) return E_OK;
    return err_set(err, s3->source_err.code ? s3->source_err.code : E_UNAVAILABLE, "%s",
                   s3->source_err.text);
}

static bool reread_file(struct s3 *s3)
{
    struct credentials fresh = {0};
    if (credentials_load(&s3->credentials_config, &fresh, NULL) != E_OK) return false;
    bool changed = !credentials_are_same(&s3->credentials, &fresh);
    if (!changed) {
        credentials_deinit(&fresh);
        return false;
    }
    credentials_deinit(&s3->credentials);
    s3->credentials = fresh;
    return true;
}

bool s3_keys_refused(struct s3 *s3)
{
    switch (s3->credentials.origin) {
    case CREDENTIALS_FILE: return reread_file(s3);
    case CREDENTIALS_ENDPOINT: return may_ask(s3) && fetch(s3);
    default: return false;
    }
}

void s3_keys_close(struct s3 *s3)
{
    credentials_deinit(&s3->credentials);
    source_deinit(&s3->source);
}
