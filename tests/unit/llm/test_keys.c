/* A client that signs: how credentials are fetched, renewed and replaced; what is signed with them;
 * and a clock that is off. Time stands still until a test moves it. */
#include <unistd.h>

#include "llm/keys.h"
#include "llm/llm.h"
#include "must.h"
#include "scripted_server.h"

#define SAYS(status, size, text) "HTTP/1.1 " status "\r\nContent-Length: " size "\r\n\r\n" text
#define BODY "{\"output\":{\"message\":{\"content\":[{\"toolUse\":{\"input\":{}}}]}}}"
#define ANSWER SAYS("200 OK", "61", BODY)
_Static_assert(sizeof BODY - 1 == 61, "Content-Length");
#define DOCUMENT(id, hour) \
    "{\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"S\",\"Token\":\"TOKEN-" id "\",\"Expiration\":\"2026-01-02T" hour ":04:05Z\"}"
#define DOCUMENT_SAYS(id, hour) SAYS("200 OK", "95", DOCUMENT(id, hour))
_Static_assert(sizeof DOCUMENT("A", "09") - 1 == 95, "Content-Length");

enum { HOUR_MS = 3600000 };
static const int64_t start_ms = 1767323045000; /* 2026-01-02T03:04:05Z */
static const struct llm_question question = {
    .prompt = {"p", 1}, .name = {"n", 1}, .schema = {"{}", 2}, .max_tokens = 9, .temperature = -1};

struct rig {
    uv_loop_t loop;
    struct scripted_server server;
    struct clock_manual clock;
    struct llm_config config;
    struct llm_client *client;
    int results;
    enum llm_why why;
    char text[LLM_TEXT_BYTES];
};

static void forget_environment(void)
{
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME", "AWS_ENDPOINT_URL_STS", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"};
    for (size_t i = 0; i < COUNT_OF(names); i++) unsetenv(names[i]);
    setenv("HOME", "/nonexistent", 1);
}

static void set_up(struct rig *rig, struct route *routes)
{
    forget_environment();
    *rig = (struct rig){0};
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    server_start(&rig->server, &rig->loop, routes);
    clock_manual_init(&rig->clock, start_ms);
    rig->config = (struct llm_config){
        .provider = LLM_BEDROCK, .model = "m", .endpoint = rig->server.url,
        .deadline_ms = 100000000, .clock = &rig->clock.clock};
}

static void open_client(struct rig *rig)
{
    struct err err = {0};
    must(llm_client_open(&rig->loop, &rig->config, &rig->client, &err), &err);
}

static void on_result(void *user, const struct llm_result *result)
{
    struct rig *rig = user;
    rig->results++;
    uv_stop(&rig->loop);
    rig->why = result->why;
    memcpy(rig->text, result->text, sizeof rig->text);
}

static void ask(struct rig *rig, enum llm_why expected)
{
    struct err err = {0};
    int wanted = rig->results + 1;
    must(llm_ask(rig->client, &question, on_result, rig, NULL, &err), &err);
    /* until on_result() stops it */
    while (rig->results < wanted) uv_run(&rig->loop, UV_RUN_DEFAULT);
    if (rig->why != expected)
        fail_msg("%s instead of %s: %s", llm_why_name(rig->why), llm_why_name(expected), rig->text);
}

static bool last_has(const struct rig *rig, const char *text)
{
    return strstr(rig->server.requests[rig->server.request_count - 1].data, text) != NULL;
}

static void tear_down(struct rig *rig)
{
    llm_client_close(rig->client);
    server_stop(&rig->server);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    server_forget(&rig->server);
}

static void signs_with_what_is_configured(void **state)
{
    (void)state;
    struct route routes[] = {{"POST /model/m/converse", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    rig.config.access_key_id = "AKID";
    rig.config.secret_access_key = "SECRET";
    rig.config.session_token = "SESSION";
    open_client(&rig);
    ask(&rig, LLM_ANSWERED);
    assert_true(
        last_has(&rig, "Credential=AKID/20260102/us-east-1/bedrock/aws4_request, SignedHeaders="
                       "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "));
    assert_true(last_has(&rig, "\r\nx-amz-security-token: SESSION\r\n"));
    assert_false(last_has(&rig, "SECRET"));
    tear_down(&rig);
}

static void a_bearer_key_wins(void **state)
{
    (void)state;
    struct route routes[] = {{"POST /model/m/converse", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "SECRET", 1);
    setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-x", 1);
    open_client(&rig);
    ask(&rig, LLM_ANSWERED);
    assert_true(last_has(&rig, "\r\nAuthorization: Bearer bedrock-api-key-x\r\n"));
    assert_false(last_has(&rig, "x-amz-date"));
    tear_down(&rig);
}

/* Another key from the next call on; what can't be one leaves the old in force. */
static void a_key_is_replaced(void **state)
{
    (void)state;
    struct route routes[] = {{"POST /model/m/converse", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    struct err err = {0};
    char *key;
    set_up(&rig, routes);
    rig.config.api_key = "old-key";
    open_client(&rig);
    ask(&rig, LLM_ANSWERED);
    assert_true(last_has(&rig, "Authorization: Bearer old-key\r\n"));
    must(llm_client_read_key(rig.client, "new-key", &key, &err), &err);
    ask(&rig, LLM_ANSWERED);
    assert_true(last_has(&rig, "Authorization: Bearer old-key\r\n"));
    llm_client_swap_key(rig.client, &key);
    assert_string_equal(key, "old-key");
    llm_key_free(key);
    ask(&rig, LLM_ANSWERED);
    assert_true(last_has(&rig, "Authorization: Bearer new-key\r\n"));
    assert_int_equal(llm_client_read_key(rig.client, "two words", &key, &err), E_BAD_CONFIG);
    /* it would have to sign */
    assert_int_equal(llm_client_read_key(rig.client, "", &key, &err), E_BAD_CONFIG);
    ask(&rig, LLM_ANSWERED);
    assert_true(last_has(&rig, "Authorization: Bearer new-key\r\n"));
    tear_down(&rig);
}

/* Three steps once; renewed while what is there still serves; what was renewed is used. */
static void an_instance_gives_keys(void **state)
{
    (void)state;
    struct route routes[] = {
        {"PUT /latest/api/token", SAYS("200 OK", "5", "TOKEN"), THEN_KEEP, 0},
        {"GET /latest/meta-data/iam/security-credentials/ HTTP", SAYS("200 OK", "5", "role\n"),
         THEN_KEEP, 0},
        {"GET /latest/meta-data/iam/security-credentials/role HTTP", DOCUMENT_SAYS("A", "09"),
         THEN_KEEP, 1},
        {"GET /latest/meta-data/iam/security-credentials/role HTTP", DOCUMENT_SAYS("B", "15"),
         THEN_KEEP, 1},
        {"POST /model/m/converse", ANSWER, THEN_KEEP, 0},
        {0}};
    struct rig rig;
    set_up(&rig, routes);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", rig.server.url, 1);
    open_client(&rig);
    assert_int_equal(rig.server.request_count, 0);
    ask(&rig, LLM_ANSWERED);
    assert_int_equal(rig.server.request_count, 4);
    assert_non_null(
        strstr(rig.server.requests[0].data, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    assert_non_null(strstr(rig.server.requests[1].data, "x-aws-ec2-metadata-token: TOKEN\r\n"));
    assert_true(last_has(&rig, "Credential=A/") && last_has(&rig, "x-amz-security-token: TOKEN-A"));
    ask(&rig, LLM_ANSWERED);
    assert_int_equal(rig.server.request_count, 5);
    clock_manual_advance(&rig.clock, 6 * HOUR_MS - KEYS_RENEW_MS + 1000);
    ask(&rig, LLM_ANSWERED); /* with the old ones, while new ones are fetched */
    while (rig.server.request_count < 9) uv_run(&rig.loop, UV_RUN_ONCE);
    while (rig.server.routes[3].uses > 0) uv_run(&rig.loop, UV_RUN_ONCE);
    clock_manual_advance(&rig.clock, HOUR_MS);
    ask(&rig, LLM_ANSWERED);
    assert_true(last_has(&rig, "Credential=B/") && last_has(&rig, "x-amz-security-token: TOKEN-B"));
    tear_down(&rig);
}

static void a_container_gives_keys(void **state)
{
    (void)state;
    struct route routes[] = {{"GET /v1/credentials", DOCUMENT_SAYS("C", "09"), THEN_KEEP, 0},
                             {"POST /model/m/converse", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    char url[128], file[] = "/tmp/verbatim-keys-XXXXXX";
    set_up(&rig, routes);
    int descriptor = mkstemp(file);
    assert_int_equal(write(descriptor, "bearer of it\n", 13), 13);
    close(descriptor);
    snprintf(url, sizeof url, "%s/v1/credentials", rig.server.url);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file, 1);
    open_client(&rig);
    ask(&rig, LLM_ANSWERED);
    assert_non_null(strstr(rig.server.requests[0].data, "\r\nAuthorization: bearer of it\r\n"));
    assert_true(last_has(&rig, "Credential=C/"));
    tear_down(&rig);
    unlink(file);
}

/* Keys that have expired, and can't be renewed, end a call; they are asked for again
 * only after a while. */
static void expired_keys_are_not_used(void **state)
{
    (void)state;
    struct route routes[] = {{"GET /c", DOCUMENT_SAYS("D", "09"), THEN_KEEP, 1},
                             {"GET /c", SAYS("500 No", "0", ""), THEN_KEEP, 1},
                             {"GET /c", SAYS("404 No", "0", ""), THEN_KEEP, 1},
                             {"GET /c", DOCUMENT_SAYS("E", "19"), THEN_KEEP, 1},
                             {"POST /model/m/converse", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    char url[128];
    set_up(&rig, routes);
    snprintf(url, sizeof url, "%s/c", rig.server.url);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    open_client(&rig);
    ask(&rig, LLM_ANSWERED);
    clock_manual_advance(&rig.clock, 7 * HOUR_MS);
    ask(&rig, LLM_UNREACHABLE);
    assert_non_null(strstr(rig.text, "500"));
    size_t before = rig.server.request_count;
    ask(&rig, LLM_UNREACHABLE);
    assert_int_equal(rig.server.request_count, before);
    clock_manual_advance(&rig.clock, KEYS_RETRY_MS);
    ask(&rig, LLM_DENIED);
    clock_manual_advance(&rig.clock, KEYS_AGAIN_MS);
    ask(&rig, LLM_ANSWERED);
    assert_true(last_has(&rig, "Credential=E/"));
    tear_down(&rig);
}

#define STS_BODY(id) "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>" id \
    "</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>TOKEN-" id "</SessionToken><Expiration>2026-01-02T09:04:05Z" \
    "</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
_Static_assert(sizeof STS_BODY("W") - 1 == 310, "Content-Length");

/* STS is told the token of the file, as it is at that time, and gives keys for it. */
static void a_web_identity_gives_keys(void **state)
{
    (void)state;
    struct route routes[] = {{"POST / HTTP", SAYS("200 OK", "310", STS_BODY("W")), THEN_KEEP, 1},
                             {"POST / HTTP", SAYS("200 OK", "310", STS_BODY("V")), THEN_KEEP, 1},
                             {"POST / HTTP", SAYS("403 No", "0", ""), THEN_KEEP, 0},
                             {"POST /model/m/converse", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    char file[] = "/tmp/verbatim-keys-XXXXXX";
    set_up(&rig, routes);
    int descriptor = mkstemp(file);
    assert_int_equal(pwrite(descriptor, "token+1\n", 8, 0), 8);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
    setenv("AWS_ENDPOINT_URL_STS", rig.server.url, 1);
    open_client(&rig);
    ask(&rig, LLM_ANSWERED);
    assert_non_null(strstr(rig.server.requests[0].data,
                           "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&"
                           "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=verbatim&"
                           "WebIdentityToken=token%2B1"));
    assert_null(strstr(rig.server.requests[0].data, "Authorization"));
    assert_true(last_has(&rig, "Credential=W/") && last_has(&rig, "x-amz-security-token: TOKEN-W"));
    assert_int_equal(pwrite(descriptor, "token+2\n", 8, 0), 8);
    clock_manual_advance(&rig.clock, 7 * HOUR_MS);
    setenv("AWS_ROLE_ARN", "another", 1); /* what was found at the start counts */
    ask(&rig, LLM_UNREACHABLE); /* STS gives old ones: they have expired */
    assert_non_null(strstr(rig.server.requests[2].data,
                           "role%2Fr&RoleSessionName=verbatim&WebIdentityToken=token%2B2"));
    clock_manual_advance(&rig.clock, KEYS_AGAIN_MS);
    ask(&rig, LLM_DENIED);
    assert_non_null(strstr(rig.text, "STS"));
    assert_null(strstr(rig.text, "token"));
    close(descriptor);
    unlink(file);
    clock_manual_advance(&rig.clock, KEYS_AGAIN_MS);
    size_t before = rig.server.request_count;
    ask(&rig, LLM_DENIED); /* no token, no question */
    assert_int_equal(rig.server.request_count, before);
    tear_down(&rig);
}

#define EXPIRED SAYS("403 No", "34", "{\"__type\":\"ExpiredTokenException\"}")
static void replaced_keys_are_read_again(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", EXPIRED, THEN_KEEP, 2}, {"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    char file[] = "/tmp/verbatim-keys-XXXXXX";
    static const char old[] = "[default]\naws_access_key_id=OLD\naws_secret_access_key=S\n",
                      fresh[] = "[default]\naws_access_key_id=NEW\naws_secret_access_key=S\n";
    set_up(&rig, routes);
    int descriptor = mkstemp(file);
    assert_int_equal(pwrite(descriptor, old, sizeof old - 1, 0), sizeof old - 1);
    rig.config.credentials_file = file;
    open_client(&rig);
    ask(&rig, LLM_DENIED); /* the file has no others yet */
    assert_true(last_has(&rig, "Credential=OLD/"));
    assert_int_equal(pwrite(descriptor, fresh, sizeof fresh - 1, 0), sizeof fresh - 1);
    ask(&rig, LLM_STALE);
    ask(&rig, LLM_ANSWERED);
    assert_true(last_has(&rig, "Credential=NEW/"));
    close(descriptor);
    unlink(file);
    tear_down(&rig);
}

static void a_clock_that_is_off_is_corrected(void **state)
{
    (void)state;
    struct route routes[] = {
        {"POST",
         "HTTP/1.1 403 No\r\nDate: Fri, 02 Jan 2026 05:04:05 GMT\r\nContent-Length: 38\r\n\r\n"
         "{\"__type\":\"InvalidSignatureException\"}",
         THEN_KEEP, 2},
        {0}};
    struct rig rig;
    set_up(&rig, routes);
    rig.config.access_key_id = "A";
    rig.config.secret_access_key = "S";
    open_client(&rig);
    ask(&rig, LLM_STALE);
    assert_true(last_has(&rig, "x-amz-date: 20260102T030405Z"));
    ask(&rig, LLM_DENIED); /* the clock is right now: it was the key as well */
    assert_true(last_has(&rig, "x-amz-date: 20260102T050405Z"));
    tear_down(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_with_what_is_configured),
        cmocka_unit_test(a_bearer_key_wins),
        cmocka_unit_test(a_key_is_replaced),
        cmocka_unit_test(an_instance_gives_keys),
        cmocka_unit_test(a_container_gives_keys),
        cmocka_unit_test(a_web_identity_gives_keys),
        cmocka_unit_test(expired_keys_are_not_used),
        cmocka_unit_test(replaced_keys_are_read_again),
        cmocka_unit_test(a_clock_that_is_off_is_corrected),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
