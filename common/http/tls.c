/* TLS over memory: OpenSSL never sees the socket, only bytes that the connection moves. */
#include "http/internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

/* Fills err with what OpenSSL says, and empties its queue. */
static int tls_error(struct err *err, const char *what, const char *file)
{
    char reason[256] = "";
    unsigned long code = ERR_peek_last_error();
    if (code) ERR_error_string_n(code, reason, sizeof reason);
    ERR_clear_error();
    return err_set(err, E_BAD_CONFIG, "%s %s: %s", what, file, reason);
}

/* ALPN (RFC 7301): HTTP/1.1 or nothing that we share. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_bytes,
                           const unsigned char *in,
                           unsigned in_bytes, void *unused)
{
    static const unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    (void)ssl, (void)unused;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_bytes, ours, sizeof ours, in,
                              in_bytes) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

int tls_context_create(const char *certificate_file, const char *key_file, SSL_CTX **ret_context,
                       struct err *err)
{
    int rc = E_OK;
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context) return err_set(err, E_NO_MEMORY, "TLS context");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* tickets resume without memory of ours */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1)
        rc = tls_error(err, "certificate", certificate_file);
    else if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1)
        rc = tls_error(err, "private key", key_file);
    else if (SSL_CTX_check_private_key(context) != 1)
        rc = tls_error(err, "private key does not belong to the certificate:", key_file);
    if (rc) SSL_CTX_free(context);
    else *ret_context = context;
    return rc;
}

/* 0 where there is no certificate, or its time makes no sense. */
static int64_t expires(const X509 *certificate)
{
    struct tm at;
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) != 1) return 0;
    return (int64_t)timegm(&at);
}

int64_t tls_context_expires(SSL_CTX *context)
{
    return context ? expires(SSL_CTX_get0_certificate(context)) : 0;
}

bool tls_context_is_current(SSL_CTX *context)
{
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    return certificate && X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

int64_t http_certificate_file_expires(const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    int64_t at = expires(certificate);
    X509_free(certificate);
    if (file) fclose(file);
    ERR_clear_error();
    return at;
}

bool tls_begin(struct connection *connection, SSL_CTX *context)
{
    connection->ssl = SSL_new(context);
    connection->tls_in = BIO_new(BIO_s_mem());
    connection->tls_out = BIO_new(BIO_s_mem());
    if (!connection->ssl || !connection->tls_in || !connection->tls_out) {
        SSL_free(connection->ssl);
        BIO_free(connection->tls_in);
        BIO_free(connection->tls_out);
        connection->ssl = NULL;
        return false;
    }
    BIO_set_mem_eof_return(connection->tls_in, -1); /* empty: wait, not end of file */
    BIO_set_mem_eof_return(connection->tls_out, -1);
    SSL_set_bio(connection->ssl, connection->tls_in, connection->tls_out);
    SSL_set_accept_state(connection->ssl);
    return true;
}

bool tls_feed(struct connection *connection, const char *data, size_t size)
{
    return BIO_write(connection->tls_in, data, (int)size) == (int)size;
}

enum tls_step tls_handshake(struct connection *connection)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(connection->ssl);
    if (rc == 1) return TLS_DONE;
    if (SSL_get_error(connection->ssl, rc) == SSL_ERROR_WANT_READ) return TLS_WAIT;
    ERR_clear_error();
    return TLS_FAILED;
}

size_t tls_read(struct connection *connection, char *out, size_t size)
{
    size_t got = 0;
    if (connection->tls_closed || connection->broken) return 0;
    ERR_clear_error();
    int rc = SSL_read_ex(connection->ssl, out, size, &got);
    if (rc == 1) return got;
    switch (SSL_get_error(connection->ssl, rc)) {
    case SSL_ERROR_WANT_READ: break;
    case SSL_ERROR_ZERO_RETURN: connection->tls_closed = true; break;
    default:
        connection->server->counters.refused[HTTP_REFUSED_TLS]++;
        connection->broken = true;
        ERR_clear_error();
    }
    return 0;
}

bool tls_write(struct connection *connection, const char *data, size_t size)
{
    size_t written = 0;
    ERR_clear_error();
    if (SSL_write_ex(connection->ssl, data, size, &written) == 1 && written == size) return true;
    ERR_clear_error();
    return false;
}

void tls_end(struct connection *connection)
{
    if (!connection->ssl || !SSL_is_init_finished(connection->ssl)) return;
    ERR_clear_error();
    SSL_shutdown(connection->ssl); /* close_notify only; theirs isn't waited for */
    ERR_clear_error();
}
