/* Signature 4: known answers, canonical forms, and the key cache. */
#include "aws/sigv4.h"
#include "test.h"

static const struct sigv4_credentials example = {
    {"AKIDEXAMPLE", 11}, {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 40}, {NULL, 0}};
enum { EXAMPLE_DAY_MS = 86400000 };
static const int64_t example_ms = 1767323045000; /* 2026-01-02T03:04:05Z */

/* From botocore 1.43 and shared with other implementations of ours: a Bedrock call. */
static void known_answer_of_bedrock(void **state)
{
    (void)state;
    struct sigv4_pair headers[] = {{STR("Content-Type"), STR("application/json")},
                                   {STR("host"), STR("bedrock-runtime.us-east-1.amazonaws.com")}};
    struct sigv4_signed sign = {0};
    struct buffer path = {0};
    struct err err;
    char payload_hash[SHA256_TEXT_BYTES];
    sigv4_payload_hash(STR("{\"anthropic_version\":\"bedrock-2023-05-31\"}"), payload_hash);
    sigv4_encode(STR("/model/anthropic.claude-3-haiku-20240307-v1:0/invoke"), true, &path);
    assert_string_equal(buffer_cstr(&path),
                        "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke");
    struct sigv4_request request = {
        .method = STR("POST"), .path = buffer_str(&path), .headers = headers, .header_count = 2,
        .payload_hash = str_of(payload_hash), .region = STR("us-east-1"), .service = STR("bedrock"),
    };
    assert_int_equal(sigv4_sign(NULL, &example, &request, example_ms, &sign, &err), E_OK);
    assert_string_equal(sign.date, "20260102T030405Z");
    assert_string_equal(
        buffer_cstr(&sign.authorization),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=444071071860c9bbd5ff547999759218a676527b5aabfc66af75c2e94a30f3c3");
    sigv4_signed_deinit(&sign);
    buffer_deinit(&path);
}

static const struct {
    const char *why, *path;
    enum sigv4_path rule;
    const char *canonical;
} paths[] = {
    {"no path is the root", "", SIGV4_PATH_AS_SENT, "/"},
    {"no path is the root", "", SIGV4_PATH_ENCODE_AGAIN, "/"},
    {"S3 keeps what it is sent", "/a//b/../c%20d", SIGV4_PATH_AS_SENT, "/a//b/../c%20d"},
    {"others encode once more", "/m/v1%3A0", SIGV4_PATH_ENCODE_AGAIN, "/m/v1%253A0"},
    {"empty and dot segments go", "//a/./b//c", SIGV4_PATH_ENCODE_AGAIN, "/a/b/c"},
    {"two dots take a segment away", "/a/b/../c", SIGV4_PATH_ENCODE_AGAIN, "/a/c"},
    {"but not more than there are", "/../../c", SIGV4_PATH_ENCODE_AGAIN, "/c"},
    {"all of them", "/a/..", SIGV4_PATH_ENCODE_AGAIN, "/"},
    {"a slash at the end stays", "/a/b/", SIGV4_PATH_ENCODE_AGAIN, "/a/b/"},
};

static void canonical_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        CASE(paths[i].why);
        struct buffer out = {0};
        struct str names, rest;
        struct sigv4_request request = {
            .method = STR("GET"), .path = str_of(paths[i].path), .path_rule = paths[i].rule};
        sigv4_canonical_request(&example, &request, "20260102T030405Z", &out, &names);
        rest = buffer_str(&out);
        str_cut(&rest, '\n');
        struct str line = str_cut(&rest, '\n');
        if (!str_equal(line, str_of(paths[i].canonical))) fail_msg("%.*s", STR_ARGS(line));
        buffer_deinit(&out);
    }
}

static void canonical_headers(void **state)
{
    (void)state;
    struct sigv4_credentials session = example;
    session.session_token = STR("token==");
    struct sigv4_pair headers[] = {
        {STR("X-B"), STR("  two   words\t here ")}, {STR("host"), STR("h")}, {STR("x-a"), STR("1")},
        {STR("X-A"), STR("2")}, {STR("x-ab"), STR("3")},
    };
    struct sigv4_request request = {
        .method = STR("GET"), .path = STR("/"), .query = STR("a=1"), .headers = headers,
        .header_count = COUNT_OF(headers), .payload_hash = STR("UNSIGNED-PAYLOAD"),
        .sign_payload_header = true};
    struct buffer out = {0};
    struct str names;
    sigv4_canonical_request(&session, &request, "20260102T030405Z", &out, &names);
    assert_true(str_equal(
        names, STR("host;x-a;x-ab;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-b")));
    assert_string_equal(buffer_cstr(&out),
                        "GET\n/\na=1\nhost:h\nx-a:1,2\nx-ab:3\n"
                        "x-amz-content-sha256:UNSIGNED-PAYLOAD\n"
                        "x-amz-date:20260102T030405Z\nx-amz-security-token:token==\n"
                        "x-b:two words here\n\n"
                        "host;x-a;x-ab;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-b\n"
                        "UNSIGNED-PAYLOAD");
    buffer_deinit(&out);
}

static void queries_are_sorted_as_they_are_encoded(void **state)
{
    (void)state;
    struct sigv4_pair pairs[] = {
        {STR("b"), STR("2")}, {STR("a-b"), STR("x")}, {STR("a"), STR("~")},
        {STR("a"), STR("\xC3\xBC")},
        {STR("a/b"), STR("")}, {STR("A"), STR("=&+ ")},
    };
    struct buffer out = {0};
    sigv4_encode_query(pairs, COUNT_OF(pairs), &out);
    assert_string_equal(buffer_cstr(&out), "A=%3D%26%2B%20&a=%C3%BC&a=~&a%2Fb=&a-b=x&b=2");
    buffer_clear(&out);
    sigv4_encode_query(NULL, 0, &out);
    assert_int_equal(out.size, 0);
    buffer_deinit(&out);
}

/* One signer over changing days, regions and secrets signs as a fresh one does. */
static void the_key_cache_notices_changes(void **state)
{
    (void)state;
    struct sigv4_signer kept = {0};
    struct sigv4_signed a = {0}, b = {0};
    struct err err;
    for (int i = 0; i < 16; i++) {
        struct sigv4_credentials credentials = example;
        if (i & 1) credentials.secret_access_key = STR("another");
        struct sigv4_request request = {
            .method = STR("GET"), .path = STR("/"), .payload_hash = STR("x"),
            .region = i & 2 ? STR("eu-west-3") : STR("us-east-1"),
            .service = i & 4 ? STR("s3") : STR("sts"),
        };
        int64_t when_ms = example_ms + (i & 8 ? EXAMPLE_DAY_MS : 0);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(sigv4_sign(&kept, &credentials, &request, when_ms, &a, &err), E_OK);
            assert_int_equal(sigv4_sign(NULL, &credentials, &request, when_ms, &b, &err), E_OK);
            assert_string_equal(buffer_cstr(&a.authorization), buffer_cstr(&b.authorization));
        }
    }
    sigv4_signer_deinit(&kept);
    assert_false(kept.ready);
    sigv4_signed_deinit(&a);
    sigv4_signed_deinit(&b);
}

static void refuses_what_it_cannot_sign(void **state)
{
    (void)state;
    struct sigv4_signed sign = {0};
    struct err err;
    struct sigv4_request request = {.method = STR("GET"), .header_count = SIGV4_HEADERS_MAX};
    assert_int_equal(sigv4_sign(NULL, &example, &request, example_ms, &sign, &err), E_USAGE);
    request.header_count = 0;
    assert_int_equal(sigv4_sign(NULL, &example, &request, -1, &sign, &err), E_USAGE);
    assert_int_equal(sigv4_sign(NULL, &example, &request, INT64_C(253402300800000), &sign, &err),
                     E_USAGE);
    sigv4_signed_deinit(&sign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer_of_bedrock),
        cmocka_unit_test(canonical_paths),
        cmocka_unit_test(canonical_headers),
        cmocka_unit_test(queries_are_sorted_as_they_are_encoded),
        cmocka_unit_test(the_key_cache_notices_changes),
        cmocka_unit_test(refuses_what_it_cannot_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
