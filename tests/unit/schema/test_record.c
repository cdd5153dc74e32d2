/* Records: what a program doesn't read it passes on, byte for byte; what breaks the schema
 * is told by name. */
#include "schema/record.h"

#include <stdlib.h>

#include "golden.h"
#include "schema/msgpack.h"
#include "test.h"

#define BYTES(text) {text, sizeof(text) - 1}
#define V1 "\xa1v\x01"
#define ID "\xa2id\xa1x"
#define FIVE "\x91\x91\x91\x91\x91"

static void a_message_has_version_and_id(void **state)
{
    static const struct { const char *why; struct str bytes; int rc; const char *says; } cases[] = {
        {"the least there can be",        BYTES("\x82" V1 ID),                       E_OK, NULL},
        {"in another order",              BYTES("\x82" ID V1),                       E_OK, NULL},
        {"no map",                        BYTES("\x91\x01"),                         E_BAD_MESSAGE,
         "map"},
        {"no version",                    BYTES("\x81" ID),                          E_BAD_MESSAGE,
         "\"v\" is missing"},
        {"no id",                         BYTES("\x81" V1),                          E_BAD_MESSAGE,
         "\"id\" is missing"},
        {"version 0",                     BYTES("\x82\xa1v\x00" ID),                 E_BAD_MESSAGE,
         "version number"},
        {"a version from the future",     BYTES("\x82\xa1v\x02" ID),                 E_BAD_MESSAGE,
         "newer"},
        {"a version of 64 bits",          BYTES("\x82\xa1v\xcf\x00\x00\x00\x01\x00\x00\x00\x01" ID),
         E_BAD_MESSAGE, "newer"},
        {"two versions",                  BYTES("\x83" V1 V1 ID),                    E_BAD_MESSAGE,
         "twice"},
        {"two ids",                       BYTES("\x83" V1 ID ID),                    E_BAD_MESSAGE,
         "twice"},
        {"an empty id",                   BYTES("\x82" V1 "\xa2id\xa0"),             E_BAD_MESSAGE,
         "\"id\" is not"},
        {"an id that is a number",        BYTES("\x82" V1 "\xa2id\x07"),             E_BAD_MESSAGE,
         "\"id\" is not"},
        {"a key that is no string",       BYTES("\x83" V1 ID "\x01\x02"),            E_BAD_MESSAGE,
         "not a string"},
        {"a section twice",               BYTES("\x84" V1 ID "\xa5" "audit\x80\xa5" "audit\x80"),
         E_BAD_MESSAGE, "twice"},
        {"an unknown section twice",      BYTES("\x84" V1 ID "\xa1z\x01\xa1z\x02"),  E_BAD_MESSAGE,
         "twice"},
        {"an unknown section",            BYTES("\x83" V1 ID "\xa1z\x91\x01"),       E_OK, NULL},
        {"bad UTF-8 where nobody looks",  BYTES("\x83" V1 ID "\xa1z\xa1\xff"),      E_BAD_MESSAGE,
         "string at byte 11 is not UTF-8"},
        {"bad UTF-8 in a name",           BYTES("\x83" V1 ID "\xa1\xff\x01"),       E_BAD_MESSAGE,
         "UTF-8"},
        {"cut off in a value",            BYTES("\x83" V1 ID "\xa1z\x92\x01"),      E_BAD_MESSAGE,
         "cut off"},
        {"cut off before a value",        BYTES("\x83" V1 ID "\xa1z"),              E_BAD_MESSAGE,
         "cut off"},
        {"sixteen deep with the record",  BYTES("\x83" V1 ID "\xa1z" FIVE FIVE FIVE "\x01"), E_OK,
         NULL},
        {"seventeen deep",                BYTES("\x83" V1 ID "\xa1z" FIVE FIVE FIVE "\x91\x01"),
         E_BAD_MESSAGE, "nests deeper than 16"},
        {"something behind it",           BYTES("\x82" V1 ID "\xc0"),                E_BAD_MESSAGE,
         "behind"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct record record = {.version = 77};
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(record_scan(cases[i].bytes, &arena, &record, &err), cases[i].rc);
        if (cases[i].says && !strstr(err.text, cases[i].says))
            fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].says);
        /* outputs are set on success only */
        assert_int_equal(record.version, cases[i].rc ? 77 : 1);
        arena_deinit(&arena);
    }
}

static void ids_and_unknown_sections_are_bounded(void **state)
{
    struct arena arena = {0};
    struct record record;
    struct err err = {0};
    char id[RECORD_ID_BYTES_MAX + 8] = {0};
    struct buffer message = {0};
    (void)state;
    memset(id, 'i', sizeof id - 1);
    for (int extra = 0; extra <= 1; extra++) {
        buffer_clear(&message);
        buffer_add(&message, STR("\x82" V1 "\xa2id\xd9"));
        buffer_add_char(&message, (char)(RECORD_ID_BYTES_MAX + extra));
        buffer_append(&message, id, (size_t)(RECORD_ID_BYTES_MAX + extra));
        assert_int_equal(record_scan(buffer_str(&message), &arena, &record, &err),
                         extra ? E_BAD_MESSAGE : E_OK);
    }
    for (int extra = 0; extra <= 1; extra++) {
        buffer_clear(&message);
        buffer_add(&message, STR("\xde\x00"));
        buffer_add_char(&message, (char)(2 + RECORD_UNKNOWN_MAX + extra));
        buffer_add(&message, STR(V1 ID));
        for (int i = 0; i < RECORD_UNKNOWN_MAX + extra; i++) {
            const char pair[] = {'\xa1', (char)('0' + i), '\xc0'};
            buffer_append(&message, pair, sizeof pair);
        }
        assert_int_equal(record_scan(buffer_str(&message), &arena, &record, &err),
                         extra ? E_BAD_MESSAGE : E_OK);
    }
    buffer_deinit(&message);
    arena_deinit(&arena);
}

/* Scan, put one section, write: all others, known or not, keep their very bytes,
 * odd encodings included. */
static void others_pass_byte_for_byte(void **state)
{
    /* feedback in a clumsy but legal encoding: map16, str8 names, a number in nine bytes,
     * and an unknown field */
    static const char clumsy[] = "\xde\x00\x02\xd9\x06"
                                 "rating\xcf\x00\x00\x00\x00\x00\x00\x00\x04\xd9\x03"
                                 "new\xc7\x01\x09\xaa";
    static const char future[] =
        "\xdc\x00\x02\xd3\x00\x00\x00\x00\x00\x00\x00\x01\xc6\x00\x00\x00\x01\xff";
    struct buffer message = {0};
    struct arena arena = {0};
    struct record record, again;
    struct feedback feedback;
    struct str written;
    struct err err = {0};
    struct segment segment = {0};
    (void)state;
    buffer_add(&message, STR("\x84" V1 ID "\xa6" "future"));
    buffer_append(&message, future, sizeof future - 1);
    buffer_add(&message, STR("\xa8" "feedback"));
    buffer_append(&message, clumsy, sizeof clumsy - 1);
    assert_int_equal(record_scan(buffer_str(&message), &arena, &record, &err), E_OK);
    assert_ptr_equal(record.sections[SECTION_FEEDBACK].data,
                     message.data + message.size - (sizeof clumsy - 1)); /* a view */
    shape_set(segment, &segment, segment, 3);
    shape_set(segment, &segment, distance, 0.5f);
    shape_set(segment, &segment, model, STR("segments-000001"));
    assert_int_equal(record_put(&record, SECTION_SEGMENT, &segment, &arena, &err), E_OK);
    assert_int_equal(record_write(&record, &arena, &written, &err), E_OK);
    assert_int_equal(record_scan(written, &arena, &again, &err), E_OK);
    assert_int_equal(again.sections[SECTION_FEEDBACK].size, sizeof clumsy - 1);
    assert_memory_equal(again.sections[SECTION_FEEDBACK].data, clumsy, sizeof clumsy - 1);
    assert_int_equal(again.unknown.count, 1);
    assert_true(str_equal(again.unknown.items[0].name, STR("future")));
    assert_int_equal(again.unknown.items[0].value.size, sizeof future - 1);
    assert_memory_equal(again.unknown.items[0].value.data, future, sizeof future - 1);
    /* A worker that does decode and write feedback keeps the field that it doesn't know. */
    assert_int_equal(record_decode(&again, SECTION_FEEDBACK, &feedback, &arena, &err), E_OK);
    assert_true(shape_has(feedback, &feedback, rating) && feedback.rating == 4);
    assert_int_equal(feedback.extra.count, 1);
    shape_unset(feedback, &feedback, rating);
    assert_int_equal(record_put(&again, SECTION_FEEDBACK, &feedback, &arena, &err), E_OK);
    assert_int_equal(record_write(&again, &arena, &written, &err), E_OK);
    assert_int_equal(again.sections[SECTION_FEEDBACK].size, 1 + 4 + 4);
    assert_memory_equal(again.sections[SECTION_FEEDBACK].data, "\x81\xa3" "new\xc7\x01\x09\xaa", 9);
    record_drop(&again, SECTION_FEEDBACK);
    assert_int_equal(record_decode(&again, SECTION_FEEDBACK, &feedback, &arena, &err),
                     E_BAD_MESSAGE);
    assert_non_null(strstr(err.text, "feedback is missing"));
    buffer_deinit(&message);
    arena_deinit(&arena);
}

static void a_record_beyond_the_limit_is_not_written(void **state)
{
    struct arena arena = {0};
    struct err err = {0};
    struct str written = STR("untouched");
    char *large = calloc(1, MSGPACK_BYTES_MAX);
    (void)state;
    assert_non_null(large);
    memset(large, '\x01', MSGPACK_BYTES_MAX);
    struct raw_field unknown = {STR("z"), str_make(large, MSGPACK_BYTES_MAX)};
    struct record record = {.id = STR("x"), .unknown = {&unknown, 1}};
    assert_int_equal(record_write(&record, &arena, &written, &err), E_TOO_LARGE);
    assert_string_equal(written.data, "untouched");
    arena_deinit(&arena);
    free(large);
}

/* Decodes all there is; what the answer is doesn't matter, that there is one does. */
static void decode_all(struct str message)
{
    struct arena arena = {0};
    struct record record;
    struct err err = {0};
    if (record_scan(message, &arena, &record, &err) == E_OK) {
        for (int i = 0; i < SECTION_COUNT; i++) {
            if (!record_has(&record, (enum section)i)) continue;
            void *value = arena_alloc(&arena, section_info((enum section)i)->shape->struct_bytes);
            assert_non_null(value);
            int rc = record_decode(&record, (enum section)i, value, &arena, &err);
            assert_true(rc == E_OK || rc == E_BAD_MESSAGE);
        }
    }
    assert_true(arena_used(&arena) < 1 << 20);
    arena_deinit(&arena);
}

static void every_flipped_bit_and_every_cut_is_survived(void **state)
{
    struct buffer whole = {0};
    (void)state;
    golden("whole.msgpack", &whole);
    for (size_t bit = 0; bit < whole.size * 8; bit++) {
        whole.data[bit / 8] ^= (char)(1 << bit % 8);
        decode_all(buffer_str(&whole));
        whole.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t size = 0; size < whole.size; size++) {
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, whole.data, size);
        decode_all(str_make(copy, size));
        free(copy);
    }
    buffer_deinit(&whole);
}

static void sections_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < SECTION_COUNT; i++) {
        const struct section_info *info = section_info((enum section)i);
        assert_int_equal(section_by_name(str_of(info->name)), i);
        assert_string_equal(info->shape->name, info->name);
        assert_true(strlen(info->description) > 3 && strlen(info->added_by) > 3);
    }
    assert_int_equal(section_by_name(STR("feedbac")), SECTION_COUNT);
    assert_int_equal(section_by_name(STR("")), SECTION_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_has_version_and_id),
        cmocka_unit_test(ids_and_unknown_sections_are_bounded),
        cmocka_unit_test(others_pass_byte_for_byte),
        cmocka_unit_test(a_record_beyond_the_limit_is_not_written),
        cmocka_unit_test(every_flipped_bit_and_every_cut_is_survived),
        cmocka_unit_test(sections_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
