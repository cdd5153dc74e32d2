/* JSON to a struct by its field table, collecting every problem with the pointer to its field. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "schema/json.h"
#include "schema/msgpack.h"
#include "schema/pack.h"

enum { EXTRA_MAX = 64, POINTER_BYTES = 256 };

struct reading {
    struct json_reader json;
    struct arena *arena;
    struct json_problems *problems;
    enum json_unknown unknown;
    char pointer[POINTER_BYTES];
    size_t pointer_size;
    bool out_of_memory;
};

static bool read_object(struct reading *reading, const struct shape *shape, void *value);

/* A problem doesn't stop the reading: the caller is told of all of them at once. */
PRINTF_LIKE(2, 3) static void problem(struct reading *reading, const char *format, ...)
{
    struct json_problems *problems = reading->problems;
    if (problems->count == JSON_PROBLEMS_MAX) return;
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct json_problem added = {
        .pointer = arena_copy(reading->arena, str_make(reading->pointer, reading->pointer_size)),
        .detail = arena_copy(reading->arena, str_of(text)),
    };
    if (!added.pointer.data || !added.detail.data) reading->out_of_memory = true;
    else problems->items[problems->count++] = added;
}

static size_t enter(struct reading *reading, struct str name)
{
    size_t before = reading->pointer_size;
    int added = snprintf(reading->pointer + before, POINTER_BYTES - before, "/%.*s", STR_ARGS(str_slice(name, 0, 64)));
    reading->pointer_size = before + (size_t)added < POINTER_BYTES ? before + (size_t)added : POINTER_BYTES - 1;
    return before;
}

static size_t enter_index(struct reading *reading, uint32_t index)
{
    char text[16];
    snprintf(text, sizeof text, "%u", index);
    return enter(reading, str_of(text));
}

static void leave(struct reading *reading, size_t before) { reading->pointer_size = before; }

static const char *kind_name(enum json_kind kind)
{
    static const char *const names[] = {"null", "a boolean", "a boolean", "a number", "a string", "an array", "an object"};
    return names[kind];
}

/* After a value of a wrong kind was begun: skip the rest of it. */
static bool skip_rest(struct reading *reading, const struct json_value *value)
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

static bool wrong_kind(struct reading *reading, const struct json_value *value, const char *expected)
{
    problem(reading, "must be %s, not %s", expected, kind_name(value->kind));
    return skip_rest(reading, value);
}

static bool read_str(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    if (value->kind != JSON_STRING) return wrong_kind(reading, value, "a string");
    if (field->most && value->text.size > field->most)
        problem(reading, "is %zu bytes long; at most %u are allowed", value->text.size, field->most);
    else if (memchr(value->text.data ? value->text.data : "", '\0', value->text.size))
        problem(reading, "holds a NUL character");
    else memcpy(at, &value->text, sizeof value->text);
    return true;
}

static bool read_whole(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    uint64_t number;
    uint64_t limit = field->kind == KIND_u64 ? UINT64_MAX : field->most ? field->most : UINT32_MAX;
    if (value->kind != JSON_NUMBER) return wrong_kind(reading, value, "a whole number");
    if (!str_to_u64(value->text, &number) || number > limit) {
        problem(reading, "must be a whole number from 0 to %llu", (unsigned long long)limit);
        return true;
    }
    uint32_t narrow = (uint32_t)number;
    if (field->kind == KIND_u64) memcpy(at, &number, sizeof number);
    else memcpy(at, &narrow, sizeof narrow);
    return true;
}

static bool read_real(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    double number;
    double limit = field->most ? (double)field->most : 3e38;
    if (value->kind != JSON_NUMBER) return wrong_kind(reading, value, "a number");
    if (!str_to_f64(value->text, &number) || fabs(number) > limit) {
        problem(reading, "must be a number from %g to %g", -limit, limit);
        return true;
    }
    float narrow = (float)number;
    memcpy(at, &narrow, sizeof narrow);
    return true;
}

static bool read_time(struct reading *reading, const struct json_value *value, char *at)
{
    int64_t wall_ms;
    if (value->kind != JSON_STRING) return wrong_kind(reading, value, "an RFC 3339 time in a string");
    if (!time_parse(value->text, &wall_ms)) problem(reading, "is not an RFC 3339 time such as 2026-05-01T09:30:00Z");
    else memcpy(at, &wall_ms, sizeof wall_ms);
    return true;
}

static bool read_enum(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    if (value->kind != JSON_STRING) return wrong_kind(reading, value, "a string");
    uint32_t number = enumeration_find(field->enumeration, value->text);
    if (number == field->enumeration->count) problem(reading, "is not a known %s", field->enumeration->name);
    else memcpy(at, &number, sizeof number);
    return true;
}

static bool read_set(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    bool first = true;
    uint32_t bits = 0;
    if (value->kind != JSON_ARRAY) return wrong_kind(reading, value, "an array");
    while (json_item(&reading->json, &first)) {
        struct json_value item;
        uint32_t number = 0;
        if (!json_next(&reading->json, &item) || !read_enum(reading, field, &item, (char *)&number)) return false;
        bits |= 1u << number;
    }
    memcpy(at, &bits, sizeof bits);
    return !reading->json.fault;
}

/* Items of unknown number: counted on a copy of the reader first, so that one allocation does. */
static bool count_items(const struct reading *reading, uint32_t *ret_count)
{
    struct json_reader ahead = reading->json;
    bool first = true;
    uint32_t count = 0;
    while (json_item(&ahead, &first)) {
        if (!json_skip(&ahead, NULL)) break;
        count++;
    }
    *ret_count = count;
    return !ahead.fault;
}

static bool count_members(const struct reading *reading, uint32_t *ret_count)
{
    struct json_reader ahead = reading->json;
    bool first = true;
    uint32_t count = 0;
    struct str name;
    while (json_member(&ahead, &first, &name)) {
        if (!json_skip(&ahead, NULL)) break;
        count++;
    }
    *ret_count = count;
    return !ahead.fault;
}

static bool too_many(struct reading *reading, const struct field *field, uint32_t count)
{
    if (count <= field->most) return false;
    problem(reading, "has %u items; at most %u are allowed", count, field->most);
    return true;
}

static bool read_strs(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    struct str_list list = {0};
    bool first = true;
    if (value->kind != JSON_ARRAY) return wrong_kind(reading, value, "an array of strings");
    if (!count_items(reading, &list.count)) list.count = 0; /* the fault shows again below */
    if (too_many(reading, field, list.count)) return skip_rest(reading, value);
    list.items = ARENA_ARRAY(reading->arena, struct str, list.count);
    if (!list.items) return reading->out_of_memory = true, false;
    for (uint32_t i = 0; json_item(&reading->json, &first); i++) {
        struct json_value item;
        const struct field element = {.kind = KIND_str};
        size_t before = enter_index(reading, i);
        if (!json_next(&reading->json, &item) || i >= list.count || !read_str(reading, &element, &item, (char *)&list.items[i])) return false;
        leave(reading, before);
    }
    memcpy(at, &list, sizeof list);
    return !reading->json.fault;
}

/* Scalars become text: {"age": 41} is the attribute age = "41". */
static bool read_map(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    struct str_map map = {0};
    bool first = true;
    struct str name;
    if (value->kind != JSON_OBJECT) return wrong_kind(reading, value, "an object");
    if (!count_members(reading, &map.count)) map.count = 0;
    if (too_many(reading, field, map.count)) return skip_rest(reading, value);
    map.items = ARENA_ARRAY(reading->arena, struct str_pair, map.count);
    if (!map.items) return reading->out_of_memory = true, false;
    uint32_t count = 0;
    while (json_member(&reading->json, &first, &name)) {
        struct json_value item;
        size_t before = enter(reading, name);
        if (!json_next(&reading->json, &item) || count >= map.count) return false;
        struct str text = item.text;
        if (item.kind == JSON_TRUE) text = STR("true");
        if (item.kind == JSON_FALSE) text = STR("false");
        if (item.kind == JSON_NULL) text = STR("");
        if (item.kind == JSON_ARRAY || item.kind == JSON_OBJECT) {
            if (!wrong_kind(reading, &item, "a string")) return false;
        } else {
            map.items[count++] = (struct str_pair){name, text};
        }
        leave(reading, before);
    }
    map.count = count;
    memcpy(at, &map, sizeof map);
    return !reading->json.fault;
}

static bool read_vector(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    uint32_t count = 0;
    bool first = true;
    if (value->kind != JSON_ARRAY) return wrong_kind(reading, value, "an array of numbers");
    if (!count_items(reading, &count)) count = 0;
    if (too_many(reading, field, count)) return skip_rest(reading, value);
    float *values = arena_array(reading->arena, count + 1, sizeof *values);
    if (!values) return reading->out_of_memory = true, false;
    const struct field element = {.kind = KIND_f32};
    for (uint32_t i = 0; json_item(&reading->json, &first); i++) {
        struct json_value item;
        if (!json_next(&reading->json, &item) || i >= count || !read_real(reading, &element, &item, (char *)&values[i])) return false;
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

static bool read_bin(struct reading *reading, const struct json_value *value, char *at)
{
    if (value->kind != JSON_STRING) return wrong_kind(reading, value, "base64 in a string");
    struct str text = value->text;
    while (text.size && text.data[text.size - 1] == '=') text.size--;
    char *bytes = arena_alloc(reading->arena, text.size + 1);
    if (!bytes) return reading->out_of_memory = true, false;
    uint32_t bits = 0, have = 0;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = base64_digit(text.data[i]);
        if (digit < 0) return problem(reading, "is not base64"), true;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) have -= 8, bytes[size++] = (char)(bits >> have);
    }
    struct str raw = str_make(bytes, size);
    memcpy(at, &raw, sizeof raw);
    return true;
}

static bool read_list(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    struct { char *items; uint32_t count; } list = {0};
    bool first = true;
    if (value->kind != JSON_ARRAY) return wrong_kind(reading, value, "an array of objects");
    if (!count_items(reading, &list.count)) list.count = 0;
    if (too_many(reading, field, list.count)) return skip_rest(reading, value);
    list.items = arena_array(reading->arena, list.count, field->shape->struct_bytes);
    if (!list.items) return reading->out_of_memory = true, false;
    for (uint32_t i = 0; json_item(&reading->json, &first); i++) {
        struct json_value item;
        size_t before = enter_index(reading, i);
        if (!json_next(&reading->json, &item) || i >= list.count) return false;
        bool ok = item.kind == JSON_OBJECT
                      ? read_object(reading, field->shape, list.items + (size_t)i * field->shape->struct_bytes)
                      : wrong_kind(reading, &item, "an object");
        if (!ok) return false;
        leave(reading, before);
    }
    memcpy(at, &list, sizeof list);
    return !reading->json.fault;
}

static bool read_field(struct reading *reading, const struct field *field, const struct json_value *value, char *at)
{
    bool flag = value->kind == JSON_TRUE;
    switch ((enum field_kind)field->kind) {
    case KIND_bool:
        if (value->kind != JSON_TRUE && value->kind != JSON_FALSE) return wrong_kind(reading, value, "true or false");
        memcpy(at, &flag, sizeof flag);
        return true;
    case KIND_u32:
    case KIND_u64: return read_whole(reading, field, value, at);
    case KIND_f32: return read_real(reading, field, value, at);
    case KIND_str: return read_str(reading, field, value, at);
    case KIND_bin: return read_bin(reading, value, at);
    case KIND_time: return read_time(reading, value, at);
    case KIND_enum: return read_enum(reading, field, value, at);
    case KIND_set: return read_set(reading, field, value, at);
    case KIND_strs: return read_strs(reading, field, value, at);
    case KIND_map: return read_map(reading, field, value, at);
    case KIND_vector: return read_vector(reading, field, value, at);
    case KIND_list: return read_list(reading, field, value, at);
    case KIND_struct:
        return value->kind == JSON_OBJECT ? read_object(reading, field->shape, at) : wrong_kind(reading, value, "an object");
    }
    return false;
}

static void refuse_unknown(struct reading *reading, const struct shape *shape, struct str name)
{
    size_t best = SIZE_MAX;
    const char *nearest = "";
    for (uint32_t i = 0; i < shape->count; i++) {
        size_t distance = str_distance(name, str_of(shape->fields[i].name));
        if (distance < best) best = distance, nearest = shape->fields[i].name;
    }
    if (best <= 3) problem(reading, "unknown field; did you mean \"%s\"?", nearest);
    else problem(reading, "unknown field; put your own data under \"attributes\"");
}

static bool pack_json(struct reading *reading, struct pack *pack);

static bool pack_container(struct reading *reading, struct pack *pack, const struct json_value *value)
{
    bool first = true, object = value->kind == JSON_OBJECT;
    uint32_t count = 0;
    struct str name;
    if (!(object ? count_members(reading, &count) : count_items(reading, &count))) return false;
    if (object) pack_map(pack, count);
    else pack_array(pack, count);
    while (object ? json_member(&reading->json, &first, &name) : json_item(&reading->json, &first)) {
        if (object) pack_str(pack, name);
        if (!pack_json(reading, pack)) return false;
    }
    return !reading->json.fault;
}

static bool pack_json(struct reading *reading, struct pack *pack)
{
    struct json_value value;
    int64_t whole;
    double real = 0;
    if (!json_next(&reading->json, &value)) return false;
    switch (value.kind) {
    case JSON_NULL: pack_nil(pack); return true;
    case JSON_TRUE:
    case JSON_FALSE: pack_bool(pack, value.kind == JSON_TRUE); return true;
    case JSON_STRING: pack_str(pack, value.text); return true;
    case JSON_NUMBER:
        if (str_to_i64(value.text, &whole)) pack_int(pack, whole);
        else pack_double(pack, str_to_f64(value.text, &real) ? real : 0);
        return true;
    default: return pack_container(reading, pack, &value);
    }
}

/* Any JSON value to msgpack. Msgpack takes at most 9 bytes where JSON takes 1, and 5 for a head. */
static bool transcode(struct reading *reading, struct str *ret_raw)
{
    struct json_reader ahead = reading->json;
    struct pack pack;
    struct str raw;
    if (!json_skip(&ahead, &raw)) return json_skip(&reading->json, NULL);
    if (!pack_begin(&pack, reading->arena, raw.size * 9 + 16)) return reading->out_of_memory = true, false;
    if (!pack_json(reading, &pack)) return false;
    *ret_raw = pack_end(&pack);
    return true;
}

static bool unknown_field(struct reading *reading, const struct shape *shape, struct str name,
                          struct raw_field *extra, uint32_t *count)
{
    if (reading->unknown == JSON_UNKNOWN_REFUSE) {
        refuse_unknown(reading, shape, name);
        return json_skip(&reading->json, NULL);
    }
    if (*count == EXTRA_MAX) {
        problem(reading, "is one unknown field too many");
        return json_skip(&reading->json, NULL);
    }
    extra[*count].name = name;
    if (!transcode(reading, &extra[*count].value)) return false;
    ++*count;
    return true;
}

static bool read_member(struct reading *reading, const struct shape *shape, struct str name, uint32_t *present,
                        char *value)
{
    const struct field *field = shape_field(shape, name);
    uint32_t bit = 1u << (field - shape->fields);
    struct json_value json;
    if (*present & bit) problem(reading, "is there twice");
    if (!json_next(&reading->json, &json)) return false;
    if (json.kind == JSON_NULL) return true; /* null is the same as not there */
    *present |= bit;
    return read_field(reading, field, &json, value + field->offset);
}

static bool read_object(struct reading *reading, const struct shape *shape, void *value)
{
    struct raw_field extra[EXTRA_MAX];
    uint32_t present = 0, extra_count = 0;
    bool first = true;
    struct str name;
    memset(value, 0, shape->struct_bytes);
    while (json_member(&reading->json, &first, &name)) {
        size_t before = enter(reading, name);
        bool ok = shape_field(shape, name) ? read_member(reading, shape, name, &present, value)
                                           : unknown_field(reading, shape, name, extra, &extra_count);
        if (!ok) return false;
        leave(reading, before);
    }
    if (reading->json.fault) return false;
    for (uint32_t i = 0; i < shape->count; i++) {
        if (!shape->fields[i].required || present >> i & 1) continue;
        size_t before = enter(reading, str_of(shape->fields[i].name));
        problem(reading, "is required");
        leave(reading, before);
    }
    struct raw_field *kept = ARENA_ARRAY(reading->arena, struct raw_field, extra_count);
    if (!kept) return reading->out_of_memory = true, false;
    memcpy(kept, extra, extra_count * sizeof *kept);
    struct span *head = value; /* the same head in every struct */
    head->present = present;
    head->extra = (struct raw_fields){kept, extra_count};
    return true;
}

static int outcome(struct reading *reading, bool ok, struct err *err)
{
    if (reading->out_of_memory) return err_set(err, E_NO_MEMORY, NULL);
    if (!ok || reading->json.fault) return json_fault(&reading->json, err);
    if (reading->problems->count == 0) return E_OK;
    const struct json_problem *first = &reading->problems->items[0];
    return err_set(err, E_BAD_MESSAGE, "%.*s %.*s", STR_ARGS(first->pointer), STR_ARGS(first->detail));
}

static struct reading reading_of(struct str text, enum json_unknown unknown, struct arena *arena,
                                 struct json_problems *problems)
{
    problems->count = 0;
    return (struct reading){.json = json_reader(text, arena), .arena = arena, .problems = problems, .unknown = unknown};
}

int json_read_shape(const struct shape *shape, struct str text, enum json_unknown unknown, struct arena *arena,
                    void *ret_value, struct json_problems *problems, struct err *err)
{
    struct reading reading = reading_of(text, unknown, arena, problems);
    struct json_value value;
    bool ok = json_next(&reading.json, &value);
    if (ok && value.kind != JSON_OBJECT) ok = wrong_kind(&reading, &value, "an object");
    else if (ok) ok = read_object(&reading, shape, ret_value);
    return outcome(&reading, ok && json_end(&reading.json), err);
}

static bool read_section(struct reading *reading, enum section section, struct record *record)
{
    const struct shape *shape = section_info(section)->shape;
    struct json_value json;
    void *value = arena_zalloc(reading->arena, shape->struct_bytes);
    if (!value) return reading->out_of_memory = true, false;
    if (!json_next(&reading->json, &json)) return false;
    if (json.kind != JSON_OBJECT) return wrong_kind(reading, &json, "an object");
    uint32_t before = reading->problems->count;
    if (!read_object(reading, shape, value)) return false;
    if (reading->problems->count > before) return true; /* its fields can't be trusted to be encoded */
    return shape_encode(shape, value, reading->arena, &record->sections[section], NULL) == E_OK;
}

static bool read_record_member(struct reading *reading, struct str name, struct record *record,
                               struct raw_field *unknown)
{
    struct json_value value;
    enum section section = section_by_name(name);
    if (section != SECTION_COUNT) return read_section(reading, section, record);
    if (str_equal(name, STR("id"))) {
        const struct field id = {.kind = KIND_str, .most = RECORD_ID_BYTES_MAX};
        return json_next(&reading->json, &value) && read_str(reading, &id, &value, (char *)&record->id);
    }
    if (str_equal(name, STR("v"))) return json_skip(&reading->json, NULL);
    if (record->unknown.count == RECORD_UNKNOWN_MAX) return json_skip(&reading->json, NULL);
    unknown[record->unknown.count].name = name;
    if (!transcode(reading, &unknown[record->unknown.count].value)) return false;
    record->unknown.count++;
    return true;
}

int json_read_record(struct str text, struct arena *arena, struct str *ret_message, struct json_problems *problems,
                     struct err *err)
{
    struct reading reading = reading_of(text, JSON_UNKNOWN_KEEP, arena, problems);
    struct raw_field unknown[RECORD_UNKNOWN_MAX];
    struct record record = {.version = RECORD_VERSION, .unknown.items = unknown};
    struct json_value value;
    struct str name;
    bool first = true, ok = json_next(&reading.json, &value);
    if (ok && value.kind != JSON_OBJECT) ok = wrong_kind(&reading, &value, "an object");
    while (ok && value.kind == JSON_OBJECT && json_member(&reading.json, &first, &name)) {
        size_t before = enter(&reading, name);
        ok = read_record_member(&reading, name, &record, unknown);
        leave(&reading, before);
    }
    if (ok && record.id.size == 0) problem(&reading, "id is required");
    int rc = outcome(&reading, ok && json_end(&reading.json), err);
    return rc ? rc : record_write(&record, arena, ret_message, err);
}
