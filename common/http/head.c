/* What a request's head must be before anybody acts on it: the rules of RFC 9110 and RFC 9112 that
 * llhttp leaves to its user, and those where we are stricter. */
#include "http/parser.h"

#include "base/ascii.h"

static const struct {
    const char *name;
    enum http_method method;
    uint8_t llhttp;
} methods[] = {
    {"GET", HTTP_METHOD_GET, HTTP_GET},       {"HEAD", HTTP_METHOD_HEAD, HTTP_HEAD},
    {"POST", HTTP_METHOD_POST, HTTP_POST},    {"PUT", HTTP_METHOD_PUT, HTTP_PUT},
    {"PATCH", HTTP_METHOD_PATCH, HTTP_PATCH}, {"DELETE", HTTP_METHOD_DELETE, HTTP_DELETE},
    {"OPTIONS", HTTP_METHOD_OPTIONS, HTTP_OPTIONS},
};
enum { METHOD_COUNT = sizeof methods / sizeof methods[0] };

/* token of RFC 9110 section 5.6.2 */
bool head_is_token(struct str s)
{
    static const uint64_t allowed[4] = { /* bit c of the 256: "!#$%&'*+-.^_`|~", digits, letters */
        0x03ff6cfa00000000, 0x57ffffffc7fffffe, 0, 0};
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (!(allowed[c >> 6] >> (c & 63) & 1)) return false;
    }
    return s.size > 0;
}

/* Sorts out, before anything else comes, what isn't HTTP/1: "GET /" alone is HTTP/0.9. */
enum http_refusal head_judge_line(struct str line, size_t target_limit_bytes)
{
    struct str rest = line, method = str_cut(&rest, ' '), target = str_cut(&rest, ' ');
    if (!head_is_token(method) || target.size == 0) return HTTP_REFUSED_MALFORMED;
    bool is_http = rest.size == 8 && str_starts(rest, STR("HTTP/")) &&
                   ascii_is_digit(rest.data[5]) && rest.data[6] == '.' &&
                   ascii_is_digit(rest.data[7]);
    if (!is_http) return rest.size == 0 ? HTTP_REFUSED_VERSION : HTTP_REFUSED_MALFORMED;
    if (rest.data[5] != '1' || rest.data[7] > '1') return HTTP_REFUSED_VERSION;
    if (target.size > target_limit_bytes) return HTTP_REFUSED_TARGET_SIZE;
    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (str_equal(method, str_of(methods[i].name))) return HTTP_REFUSED_NOT;
    return HTTP_REFUSED_METHOD;
}

static struct str field_text(const struct message *message, uint32_t at, uint32_t size)
{
    return (struct str){message->head.data + at, size};
}

static const struct header_field *fields_of(const struct message *message)
{
    return (const struct header_field *)(const void *)message->fields.data;
}

struct str message_header(const struct message *message, struct str name, size_t nth)
{
    const struct header_field *fields = fields_of(message);
    for (size_t i = 0; i < message->field_count; i++) {
        const struct header_field *field = &fields[i];
        if (field->name_bytes != name.size) continue; /* as most: without a call */
        if (str_equal_ignoring_case(field_text(message, field->name, field->name_bytes), name) &&
            nth-- == 0)
            return field_text(message, field->value, field->value_bytes);
    }
    return (struct str){0};
}

/* The headers that decide about framing and validity, found in one pass. */
enum known_name {
    KNOWN_HOST, KNOWN_LENGTH, KNOWN_CODING, KNOWN_ENCODING, KNOWN_EXPECT, KNOWN_COUNT
};
struct known {
    size_t count[KNOWN_COUNT];
    struct str value[KNOWN_COUNT]; /* of the last one */
};

static struct known find_known(const struct message *message)
{
    static const struct str names[KNOWN_COUNT] = {
        {"host", 4}, {"content-length", 14}, {"transfer-encoding", 17}, {"content-encoding", 16},
        {"expect", 6}};
    const struct header_field *fields = fields_of(message);
    struct known known;
    memset(&known, 0, sizeof known);
    for (size_t i = 0; i < message->field_count; i++) {
        struct str name = field_text(message, fields[i].name, fields[i].name_bytes);
        for (size_t k = 0; k < KNOWN_COUNT; k++) {
            if (name.size != names[k].size || !str_equal_ignoring_case(name, names[k])) continue;
            known.count[k]++;
            known.value[k] = field_text(message, fields[i].value, fields[i].value_bytes);
        }
    }
    return known;
}

/* uri-host [":" port], RFC 9110 section 7.2; judged by its characters only. Empty is valid. */
static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.size; i++) {
        unsigned char c = (unsigned char)host.data[i];
        if (c <= ' ' || c >= 0x7f || strchr("/?#@\\\"<>{}|^`,", c)) return false;
    }
    return true;
}

static enum http_refusal judge_framing(const struct message *message, const struct known *known)
{
    size_t codings = known->count[KNOWN_CODING], lengths = known->count[KNOWN_LENGTH];
    if (lengths > 1 || codings > 1 || (codings > 0 && (lengths > 0 || !message->version_1_1)))
        return HTTP_REFUSED_MALFORMED;
    if (codings > 0 && !str_equal_ignoring_case(known->value[KNOWN_CODING], STR("chunked")))
        return HTTP_REFUSED_TRANSFER_CODING;
    return HTTP_REFUSED_NOT;
}

static bool judge_encoding(struct str name, enum http_coding *ret_coding)
{
    static const struct {
        const char *name;
        enum http_coding coding;
    } known[] = {{"", HTTP_CODING_NONE}, {"identity", HTTP_CODING_NONE},
                 {"gzip", HTTP_CODING_GZIP}, {"x-gzip", HTTP_CODING_GZIP}, /* RFC 9110, 8.4.1.3 */
                 {"zstd", HTTP_CODING_ZSTD}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!str_equal_ignoring_case(name, str_of(known[i].name))) continue;
        *ret_coding = known[i].coding;
        return true;
    }
    return false;
}

enum http_refusal head_judge(struct message *message, uint8_t method)
{
    struct known known = find_known(message);
    size_t hosts = known.count[KNOWN_HOST];
    if (hosts > 1 || (hosts == 0 && message->version_1_1)) return HTTP_REFUSED_HOST;
    if (!is_host(known.value[KNOWN_HOST])) return HTTP_REFUSED_HOST;
    enum http_refusal framing = judge_framing(message, &known);
    if (framing) return framing;

    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (methods[i].llhttp == method) message->method = methods[i].method;
    char *target = message->head.data + (message->path.data - message->head.data);
    bool asterisk_allowed = message->method == HTTP_METHOD_OPTIONS;
    if (!target_parse(target, message->path.size, asterisk_allowed, &message->path,
                      &message->query))
        return HTTP_REFUSED_TARGET;

    struct str encoding = known.value[KNOWN_ENCODING], expect = known.value[KNOWN_EXPECT];
    if (known.count[KNOWN_ENCODING] > 1) return HTTP_REFUSED_ENCODING; /* one upon another */
    if (!judge_encoding(encoding, &message->coding)) return HTTP_REFUSED_ENCODING;
    if (expect.size > 0 && message->version_1_1) {
        if (!str_equal_ignoring_case(expect, STR("100-continue"))) return HTTP_REFUSED_EXPECTATION;
        message->expects_continue = message->has_body;
    }
    return HTTP_REFUSED_NOT;
}

enum http_refusal head_judge_coding(const struct message *message)
{
    struct known known = find_known(message);
    enum http_refusal why = judge_framing(message, &known);
    return why ? why : HTTP_REFUSED_MALFORMED;
}
