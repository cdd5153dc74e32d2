/* A key and a certificate of its own in a folder of the test. */
#ifndef VERBATIM_TESTS_HTTP_CERTIFICATE_H
#define VERBATIM_TESTS_HTTP_CERTIFICATE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static char folder[] = "/tmp/verbatim-tls-XXXXXX", certificate_file[64], key_file[64];

/* A fresh key and a certificate of its own for `name`, valid for so many seconds from a minute
 * ago on, into the two files. */
static void write_certificate_for(const char *name, long seconds)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_true(key && certificate);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds - 60);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(certificate_file, "w");
    assert_true(file && PEM_write_X509(file, certificate));
    fclose(file);
    file = fopen(key_file, "w");
    assert_true(file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void write_certificate(const char *name) { write_certificate_for(name, 3600); }

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(certificate_file, sizeof certificate_file, "%s/certificate.pem", folder);
    snprintf(key_file, sizeof key_file, "%s/key.pem", folder);
    write_certificate("first");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(certificate_file);
    unlink(key_file);
    return rmdir(folder);
}

#endif
