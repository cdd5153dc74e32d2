/* The wire format is what it was: golden bytes to JSON and back, byte for byte. */
#include <stdlib.h>

#include "schema/json.h"
#include "schema/msgpack.h"
#include "must.h"

static const char *const names[] = {"whole", "smallest"};

static struct str read_golden(const char *name, const char *suffix, struct buffer *into)
{
    char path[4096];
    struct err err = {0};
    const char *source = getenv("VERBATIM_SOURCE");
    snprintf(path, sizeof path, "%s/tests/golden/%s.%s", source ? source : ".", name, suffix);
    must(buffer_read_file(into, path, 1 << 20, &err), &err);
    return buffer_str(into);
}

static void bytes_read_as_the_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct buffer message = {0}, json = {0}, written = {0};
        struct err err = {0};
        CASE(names[i]);
        read_golden(names[i], "msgpack", &message);
        read_golden(names[i], "json", &json);
        assert_int_equal(json_write_record(buffer_str(&message), &written, &err), E_OK);
        buffer_add_char(&written, '\n');
        assert_string_equal(buffer_cstr(&written), buffer_cstr(&json));
        buffer_deinit(&message), buffer_deinit(&json), buffer_deinit(&written);
    }
}

static void json_writes_as_the_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct buffer message = {0}, json = {0};
        struct arena arena = {0};
        struct json_problems problems;
        struct str written;
        struct err err = {0};
        CASE(names[i]);
        read_golden(names[i], "msgpack", &message);
        read_golden(names[i], "json", &json);
        must(json_read_record(buffer_str(&json), &arena, &written, &problems, &err), &err);
        assert_int_equal(written.size, message.size);
        assert_memory_equal(written.data, message.data, message.size);
        arena_deinit(&arena);
        buffer_deinit(&message), buffer_deinit(&json);
    }
}

/* Through the structs: each section is decoded, encoded, and put back. */
static void sections_come_back_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct buffer message = {0};
        struct arena arena = {0};
        struct record record;
        struct str written;
        struct err err = {0};
        CASE(names[i]);
        read_golden(names[i], "msgpack", &message);
        assert_int_equal(record_scan(buffer_str(&message), &arena, &record, &err), E_OK);
        for (int section = 0; section < SECTION_COUNT; section++) {
            if (!record_has(&record, (enum section)section)) continue;
            void *value = arena_alloc(&arena,
                                      section_info((enum section)section)->shape->struct_bytes);
            must(record_decode(&record, (enum section)section, value, &arena, &err), &err);
            assert_int_equal(record_put(&record, (enum section)section, value, &arena, &err), E_OK);
        }
        assert_int_equal(record_write(&record, &arena, &written, &err), E_OK);
        assert_int_equal(written.size, message.size);
        assert_memory_equal(written.data, message.data, message.size);
        arena_deinit(&arena);
        buffer_deinit(&message);
    }
}

static void assert_whole(const struct shape *shape, const void *value)
{
    uint32_t present;
    memcpy(&present, value, sizeof present);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        const char *at = (const char *)value + field->offset;
        if (!(present >> i & 1)) fail_msg("%s.%s is not in whole.json", shape->name, field->name);
        if (field->kind == KIND_struct) assert_whole(field->shape, at);
        if (field->kind != KIND_list) continue;
        const char *first;
        memcpy(&first, at, sizeof first);
        assert_non_null(first);
        assert_whole(field->shape, first);
    }
}

static void whole_has_every_field(void **state)
{
    struct buffer message = {0};
    struct arena arena = {0};
    struct record record;
    struct err err = {0};
    (void)state;
    read_golden("whole", "msgpack", &message);
    assert_int_equal(record_scan(buffer_str(&message), &arena, &record, &err), E_OK);
    for (int section = 0; section < SECTION_COUNT; section++) {
        const struct shape *shape = section_info((enum section)section)->shape;
        void *value = arena_alloc(&arena, shape->struct_bytes);
        CASE(shape->name);
        must(record_decode(&record, (enum section)section, value, &arena, &err), &err);
        assert_whole(shape, value);
    }
    assert_int_equal(record.unknown.count, 1);
    arena_deinit(&arena);
    buffer_deinit(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_read_as_the_json),
        cmocka_unit_test(json_writes_as_the_bytes),
        cmocka_unit_test(sections_come_back_the_same),
        cmocka_unit_test(whole_has_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
