/* Each kind of field on the wire: what it takes, what it refuses, and that it comes
 * back the same. */
#include "schema/msgpack.h"
#include "schema/record.h"
#include "must.h"

#define BYTES(text) {text, sizeof(text) - 1}

union any_value {
    struct span span;
    struct feedback feedback;
    struct safety safety;
    struct sentiment sentiment;
    struct features features;
    struct insight insight;
    struct dead_letter dead_letter;
};

/* Name first, as it is in the map: "\xa5" "start". */
static const struct {
    const char *why;
    const struct shape *shape;
    struct str bytes;
    const char *says; /* NULL: it is taken, and written and read again */
} fields[] = {
    {"two numbers", &span_shape, BYTES("\x82\xa5" "start\x01\xa3" "end\x02"), NULL},
    {"no map", &span_shape, BYTES("\x91\x01"), "not a map"},
    {"a required field is missing", &span_shape, BYTES("\x81\xa5" "start\x01"), "end is missing"},
    {"a field twice", &span_shape, BYTES("\x83\xa5" "start\x01\xa3" "end\x02\xa3" "end\x02"),
     "end is there twice"},
    {"an unknown field twice", &span_shape,
     BYTES("\x84\xa5" "start\x01\xa3" "end\x02\xa1z\x02\xa1z\x02"), "there twice"},
    {"a name that is a number", &span_shape, BYTES("\x83\xa5" "start\x01\xa3" "end\x02\x01\x02"),
     "name is not a string"},
    {"a negative u32", &span_shape, BYTES("\x82\xa5" "start\xff\xa3" "end\x02"),
     "start is not a whole number"},
    {"33 bits in a u32", &span_shape,
     BYTES("\x82\xa5" "start\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa3" "end\x02"), "start is not"},
    {"a double in a u32", &span_shape,
     BYTES("\x82\xa5" "start\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xa3" "end\x02"), "start is not"},
    {"nil in a u32", &span_shape, BYTES("\x82\xa5" "start\xc0\xa3" "end\x02"), "start is not"},
    {"a whole number in a float", &feedback_shape, BYTES("\x81\xa6" "rating\x04"), NULL},
    {"a double in a float", &feedback_shape,
     BYTES("\x81\xa6" "rating\xcb\x40\x10\x00\x00\x00\x00\x00\x00"), NULL},
    {"NaN", &feedback_shape, BYTES("\x81\xa6" "rating\xca\x7f\xc0\x00\x00"),
     "rating is not within"},
    {"infinity", &feedback_shape, BYTES("\x81\xa6" "rating\xca\x7f\x80\x00\x00"),
     "rating is not within"},
    {"beyond the bound", &feedback_shape, BYTES("\x81\xa6" "rating\x65"), "rating is not within"},
    {"below the bound", &feedback_shape, BYTES("\x81\xa6" "rating\xd0\x9b"),
     "rating is not within"},
    {"a string in a float", &feedback_shape, BYTES("\x81\xa6" "rating\xa1" "4"),
     "rating is not a number"},
    {"binary for a string", &feedback_shape, BYTES("\x81\xa4" "text\xc4\x01x"),
     "text is not a string"},
    {"an early time", &feedback_shape,
     BYTES("\x81\xab" "occurred_at\xd3\xff\xff\xc7\x7c\xed\xd3\x28\x00"), NULL},
    {"a time before the year 1", &feedback_shape,
     BYTES("\x81\xab" "occurred_at\xd3\xff\xff\xc7\x7c\xed\xd3\x27\xff"), "years 1 to 9999"},
    {"a time of 64 bits", &feedback_shape,
     BYTES("\x81\xab" "occurred_at\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "not a time"},
    {"a time as text", &feedback_shape, BYTES("\x81\xab" "occurred_at\xa1" "1"),
     "not a whole number"},
    {"a map of strings", &feedback_shape,
     BYTES("\x81\xaa" "attributes\x82\xa1" "a\xa1" "1\xa1" "b\xa1" "2"), NULL},
    {"a map with a number in it", &feedback_shape, BYTES("\x81\xaa" "attributes\x81\xa1" "a\x01"),
     "not a map of strings"},
    {"a map whose names are the same", &feedback_shape,
     BYTES("\x81\xaa" "attributes\x82\xa1" "a\xa1" "1\xa1" "a\xa1" "2"), "names differ"},
    {"a list for a map", &feedback_shape, BYTES("\x81\xaa" "attributes\x90"),
     "attributes is not a map"},
    {"an enumeration by name", &safety_shape,
     BYTES("\x82\xa5" "state\xa8" "positive\xa7" "serious\xc2"), NULL},
    {"an enumeration by number", &safety_shape, BYTES("\x82\xa5" "state\x00\xa7" "serious\xc2"),
     "state is not one of"},
    {"an unknown value", &safety_shape, BYTES("\x82\xa5" "state\xa5" "maybe\xa7" "serious\xc2"),
     "state is not one of"},
    {"a boolean as a number", &safety_shape,
     BYTES("\x82\xa5" "state\xa8" "positive\xa7" "serious\x01"), "serious is not true or false"},
    {"a set", &safety_shape,
     BYTES("\x83\xa5" "state\xa8" "positive\xa7" "serious\xc2\xa5" "kinds\x91\xa6" "hazard"), NULL},
    {"a set with an unknown name", &safety_shape,
     BYTES("\x83\xa5" "state\xa8" "positive\xa7" "serious\xc2\xa5" "kinds\x91\xa6" "hazarD"),
     "kinds is not a list"},
    {"a set that is a name", &safety_shape,
     BYTES("\x83\xa5" "state\xa8" "positive\xa7" "serious\xc2\xa5" "kinds\xa6" "hazard"),
     "kinds is not a list"},
    {"a vector", &features_shape,
     BYTES("\x82\xa6" "vector\xc4\x04\x00\x00\x80\x3f\xa9" "extractor\xa1" "e"), NULL},
    {"a vector of five bytes", &features_shape,
     BYTES("\x82\xa6" "vector\xc4\x05\x00\x00\x80\x3f\x00\xa9" "extractor\xa1" "e"),
     "vector is not"},
    {"a vector with NaN", &features_shape,
     BYTES("\x82\xa6" "vector\xc4\x04\x00\x00\xc0\x7f\xa9" "extractor\xa1" "e"), "finite"},
    {"a vector as an array", &features_shape,
     BYTES("\x82\xa6" "vector\x91\x01\xa9" "extractor\xa1" "e"), "vector is not"},
    {"a list of structs", &sentiment_shape,
     BYTES("\x83\xa5" "label\xa5" "mixed\xa5" "score\x00\xa8" "evidence\x91\x82\xa5" "start\x01\xa3"
           "end\x02"), NULL},
    {"a list of numbers", &sentiment_shape,
     BYTES("\x83\xa5" "label\xa5" "mixed\xa5" "score\x00\xa8" "evidence\x91\x01"),
     "not a list of maps"},
    {"the item that is wrong is named", &sentiment_shape,
     BYTES("\x83\xa5" "label\xa5" "mixed\xa5" "score\x00\xa8" "evidence\x92\x82\xa5" "start\x01\xa3"
           "end\x02\x81\xa5" "start\x01"), "evidence[1]: end is missing"},
    {"a struct in a struct", &insight_shape,
     BYTES("\x82\xa8" "provider\xa1" "x\xa9" "sentiment\x81\xa5" "label\xa5" "mixed"),
     "sentiment: score is missing"},
};

static void fields_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct arena arena = {0};
        union any_value value;
        struct str again;
        struct err err = {0};
        CASE(fields[i].why);
        /* the schema decides, not the pre-scan */
        assert_int_equal(msgpack_check(fields[i].bytes, &err), E_OK);
        int rc = shape_decode(fields[i].shape, fields[i].bytes, &value, &arena, &err);
        if (fields[i].says) {
            assert_int_equal(rc, E_BAD_MESSAGE);
            if (!strstr(err.text, fields[i].says))
                fail_msg("\"%s\" lacks \"%s\"", err.text, fields[i].says);
        } else {
            must(rc, &err);
            assert_int_equal(shape_encode(fields[i].shape, &value, &arena, &again, &err), E_OK);
            union any_value second;
            assert_int_equal(shape_decode(fields[i].shape, again, &second, &arena, &err), E_OK);
        }
        arena_deinit(&arena);
    }
}

/* Every string, list and vector of every section: what is one beyond its bound is refused. */
static void every_bound_is_kept(void **state)
{
    struct buffer bytes = {0};
    unsigned judged = 0;
    (void)state;
    for (int section = 0; section < SECTION_COUNT; section++) {
        const struct shape *shape = section_info((enum section)section)->shape;
        for (uint32_t i = 0; i < shape->count; i++) {
            const struct field *field = &shape->fields[i];
            struct arena arena = {0};
            struct err err = {0};
            uint32_t most = field->most + 1;
            bool is_list = field->kind == KIND_strs || field->kind == KIND_list;
            if (!field->most || !(field->kind == KIND_str || field->kind == KIND_bin || is_list ||
                                  field->kind == KIND_vector))
                continue;
            buffer_clear(&bytes);
            buffer_add(&bytes, STR("\x81\xd9"));
            buffer_add_char(&bytes, (char)field->name_size);
            buffer_append(&bytes, field->name, field->name_size);
            uint32_t size = field->kind == KIND_vector ? most * 4 : most;
            const char head[] = {
                field->kind == KIND_str ? '\xdb' : is_list ? '\xdd' : '\xc6', (char)(size >> 24),
                (char)(size >> 16), (char)(size >> 8), (char)size};
            buffer_append(&bytes, head, sizeof head);
            for (uint32_t j = 0; j < size; j++) buffer_add_char(&bytes, is_list ? '\x80' : 'x');
            void *value = arena_zalloc(&arena, shape->struct_bytes);
            assert_int_equal(shape_decode(shape, buffer_str(&bytes), value, &arena, &err),
                             E_BAD_MESSAGE);
            if (!strstr(err.text, field->name) || strstr(err.text, "missing"))
                fail_msg("%s.%s: %s", shape->name, field->name, err.text);
            judged++;
            arena_deinit(&arena);
        }
    }
    assert_true(judged > 30);
    buffer_deinit(&bytes);
}

static void unknown_fields_are_bounded(void **state)
{
    (void)state;
    for (int extra = 0; extra <= 1; extra++) {
        struct buffer bytes = {0};
        struct arena arena = {0};
        struct span span;
        struct err err = {0};
        buffer_add(&bytes, STR("\xde\x00"));
        buffer_add_char(&bytes, (char)(2 + 64 + extra));
        buffer_add(&bytes, STR("\xa5" "start\x01\xa3" "end\x02"));
        for (int i = 0; i < 64 + extra; i++) buffer_printf(&bytes, "\xa4z%03d\x01", i);
        assert_int_equal(shape_decode(&span_shape, buffer_str(&bytes), &span, &arena, &err),
                         extra ? E_BAD_MESSAGE : E_OK);
        if (!extra) assert_int_equal(span.extra.count, 64);
        arena_deinit(&arena);
        buffer_deinit(&bytes);
    }
}

static void presence_is_told_by_bits(void **state)
{
    struct arena arena = {0};
    struct feedback feedback = {0}, again;
    struct str bytes;
    struct err err = {0};
    (void)state;
    feedback.rating = 5; /* without its bit, a value isn't there */
    shape_set(feedback, &feedback, text, STR("t"));
    shape_set(feedback, &feedback, channel, STR(""));
    assert_int_equal(shape_encode(&feedback_shape, &feedback, &arena, &bytes, &err), E_OK);
    assert_int_equal(shape_decode(&feedback_shape, bytes, &again, &arena, &err), E_OK);
    assert_true(shape_has(feedback, &again, text) && shape_has(feedback, &again, channel));
    assert_false(shape_has(feedback, &again, rating));
    assert_true(again.rating == 0 && again.channel.size == 0);
    shape_unset(feedback, &again, text);
    assert_false(shape_has(feedback, &again, text));
    arena_deinit(&arena);
}

static void tables_are_sound(void **state)
{
    (void)state;
    for (int section = 0; section < SECTION_COUNT; section++) {
        const struct shape *shape = section_info((enum section)section)->shape;
        for (uint32_t i = 0; i < shape->count; i++) {
            const struct field *field = &shape->fields[i];
            if (shape_field(shape, str_of(field->name)) != field)
                fail_msg("%s.%s: not found, or twice", shape->name, field->name);
            assert_int_equal(field->name_size, strlen(field->name));
            assert_true(field->name_size <= 31 && field->offset < shape->struct_bytes &&
                        strlen(field->help) > 3);
            assert_int_equal(strspn(field->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                             field->name_size);
            if (field->kind == KIND_set) assert_true(field->enumeration->count <= 32);
            if (field->kind == KIND_list || field->kind == KIND_strs || field->kind == KIND_map ||
                field->kind == KIND_vector)
                assert_true(field->most > 0); /* every list has a bound */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_checked),
        cmocka_unit_test(every_bound_is_kept),
        cmocka_unit_test(unknown_fields_are_bounded),
        cmocka_unit_test(presence_is_told_by_bits),
        cmocka_unit_test(tables_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
