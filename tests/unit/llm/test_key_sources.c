/* Where credentials come from: the documents of endpoints, and which addresses are asked. */
#include "llm/keys.h"
#include "test.h"

static const struct {
    const char *why, *text, *id, *secret, *token;
    int64_t expires_ms;
} documents[] = {
    {"of an instance",
     "{\"Code\":\"Success\",\"LastUpdated\":\"x\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"A\","
     "\"SecretAccessKey\":\"S/\",\"Token\":\"T=\",\"Expiration\":\"2026-01-02T09:04:05Z\"}", "A",
     "S/", "T=", 1767344645000},
    {"of a container, with an ARN",
     "{\"RoleArn\":\"arn\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\","
     "\"Expiration\":\"2026-01-02T09:04:05Z\"}", "A", "S", "T", 1767344645000},
    {"keys that stay", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":null}", "A", "S",
     "", 0},
    {"escapes", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\\/\\u002b\"}", "A", "S/+", "", 0},
    {"a refusal with 200",
     "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}",
     NULL, NULL, NULL, 0},
    {"half a pair", "{\"AccessKeyId\":\"A\"}", NULL, NULL, NULL, 0},
    {"a number as key", "{\"AccessKeyId\":1,\"SecretAccessKey\":\"S\"}", NULL, NULL, NULL, 0},
    {"a time that is none",
     "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"soon\"}", NULL, NULL, NULL,
     0},
    {"no object", "[]", NULL, NULL, NULL, 0},
    {"cut off", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"", NULL, NULL, NULL, 0},
    {"a page", "<html>", NULL, NULL, NULL, 0},
    {"nothing", "", NULL, NULL, NULL, 0},
};

static void reads_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        CASE(documents[i].why);
        struct arena arena = {0};
        struct source_document found;
        bool good = source_parse(str_of(documents[i].text), &arena, &found);
        assert_int_equal(good, documents[i].id != NULL);
        if (good) {
            assert_true(str_equal(found.keys.access_key_id, str_of(documents[i].id)));
            assert_true(str_equal(found.keys.secret_access_key, str_of(documents[i].secret)));
            assert_true(str_equal(found.keys.session_token, str_of(documents[i].token)));
            assert_int_equal(found.expires_ms, documents[i].expires_ms);
        }
        arena_deinit(&arena);
    }
}

static const struct { const char *why, *url; bool allowed; } addresses[] = {
    {"ECS", "http://169.254.170.2/v2/x", true},
    {"EKS", "http://169.254.170.23/v1/credentials", true},
    {"EKS, IPv6", "http://[fd00:ec2::23]/v1/credentials", true},
    {"here, with a port", "http://127.0.0.1:8080/x", true},
    {"here, by name", "http://localhost", true},
    {"anywhere, encrypted", "https://example.com/x", true},
    {"anywhere, in plain sight", "http://example.com/x", false},
    {"that only begins like one of them", "http://127.0.0.1.example.com/x", false},
    {"somebody else behind an @", "http://127.0.0.1@example.com/", false},
    {"a file", "file:///etc/passwd", false},
    {"nothing", "", false},
};

static void asks_few_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        CASE(addresses[i].why);
        assert_int_equal(source_url_is_allowed(str_of(addresses[i].url)), addresses[i].allowed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_documents), cmocka_unit_test(asks_few_addresses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
