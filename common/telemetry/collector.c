/* POSTs by libcurl. Source: OpenTelemetry Protocol Specification, "OTLP/HTTP": which statuses may
 * be tried again, Retry-After, partial success. */
#include "telemetry/collector.h"

#include <stdlib.h>

#include "schema/json.h"

enum { ANSWER_BYTES_MAX = 64 * 1024, AFTER_MOST_MS = 60000 };

struct collector {
    const struct settings *settings;
    CURL *curl;
    struct buffer answer;
    const atomic_bool *hurry;
    int64_t hurry_until_ms; /* 0: nobody is in a hurry */
};

/* More than that isn't kept, and isn't needed. */
static size_t on_answer(char *data, size_t size, size_t count, void *user)
{
    struct collector *collector = user;
    size *= count;
    if (collector->answer.size + size <= ANSWER_BYTES_MAX)
        buffer_append(&collector->answer, data, size);
    return size;
}

/* Other than 0 breaks off. */
static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct collector *collector = user;
    int64_t now_ms = clock_mono_ms(clock_system());
    (void)a, (void)b, (void)c, (void)d;
    if (!atomic_load(collector->hurry)) return 0;
    if (collector->hurry_until_ms == 0) collector->hurry_until_ms = now_ms + COLLECTOR_HURRY_MS;
    return now_ms >= collector->hurry_until_ms;
}

int collector_open(const struct settings *settings, struct collector **ret_collector,
                   struct err *err)
{
    struct collector *collector = calloc(1, sizeof *collector);
    CURL *curl = collector ? curl_easy_init() : NULL;
    if (!curl) {
        free(collector);
        return err_set(err, E_NO_MEMORY, NULL);
    }
    collector->settings = settings;
    collector->curl = curl;
    curl_easy_setopt(curl, CURLOPT_URL, settings->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, settings->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "verbatim/" VERBATIM_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, collector);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, collector);
    if (settings->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
    *ret_collector = collector;
    return E_OK;
}

void collector_close(struct collector *collector)
{
    if (!collector) return;
    curl_easy_cleanup(collector->curl);
    buffer_deinit(&collector->answer);
    free(collector);
}

/* A 64-bit number is text in this JSON, but some write it as a number. */
static uint64_t read_partial(struct json_reader *json)
{
    struct json_value value;
    struct str name;
    bool first = true;
    uint64_t count = 0;
    while (json_member(json, &first, &name)) {
        if (!json_next(json, &value)) return 0;
        if (value.kind == JSON_ARRAY || value.kind == JSON_OBJECT) return 0;
        if (str_equal(name, STR("rejectedSpans")) && !str_to_u64(value.text, &count)) count = 0;
    }
    return json->fault ? 0 : count;
}

uint64_t collector_read_refused(struct str answer)
{
    struct arena arena = {0};
    struct json_reader json = json_reader(answer, &arena);
    struct json_value value;
    struct str name;
    bool first = true;
    uint64_t count = 0;
    if (json_next(&json, &value) && value.kind == JSON_OBJECT)
        while (json_member(&json, &first, &name)) {
            if (!str_equal(name, STR("partialSuccess"))) {
                if (!json_skip(&json, NULL)) break;
                continue;
            }
            if (!json_next(&json, &value) || value.kind != JSON_OBJECT) break;
            count = read_partial(&json);
        }
    arena_deinit(&arena);
    return count;
}

static enum collector_says judge(struct collector *collector, uint64_t *ret_refused,
                                 int64_t *ret_after_ms)
{
    long status = 0;
    curl_off_t after_s = 0;
    curl_easy_getinfo(collector->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(collector->curl, CURLINFO_RETRY_AFTER, &after_s);
    if (status >= 200 && status < 300) {
        *ret_refused = collector_read_refused(buffer_str(&collector->answer));
        return COLLECTOR_TOOK;
    }
    if (status != 429 && status != 502 && status != 503 && status != 504) return COLLECTOR_REFUSED;
    *ret_after_ms = after_s < AFTER_MOST_MS / 1000 ? (int64_t)after_s * 1000 : AFTER_MOST_MS;
    return COLLECTOR_LATER;
}

enum collector_says collector_send(struct collector *collector, struct str body,
                                   const atomic_bool *hurry, uint64_t *ret_refused,
                                   int64_t *ret_after_ms)
{
    buffer_clear(&collector->answer);
    collector->hurry = hurry;
    *ret_refused = 0, *ret_after_ms = 0;
    curl_easy_setopt(collector->curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(collector->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    if (curl_easy_perform(collector->curl) != CURLE_OK) return COLLECTOR_LATER;
    return judge(collector, ret_refused, ret_after_ms);
}
