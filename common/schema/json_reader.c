/* A strict pull reader for JSON: no comments, no trailing commas, valid UTF-8, bounded depth.
 * Strings that aren't short and plain are read in json_string.c. */
#include <stdio.h>

#include "base/ascii.h"
#include "schema/json_string.h"

struct json_reader json_reader(struct str text, struct arena *arena)
{
    const char *start = text.data ? text.data : "";
    return (struct json_reader){
        .start = start, .at = start, .end = start + text.size, .arena = arena};
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
        return json_refuse(reader, "unknown word");
    reader->at += word.size;
    return true;
}

static bool is_digit(const struct json_reader *reader)
{
    return reader->at < reader->end && ascii_is_digit(*reader->at);
}

static bool digits(struct json_reader *reader)
{
    if (!is_digit(reader)) return json_refuse(reader, "malformed number");
    while (is_digit(reader)) reader->at++;
    return true;
}

static bool number(struct json_reader *reader, struct str *ret_text)
{
    const char *start = reader->at;
    if (*reader->at == '-') reader->at++;
    if (reader->at < reader->end && *reader->at == '0') {
        reader->at++;
        if (is_digit(reader)) return json_refuse(reader, "number with a leading zero");
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
    return json_long_string(reader, ret_text);
}

bool json_next(struct json_reader *reader, struct json_value *ret_value)
{
    skip_space(reader);
    ret_value->text = (struct str){0};
    if (reader->at == reader->end) return json_refuse(reader, "unexpected end");
    switch (*reader->at) {
    case 'n': ret_value->kind = JSON_NULL; return literal(reader, STR("null"));
    case 't': ret_value->kind = JSON_TRUE; return literal(reader, STR("true"));
    case 'f': ret_value->kind = JSON_FALSE; return literal(reader, STR("false"));
    case '"': ret_value->kind = JSON_STRING; return string(reader, &ret_value->text);
    case '[':
    case '{':
        ret_value->kind = *reader->at == '[' ? JSON_ARRAY : JSON_OBJECT;
        if (reader->depth == JSON_DEPTH_MAX) return json_refuse(reader, "nested too deeply");
        reader->depth++;
        reader->at++;
        return true;
    default:
        if (*reader->at != '-' && !is_digit(reader)) return json_refuse(reader, "expected a value");
        ret_value->kind = JSON_NUMBER;
        return number(reader, &ret_value->text);
    }
}

/* Takes the comma, or the closing bracket; true if something follows. */
static bool more(struct json_reader *reader, bool *first, char close)
{
    skip_space(reader);
    if (reader->fault) return false;
    if (reader->at == reader->end) return json_refuse(reader, "unexpected end");
    if (*reader->at == close) {
        reader->at++;
        reader->depth--;
        return false;
    }
    if (!*first && *reader->at != ',')
        return json_refuse(reader, close == ']' ? "expected , or ]" : "expected , or }");
    if (!*first) reader->at++;
    *first = false;
    skip_space(reader);
    return true;
}

static bool member_name(struct json_reader *reader, struct str *ret_name)
{
    if (reader->at == reader->end || *reader->at != '"')
        return json_refuse(reader, "expected a name in quotes");
    if (!string(reader, ret_name)) return false;
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != ':') return json_refuse(reader, "expected :");
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
    if (reader->depth == JSON_DEPTH_MAX) return json_refuse(reader, "nested too deeply");
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
    return reader->at == reader->end || json_refuse(reader, "something behind the end");
}

int json_fault(const struct json_reader *reader, struct err *err)
{
    unsigned line = 1, column = 1;
    if (reader->fault == json_no_memory) return err_set(err, E_NO_MEMORY, NULL);
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
