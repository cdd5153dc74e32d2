/* Who may do what: API keys, their tenants and scopes, origins of browsers;
 * and starts that are refused. */
#include "ingest_keys.h"
#include "ingest_started.h"

static int start_with_keys(void **state)
{
    if (rig_setup(state)) return -1;
    rig_start_with_keys(&rig);
    return 0;
}

static int start(void **state)
{
    return start_with(state, NULL);
}

static const struct {
    const char *why, *method, *target, *headers;
    int status;
    const char *head_says;
} calls[] = {
    {"no key", "POST", "/v1/feedback", JSON_TYPE, 401, "WWW-Authenticate: Bearer"},
    {"a good key", "POST", "/v1/feedback", JSON_TYPE "Authorization: Bearer writer.sw\r\n", 202,
     ""},
    {"in any case", "POST", "/v1/feedback", JSON_TYPE "authorization: bearer writer.sw\r\n", 202,
     ""},
    {"in the other header", "POST", "/v1/feedback", JSON_TYPE "X-API-Key: writer.sw\r\n", 202, ""},
    {"a second secret of the same name", "POST", "/v1/feedback",
     JSON_TYPE "X-API-Key: both.next\r\n", 202, ""},
    {"a wrong secret", "POST", "/v1/feedback", JSON_TYPE "X-API-Key: writer.sx\r\n", 401, ""},
    {"a longer secret", "POST", "/v1/feedback", JSON_TYPE "X-API-Key: writer.sww\r\n", 401, ""},
    {"another's secret", "POST", "/v1/feedback", JSON_TYPE "X-API-Key: writer.sr\r\n", 401, ""},
    {"no secret", "POST", "/v1/feedback", JSON_TYPE "X-API-Key: writer\r\n", 401, ""},
    {"the hash is no secret", "POST", "/v1/feedback",
     JSON_TYPE
     "X-API-Key: writer.5d0e9cab6bd3b2ff7a37ad9e2e5a0d8f3bfbd0e1a5a5f0d2c5c3a1f0e9d8c7b6\r\n",
     401, ""},
    {"two keys, one of them good", "POST", "/v1/feedback",
     JSON_TYPE "X-API-Key: writer.sw\r\nX-API-Key: writer.sx\r\n", 400, ""},
    {"basic credentials", "POST", "/v1/feedback", JSON_TYPE "Authorization: Basic d3JpdGVyOnN3\r\n",
     401, ""},
    {"a key in the query is for reading only", "POST", "/v1/feedback?key=writer.sw", JSON_TYPE, 401,
     ""},
    {"readers don't write", "POST", "/v1/feedback", JSON_TYPE "X-API-Key: reader.sr\r\n", 403, ""},
    {"writers don't read", "GET", "/v1/status", "X-API-Key: writer.sw\r\n", 403, ""},
    {"nor follow", "GET", "/v1/insights/stream", "X-API-Key: writer.sw\r\n", 403, ""},
    {"readers read", "GET", "/v1/status", "X-API-Key: reader.sr\r\n", 200, ""},
    {"by query too", "GET", "/v1/status?key=reader.sr", "", 200, ""},
    {"status is for callers with a key", "GET", "/v1/status", "", 401, ""},
    {"the page itself holds no data", "GET", "/", "", 200, ""},
    {"nor does the reference", "GET", "/v1/openapi.json", "", 200, ""},
    {"a browser asks first", "OPTIONS", "/v1/feedback", "Origin: https://b.example\r\n", 204,
     "Access-Control-Allow-Origin: https://b.example"},
    {"and is told what it may send", "OPTIONS", "/v1/feedback", "Origin: https://a.example\r\n",
     204, "Idempotency-Key"},
    {"and anybody what is served there", "OPTIONS", "/v1/feedback", "", 204,
     "Allow: POST, OPTIONS"},
    {"or by the server as a whole", "OPTIONS", "*", "", 204, "Allow: GET, HEAD, POST, OPTIONS"},
    {"a packed body too", "OPTIONS", "/v1/feedback", "Origin: https://a.example\r\n", 204,
     "Content-Encoding"},
    {"an origin in a refusal", "POST", "/v1/feedback", JSON_TYPE "Origin: https://a.example\r\n",
     401, "Access-Control-Allow-Origin: https://a.example"},
    {"caches keep origins apart", "GET", "/healthz", "Origin: https://a.example\r\n", 200,
     "Vary: Origin"},
};

static void test_callers(void **state)
{
    struct answer answer;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        CASE(calls[i].why);
        caller_ask(&rig, calls[i].method, calls[i].target, calls[i].headers,
                   strcmp(calls[i].method, "POST") ? (struct str){0} : STR("{\"text\":\"a\"}"),
                   &answer);
        if (answer.status != calls[i].status || !holds(answer.head, calls[i].head_says))
            fail_msg("answered %.*s", STR_ARGS(answer.head));
        answer_free(&answer);
    }
    caller_ask(&rig, "OPTIONS", "/v1/feedback", "Origin: https://evil.example\r\n", (struct str){0},
               &answer);
    assert_false(holds(answer.head, "Access-Control-Allow-Origin"));
    answer_free(&answer);
}

static void on_tenant(void *user, const struct seen *seen)
{
    struct str *tenants = user;
    bool acme = str_equal(seen->feedback.tenant, STR("acme")) &&
                str_starts(seen->record.id, STR("acme:"));
    bool none = !shape_has(feedback, &seen->feedback, tenant) &&
                str_equal(seen->record.id, STR("x1"));
    tenants->size += acme || none;
}

static void test_tenant_of_records(void **state)
{
    struct answer answer;
    struct str right = {0};
    (void)state;
    caller_ask(&rig, "POST", "/v1/feedback", JSON_TYPE "X-API-Key: writer.sw\r\n",
               STR("{\"text\":\"a\",\"tenant\":\"globex\",\"id\":\"x1\"}"), &answer);
    assert_int_equal(answer.status, 202);
    /* another tenant's x1 is another record */
    assert_true(holds(answer.body, "\"id\":\"acme:x1\""));
    answer_free(&answer);
    caller_ask(&rig, "POST", "/v1/feedback", JSON_TYPE "X-API-Key: both.sb\r\n",
               STR("{\"text\":\"a\",\"tenant\":\"globex\",\"id\":\"x1\"}"), &answer);
    assert_int_equal(answer.status, 202);
    answer_free(&answer);
    assert_int_equal(rig_read_feedback(&rig, on_tenant, &right), 2);
    assert_int_equal(right.size, 2);
}

static const struct {
    const char *why, *file, *says;
} key_files[] = {
    {"no key at all", "# nothing\n", "holds no key"},
    {"a secret instead of its hash", "a:secret:t:read\n", ":1: expected"},
    {"an unknown scope",
     "a:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff:t:admin\n",
     ":1: scopes are"},
    {"no scope", "a:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff:t:\n",
     ":1: scopes are"},
    {"a dot in the name",
     "\na.b:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff:t:read\n",
     ":2: a key's name has no dot"},
};

static void test_bad_key_files(void **state)
{
    struct err err;
    char path[96], setting[128];
    (void)state;
    snprintf(path, sizeof path, "%s/bad", own_folder);
    snprintf(setting, sizeof setting, "ingest.keys=%s", path);
    for (size_t i = 0; i < COUNT_OF(key_files); i++) {
        CASE(key_files[i].why);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(key_files[i].file, file);
        fclose(file);
        assert_int_equal(rig_refusal((const char *const[]){setting, NULL}, &err), E_BAD_CONFIG);
        if (!holds(str_of(err.text), key_files[i].says)) fail_msg("%s", err.text);
    }
    assert_int_equal(rig_refusal((const char *const[]){"ingest.keys=/nowhere/keys", NULL}, &err),
                     E_BAD_CONFIG);
    assert_int_equal(err_exit_status(E_BAD_CONFIG), 78);
}

static void test_reload(void **state)
{
    struct answer answer;
    char path[96];
    (void)state;
    snprintf(path, sizeof path, "%s/keys", own_folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    /* of "secret" */
    fputs("fresh:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b::read\n", file);
    fclose(file);
    runtime_reload(rig.runtime);
    bool fresh = false;
    RIG_AWAIT((caller_ask(&rig, "GET", "/v1/status", "X-API-Key: fresh.secret\r\n", (struct str){0},
                          &answer),
               fresh = answer.status == 200, answer_free(&answer), fresh));
    caller_ask(&rig, "GET", "/v1/status", "X-API-Key: reader.sr\r\n", (struct str){0}, &answer);
    assert_int_equal(answer.status, 401);
    answer_free(&answer);
}

static void test_refused_starts(void **state)
{
    struct err err;
    char taken[64];
    (void)state;
    assert_int_equal(rig_refusal((const char *const[]){"ingest.listen=0.0.0.0:0", NULL}, &err),
                     E_BAD_CONFIG);
    assert_true(holds(str_of(err.text), "ingest.keys is empty"));
    assert_int_equal(err_exit_status(E_BAD_CONFIG), 78);
    assert_int_equal(rig_refusal((const char *const[]){"ingest.listen=[::]:0", NULL}, &err),
                     E_BAD_CONFIG);
    assert_int_equal(rig_refusal((const char *const[]){"ingest.listen=nowhere", NULL}, &err),
                     E_BAD_CONFIG);
    snprintf(taken, sizeof taken, "ingest.listen=127.0.0.1:%u", rig.port);
    assert_string_equal(rig_state(&rig)->context->listens, taken + strlen("ingest.listen="));
    assert_int_equal(rig_refusal((const char *const[]){taken, NULL}, &err), E_IN_USE);
    assert_true(holds(str_of(err.text), taken + strlen("ingest.listen=")));
    assert_int_equal(err_exit_status(E_IN_USE), 69);
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, start_with_keys, stop)
#define WITHOUT(test)   cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(test_callers),         WITH_KEYS(test_tenant_of_records), WITH_KEYS(test_reload),
        WITHOUT(test_bad_key_files),     WITHOUT(test_refused_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
