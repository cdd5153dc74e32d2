/* POST /v1/feedback: what is taken in, what is refused and how it is told. */
#include "ingest_started.h"

static int start(void **state)
{
    return start_with(state,
                      (const char *const[]){"ingest.body_most=20000", "ingest.rows_most=5", NULL});
}

/* --- answers ---------------------------------------------------------------------------------- */

#define NDJSON_TYPE "Content-Type: application/x-ndjson\r\n"
#define CSV_TYPE    "Content-Type: text/csv; charset=utf-8\r\n"

static const struct {
    const char *why, *headers, *body;
    int status;
    const char *says, *says_too; /* in the body */
    int records;                 /* that the bus holds more than before */
} posts[] = {
    {"one object gets one receipt", JSON_TYPE, "{\"text\":\"good\"}", 202,
     "\"status\":\"accepted\"", "{\"id\":\"", 1},
    {"all fields", JSON_TYPE,
     "{\"id\":\"a-1\",\"text\":\"good\",\"source\":\"s\",\"channel\":\"review\",\"product\":\"p\","
     "\"customer\":\"c\",\"rating\":4.5,"
     "\"language\":\"en\",\"occurred_at\":\"2026-01-02T03:04:05+01:00\",\"attributes\":{\"shop\":"
     "\"Graz\"}}",
     202, "{\"id\":\"a-1\"", "", 1},
    {"a charset is no other type", "Content-Type: application/json; charset=utf-8\r\n",
     "{\"text\":\"good\"}", 202, "accepted", "", 1},
    {"an array", JSON_TYPE, "[{\"text\":\"a\"},{\"text\":\"b\"}]", 202,
     "\"accepted\":2,\"refused\":0", "\"row\":1", 2},
    {"rows stand for themselves", JSON_TYPE, "[{\"text\":\"a\"},{\"txt\":\"b\"},{\"text\":7}]", 202,
     "\"accepted\":1,\"refused\":2",
     "{\"row\":1,\"pointer\":\"/txt\",\"detail\":\"unknown field; did you mean", 1},
    {"NDJSON, with a line that is not JSON", NDJSON_TYPE,
     "{\"text\":\"a\"}\n\n{oops\n{\"text\":\"b\"}", 202, "\"accepted\":2,\"refused\":1",
     "\"row\":1,\"pointer\":\"\"", 2},
    {"CSV, with quotes and a line break in them", CSV_TYPE,
     "text,rating,attributes.shop\r\n\"a \"\"b\"\"\nc\",4,Graz\r\n,5,\r\n", 202,
     "\"accepted\":1,\"refused\":1", "\"pointer\":\"/text\"", 1},
    {"CSV as spreadsheets write it where the comma is decimal", CSV_TYPE,
     "\xEF\xBB\xBFText;Rating\r\n\"a; b, c\";4\r\nd;5\r\n", 202, "\"accepted\":2,\"refused\":0", "",
     2},
    {"CSV with tabs", CSV_TYPE, "text\tproduct\na, b\tSerum\n", 202, "\"accepted\":1", "", 1},
    {"CSV whose first line names what parts the cells", CSV_TYPE,
     "sep=|\r\ntext|rating\r\n5\" nail, bent| 4 \r\n", 202, "\"accepted\":1,\"refused\":0", "",
     1},
    {"a spreadsheet is told as such", CSV_TYPE, "PK\x03\x04", 400,
     "the body is a ZIP archive or a spreadsheet, not UTF-8 text", "", 0},
    {"and gzip that isn't said to be any", JSON_TYPE, "\x1f\x8b\x08", 400,
     "the body is gzip, not UTF-8 text", "", 0},
    {"a CSV without a text says so once", CSV_TYPE, "review,stars\na,5\nb,4\n", 400,
     "the header names no column \\\"text\\\"; it names: review, stars", "", 0},
    {"a CSV that names a field twice does, too", CSV_TYPE, "text,rating,rating\na,5,4\n", 400,
     "the header names \\\"rating\\\" twice", "", 0},
    {"malformed JSON is a malformed body", JSON_TYPE, "{\"text\":", 400,
     "urn:verbatim:problem:malformed-body", "line 1", 0},
    {"what is behind the value", JSON_TYPE, "{\"text\":\"a\"} x", 400, "malformed-body", "", 0},
    {"NDJSON by the wrong name", JSON_TYPE, "{\"text\":\"a\"}\n{\"text\":\"b\"}\n", 400,
     "malformed-body", "application/x-ndjson", 0},
    {"on one line it is none", JSON_TYPE, "{\"text\":\"a\"}{\"text\":\"b\"}", 400, "line 1, column 13",
     "behind the end", 0},
    {"nor with records of several lines", JSON_TYPE, "{\"text\":\n\"a\"}\n{\"text\":\n\"b\"}", 400,
     "behind the end", "line 3", 0},
    {"nor where something else stands first", JSON_TYPE, "\"x\"\n{", 400, "malformed-body",
     "line 2", 0},
    {"an array cut off takes nothing in", JSON_TYPE, "[{\"text\":\"a\"},", 400, "malformed-body",
     "", 0},
    {"an empty body", JSON_TYPE, "", 400, "malformed-body", "", 0},
    {"an empty array", JSON_TYPE, "[]", 400, "the body holds no record", "", 0},
    {"NDJSON of empty lines", NDJSON_TYPE, "\n\n", 400, "the body holds no record", "", 0},
    {"CSV without a row", CSV_TYPE, "text\n", 400, "the body holds no record", "", 0},
    {"CSV without anything", CSV_TYPE, "", 400, "the CSV has no header", "", 0},
    {"not an object", JSON_TYPE, "7", 422, "", "", 0},
    {"a number where text belongs", JSON_TYPE, "{\"text\":7}", 422, "\"pointer\":\"/text\"",
     "urn:verbatim:problem:invalid-feedback", 0},
    {"text where a number belongs", JSON_TYPE, "{\"text\":\"a\",\"rating\":\"four\"}", 422,
     "\"pointer\":\"/rating\"", "", 0},
    {"no time", JSON_TYPE, "{\"text\":\"a\",\"occurred_at\":\"yesterday\"}", 422,
     "\"pointer\":\"/occurred_at\"", "RFC 3339", 0},
    {"two faults, both named", JSON_TYPE, "{\"text\":[],\"rating\":{}}", 422,
     "\"pointer\":\"/text\"", "\"pointer\":\"/rating\"", 0},
    {"an unknown field, with the nearest", JSON_TYPE, "{\"text\":\"a\",\"ratting\":4}", 422,
     "\"pointer\":\"/ratting\"", "did you mean \\\"rating\\\"", 0},
    {"an unknown field, like none", JSON_TYPE, "{\"text\":\"a\",\"weather_in_graz\":4}", 422,
     "\"pointer\":\"/weather_in_graz\"", "attributes", 0},
    {"no text", JSON_TYPE, "{\"product\":\"p\"}", 422, "\"pointer\":\"/text\"", "is required", 0},
    {"text of nothing but spaces", JSON_TYPE, "{\"text\":\" \\n\\t \"}", 422,
     "\"pointer\":\"/text\"", "is empty", 0},
    {"a customer too long", JSON_TYPE,
     "{\"text\":\"a\",\"channel\":"
     "\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
     422, "\"pointer\":\"/channel\"", "", 0},
    {"an id with a space", JSON_TYPE, "{\"text\":\"a\",\"id\":\"a b\"}", 422, "\"pointer\":\"/id\"",
     "", 0},
    {"bytes that are not UTF-8", JSON_TYPE, "{\"text\":\"\xC3\x28\"}", 400, "malformed-body",
     "UTF-8", 0},
    {"bytes that are not UTF-8, in CSV", CSV_TYPE, "text\n\xFF\xFE\n", 422, "\"pointer\":\"/text\"",
     "UTF-8", 0},
    {"half a surrogate", JSON_TYPE, "{\"text\":\"\\ud800\"}", 400, "", "", 0},
    {"a byte order mark", JSON_TYPE, "\xEF\xBB\xBF{\"text\":\"good\"}", 202, "accepted", "", 1},
    {"one before NDJSON", NDJSON_TYPE, "\xEF\xBB\xBF{\"text\":\"good\"}\n", 202,
     "\"accepted\":1", "\"refused\":0", 1},
    {"a row that is no JSON: its line is the body's", NDJSON_TYPE,
     "{\"text\":\"good\"}\n\n{oops\n", 202, "{\"row\":1,\"pointer\":\"\"",
     "line 3, column 2: ", 1},
    {"no row is valid", NDJSON_TYPE, "{\"x\":1}\n{\"text\":\"\"}\n", 422,
     "No record of the request is valid.", "\"row\":1", 0},
    {"too many rows", NDJSON_TYPE,
     "{\"text\":\"1\"}\n{\"text\":\"2\"}\n{\"text\":\"3\"}\n{\"text\":\"4\"}\n{\"text\":\"5\"}\n{"
     "\"text\":\"6\"}\n",
     413, "more than 5 records", "", 0},
    {"another content type", "Content-Type: text/plain\r\n", "a", 415, "application/x-ndjson", "",
     0},
    {"what curl -d says by itself", "Content-Type: application/x-www-form-urlencoded\r\n",
     "{\"text\":\"a\"}", 415, "with curl: -H 'Content-Type: application/json'", "", 0},
    {"no content type", "", "a", 415, "Content-Type must be", "", 0},
    {"a body that isn't what it says", JSON_TYPE "Content-Encoding: gzip\r\n", "{\"text\":\"a\"}",
     400, "the body isn't valid gzip", "malformed-body", 0},
    {"no body, said to be packed", JSON_TYPE "Content-Encoding: gzip\r\n", "", 400, "cut short", "",
     0},
    {"an idempotency key that is none", JSON_TYPE "Idempotency-Key: \r\n", "{\"text\":\"a\"}", 400,
     "Idempotency-Key is empty", "malformed-body", 0},
    {"two idempotency keys", JSON_TYPE "Idempotency-Key: a\r\nidempotency-key: b\r\n",
     "{\"text\":\"a\"}", 400, "Idempotency-Key stands in the head more than once.", "", 0},
    {"the same one twice is no better", JSON_TYPE "Idempotency-Key: a\r\nIdempotency-Key: a\r\n",
     "{\"text\":\"a\"}", 400, "Idempotency-Key stands in the head more than once.", "", 0},
    {"the same content type twice: others may heed the last", JSON_TYPE JSON_TYPE,
     "{\"text\":\"a\"}", 400, "Content-Type stands in the head more than once.", "", 0},
    {"two content types", JSON_TYPE NDJSON_TYPE, "{\"text\":\"a\"}", 400,
     "Content-Type stands in the head more than once.", "", 0},
    {"two lengths", JSON_TYPE "Content-Length: 12\r\n", "{\"text\":\"a\"}", 400,
     "\"status\":400", "", 0},
    {"an idempotency key without end",
     JSON_TYPE
     "Idempotency-Key: 0123456789012345678901234567890123456789012345678901234567890123456789"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3456789012345678901234567890123456789"
     "01234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n",
     "{\"text\":\"a\"}", 400, "Idempotency-Key", "", 0},
};

static void test_posts(void **state)
{
    (void)state;
    size_t held = 0;
    for (size_t i = 0; i < COUNT_OF(posts); i++) {
        struct answer answer;
        CASE(posts[i].why);
        caller_post(&rig, posts[i].headers, posts[i].body, &answer);
        if (answer.status != posts[i].status || !holds(answer.body, posts[i].says) ||
            !holds(answer.body, posts[i].says_too))
            fail_msg("answered %.*s", STR_ARGS(buffer_str(&answer.bytes)));
        if (answer.status >= 400) assert_true(holds(answer.head, "application/problem+json"));
        held += (size_t)posts[i].records;
        assert_int_equal(rig_read_feedback(&rig, NULL, NULL), held);
        answer_free(&answer);
    }
}

static const struct {
    const char *why, *method, *target, *headers;
    int status;
    const char *head_says;
} requests[] = {
    {"no such page", "GET", "/nothing", "", 404, ""},
    {"feedback is posted", "GET", "/v1/feedback", "", 405, "Allow: POST, OPTIONS"},
    {"not put", "PUT", "/v1/feedback", "", 405, "Allow: POST, OPTIONS"},
    {"streams are read", "POST", "/v1/insights/stream", "", 405, "Allow: GET, HEAD, OPTIONS"},
    {"a method that nobody knows", "BREW", "/v1/feedback", "", 501, ""},
    {"alive", "GET", "/healthz", "", 200, ""},
    {"whatever else a probe sends", "GET", "/healthz", JSON_TYPE JSON_TYPE "Authorization: a\r\n"
     "Authorization: b\r\n", 200, ""},
    {"ready", "GET", "/readyz", "", 200, ""},
    {"status", "GET", "/v1/status", "", 200, "application/json"},
    {"the dashboard, and what it may do", "GET", "/", "", 200, "script-src 'sha256-"},
    {"the dashboard's head", "HEAD", "/", "", 200, "text/html"},
    {"the reference", "GET", "/v1/openapi.json", "", 200, "application/json"},
    {"a page may be kept", "GET", "/", "If-None-Match: \"other\"\r\n", 200, "no-cache"},
    {"and is not sent again", "GET", "/", "If-None-Match: *\r\n", 304, "ETag: \""},
    {"a wait with a typo", "POST", "/v1/feedback?wiat=5s", JSON_TYPE, 400, ""},
    {"a wait that makes no sense", "POST", "/v1/feedback?wait=soon", JSON_TYPE, 400, ""},
    {"no host", "GET", "/", "Host: another\r\n", 400, ""},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct answer answer;
        bool posts_body = strcmp(requests[i].method, "POST") == 0;
        CASE(requests[i].why);
        caller_ask(&rig, requests[i].method, requests[i].target, requests[i].headers,
                   posts_body ? STR("{\"text\":\"a\"}") : (struct str){0}, &answer);
        if (answer.status != requests[i].status || !holds(answer.head, requests[i].head_says))
            fail_msg("answered %.*s", STR_ARGS(answer.head));
        answer_free(&answer);
    }
}

/* --- what the bus holds ----------------------------------------------------------------------- */

struct last {
    char id[160], key[256], traceparent[64], text[64], tenant[65], source[64];
    size_t count;
    bool received;
};

static void on_last(void *user, const struct seen *seen)
{
    struct last *last = user;
    last->count++;
    snprintf(last->id, sizeof last->id, "%s", seen->id);
    snprintf(last->key, sizeof last->key, "%s", seen->key);
    snprintf(last->traceparent, sizeof last->traceparent, "%s", seen->traceparent);
    snprintf(last->text, sizeof last->text, "%.*s", STR_ARGS(seen->feedback.text));
    snprintf(last->tenant, sizeof last->tenant, "%.*s", STR_ARGS(seen->feedback.tenant));
    snprintf(last->source, sizeof last->source, "%.*s", STR_ARGS(seen->feedback.source));
    last->received = shape_has(feedback, &seen->feedback, received_at);
}

static void test_record(void **state)
{
    struct answer answer;
    struct last last = {.count = 0};
    char id[128];
    (void)state;
    caller_post(
        &rig, JSON_TYPE "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
        "{\"text\":\"good\",\"customer\":\"c-7\",\"tenant\":\"forged\"}", &answer);
    assert_int_equal(answer.status, 202);
    assert_int_equal(rig_read_feedback(&rig, on_last, &last), 1);
    assert_string_equal(last.id, member_of(answer.body, "id", id).data);
    assert_int_equal(strlen(last.id), 36); /* a UUID */
    assert_string_equal(last.key, "c-7");
    assert_string_equal(last.text, "good");
    assert_string_equal(last.tenant, ""); /* never the caller's word */
    assert_string_equal(last.source, "http");
    assert_true(last.received);
    assert_memory_equal(last.traceparent, "00-0af7651916cd43dd8448eb211c80319c-", 36);
    assert_memory_not_equal(last.traceparent + 36, "b7ad6b7169203331", 16); /* a span of its own */
    answer_free(&answer);
}

static void test_idempotency(void **state)
{
    static const struct {
        const char *why, *first_headers, *first, *second_headers, *second;
        bool same;
    } cases[] = {
        {"the same key, the same id", JSON_TYPE "Idempotency-Key: k1\r\n", "{\"text\":\"a\"}",
         JSON_TYPE "Idempotency-Key: k1\r\n", "{\"text\":\"a\"}", true},
        {"whatever the form", JSON_TYPE "Idempotency-Key: k1\r\n", "{\"text\":\"a\"}",
         NDJSON_TYPE "Idempotency-Key: k1\r\n", "{\"text\":\"a\"}", true},
        {"another key, another id", JSON_TYPE "Idempotency-Key: k1\r\n", "{\"text\":\"a\"}",
         JSON_TYPE "Idempotency-Key: k2\r\n", "{\"text\":\"a\"}", false},
        {"no key, another id", JSON_TYPE, "{\"text\":\"a\"}", JSON_TYPE, "{\"text\":\"a\"}", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer first, second;
        char a[128], b[128];
        CASE(cases[i].why);
        caller_post(&rig, cases[i].first_headers, cases[i].first, &first);
        caller_post(&rig, cases[i].second_headers, cases[i].second, &second);
        assert_int_equal(first.status, 202);
        assert_int_equal(second.status, 202);
        assert_int_equal(str_equal(member_of(first.body, "id", a), member_of(second.body, "id", b)),
                         cases[i].same);
        answer_free(&first);
        answer_free(&second);
    }
    struct answer bulk, again; /* row by row */
    caller_post(&rig, NDJSON_TYPE "Idempotency-Key: bulk\r\n",
                "{\"text\":\"a\"}\n{\"text\":\"b\"}\n", &bulk);
    caller_post(&rig, JSON_TYPE "Idempotency-Key: bulk\r\n", "[{\"text\":\"a\"},{\"text\":\"b\"}]",
                &again);
    assert_true(str_equal(bulk.body, again.body));
    answer_free(&bulk);
    answer_free(&again);
}

static void test_client_gone(void **state)
{
    static const char *const parts[] = {
        "POST /v1/feedback HTTP/1.1\r\nHost: test\r\n",
        "POST /v1/feedback HTTP/1.1\r\nHost: test\r\n"
        JSON_TYPE "Content-Length: 100\r\n\r\n{\"text\":",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        int fd = caller_connect(&rig);
        caller_send(fd, str_of(parts[i]));
        close(fd);
    }
    /* One that leaves while it waits: its record is taken in all the same. */
    int fd = caller_connect(&rig);
    caller_send(fd, STR("POST /v1/feedback?wait=30s HTTP/1.1\r\nHost: test\r\n" JSON_TYPE
                        "Content-Length: 12\r\n\r\n{\"text\":\"a\"}"));
    RIG_AWAIT(rig_read_feedback(&rig, NULL, NULL) == 1);
    /* a reset, not a half-close */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    close(fd);
    RIG_AWAIT(rig_look(&rig)->posts_open == 0);
    assert_int_equal(rig_read_feedback(&rig, NULL, NULL), 1);
}

/* A bus that never says a word: no receipt, and no waiting for ever.
 * What it says later is nobody's. */
static void test_late(void **state)
{
    static const char *const targets[] = {"/v1/feedback", "/v1/feedback?wait=30s"};
    struct answer answer;
    char request[200];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        CASE(targets[i]);
        snprintf(request, sizeof request,
                 "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" JSON_TYPE
                 "Content-Length: 12\r\n\r\n{\"text\":\"b\"}",
                 targets[i]);
        atomic_store(&rig_produce, PRODUCE_HELD);
        int calls = atomic_load(&rig_produced_calls), fd = caller_connect(&rig);
        caller_send(fd, str_of(request));
        RIG_AWAIT(atomic_load(&rig_produced_calls) > calls);
        atomic_fetch_add(&rig_ahead_ms, 31000); /* ingest.answer_within is 30s */
        caller_finish(fd, &answer);
        assert_int_equal(answer.status, 503);
        assert_true(holds(answer.head, "Retry-After: "));
        assert_true(holds(answer.body, "no receipt"));
        answer_free(&answer);
        assert_int_equal(rig_look(&rig)->posts_open, 1); /* its bytes still count */
        atomic_store(&rig_produce, PRODUCE_WELL);
        /* one in time goes before one that is late */
        caller_post(&rig, JSON_TYPE, "{\"text\":\"a\"}", &answer);
        assert_int_equal(answer.status, 202);
        answer_free(&answer);
        atomic_store(&rig_gives_up, true);
        RIG_AWAIT(rig_look(&rig)->posts_open == 0);
    }
}

#define DOOR_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOOR_TEST(test_posts), DOOR_TEST(test_requests), DOOR_TEST(test_record),
        DOOR_TEST(test_idempotency), DOOR_TEST(test_client_gone), DOOR_TEST(test_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
