/* One blocking request by libcurl; never through a proxy, as the door is here. */
#include "ops/cli/post.h"

#include <curl/curl.h>

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    buffer_append(user, data, size * count);
    return size * count;
}

/* Accepted records, out of the door's own answer. */
static uint64_t accepted_of(struct str answer)
{
    size_t at = str_find(answer, STR("\"accepted\":"));
    struct str rest = str_slice(answer, at + 11, answer.size);
    uint64_t accepted = 0;
    struct str number = str_cut(&rest, ',');
    return str_to_u64(number, &accepted) ? accepted : 0;
}

int post_ndjson(const char *url, struct str body, uint64_t *ret_accepted, struct err *err)
{
    struct buffer answer = {0};
    long status = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/x-ndjson");
    if (!curl || !headers) return err_set(err, E_NO_MEMORY, NULL);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    int rc = E_OK;
    if (code != CURLE_OK) rc = err_set(err, E_UNAVAILABLE, "posting: %s", curl_easy_strerror(code));
    else if (status != 202) rc = err_set(err, E_BAD_MESSAGE, "posting: %ld %.*s", status, STR_ARGS(str_slice(buffer_str(&answer), 0, 200)));
    else *ret_accepted = accepted_of(buffer_str(&answer));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buffer_deinit(&answer);
    return rc;
}
