/* TLS: handshake, versions, ALPN, big bodies both ways, bad bytes, reload of the certificate. */
#include "http_rig.h"

#include "certificate.h"

#include <openssl/ssl.h>

#define HOST "Host: a\r\n"

static void start_tls(struct rig *rig, struct http_limits limits)
{
    struct http_server_config config = {.limits = limits};
    config.tls.certificate_file = certificate_file;
    config.tls.key_file = key_file;
    rig_start_config(rig, config);
}

struct tls_client {
    struct client tcp;
    SSL_CTX *context;
    SSL *ssl;
};

static struct tls_client tls_open(struct rig *rig, int max_version, const char *alpn)
{
    struct tls_client client = {.tcp = client_connect(rig),
                                .context = SSL_CTX_new(TLS_client_method())};
    if (max_version) {
        SSL_CTX_set_max_proto_version(client.context, max_version);
        SSL_CTX_set_min_proto_version(client.context, max_version);
        if (max_version < TLS1_2_VERSION) SSL_CTX_set_security_level(client.context, 0);
    }
    client.ssl = SSL_new(client.context);
    if (alpn) SSL_set_alpn_protos(client.ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    SSL_set_fd(client.ssl, client.tcp.fd);
    SSL_set_connect_state(client.ssl);
    return client;
}

static bool tls_shake(struct rig *rig, struct tls_client *client)
{
    for (time_t give_up_at = rig_give_up_at();;) {
        int rc = SSL_do_handshake(client->ssl);
        if (rc == 1) return true;
        int error = SSL_get_error(client->ssl, rc);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return false;
        rig_turn(rig);
        rig_check_time(give_up_at, "the handshake");
    }
}

static void tls_receive(struct tls_client *client)
{
    size_t got;
    char *room = buffer_reserve(&client->tcp.got, 65536);
    assert_non_null(room);
    if (SSL_read_ex(client->ssl, room, 65536, &got) == 1) {
        client->tcp.got.size += got;
    } else {
        int error = SSL_get_error(client->ssl, 0);
        client->tcp.closed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
    }
}

static void tls_send(struct rig *rig, struct tls_client *client, struct str data)
{
    time_t give_up_at = rig_give_up_at();
    while (data.size > 0 && !client->tcp.closed) {
        size_t sent = 0, piece = data.size < 16384 ? data.size : 16384;
        if (SSL_write_ex(client->ssl, data.data, piece, &sent) == 1)
            data = str_slice(data, sent, data.size);
        rig_turn(rig);
        tls_receive(client);
        rig_check_time(give_up_at, "bytes to be taken");
    }
}

static void tls_until(struct rig *rig, struct tls_client *client, const char *text)
{
    for (time_t give_up_at = rig_give_up_at(); !client_has(&client->tcp, text);) {
        rig_turn(rig);
        tls_receive(client);
        if (client->tcp.closed && !client_has(&client->tcp, text))
            fail_msg("closed before %s", text);
        rig_check_time(give_up_at, text);
    }
}

static void tls_close(struct tls_client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    client_close(&client->tcp);
}

static void test_requests(void **state)
{
    (void)state;
    struct rig rig;
    start_tls(&rig, (struct http_limits){0});
    static const struct {
        const char *why;
        int version;
    } cases[] = {{"TLS 1.2", TLS1_2_VERSION}, {"TLS 1.3", TLS1_3_VERSION}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct tls_client client = tls_open(&rig, cases[i].version, "\x02h2\x08http/1.1");
        assert_true(tls_shake(&rig, &client));
        const unsigned char *chosen;
        unsigned size;
        SSL_get0_alpn_selected(client.ssl, &chosen, &size);
        assert_true(str_equal(str_make(chosen, size), STR("http/1.1")));
        tls_send(&rig, &client,
                 STR("GET /echo?1 HTTP/1.1\r\n" HOST "\r\nGET /echo?2 HTTP/1.1\r\n" HOST "\r\n"));
        tls_until(&rig, &client, "/echo?2 ");
        tls_send(&rig, &client, STR("GET /echo?3 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
        tls_until(&rig, &client, "/echo?3 ");
        for (time_t give_up_at = rig_give_up_at(); !client.tcp.closed;) {
            rig_turn(&rig);
            tls_receive(&client);
            rig_check_time(give_up_at, "close");
        }
        /* close_notify came first */
        assert_true(SSL_get_shutdown(client.ssl) & SSL_RECEIVED_SHUTDOWN);
        tls_close(&client);
    }
    assert_int_equal(rig_counters(&rig)->tls_handshakes, 2);
    rig_finish(&rig);
}

static void test_refused_handshakes(void **state)
{
    (void)state;
    struct rig rig;
    start_tls(&rig, (struct http_limits){0});
    static const struct {
        const char *why;
        int version;
        const char *alpn;
    } cases[] = {{"TLS 1.1 is too old", TLS1_1_VERSION, NULL}, {"HTTP/2 only", 0, "\x02h2"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct tls_client client = tls_open(&rig, cases[i].version, cases[i].alpn);
        assert_false(tls_shake(&rig, &client));
        tls_close(&client);
        RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 0);
        assert_int_equal(rig_counters(&rig)->refused[HTTP_REFUSED_TLS], i + 1);
    }
    CASE("plain HTTP at a TLS port is closed");
    struct client plain = client_connect(&rig);
    client_send_text(&rig, &plain, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    client_until_closed(&rig, &plain);
    client_close(&plain);
    CASE("a handshake that never ends");
    plain = client_connect(&rig);
    client_send_text(&rig, &plain, "\x16\x03\x01");
    RIG_UNTIL(&rig, rig_counters(&rig)->connections_open == 1);
    rig_advance(&rig, 10001);
    client_until_closed(&rig, &plain);
    client_close(&plain);
    rig_finish(&rig);
}

/* Records of TLS cut anywhere; bodies beyond every internal buffer, both ways;
 * more than fits in flight. */
static void test_big_bodies(void **state)
{
    (void)state;
    struct rig rig;
    start_tls(&rig, (struct http_limits){.pipelined_requests = 2});
    struct tls_client client = tls_open(&rig, 0, NULL);
    assert_true(tls_shake(&rig, &client));
    struct buffer request = {0};
    buffer_add(&request, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3145728\r\n\r\n"));
    char *body = buffer_reserve(&request, 3 << 20);
    assert_non_null(body);
    memset(body, 'z', 3 << 20);
    request.size += 3 << 20;
    for (int i = 0; i < 5; i++) buffer_printf(&request, "GET /echo?%d HTTP/1.1\r\n" HOST "\r\n", i);
    buffer_add(&request,
               STR("GET /big HTTP/1.1\r\n" HOST "\r\nGET /echo?last HTTP/1.1\r\n" HOST "\r\n"));
    tls_send(&rig, &client, buffer_str(&request));
    tls_until(&rig, &client, "/echo?last ");
    assert_true(client.tcp.got.size > 7 << 20);
    assert_true(client_has(&client.tcp, "/echo?4 "));
    buffer_deinit(&request);
    tls_close(&client);
    rig_finish(&rig);
}

static void test_stream(void **state)
{
    (void)state;
    struct rig rig;
    start_tls(&rig, (struct http_limits){0});
    struct tls_client client = tls_open(&rig, 0, NULL);
    assert_true(tls_shake(&rig, &client));
    tls_send(&rig, &client, STR("GET /stream HTTP/1.1\r\n" HOST "\r\n"));
    tls_until(&rig, &client, "\r\n\r\n");
    assert_true(http_stream_write(rig.held[0], STR("data: 1\n\n")));
    tls_until(&rig, &client, "data: 1\n\n");
    tls_close(&client);
    RIG_UNTIL(&rig, rig.closed_count == 1);
    rig_finish(&rig);
}

static void get_name(struct tls_client *client, char *out, size_t size)
{
    X509 *certificate = SSL_get1_peer_certificate(client->ssl);
    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, out, (int)size);
    X509_free(certificate);
}

static void test_reload(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    char name[32];
    start_tls(&rig, (struct http_limits){0});
    struct tls_client old = tls_open(&rig, 0, NULL);
    assert_true(tls_shake(&rig, &old));
    get_name(&old, name, sizeof name);
    assert_string_equal(name, "first");

    write_certificate("second");
    assert_int_equal(http_server_reload_tls(rig.server, &err), E_OK);
    CASE("new connections see the new certificate");
    struct tls_client new = tls_open(&rig, 0, NULL);
    assert_true(tls_shake(&rig, &new));
    get_name(&new, name, sizeof name);
    assert_string_equal(name, "second");
    CASE("the old connection goes on");
    tls_send(&rig, &old, STR("GET /echo?old HTTP/1.1\r\n" HOST "\r\n"));
    tls_until(&rig, &old, "/echo?old");
    tls_close(&old);
    tls_close(&new);

    CASE("one that has run out changes nothing");
    write_certificate_for("third", 30);
    assert_int_equal(http_server_check_tls(rig.server, &err), E_BAD_CONFIG);
    assert_int_equal(http_server_reload_tls(rig.server, &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "has expired"));
    new = tls_open(&rig, 0, NULL);
    assert_true(tls_shake(&rig, &new));
    get_name(&new, name, sizeof name);
    assert_string_equal(name, "second");
    tls_close(&new);
    CASE("nor does a broken file");
    FILE *file = fopen(certificate_file, "w");
    assert_non_null(file);
    fputs("nonsense", file);
    fclose(file);
    assert_int_equal(http_server_reload_tls(rig.server, &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, certificate_file));
    new = tls_open(&rig, 0, NULL);
    assert_true(tls_shake(&rig, &new));
    tls_close(&new);
    CASE("nor does a key of another certificate");
    char key_before[64];
    snprintf(key_before, sizeof key_before, "%s", key_file);
    write_certificate("third");
    snprintf(key_file, sizeof key_file, "%s/other.pem", folder);
    write_certificate("fourth"); /* the server's key file still holds the third's key */
    assert_int_equal(http_server_reload_tls(rig.server, &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "mismatch"));
    unlink(key_file);
    snprintf(key_file, sizeof key_file, "%s", key_before);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_refused_handshakes),
        cmocka_unit_test(test_big_bodies),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_reload),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
