/* Msgpack to a struct, by its field table: types, bounds, required and doubled
 * fields are checked. */
#include <math.h>

#include "base/clock.h"
#include "schema/msgpack.h"
#include "schema/record.h"

enum { EXTRA_MAX = 64 };

struct decoder {
    struct msgpack_reader reader;
    struct arena *arena;
    struct err *err;
};

struct any_list {
    void *items;
    uint32_t count;
};

static int decode_shape(struct decoder *decoder, const struct shape *shape, uint32_t pairs,
                        void *value);

static int wrong(struct decoder *decoder, const struct field *field, const char *expected)
{
    return err_set(decoder->err, E_BAD_MESSAGE, "%s is not %s", field->name, expected);
}

static int decode_u32(struct decoder *decoder, const struct field *field,
                      const struct msgpack_item *item, char *at)
{
    uint32_t limit = field->most ? field->most : UINT32_MAX;
    if (item->kind != MSGPACK_UINT || item->uint > limit)
        return wrong(decoder, field, "a whole number within its bounds");
    uint32_t number = (uint32_t)item->uint;
    memcpy(at, &number, sizeof number);
    return E_OK;
}

static int decode_f32(struct decoder *decoder, const struct field *field,
                      const struct msgpack_item *item, char *at)
{
    double real;
    if (item->kind == MSGPACK_FLOAT) real = item->real;
    else if (item->kind == MSGPACK_UINT) real = (double)item->uint;
    else if (item->kind == MSGPACK_INT) real = (double)item->sint;
    else return wrong(decoder, field, "a number");
    double most = field->most ? (double)field->most : 3e38;
    if (!(real >= (field->kind == KIND_amount ? 0 : -most) && real <= most)) /* nor NaN */
        return wrong(decoder, field, "within its bounds");
    float number = (float)real;
    memcpy(at, &number, sizeof number);
    return E_OK;
}

static int decode_wide(struct decoder *decoder, const struct field *field,
                       const struct msgpack_item *item, char *at)
{
    bool negative_allowed = field->kind == KIND_time;
    if (item->kind != MSGPACK_UINT && !(negative_allowed && item->kind == MSGPACK_INT))
        return wrong(decoder, field, "a whole number");
    if (negative_allowed && item->kind == MSGPACK_UINT && item->uint > INT64_MAX)
        return wrong(decoder, field, "a time");
    if (negative_allowed && !time_is_writable(item->sint))
        return wrong(decoder, field, "a time of the years 1 to 9999");
    memcpy(at, &item->uint, sizeof item->uint);
    return E_OK;
}

static int decode_str(struct decoder *decoder, const struct field *field,
                      const struct msgpack_item *item, char *at)
{
    enum msgpack_kind kind = field->kind == KIND_bin ? MSGPACK_BIN : MSGPACK_STR;
    if (item->kind != kind)
        return wrong(decoder, field, kind == MSGPACK_BIN ? "binary" : "a string");
    if (field->most && item->bytes.size > field->most)
        return err_set(decoder->err, E_BAD_MESSAGE, "%s is longer than %u bytes", field->name,
                       field->most);
    memcpy(at, &item->bytes, sizeof item->bytes);
    return E_OK;
}

static int decode_enum(struct decoder *decoder, const struct field *field,
                       const struct msgpack_item *item, char *at)
{
    uint32_t number = item->kind == MSGPACK_STR ? enumeration_find(field->enumeration, item->bytes)
                                                : field->enumeration->count;
    if (number == field->enumeration->count)
        return wrong(decoder, field, "one of its known values");
    memcpy(at, &number, sizeof number);
    return E_OK;
}

static bool next_str(struct decoder *decoder, struct str *ret_text)
{
    struct msgpack_item item;
    if (!msgpack_next(&decoder->reader, &item) || item.kind != MSGPACK_STR) return false;
    *ret_text = item.bytes;
    return true;
}

static int decode_set(struct decoder *decoder, const struct field *field,
                      const struct msgpack_item *item, char *at)
{
    uint32_t bits = 0;
    if (item->kind != MSGPACK_ARRAY) return wrong(decoder, field, "a list");
    for (uint32_t i = 0; i < item->count; i++) {
        struct str name;
        uint32_t number = next_str(decoder, &name) ? enumeration_find(field->enumeration, name)
                                                   : field->enumeration->count;
        if (number == field->enumeration->count)
            return wrong(decoder, field, "a list of its known values");
        bits |= 1u << number;
    }
    memcpy(at, &bits, sizeof bits);
    return E_OK;
}

static int check_count(struct decoder *decoder, const struct field *field,
                       const struct msgpack_item *item, enum msgpack_kind kind)
{
    if (item->kind != kind) return wrong(decoder, field, kind == MSGPACK_MAP ? "a map" : "a list");
    if (item->count > field->most)
        return err_set(decoder->err, E_BAD_MESSAGE, "%s has more than %u items", field->name,
                       field->most);
    return E_OK;
}

static int decode_strs(struct decoder *decoder, const struct field *field,
                       const struct msgpack_item *item, char *at)
{
    int rc = check_count(decoder, field, item, MSGPACK_ARRAY);
    if (rc) return rc;
    struct str_list list = {
        .items = ARENA_ARRAY(decoder->arena, struct str, item->count), .count = item->count};
    if (!list.items) return err_set(decoder->err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < list.count; i++)
        if (!next_str(decoder, &list.items[i])) return wrong(decoder, field, "a list of strings");
    memcpy(at, &list, sizeof list);
    return E_OK;
}

static int decode_map(struct decoder *decoder, const struct field *field,
                      const struct msgpack_item *item, char *at)
{
    int rc = check_count(decoder, field, item, MSGPACK_MAP);
    if (rc) return rc;
    struct str_map map = {.items = ARENA_ARRAY(decoder->arena, struct str_pair, item->count)};
    if (!map.items) return err_set(decoder->err, E_NO_MEMORY, NULL);
    while (map.count < item->count) { /* at most field->most of them */
        struct str_pair pair;
        if (!next_str(decoder, &pair.name) || !next_str(decoder, &pair.value))
            return wrong(decoder, field, "a map of strings");
        if (str_map_find(&map, pair.name))
            return wrong(decoder, field, "a map whose names differ");
        map.items[map.count++] = pair;
    }
    memcpy(at, &map, sizeof map);
    return E_OK;
}

static int decode_vector(struct decoder *decoder, const struct field *field,
                         const struct msgpack_item *item, char *at)
{
    if (item->kind != MSGPACK_BIN || item->bytes.size % sizeof(float) ||
        item->bytes.size / sizeof(float) > field->most)
        return wrong(decoder, field, "a vector of float32 within its bounds");
    /* aligned, unlike the message */
    float *values = arena_alloc(decoder->arena, item->bytes.size + 1);
    if (!values) return err_set(decoder->err, E_NO_MEMORY, NULL);
    if (item->bytes.size) memcpy(values, item->bytes.data, item->bytes.size);
    struct vector vector = {
        .values = values, .count = (uint32_t)(item->bytes.size / sizeof(float))};
    for (uint32_t i = 0; i < vector.count; i++)
        if (!isfinite(values[i])) return wrong(decoder, field, "a vector of finite numbers");
    memcpy(at, &vector, sizeof vector);
    return E_OK;
}

static int decode_list(struct decoder *decoder, const struct field *field,
                       const struct msgpack_item *item, char *at)
{
    int rc = check_count(decoder, field, item, MSGPACK_ARRAY);
    if (rc) return rc;
    char *items = arena_array(decoder->arena, item->count, field->shape->struct_bytes);
    if (!items) return err_set(decoder->err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < item->count; i++) {
        struct msgpack_item map;
        if (!msgpack_next(&decoder->reader, &map) || map.kind != MSGPACK_MAP)
            return wrong(decoder, field, "a list of maps");
        rc = decode_shape(decoder, field->shape, map.count,
                          items + (size_t)i * field->shape->struct_bytes);
        if (rc) return err_wrap(decoder->err, "%s[%u]", field->name, i);
    }
    struct any_list list = {.items = items, .count = item->count};
    memcpy(at, &list, sizeof list);
    return E_OK;
}

static int decode_field(struct decoder *decoder, const struct field *field, char *at)
{
    struct msgpack_item item;
    if (!msgpack_next(&decoder->reader, &item))
        return err_set(decoder->err, E_BAD_MESSAGE, "message is cut off");
    switch ((enum field_kind)field->kind) {
    case KIND_bool:
        if (item.kind != MSGPACK_BOOL) return wrong(decoder, field, "true or false");
        memcpy(at, &item.flag, sizeof item.flag);
        return E_OK;
    case KIND_u32: return decode_u32(decoder, field, &item, at);
    case KIND_u64:
    case KIND_time: return decode_wide(decoder, field, &item, at);
    case KIND_f32:
    case KIND_amount: return decode_f32(decoder, field, &item, at);
    case KIND_str:
    case KIND_bin: return decode_str(decoder, field, &item, at);
    case KIND_enum: return decode_enum(decoder, field, &item, at);
    case KIND_set: return decode_set(decoder, field, &item, at);
    case KIND_strs: return decode_strs(decoder, field, &item, at);
    case KIND_map: return decode_map(decoder, field, &item, at);
    case KIND_vector: return decode_vector(decoder, field, &item, at);
    case KIND_list: return decode_list(decoder, field, &item, at);
    case KIND_struct:
        if (item.kind != MSGPACK_MAP) return wrong(decoder, field, "a map");
        return decode_shape(decoder, field->shape, item.count, at)
                   ? err_wrap(decoder->err, "%s", field->name)
                   : E_OK;
    }
    return err_set(decoder->err, E_BUG, NULL);
}

static int keep_extra(struct decoder *decoder, struct raw_field *extra, uint32_t *count,
                      struct str name)
{
    for (uint32_t i = 0; i < *count; i++)
        if (str_equal(extra[i].name, name))
            return err_set(decoder->err, E_BAD_MESSAGE, "a field is there twice");
    if (*count == EXTRA_MAX)
        return err_set(decoder->err, E_BAD_MESSAGE, "more than %d unknown fields", EXTRA_MAX);
    extra[*count].name = name;
    if (!msgpack_skip(&decoder->reader, &extra[*count].value))
        return err_set(decoder->err, E_BAD_MESSAGE, "message is cut off");
    ++*count;
    return E_OK;
}

static int check_required(struct decoder *decoder, const struct shape *shape, uint32_t present)
{
    for (uint32_t i = 0; i < shape->count; i++)
        if (shape->fields[i].required && !(present >> i & 1))
            return err_set(decoder->err, E_BAD_MESSAGE, "%s is missing", shape->fields[i].name);
    return E_OK;
}

static int decode_shape(struct decoder *decoder, const struct shape *shape, uint32_t pairs,
                        void *value)
{
    struct raw_field extra[EXTRA_MAX];
    uint32_t present = 0, extra_count = 0, next = 0;
    int rc = E_OK;
    memset(value, 0, shape->struct_bytes);
    for (uint32_t i = 0; i < pairs && rc == E_OK; i++) {
        struct str name;
        if (!next_str(decoder, &name))
            return err_set(decoder->err, E_BAD_MESSAGE, "a field's name is not a string");
        const struct field *field = shape_field_near(shape, name, next);
        if (!field) {
            rc = keep_extra(decoder, extra, &extra_count, name);
            continue;
        }
        next = (uint32_t)(field - shape->fields) + 1;
        uint32_t bit = 1u << (next - 1);
        if (present & bit)
            return err_set(decoder->err, E_BAD_MESSAGE, "%s is there twice", field->name);
        present |= bit;
        rc = decode_field(decoder, field, (char *)value + field->offset);
    }
    if (rc == E_OK) rc = check_required(decoder, shape, present);
    if (rc) return rc;
    struct raw_field *kept = extra_count
                                 ? ARENA_ARRAY(decoder->arena, struct raw_field, extra_count)
                                 : NULL;
    if (extra_count && !kept) return err_set(decoder->err, E_NO_MEMORY, NULL);
    if (kept) memcpy(kept, extra, extra_count * sizeof *kept);
    struct span *head = value; /* the same head in every struct */
    head->present = present;
    head->extra = (struct raw_fields){kept, extra_count};
    return E_OK;
}

int shape_decode(const struct shape *shape, struct str bytes, void *ret_value, struct arena *arena,
                 struct err *err)
{
    struct decoder decoder = {.reader = msgpack_reader(bytes), .arena = arena, .err = err};
    struct msgpack_item map;
    if (!msgpack_next(&decoder.reader, &map) || map.kind != MSGPACK_MAP)
        return err_set(err, E_BAD_MESSAGE, "it is not a map");
    return decode_shape(&decoder, shape, map.count, ret_value);
}
