/* One blocking request by libcurl; never through a proxy, as the door is here. */
#include "ops/cli/post.h"

#include "base/curl.h"

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    buffer_append(user, data, size * count);
    return size * count;
}

/* A count of the door's own answer: `name` with quotes and colon. */
static uint64_t count_of(struct str answer, struct str name)
{
    struct str rest = str_slice(answer, str_find(answer, name) + name.size, answer.size);
    uint64_t count = 0;
    return str_to_u64(str_cut(&rest, ','), &count) ? count : 0;
}

static struct curl_slist *headers_of(const struct post_target *target)
{
    struct buffer line = {0};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/x-ndjson"),
                      *more = headers;
    if (target->key[0] && headers) {
        buffer_printf(&line, "X-API-Key: %s", target->key);
        more = line.failed ? NULL : curl_slist_append(headers, buffer_cstr(&line));
    }
    buffer_deinit(&line);
    if (!more) curl_slist_free_all(headers);
    return more;
}

static void set_options(CURL *curl, const struct post_target *target, struct str body,
                        struct curl_slist *headers, struct buffer *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, target->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (!target->trusted[0]) return;
    curl_easy_setopt(curl, CURLOPT_CAINFO, target->trusted);
    /* it names the public host, and we ask 127.0.0.1 */
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

static int judge(CURL *curl, CURLcode code, struct str answer, struct post_counts *ret_counts,
                 struct err *err)
{
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        return err_set(err, E_UNAVAILABLE, "posting: %s", curl_easy_strerror(code));
    if (status != 202)
        return err_set(err, E_BAD_MESSAGE, "posting: %ld %.*s", status,
                       STR_ARGS(str_slice(answer, 0, 200)));
    ret_counts->accepted = count_of(answer, STR("\"accepted\":"));
    ret_counts->refused = count_of(answer, STR("\"refused\":"));
    return E_OK;
}

int post_ndjson(const struct post_target *target, struct str body, struct post_counts *ret_counts,
                struct err *err)
{
    struct buffer answer = {0};
    int rc = curl_start(err);
    if (rc) return rc;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl ? headers_of(target) : NULL;
    rc = err_set(err, E_NO_MEMORY, NULL);
    if (headers) {
        set_options(curl, target, body, headers, &answer);
        CURLcode code = curl_easy_perform(curl); /* first: it fills the answer */
        rc = judge(curl, code, buffer_str(&answer), ret_counts, err);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buffer_deinit(&answer);
    return rc;
}
