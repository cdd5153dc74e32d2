/* Where AWS credentials come from, in which order, and what of a file is understood. */
#include <stdlib.h>

#include "aws/credentials.h"
#include "test.h"

static const struct { const char *why, *text, *profile, *id, *secret, *token; } files[] = {
    {"the usual", "[default]\naws_access_key_id = A\naws_secret_access_key=B\n", "default", "A",
     "B", ""},
    {"comments, CRLF, a token, case",
     "# x\r\n[default]\r\n; y\r\nAWS_ACCESS_KEY_ID=A\r\naws_secret_access_key=B==\r\n"
     "aws_session_token = C/+=\r\n", "default", "A", "B==", "C/+="},
    {"another profile",
     "[default]\naws_access_key_id=A\naws_secret_access_key=B\n[ x ]\naws_access_key_id=C\n"
     "aws_secret_access_key=D\n", "x", "C", "D", ""},
    {"as the config file writes it", "[profile x]\naws_access_key_id=C\naws_secret_access_key=D",
     "x", "C", "D", ""},
    {"no such profile", "[default]\naws_access_key_id=A\naws_secret_access_key=B\n", "x", NULL,
     NULL, NULL},
    {"half a pair", "[default]\naws_access_key_id=A\n", "default", NULL, NULL, NULL},
    {"nothing", "", "default", NULL, NULL, NULL},
    {"keys without profile", "aws_access_key_id=A\naws_secret_access_key=B\n", "default", NULL,
     NULL, NULL},
};

static void reads_credentials_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        CASE(files[i].why);
        struct sigv4_credentials keys_found;
        bool found = credentials_parse_file(str_of(files[i].text), str_of(files[i].profile),
                                            &keys_found);
        assert_int_equal(found, files[i].id != NULL);
        if (!found) continue;
        assert_true(str_equal(keys_found.access_key_id, str_of(files[i].id)));
        assert_true(str_equal(keys_found.secret_access_key, str_of(files[i].secret)));
        assert_true(str_equal(keys_found.session_token, str_of(files[i].token)));
    }
}

static void credentials_come_in_order(void **state)
{
    (void)state;
    struct credentials found = {0};
    struct err err = {0};
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "env-secret", 1);
    unsetenv("AWS_SESSION_TOKEN");
    struct credentials_config config = {
        .access_key_id = "CONFIG", .secret_access_key = "config-secret"};
    assert_int_equal(credentials_load(&config, &found, &err), E_OK);
    assert_true(str_equal(found.keys.access_key_id, STR("CONFIG")));
    credentials_deinit(&found);
    config.secret_access_key = "";
    assert_int_equal(credentials_load(&config, &found, &err), E_BAD_CONFIG);
    config.secret_access_key = "two\r\nlines";
    assert_int_equal(credentials_load(&config, &found, &err), E_BAD_CONFIG);
    assert_null(strstr(err.text, "two"));
    config = (struct credentials_config){0};
    assert_int_equal(credentials_load(&config, &found, &err), E_OK);
    assert_int_equal(found.origin, CREDENTIALS_ENVIRONMENT);
    assert_true(str_equal(found.keys.secret_access_key, STR("env-secret")));
    credentials_deinit(&found);
    config.file = "/nonexistent/credentials"; /* named, so it wins over the environment */
    assert_int_equal(credentials_load(&config, &found, &err), E_BAD_CONFIG);
    unsetenv("AWS_ACCESS_KEY_ID");
    setenv("HOME", "/nonexistent", 1);
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    config.file = NULL;
    assert_int_equal(credentials_load(&config, &found, &err), E_NOT_FOUND);
    assert_non_null(strstr(err.text, "AWS_ACCESS_KEY_ID"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_credentials_files),
        cmocka_unit_test(credentials_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
