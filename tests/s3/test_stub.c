/* The S3 store against a server that misbehaves (stub.py): each fault has its error code,
 * and is over soon. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "store_expect.h"

/* What answers has time to, on a busy machine too; what never ends, soon has none. */
enum { PATIENT_MS = 60000, SOON_MS = 1000 };

static struct store_config config_of(const char *url)
{
    return (struct store_config){.url = url,
                                 .endpoint = getenv("S3_ENDPOINT"),
                                 .access_key_id = "KEY",
                                 .secret_access_key = "SECRET",
                                 .deadline_ms = PATIENT_MS};
}

static struct store *open_with(struct store_config config)
{
    struct store *store = NULL;
    struct err err;
    must(store_open(&config, &store, &err), &err);
    return store;
}

static const struct {
    const char *why, *key;
    enum err_code get, put;
    int64_t retry_after_ms;
    const char *text;
} faults[] = {
    {"all is well", "ok", E_OK, E_OK, 0, ""},
    {"an internal error is tried again", "500", E_UNAVAILABLE, E_UNAVAILABLE, 0, "InternalError"},
    {"a gateway's HTML is no S3 error, but a 502", "502", E_UNAVAILABLE, E_UNAVAILABLE, 0, "502"},
    {"slow down, and for how long", "503", E_BUSY, E_BUSY, 7000, "SlowDown"},
    {"too many requests", "429", E_BUSY, E_BUSY, 2000, "429"},
    {"a refusal; its text is one clean line", "403", E_DENIED, E_DENIED, 0, "no <way>at all"},
    {"an expired token is a refusal too, though 400", "expired", E_DENIED, E_DENIED, 0,
     "ExpiredToken"},
    {"a conflict of two writers is tried again", "409", E_BUSY, E_BUSY, 0, "Conflict"},
    {"a server that lacks a feature", "501", E_BAD_CONFIG, E_BAD_CONFIG, 0, "NotImplemented"},
    {"a bucket elsewhere: the error says where", "301", E_BAD_CONFIG, E_BAD_CONFIG, 0, "eu-west-3"},
    {"a reply that breaks off", "half", E_UNAVAILABLE, E_OK + 0, -1, ""},
    {"a reply that ends in its headers is no empty object", "headless", E_UNAVAILABLE,
     E_UNAVAILABLE, 0, ""},
    {"a reply without end", "huge", E_TOO_LARGE, E_OK + 0, -1, "1000 bytes"},
    {"a closed connection", "drop", E_UNAVAILABLE, E_UNAVAILABLE, 0, ""},
    {"a body that isn't what was stored", "damaged", E_IO, E_OK, 0, "checksum"},
};

static void faults_have_their_code(void **state)
{
    (void)state;
    struct store *store = open_with(config_of("s3://bucket"));
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        CASE(faults[i].why);
        struct err err = {0};
        struct str key = str_of(faults[i].key);
        bool get_only = faults[i].retry_after_ms < 0;
        buffer_clear(&out);
        buffer_add(&out, STR("kept"));
        expect(faults[i].get, store_get(store, key, 1000, &out, &err), &err);
        if (!strstr(err.text, faults[i].text))
            fail_msg("\"%s\" lacks \"%s\"", err.text, faults[i].text);
        if (faults[i].get != E_OK) assert_true(str_equal(buffer_str(&out), STR("kept")));
        assert_int_equal(store->retry_after_ms, get_only ? 0 : faults[i].retry_after_ms);
        if (!get_only) expect(faults[i].put, store_put(store, key, STR("x"), NULL, &err), &err);
        assert_null(strstr(err.text, "SECRET"));
    }
    struct err err = {0};
    expect(E_OK, store_get(store, STR("ok"), 1000, &out, &err), &err); /* after all that */
    assert_int_equal(store->retry_after_ms, 0);
    expect(E_UPSTREAM, store_get_range(store, STR("norange"), 2, 2, NULL, &out, &err), &err);
    expect(E_UPSTREAM, store_get_range(store, STR("norange"), 0, 2, NULL, &out, &err), &err);
    expect(E_OK, store_put(store, STR("signed"), STR("what is signed is what is sent"), NULL, &err),
           &err);
    buffer_deinit(&out);
    store_close(store);
}

static void a_reply_that_takes_for_ever_ends_at_the_deadline(void **state)
{
    (void)state;
    struct err err = {0};
    struct buffer out = {0};
    struct store_config config = config_of("s3://bucket");
    config.deadline_ms = SOON_MS;
    struct store *store = open_with(config);
    buffer_add(&out, STR("kept"));
    expect(E_TIMEOUT, store_get(store, STR("slow"), 1000, &out, &err), &err);
    assert_true(str_equal(buffer_str(&out), STR("kept")));
    assert_int_equal(store->retry_after_ms, 0);
    buffer_deinit(&out);
    store_close(store);
}

static void too_slow_is_over_before_the_deadline(void **state)
{
    (void)state;
    struct err err = {0};
    struct buffer out = {0};
    struct store_config config = config_of("s3://bucket");
    config.deadline_ms = 3600 * 1000;
    config.least_speed_time_ms = 1000;
    config.least_speed_bytes = 1000;
    struct store *store = open_with(config);
    expect(E_TIMEOUT, store_get(store, STR("slow"), 1000, &out, &err), &err);
    buffer_deinit(&out);
    store_close(store);
}

static const struct {
    const char *why, *url, *region;
    enum err_code rc;
} makings[] = {
    {"the first region isn't named", "s3://make-us-east-1", "us-east-1", E_OK},
    {"another is", "s3://make-eu-west-3/prefix", "eu-west-3", E_OK},
    {"somebody else has one of that name", "s3://make-taken", "us-east-1", E_EXISTS},
    {"a refusal is handed on", "s3://make-nowhere", "us-east-1", E_UPSTREAM},
};

static void makes_buckets_in_their_region(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(makings); i++) {
        CASE(makings[i].why);
        struct err err = {0};
        bool made = false;
        struct store_config config = config_of(makings[i].url);
        config.region = makings[i].region;
        expect(makings[i].rc, store_make(&config, &made, &err), &err);
        assert_int_equal(made, makings[i].rc == E_OK);
    }
}

/* A clock that cancels when it is asked: between the first look at the flag and the transfer. */
static int64_t cancelling_wall_ms(void *self)
{
    atomic_store((atomic_bool *)self, true);
    return 1767323045000;
}

static void cancels_while_it_waits(void **state)
{
    (void)state;
    static atomic_bool cancelled;
    struct err err = {0};
    struct buffer out = {0};
    struct clock clock = {.wall_ms = cancelling_wall_ms, .self = &cancelled};
    struct store_config config = config_of("s3://bucket");
    config.deadline_ms = 3600 * 1000;
    config.cancelled = &cancelled;
    config.clock = &clock;
    struct store *store = open_with(config);
    expect(E_CANCELLED, store_get(store, STR("slow"), 1000, &out, &err), &err);
    /* the flag is still up */
    expect(E_CANCELLED, store_get(store, STR("ok"), 1000, &out, &err), &err);
    buffer_deinit(&out);
    store_close(store);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void a_rotated_secret_is_read_again(void **state)
{
    (void)state;
    struct err err = {0};
    struct buffer out = {0};
    char path[] = "/tmp/verbatim-credentials-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_file(path, "[default]\naws_access_key_id = OLDKEY\naws_secret_access_key = a\n");
    struct store_config config = config_of("s3://bucket");
    config.access_key_id = NULL;
    config.credentials_file = path;
    struct store *store = open_with(config);
    expect(E_DENIED, store_get(store, STR("rotate"), 100, &out, &err), &err);
    write_file(path, "[default]\naws_access_key_id = NEWKEY\naws_secret_access_key = b\n");
    expect(E_OK, store_get(store, STR("rotate"), 100, &out, &err), &err);
    assert_true(str_equal(buffer_str(&out), STR("hello")));
    unlink(path);
    buffer_deinit(&out);
    store_close(store);
}

static void a_wrong_clock_is_corrected_once(void **state)
{
    (void)state;
    static const struct { const char *why; int64_t off_ms; } cases[] = {
        {"an hour slow", -3600 * 1000}, {"a day fast", 24 * 3600 * 1000}, {"right", 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct err err = {0};
        struct buffer out = {0};
        struct store_info info;
        struct clock_manual clock;
        clock_manual_init(&clock, clock_wall_ms(clock_system()) + cases[i].off_ms);
        struct store_config config = config_of("s3://bucket");
        config.clock = &clock.clock;
        struct store *store = open_with(config);
        expect(E_OK, store_head(store, STR("skew"), &info, &err), &err);
        expect(E_OK, store_get(store, STR("skew"), 100, &out, &err), &err);
        buffer_deinit(&out);
        store_close(store);
    }
}

static void lost_answers_to_complete_are_recognised(void **state)
{
    (void)state;
    static const struct { const char *why, *key; enum err_code first, second; } cases[] = {
        {"the connection broke, and curl asked again; the object is ours", "upload-lost", E_OK,
         E_OK},
        {"200 with an error inside; the object is ours", "upload-inside", E_UNAVAILABLE, E_OK},
        {"200, cut off; the object is ours", "upload-cut", E_UPSTREAM, E_OK},
        {"the connection broke; the object is somebody else's", "upload-taken", E_EXISTS, E_EXISTS},
    };
    struct store *store = open_with(config_of("s3://bucket"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct err err = {0};
        struct store_upload *upload = NULL;
        struct store_put_options once = {.if_absent = true};
        expect(E_OK, store_upload_begin(store, str_of(cases[i].key), &once, &upload, &err), &err);
        expect(E_OK, store_upload_part(upload, STR("part"), &err), &err);
        expect(cases[i].first, store_upload_finish(upload, &err), &err);
        if (cases[i].first == E_OK) continue;
        expect(cases[i].second, store_upload_finish(upload, &err), &err);
        if (cases[i].second != E_OK) store_upload_abort(upload);
    }
    /* The same for a single put, on a connection that has been used. */
    struct err err = {0};
    struct store_put_options once = {.if_absent = true};
    expect(E_OK, store_put(store, STR("ok"), STR(""), NULL, &err), &err);
    expect(E_OK, store_put(store, STR("put-lost"), STR("x"), &once, &err), &err);
    /* another call, another token */
    expect(E_EXISTS, store_put(store, STR("put-lost"), STR("x"), &once, &err), &err);
    store_close(store);
}

static void sends_encryption_class_and_token(void **state)
{
    (void)state;
    struct err err = {0};
    struct store_config config = config_of("s3://bucket");
    config.session_token = "a/token==";
    config.encryption = STORE_ENCRYPTION_KMS;
    config.kms_key_id = "key/1";
    config.storage_class = "STANDARD_IA";
    struct store *store = open_with(config);
    expect(E_OK, store_put(store, STR("wanted"), STR("x"), NULL, &err), &err);
    store_close(store);
    store = open_with(config_of("s3://bucket")); /* told nothing, it sends nothing */
    expect(E_UPSTREAM, store_put(store, STR("wanted"), STR("x"), NULL, &err), &err);
    store_close(store);
}

static void trusts_only_whom_it_is_told_to(void **state)
{
    (void)state;
    struct err err = {0};
    struct buffer out = {0};
    struct store_config config = config_of("s3://bucket");
    config.endpoint = getenv("S3_TLS_ENDPOINT");
    struct store *store = open_with(config);
    expect(E_UNAVAILABLE, store_get(store, STR("ok"), 100, &out, &err), &err);
    assert_non_null(strstr(err.text, "certificate"));
    store_close(store);
    config.ca_file = getenv("S3_CA");
    store = open_with(config);
    expect(E_OK, store_get(store, STR("ok"), 100, &out, &err), &err);
    assert_true(str_equal(buffer_str(&out), STR("hello")));
    store_close(store);
    buffer_deinit(&out);
    config.ca_file = "/nonexistent/ca.pem";
    expect(E_BAD_CONFIG, store_open(&config, &store, &err), &err);
}

static void bad_lists_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "s3://list-junk", "s3://list-bomb", "s3://list-back", "s3://list-empty"};
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        CASE(urls[i]);
        struct err err = {0};
        struct store_page page = {0};
        struct store *store = open_with(config_of(urls[i]));
        expect(E_UPSTREAM, store_list(store, STR(""), STR(""), 0, &page, &err), &err);
        assert_int_equal(page.count, 0);
        assert_false(page.more);
        store_page_deinit(&page);
        store_close(store);
    }
}

/* A page that holds nothing but the prefix's own folder marker, and more follow. */
static void a_marker_of_the_prefix_is_passed(void **state)
{
    (void)state;
    struct err err = {0};
    struct store_page page = {0};
    struct store *store = open_with(config_of("s3://list-marked/own/"));
    int pages = 0;
    do {
        expect(E_OK, store_list(store, STR(""), page.next, 1, &page, &err), &err);
    } while (page.more && ++pages < 3);
    assert_false(page.more);
    assert_int_equal(page.count, 1);
    assert_true(str_equal(page.objects[0].key, STR("a")));
    store_page_deinit(&page);
    store_close(store);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_have_their_code),
        cmocka_unit_test(a_reply_that_takes_for_ever_ends_at_the_deadline),
        cmocka_unit_test(too_slow_is_over_before_the_deadline),
        cmocka_unit_test(cancels_while_it_waits),
        cmocka_unit_test(a_rotated_secret_is_read_again),
        cmocka_unit_test(a_wrong_clock_is_corrected_once),
        cmocka_unit_test(lost_answers_to_complete_are_recognised),
        cmocka_unit_test(sends_encryption_class_and_token),
        cmocka_unit_test(trusts_only_whom_it_is_told_to),
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(makes_buckets_in_their_region),
        cmocka_unit_test(a_marker_of_the_prefix_is_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
