/* The S3 store against a real MinIO. What it leaves in the bucket "oracle" is judged by judge.py.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store_expect.h"

static struct store *open_with(struct store_config config)
{
    struct store *store = NULL;
    struct err err;
    if (!config.endpoint) config.endpoint = getenv("S3_ENDPOINT");
    if (!config.access_key_id) config.access_key_id = "verbatim";
    if (!config.secret_access_key) config.secret_access_key = "verbatim-secret";
    must(store_open(&config, &store, &err), &err);
    return store;
}

static struct store *open_url(const char *url)
{
    return open_with((struct store_config){.url = url});
}

static void puts_and_gets(void **state)
{
    (void)state;
    struct store *store = open_url("s3://verbatim/basics");
    struct err err = {0};
    struct buffer out = {0};
    struct store_info info;
    expect(E_OK, store_probe(store, &err), &err);
    expect(E_NOT_FOUND, store_get(store, STR("a"), 100, &out, &err), &err);
    expect(E_NOT_FOUND, store_head(store, STR("a"), &info, &err), &err);
    expect(E_OK, store_put(store, STR("a"), STR("hello"), NULL, &err), &err);
    expect(E_OK, store_get(store, STR("a"), 5, &out, &err), &err);
    assert_true(str_equal(buffer_str(&out), STR("hello")));
    expect(E_TOO_LARGE, store_get(store, STR("a"), 4, &out, &err), &err);
    assert_int_equal(out.size, 5);
    expect(E_OK, store_head(store, STR("a"), &info, &err), &err);
    assert_int_equal(info.size_bytes, 5);
    assert_true(info.modified_ms > 1700000000000);
    assert_string_not_equal(info.etag, "");

    buffer_clear(&out);
    expect(E_OK, store_get_range(store, STR("a"), 1, 3, info.etag, &out, &err), &err);
    expect(E_OK, store_get_range(store, STR("a"), 4, 3, NULL, &out, &err), &err);
    expect(E_OK, store_get_range(store, STR("a"), 5, 3, NULL, &out, &err), &err);
    assert_true(str_equal(buffer_str(&out), STR("ello")));
    expect_object(store, STR("a"), STR("hello"));

    expect(E_OK, store_put(store, STR("a"), STR(""), NULL, &err), &err);
    expect(E_NOT_FOUND, store_get_range(store, STR("a"), 0, 3, info.etag, &out, &err), &err);
    buffer_clear(&out);
    expect(E_OK, store_get(store, STR("a"), 0, &out, &err), &err);
    expect(E_OK, store_get_range(store, STR("a"), 0, 3, NULL, &out, &err), &err);
    assert_int_equal(out.size, 0);
    expect(E_OK, store_delete(store, STR("a"), &err), &err);
    expect(E_OK, store_delete(store, STR("a"), &err), &err);
    expect(E_NOT_FOUND, store_head(store, STR("a"), &info, &err), &err);
    buffer_deinit(&out);
    store_close(store);
}

static void writes_once_if_absent(void **state)
{
    (void)state;
    struct store *store = open_url("s3://verbatim/absent");
    struct err err = {0};
    struct store_put_options once = {.if_absent = true};
    expect(E_OK, store_put(store, STR("k"), STR("first"), &once, &err), &err);
    expect(E_EXISTS, store_put(store, STR("k"), STR("second"), &once, &err), &err);
    expect_object(store, STR("k"), STR("first"));
    expect(E_OK, store_put(store, STR("k"), STR("third"), NULL, &err), &err);
    expect_object(store, STR("k"), STR("third"));
    store_close(store);
}

static const struct {
    const char *why, *key;
} odd_keys[] = {
    {"a partition of a date", "topic/date=2026-01-02/0/000.ndjson.zst"},
    {"a space", "with space/and more "},
    {"plus, percent, ampersand", "plus+percent%20&amp;"},
    {"the rest of ASCII", "!\"#$'()*,:;<>?@[\\]^`{|}~"},
    {"letters beyond ASCII", "ünïcode/日本語/\xF0\x9F\x98\x80"},
    {"dots that are no folders", "...a/b..c"},
};

static void takes_odd_keys(void **state)
{
    (void)state;
    struct store *store = open_url("s3://oracle/odd");
    struct err err = {0};
    struct buffer out = {0};
    struct store_info info;
    for (size_t i = 0; i < COUNT_OF(odd_keys); i++) {
        CASE(odd_keys[i].why);
        struct str key = str_of(odd_keys[i].key);
        buffer_clear(&out);
        expect(E_OK, store_put(store, key, key, NULL, &err), &err);
        expect(E_OK, store_head(store, key, &info, &err), &err);
        assert_int_equal(info.size_bytes, key.size);
        expect(E_OK, store_get(store, key, 1000, &out, &err), &err);
        assert_true(str_equal(buffer_str(&out), key));
    }
    struct store_page page = {0};
    expect(E_OK, store_list(store, STR(""), STR(""), 0, &page, &err), &err);
    assert_int_equal(page.count, COUNT_OF(odd_keys));
    for (size_t i = 0; i < page.count; i++) {
        expect(E_OK, store_head(store, page.objects[i].key, &info, &err), &err);
        assert_string_equal(info.etag, page.objects[i].info.etag);
    }
    store_page_deinit(&page);
    buffer_deinit(&out);
    store_close(store);
}

static void lists_in_pages(void **state)
{
    (void)state;
    struct store *store = open_url("s3://verbatim/pages");
    struct err err = {0};
    struct store_page page = {0};
    char key[32];
    for (int i = 0; i < 25; i++) {
        snprintf(key, sizeof key, "%c/%02d", i < 20 ? 'a' : 'b', i);
        expect(E_OK, store_put(store, str_of(key), STR("x"), NULL, &err), &err);
    }
    int seen = 0, pages = 0;
    do {
        expect(E_OK, store_list(store, STR("a/"), page.next, 7, &page, &err), &err);
        for (size_t i = 0; i < page.count; i++, seen++) {
            snprintf(key, sizeof key, "a/%02d", seen);
            assert_true(str_equal(page.objects[i].key, str_of(key)));
            assert_int_equal(page.objects[i].info.size_bytes, 1);
            assert_true(page.objects[i].info.modified_ms > 0);
        }
        pages++;
    } while (page.more);
    assert_int_equal(seen, 20);
    assert_int_equal(pages, 3);
    expect(E_OK, store_list(store, STR(""), STR("a/18"), 0, &page, &err), &err);
    assert_int_equal(page.count, 6);
    expect(E_OK, store_list(store, STR("c"), STR(""), 0, &page, &err), &err);
    assert_int_equal(page.count, 0);
    store_page_deinit(&page);
    store_close(store);
}

static void large_body(struct buffer *body, size_t size)
{
    char *bytes = buffer_reserve(body, size);
    uint32_t x = 1;
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) bytes[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    body->size = size;
}

static void uploads_in_parts(void **state)
{
    (void)state;
    enum { PART = STORE_PART_BYTES_MIN, SIZE = 12 * 1024 * 1024 };
    struct store *store = open_url("s3://verbatim/parts");
    struct err err = {0};
    struct store_upload *upload = NULL;
    struct buffer body = {0};
    struct store_info info;
    struct store_put_options once = {.if_absent = true, .content_type = "text/plain"};
    large_body(&body, SIZE);
    for (int round = 0; round < 2; round++) {
        expect(E_OK, store_upload_begin(store, STR("large"), &once, &upload, &err), &err);
        for (size_t at = 0; at < SIZE; at += PART)
            expect(E_OK,
                   store_upload_part(upload, str_slice(buffer_str(&body), at, at + PART), &err),
                   &err);
        if (round == 0) {
            expect(E_NOT_FOUND, store_head(store, STR("large"), &info, &err), &err);
            expect(E_OK, store_upload_finish(upload, &err), &err);
        } else {
            expect(E_EXISTS, store_upload_finish(upload, &err), &err); /* the key is taken */
            store_upload_abort(upload);
        }
    }
    expect_object(store, STR("large"), buffer_str(&body));
    expect(E_OK, store_upload_begin(store, STR("dropped"), NULL, &upload, &err), &err);
    expect(E_OK, store_upload_part(upload, STR("tiny"), &err), &err);
    store_upload_abort(upload);
    expect(E_NOT_FOUND, store_head(store, STR("dropped"), &info, &err), &err);
    buffer_deinit(&body);
    store_close(store);
}

static void sends_what_the_bucket_wants(void **state)
{
    (void)state;
    struct err err = {0};
    struct store *store = open_with((struct store_config){.url = "s3://oracle/headers",
                                                          .storage_class = "REDUCED_REDUNDANCY",
                                                          .tags = "team=cx&kind=a%20b"});
    struct store_pair metadata[] = {{STR("sha256"), STR("00ff")}, {STR("Two-Words"), STR("a  b")}};
    struct store_put_options options = {.content_type = "application/x-ndjson",
                                        .content_encoding = "zstd",
                                        .metadata = metadata,
                                        .metadata_count = 2};
    expect(E_OK, store_put(store, STR("object"), STR("{}\n"), &options, &err), &err);
    struct store_upload *upload = NULL;
    expect(E_OK, store_upload_begin(store, STR("upload"), &options, &upload, &err), &err);
    expect(E_OK, store_upload_part(upload, STR("{}\n"), &err), &err);
    expect(E_OK, store_upload_finish(upload, &err), &err);
    metadata[0].value = STR("line\r\nbreak");
    expect(E_USAGE, store_put(store, STR("object"), STR(""), &options, &err), &err);
    store_close(store);

    /* Without a KMS MinIO refuses encryption and says why: so the header arrived. */
    store = open_with(
        (struct store_config){.url = "s3://verbatim/sse", .encryption = STORE_ENCRYPTION_AES256});
    int rc = store_put(store, STR("object"), STR("x"), NULL, &err);
    if (rc != E_OK) {
        expect(E_BAD_CONFIG, rc, &err);
        assert_non_null(strstr(err.text, "KMS"));
    }
    store_close(store);
}

static int closed_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void refusals_have_their_class(void **state)
{
    (void)state;
    char nobody[64];
    snprintf(nobody, sizeof nobody, "http://127.0.0.1:%d", closed_port());
    const struct {
        const char *why;
        struct store_config config;
        enum err_code rc;
    } cases[] = {
        {"a wrong secret", {.url = "s3://verbatim", .secret_access_key = "wrong-secret"}, E_DENIED},
        {"an unknown access key", {.url = "s3://verbatim", .access_key_id = "nobody"}, E_DENIED},
        {"a bucket that isn't there", {.url = "s3://no-such-bucket"}, E_NO_INPUT},
        {"nobody listens", {.url = "s3://verbatim", .endpoint = nobody}, E_UNAVAILABLE},
        {"a host that doesn't exist",
         {.url = "s3://verbatim", .endpoint = "http://s3.invalid"},
         E_UNAVAILABLE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct err err = {0};
        struct store *store = open_with(cases[i].config);
        expect(cases[i].rc, store_probe(store, &err), &err);
        expect(cases[i].rc, store_put(store, STR("k"), STR("x"), NULL, &err), &err);
        assert_null(strstr(err.text, "wrong-secret"));
        store_close(store);
    }
}

static int make(const char *url, const char *secret, bool *ret_made, struct err *err)
{
    const struct store_config config = {.url = url,
                                        .endpoint = getenv("S3_ENDPOINT"),
                                        .access_key_id = "verbatim",
                                        .secret_access_key = secret};
    return store_make(&config, ret_made, err);
}

static void makes_a_bucket_once(void **state)
{
    (void)state;
    struct err err = {0};
    enum store_versioning versioning = STORE_VERSIONING_ENABLED;
    bool made = false;
    expect(E_DENIED, make("s3://made", "wrong-secret", &made, &err), &err);
    expect(E_OK, make("s3://made/below/it", "verbatim-secret", &made, &err), &err);
    assert_true(made);
    expect(E_OK, make("s3://made", "verbatim-secret", &made, &err), &err);
    assert_false(made);
    expect(E_BAD_CONFIG, make("s3://Capital", "verbatim-secret", &made, &err), &err);
    struct store *store = open_url("s3://made/here");
    expect(E_OK, store_put(store, STR("k"), STR("x"), NULL, &err), &err);
    expect(E_OK, store_versioning(store, &versioning, &err), &err);
    assert_int_equal(versioning, STORE_VERSIONING_OFF);
    store_close(store);
}

/* Ours are an hour slow: the first request is refused, corrected by the server's Date, and sent
 * again. */
static void corrects_a_slow_clock(void **state)
{
    (void)state;
    struct err err = {0};
    struct clock_manual slow;
    struct store_info info;
    clock_manual_init(&slow, clock_wall_ms(clock_system()) - 3600 * 1000);
    struct store *store =
        open_with((struct store_config){.url = "s3://verbatim/skew", .clock = &slow.clock});
    expect(E_OK, store_put(store, STR("k"), STR("x"), NULL, &err), &err);
    store_close(store);
    store = open_with((struct store_config){.url = "s3://verbatim/skew", .clock = &slow.clock});
    expect(E_OK, store_head(store, STR("k"), &info, &err),
           &err); /* no body says why: the Date alone */
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_and_gets),
        cmocka_unit_test(writes_once_if_absent),
        cmocka_unit_test(takes_odd_keys),
        cmocka_unit_test(lists_in_pages),
        cmocka_unit_test(uploads_in_parts),
        cmocka_unit_test(sends_what_the_bucket_wants),
        cmocka_unit_test(refusals_have_their_class),
        cmocka_unit_test(makes_a_bucket_once),
        cmocka_unit_test(corrects_a_slow_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
