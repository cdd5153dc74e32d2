/* AWS Signature Version 4: canonical request → string to sign → signature. */
#include "aws/sigv4.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/ascii.h"

void sigv4_signer_deinit(struct sigv4_signer *signer)
{
    if (signer) explicit_bzero(signer, sizeof *signer);
}

void sigv4_signed_deinit(struct sigv4_signed *sign)
{
    if (sign) buffer_deinit(&sign->authorization);
}

void sigv4_payload_hash(struct str payload, char out[static SHA256_TEXT_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    hash_sha256(payload, hash);
    hash_hex(hash, sizeof hash, out);
}

/* --- encoding -------------------------------------------------------------------------------- */

static bool is_unreserved(char c)
{
    return ascii_is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

void sigv4_encode(struct str text, bool keep_slash, struct buffer *out)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (is_unreserved(c) || (keep_slash && c == '/')) {
            buffer_add_char(out, c);
        } else {
            char encoded[3] = {'%', hex[(uint8_t)c >> 4], hex[(uint8_t)c & 15]};
            buffer_append(out, encoded, sizeof encoded);
        }
    }
}

/* The next byte of a's encoded form; the order that AWS wants is that of the encoded bytes. */
static int encoded_compare(struct str a, struct str b)
{
    size_t i = 0;
    while (i < a.size && i < b.size && a.data[i] == b.data[i]) i++;
    if (i == a.size || i == b.size) return (a.size > i) - (b.size > i);
    bool plain_a = is_unreserved(a.data[i]), plain_b = is_unreserved(b.data[i]);
    uint8_t x = plain_a ? (uint8_t)a.data[i] : '%', y = plain_b ? (uint8_t)b.data[i] : '%';
    if (!plain_a && !plain_b)
        x = (uint8_t)a.data[i], y = (uint8_t)b.data[i]; /* hex keeps the order */
    return (x > y) - (x < y);
}

static int pair_compare(const void *left, const void *right)
{
    const struct sigv4_pair *a = left, *b = right;
    int order = encoded_compare(a->name, b->name);
    return order ? order : encoded_compare(a->value, b->value);
}

void sigv4_encode_query(struct sigv4_pair *pairs, size_t count, struct buffer *out)
{
    if (count) qsort(pairs, count, sizeof *pairs, pair_compare);
    for (size_t i = 0; i < count; i++) {
        if (i) buffer_add_char(out, '&');
        sigv4_encode(pairs[i].name, false, out);
        buffer_add_char(out, '=');
        sigv4_encode(pairs[i].value, false, out);
    }
}

/* --- canonical request ----------------------------------------------------------------------- */

/* Dot segments and empty ones go; a slash at the end stays; each segment is encoded once more. */
static void add_normal_path(struct str path, struct buffer *out)
{
    size_t start = out->size;
    bool ends_in_slash = str_ends(path, STR("/"));
    while (path.size) {
        struct str segment = str_cut(&path, '/');
        if (segment.size == 0 || str_equal(segment, STR("."))) continue;
        if (str_equal(segment, STR(".."))) {
            while (out->size > start && out->data[--out->size] != '/') continue;
            continue;
        }
        buffer_add_char(out, '/');
        sigv4_encode(segment, false, out);
    }
    if (out->size == start || ends_in_slash) buffer_add_char(out, '/');
}

static void add_path(const struct sigv4_request *request, struct buffer *out)
{
    if (request->path_rule == SIGV4_PATH_ENCODE_AGAIN)
        add_normal_path(request->path, out);
    else if (request->path.size)
        buffer_add(out, request->path);
    else
        buffer_add_char(out, '/');
}

static int header_compare(const void *left, const void *right)
{
    const struct sigv4_pair *a = left, *b = right;
    size_t shorter = a->name.size < b->name.size ? a->name.size : b->name.size;
    for (size_t i = 0; i < shorter; i++) {
        char x = ascii_lower(a->name.data[i]), y = ascii_lower(b->name.data[i]);
        if (x != y) return (uint8_t)x < (uint8_t)y ? -1 : 1;
    }
    if (a->name.size != b->name.size) return a->name.size < b->name.size ? -1 : 1;
    return (a > b) - (a < b); /* equal names keep their order: qsort may not */
}

static void add_lower(struct buffer *out, struct str name)
{
    for (size_t i = 0; i < name.size; i++) buffer_add_char(out, ascii_lower(name.data[i]));
}

/* Without white space at the ends, and with each run of it inside as one space. */
static void add_header_value(struct buffer *out, struct str value)
{
    value = str_trim(value);
    for (size_t i = 0; i < value.size; i++) {
        bool space = value.data[i] == ' ' || (value.data[i] >= '\t' && value.data[i] <= '\r');
        if (!space)
            buffer_add_char(out, value.data[i]);
        else if (value.data[i - 1] != ' ' &&
                 !(value.data[i - 1] >= '\t' && value.data[i - 1] <= '\r'))
            buffer_add_char(out, ' ');
    }
}

static size_t collect_headers(const struct sigv4_credentials *credentials,
                              const struct sigv4_request *request, const char *date,
                              struct sigv4_pair all[static SIGV4_HEADERS_MAX])
{
    size_t count = 0;
    for (; count < request->header_count; count++) all[count] = request->headers[count];
    all[count++] = (struct sigv4_pair){STR("x-amz-date"), str_of(date)};
    if (credentials->session_token.size)
        all[count++] = (struct sigv4_pair){STR("x-amz-security-token"), credentials->session_token};
    if (request->sign_payload_header)
        all[count++] = (struct sigv4_pair){STR("x-amz-content-sha256"), request->payload_hash};
    return count;
}

static bool same_name(const struct sigv4_pair *a, const struct sigv4_pair *b)
{
    return str_equal_ignoring_case(a->name, b->name);
}

void sigv4_canonical_request(const struct sigv4_credentials *credentials,
                             const struct sigv4_request *request, const char *date,
                             struct buffer *out, struct str *ret_signed_headers)
{
    struct sigv4_pair all[SIGV4_HEADERS_MAX];
    assert(request->header_count <= SIGV4_HEADERS_MAX - 3);
    size_t count = collect_headers(credentials, request, date, all);
    qsort(all, count, sizeof *all, header_compare);

    buffer_add(out, request->method);
    buffer_add_char(out, '\n');
    add_path(request, out);
    buffer_add_char(out, '\n');
    buffer_add(out, request->query);
    buffer_add_char(out, '\n');
    for (size_t i = 0; i < count; i++) {
        if (i && same_name(&all[i], &all[i - 1])) {
            out->size -= out->size > 0; /* the newline: one line a name */
            buffer_add_char(out, ',');
        } else {
            add_lower(out, all[i].name);
            buffer_add_char(out, ':');
        }
        add_header_value(out, all[i].value);
        buffer_add_char(out, '\n');
    }
    buffer_add_char(out, '\n');
    size_t names = out->size;
    for (size_t i = 0; i < count; i++) {
        if (i && same_name(&all[i], &all[i - 1])) continue;
        if (i) buffer_add_char(out, ';');
        add_lower(out, all[i].name);
    }
    size_t names_size = out->size - names;
    buffer_add_char(out, '\n');
    buffer_add(out, request->payload_hash);
    *ret_signed_headers = out->failed ? STR("") : str_make(out->data + names, names_size);
}

/* --- signature ------------------------------------------------------------------------------- */

static struct str bytes_of(const uint8_t hash[static SHA256_BYTES])
{
    return str_make(hash, SHA256_BYTES);
}

/* key = HMAC(HMAC(HMAC(HMAC("AWS4" secret, day), region), service), "aws4_request") */
static void derive_key(struct str secret, struct str day, struct str region, struct str service,
                       struct buffer *scratch, uint8_t key[static SHA256_BYTES])
{
    uint8_t step[SHA256_BYTES];
    buffer_clear(scratch);
    buffer_add(scratch, STR("AWS4"));
    buffer_add(scratch, secret);
    hash_hmac_sha256(buffer_str(scratch), day, step);
    if (scratch->data) explicit_bzero(scratch->data, scratch->size);
    hash_hmac_sha256(bytes_of(step), region, key);
    hash_hmac_sha256(bytes_of(key), service, step);
    hash_hmac_sha256(bytes_of(step), STR("aws4_request"), key);
    explicit_bzero(step, sizeof step);
}

static void signing_key(struct sigv4_signer *signer, struct str secret, struct str day,
                        const struct sigv4_request *request, struct buffer *scratch)
{
    uint8_t scope[SHA256_BYTES];
    if (!buffer_reserve(scratch, 1024)) return; /* so that growing leaves no copy of the secret */
    buffer_clear(scratch);
    buffer_add(scratch, secret);
    buffer_add_char(scratch, '\n');
    buffer_add(scratch, day);
    buffer_add_char(scratch, '\n');
    buffer_add(scratch, request->region);
    buffer_add_char(scratch, '\n');
    buffer_add(scratch, request->service);
    hash_sha256(buffer_str(scratch), scope);
    if (scratch->data) explicit_bzero(scratch->data, scratch->size);
    if (signer->ready && memcmp(scope, signer->scope, sizeof scope) == 0) return;
    derive_key(secret, day, request->region, request->service, scratch, signer->key);
    memcpy(signer->scope, scope, sizeof scope);
    signer->ready = !scratch->failed;
}

static bool format_date(int64_t wall_ms, char out[static SIGV4_DATE_BYTES])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    if (wall_ms < 0 || !gmtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900) return false;
    return strftime(out, SIGV4_DATE_BYTES, "%Y%m%dT%H%M%SZ", &tm) == SIGV4_DATE_BYTES - 1;
}

/* Writes "DAY/REGION/SERVICE/aws4_request". */
static void add_scope(struct buffer *out, struct str day, const struct sigv4_request *request)
{
    buffer_printf(out, "%.*s/%.*s/%.*s/aws4_request", STR_ARGS(day), STR_ARGS(request->region),
                  STR_ARGS(request->service));
}

int sigv4_sign(struct sigv4_signer *signer, const struct sigv4_credentials *credentials,
               const struct sigv4_request *request, int64_t wall_ms,
               struct sigv4_signed *ret_signed, struct err *err)
{
    struct buffer canonical = {0}, text = {0};
    struct sigv4_signer once = {0};
    char date[SIGV4_DATE_BYTES], hash_text[SHA256_TEXT_BYTES];
    uint8_t signature[SHA256_BYTES];
    int rc = E_OK;

    if (request->header_count > SIGV4_HEADERS_MAX - 3)
        return err_set(err, E_USAGE, "too many headers to sign");
    if (!format_date(wall_ms, date))
        return err_set(err, E_USAGE, "the clock's time can't be signed");
    struct str day = str_make(date, 8), signed_headers;
    if (!signer) signer = &once;

    signing_key(signer, credentials->secret_access_key, day, request, &text);
    sigv4_canonical_request(credentials, request, date, &canonical, &signed_headers);
    sigv4_payload_hash(buffer_str(&canonical), hash_text);
    size_t start = text.size;
    buffer_printf(&text, "AWS4-HMAC-SHA256\n%s\n", date);
    add_scope(&text, day, request);
    buffer_printf(&text, "\n%s", hash_text);
    if (canonical.failed || text.failed) {
        rc = err_set(err, E_NO_MEMORY, "signing a request");
        goto out;
    }
    hash_hmac_sha256(bytes_of(signer->key), str_slice(buffer_str(&text), start, text.size),
                     signature);
    hash_hex(signature, sizeof signature, hash_text);

    struct buffer *authorization = &ret_signed->authorization;
    buffer_clear(authorization);
    buffer_printf(authorization, "AWS4-HMAC-SHA256 Credential=%.*s/",
                  STR_ARGS(credentials->access_key_id));
    add_scope(authorization, day, request);
    buffer_printf(authorization, ", SignedHeaders=%.*s, Signature=%s", STR_ARGS(signed_headers),
                  hash_text);
    if (authorization->failed)
        rc = err_set(err, E_NO_MEMORY, "signing a request");
    else
        memcpy(ret_signed->date, date, sizeof date);
out:
    buffer_deinit(&canonical);
    buffer_deinit(&text);
    sigv4_signer_deinit(signer == &once ? signer : NULL);
    return rc;
}
