/* A strict pull reader for JSON: no comments, no trailing commas, valid UTF-8, bounded depth.
 * One file, as strings, numbers and skipping are inlined into each other. */
#include <stdio.h>

#include "schema/json.h"
#include "schema/json_plain.h"

struct json_reader json_reader(struct str text, struct arena *arena)
{
    const char *start = text.data ? text.data : "";
    return (struct json_reader){
        .start = start, .at = start, .end = start + text.size, .arena = arena};
}

static const char no_memory[] = "out of memory";

static bool fault(struct json_reader *reader, const char *what)
{
    if (!reader->fault) reader->fault = what;
    return false;
}

static inline void skip_space(struct json_reader *reader)
{
    if (reader->at < reader->end && *reader->at > ' ') return; /* mostly */
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

static bool literal(struct json_reader *reader, struct str word)
{
    if (!str_starts(str_make(reader->at, (size_t)(reader->end - reader->at)), word))
        return fault(reader, "unknown word");
    reader->at += word.size;
    return true;
}

static bool is_digit(const struct json_reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

static bool digits(struct json_reader *reader)
{
    if (!is_digit(reader)) return fault(reader, "malformed number");
    while (is_digit(reader)) reader->at++;
    return true;
}

static bool number(struct json_reader *reader, struct str *ret_text)
{
    const char *start = reader->at;
    if (*reader->at == '-') reader->at++;
    if (reader->at < reader->end && *reader->at == '0') {
        reader->at++;
        if (is_digit(reader)) return fault(reader, "number with a leading zero");
    } else if (!digits(reader)) {
        return false;
    }
    if (reader->at < reader->end && *reader->at == '.') {
        reader->at++;
        if (!digits(reader)) return false;
    }
    if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
        reader->at++;
        if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-')) reader->at++;
        if (!digits(reader)) return false;
    }
    *ret_text = str_make(start, (size_t)(reader->at - start));
    return true;
}

static bool hex4(struct json_reader *reader, uint32_t *ret_code)
{
    uint32_t code = 0;
    if (reader->end - reader->at < 4) return fault(reader, "cut-off \\u escape");
    for (int i = 0; i < 4; i++) {
        char c = *reader->at++;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) return fault(reader, "malformed \\u escape");
        code = code << 4 | digit;
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
    if (code >= 0xDC00 && code <= 0xDFFF) return fault(reader, "lone surrogate");
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u')
            return fault(reader, "lone surrogate");
        reader->at += 2;
        if (!hex4(reader, &low)) return false;
        if (low < 0xDC00 || low > 0xDFFF) return fault(reader, "lone surrogate");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    *out = put_utf8(*out, code);
    return true;
}

/* What one letter behind a backslash stands for; 0: something else, or nothing. */
static const char escape_values[256] = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
                                        ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

static bool escape(struct json_reader *reader, char **out)
{
    if (reader->at == reader->end) return fault(reader, "string without an end");
    char c = *reader->at++;
    if (c == 'u') return unicode_escape(reader, out);
    char value = escape_values[(unsigned char)c];
    if (!value) return fault(reader, "unknown escape");
    *(*out)++ = value;
    return true;
}

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

static bool escape_at(struct json_reader *reader, const char **at, const char *close, char **out)
{
    const char *end = reader->end;
    char value = escape_values[(unsigned char)(*at)[1]];
    if (value) return *(*out)++ = value, *at += 2, true;
    reader->at = *at + 1;
    reader->end = close;
    bool ok = escape(reader, out);
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

/* There is a byte behind each backslash. An escape is never shorter than what it stands for, so the
 * raw size bounds the result. */
static bool unescape(struct json_reader *reader, const char *start, const char *close,
                     struct str *ret_text)
{
    enum { BLOCK_BYTES = 16 };
    if (!reader->arena) return check_escapes(reader, start, close);
    char *copy = arena_alloc(reader->arena, (size_t)(close - start) + BLOCK_BYTES), *out = copy;
    if (!copy) return fault(reader, no_memory);
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

static bool long_string(struct json_reader *reader, struct str *ret_text)
{
    const char *start = ++reader->at, *end = reader->end;
    struct span_of_string span = {.at = start};
    pass_blocks(&span, end);
    const char *passed = span.at;
    for (;;) {
        span.at += json_plain(span.at, (size_t)(end - span.at));
        if (span.at == end || *span.at == '"') break;
        if ((unsigned char)*span.at < 0x20)
            return reader->at = span.at, fault(reader, "control character in a string");
        if (*span.at == '\\') span.escaped = span.odd = true, span.at++;
        if (span.at < end) span.at++;
    }
    if (span.at == end) return reader->at = end, fault(reader, "string without an end");
    struct str raw = str_make(start, (size_t)(span.at - start));
    if (span.wide || span.odd || span.at != passed) {
        size_t valid = str_utf8_valid_prefix(raw);
        if (valid < raw.size)
            return reader->at = start + valid, fault(reader, "bytes that are not UTF-8");
    }
    *ret_text = raw;
    if (span.escaped && (reader->arena || span.odd) && !unescape(reader, start, span.at, ret_text))
        return false;
    reader->at = span.at + 1;
    return true;
}

static inline bool string(struct json_reader *reader, struct str *ret_text)
{
#ifdef __SSE2__
    const char *start = reader->at + 1;
    size_t size = reader->end - start >= 16 ? json_short_of_sixteen(start) : 16;
    if (size < 16) { /* as most are */
        *ret_text = str_make(start, size);
        reader->at = start + size + 1;
        return true;
    }
#endif
    return long_string(reader, ret_text);
}

bool json_next(struct json_reader *reader, struct json_value *ret_value)
{
    skip_space(reader);
    ret_value->text = (struct str){0};
    if (reader->at == reader->end) return fault(reader, "unexpected end");
    switch (*reader->at) {
    case 'n': ret_value->kind = JSON_NULL; return literal(reader, STR("null"));
    case 't': ret_value->kind = JSON_TRUE; return literal(reader, STR("true"));
    case 'f': ret_value->kind = JSON_FALSE; return literal(reader, STR("false"));
    case '"': ret_value->kind = JSON_STRING; return string(reader, &ret_value->text);
    case '[':
    case '{':
        ret_value->kind = *reader->at == '[' ? JSON_ARRAY : JSON_OBJECT;
        if (reader->depth == JSON_DEPTH_MAX) return fault(reader, "nested too deeply");
        reader->depth++;
        reader->at++;
        return true;
    default:
        if (*reader->at != '-' && !is_digit(reader)) return fault(reader, "expected a value");
        ret_value->kind = JSON_NUMBER;
        return number(reader, &ret_value->text);
    }
}

/* Takes the comma, or the closing bracket; true if something follows. */
static bool more(struct json_reader *reader, bool *first, char close)
{
    skip_space(reader);
    if (reader->fault) return false;
    if (reader->at == reader->end) return fault(reader, "unexpected end");
    if (*reader->at == close) {
        reader->at++;
        reader->depth--;
        return false;
    }
    if (!*first && *reader->at != ',')
        return fault(reader, close == ']' ? "expected , or ]" : "expected , or }");
    if (!*first) reader->at++;
    *first = false;
    skip_space(reader);
    return true;
}

static bool member_name(struct json_reader *reader, struct str *ret_name)
{
    if (reader->at == reader->end || *reader->at != '"')
        return fault(reader, "expected a name in quotes");
    if (!string(reader, ret_name)) return false;
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != ':') return fault(reader, "expected :");
    reader->at++;
    return true;
}

bool json_item(struct json_reader *reader, bool *first) { return more(reader, first, ']'); }

bool json_member(struct json_reader *reader, bool *first, struct str *ret_name)
{
    return more(reader, first, '}') && member_name(reader, ret_name);
}

static bool skip_scalar(struct json_reader *reader)
{
    struct json_value value;
    if (reader->at < reader->end && *reader->at == '"') return string(reader, &value.text);
    return json_next(reader, &value);
}

/* Arrays and objects that were opened: a bit for each, the innermost lowest; set: an object. */
_Static_assert(JSON_DEPTH_MAX <= 32, "a bit for each");

/* Enters an array or object; false: a fault. */
static bool open_one(struct json_reader *reader, uint32_t *objects)
{
    if (reader->depth == JSON_DEPTH_MAX) return fault(reader, "nested too deeply");
    *objects = *objects << 1 | (*reader->at == '{');
    reader->depth++;
    reader->at++;
    return true;
}

/* Behind a value, or an opening bracket: closes what ends here, down to depth `base`.
 * True: something follows. False: a fault, or the end of it all. */
static bool goes_on(struct json_reader *reader, uint32_t *objects, unsigned base, bool first)
{
    while (reader->depth > base) {
        if (more(reader, &first, *objects & 1 ? '}' : ']')) return true;
        if (reader->fault) return false;
        *objects >>= 1;
        first = false;
    }
    return false;
}

static bool skip(struct json_reader *reader)
{
    struct str name;
    uint32_t objects = 0;
    unsigned base = reader->depth;
    do {
        skip_space(reader);
        bool opens = reader->at < reader->end && (*reader->at == '{' || *reader->at == '[');
        if (!(opens ? open_one(reader, &objects) : skip_scalar(reader))) return false;
        if (!goes_on(reader, &objects, base, opens)) return !reader->fault;
    } while (!(objects & 1) || member_name(reader, &name));
    return false;
}

bool json_skip(struct json_reader *reader, struct str *ret_raw)
{
    struct arena *arena = reader->arena;
    skip_space(reader);
    const char *start = reader->at;
    reader->arena = NULL; /* nobody will see the strings */
    bool ok = skip(reader);
    reader->arena = arena;
    if (!ok) return false;
    if (ret_raw) *ret_raw = str_make(start, (size_t)(reader->at - start));
    return true;
}

bool json_end(struct json_reader *reader)
{
    skip_space(reader);
    if (reader->fault) return false;
    return reader->at == reader->end || fault(reader, "something behind the end");
}

int json_fault(const struct json_reader *reader, struct err *err)
{
    unsigned line = 1, column = 1;
    if (reader->fault == no_memory) return err_set(err, E_NO_MEMORY, NULL);
    for (const char *at = reader->start; at < reader->at && at < reader->end; at++) {
        column++;
        if (*at == '\n') line++, column = 1;
    }
    return err_set(err, E_BAD_JSON, "line %u, column %u: %s", line, column,
                   reader->fault ? reader->fault : "malformed");
}

void json_fault_began(struct err *err, uint64_t line, uint64_t column)
{
    struct err inner = *err;
    unsigned long long at[2];
    int size = 0;
    if (inner.code != E_BAD_JSON ||
        sscanf(inner.text, "line %llu, column %llu%n", &at[0], &at[1], &size) < 2)
        return;
    err_set(err, E_BAD_JSON, "line %llu, column %llu%s", at[0] + line - 1,
            at[0] == 1 ? at[1] + column - 1 : at[1], inner.text + size);
}
