/* links: common_schema */
/* Messages from a topic: what the schema accepts comes back the same, by struct and by JSON. */
#include <assert.h>

#include "schema/json.h"
#include "schema/msgpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* JSON from a struct is what JSON from its bytes is. */
static bool json_is_the_same(enum section section, const void *value, struct str bytes,
                             struct arena *arena)
{
    struct record put = {.id = STR("x")}, encoded = {.id = STR("x")};
    struct buffer first = {0}, second = {0};
    struct err err;
    encoded.sections[section] = bytes;
    int rc = record_put(&put, section, value, arena, &err);
    assert(rc == E_OK);
    rc = json_write_scanned(&put, &first, &err);
    int rc_encoded = json_write_scanned(&encoded, &second, &err);
    assert(rc == rc_encoded && str_equal(buffer_str(&first), buffer_str(&second)));
    buffer_deinit(&first);
    buffer_deinit(&second);
    return true;
}

/* A section that decodes must encode to what decodes to the same bytes again. */
static bool section_comes_back(const struct record *record, enum section section,
                               struct arena *arena)
{
    const struct shape *shape = section_info(section)->shape;
    void *value = arena_alloc(arena, shape->struct_bytes),
         *second = arena_alloc(arena, shape->struct_bytes);
    struct str once, twice;
    struct err err;
    if (record_decode(record, section, value, arena, &err)) return false;
    int rc = shape_encode(shape, value, arena, &once, &err);
    assert(rc == E_OK && msgpack_check(once, &err) == E_OK);
    rc = shape_decode(shape, once, second, arena, &err);
    assert(rc == E_OK);
    rc = shape_encode(shape, second, arena, &twice, &err);
    assert(rc == E_OK && str_equal(once, twice));
    return json_is_the_same(section, value, once, arena);
}

static void message_comes_back(struct record *record, struct arena *arena)
{
    struct record again;
    struct str written;
    struct err err;
    int rc = record_write(record, arena, &written, &err);
    assert(rc == E_OK);
    rc = record_scan(written, arena, &again, &err);
    assert(rc == E_OK && str_equal(record->id, again.id) &&
           record->unknown.count == again.unknown.count);
    for (int i = 0; i < SECTION_COUNT; i++)
        assert(str_equal(record->sections[i], again.sections[i]));
    for (uint32_t i = 0; i < again.unknown.count; i++) {
        assert(str_equal(record->unknown.items[i].name, again.unknown.items[i].name));
        assert(str_equal(record->unknown.items[i].value, again.unknown.items[i].value));
    }
}

/* Any message that passes the scan has a JSON, unless a name in it is no string; and it is JSON. */
static void json_comes_back(struct str message, struct arena *arena)
{
    struct buffer first = {0}, second = {0};
    struct json_problems problems;
    struct str again;
    struct err err;
    if (json_write_record(message, &first, &err) == E_OK) {
        struct json_reader reader = json_reader(buffer_str(&first), NULL);
        bool is_json = json_skip(&reader, NULL) && json_end(&reader);
        assert(is_json);
        /* What the tables don't allow, such as a NUL in a text, may be refused;
         * what is taken stays as it is. */
        if (json_read_record(buffer_str(&first), arena, &again, &problems, &err) == E_OK) {
            int rc = json_write_record(again, &second, &err);
            assert(rc == E_OK);
            assert(second.size > 0);
        }
    } else {
        assert(first.size == 0);
    }
    buffer_deinit(&first);
    buffer_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct record record;
    struct err err = {0};
    struct str message = str_make(data, size);
    arena_init(&arena, 64 << 20);
    if (record_scan(message, &arena, &record, &err) == E_OK) {
        for (int i = 0; i < SECTION_COUNT; i++)
            if (record_has(&record, (enum section)i))
                section_comes_back(&record, (enum section)i, &arena);
        message_comes_back(&record, &arena);
        json_comes_back(message, &arena);
    } else {
        assert(err.code == E_BAD_MESSAGE);
    }
    /* What is read costs no more than a small multiple of its bytes, beside the
     * structs themselves. */
    assert(arena_used(&arena) < (1 << 20) + size * 1024);
    arena_deinit(&arena);
    return 0;
}
