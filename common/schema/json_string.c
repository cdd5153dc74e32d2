/* A string of JSON: its end is found sixteen bytes at a time, then its escapes are replaced. */
#include "schema/json_string.h"

#include "base/ascii.h"

const char json_no_memory[] = "out of memory";

static bool hex4(struct json_reader *reader, uint32_t *ret_code)
{
    uint32_t code = 0;
    if (reader->end - reader->at < 4) return json_refuse(reader, "cut-off \\u escape");
    for (int i = 0; i < 4; i++) {
        int digit = ascii_hex(*reader->at++);
        if (digit < 0) return json_refuse(reader, "malformed \\u escape");
        code = code << 4 | (uint32_t)digit;
    }
    *ret_code = code;
    return true;
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

static bool unicode_escape(struct json_reader *reader, char **out)
{
    uint32_t code, low;
    if (!hex4(reader, &code)) return false;
    if (code >= 0xDC00 && code <= 0xDFFF) return json_refuse(reader, "lone surrogate");
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u')
            return json_refuse(reader, "lone surrogate");
        reader->at += 2;
        if (!hex4(reader, &low)) return false;
        if (low < 0xDC00 || low > 0xDFFF) return json_refuse(reader, "lone surrogate");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    *out = put_utf8(*out, code);
    return true;
}

/* What one letter behind a backslash stands for; 0: something else, or nothing. */
static const char escape_values[256] = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
                                        ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

/* Bytes that need no change, sixteen at a time where there are so many: out has room for them. */
static bool copy_plain(const char **at, const char *close, char **out)
{
#ifdef __SSE2__
    while (close - *at >= 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)*at);
        unsigned bits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
        unsigned plain = bits ? (unsigned)__builtin_ctz(bits) : 16;
        _mm_storeu_si128((__m128i *)(void *)*out, x);
        *at += plain, *out += plain;
        if (bits) return true;
    }
#endif
    while (*at < close && **at != '\\') *(*out)++ = *(*at)++;
    return *at < close;
}

/* There is a byte behind the backslash at *at. */
static bool escape_at(struct json_reader *reader, const char **at, const char *close, char **out)
{
    char letter = (*at)[1], value = escape_values[(unsigned char)letter];
    *at += 2;
    if (value) return *(*out)++ = value, true;
    const char *end = reader->end;
    reader->at = *at;
    reader->end = close;
    bool ok = letter == 'u' ? unicode_escape(reader, out) : json_refuse(reader, "unknown escape");
    reader->end = end;
    *at = reader->at;
    return ok;
}

static bool check_escapes(struct json_reader *reader, const char *at, const char *close)
{
    while ((at = memchr(at, '\\', (size_t)(close - at)))) {
        char scratch[8], *out = scratch;
        if (!escape_at(reader, &at, close, &out)) return false;
        if (at == close) break;
    }
    return true;
}

/* An escape is never shorter than what it stands for: the raw size bounds the result. */
static bool unescape(struct json_reader *reader, const char *start, const char *close,
                     struct str *ret_text)
{
    if (!reader->arena) return check_escapes(reader, start, close);
    char *copy = arena_alloc(reader->arena, (size_t)(close - start) + JSON_COPY_MORE), *out = copy;
    if (!copy) return json_refuse(reader, json_no_memory);
    const char *at = start;
    while (copy_plain(&at, close, &out))
        if (!escape_at(reader, &at, close, &out)) return false;
    *ret_text = str_make(copy, (size_t)(out - copy));
    return true;
}

/* A string's bytes up to its closing quote, as far as they were looked through. */
struct span_of_string {
    const char *at;
    bool escaped;
    bool odd;  /* perhaps: it has an escape of more than one letter, or a wrong one */
    bool wide; /* perhaps: it has bytes beyond ASCII */
};

#ifdef __SSE2__
/* Sixteen at a time, up to what ends the string or is wrong in it, or the text's last bytes. */
static void pass_blocks(struct span_of_string *span, const char *end)
{
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
                  control = _mm_set1_epi8(0x1F);
    while (end - span->at > 16) { /* there is a byte behind a backslash too */
        const char *block = span->at;
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)block);
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(_mm_min_epu8(x, control), x));
        unsigned bits = (unsigned)_mm_movemask_epi8(found);
        if (_mm_movemask_epi8(x)) span->wide = true;
        span->at = block + 16;
        while (bits) {
            unsigned i = (unsigned)__builtin_ctz(bits);
            if (block[i] != '\\') {
                span->at = block + i;
                return;
            }
            span->escaped = true;
            span->odd |= !escape_values[(unsigned char)block[i + 1]];
            if (i == 15) span->at = block + 17;
            bits &= ~(3u << i);
        }
    }
}
#else
static void pass_blocks(struct span_of_string *span, const char *end)
{
    (void)end;
    span->odd = span->wide = true;
}
#endif

bool json_long_string(struct json_reader *reader, struct str *ret_text)
{
    const char *start = ++reader->at, *end = reader->end;
    struct span_of_string span = {.at = start};
    pass_blocks(&span, end);
    const char *passed = span.at;
    for (;;) {
        span.at += json_plain(span.at, (size_t)(end - span.at));
        if (span.at == end || *span.at == '"') break;
        if ((unsigned char)*span.at < 0x20)
            return reader->at = span.at, json_refuse(reader, "control character in a string");
        if (*span.at == '\\') span.escaped = span.odd = true, span.at++;
        if (span.at < end) span.at++;
    }
    if (span.at == end) return reader->at = end, json_refuse(reader, "string without an end");
    struct str raw = str_make(start, (size_t)(span.at - start));
    if (span.wide || span.odd || span.at != passed) {
        size_t valid = str_utf8_valid_prefix(raw);
        if (valid < raw.size)
            return reader->at = start + valid, json_refuse(reader, "bytes that are not UTF-8");
    }
    *ret_text = raw;
    if (span.escaped && (reader->arena || span.odd) && !unescape(reader, start, span.at, ret_text))
        return false;
    reader->at = span.at + 1;
    return true;
}
