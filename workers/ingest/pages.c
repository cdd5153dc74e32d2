/* The dashboard and the OpenAPI document. The page is one file without a build step:
 * dashboard.html. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "schema/reference.h"
#include "workers/ingest/state.h"

extern const char dashboard_html[];
extern const size_t dashboard_html_size;

/* Paths by hand, the body's schema from schemas/feedback.def. OpenAPI 3.1. */
static void write_openapi(struct buffer *out)
{
    buffer_printf(out,
                  "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Verbatim\",\"version\":\"%s\","
                  "\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"},"
                  "\"description\":\"Customer feedback in, insight "
                  "out.\"},\"servers\":[{\"url\":\"/\"}],\"security\":[{},{\"key\":[]}],",
                  VERBATIM_VERSION);
    buffer_add(
        out,
        STR("\"paths\":{"
            "\"/v1/feedback\":{\"post\":{\"operationId\":\"postFeedback\",\"summary\":\"Take "
            "feedback in; 202 means that the bus holds it.\",\"parameters\":["
            "{\"name\":\"wait\",\"in\":\"query\",\"description\":\"Answer with the finished "
            "insight if it comes in time, e.g. "
            "5s.\",\"schema\":{\"type\":\"string\",\"pattern\":\"^[0-9]{1,6}(ms|s)?$\"}},"
            "{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"description\":\"The same key makes "
            "a retried post the same "
            "record.\",\"schema\":{\"type\":\"string\",\"maxLength\":255}}],"
            "\"requestBody\":{\"required\":true,\"content\":{"
            "\"application/json\":{\"schema\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/"
            "Feedback\"},{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/"
            "Feedback\"}}]}},"
            "\"application/x-ndjson\":{\"schema\":{\"type\":\"string\"}},\"text/"
            "csv\":{\"schema\":{\"type\":\"string\"}}}},"
            "\"responses\":{"
            "\"200\":{\"description\":\"The finished insight "
            "(wait).\",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}},"
            "\"202\":{\"description\":\"A receipt for each "
            "record.\",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}"));
    static const struct {
        int status;
        const char *what;
    } problems[] = {{400, "Malformed body."},
                    {401, "No valid key."},
                    {403, "The key lacks the scope."},
                    {408, "Too slow."},
                    {413, "Too large."},
                    {415, "Unknown content type."},
                    {422, "Nothing valid in it; errors name the fields."},
                    {429, "Too much at once; see Retry-After."},
                    {503, "The bus does not answer; see Retry-After."}};
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++)
        buffer_printf(out,
                      ",\"%d\":{\"description\":\"%s\",\"content\":{\"application/"
                      "problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}",
                      problems[i].status, problems[i].what);
    buffer_add(
        out,
        STR("}}},"
            "\"/v1/insights/"
            "stream\":{\"get\":{\"operationId\":\"streamInsights\",\"summary\":\"Finished insights "
            "as server-sent events; resumable by Last-Event-ID.\",\"parameters\":["
            "{\"name\":\"product\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},{\"name\":"
            "\"tenant\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},"
            "{\"name\":\"safety\",\"in\":\"query\",\"schema\":{\"enum\":[\"positive\",\"negative\","
            "\"unassessed\"]}},"
            "{\"name\":\"sentiment\",\"in\":\"query\",\"schema\":{\"enum\":[\"positive\","
            "\"negative\",\"neutral\",\"mixed\"]}},"
            "{\"name\":\"recent\",\"in\":\"query\",\"description\":\"Begin with about so many of "
            "the newest "
            "insights.\",\"schema\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10000}},"
            "{\"name\":\"Last-Event-ID\",\"in\":\"header\",\"schema\":{\"type\":\"string\"}}],"
            "\"responses\":{\"200\":{\"description\":\"A stream of events named "
            "insight.\",\"content\":{\"text/event-stream\":{\"schema\":{\"type\":\"string\"}}}}}}},"
            "\"/v1/status\":{\"get\":{\"operationId\":\"status\",\"summary\":\"Backlog of each "
            "worker.\",\"responses\":{\"200\":{\"description\":\"State.\",\"content\":{"
            "\"application/json\":{\"schema\":{\"type\":\"object\"}}}}}}}},"
            "\"components\":{\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"}"
            "},\"schemas\":{"
            "\"Problem\":{\"type\":\"object\",\"required\":[\"title\",\"status\"],\"properties\":{"
            "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":"
            "\"integer\"},"
            "\"detail\":{\"type\":\"string\"},\"errors\":{\"type\":\"array\",\"items\":{\"type\":"
            "\"object\"}}}},"
            "\"Feedback\":{\"required\":[\"text\"],\"allOf\":["));
    reference_shape_schema(&feedback_shape, out);
    buffer_add(out, STR("],\"properties\":{\"id\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9._:"
                        "-]{1,64}$\"},\"text\":{\"pattern\":\"\\\\S\"}},"
                        "\"unevaluatedProperties\":false}}}}\n"));
}

static void serve_openapi(struct http_request *request)
{
    struct buffer out = {0};
    write_openapi(&out);
    if (out.failed) http_refuse_busy(request, 503, 1, "The server is short of memory.");
    else http_respond(request, 200, STR("application/json"), buffer_str(&out));
    buffer_deinit(&out);
}

/* Adds the CSP source of what stands between two tags: nothing else may run or style the page. */
static void add_source(struct buffer *out, struct str page, struct str open, struct str close)
{
    enum { SOURCE_BYTES = 4 * ((SHA256_BYTES + 2) / 3) + 1 };
    uint8_t hash[SHA256_BYTES];
    unsigned char text[SOURCE_BYTES];
    struct str inside = str_slice(page, str_find(page, open) + open.size, page.size);
    hash_sha256(str_slice(inside, 0, str_find(inside, close)), hash);
    EVP_EncodeBlock(text, hash, SHA256_BYTES);
    buffer_printf(out, "'sha256-%s'; ", (const char *)text);
}

static void serve_dashboard(struct http_request *request)
{
    struct str page = str_make(dashboard_html, dashboard_html_size);
    struct buffer policy = {0};
    buffer_add(&policy, STR("default-src 'none'; script-src "));
    add_source(&policy, page, STR("<script>"), STR("</script>"));
    buffer_add(&policy, STR("style-src "));
    add_source(&policy, page, STR("<style>"), STR("</style>"));
    buffer_add(&policy,
               STR("connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                   "frame-ancestors 'none'; require-trusted-types-for 'script'"));
    http_add_header(request, STR("Content-Security-Policy"), buffer_str(&policy));
    http_add_header(request, STR("Referrer-Policy"), STR("no-referrer"));
    if (policy.failed) http_refuse_busy(request, 503, 1, "The server is short of memory.");
    else http_respond(request, 200, STR("text/html; charset=utf-8"), page);
    buffer_deinit(&policy);
}

bool pages_serve(struct http_request *request)
{
    if (str_equal(request->path, STR("/v1/openapi.json"))) serve_openapi(request);
    else if (str_equal(request->path, STR("/"))) serve_dashboard(request);
    else return false;
    return true;
}
