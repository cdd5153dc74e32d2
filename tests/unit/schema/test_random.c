/* Whatever a struct may hold comes back: random values of every section, by msgpack and by
 * JSON, byte for byte. */

#include "base/random.h"
#include "schema/json.h"
#include "must.h"

#include <math.h>

enum { RECORDS = 300 };

struct maker {
    struct random random;
    struct arena *arena;
};

static uint64_t below(struct maker *maker, uint64_t bound)
{
    return random_below(&maker->random, bound);
}

static struct str some_text(struct maker *maker, uint32_t most)
{
    static const char *const pieces[] = {
        "", "a", " ", "caf\xc3\xa9", "\xf0\x9f\x94\xa5", "\"", "\\", "\n\t", "\x01\x7f",
        "\xef\xbf\xbf", "{\"", "</", "\xe2\x80\xa8", "0123456789012345678901234567890123456789"};
    struct buffer text = {0};
    for (uint64_t left = below(maker, 12); left; left--)
        buffer_add(&text, str_of(pieces[below(maker, COUNT_OF(pieces))]));
    struct str cut = str_slice(buffer_str(&text), 0, most ? most : SIZE_MAX);
    cut.size = str_utf8_valid_prefix(cut);
    struct str copy = arena_copy(maker->arena, cut);
    buffer_deinit(&text);
    return copy;
}

/* Sixty-fourths, which six decimals hold exactly, within the bound. */
static float some_number(struct maker *maker, uint32_t most)
{
    double range = most ? most : 4096;
    return (float)(((double)below(maker, (uint64_t)(range * 128) + 1) / 64) - range);
}

static uint32_t some_count(struct maker *maker, uint32_t most)
{
    return (uint32_t)below(maker, (most < 6 ? most : 6) + 1);
}

static void fill(struct maker *maker, const struct shape *shape, char *value);

static void fill_list(struct maker *maker, const struct field *field, char *at)
{
    struct { char *items; uint32_t count; } list = {.count = some_count(maker, field->most)};
    list.items = arena_array(maker->arena, list.count, field->shape->struct_bytes);
    for (uint32_t i = 0; i < list.count; i++)
        fill(maker, field->shape, list.items + (size_t)i * field->shape->struct_bytes);
    memcpy(at, &list, sizeof list);
}

static void fill_map(struct maker *maker, const struct field *field, struct str_map *map)
{
    map->count = some_count(maker, field->most);
    map->items = ARENA_ARRAY(maker->arena, struct str_pair, map->count);
    for (uint32_t i = 0; i < map->count; i++)
        map->items[i] = (struct str_pair){arena_printf(maker->arena, "%u/~\"", i),
                                          some_text(maker, 0)};
}

static void fill_field(struct maker *maker, const struct field *field, char *at)
{
    uint32_t number = 0;
    uint64_t wide = 0;
    switch ((enum field_kind)field->kind) {
    case KIND_bool: *(bool *)at = below(maker, 2) != 0; return;
    case KIND_u32:
        number = (uint32_t)below(maker, field->most ? field->most + 1 : (uint64_t)UINT32_MAX + 1);
        break;
    case KIND_enum: number = (uint32_t)below(maker, field->enumeration->count); break;
    case KIND_set: number = (uint32_t)below(maker, 1ull << field->enumeration->count); break;
    case KIND_u64: wide = random_u64(&maker->random); memcpy(at, &wide, sizeof wide); return;
    case KIND_time:
        *(int64_t *)(void *)at = -62135596800000 +
                                 (int64_t)below(maker, 62135596800000 + 253402300800000);
        return;
    case KIND_amount: *(float *)(void *)at = fabsf(some_number(maker, field->most)); return;
    case KIND_f32: *(float *)(void *)at = some_number(maker, field->most); return;
    case KIND_str: *(struct str *)(void *)at = some_text(maker, field->most); return;
    case KIND_bin: wide = random_u64(&maker->random);
        *(struct str *)(void *)at = arena_copy(maker->arena,
                                               str_make(&wide, below(maker, sizeof wide + 1)));
        return;
    case KIND_strs: {
        struct str_list list = {.count = some_count(maker, field->most)};
        list.items = ARENA_ARRAY(maker->arena, struct str, list.count);
        for (uint32_t i = 0; i < list.count; i++) list.items[i] = some_text(maker, 0);
        memcpy(at, &list, sizeof list);
        return;
    }
    case KIND_map: fill_map(maker, field, (struct str_map *)(void *)at); return;
    case KIND_vector: {
        struct vector vector = {.count = some_count(maker, field->most)};
        float *values = arena_array(maker->arena, vector.count, sizeof *values);
        for (uint32_t i = 0; i < vector.count; i++) values[i] = some_number(maker, 1);
        vector.values = values;
        memcpy(at, &vector, sizeof vector);
        return;
    }
    case KIND_struct: fill(maker, field->shape, at); return;
    case KIND_list: fill_list(maker, field, at); return;
    }
    memcpy(at, &number, sizeof number);
}

static void fill(struct maker *maker, const struct shape *shape, char *value)
{
    static const struct raw_field unknown[] = {
        {{"zz1", 3}, {"\x93\x07\xc3\xa1x", 5}}, {{"zz2", 3}, {"\xc0", 1}}};
    struct span *head = (struct span *)(void *)value; /* the same head in every struct */
    for (uint32_t i = 0; i < shape->count; i++) {
        if (!shape->fields[i].required && below(maker, 3) == 0) continue;
        fill_field(maker, &shape->fields[i], value + shape->fields[i].offset);
        head->present |= 1u << i;
    }
    head->extra = (struct raw_fields){unknown, (uint32_t)below(maker, 3)};
}

static struct str some_record(struct maker *maker)
{
    struct record record = {.id = arena_printf(maker->arena, "r%u", (unsigned)below(maker, 1000))};
    struct err err = {0};
    struct str message;
    for (int section = 0; section < SECTION_COUNT; section++) {
        const struct shape *shape = section_info((enum section)section)->shape;
        if (below(maker, 2)) continue;
        char *value = arena_zalloc(maker->arena, shape->struct_bytes);
        fill(maker, shape, value);
        assert_int_equal(record_put(&record, (enum section)section, value, maker->arena, &err),
                         E_OK);
    }
    assert_int_equal(record_write(&record, maker->arena, &message, &err), E_OK);
    return message;
}

static void structs_come_back(struct str message, struct arena *arena)
{
    struct record record;
    struct str again;
    struct err err = {0};
    must(record_scan(message, arena, &record, &err), &err);
    for (int section = 0; section < SECTION_COUNT; section++) {
        if (!record_has(&record, (enum section)section)) continue;
        void *value = arena_alloc(arena, section_info((enum section)section)->shape->struct_bytes);
        must(record_decode(&record, (enum section)section, value, arena, &err), &err);
        assert_int_equal(record_put(&record, (enum section)section, value, arena, &err), E_OK);
    }
    /* From structs that nobody has encoded yet, JSON is the same as from their message. */
    struct buffer of_structs = {0}, of_message = {0};
    must(json_write_scanned(&record, &of_structs, &err), &err);
    must(json_write_record(message, &of_message, &err), &err);
    if (!str_equal(buffer_str(&of_structs), buffer_str(&of_message)))
        fail_msg("%s\nisn't\n%s", buffer_cstr(&of_structs), buffer_cstr(&of_message));
    buffer_deinit(&of_structs);
    buffer_deinit(&of_message);
    assert_int_equal(record_write(&record, arena, &again, &err), E_OK);
    assert_true(str_equal(message, again));
}

static void json_comes_back(struct str message, struct arena *arena)
{
    struct buffer json = {0};
    struct json_problems problems;
    struct str again;
    struct err err = {0};
    must(json_write_record(message, &json, &err), &err);
    if (json_read_record(buffer_str(&json), arena, &again, &problems, &err))
        fail_msg("%s: %s", err.text, buffer_cstr(&json));
    if (!str_equal(message, again)) fail_msg("not the same from %s", buffer_cstr(&json));
    buffer_deinit(&json);
}

static void random_records_come_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RECORDS; seed++) { /* a failure can be had again by its seed */
        struct arena arena = {0};
        struct maker maker = {.arena = &arena};
        random_seed(&maker.random, seed);
        struct str message = some_record(&maker);
        structs_come_back(message, &arena);
        json_comes_back(message, &arena);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_records_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
