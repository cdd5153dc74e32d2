/* The dashboard and the OpenAPI document. The page is one file without a build step: dashboard.html. */
#include <stdlib.h>

#include "schema/reference.h"
#include "workers/ingest/state.h"

extern const char dashboard_html[];
extern const size_t dashboard_html_size;

/* Paths by hand, the body's schema from schemas/feedback.def. OpenAPI 3.1. */
static void write_openapi(struct buffer *out)
{
    buffer_printf(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Verbatim\",\"version\":\"%s\",\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"},"
                       "\"description\":\"Customer feedback in, insight out.\"},\"servers\":[{\"url\":\"/\"}],\"security\":[{},{\"key\":[]}],",
                  VERBATIM_VERSION);
    buffer_add(out, STR("\"paths\":{"
                        "\"/v1/feedback\":{\"post\":{\"operationId\":\"postFeedback\",\"summary\":\"Take feedback in; 202 means that the bus holds it.\",\"parameters\":["
                        "{\"name\":\"wait\",\"in\":\"query\",\"description\":\"Answer with the finished insight if it comes in time, e.g. 5s.\",\"schema\":{\"type\":\"string\",\"pattern\":\"^[0-9]{1,6}(ms|s)?$\"}},"
                        "{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"description\":\"The same key makes a retried post the same record.\",\"schema\":{\"type\":\"string\",\"maxLength\":255}}],"
                        "\"requestBody\":{\"required\":true,\"content\":{"
                        "\"application/json\":{\"schema\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/Feedback\"},{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Feedback\"}}]}},"
                        "\"application/x-ndjson\":{\"schema\":{\"type\":\"string\"}},\"text/csv\":{\"schema\":{\"type\":\"string\"}}}},"
                        "\"responses\":{"
                        "\"200\":{\"description\":\"The finished insight (wait).\",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}},"
                        "\"202\":{\"description\":\"A receipt for each record.\",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}"));
    static const struct {
        int status;
        const char *what;
    } problems[] = {{400, "Malformed body."}, {401, "No valid key."}, {403, "The key lacks the scope."}, {408, "Too slow."}, {413, "Too large."},
                    {415, "Unknown content type."}, {422, "Nothing valid in it; errors name the fields."}, {429, "Too much at once; see Retry-After."},
                    {503, "The bus does not answer; see Retry-After."}};
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++)
        buffer_printf(out, ",\"%d\":{\"description\":\"%s\",\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}",
                      problems[i].status, problems[i].what);
    buffer_add(out, STR("}}},"
                        "\"/v1/insights/stream\":{\"get\":{\"operationId\":\"streamInsights\",\"summary\":\"Finished insights as server-sent events; resumable by Last-Event-ID.\",\"parameters\":["
                        "{\"name\":\"product\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},{\"name\":\"tenant\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},"
                        "{\"name\":\"safety\",\"in\":\"query\",\"schema\":{\"enum\":[\"positive\",\"negative\",\"unassessed\"]}},"
                        "{\"name\":\"sentiment\",\"in\":\"query\",\"schema\":{\"enum\":[\"positive\",\"negative\",\"neutral\",\"mixed\"]}},"
                        "{\"name\":\"Last-Event-ID\",\"in\":\"header\",\"schema\":{\"type\":\"string\"}}],"
                        "\"responses\":{\"200\":{\"description\":\"A stream of events named insight.\",\"content\":{\"text/event-stream\":{\"schema\":{\"type\":\"string\"}}}}}}},"
                        "\"/v1/status\":{\"get\":{\"operationId\":\"status\",\"summary\":\"Backlog of each worker.\",\"responses\":{\"200\":{\"description\":\"State.\",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}}}}},"
                        "\"components\":{\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"}},\"schemas\":{"
                        "\"Problem\":{\"type\":\"object\",\"required\":[\"title\",\"status\"],\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
                        "\"detail\":{\"type\":\"string\"},\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}},"
                        "\"Feedback\":{\"required\":[\"text\"],\"allOf\":["));
    reference_shape_schema(&feedback_shape, out);
    buffer_add(out, STR("],\"properties\":{\"id\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9._:-]{1,64}$\"}}}}}}\n"));
}

static void serve_openapi(struct http_request *request)
{
    struct buffer out = {0};
    write_openapi(&out);
    if (out.failed) http_refuse_busy(request, 503, 1, "The server is short of memory.");
    else http_respond(request, 200, STR("application/json"), buffer_str(&out));
    buffer_deinit(&out);
}

bool pages_serve(struct http_request *request)
{
    if (str_equal(request->path, STR("/v1/openapi.json"))) {
        serve_openapi(request);
        return true;
    }
    if (!str_equal(request->path, STR("/"))) return false;
    http_add_header(request, STR("Content-Security-Policy"),
                    STR("default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"));
    http_respond(request, 200, STR("text/html; charset=utf-8"), str_make(dashboard_html, dashboard_html_size));
    return true;
}
