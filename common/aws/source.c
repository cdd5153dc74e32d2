/* Which request is next, and what an answer holds. One step for STS and a container, three for an
 * instance: a token, the role's name, its keys. */
#include "aws/source.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/region.h"
#include "aws/xml.h"
#include "base/clock.h"
#include "schema/json.h"

enum { TOKEN_FILE_BYTES_MAX = 64 * 1024, ENDPOINT_MS = 2000, STS_MS = 5000 };

#define ROLES "/latest/meta-data/iam/security-credentials/"

/* --- documents ------------------------------------------------------------------------------- */

static bool is_whole(const struct source_document *found)
{
    return found->keys.access_key_id.size && found->keys.secret_access_key.size;
}

bool source_parse(struct str text, struct arena *arena, struct source_document *ret_document)
{
    struct source_document found = {0};
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
        if (value.kind == JSON_STRING)
            *at = value.text;
        else if (value.kind != JSON_NULL)
            return false;
    }
    if (!json_end(&json) || !str_equal(code, STR("Success")) || !is_whole(&found)) return false;
    if (expires.size && !time_parse(expires, &found.expires_ms)) return false;
    *ret_document = found;
    return true;
}

/* One element of Credentials. False: without memory, or no time. */
static bool take_element(const struct xml *xml, struct arena *arena, struct source_document *found)
{
    struct str text = buffer_str(&xml->text);
    struct str *at = str_equal(xml->name, STR("AccessKeyId"))       ? &found->keys.access_key_id
                     : str_equal(xml->name, STR("SecretAccessKey")) ? &found->keys.secret_access_key
                     : str_equal(xml->name, STR("SessionToken"))    ? &found->keys.session_token
                                                                    : NULL;
    if (str_equal(xml->name, STR("Expiration"))) return time_parse(text, &found->expires_ms);
    if (!at) return true;
    *at = arena_copy(arena, text);
    return at->data != NULL;
}

bool source_parse_sts(struct str text, struct arena *arena, struct source_document *ret_document)
{
    enum { DEPTH = 3 }; /* response, result, Credentials, and these within */
    struct source_document found = {0};
    struct xml xml;
    enum xml_event event = XML_OPEN;
    bool good = true, inside = false;
    xml_init(&xml, text);
    while (good && event != XML_END) {
        good = xml_next(&xml, &event, NULL) == E_OK;
        if (!good || event == XML_END) break;
        bool frame = str_equal(xml.name, STR("Credentials")) &&
                     xml.depth == (event == XML_OPEN ? DEPTH : DEPTH - 1);
        if (frame)
            inside = event == XML_OPEN;
        else if (inside && event == XML_CLOSE && xml.depth == DEPTH)
            good = take_element(&xml, arena, &found);
    }
    xml_deinit(&xml);
    if (!good || !is_whole(&found) || !found.keys.session_token.size) return false;
    *ret_document = found;
    return true;
}

/* --- addresses ------------------------------------------------------------------------------- */

static struct str host_of(struct str url)
{
    struct str rest = str_slice(url, str_find(url, STR("://")) + 3, url.size);
    struct str authority = str_cut(&rest, '/');
    if (str_starts(authority, STR("[")))
        return str_slice(authority, 0, str_find(authority, STR("]")) + 1);
    return str_cut(&authority, ':');
}

bool source_url_is_allowed(struct str url)
{
    static const char *const hosts[] = {"127.0.0.1",     "localhost",      "[::1]",
                                        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    if (str_find(url, STR("@")) < url.size) return false;
    if (str_starts(url, STR("https://"))) return true;
    if (!str_starts(url, STR("http://"))) return false;
    struct str host = host_of(url);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (str_equal_ignoring_case(host, str_of(hosts[i]))) return true;
    return false;
}

/* --- finding --------------------------------------------------------------------------------- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static int set_url(struct source *source, struct str url, const char *where, bool checked,
                   struct err *err)
{
    while (str_ends(url, STR("/"))) url.size--;
    if (checked && !source_url_is_allowed(url))
        return err_set(err, E_BAD_CONFIG, "credentials are not fetched from the address in %s",
                       where);
    source->url = strndup(url.data, url.size);
    return source->url ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int find_web_identity(struct source *source, const char *region, struct err *err)
{
    char amazon[REGION_ENDPOINT_BYTES];
    const char *endpoint = environment("AWS_ENDPOINT_URL_STS"),
               *session = environment("AWS_ROLE_SESSION_NAME");
    source->kind = SOURCE_WEB_IDENTITY;
    source->role_arn = strdup(environment("AWS_ROLE_ARN"));
    source->token_file = strdup(environment("AWS_WEB_IDENTITY_TOKEN_FILE"));
    source->session = strdup(*session ? session : "verbatim");
    if (!source->role_arn || !source->token_file || !source->session)
        return err_set(err, E_NO_MEMORY, NULL);
    int rc = *endpoint ? E_OK : region_endpoint("sts", region, amazon, err);
    if (rc) return rc;
    return set_url(source, str_of(*endpoint ? endpoint : amazon), "AWS_ENDPOINT_URL_STS", true,
                   err);
}

static int find_container(struct source *source, const char *relative, const char *full,
                          struct err *err)
{
    char url[1024];
    source->kind = SOURCE_CONTAINER;
    if (*relative && strlen(relative) >= sizeof url - 32)
        return err_set(err, E_BAD_CONFIG, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is too long");
    snprintf(url, sizeof url, "http://169.254.170.2%s", relative);
    source->url = *relative ? strdup(url) : NULL;
    if (*relative) return source->url ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    if (!source_url_is_allowed(str_of(full)))
        return err_set(
            err, E_BAD_CONFIG,
            "credentials are not fetched from the address in AWS_CONTAINER_CREDENTIALS_FULL_URI");
    source->url = strdup(full); /* as it is: a slash at its end may matter */
    return source->url ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int find(struct source *source, const char *region, struct err *err)
{
    const char *relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
               *full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
               *instance = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (*environment("AWS_WEB_IDENTITY_TOKEN_FILE") && *environment("AWS_ROLE_ARN"))
        return find_web_identity(source, region, err);
    if (*relative || *full) return find_container(source, relative, full, err);
    if (str_equal_ignoring_case(str_of(environment("AWS_EC2_METADATA_DISABLED")), STR("true")))
        return err_set(
            err, E_NOT_FOUND,
            "no AWS credentials: set access_key_id, AWS_ACCESS_KEY_ID or a credentials file");
    source->kind = SOURCE_INSTANCE;
    source->assumed = !*instance;
    return set_url(source, *instance ? str_of(instance) : STR("http://169.254.169.254"), "", false,
                   err);
}

int source_find(struct source *source, const char *region, struct err *err)
{
    struct source found = {0};
    int rc = find(&found, region, err);
    if (rc)
        source_deinit(&found);
    else
        *source = found;
    return rc;
}

void source_deinit(struct source *source)
{
    explicit_bzero(source->token, sizeof source->token);
    free(source->url);
    free(source->role_arn);
    free(source->session);
    free(source->token_file);
    *source = (struct source){0};
}

const char *source_name(const struct source *source)
{
    static const char *const names[] = {"nobody", "AWS STS", "the container's endpoint",
                                        "the instance's endpoint"};
    return names[source->kind];
}

/* --- requests -------------------------------------------------------------------------------- */

void source_request_deinit(struct source_request *request)
{
    struct buffer *secrets[] = {&request->body, &request->value, &request->url};
    for (size_t i = 0; i < 3; i++) {
        if (secrets[i]->data) explicit_bzero(secrets[i]->data, secrets[i]->capacity);
        buffer_deinit(secrets[i]);
    }
    *request = (struct source_request){0};
}

void source_begin(struct source *source)
{
    source->step = source->kind == SOURCE_INSTANCE ? SOURCE_TOKEN : SOURCE_WHOLE;
}

/* A token out of a file, each time, as it rotates. */
static int read_token(const char *path, struct buffer *out, struct err *err)
{
    struct buffer file = {0};
    int rc = buffer_read_file(&file, path, TOKEN_FILE_BYTES_MAX, NULL);
    struct str token = str_trim(buffer_str(&file));
    for (size_t i = 0; i < token.size && rc == E_OK; i++)
        if (token.data[i] < ' ' || token.data[i] == 0x7F) rc = E_DENIED;
    if (rc == E_OK && token.size)
        buffer_add(out, token);
    else
        rc = rc == E_NO_MEMORY ? err_set(err, E_NO_MEMORY, NULL)
                               : err_set(err, E_DENIED,
                                         "no AWS credentials: the token in %s can't be read", path);
    if (file.data) explicit_bzero(file.data, file.capacity);
    buffer_deinit(&file);
    return rc;
}

static int container_request(struct source_request *request, struct err *err)
{
    const char *file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
               *token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    int rc = E_OK;
    if (*file)
        rc = read_token(file, &request->value, err);
    else
        buffer_add(&request->value, str_of(token));
    for (size_t i = 0; i < request->value.size; i++)
        if (request->value.data[i] == '\r' || request->value.data[i] == '\n')
            return err_set(err, E_DENIED,
                           "no AWS credentials: the container's token holds a line's end");
    if (request->value.size) request->header = "Authorization";
    return rc;
}

static void add_field(struct buffer *out, const char *name, struct str value)
{
    buffer_printf(out, "&%s=", name);
    sigv4_encode(value, false, out);
}

static int sts_request(struct source *source, struct source_request *request, struct err *err)
{
    int rc = read_token(source->token_file, &request->value, err);
    request->method = "POST";
    request->direct = false;
    request->deadline_ms = STS_MS;
    buffer_add_char(&request->url, '/');
    buffer_add(&request->body, STR("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"));
    add_field(&request->body, "RoleArn", str_of(source->role_arn));
    add_field(&request->body, "RoleSessionName", str_of(source->session));
    add_field(&request->body, "WebIdentityToken", buffer_str(&request->value));
    return rc;
}

static int instance_request(struct source *source, struct source_request *request)
{
    bool first = source->step == SOURCE_TOKEN;
    request->method = first ? "PUT" : "GET";
    request->header = first ? "x-aws-ec2-metadata-token-ttl-seconds" : "x-aws-ec2-metadata-token";
    buffer_add(&request->value, first ? STR("21600") : str_of(source->token));
    if (first)
        buffer_add(&request->url, STR("/latest/api/token"));
    else
        buffer_printf(&request->url, ROLES "%s", source->step == SOURCE_KEYS ? source->role : "");
    return E_OK;
}

int source_request(struct source *source, struct source_request *ret_request, struct err *err)
{
    struct source_request request = {.method = "GET", .deadline_ms = ENDPOINT_MS, .direct = true};
    int rc;
    buffer_add(&request.url, str_of(source->url));
    switch (source->kind) {
    case SOURCE_WEB_IDENTITY: rc = sts_request(source, &request, err); break;
    case SOURCE_CONTAINER: rc = container_request(&request, err); break;
    default: rc = instance_request(source, &request); break;
    }
    bool failed = request.url.failed || request.body.failed || request.value.failed;
    if (rc == E_OK && failed) rc = err_set(err, E_NO_MEMORY, NULL);
    if (rc)
        source_request_deinit(&request);
    else
        *ret_request = request;
    return rc;
}

/* --- answers --------------------------------------------------------------------------------- */

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

static enum source_verdict fail(struct source *source, enum err_code code, long status,
                                const char *what, struct err *err)
{
    source->step = SOURCE_IDLE;
    explicit_bzero(source->token, sizeof source->token);
    (void)err_set(err, code, "no AWS credentials: %s answered %ld: %s", source_name(source), status,
                  what);
    return SOURCE_FAILED;
}

enum source_verdict source_take(struct source *source, long status, struct str body,
                                struct arena *arena, struct source_document *ret_document,
                                struct err *err)
{
    bool good;
    if (status != 200)
        return fail(source, status >= 400 && status < 500 ? E_DENIED : E_UNAVAILABLE, status,
                    "refused", err);
    switch (source->step) {
    case SOURCE_TOKEN:
        if (!copy_word(source->token, sizeof source->token, body)) break;
        source->step = SOURCE_ROLE;
        return SOURCE_MORE;
    case SOURCE_ROLE:
        if (!copy_word(source->role, sizeof source->role, body)) break;
        source->step = SOURCE_KEYS;
        return SOURCE_MORE;
    default:
        good = source->kind == SOURCE_WEB_IDENTITY ? source_parse_sts(body, arena, ret_document)
                                                   : source_parse(body, arena, ret_document);
        if (!good) return fail(source, E_UPSTREAM, status, "no credentials", err);
        source->step = SOURCE_IDLE;
        explicit_bzero(source->token, sizeof source->token);
        return SOURCE_DONE;
    }
    return fail(source, E_UPSTREAM, status, "not what was asked for", err);
}
