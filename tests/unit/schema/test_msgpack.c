/* The pre-scan lets nothing through that could cost more than its own bytes. */
#include "schema/msgpack.h"

#include <stdlib.h>

#include "golden.h"
#include "test.h"

#define BYTES(text) {text, sizeof(text) - 1}

/* In a piece of memory of exactly this size, so that ASan sees a read beyond it. */
static int check_copy(struct str bytes, struct err *err)
{
    char *copy = malloc(bytes.size ? bytes.size : 1);
    assert_non_null(copy);
    if (bytes.size) memcpy(copy, bytes.data, bytes.size);
    int rc = msgpack_check(str_make(copy, bytes.size), err);
    free(copy);
    return rc;
}

static void whole_messages_are_told_from_others(void **state)
{
    static const struct { const char *why; struct str bytes; int rc; const char *says; } cases[] = {
        {"nothing at all",                          BYTES(""),
         E_BAD_MESSAGE, "cut off"},
        {"nil",                                     BYTES("\xc0"),                     E_OK, NULL},
        {"the type that is never used",             BYTES("\xc1"),
         E_BAD_MESSAGE, "byte 0"},
        {"an array of 67 million from five bytes",  BYTES("\xdd\x04\x00\x00\x00"),
         E_BAD_MESSAGE, "byte 0"},
        {"a map of four billion pairs",             BYTES("\xdf\xff\xff\xff\xff"),
         E_BAD_MESSAGE, "byte 0"},
        {"a map of one pair with half of it",       BYTES("\x81\x01"),
         E_BAD_MESSAGE, "byte 0"},
        {"a map whose second value is missing",     BYTES("\x82\x01\x02\x03\x91"),
         E_BAD_MESSAGE, NULL},
        {"an array that is as long as it says",     BYTES("\xdc\x00\x02\x01\x02"),     E_OK, NULL},
        {"an array of one item too many",           BYTES("\xdc\x00\x03\x01\x02"),
         E_BAD_MESSAGE, "byte 0"},
        {"two objects",                             BYTES("\x01\x02"),
         E_BAD_MESSAGE, "1 bytes behind"},
        {"a string",                                BYTES("\xa3" "abc"),               E_OK, NULL},
        {"a string beyond the end",                 BYTES("\xa4" "abc"),
         E_BAD_MESSAGE, "byte 0"},
        {"a string of 4 GB",                        BYTES("\xdb\xff\xff\xff\xff" "a"),
         E_BAD_MESSAGE, "byte 0"},
        {"a string with half a character",          BYTES("\xa2" "a\xc3"),
         E_BAD_MESSAGE, "UTF-8"},
        {"an overlong slash",                       BYTES("\xa2\xc0\xaf"),
         E_BAD_MESSAGE, "UTF-8"},
        {"a surrogate in UTF-8",                    BYTES("\xa3\xed\xa0\x80"),
         E_BAD_MESSAGE, "UTF-8"},
        {"a map's key is checked too",              BYTES("\x81\xa1\xff\x01"),
         E_BAD_MESSAGE, "UTF-8"},
        {"binary may hold anything",                BYTES("\xc4\x02\xff\xfe"),         E_OK, NULL},
        {"binary beyond the end",                   BYTES("\xc6\x00\x00\x00\x02\xff"),
         E_BAD_MESSAGE, "byte 0"},
        {"an extension: type and bytes",            BYTES("\xd4\x01\x02"),             E_OK, NULL},
        {"an extension without its bytes",          BYTES("\xd4\x01"),
         E_BAD_MESSAGE, "byte 0"},
        {"a long extension",                        BYTES("\xc7\x01\x05\xaa"),         E_OK, NULL},
        {"a long extension without its type",       BYTES("\xc7\x01\x05"),
         E_BAD_MESSAGE, "byte 0"},
        {"an extension of 4 GB",                    BYTES("\xc9\xff\xff\xff\xff\x05"),
         E_BAD_MESSAGE, "byte 0"},
        {"a double that is cut off",                BYTES("\xcb\x00\x00\x00"),
         E_BAD_MESSAGE, "byte 0"},
        {"empty containers",                        BYTES("\x92\x90\x80"),             E_OK, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(check_copy(cases[i].bytes, &err), cases[i].rc);
        if (cases[i].says && !strstr(err.text, cases[i].says))
            fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].says);
    }
}

static void depth_is_bounded(void **state)
{
    static const struct { const char *why; size_t depth; char open; int rc; } cases[] = {
        {"sixteen arrays", 16, '\x91', E_OK},
        {"seventeen", 17, '\x91', E_BAD_MESSAGE},
        {"155 bytes that cost msgpack-c 16 GB", 155, '\x91', E_BAD_MESSAGE},
        {"a million", 1000000, '\x91', E_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        CASE(cases[i].why);
        char *bytes = malloc(cases[i].depth + 1);
        assert_non_null(bytes);
        memset(bytes, cases[i].open, cases[i].depth);
        bytes[cases[i].depth] = '\x01';
        assert_int_equal(check_copy(str_make(bytes, cases[i].depth + 1), &err), cases[i].rc);
        if (cases[i].rc) assert_non_null(strstr(err.text, "nests deeper than 16"));
        free(bytes);
    }
}

static void size_and_number_are_bounded(void **state)
{
    static const struct { const char *why; size_t count; char item; int rc; } cases[] = {
        {"as many objects as allowed, with the array itself", MSGPACK_NODES_MAX - 1, '\x01', E_OK},
        {"one more", MSGPACK_NODES_MAX, '\x01', E_BAD_MESSAGE},
        {"more bytes than any message has", MSGPACK_BYTES_MAX, '\x01', E_TOO_LARGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        CASE(cases[i].why);
        char *bytes = malloc(cases[i].count + 5);
        assert_non_null(bytes);
        uint32_t count = (uint32_t)cases[i].count;
        const char head[] = {
            '\xdd', (char)(count >> 24), (char)(count >> 16), (char)(count >> 8), (char)count};
        memcpy(bytes, head, 5);
        memset(bytes + 5, cases[i].item, cases[i].count);
        assert_int_equal(check_copy(str_make(bytes, cases[i].count + 5), &err), cases[i].rc);
        free(bytes);
    }
}

static void items_have_their_values(void **state)
{
    static const struct {
        const char *why;
        struct str bytes;
        enum msgpack_kind kind;
        int64_t value;
    } cases[] = {
        {"positive fixint", BYTES("\x7f"), MSGPACK_UINT, 127},
        {"negative fixint", BYTES("\xe0"), MSGPACK_INT, -32},
        {"uint8", BYTES("\xcc\xff"), MSGPACK_UINT, 255},
        {"uint16", BYTES("\xcd\xff\xfe"), MSGPACK_UINT, 65534},
        {"uint32", BYTES("\xce\xff\xff\xff\xff"), MSGPACK_UINT, 4294967295},
        {"uint64", BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), MSGPACK_UINT, INT64_MAX},
        {"int8", BYTES("\xd0\x80"), MSGPACK_INT, -128},
        {"int16", BYTES("\xd1\xff\x00"), MSGPACK_INT, -256},
        {"int32", BYTES("\xd2\x80\x00\x00\x00"), MSGPACK_INT, INT32_MIN},
        {"int64", BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), MSGPACK_INT, INT64_MIN},
        {"a signed type with a positive value is a UINT", BYTES("\xd1\x00\x05"), MSGPACK_UINT, 5},
        {"false", BYTES("\xc2"), MSGPACK_BOOL, 0},
        {"true", BYTES("\xc3"), MSGPACK_BOOL, 1},
        {"float32 of 1.5", BYTES("\xca\x3f\xc0\x00\x00"), MSGPACK_FLOAT, 1},
        {"float64 of -2.5", BYTES("\xcb\xc0\x04\x00\x00\x00\x00\x00\x00"), MSGPACK_FLOAT, -2},
        {"fixmap", BYTES("\x81\x01\x02"), MSGPACK_MAP, 1},
        {"array16", BYTES("\xdc\x00\x01\x02"), MSGPACK_ARRAY, 1},
        {"fixext 4 holds four bytes", BYTES("\xd6\x01\x01\x02\x03\x04"), MSGPACK_EXT, 4},
        {"str8",
         BYTES("\xd9\x01"
               "a"),
         MSGPACK_STR, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct msgpack_reader reader = msgpack_reader(cases[i].bytes);
        struct msgpack_item item = {0};
        CASE(cases[i].why);
        assert_true(msgpack_next(&reader, &item));
        assert_int_equal(item.kind, cases[i].kind);
        int64_t value = item.kind == MSGPACK_BOOL    ? item.flag
                        : item.kind == MSGPACK_FLOAT ? (int64_t)item.real
                        : item.kind == MSGPACK_ARRAY || item.kind == MSGPACK_MAP
                            ? (int64_t)item.count
                        : item.kind == MSGPACK_STR || item.kind == MSGPACK_EXT
                            ? (int64_t)item.bytes.size
                            : item.sint;
        assert_int_equal(value, cases[i].value);
    }
}

static void skipping_takes_one_object(void **state)
{
    static const struct { const char *why; struct str bytes; size_t size; bool good; } cases[] = {
        {"a scalar", BYTES("\x01\x02"), 1, true},
        {"a map with all in it", BYTES("\x82\x01\x92\x02\x03\x04\x80\x05"), 7, true},
        {"an empty array", BYTES("\x90\x01"), 1, true},
        {"one that is cut off", BYTES("\x92\x01"), 0, false},
        {"nothing", BYTES(""), 0, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct msgpack_reader reader = msgpack_reader(cases[i].bytes);
        struct str raw = {0};
        CASE(cases[i].why);
        assert_int_equal(msgpack_skip(&reader, &raw), cases[i].good);
        if (cases[i].good) assert_int_equal(raw.size, cases[i].size);
    }
}

static void every_cut_of_a_message_is_refused(void **state)
{
    struct buffer whole = {0};
    struct err err = {0};
    (void)state;
    golden("whole.msgpack", &whole);
    assert_int_equal(check_copy(buffer_str(&whole), &err), E_OK);
    for (size_t size = 0; size < whole.size; size++)
        assert_int_equal(check_copy(str_make(whole.data, size), &err), E_BAD_MESSAGE);
    buffer_add_char(&whole, '\xc0');
    assert_int_equal(check_copy(buffer_str(&whole), &err), E_BAD_MESSAGE);
    buffer_deinit(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_messages_are_told_from_others),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(size_and_number_are_bounded),
        cmocka_unit_test(items_have_their_values),
        cmocka_unit_test(skipping_takes_one_object),
        cmocka_unit_test(every_cut_of_a_message_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
