/* links: common_schema */
/* JSON records: what is accepted becomes a sound message, and its JSON stays the
 * same from then on. */
#include <assert.h>

#include "schema/json.h"
#include "schema/msgpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stays_the_same(struct str message, struct arena *arena)
{
    struct buffer first = {0}, second = {0};
    struct json_problems problems;
    struct record record;
    struct str again;
    struct err err = {0};
    int rc = record_scan(message, arena, &record, &err);
    assert(rc == E_OK);
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (!record_has(&record, (enum section)i)) continue;
        void *value = arena_alloc(arena, section_info((enum section)i)->shape->struct_bytes);
        rc = record_decode(&record, (enum section)i, value, arena, &err);
        assert(rc == E_OK); /* JSON is never laxer than msgpack */
    }
    rc = json_write_record(message, &first, &err);
    assert(rc == E_OK);
    rc = json_read_record(buffer_str(&first), arena, &again, &problems, &err);
    assert(rc == E_OK && problems.count == 0);
    rc = json_write_record(again, &second, &err);
    assert(rc == E_OK && str_equal(buffer_str(&first), buffer_str(&second)));
    buffer_deinit(&first);
    buffer_deinit(&second);
}

static void problems_are_texts(const struct json_problems *problems)
{
    assert(problems->count <= JSON_PROBLEMS_MAX);
    for (uint32_t i = 0; i < problems->count; i++) {
        struct str pointer = problems->items[i].pointer;
        assert(str_is_utf8(pointer) && str_is_utf8(problems->items[i].detail));
        assert(pointer.size == 0 || pointer.data[0] == '/');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct shape *const shapes[] = {
        &feedback_shape, &insight_shape, &safety_shape, &features_shape};
    struct str text = str_make(data, size), message;
    struct json_problems problems = {.count = 0};
    struct arena arena;
    struct err err = {0};
    arena_init(&arena, 64 << 20);
    int rc = json_read_record(text, &arena, &message, &problems, &err);
    problems_are_texts(&problems);
    if (rc == E_OK) stays_the_same(message, &arena);
    else assert(rc == E_BAD_JSON || rc == E_BAD_MESSAGE);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        union {
            struct feedback feedback;
            struct insight insight;
            struct safety safety;
            struct features features;
        } value;
        rc = json_read_shape(shapes[i], text, i % 2 ? JSON_UNKNOWN_KEEP : JSON_UNKNOWN_REFUSE,
                             &arena, &value, &problems, &err);
        problems_are_texts(&problems);
        assert(rc == E_OK || rc == E_BAD_JSON || rc == E_BAD_MESSAGE);
    }
    arena_deinit(&arena);
    return 0;
}
