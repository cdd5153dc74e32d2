/* Buffers: growth, the failed state, and whole files under a limit. */
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "test.h"

static void bytes_survive_growth(void **state)
{
    struct buffer buffer = {0};
    (void)state;
    for (int i = 0; i < 5000; i++) buffer_printf(&buffer, "%04d", i);
    assert_int_equal(buffer.size, 20000);
    assert_false(buffer.failed);
    assert_memory_equal(buffer.data, "00000001", 8);
    assert_memory_equal(buffer.data + 19996, "4999", 4);
    buffer_deinit(&buffer);
    assert_null(buffer.data);
    buffer_deinit(&buffer);
    buffer_deinit(NULL);
}

static void appends_take_any_bytes(void **state)
{
    struct buffer buffer = {0};
    (void)state;
    buffer_add(&buffer, STR("a\0b"));
    buffer_add(&buffer, (struct str){0}); /* NULL with no bytes is nothing */
    buffer_add_char(&buffer, '!');
    assert_int_equal(buffer.size, 4);
    assert_memory_equal(buffer_cstr(&buffer), "a\0b!", 5);
    assert_int_equal(buffer.size, 4); /* the NUL isn't counted */
    buffer_clear(&buffer);
    assert_string_equal(buffer_cstr(&buffer), "");
    buffer_deinit(&buffer);
}

static void an_impossible_size_fails_for_good(void **state)
{
    struct buffer buffer = {0};
    (void)state;
    buffer_add(&buffer, STR("kept"));
    assert_null(buffer_reserve(&buffer, SIZE_MAX - 2));
    assert_true(buffer.failed);
    buffer_add(&buffer, STR("ignored"));
    buffer_printf(&buffer, "%d", 1);
    assert_int_equal(buffer.size, 4);
    assert_string_equal(buffer_cstr(&buffer), "");
    buffer_clear(&buffer); /* the only way back */
    buffer_add(&buffer, STR("again"));
    assert_string_equal(buffer_cstr(&buffer), "again");
    buffer_deinit(&buffer);
}

static void consume_drops_from_the_front(void **state)
{
    struct buffer buffer = {0};
    (void)state;
    buffer_consume(&buffer, 10); /* of nothing */
    buffer_add(&buffer, STR("abcdef"));
    buffer_consume(&buffer, 0);
    buffer_consume(&buffer, 2);
    assert_true(str_equal(buffer_str(&buffer), STR("cdef")));
    buffer_consume(&buffer, 99);
    assert_int_equal(buffer.size, 0);
    buffer_deinit(&buffer);
}

static void a_file_is_read_whole_or_refused(void **state)
{
    char path[] = "/tmp/verbatim-test-buffer-XXXXXX";
    char block[1000];
    struct err err;
    struct buffer buffer = {0};
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    memset(block, 'z', sizeof block);
    for (int i = 0; i < 200; i++) assert_int_equal(write(fd, block, sizeof block), sizeof block);
    close(fd);

    assert_int_equal(buffer_read_file(&buffer, path, 200000, &err), E_OK); /* exactly the limit */
    assert_int_equal(buffer.size, 200000);
    assert_int_equal(buffer.data[199999], 'z');
    buffer_clear(&buffer);
    assert_int_equal(buffer_read_file(&buffer, path, 199999, &err), E_TOO_LARGE);
    assert_non_null(strstr(err.text, path));
    unlink(path);
    buffer_clear(&buffer);
    assert_int_equal(buffer_read_file(&buffer, path, 10, &err), E_NO_INPUT);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(buffer_read_file(&buffer, "/tmp", 10, &err), E_NO_INPUT); /* a directory */
    buffer_deinit(&buffer);
}

static void a_text_has_no_byte_order_mark(void **state)
{
    static const struct { const char *why, *file, *text; } cases[] = {
        {"as an editor saves it", "\xEF\xBB\xBF[bus]\n", "[bus]\n"},
        {"once", "\xEF\xBB\xBF\xEF\xBB\xBFx", "\xEF\xBB\xBFx"},
        {"none", "[bus]\n", "[bus]\n"},
        {"not elsewhere", "a\xEF\xBB\xBF", "a\xEF\xBB\xBF"},
        {"nor half of one", "\xEF\xBB", "\xEF\xBB"},
        {"nothing", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char path[] = "/tmp/verbatim-test-buffer-XXXXXX";
        struct buffer buffer = {0};
        struct err err;
        CASE(cases[i].why);
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, cases[i].file, strlen(cases[i].file)), strlen(cases[i].file));
        close(fd);
        assert_int_equal(buffer_read_text(&buffer, path, 100, &err), E_OK);
        assert_string_equal(buffer_cstr(&buffer), cases[i].text);
        buffer_deinit(&buffer);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_survive_growth),
        cmocka_unit_test(appends_take_any_bytes),
        cmocka_unit_test(an_impossible_size_fails_for_good),
        cmocka_unit_test(consume_drops_from_the_front),
        cmocka_unit_test(a_file_is_read_whole_or_refused),
        cmocka_unit_test(a_text_has_no_byte_order_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
