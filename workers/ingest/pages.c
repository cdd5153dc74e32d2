/* The dashboard (dashboard.html: one file, no build step) and the OpenAPI document (openapi.json,
 * the schemas of what goes in and comes out from schemas/). */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/hash.h"
#include "schema/reference.h"
#include "workers/ingest/state.h"

extern const char dashboard_html[];
extern const size_t dashboard_html_size;
extern const char openapi_json[];
extern const size_t openapi_json_size;

/* A page changes with the program alone: browsers keep it, and ask whether it is still the same. */
static void serve(struct http_request *request, struct str type, struct str page)
{
    char tag[24];
    int size = snprintf(tag, sizeof tag, "\"%016" PRIx64 "\"", hash_fast(page, 0));
    struct str etag = str_make(tag, (size_t)size);
    struct str kept = http_header(request, STR("If-None-Match"));
    bool same = str_find(kept, etag) < kept.size || str_equal(str_trim(kept), STR("*"));
    http_add_header(request, STR("ETag"), etag);
    http_add_header(request, STR("Cache-Control"), STR("no-cache"));
    if (same) http_respond(request, 304, STR(""), STR(""));
    else http_respond(request, 200, type, page);
}

/* All up to the mark, which goes from the page too. */
static void add_until(struct buffer *out, struct str *page, struct str mark)
{
    size_t at = str_find(*page, mark);
    buffer_add(out, str_slice(*page, 0, at));
    *page = str_slice(*page, at + mark.size, page->size);
}

/* openapi.json, with what only the program knows in the places of its marks. */
static void write_openapi(struct buffer *out)
{
    struct str page = str_make(openapi_json, openapi_json_size);
    add_until(out, &page, STR("@VERSION@"));
    buffer_add(out, STR(VERBATIM_VERSION));
    add_until(out, &page, STR("\"@FEEDBACK@\""));
    reference_shape_schema(&feedback_shape, out);
    add_until(out, &page, STR("\"@RECORD@\""));
    reference_record_schema(out);
    buffer_add(out, page);
}

static void serve_openapi(struct http_request *request)
{
    struct buffer out = {0};
    write_openapi(&out);
    if (out.failed) http_refuse_busy(request, 503, 1, "The server is short of memory.");
    else serve(request, STR("application/json"), buffer_str(&out));
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
    else serve(request, STR("text/html; charset=utf-8"), page);
    buffer_deinit(&policy);
}

bool pages_serve(struct http_request *request)
{
    if (str_equal(request->path, STR("/v1/openapi.json"))) serve_openapi(request);
    else if (str_equal(request->path, STR("/"))) serve_dashboard(request);
    else return false;
    return true;
}
