/* Structs to JSON, by their field tables: records that were made in this process need no msgpack
 * between. For shape.c, where the tables are: with a table that the compiler sees, the loop over
 * its fields becomes a line of code for each, without a branch on its kind. */
#ifndef VERBATIM_SCHEMA_JSON_WRITE_FIELDS_H
#define VERBATIM_SCHEMA_JSON_WRITE_FIELDS_H

#include <assert.h>

#include "schema/json_writing.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE char *json_write_list(struct buffer *out, char *at, const struct shape *shape,
                                    const void *value, size_t more)
{
    const struct span_list *list = value; /* as every list is */
    const char *item = (const char *)list->items;
    size_t start = (size_t)(at - out->data);
    for (uint32_t i = 0; i < list->count; i++, item += shape->struct_bytes) {
        *at = ',';
        at = shape->write_json(out, at + 1, item, more + sizeof ",]");
        if (!at) return NULL;
    }
    at += !list->count;
    out->data[start] = '['; /* over the first comma */
    *at = ']';
    return at + 1;
}

/* A field's value behind its name. There is room for a scalar and `more`. */
ALWAYS_INLINE char *json_write_field(struct buffer *out, char *at, const struct field *field,
                                     const void *value, size_t more)
{
    const struct vector *vector = value;
    uint32_t number;
    switch ((enum field_kind)field->kind) {
    case KIND_bool:
        memcpy(at, *(const bool *)value ? "true\0" : "false", 5);
        return at + 5 - *(const bool *)value;
    case KIND_u32:
        number = *(const uint32_t *)value;
        return number < WRITING_SMALL ? writing_small(at, number) : writing_u64(at, number);
    case KIND_u64: return writing_u64(at, *(const uint64_t *)value);
    case KIND_time: return writing_time(at, *(const int64_t *)value);
    case KIND_f32:
    case KIND_amount: return writing_number(at, (double)*(const float *)value);
    case KIND_enum:
        number = *(const uint32_t *)value;
        assert(number < field->enumeration->count);
        return writing_word(at, &field->enumeration->words[number]);
    case KIND_str: return writing_string(out, at, *(const struct str *)value, more);
    case KIND_struct: return field->shape->write_json(out, at, value, more);
    case KIND_list: return json_write_list(out, at, field->shape, value, more);
    default: break;
    }
    out->size = (size_t)(at - out->data);
    switch ((enum field_kind)field->kind) {
    case KIND_bin: json_write_base64(out, *(const struct str *)value); break;
    case KIND_set: writing_set(out, field->enumeration, *(const uint32_t *)value); break;
    case KIND_strs: writing_strs(out, value); break;
    case KIND_map: writing_map(out, value); break;
    default: writing_vector(out, str_make(vector->values, vector->count * sizeof(float))); break;
    }
    return buffer_reserve(out, more);
}

/* `fields` and `count` are known where this is compiled. */
ALWAYS_INLINE char *json_write_fields(struct buffer *out, char *at, const struct field *fields,
                                      uint32_t count, const void *value, size_t more)
{
    const struct span *head = value; /* the same head in every struct */
    const uint32_t present = head->present;
    const size_t start = (size_t)(at - out->data);
    more += count * WRITING_FIELD_BYTES + sizeof "{}";
    at = writing_room(out, at, more);
    if (!at) return NULL;
#pragma GCC unroll 32
    for (uint32_t i = 0; i < count; i++) {
        if (!(present >> i & 1)) continue;
        at = json_write_field(out, writing_word(at, &fields[i].word), &fields[i],
                              (const char *)value + fields[i].offset, more);
        if (!at) return NULL;
    }
    if (head->extra.count && !(at = writing_extra(out, at, &head->extra, more))) return NULL;
    at += at == out->data + start;
    out->data[start] = '{'; /* over the first name's comma */
    *at = '}';
    return at + 1;
}

#undef ALWAYS_INLINE
#endif
