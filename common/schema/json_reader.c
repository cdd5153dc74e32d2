/* A strict pull reader for JSON: no comments, no trailing commas, valid UTF-8, bounded depth. */
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

static void skip_space(struct json_reader *reader)
{
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

static bool escape(struct json_reader *reader, char **out)
{
    static const char values[256] = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
                                     ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};
    if (reader->at == reader->end) return fault(reader, "string without an end");
    char c = *reader->at++;
    if (c == 'u') return unicode_escape(reader, out);
    char value = values[(unsigned char)c];
    if (!value) return fault(reader, "unknown escape");
    *(*out)++ = value;
    return true;
}

/* An escape is never shorter than what it stands for, so the raw size bounds the result. */
static bool unescape(struct json_reader *reader, const char *start, const char *close,
                     struct str *ret_text)
{
    char scratch[8],
        *copy = reader->arena ? arena_alloc(reader->arena, (size_t)(close - start) + 1) : scratch,
        *out = copy;
    if (!copy) return fault(reader, no_memory);
    const char *end = reader->end;
    reader->at = start;
    reader->end = close;
    while (reader->at < reader->end) {
        size_t left = (size_t)(close - reader->at), plain = json_plain(reader->at, left);
        if (!reader->arena) out = scratch; /* only looked at */
        /* in one; there is room for what is left */
        else if (plain <= 16 && left >= 16) memcpy(out, reader->at, 16), out += plain;
        else memcpy(out, reader->at, plain), out += plain;
        reader->at += plain;
        if (reader->at == reader->end) break;
        char c = *reader->at++;
        if (c != '\\') *out++ = c;
        else if (!escape(reader, &out)) return reader->end = end, false;
    }
    reader->end = end;
    *ret_text = str_make(copy, (size_t)(out - copy));
    return true;
}

static bool string(struct json_reader *reader, struct str *ret_text)
{
    const char *start = ++reader->at, *at = start;
    bool escaped = false;
#ifdef __SSE2__
    size_t size = reader->end - at >= 16 ? json_short_of_sixteen(at) : 16;
    if (size < 16) { /* as most are */
        *ret_text = str_make(start, size);
        reader->at = start + size + 1;
        return true;
    }
#endif
    for (;;) {
        at += json_plain(at, (size_t)(reader->end - at));
        if (at == reader->end || *at == '"') break;
        if ((unsigned char)*at < 0x20)
            return reader->at = at, fault(reader, "control character in a string");
        if (*at == '\\') escaped = true, at++;
        if (at < reader->end) at++;
    }
    if (at == reader->end) return reader->at = reader->end, fault(reader, "string without an end");
    struct str raw = str_make(start, (size_t)(at - start));
    size_t valid = str_utf8_valid_prefix(raw);
    if (valid < raw.size)
        return reader->at = start + valid, fault(reader, "bytes that are not UTF-8");
    *ret_text = raw;
    if (escaped && !unescape(reader, start, at, ret_text)) return false;
    reader->at = at + 1;
    return true;
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

bool json_item(struct json_reader *reader, bool *first) { return more(reader, first, ']'); }

bool json_member(struct json_reader *reader, bool *first, struct str *ret_name)
{
    if (!more(reader, first, '}')) return false;
    if (reader->at == reader->end || *reader->at != '"')
        return fault(reader, "expected a name in quotes");
    if (!string(reader, ret_name)) return false;
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != ':') return fault(reader, "expected :");
    reader->at++;
    return true;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static bool skip(struct json_reader *reader)
{
    struct json_value value;
    struct str name;
    bool first = true;
    if (!json_next(reader, &value)) return false;
    if (value.kind == JSON_ARRAY) {
        while (json_item(reader, &first))
            if (!skip(reader)) return false;
    } else if (value.kind == JSON_OBJECT) {
        while (json_member(reader, &first, &name))
            if (!skip(reader)) return false;
    }
    return !reader->fault;
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

void json_fault_in_line(struct err *err, uint64_t line)
{
    static const char first[] = "line 1, ";
    struct err inner = *err;
    if (inner.code != E_BAD_JSON || !str_starts(str_of(inner.text), str_of(first))) return;
    err_set(err, E_BAD_JSON, "line %llu, %s", (unsigned long long)line,
            inner.text + sizeof first - 1);
}
