/* Links that give something away (a password, a token, a person's page). Other links stay, and
 * numbers inside them are nobody's. */
#include "text/redact/find.h"

enum { URL_BYTES = 2048, SCHEME_BYTES = 12 };

static bool ends_url(char c)
{
    return is_blank(c) || c == '\0' || c == '"' || c == '<' || c == '>' || c == '`' || c == '|';
}

static bool holds_ignoring_case(struct str text, struct str needle)
{
    for (size_t i = 0; i + needle.size <= text.size; i++)
        if ((text.data[i] | 0x20) == (needle.data[0] | 0x20) &&
            str_equal_ignoring_case(str_slice(text, i, i + needle.size), needle))
            return true;
    return false;
}

/* "?key=…&email=…": a parameter by one of these names, with a value. */
static bool has_telling_parameter(struct str url)
{
    static const char *const names[] = {
        "token", "access_token", "auth", "key", "apikey", "api_key", "api-key", "secret",
        "password", "passwd", "pwd", "pass", "session", "sessionid", "session_id", "sid", "sig",
        "signature", "code", "jwt", "email", "mail", "e-mail", "phone", "tel", "user", "username",
        "name", "login", "otp", "pin", "credential", "x-amz-signature", "x-amz-credential",
        "refresh_token", "id_token", "client_secret", "state",
    };
    for (size_t i = 0; i < url.size; i++) {
        if (url.data[i] != '?' && url.data[i] != '&' && url.data[i] != '#' && url.data[i] != ';')
            continue;
        size_t start = i + 1, end = start;
        while (end < url.size && end - start < 24 &&
               (is_ascii_alnum(url.data[end]) || url.data[end] == '_' || url.data[end] == '-'))
            end++;
        if (at(url, end) != '=' || end + 1 >= url.size || url.data[end + 1] == '&') continue;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (str_equal_ignoring_case(str_slice(url, start, end), str_of(names[k]))) return true;
    }
    return false;
}

static bool is_persons_page(struct str url)
{
    static const char *const pages[] = {
        "linkedin.com/in/", "wa.me/", "facebook.com/profile", "/reset/", "t.me/+",
        "api.whatsapp.com/send", "hooks.slack.com/services/"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (holds_ignoring_case(url, str_of(pages[i]))) return true;
    return false;
}

size_t redact_link(struct redact_finder *finder, size_t colon)
{
    struct str text = finder->text;
    size_t start = colon, end = colon + 3, most = end + URL_BYTES;
    while (start > 0 && colon - start < SCHEME_BYTES && is_ascii_alnum(text.data[start - 1]))
        start--;
    if (start == colon) return 0;
    while (end < text.size && end < most && !ends_url(text.data[end])) end++;
    while (end > colon + 3 && strchr(".,;:!?)]}'", text.data[end - 1])) end--;
    struct str url = str_slice(text, start, end);
    if (memchr(url.data, '@', url.size) || has_telling_parameter(url) || is_persons_page(url))
        redact_add(finder, start, end, REDACT_URL);
    /* The host may be an address: "http://192.168.1.20/admin" is looked at like other text. */
    else if (is_digit(at(text, colon + 3))) return colon + 3;
    return end;
}
