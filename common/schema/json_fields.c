/* JSON values into the fields of a struct, each by its kind. */
#include <math.h>

#include "base/clock.h"
#include "schema/json_reading.h"

/* Only an escape can say one: a text that lies where it was read has none. */
static bool holds_nul(const struct reading *reading, struct str text)
{
    uintptr_t at = (uintptr_t)text.data, start = (uintptr_t)reading->json.start;
    bool as_read = at - start < (uintptr_t)reading->json.end - start;
    return !as_read && text.size && memchr(text.data, '\0', text.size);
}

bool reading_str(struct reading *reading, const struct field *field, const struct json_value *value,
                 char *at)
{
    if (value->kind != JSON_STRING) return reading_wrong_kind(reading, value, "a string");
    if (field->most && value->text.size > field->most)
        reading_problem(reading, "is %zu bytes long; at most %u are allowed", value->text.size,
                        field->most);
    else if (holds_nul(reading, value->text)) reading_problem(reading, "holds a NUL character");
    else memcpy(at, &value->text, sizeof value->text);
    return true;
}

static bool read_whole(struct reading *reading, const struct field *field,
                       const struct json_value *value, char *at)
{
    uint64_t number;
    uint64_t limit = field->kind == KIND_u64 ? UINT64_MAX : field->most ? field->most : UINT32_MAX;
    if (value->kind != JSON_NUMBER) return reading_wrong_kind(reading, value, "a whole number");
    if (!str_to_u64(value->text, &number) || number > limit) {
        reading_problem(reading, "must be a whole number from 0 to %llu",
                        (unsigned long long)limit);
        return true;
    }
    uint32_t narrow = (uint32_t)number;
    if (field->kind == KIND_u64) memcpy(at, &number, sizeof number);
    else memcpy(at, &narrow, sizeof narrow);
    return true;
}

static bool read_real(struct reading *reading, const struct field *field,
                      const struct json_value *value, char *at)
{
    double number;
    double limit = field->most ? (double)field->most : 3e38;
    double least = field->kind == KIND_amount ? 0 : -limit;
    if (value->kind != JSON_NUMBER) return reading_wrong_kind(reading, value, "a number");
    if (!str_to_f64(value->text, &number) || number < least || number > limit) {
        reading_problem(reading, "must be a number from %g to %g", least, limit);
        return true;
    }
    float narrow = (float)number;
    memcpy(at, &narrow, sizeof narrow);
    return true;
}

static bool read_time(struct reading *reading, const struct json_value *value, char *at)
{
    int64_t wall_ms;
    if (value->kind != JSON_STRING)
        return reading_wrong_kind(reading, value, "an RFC 3339 time in a string");
    if (!time_parse(value->text, &wall_ms))
        reading_problem(reading, "is not an RFC 3339 time such as 2026-05-01T09:30:00Z");
    else memcpy(at, &wall_ms, sizeof wall_ms);
    return true;
}

static bool read_enum(struct reading *reading, const struct field *field,
                      const struct json_value *value, char *at)
{
    if (value->kind != JSON_STRING) return reading_wrong_kind(reading, value, "a string");
    uint32_t number = enumeration_find(field->enumeration, value->text);
    if (number == field->enumeration->count)
        reading_problem(reading, "is not a known %s", field->enumeration->name);
    else memcpy(at, &number, sizeof number);
    return true;
}

static bool read_set(struct reading *reading, const struct field *field,
                     const struct json_value *value, char *at)
{
    bool first = true;
    uint32_t bits = 0;
    if (value->kind != JSON_ARRAY) return reading_wrong_kind(reading, value, "an array");
    while (json_item(&reading->json, &first)) {
        struct json_value item;
        uint32_t number = 0;
        if (!json_next(&reading->json, &item) || !read_enum(reading, field, &item, (char *)&number))
            return false;
        bits |= 1u << number;
    }
    memcpy(at, &bits, sizeof bits);
    return !reading->json.fault;
}

static bool too_many(struct reading *reading, const struct field *field, uint32_t count)
{
    if (count <= field->most) return false;
    reading_problem(reading, "has %u items; at most %u are allowed", count, field->most);
    return true;
}

static bool read_strs(struct reading *reading, const struct field *field,
                      const struct json_value *value, char *at)
{
    struct str_list list = {0};
    bool first = true;
    if (value->kind != JSON_ARRAY) return reading_wrong_kind(reading, value, "an array of strings");
    if (!reading_count(reading, JSON_ARRAY, &list.count)) return reading_skip_rest(reading, value);
    if (too_many(reading, field, list.count)) return reading_skip_rest(reading, value);
    list.items = ARENA_ARRAY(reading->arena, struct str, list.count);
    if (!list.items) return reading_no_memory(reading);
    for (uint32_t i = 0; json_item(&reading->json, &first); i++) {
        struct json_value item;
        const struct field element = {.kind = KIND_str};
        size_t before = reading_enter_index(reading, i);
        if (!json_next(&reading->json, &item)) return false;
        if (!reading_str(reading, &element, &item, (char *)&list.items[i])) return false;
        reading_leave(reading, before);
    }
    memcpy(at, &list, sizeof list);
    return !reading->json.fault;
}

/* {"age": 41} is the attribute age = "41". */
static struct str scalar_text(const struct json_value *value)
{
    switch (value->kind) {
    case JSON_TRUE: return STR("true");
    case JSON_FALSE: return STR("false");
    case JSON_NULL: return STR("");
    default: return value->text;
    }
}

static bool read_map(struct reading *reading, const struct field *field,
                     const struct json_value *value, char *at)
{
    uint32_t count = 0;
    bool first = true;
    struct str name;
    if (value->kind != JSON_OBJECT) return reading_wrong_kind(reading, value, "an object");
    if (!reading_count(reading, JSON_OBJECT, &count)) return reading_skip_rest(reading, value);
    if (too_many(reading, field, count)) return reading_skip_rest(reading, value);
    struct str_map map = {.items = ARENA_ARRAY(reading->arena, struct str_pair, count)};
    if (!map.items) return reading_no_memory(reading);
    while (json_member(&reading->json, &first, &name)) {
        struct json_value item;
        size_t before = reading_enter(reading, name);
        if (!json_next(&reading->json, &item)) return false;
        if (str_map_find(&map, name)) reading_problem(reading, "is there twice");
        if (item.kind == JSON_ARRAY || item.kind == JSON_OBJECT) {
            if (!reading_wrong_kind(reading, &item, "a string")) return false;
        } else {
            map.items[map.count++] = (struct str_pair){name, scalar_text(&item)};
        }
        reading_leave(reading, before);
    }
    memcpy(at, &map, sizeof map);
    return !reading->json.fault;
}

static bool read_vector(struct reading *reading, const struct field *field,
                        const struct json_value *value, char *at)
{
    uint32_t count = 0;
    bool first = true;
    if (value->kind != JSON_ARRAY) return reading_wrong_kind(reading, value, "an array of numbers");
    if (!reading_count(reading, JSON_ARRAY, &count)) return reading_skip_rest(reading, value);
    if (too_many(reading, field, count)) return reading_skip_rest(reading, value);
    float *values = arena_array(reading->arena, count + 1, sizeof *values);
    if (!values) return reading_no_memory(reading);
    const struct field element = {.kind = KIND_f32};
    for (uint32_t i = 0; json_item(&reading->json, &first); i++) {
        struct json_value item;
        if (!json_next(&reading->json, &item)) return false;
        if (!read_real(reading, &element, &item, (char *)&values[i])) return false;
    }
    struct vector vector = {values, count};
    memcpy(at, &vector, sizeof vector);
    return !reading->json.fault;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int json_read_base64(struct str text, struct arena *arena, struct str *ret_bytes, struct err *err)
{
    while (text.size && text.data[text.size - 1] == '=') text.size--;
    char *bytes = arena_alloc(arena, text.size + 1);
    if (!bytes) return err_set(err, E_NO_MEMORY, NULL);
    uint32_t bits = 0, have = 0;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = base64_digit(text.data[i]);
        if (digit < 0) return err_set(err, E_BAD_MESSAGE, "is not base64");
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) have -= 8, bytes[size++] = (char)(bits >> have);
    }
    if (text.size % 4 == 1)
        return err_set(err, E_BAD_MESSAGE, "is not base64: a character is missing or one too many");
    *ret_bytes = str_make(bytes, size);
    return E_OK;
}

static bool read_bin(struct reading *reading, const struct field *field,
                     const struct json_value *value, char *at)
{
    struct str raw;
    struct err why;
    if (value->kind != JSON_STRING) return reading_wrong_kind(reading, value, "base64 in a string");
    int rc = json_read_base64(value->text, reading->arena, &raw, &why);
    if (rc == E_NO_MEMORY) return reading_no_memory(reading);
    if (rc) reading_problem(reading, "%s", why.text);
    else if (field->most && raw.size > field->most)
        reading_problem(reading, "is %zu bytes long; at most %u are allowed", raw.size,
                        field->most);
    else memcpy(at, &raw, sizeof raw);
    return true;
}

static bool read_list(struct reading *reading, const struct field *field,
                      const struct json_value *value, char *at)
{
    struct { char *items; uint32_t count; } list = {0};
    bool first = true;
    if (value->kind != JSON_ARRAY) return reading_wrong_kind(reading, value, "an array of objects");
    if (!reading_count(reading, JSON_ARRAY, &list.count)) return reading_skip_rest(reading, value);
    if (too_many(reading, field, list.count)) return reading_skip_rest(reading, value);
    list.items = arena_array(reading->arena, list.count, field->shape->struct_bytes);
    if (!list.items) return reading_no_memory(reading);
    for (uint32_t i = 0; json_item(&reading->json, &first); i++) {
        struct json_value item;
        size_t before = reading_enter_index(reading, i);
        if (!json_next(&reading->json, &item)) return false;
        bool ok = item.kind == JSON_OBJECT
                      ? reading_object(reading, field->shape,
                                       list.items + (size_t)i * field->shape->struct_bytes)
                      : reading_wrong_kind(reading, &item, "an object");
        if (!ok) return false;
        reading_leave(reading, before);
    }
    memcpy(at, &list, sizeof list);
    return !reading->json.fault;
}

bool reading_field(struct reading *reading, const struct field *field,
                   const struct json_value *value, char *at)
{
    bool flag = value->kind == JSON_TRUE;
    switch ((enum field_kind)field->kind) {
    case KIND_bool:
        if (value->kind != JSON_TRUE && value->kind != JSON_FALSE)
            return reading_wrong_kind(reading, value, "true or false");
        memcpy(at, &flag, sizeof flag);
        return true;
    case KIND_u32:
    case KIND_u64: return read_whole(reading, field, value, at);
    case KIND_f32:
    case KIND_amount: return read_real(reading, field, value, at);
    case KIND_str: return reading_str(reading, field, value, at);
    case KIND_bin: return read_bin(reading, field, value, at);
    case KIND_time: return read_time(reading, value, at);
    case KIND_enum: return read_enum(reading, field, value, at);
    case KIND_set: return read_set(reading, field, value, at);
    case KIND_strs: return read_strs(reading, field, value, at);
    case KIND_map: return read_map(reading, field, value, at);
    case KIND_vector: return read_vector(reading, field, value, at);
    case KIND_list: return read_list(reading, field, value, at);
    case KIND_struct:
        return value->kind == JSON_OBJECT ? reading_object(reading, field->shape, at)
                                          : reading_wrong_kind(reading, value, "an object");
    }
    return false;
}
