/* Store URLs, endpoints and keys: what is understood and what is refused. */

#include "config/config.h"
#include "store/location.h"
#include "test.h"

static const struct { const char *why, *url, *path, *bucket, *prefix; } urls[] = {
    {"a relative path", "data/archive", "data/archive", "", ""},
    {"an absolute path", "/var/lib/x", "/var/lib/x", "", ""},
    {"a file URL", "file:///var/lib/x", "/var/lib/x", "", ""},
    {"a file URL with the host that we are", "file://localhost/x", "/x", "", ""},
    {"a bucket", "s3://bucket", "", "bucket", ""},
    {"a bucket with a slash", "s3://bucket/", "", "bucket", ""},
    {"a prefix", "s3://my-bucket.eu/a/b", "", "my-bucket.eu", "a/b/"},
    {"a prefix with slashes at its end", "s3://bucket/a//", "", "bucket", "a/"},
    {"a prefix with odd characters", "s3://bucket/date=x y", "", "bucket", "date=x y/"},
};
static const struct { const char *why, *url; } bad_urls[] = {
    {"nothing", ""},
    {"another scheme", "https://bucket/x"},
    {"a file URL of another host", "file://host/x"},
    {"a relative file URL", "file://x"},
    {"no bucket", "s3://"},
    {"a bucket of two letters", "s3://ab"},
    {"a bucket with a space", "s3://a bucket"},
    {"a bucket that would leave the host name", "s3://evil.host#/x"},
    {"a bucket with credentials", "s3://key:secret@bucket"},
    {"a prefix that climbs", "s3://bucket/a/../b"},
    {"a prefix with an empty segment", "s3://bucket/a//b"},
};

static void parses_urls(void **state)
{
    (void)state;
    struct err err;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        CASE(urls[i].why);
        struct location location;
        assert_int_equal(location_parse(urls[i].url, &location, &err), E_OK);
        assert_string_equal(location.path, urls[i].path);
        assert_string_equal(location.bucket, urls[i].bucket);
        assert_string_equal(location.prefix, urls[i].prefix);
        assert_int_equal(location.s3, *urls[i].bucket != '\0');
    }
    for (size_t i = 0; i < COUNT_OF(bad_urls); i++) {
        CASE(bad_urls[i].why);
        struct location location;
        assert_int_equal(location_parse(bad_urls[i].url, &location, &err), E_BAD_CONFIG);
    }
}

/* base NULL: refused. */
static const struct {
    const char *why, *endpoint, *bucket;
    enum store_addressing addressing;
    const char *base, *host;
    bool in_path;
} endpoints[] = {
    {"Amazon's", "", "bucket", STORE_ADDRESSING_AUTO, "https://bucket.s3.eu-west-3.amazonaws.com",
     "bucket.s3.eu-west-3.amazonaws.com", false},
    {"a dot in the bucket breaks certificates", NULL, "my.bucket", STORE_ADDRESSING_AUTO,
     "https://s3.eu-west-3.amazonaws.com", "s3.eu-west-3.amazonaws.com", true},
    {"one's own has the bucket in the path", "http://minio:9000", "bucket", STORE_ADDRESSING_AUTO,
     "http://minio:9000", "minio:9000", true},
    {"unless it is told not to", "http://minio:9000/", "bucket", STORE_ADDRESSING_HOST,
     "http://bucket.minio:9000", "bucket.minio:9000", false},
    {"an address has no sub-domains", "http://127.0.0.1:9000", "bucket", STORE_ADDRESSING_HOST,
     "http://127.0.0.1:9000", "127.0.0.1:9000", true},
    {"IPv6", "http://[::1]:9000", "bucket", STORE_ADDRESSING_AUTO, "http://[::1]:9000",
     "[::1]:9000", true},
    {"a default port isn't in the Host header", "https://s3.example:443", "bucket",
     STORE_ADDRESSING_PATH, "https://s3.example", "s3.example", true},
    {"another scheme", "ftp://host", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL, false},
    {"no scheme", "host:9000", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL, false},
    {"a path", "http://host/path", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL, false},
    {"credentials", "http://key:secret@host", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL, false},
    {"no host", "http://", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL, false},
    {"no port behind the colon", "http://host:", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL,
     false},
    {"a port that is none", "http://host:99999", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL,
     false},
    {"an unclosed bracket", "http://[::1", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL, false},
    {"a second header", "http://host\r\nx: y", "bucket", STORE_ADDRESSING_AUTO, NULL, NULL, false},
};

static void makes_endpoints(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(endpoints); i++) {
        CASE(endpoints[i].why);
        struct err err = {0};
        struct endpoint endpoint;
        int rc = endpoint_make(endpoints[i].endpoint, "eu-west-3", endpoints[i].bucket,
                               endpoints[i].addressing, &endpoint, &err);
        assert_int_equal(rc, endpoints[i].base ? E_OK : E_BAD_CONFIG);
        if (rc != E_OK) continue;
        assert_string_equal(endpoint.base, endpoints[i].base);
        assert_string_equal(endpoint.host, endpoints[i].host);
        assert_int_equal(endpoint.bucket_in_path, endpoints[i].in_path);
    }
    struct endpoint endpoint;
    assert_int_equal(
        endpoint_make("", "evil.host/#", "bucket", STORE_ADDRESSING_AUTO, &endpoint, NULL),
        E_BAD_CONFIG);
}

static const struct { const char *why, *key; enum err_code rc; } keys[] = {
    {"a name", "a", E_OK},
    {"a path", "topic/date=2026-01-02/0/000.zst", E_OK},
    {"dots in names", "..a/b../...", E_OK},
    {"any letters", "\xC3\xBC/\xE6\x97\xA5", E_OK},
    {"nothing", "", E_BAD_MESSAGE},
    {"absolute", "/a", E_BAD_MESSAGE},
    {"a folder", "a/", E_BAD_MESSAGE},
    {"an empty segment", "a//b", E_BAD_MESSAGE},
    {"up", "../a", E_BAD_MESSAGE},
    {"up, inside", "a/../../b", E_BAD_MESSAGE},
    {"up, last", "a/..", E_BAD_MESSAGE},
    {"here", "./a", E_BAD_MESSAGE},
    {"a control character", "a\nb", E_BAD_MESSAGE},
    {"DEL", "a\x7f", E_BAD_MESSAGE},
    {"not UTF-8", "a\xff", E_BAD_MESSAGE},
    {"a temporary file", "a/.verbatim-tmp-1", E_BAD_MESSAGE},
};

static void checks_keys(void **state)
{
    (void)state;
    char longest[STORE_KEY_BYTES_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        CASE(keys[i].why);
        assert_int_equal(store_key_check(str_of(keys[i].key), NULL), keys[i].rc);
    }
    assert_int_equal(store_key_check(str_make("a\0b", 3), NULL), E_BAD_MESSAGE);
    memset(longest, 'x', sizeof longest);
    for (size_t i = 100; i < sizeof longest; i += 100) longest[i] = '/';
    assert_int_equal(store_key_check(str_make(longest, STORE_KEY_BYTES_MAX), NULL), E_OK);
    assert_int_equal(store_key_check(str_make(longest, STORE_KEY_BYTES_MAX + 1), NULL),
                     E_BAD_MESSAGE);
    memset(longest, 'x', sizeof longest);
    assert_int_equal(store_key_check(str_make(longest, 200), NULL), E_OK);
    assert_int_equal(store_key_check(str_make(longest, 201), NULL), E_BAD_MESSAGE);
}

/* The option table through the configuration: defaults and units arrive where they should. */
static void options_become_a_config(void **state)
{
    (void)state;
    static const struct option_table *const tables[] = {&store_option_table, NULL};
    struct config *config = NULL;
    struct store_options options;
    struct err err = {0};
    assert_int_equal(config_create(tables, &config, &err), E_OK);
    struct str text = STR(
        "[store]\naddressing = host\nencryption = aws:kms\ndeadline = 2s\nsecret_access_key = s\n");
    assert_int_equal(config_read_text(config, "test", text, &err), E_OK);
    assert_int_equal(config_get(config, &store_option_table, &options, &err), E_OK);
    struct store_config made = store_config_of(&options, "s3://bucket");
    assert_string_equal(made.url, "s3://bucket");
    assert_int_equal(made.addressing, STORE_ADDRESSING_HOST);
    assert_int_equal(made.encryption, STORE_ENCRYPTION_KMS);
    assert_string_equal(made.secret_access_key, "s");
    assert_int_equal(made.deadline_ms, 2000);
    assert_int_equal(made.connect_timeout_ms, 5000);
    assert_int_equal(made.least_speed_bytes, 1024);
    assert_int_equal(made.least_speed_time_ms, 20000);
    assert_string_equal(config_value(config, "store", "secret_access_key", NULL), "(set)");
    config_destroy(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_urls),             cmocka_unit_test(makes_endpoints),
        cmocka_unit_test(checks_keys),             cmocka_unit_test(options_become_a_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
