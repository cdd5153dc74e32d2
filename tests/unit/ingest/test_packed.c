/* Posts with "Content-Encoding: gzip" or zstd: as if they had come unpacked, within the same
 * bounds. */
#include "ingest_started.h"
#include "packed.h"

#define NDJSON_TYPE "Content-Type: application/x-ndjson\r\n"
#define CSV_TYPE    "Content-Type: text/csv\r\n"
#define GZIP        "Content-Encoding: gzip\r\n"
#define ZSTD        "Content-Encoding: zstd\r\n"

static char long_rows[1 << 20]; /* of blanks, which pack well */

static int start(void **state)
{
    memset(long_rows, ' ', sizeof long_rows - 1);
    return start_with(state, (const char *const[]){"ingest.body_most=20000", NULL});
}

static const struct {
    const char *why, *headers, *members[2];
    size_t cut; /* so many bytes at the end are missing */
    int status;
    const char *says;
    int records;
} posts[] = {
    {"an object", JSON_TYPE GZIP, {"{\"text\":\"a\"}", NULL}, 0, 202, "accepted", 1},
    {"by its other name, in capitals", JSON_TYPE "Content-Encoding: X-GZip\r\n",
     {"{\"text\":\"a\"}", NULL}, 0, 202, "accepted", 1},
    {"lines in two members", NDJSON_TYPE GZIP, {"{\"text\":\"a\"}\n{\"te", "xt\":\"b\"}\n"}, 0, 202,
     "\"accepted\":2", 2},
    {"a table", CSV_TYPE GZIP, {"text;rating\na;4\nb;5\n", NULL}, 0, 202, "\"accepted\":2", 2},
    {"what is in it is judged as ever", JSON_TYPE GZIP, {"{\"txt\":\"a\"}", NULL}, 0, 422, "/txt", 0},
    {"its end is missing: nothing of it counts", NDJSON_TYPE GZIP, {"{\"text\":\"a\"}\n", NULL}, 8,
     400, "the gzip of the body is cut short", 0},
    {"larger than it may be", JSON_TYPE GZIP, {"{\"text\":\"a\"}", long_rows}, 0, 413,
     "unpacks to more than 20000 bytes", 0},
    {"zstd, in two frames", NDJSON_TYPE ZSTD, {"{\"text\":\"a\"}\n{\"te", "xt\":\"b\"}\n"}, 0, 202,
     "\"accepted\":2", 2},
    {"its end is missing, too", NDJSON_TYPE ZSTD, {"{\"text\":\"a\"}\n", NULL}, 3, 400,
     "the zstd of the body is cut short", 0},
    {"another packing", JSON_TYPE "Content-Encoding: br\r\n", {"a", NULL}, 0, 415,
     "Content-Encoding", 0},
    {"packed twice", JSON_TYPE "Content-Encoding: gzip, gzip\r\n", {"a", NULL}, 0, 415,
     "Content-Encoding", 0},
};

static void test_posts(void **state)
{
    size_t held = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(posts); i++) {
        struct answer answer;
        struct buffer body = {0};
        CASE(posts[i].why);
        for (size_t j = 0; j < 2 && posts[i].members[j]; j++)
            (strstr(posts[i].headers, ZSTD) ? pack_zstd : pack)(&body, str_of(posts[i].members[j]));
        body.size -= posts[i].cut;
        caller_ask(&rig, "POST", "/v1/feedback", posts[i].headers, buffer_str(&body), &answer);
        if (answer.status != posts[i].status || !holds(answer.body, posts[i].says))
            fail_msg("answered %.*s", STR_ARGS(buffer_str(&answer.bytes)));
        if (answer.status >= 400) assert_true(holds(answer.head, "application/problem+json"));
        if (answer.status == 415) assert_true(holds(answer.head, "Accept-Encoding: gzip, zstd\r\n"));
        held += (size_t)posts[i].records;
        assert_int_equal(rig_read_feedback(&rig, NULL, NULL), held);
        answer_free(&answer);
        buffer_deinit(&body);
    }
}

/* Its records came out of memory that isn't the request's: they are told and counted all the same,
 * and nothing of it stays. */
static void test_client_gone(void **state)
{
    struct buffer body = {0}, request = {0};
    (void)state;
    pack(&body, STR("text,source\na,shop\nb,shop\n"));
    buffer_printf(&request,
                  "POST /v1/feedback HTTP/1.1\r\nHost: test\r\n" CSV_TYPE GZIP
                  "Content-Length: %zu\r\n\r\n",
                  body.size);
    buffer_add(&request, buffer_str(&body));
    int fd = caller_connect(&rig);
    caller_send(fd, buffer_str(&request));
    close(fd);
    RIG_AWAIT(rig_read_feedback(&rig, NULL, NULL) == 2);
    RIG_AWAIT(rig_look(&rig)->posts_open == 0);
    buffer_deinit(&body);
    buffer_deinit(&request);
}

#define PACKED_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {PACKED_TEST(test_posts), PACKED_TEST(test_client_gone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
