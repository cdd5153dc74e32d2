/* Our Signature 4 against botocore's, over every vector that vectors.py wrote; and, in tests/llm,
 * over those of the official suite, whose paths are "raw": signed as they stand. */
#include <stdlib.h>

#include "aws/sigv4.h"
#include "test.h"

enum { FIELDS = 15, PAIRS_MAX = 16 };

static struct buffer
    memory; /* of all that one vector decodes; never grows while views are in use */

static struct str decode_hex(struct str text)
{
    size_t start = memory.size;
    assert_true(memory.capacity - memory.size > text.size);
    for (size_t i = 0; i + 1 < text.size; i += 2) {
        char digits[3] = {text.data[i], text.data[i + 1], '\0'};
        buffer_add_char(&memory, (char)strtol(digits, NULL, 16));
    }
    return str_make(memory.data + start, memory.size - start);
}

static size_t decode_pairs(struct str text, struct sigv4_pair pairs[static PAIRS_MAX])
{
    size_t count = 0;
    while (text.size) {
        struct str value = str_cut(&text, ','), name = str_cut(&value, '=');
        assert_true(count < PAIRS_MAX);
        pairs[count].name = decode_hex(name);
        pairs[count++].value = decode_hex(value);
    }
    return count;
}

static void check(struct sigv4_signer *signer, struct str line)
{
    struct str field[FIELDS];
    struct sigv4_pair query[PAIRS_MAX], headers[PAIRS_MAX + 1];
    struct buffer path = {0}, query_text = {0};
    struct sigv4_signed sign = {0};
    struct err err;
    char payload_hash[SHA256_TEXT_BYTES];
    memory.size = 0;
    for (size_t i = 0; i < FIELDS; i++) field[i] = str_cut(&line, '\t');
    bool s3 = str_equal(field[0], STR("s3"));

    if (str_equal(field[0], STR("raw"))) buffer_add(&path, decode_hex(field[3]));
    else sigv4_encode(decode_hex(field[3]), true, &path);
    if (!str_equal(buffer_str(&path), field[4])) fail_msg("path %.*s", STR_ARGS(field[4]));
    size_t query_count = decode_pairs(field[5], query);
    sigv4_encode_query(query, query_count, &query_text);
    headers[0] = (struct sigv4_pair){STR("Host"), field[2]};
    size_t header_count = 1 + decode_pairs(field[6], headers + 1);
    sigv4_payload_hash(decode_hex(field[7]), payload_hash);
    uint64_t seconds;
    assert_true(str_to_u64(field[13], &seconds));
    struct sigv4_request request = {
        .method = field[1],
        .path = buffer_str(&path),
        .query = buffer_str(&query_text),
        .headers = headers,
        .header_count = header_count,
        .payload_hash = str_of(payload_hash),
        .sign_payload_header = s3,
        .path_rule = s3 ? SIGV4_PATH_AS_SENT : SIGV4_PATH_ENCODE_AGAIN,
        .region = field[8],
        .service = field[9],
    };
    struct sigv4_credentials credentials = {field[10], decode_hex(field[11]),
                                            decode_hex(field[12])};
    assert_int_equal(
        sigv4_sign(signer, &credentials, &request, (int64_t)seconds * 1000, &sign, &err), E_OK);
    if (!str_equal(buffer_str(&sign.authorization), field[14]))
        fail_msg("%.*s %.*s?%.*s\n  ours:     %s\n  botocore: %.*s", STR_ARGS(field[1]),
                 STR_ARGS(field[4]), STR_ARGS(request.query), buffer_cstr(&sign.authorization),
                 STR_ARGS(field[14]));
    sigv4_signed_deinit(&sign);
    buffer_deinit(&path);
    buffer_deinit(&query_text);
}

static void signs_as_botocore_does(void **state)
{
    (void)state;
    struct buffer file = {0};
    struct err err;
    struct sigv4_signer signer = {
        0}; /* shared: its cache must notice day, region, service and secret */
    const char *path = getenv("S3_VECTORS");
    size_t count = 0;
    assert_non_null(path);
    assert_int_equal(buffer_read_file(&file, path, 16 << 20, &err), E_OK);
    assert_non_null(buffer_reserve(&memory, 1 << 20));
    for (struct str rest = buffer_str(&file); rest.size; count++)
        check(&signer, str_cut(&rest, '\n'));
    print_message("%zu vectors\n", count);
    const char *least = getenv("S3_VECTORS_LEAST");
    assert_true(count >= (least ? strtoul(least, NULL, 10) : 200));
    sigv4_signer_deinit(&signer);
    buffer_deinit(&memory);
    buffer_deinit(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signs_as_botocore_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
