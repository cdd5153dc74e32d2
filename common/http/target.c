/* The request target: path, query, percent-decoding. Source: RFC 9112 section 3.2, RFC 3986. */
#include "base/ascii.h"
#include "http/parser.h"

static bool is_clean_text(struct str s)
{
    for (size_t i = 0; i < s.size; i++)
        if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f) return false;
    return str_is_utf8(s);
}

/* "http://host/path" becomes "/path": RFC 9112 wants it accepted from anyone. */
static struct str without_authority(struct str target)
{
    struct str scheme = str_slice(target, 0, str_find(target, STR("://")));
    if (!str_equal_ignoring_case(scheme, STR("http")) &&
        !str_equal_ignoring_case(scheme, STR("https")))
        return target;
    struct str rest = str_slice(target, scheme.size + 3, target.size);
    size_t slash = 0;
    while (slash < rest.size && rest.data[slash] != '/' && rest.data[slash] != '?') slash++;
    return str_slice(rest, slash, rest.size);
}

bool target_parse(char *target, size_t size, bool asterisk_allowed, struct str *ret_path,
                  struct str *ret_query)
{
    struct str whole = {target, size};
    if (str_equal(whole, STR("*"))) {
        *ret_path = whole;
        *ret_query = (struct str){0};
        return asterisk_allowed;
    }
    if (size > 0 && target[0] != '/') whole = without_authority(whole);
    whole = str_slice(whole, 0, str_find(whole, STR("#")));
    size_t path_bytes = str_find(whole, STR("?"));
    struct str path = str_slice(whole, 0, path_bytes),
        query = str_slice(whole, path_bytes + 1, whole.size);
    if (path.size == 0 && whole.data != target) path = STR("/"); /* "http://host?x" */
    if (path.size == 0 || path.data[0] != '/') return false;
    char *place = path.data >= target && path.data < target + size
        ? target + (path.data - target) : NULL;
    if (place && !ascii_percent_decode(path, false, place, path.size, &path)) return false;
    if (!is_clean_text(path)) return false;
    *ret_path = path;
    *ret_query = query;
    return true;
}

enum http_query http_query_get(struct str query, struct str name, char *out, size_t out_bytes,
                               struct str *ret_value)
{
    while (query.size > 0) {
        struct str value = str_cut(&query, '&'), key = str_cut(&value, '=');
        if (!str_equal(key, name)) continue;
        if (value.size >= out_bytes ||
            !ascii_percent_decode(value, true, out, out_bytes - 1, &value) || !str_is_utf8(value) ||
            memchr(out, '\0', value.size))
            return HTTP_QUERY_BAD;
        out[value.size] = '\0';
        *ret_value = value;
        return HTTP_QUERY_FOUND;
    }
    return HTTP_QUERY_ABSENT;
}
