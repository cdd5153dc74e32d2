/* Raw requests against the statuses that they must get, whole and cut at every byte. */
#include "http_rig.h"

#define HOST "Host: a\r\n"
#define KEEP true
#define CLOSE false

static const struct {
    const char *why, *request, *statuses; /* of all answers, in order */
    bool keeps;                           /* the connection is usable afterwards */
    const char *contains;
} cases[] = {
    {"a plain GET", "GET /echo?a=b HTTP/1.1\r\n" HOST "\r\n", "200", KEEP, "GET /echo?a=b []"},
    {"blank lines before it are forgiven", "\r\n\r\nGET /echo HTTP/1.1\r\n" HOST "\r\n", "200",
     KEEP, ""},
    {"POST with a length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", "200",
     KEEP, "[abc]"},
    {"an empty POST needs no length", "POST /echo HTTP/1.1\r\n" HOST "\r\n", "200", KEEP,
     "POST /echo? []"},
    {"chunks, an extension and a trailer",
     "POST /echo HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n",
     "200", KEEP, "[abcde]"},
    {"HEAD has the headers but no body", "HEAD /echo HTTP/1.1\r\n" HOST "\r\n", "200", KEEP,
     "Content-Length: 14\r\n"},
    {"204 has no length", "GET /nothing HTTP/1.1\r\n" HOST "\r\n", "204", KEEP, "No Content"},
    {"other methods that we serve",
     "PATCH /echo HTTP/1.1\r\n" HOST "\r\nPUT /echo HTTP/1.1\r\n" HOST
     "\r\nDELETE /echo HTTP/1.1\r\n" HOST "\r\nOPTIONS * HTTP/1.1\r\n" HOST "\r\n",
     "200 200 200 200", KEEP, "OPTIONS *?"},
    {"pipelined",
     "GET /echo?1 HTTP/1.1\r\n" HOST "\r\nPOST /echo?2 HTTP/1.1\r\n" HOST
     "Content-Length: 1\r\n\r\nxGET /echo?3 HTTP/1.1\r\n" HOST "\r\n",
     "200 200 200", KEEP, "/echo?3"},
    {"Connection: close is obeyed", "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
     "200", CLOSE, "Connection: close"},
    {"and what follows it is not read",
     "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /echo HTTP/1.1\r\n" HOST "\r\n",
     "200", CLOSE, ""},
    {"HTTP/1.0 closes, and needs no Host", "GET /echo HTTP/1.0\r\n\r\n", "200", CLOSE,
     "Connection: close"},
    {"unless it asks otherwise", "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200",
     KEEP, "Connection: keep-alive"},
    {"an upgrade is ignored",
     "GET /echo HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "200", KEEP, ""},
    {"absolute form", "GET http://other/echo?q HTTP/1.1\r\n" HOST "\r\n", "200", KEEP,
     "GET /echo?q"},
    {"the path is decoded, the query is not", "GET /echo%2F%c3%a9?%41 HTTP/1.1\r\n" HOST "\r\n",
     "200", KEEP, "GET /echo/\xc3\xa9?%41 "},
    {"a header refusal has no body to wait for", "GET /denied HTTP/1.1\r\n" HOST "\r\n", "401",
     KEEP, "No key."},
    {"a short body that nobody wants is skipped",
     "POST /denied HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\nsecret", "401", KEEP, "No key."},
    {"a long one ends the connection",
     "POST /denied HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", "401", CLOSE, ""},
    {"so does one of unknown length",
     "POST /denied HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "401", CLOSE, ""},
    {"and one that waits to be asked for",
     "POST /denied HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "401",
     CLOSE, ""},
    {"100-continue",
     "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", "200",
     KEEP, "[abc]"},

    {"no Host", "GET /echo HTTP/1.1\r\n\r\n", "400", CLOSE, "Host"},
    {"two Hosts", "GET /echo HTTP/1.1\r\n" HOST HOST "\r\n", "400", CLOSE, "Host"},
    {"a Host that can't be one", "GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", "400", CLOSE, "Host"},
    {"obs-fold", "GET /echo HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", "400", CLOSE, "problem+json"},
    {"a fold right after the request line", "GET /echo HTTP/1.1\r\n Host: a\r\n\r\n", "400", CLOSE,
     ""},
    {"bare LF", "GET /echo HTTP/1.1\nHost: a\n\n", "400", CLOSE, ""},
    {"bare LF in the headers", "GET /echo HTTP/1.1\r\n" HOST "X: y\n\r\n", "400", CLOSE, ""},
    {"bare CR in a value", "GET /echo HTTP/1.1\r\n" HOST "X: y\rz\r\n\r\n", "400", CLOSE, ""},
    {"space before the colon", "GET /echo HTTP/1.1\r\nHost : a\r\n\r\n", "400", CLOSE, ""},
    {"a header without a name", "GET /echo HTTP/1.1\r\n" HOST ": x\r\n\r\n", "400", CLOSE, ""},
    {"a header without a colon", "GET /echo HTTP/1.1\r\n" HOST "nonsense\r\n\r\n", "400", CLOSE,
     ""},
    {"length and chunks",
     "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
     "400", CLOSE, ""},
    {"chunks and length",
     "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
     "400", CLOSE, ""},
    {"two lengths", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n",
     "400", CLOSE, ""},
    {"a list of lengths", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\n", "400",
     CLOSE, ""},
    {"a signed length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\n", "400", CLOSE,
     ""},
    {"a negative length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\n", "400", CLOSE,
     ""},
    {"a length beyond 64 bits",
     "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551616\r\n\r\n", "400", CLOSE,
     ""},
    {"an empty length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", "400", CLOSE,
     ""},
    {"another coding", "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
     "501", CLOSE, ""},
    {"a coding that isn't chunked",
     "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", "501", CLOSE, ""},
    {"chunked in two headers",
     "POST /echo HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     "400", CLOSE, ""},
    {"chunks in HTTP/1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400",
     CLOSE, ""},
    {"a chunk size that isn't one",
     "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400", CLOSE, ""},
    {"a chunk size beyond 64 bits",
     "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
     "400", CLOSE, ""},
    {"junk behind a chunk",
     "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcZZ", "400", CLOSE,
     ""},
    {"a chunk beyond the limit",
     "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffff\r\n"
     "0123456789012345678901234567890123456789012345678901234567890123456789",
     "413", CLOSE, ""},
    {"HTTP/0.9", "GET /echo\r\n", "505", CLOSE, ""},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", CLOSE, ""},
    {"HTTP/1.2", "GET /echo HTTP/1.2\r\n" HOST "\r\n", "505", CLOSE, ""},
    {"another protocol", "GET /echo FTTP/1.1\r\n" HOST "\r\n", "400", CLOSE, ""},
    {"three spaces", "GET  /echo  HTTP/1.1\r\n" HOST "\r\n", "400", CLOSE, ""},
    {"TLS at a plain port", "\x16\x03\x01\x02", "400", CLOSE, ""},
    {"an unknown method", "BREW /echo HTTP/1.1\r\n" HOST "\r\n", "501", CLOSE, ""},
    {"CONNECT", "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", "501", CLOSE, ""},
    {"TRACE", "TRACE / HTTP/1.1\r\n" HOST "\r\n", "501", CLOSE, ""},
    {"a bad escape", "GET /echo%zz HTTP/1.1\r\n" HOST "\r\n", "400", CLOSE, "target"},
    {"a NUL in the path", "GET /echo%00 HTTP/1.1\r\n" HOST "\r\n", "400", CLOSE, "target"},
    {"bad UTF-8 in the path", "GET /echo%ff HTTP/1.1\r\n" HOST "\r\n", "400", CLOSE, "target"},
    {"raw high bytes in the target", "GET /echo\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", "400", CLOSE,
     ""},
    {"a path without a slash", "GET echo HTTP/1.1\r\n" HOST "\r\n", "400", CLOSE, ""},
    {"an asterisk without OPTIONS", "GET * HTTP/1.1\r\n" HOST "\r\n", "400", CLOSE, ""},
    {"a compressed body",
     "POST /echo HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", "415",
     CLOSE, "Accept-Encoding: identity\r\n"},
    {"one encoding upon another, in two headers",
     "POST /echo HTTP/1.1\r\n" HOST
     "Content-Encoding: gzip\r\nContent-Encoding: identity\r\nContent-Length: 3\r\n\r\n",
     "415", CLOSE, "Content-Encoding"},
    {"a body that says that it is as it is",
     "POST /echo HTTP/1.1\r\n" HOST "Content-Encoding: Identity\r\nContent-Length: 3\r\n\r\nabc",
     "200", KEEP, "[abc]"},
    {"another expectation",
     "POST /echo HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 3\r\n\r\n", "417", CLOSE, ""},
    {"a length beyond the limit, before any body",
     "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 65\r\n\r\n", "413", CLOSE, ""},
    {"a route's own limit", "POST /small HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n", "413",
     CLOSE, ""},
    {"up to which all is well", "POST /small HTTP/1.1\r\n" HOST "Content-Length: 8\r\n\r\n12345678",
     "200", KEEP, "[12345678]"},
    {"a target beyond the limit",
     "GET /echo?0123456789012345678901234567890123456789012345678901234567890 HTTP/1.1\r\n" HOST
     "\r\n",
     "414", CLOSE, ""},
    {"a target without end",
     "GET /echo?0123456789012345678901234567890123456789012345678901234567890"
     "0123456789012345678901234567890123456789",
     "414", CLOSE, ""},
    {"too many headers",
     "GET /echo HTTP/1.1\r\n" HOST "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n", "431", CLOSE,
     ""},
    {"a header that is too long",
     "GET /echo HTTP/1.1\r\n" HOST
     "A: 0123456789012345678901234567890123456789012345678901234567890"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "34567890123456789\r\n\r\n",
     "431", CLOSE, ""},
    {"the answers before an error still come",
     "GET /echo HTTP/1.1\r\n" HOST "\r\nGET /echo HTTP/1.1\r\n\r\n", "200 400", CLOSE, ""},
};

static const struct http_limits small_limits = {
    .target_bytes = 64, .header_bytes = 200, .header_count = 5, .body_bytes = 64};

/* Appends every status of an answer in `got`, separated by spaces. */
static void list_statuses(const struct client *client, char *out, size_t size)
{
    struct str rest = buffer_str(&client->got), mark = STR("HTTP/1.1 ");
    size_t used = 0, at;
    out[0] = '\0';
    while ((at = str_find(rest, mark)) < rest.size && used + 5 < size) {
        rest = str_slice(rest, at + mark.size, rest.size);
        if (str_starts(rest, STR("100")) || rest.size < 3 || rest.data[0] < '0' ||
            rest.data[0] > '9')
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%.3s", used ? " " : "", rest.data);
    }
}

static size_t count_words(const char *text)
{
    size_t count = 1;
    for (; *text; text++) count += *text == ' ';
    return count;
}

/* After what was expected: a connection that was to be kept answers again, another one closes. */
static void judge(struct rig *rig, struct client *client, size_t i)
{
    char statuses[64];
    size_t expected = count_words(cases[i].statuses);
    if (cases[i].keeps) {
        client_send_text(rig, client, "GET /echo?again HTTP/1.1\r\n" HOST "\r\n");
        client_until_text(rig, client, "/echo?again");
    } else {
        if (expected > 0) client_until_closed(rig, client);
    }
    list_statuses(client, statuses, sizeof statuses);
    size_t length = strlen(cases[i].statuses);
    if (cases[i].keeps) assert_string_equal(statuses + length, " 200");
    else assert_int_equal(strlen(statuses), length);
    if (strncmp(statuses, cases[i].statuses, length) != 0)
        fail_msg("%s: got %s", cases[i].why, statuses);
    if (!client_has(client, cases[i].contains))
        fail_msg("%s: got %s", cases[i].why, buffer_cstr(&client->got));
}

/* Sends a case's request in pieces, one of `first` bytes, then of `others`. */
static void play(struct rig *rig, size_t i, size_t first, size_t others)
{
    struct client client = client_connect(rig);
    struct str request = str_of(cases[i].request);
    for (size_t at = 0, size = first; at < request.size; at += size, size = others)
        client_send(rig, &client, str_slice(request, at, at + size));
    if (!cases[i].keeps) shutdown(client.fd, SHUT_WR);
    judge(rig, &client, i);
    client_close(&client);
}

static void test_table(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, small_limits);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        play(&rig, i, strlen(cases[i].request), 1);
    }
    rig_finish(&rig);
}

/* Where the network cuts a request must not matter: two pieces, cut at every byte. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, small_limits);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        size_t size = strlen(cases[i].request);
        for (size_t cut = 1; cut < size; cut++) play(&rig, i, cut, size);
    }
    rig_finish(&rig);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, small_limits);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        play(&rig, i, 1, 1);
    }
    rig_finish(&rig);
}

static void test_answer_head(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, (struct http_limits){0});
    struct client client = client_connect(&rig);
    client_send_text(&rig, &client, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    client_until_text(&rig, &client, "[]");
    assert_string_equal(buffer_cstr(&client.got),
                        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                        "Content-Type: text/plain\r\n"
                        "Content-Length: 13\r\nCache-Control: no-store\r\n"
                        "X-Content-Type-Options: nosniff\r\n\r\n"
                        "GET /echo? []");
    client_close(&client);
    rig_finish(&rig);
}

static void test_continue(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, small_limits);
    struct client client = client_connect(&rig);
    client_send_text(&rig, &client,
                     "POST /echo HTTP/1.1\r\n" HOST
                     "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    client_until_text(&rig, &client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send_text(&rig, &client, "abc");
    client_until_text(&rig, &client, "[abc]");
    CASE("a body that is refused is never asked for");
    client_send_text(&rig, &client,
                     "POST /denied HTTP/1.1\r\n" HOST
                     "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    client_until_text(&rig, &client, "HTTP/1.1 401");
    assert_int_equal(count_text(&client, "100 Continue"), 1);
    client_close(&client);
    rig_finish(&rig);
}

/* What handlers can say about an answer, and what they can't make us say. */
static void on_header_request(struct http_request *request, void *user)
{
    (void)user;
    assert_true(str_equal(http_media_type(request), STR("Application/JSON")));
    assert_true(str_equal(http_header(request, STR("x-thing")), STR("a, b")));
    assert_null(http_header(request, STR("x-none")).data);
    assert_true(str_equal(http_header_nth(request, STR("x-THING"), 1), STR("c")));
    assert_null(http_header_nth(request, STR("x-thing"), 2).data);
    assert_true(request->peer_is_loopback);
    assert_string_equal(request->peer, "127.0.0.1");
    http_add_header(request, STR("X-Back"), STR("split\r\nSet-Cookie: x"));
    http_add_header(request, STR("Cache-Control"), STR("max-age=60"));
    http_refuse_busy(request, 429, 7, "Slow down.");
}

static void test_headers(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    rig_start(&rig, (struct http_limits){0});
    struct http_server *rigs = rig.server, *server = NULL;
    struct http_server_config config = {.address = "127.0.0.1", .on_request = on_header_request};
    assert_int_equal(http_server_start(&rig.loop, &config, &server, &err), E_OK);
    rig.server = server;
    struct client client = client_connect(&rig);
    client_send_text(&rig, &client,
                     "POST / HTTP/1.1\r\n" HOST "Content-Type: Application/JSON; charset=utf-8\r\n"
                     "X-Thing:   a, b \t\r\nX-Other: d\r\nx-thing: c\r\n\r\n");
    client_until_text(&rig, &client, "Slow down.");
    assert_true(client_has(&client, "HTTP/1.1 429 Too Many Requests\r\n"));
    assert_true(client_has(&client, "\r\nRetry-After: 7\r\n"));
    assert_true(client_has(&client, "\r\nX-Back: split  Set-Cookie: x\r\n"));
    assert_int_equal(count_text(&client, "Cache-Control"), 1);
    assert_int_equal(rig_counters(&rig)->answers[4], 1);
    client_close(&client);
    http_server_stop(server, 0, rig_on_stopped, &rig);
    RIG_UNTIL(&rig, rig.stopped);
    http_server_destroy(server);
    rig.stopped = false;
    rig.server = rigs;
    rig_finish(&rig);
}

static void test_query(void **state)
{
    (void)state;
    static const struct {
        const char *why, *query, *name;
        enum http_query result;
        const char *value;
    } table[] = {
        {"one of several", "a=1&wait=5s&b=2", "wait", HTTP_QUERY_FOUND, "5s"},
        {"the first one counts", "a=1&a=2", "a", HTTP_QUERY_FOUND, "1"},
        {"escapes and pluses", "q=a%20b+c%2B", "q", HTTP_QUERY_FOUND, "a b c+"},
        {"an empty value", "q=", "q", HTTP_QUERY_FOUND, ""},
        {"a valueless name", "q&r", "q", HTTP_QUERY_FOUND, ""},
        {"a value with an equals sign", "q=a=b", "q", HTTP_QUERY_FOUND, "a=b"},
        {"no such name", "query=1", "q", HTTP_QUERY_ABSENT, ""},
        {"nothing at all", "", "q", HTTP_QUERY_ABSENT, ""},
        {"a bad escape", "q=%4", "q", HTTP_QUERY_BAD, ""},
        {"a NUL", "q=%00", "q", HTTP_QUERY_BAD, ""},
        {"not UTF-8", "q=%ff", "q", HTTP_QUERY_BAD, ""},
        {"too long", "q=0123456789abcdef", "q", HTTP_QUERY_BAD, ""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CASE(table[i].why);
        char out[16];
        struct str value = STR("");
        assert_int_equal(
            http_query_get(str_of(table[i].query), str_of(table[i].name), out, sizeof out, &value),
            table[i].result);
        assert_true(str_equal(value, str_of(table[i].value)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),       cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_answer_head), cmocka_unit_test(test_continue),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
