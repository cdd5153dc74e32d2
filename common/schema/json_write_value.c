/* Structs to JSON, by the field tables: records that were made in this process need
 * no msgpack between. */
#include <assert.h>

#include "schema/json_writing.h"

struct any_list {
    const char *items;
    uint32_t count;
};

static void write_set(struct buffer *out, const struct enumeration *enumeration, uint32_t bits)
{
    bool first = true;
    buffer_add_char(out, '[');
    for (uint32_t i = 0; i < enumeration->count; i++) {
        if (!(bits >> i & 1)) continue;
        char *room = buffer_reserve(out, 1 + sizeof(struct json_word));
        if (!room) return;
        *room = ',';
        out->size += (size_t)(writing_word(room + !first, &enumeration->words[i]) - room);
        first = false;
    }
    buffer_add_char(out, ']');
}

static void write_strs(struct buffer *out, const struct str_list *list)
{
    buffer_add_char(out, '[');
    for (uint32_t i = 0; i < list->count; i++) {
        if (i) buffer_add_char(out, ',');
        json_write_string(out, list->items[i]);
    }
    buffer_add_char(out, ']');
}

static void write_map(struct buffer *out, const struct str_map *map)
{
    buffer_add_char(out, '{');
    for (uint32_t i = 0; i < map->count; i++) {
        if (i) buffer_add_char(out, ',');
        json_write_string(out, map->items[i].name);
        buffer_add_char(out, ':');
        json_write_string(out, map->items[i].value);
    }
    buffer_add_char(out, '}');
}

static bool write_list(struct buffer *out, const struct shape *shape, const struct any_list *list)
{
    bool ok = true;
    buffer_add_char(out, '[');
    for (uint32_t i = 0; i < list->count && ok; i++) {
        if (i) buffer_add_char(out, ',');
        ok = writing_value(out, shape, list->items + (size_t)i * shape->struct_bytes);
    }
    buffer_add_char(out, ']');
    return ok;
}

static char *write_flag(char *at, bool flag)
{
    memcpy(at, flag ? "true\0" : "false", 5);
    return at + 5 - flag;
}

/* The field's value at `at`, where its name ended; NULL: it is none of a known small size. */
static char *write_scalar(char *at, const struct field *field, const void *value)
{
    uint32_t number;
    uint64_t wide;
    float real;
    switch ((enum field_kind)field->kind) {
    case KIND_bool: return write_flag(at, *(const bool *)value);
    case KIND_u32:
        memcpy(&number, value, sizeof number);
        return number < WRITING_SMALL ? writing_small(at, number) : writing_u64(at, number);
    case KIND_u64: memcpy(&wide, value, sizeof wide); return writing_u64(at, wide);
    case KIND_time: memcpy(&wide, value, sizeof wide); return writing_time(at, (int64_t)wide);
    case KIND_f32: memcpy(&real, value, sizeof real); return writing_number(at, (double)real);
    case KIND_enum:
        memcpy(&number, value, sizeof number);
        assert(number < field->enumeration->count);
        return writing_word(at, &field->enumeration->words[number]);
    default: return NULL;
    }
}

static bool write_wide(struct buffer *out, const struct field *field, const void *at)
{
    const struct vector *vector = at;
    uint32_t bits;
    switch ((enum field_kind)field->kind) {
    case KIND_str: json_write_string(out, *(const struct str *)at); return true;
    case KIND_bin: json_write_base64(out, *(const struct str *)at); return true;
    case KIND_set:
        memcpy(&bits, at, sizeof bits);
        write_set(out, field->enumeration, bits);
        return true;
    case KIND_strs: write_strs(out, at); return true;
    case KIND_map: write_map(out, at); return true;
    case KIND_vector:
        writing_vector(out, str_make(vector->values, vector->count * sizeof(float)));
        return true;
    case KIND_struct: return writing_value(out, field->shape, at);
    case KIND_list: return write_list(out, field->shape, at);
    default: return false;
    }
}

/* A field whose value is of no known small size; its name ends at `end`. */
static bool write_wide_field(struct buffer *out, const struct field *field, const void *value,
                             const char *end)
{
    out->size = (size_t)(end - out->data);
    return write_wide(out, field, value);
}

bool writing_value(struct buffer *out, const struct shape *shape, const void *value)
{
    const struct span *head = value; /* the same head in every struct */
    /* for all fields at once, as long as each is small: asked for anew behind one that isn't */
    size_t most = (size_t)shape->count * WRITING_FIELD_BYTES + sizeof "{}";
    char *at = buffer_reserve(out, most), before = '{';
    bool ok = true;
    for (uint32_t left = head->present; at && left && ok; left &= left - 1) {
        const struct field *field = &shape->fields[__builtin_ctz(left)];
        const char *of_field = (const char *)value + field->offset;
        char *named = writing_name(at, field, before);
        before = ',';
        at = write_scalar(named, field, of_field);
        if (at) continue;
        ok = write_wide_field(out, field, of_field, named);
        at = buffer_reserve(out, most);
    }
    if (!at) return ok; /* the buffer tells */
    out->size = (size_t)(at - out->data);
    for (uint32_t i = 0; i < head->extra.count && ok; i++) {
        buffer_add_char(out, before);
        before = ',';
        json_write_string(out, head->extra.items[i].name);
        buffer_add_char(out, ':');
        ok = writing_raw(out, head->extra.items[i].value);
    }
    if (before == '{') buffer_add_char(out, before);
    buffer_add_char(out, '}');
    return ok;
}
