/* Packed bodies: what comes back, and what strangers may not do. */
#include "must.h"

#include "http/unpack.h"
#include "packed.h"

enum { MOST = 16 << 20 };

static const char text[] = "{\"text\":\"The cap leaks, and it smells of nothing.\"}\n";

static enum http_coding coding = HTTP_CODING_GZIP; /* of what is unpacked */

static int unpack(struct str packed, size_t most_bytes, struct buffer *out, struct err *err)
{
    *out = (struct buffer){0};
    return http_unpack(coding, packed, most_bytes, out, err);
}

static void must_be(struct str packed, struct str expected)
{
    struct buffer out;
    struct err err = {0};
    must(unpack(packed, MOST, &out, &err), &err);
    assert_int_equal(out.size, expected.size);
    if (out.size) assert_memory_equal(out.data, expected.data, out.size);
    buffer_deinit(&out);
}

static void must_fail(struct str packed, size_t most_bytes, enum err_code code, const char *says)
{
    struct buffer out;
    struct err err = {0};
    assert_int_equal(unpack(packed, most_bytes, &out, &err), code);
    if (!strstr(err.text, says)) fail_msg("%s", err.text);
    buffer_deinit(&out);
}

static void test_members(void **state)
{
    struct buffer one = {0}, two = {0}, many = {0}, twice = {0};
    (void)state;
    pack(&one, STR(text));
    must_be(buffer_str(&one), STR(text));
    pack(&two, STR(text));
    pack(&two, STR(text));
    buffer_add(&twice, STR(text));
    buffer_add(&twice, STR(text));
    must_be(buffer_str(&two), buffer_str(&twice));
    for (int i = 0; i < 1000; i++) pack(&many, STR("")); /* members without anything */
    pack(&many, STR(text));
    must_be(buffer_str(&many), STR(text));
    buffer_deinit(&one);
    buffer_deinit(&two);
    buffer_deinit(&many);
    buffer_deinit(&twice);
}

static void test_hostile(void **state)
{
    static const struct {
        const char *why;
        struct str bytes;
        const char *says;
    } cases[] = {
        {"nothing", {"", 0}, "cut short"},
        {"no gzip", {"{\"text\":\"a\"}", 12}, "isn't valid gzip"},
        {"zlib's format", {"\x78\x9c\x4b\x04\x00\x00\x62\x00\x62", 9}, "isn't valid gzip"},
        {"another method", {"\x1f\x8b\x07\0\0\0\0\0\0\x03", 10}, "isn't valid gzip"},
        {"a preset dictionary can't be asked for", {"\x1f\x8b\x08\xe0\0\0\0\0\0\x03", 10}, "gzip"},
        {"a header without end", {"\x1f\x8b\x08\x08\0\0\0\0\0\x03name", 14}, "cut short"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        must_fail(cases[i].bytes, MOST, E_BAD_MESSAGE, cases[i].says);
    }
}

static void test_damage(void **state)
{
    struct buffer whole = {0}, out;
    struct err err;
    (void)state;
    pack(&whole, STR(text));
    for (size_t size = 0; size < whole.size; size++) {
        CASE("cut short");
        must_fail(str_make(whole.data, size), MOST, E_BAD_MESSAGE, "cut short");
    }
    for (size_t at = 0; at < whole.size * 8; at++) { /* CRC and length too */
        CASE("a bit that is wrong");
        whole.data[at / 8] = (char)(whole.data[at / 8] ^ (1 << at % 8));
        int rc = unpack(buffer_str(&whole), MOST, &out, &err);
        if (rc == E_OK) assert_true(str_equal(buffer_str(&out), STR(text))); /* time, system */
        else assert_int_equal(rc, E_BAD_MESSAGE);
        if (at / 8 >= whole.size - 8) assert_int_equal(rc, E_BAD_MESSAGE);
        buffer_deinit(&out);
        whole.data[at / 8] = (char)(whole.data[at / 8] ^ (1 << at % 8));
    }
    CASE("something behind it");
    buffer_add(&whole, str_make("\0\0", 2));
    must_fail(buffer_str(&whole), MOST, E_BAD_MESSAGE, "gzip");
    whole.size -= 2;
    buffer_add(&whole, STR("{\"text\":\"smuggled\"}"));
    must_fail(buffer_str(&whole), MOST, E_BAD_MESSAGE, "isn't valid gzip");
    buffer_deinit(&whole);
}

static void test_bombs(void **state)
{
    static char zeros[1 << 20];
    struct buffer packed = {0}, out;
    struct err err = {0};
    (void)state;
    CASE("little may be as repetitive as it likes");
    pack(&packed, str_make(zeros, sizeof zeros));
    must_be(buffer_str(&packed), str_make(zeros, sizeof zeros));
    CASE("the limit, to the byte");
    assert_int_equal(unpack(buffer_str(&packed), sizeof zeros, &out, &err), E_OK);
    buffer_deinit(&out);
    must_fail(buffer_str(&packed), sizeof zeros - 1, E_TOO_LARGE, "more than 1048575 bytes");
    CASE("more, in one member or many");
    for (int i = 0; i < 64; i++) pack(&packed, str_make(zeros, sizeof zeros));
    must_fail(buffer_str(&packed), 1 << 30, E_TOO_LARGE, "200 times");
    assert_int_equal(unpack(buffer_str(&packed), MOST, &out, &err), E_TOO_LARGE);
    assert_true(out.capacity <= 2 * packed.size * UNPACK_RATIO_MOST); /* given up on the way */
    buffer_deinit(&out);
    buffer_deinit(&packed);
}

static void test_zstd(void **state)
{
    static char zeros[64 << 20];
    static const struct str before_rfc = { /* v0.7, of a window of 128 MiB: a raw block, its end */
        "\x27\xb5\x2f\xfd\0\x88\x40\0\x12{\"text\":\"a leaks\"}\xc0\0\0", 30};
    struct buffer packed = {0}, twice = {0}, bomb = {0};
    (void)state;
    coding = HTTP_CODING_ZSTD;
    pack_zstd(&packed, STR(text));
    must_be(buffer_str(&packed), STR(text));
    for (size_t size = 0; size < packed.size; size++) {
        CASE("cut short");
        must_fail(str_make(packed.data, size), MOST, E_BAD_MESSAGE, "cut short");
    }
    CASE("two frames");
    pack_zstd(&packed, STR(text));
    buffer_add(&twice, STR(text));
    buffer_add(&twice, STR(text));
    must_be(buffer_str(&packed), buffer_str(&twice));
    CASE("something behind it");
    buffer_add(&packed, STR("{\"text\":\"smuggled\"}"));
    must_fail(buffer_str(&packed), MOST, E_BAD_MESSAGE, "isn't valid zstd");
    CASE("no zstd");
    must_fail(STR("{\"text\":\"a\"}"), MOST, E_BAD_MESSAGE, "isn't valid zstd");
    CASE("a window that needs more memory than we give");
    must_fail(str_make("\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00", 9), MOST, E_BAD_MESSAGE,
              "isn't valid zstd");
    CASE("a frame to be skipped, and one behind it");
    packed.size = 0;
    buffer_add(&packed, str_make("\x50\x2a\x4d\x18\x03\0\0\0abc", 11));
    pack_zstd(&packed, STR(text));
    must_be(buffer_str(&packed), STR(text));
    CASE("as zstd was before RFC 8878, behind that and alone: its window isn't bounded");
    buffer_add(&packed, before_rfc);
    must_fail(buffer_str(&packed), MOST, E_BAD_MESSAGE, "isn't valid zstd: no frame");
    must_fail(before_rfc, MOST, E_BAD_MESSAGE, "isn't valid zstd: no frame");
    CASE("a bomb");
    pack_zstd(&bomb, str_make(zeros, sizeof zeros));
    must_fail(buffer_str(&bomb), 1 << 30, E_TOO_LARGE, "200 times");
    must_fail(buffer_str(&bomb), 1000, E_TOO_LARGE, "more than 1000 bytes");
    buffer_deinit(&packed);
    buffer_deinit(&twice);
    buffer_deinit(&bomb);
    coding = HTTP_CODING_GZIP;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_zstd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
