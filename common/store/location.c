/* Takes store URLs and S3 endpoints apart. */
#include "store/location.h"

#include <stdio.h>

#include "aws/region.h"
#include "base/ascii.h"

static void copy(char *out, struct str s)
{
    if (s.size) memcpy(out, s.data, s.size);
    out[s.size] = '\0';
}

static int parse_s3(struct str rest, struct location *location, struct err *err)
{
    struct str bucket = str_cut(&rest, '/');
    if (bucket.size < 3 || bucket.size > 63 || !ascii_is_letter_or_digit(bucket.data[0]) ||
        !ascii_consists_of(bucket, ASCII_LETTERS ASCII_DIGITS "-._"))
        return err_set(err, E_BAD_CONFIG,
                       "bucket \"%.*s\": 3 to 63 letters, digits, '-', '.' or '_'",
                       STR_ARGS(bucket));
    while (str_ends(rest, STR("/"))) rest.size--;
    if (rest.size) {
        if (rest.size > sizeof location->prefix - 2)
            return err_set(err, E_BAD_CONFIG, "the URL's prefix is too long");
        struct err why;
        if (store_key_check(rest, &why) != E_OK)
            return err_set(err, E_BAD_CONFIG, "prefix of the URL: %s", why.text);
    }
    copy(location->bucket, bucket);
    copy(location->prefix, rest);
    if (rest.size) memcpy(location->prefix + rest.size, "/", 2);
    location->s3 = true;
    return E_OK;
}

int location_parse(const char *url, struct location *ret_location, struct err *err)
{
    struct location location = {0};
    struct str rest = str_of(url);
    if (rest.size == 0) return err_set(err, E_BAD_CONFIG, "the store's URL is empty");
    if (str_starts(rest, STR("s3://"))) {
        int rc = parse_s3(str_slice(rest, 5, rest.size), &location, err);
        if (rc == E_OK) *ret_location = location;
        return rc;
    }
    if (str_starts(rest, STR("file://"))) {
        rest = str_slice(rest, 7, rest.size);
        if (str_starts(rest, STR("localhost/"))) rest = str_slice(rest, 9, rest.size);
        if (!str_starts(rest, STR("/")))
            return err_set(err, E_BAD_CONFIG, "file URL \"%s\" needs an absolute path", url);
    } else if (str_find(rest, STR("://")) < rest.size) {
        return err_set(err, E_BAD_CONFIG,
                       "store URL \"%s\": s3://bucket/prefix, file:///path, or a path", url);
    }
    if (rest.size >= sizeof location.path)
        return err_set(err, E_BAD_CONFIG, "the store's path is too long");
    copy(location.path, rest);
    *ret_location = location;
    return E_OK;
}

static bool is_ip_address(struct str host)
{
    return str_starts(host, STR("[")) || ascii_consists_of(host, ASCII_DIGITS ".");
}

/* "host", "host:port", "[::1]:port". */
static bool split_authority(struct str authority, struct str *ret_host, struct str *ret_port)
{
    size_t end = str_starts(authority, STR("[")) ? str_find(authority, STR("]")) : 0;
    if (end == authority.size && end) return false;
    struct str tail = str_slice(authority, end, authority.size);
    size_t colon = end + str_find(tail, STR(":"));
    uint64_t port = 1;
    *ret_host = str_slice(authority, 0, colon);
    *ret_port = str_slice(authority, colon + 1, authority.size);
    if (ret_port->size && (!str_to_u64(*ret_port, &port) || port == 0 || port > 65535))
        return false;
    if (ret_port->size == 0 && colon < authority.size) return false;
    if (end)
        return ret_host->size == end + 1 &&
               ascii_consists_of(*ret_host, ASCII_LETTERS ASCII_DIGITS "[]:.");
    return ret_host->size && ascii_consists_of(*ret_host, ASCII_LETTERS ASCII_DIGITS "-._");
}

int endpoint_make(const char *endpoint, const char *region, const char *bucket,
                  enum store_addressing addressing, struct endpoint *ret_endpoint, struct err *err)
{
    char amazon[REGION_ENDPOINT_BYTES];
    struct endpoint result = {0};
    bool given = endpoint && *endpoint;
    if (!given) {
        int rc = region_endpoint("s3", region, amazon, err);
        if (rc) return rc;
        endpoint = amazon;
    }
    struct str rest = str_of(endpoint), host, port;
    struct str scheme = str_starts(rest, STR("http://")) ? STR("http") : STR("https");
    if (!str_starts(rest, STR("http://")) && !str_starts(rest, STR("https://")))
        return err_set(err, E_BAD_CONFIG, "endpoint \"%s\" must start with http:// or https://",
                       endpoint);
    rest = str_slice(rest, scheme.size + 3, rest.size);
    if (str_ends(rest, STR("/"))) rest.size--;
    if (rest.size > 255 || !split_authority(rest, &host, &port))
        return err_set(err, E_BAD_CONFIG, "endpoint \"%s\": a host and a port, nothing else",
                       endpoint);

    struct str default_port = scheme.size == 4 ? STR("80") : STR("443");
    bool dotted =
        strchr(bucket, '.') || strchr(bucket, '_'); /* no certificate covers those as host */
    result.bucket_in_path = addressing == STORE_ADDRESSING_PATH ||
                            (addressing == STORE_ADDRESSING_AUTO && (given || dotted)) ||
                            is_ip_address(host);
    bool show_port = port.size && !str_equal(port, default_port);
    snprintf(result.host, sizeof result.host, "%s%s%.*s%s%.*s", result.bucket_in_path ? "" : bucket,
             result.bucket_in_path ? "" : ".", STR_ARGS(host), show_port ? ":" : "",
             show_port ? (int)port.size : 0, port.data ? port.data : "");
    snprintf(result.base, sizeof result.base, "%.*s://%s", STR_ARGS(scheme), result.host);
    *ret_endpoint = result;
    return E_OK;
}
