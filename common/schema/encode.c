/* A struct to msgpack, by its field table. Sizes are bounded first, so that one allocation does. */
#include <string.h>

#include "schema/pack.h"
#include "schema/record.h"

struct any_list {
    const char *items;
    uint32_t count;
};

static bool is_present(const void *value, uint32_t index)
{
    uint32_t present;
    memcpy(&present, value, sizeof present); /* SHAPE_HEAD: first member */
    return present >> index & 1;
}

static const struct raw_fields *extras(const void *value)
{
    return &((const struct span *)value)->extra; /* the same head in every struct */
}

static size_t bound_shape(const struct shape *shape, const void *value);

static size_t bound_field(const struct field *field, const char *at)
{
    size_t bound = 16;
    const struct any_list *list = (const void *)at;
    switch ((enum field_kind)field->kind) {
    case KIND_str:
    case KIND_bin: return bound + ((const struct str *)(const void *)at)->size;
    case KIND_set:
        for (uint32_t i = 0; i < field->enumeration->count; i++)
            bound += 5 + strlen(field->enumeration->values[i]);
        return bound;
    case KIND_enum: return bound + 64;
    case KIND_strs:
        for (uint32_t i = 0; i < list->count; i++)
            bound += 5 + ((const struct str_list *)(const void *)at)->items[i].size;
        return bound;
    case KIND_map:
        for (uint32_t i = 0; i < list->count; i++) {
            const struct str_pair *pair = &((const struct str_map *)(const void *)at)->items[i];
            bound += 10 + pair->name.size + pair->value.size;
        }
        return bound;
    case KIND_vector: return bound + list->count * sizeof(float);
    case KIND_struct: return bound + bound_shape(field->shape, at);
    case KIND_list:
        for (uint32_t i = 0; i < list->count; i++)
            bound += bound_shape(field->shape,
                                 list->items + (size_t)i * field->shape->struct_bytes);
        return bound;
    default: return bound;
    }
}

static size_t bound_shape(const struct shape *shape, const void *value)
{
    size_t bound = 8;
    for (uint32_t i = 0; i < shape->count; i++)
        if (is_present(value, i))
            bound += 5u + shape->fields[i].name_size +
                     bound_field(&shape->fields[i], (const char *)value + shape->fields[i].offset);
    for (uint32_t i = 0; i < extras(value)->count; i++)
        bound += 8 + extras(value)->items[i].name.size + extras(value)->items[i].value.size;
    return bound;
}

static void encode_shape(struct pack *pack, const struct shape *shape, const void *value);

static void encode_set(struct pack *pack, const struct enumeration *enumeration, uint32_t bits)
{
    pack_array(pack, (uint32_t)__builtin_popcount(bits));
    for (uint32_t i = 0; i < enumeration->count; i++)
        if (bits >> i & 1) pack_str(pack, str_of(enumeration->values[i]));
}

static void encode_list(struct pack *pack, const struct field *field, const struct any_list *list)
{
    pack_array(pack, list->count);
    for (uint32_t i = 0; i < list->count; i++)
        encode_shape(pack, field->shape, list->items + (size_t)i * field->shape->struct_bytes);
}

static void encode_field(struct pack *pack, const struct field *field, const char *at)
{
    const struct str_list *strs = (const void *)at;
    const struct str_map *map = (const void *)at;
    uint32_t number;
    uint64_t wide;
    float real;
    switch ((enum field_kind)field->kind) {
    case KIND_bool: pack_bool(pack, *(const bool *)at); return;
    case KIND_u32: memcpy(&number, at, sizeof number); pack_uint(pack, number); return;
    case KIND_u64: memcpy(&wide, at, sizeof wide); pack_uint(pack, wide); return;
    case KIND_time: memcpy(&wide, at, sizeof wide); pack_int(pack, (int64_t)wide); return;
    case KIND_f32:
    case KIND_amount: memcpy(&real, at, sizeof real); pack_float(pack, real); return;
    case KIND_str: pack_str(pack, *(const struct str *)(const void *)at); return;
    case KIND_bin: pack_bin(pack, *(const struct str *)(const void *)at); return;
    case KIND_enum:
        memcpy(&number, at, sizeof number);
        assert(number < field->enumeration->count);
        pack_str(pack, str_of(field->enumeration->values[number]));
        return;
    case KIND_set:
        memcpy(&number, at, sizeof number);
        encode_set(pack, field->enumeration, number);
        return;
    case KIND_strs:
        pack_array(pack, strs->count);
        for (uint32_t i = 0; i < strs->count; i++) pack_str(pack, strs->items[i]);
        return;
    case KIND_map:
        pack_map(pack, map->count);
        for (uint32_t i = 0; i < map->count; i++)
            pack_str(pack, map->items[i].name), pack_str(pack, map->items[i].value);
        return;
    case KIND_vector: { /* little-endian, as every machine that this runs on */
        const struct vector *vector = (const void *)at;
        pack_bin(pack, str_make(vector->values, vector->count * sizeof(float)));
        return;
    }
    case KIND_struct: encode_shape(pack, field->shape, at); return;
    case KIND_list: encode_list(pack, field, (const struct any_list *)(const void *)at); return;
    }
}

static void encode_shape(struct pack *pack, const struct shape *shape, const void *value)
{
    uint32_t present;
    memcpy(&present, value, sizeof present);
    const struct raw_fields *extra = extras(value);
    pack_map(pack, (uint32_t)__builtin_popcount(present) + extra->count);
    for (uint32_t i = 0; i < shape->count; i++) {
        if (!is_present(value, i)) continue;
        pack_str(pack, (struct str){shape->fields[i].name, shape->fields[i].name_size});
        encode_field(pack, &shape->fields[i], (const char *)value + shape->fields[i].offset);
    }
    for (uint32_t i = 0; i < extra->count; i++) {
        pack_str(pack, extra->items[i].name);
        pack_raw(pack, extra->items[i].value);
    }
}

int shape_encode(const struct shape *shape, const void *value, struct arena *arena,
                 struct str *ret_bytes, struct err *err)
{
    struct pack pack;
    if (!pack_begin(&pack, arena, bound_shape(shape, value)))
        return err_set(err, E_NO_MEMORY, NULL);
    encode_shape(&pack, shape, value);
    *ret_bytes = pack_end(&pack);
    return E_OK;
}
