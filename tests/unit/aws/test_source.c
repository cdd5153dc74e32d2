/* Who hands credentials out: whom the environment names, and what STS's answers hold. */
#include "aws/source.h"

#include <stdlib.h>

#include "test.h"

#define STS(credentials)                                                                           \
    "<?xml version=\"1.0\"?><AssumeRoleWithWebIdentityResponse "                                   \
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"                                         \
    "<AssumeRoleWithWebIdentityResult>" credentials                                                \
    "<Audience>sts.amazonaws.com</Audience></AssumeRoleWithWebIdentityResult>"                     \
    "<ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></"                              \
    "AssumeRoleWithWebIdentityResponse>"
#define WHOLE                                                                                      \
    "<AccessKeyId>A</AccessKeyId><SecretAccessKey>S/+</SecretAccessKey><SessionToken>T=</"         \
    "SessionToken>"
#define TIME "<Expiration>2026-01-02T09:04:05Z</Expiration>"

static void reads_sts(void **state)
{
    static const struct {
        const char *why, *text;
        bool good;
        int64_t expires_ms;
    } cases[] = {
        {"an answer", STS("<Credentials>" WHOLE TIME "</Credentials>"), true, 1767344645000},
        {"without an end", STS("<Credentials>" WHOLE "</Credentials>"), true, 0},
        {"a name that stands elsewhere doesn't count",
         STS("<AssumedRoleUser><AccessKeyId>X</AccessKeyId></AssumedRoleUser><Credentials>" WHOLE
             "</Credentials>"),
         true, 0},
        {"no token",
         STS("<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey></"
             "Credentials>"),
         false, 0},
        {"a time that is none",
         STS("<Credentials>" WHOLE "<Expiration>soon</Expiration></Credentials>"), false, 0},
        {"no credentials", STS(""), false, 0},
        {"too deep", STS("<x><Credentials>" WHOLE "</Credentials></x>"), false, 0},
        {"an error",
         "<ErrorResponse><Error><Code>ExpiredTokenException</Code></Error></ErrorResponse>", false,
         0},
        {"entities", "<!DOCTYPE x>" STS("<Credentials>" WHOLE "</Credentials>"), false, 0},
        {"cut off",
         "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>" WHOLE,
         false, 0},
        {"nothing", "", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct source_document found;
        CASE(cases[i].why);
        assert_int_equal(source_parse_sts(str_of(cases[i].text), &arena, &found), cases[i].good);
        if (cases[i].good) {
            assert_true(str_equal(found.keys.access_key_id, STR("A")));
            assert_true(str_equal(found.keys.secret_access_key, STR("S/+")));
            assert_true(str_equal(found.keys.session_token, STR("T=")));
            assert_int_equal(found.expires_ms, cases[i].expires_ms);
        }
        arena_deinit(&arena);
    }
}

static const char *const variables[] = {"AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "AWS_ENDPOINT_URL_STS",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_EC2_METADATA_DISABLED",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT"};

static void set_environment(const char *assignments)
{
    struct str rest = str_of(assignments);
    char name[64], value[256];
    for (size_t i = 0; i < COUNT_OF(variables); i++) unsetenv(variables[i]);
    while (rest.size) {
        struct str one = str_cut(&rest, ' '), key = str_cut(&one, '=');
        snprintf(name, sizeof name, "AWS_%.*s", STR_ARGS(key));
        snprintf(value, sizeof value, "%.*s", STR_ARGS(one));
        setenv(name, value, 1);
    }
}

#define WEB "WEB_IDENTITY_TOKEN_FILE=/token ROLE_ARN=arn:r "

static void finds_whom_to_ask(void **state)
{
    static const struct {
        const char *why, *environment, *region;
        int rc;
        enum source_kind kind;
        const char *url;
        bool assumed;
    } cases[] = {
        {"an instance, perhaps", "", "eu-west-3", E_OK, SOURCE_INSTANCE, "http://169.254.169.254",
         true},
        {"one that is named", "EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1/", "r", E_OK,
         SOURCE_INSTANCE, "http://127.0.0.1:1", false},
        {"switched off", "EC2_METADATA_DISABLED=true", "r", E_NOT_FOUND, SOURCE_NONE, NULL, false},
        {"a container before it", "CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x", "r", E_OK,
         SOURCE_CONTAINER, "http://169.254.170.2/v2/x", false},
        {"also where that is off",
         "CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/c/ EC2_METADATA_DISABLED=true", "r",
         E_OK, SOURCE_CONTAINER, "http://127.0.0.1:1/c/", false},
        {"somewhere in plain sight", "CONTAINER_CREDENTIALS_FULL_URI=http://example.com/c", "r",
         E_BAD_CONFIG, SOURCE_NONE, NULL, false},
        {"a web identity before both", WEB "CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x", "eu-west-3",
         E_OK, SOURCE_WEB_IDENTITY, "https://sts.eu-west-3.amazonaws.com", false},
        {"in China", WEB, "cn-north-1", E_OK, SOURCE_WEB_IDENTITY,
         "https://sts.cn-north-1.amazonaws.com.cn", false},
        {"an STS of one's own", WEB "ENDPOINT_URL_STS=http://127.0.0.1:2/", "r", E_OK,
         SOURCE_WEB_IDENTITY, "http://127.0.0.1:2", false},
        {"a token in plain sight", WEB "ENDPOINT_URL_STS=http://sts.example.com", "r", E_BAD_CONFIG,
         SOURCE_NONE, NULL, false},
        {"a token without a role is none", "WEB_IDENTITY_TOKEN_FILE=/token", "r", E_OK,
         SOURCE_INSTANCE, "http://169.254.169.254", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct source source = {0};
        struct err err = {0};
        CASE(cases[i].why);
        set_environment(cases[i].environment);
        assert_int_equal(source_find(&source, cases[i].region, &err), cases[i].rc);
        assert_int_equal(source.kind, cases[i].kind);
        assert_int_equal(source.assumed, cases[i].assumed);
        if (cases[i].url) assert_string_equal(source.url, cases[i].url);
        source_deinit(&source);
    }
    set_environment("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_sts),
                                       cmocka_unit_test(finds_whom_to_ask)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
