/* What is wrong with a JSON document, and where: RFC 6901 pointers, and names that may
 * have been meant. */
#include <stdarg.h>
#include <stdio.h>

#include "base/nearest.h"
#include "schema/json_reading.h"

enum { NAME_BYTES_MAX = 64 };

size_t json_pointer_step(struct str name, char *out, size_t room)
{
    size_t size = 0;
    unsigned char all = 0;
    name = str_slice(name, 0, NAME_BYTES_MAX);
    if (room < 2) return 0;
    out[size++] = '/';
    for (size_t i = 0; i < name.size && size + 2 < room; i++) {
        char c = name.data[i];
        all |= (unsigned char)c;
        if (c == '~' || c == '/') out[size++] = '~';
        out[size++] = c == '~' ? '0' : c == '/' ? '1' : c ? c : '?'; /* NUL would end the text */
    }
    /* not half a character, at the end of the name or of the room */
    if (all & 0x80) size = str_utf8_valid_prefix(str_make(out, size));
    out[size] = '\0';
    return size;
}

const char *json_nearest_field(const struct shape *shape, struct str name)
{
    struct nearest nearest = nearest_to(name);
    for (uint32_t i = 0; i < shape->count; i++)
        nearest_offer(&nearest, str_of(shape->fields[i].name));
    return nearest.found.data;
}

static struct str pointer_of(const struct reading *reading, char out[static POINTER_BYTES])
{
    size_t size = 0;
    for (size_t i = 0; i < reading->depth && i < POINTER_STEPS; i++) {
        struct str name = reading->steps[i];
        char index[24];
        if (!name.data) {
            snprintf(index, sizeof index, "%zu", name.size);
            name = str_of(index);
        }
        size += json_pointer_step(name, out + size, POINTER_BYTES - size);
    }
    return str_make(out, size);
}

void reading_problem(struct reading *reading, const char *format, ...)
{
    struct json_problems *problems = reading->problems;
    if (problems->count == JSON_PROBLEMS_MAX) return;
    char text[256], pointer[POINTER_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct json_problem added = {
        .pointer = arena_copy(reading->arena, pointer_of(reading, pointer)),
        .detail = arena_copy(reading->arena, str_of(text)),
    };
    if (!added.pointer.data || !added.detail.data) reading->out_of_memory = true;
    else problems->items[problems->count++] = added;
}

bool reading_skip_rest(struct reading *reading, const struct json_value *value)
{
    bool first = true;
    struct str name;
    if (value->kind == JSON_ARRAY)
        while (json_item(&reading->json, &first))
            if (!json_skip(&reading->json, NULL)) return false;
    if (value->kind == JSON_OBJECT)
        while (json_member(&reading->json, &first, &name))
            if (!json_skip(&reading->json, NULL)) return false;
    return !reading->json.fault;
}

bool reading_wrong_kind(struct reading *reading, const struct json_value *value,
                        const char *expected)
{
    static const char *const names[] = {"null",     "a boolean", "a boolean", "a number",
                                        "a string", "an array",  "an object"};
    reading_problem(reading, "must be %s, not %s", expected, names[value->kind]);
    return reading_skip_rest(reading, value);
}

void reading_refuse_unknown(struct reading *reading, const struct shape *shape, struct str name)
{
    const char *nearest = json_nearest_field(shape, name);
    if (nearest) reading_problem(reading, "unknown field; did you mean \"%s\"?", nearest);
    else reading_problem(reading, "unknown field; put your own data under \"attributes\"");
}

bool reading_count(const struct reading *reading, enum json_kind container, uint32_t *ret_count)
{
    struct json_reader ahead = reading->json;
    bool first = true;
    uint32_t count = 0;
    struct str name;
    ahead.arena = NULL; /* only looked at */
    while (container == JSON_OBJECT ? json_member(&ahead, &first, &name)
                                    : json_item(&ahead, &first)) {
        if (!json_skip(&ahead, NULL)) break;
        count++;
    }
    *ret_count = count;
    return !ahead.fault;
}
