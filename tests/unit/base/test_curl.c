/* libcurl's functions as curl.c passes them on: each kind of value arrives. */
#include "base/curl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
    strncat(user, data, one * size);
    return one * size;
}

static void test_values(void **state)
{
    (void)state;
    char path[] = "/tmp/verbatim-curl-XXXXXX", url[64], body[64] = "", *told = NULL;
    struct err err = {0};
    long status = -1;
    curl_off_t bytes = -1;
    int file = mkstemp(path);
    assert_int_equal(write(file, "heron", 5), 5);
    snprintf(url, sizeof url, "file://%s", path);
    assert_int_equal(curl_start(&err), E_OK);
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, path);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)2);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    assert_string_equal(body, "ron");
    curl_easy_getinfo(curl, CURLINFO_PRIVATE, &told);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
    assert_ptr_equal(told, path);
    assert_int_equal(status, 0);
    assert_int_equal(bytes, 3);
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    body[0] = '\0';
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    assert_null(strstr(body, "ron"));
    curl_easy_cleanup(curl);
    close(file), unlink(path);
}

static void test_authorities(void **state) /* known to be of use before anybody is called */
{
    (void)state;
    static const struct {
        const char *why, *text, *said;
    } cases[] = {
        {"a certificate", "# ours\n-----BEGIN CERTIFICATE-----\n", ""},
        {"one with its uses", "-----BEGIN TRUSTED CERTIFICATE-----\n", ""},
        {"a key", "-----BEGIN PRIVATE KEY-----\n", " holds no certificate in PEM"},
        {"nothing", "", " holds no certificate in PEM"},
    };
    struct err err = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[] = "/tmp/verbatim-curl-XXXXXX", wanted[128] = "";
        int file = mkstemp(path), rc;
        assert_int_equal(write(file, cases[i].text, strlen(cases[i].text)), strlen(cases[i].text));
        err = (struct err){0};
        rc = curl_check_ca_file("x.ca_file", path, &err);
        if (cases[i].said[0]) snprintf(wanted, sizeof wanted, "x.ca_file: %s%s", path, cases[i].said);
        if (strcmp(err.text, wanted)) print_error("%s\n", cases[i].why);
        assert_string_equal(err.text, wanted);
        assert_int_equal(rc, wanted[0] ? E_BAD_CONFIG : E_OK);
        close(file), unlink(path);
    }
    assert_int_equal(curl_check_ca_file("x.ca_file", "/nonexistent", &err), E_BAD_CONFIG);
    assert_string_equal(err.text, "x.ca_file: /nonexistent: No such file or directory");
    assert_int_equal(curl_check_ca_file("x.ca_file", "", &err), E_OK);
    assert_int_equal(curl_check_ca_file("x.ca_file", NULL, &err), E_OK);
}

static void test_none(void **state) /* as it may be of a zeroed struct */
{
    (void)state;
    curl_slist_free_all(NULL);
    curl_easy_cleanup(NULL);
}

void *(*curl_user_calls(void))(void); /* curl_user.c */

static void test_others_keep_theirs(void **state) /* else curl.c's would take their place */
{
    (void)state;
    assert_true(curl_user_calls() != curl_easy_init);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_none), cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_authorities),
                                       cmocka_unit_test(test_others_keep_theirs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
