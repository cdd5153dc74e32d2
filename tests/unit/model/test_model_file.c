/* Model files: what is written comes back; nothing that is damaged is taken,
 * and nothing crashes. */
#include "model/model_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "test.h"

static const uint8_t numbers[100] = {1, 2, 3};

static void write_example(struct model_writer *writer)
{
    model_writer_init(writer, "segments", "segments-000001");
    model_writer_set(writer, "clusters", "%d", 64);
    model_writer_set(writer, "note", "k=%s", "v");
    model_writer_add(writer, "centroids", numbers, sizeof numbers);
    model_writer_add(writer, "empty", NULL, 0);
    model_writer_add(writer, "weights", numbers, 8);
}

static void example_bytes(struct buffer *bytes)
{
    struct model_writer writer;
    struct err err;
    write_example(&writer);
    assert_int_equal(model_writer_bytes(&writer, bytes, &err), E_OK);
    model_writer_deinit(&writer);
}

/* A copy in memory of exactly this size, so that ASan sees a read beyond it. */
static int parse_copy(struct str bytes, struct err *err)
{
    struct model_file file;
    char *copy = malloc(bytes.size ? bytes.size : 1);
    assert_non_null(copy);
    if (bytes.size) memcpy(copy, bytes.data, bytes.size);
    int rc = model_file_parse(str_make(copy, bytes.size), &file, err);
    free(copy);
    return rc;
}

static void comes_back(void **state)
{
    char path[] = "/tmp/verbatim-model-XXXXXX";
    struct model_writer writer;
    struct model_file file;
    struct err err;
    uint64_t value;
    const void *data;
    (void)state;
    close(mkstemp(path));
    write_example(&writer);
    assert_int_equal(model_writer_save(&writer, path, &err), E_OK);
    assert_int_equal(model_writer_save(&writer, path, &err), E_OK); /* over the old one */
    model_writer_deinit(&writer);
    assert_int_equal(model_file_open(path, "segments", &file, &err), E_OK);
    assert_true(str_equal(file.name, STR("segments-000001")));
    assert_true(str_equal(model_file_get(&file, "note"), STR("k=v")));
    assert_null(model_file_get(&file, "nothing").data);
    assert_int_equal(model_file_get_u64(&file, "clusters", 1, 64, &value, &err), E_OK);
    assert_int_equal(value, 64);
    assert_int_equal(model_file_section(&file, "centroids", 4, 25, &data, &err), E_OK);
    assert_int_equal((uintptr_t)data % MODEL_ALIGNMENT, 0);
    assert_memory_equal(data, numbers, sizeof numbers);
    assert_int_equal(model_file_section(&file, "empty", 4, 0, &data, &err), E_OK);
    model_file_close(&file);
    unlink(path);
}

static void the_same_model_is_the_same_bytes(void **state)
{
    struct buffer first = {0}, second = {0};
    (void)state;
    example_bytes(&first);
    example_bytes(&second);
    assert_true(str_equal(buffer_str(&first), buffer_str(&second)));
    buffer_deinit(&first);
    buffer_deinit(&second);
}

static void every_truncation_is_refused(void **state)
{
    struct buffer bytes = {0};
    (void)state;
    example_bytes(&bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct err err;
        assert_int_equal(parse_copy(str_make(bytes.data, size), &err), E_BAD_MODEL);
    }
    buffer_deinit(&bytes);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct buffer bytes = {0};
    (void)state;
    example_bytes(&bytes);
    for (size_t i = 0; i < bytes.size * 8; i++) {
        struct err err;
        bytes.data[i / 8] ^= (char)(1 << i % 8);
        assert_int_equal(parse_copy(buffer_str(&bytes), &err), E_BAD_MODEL);
        bytes.data[i / 8] ^= (char)(1 << i % 8);
    }
    buffer_deinit(&bytes);
}

/* With the checksum made right again: now the structure itself must hold. */
static void lies_with_a_right_checksum_are_refused(void **state)
{
    static const struct { const char *why; size_t at; int byte; } cases[] = {
        {"another format", 16, 2},
        {"metadata longer than the file", 22, 1},
        {"metadata one byte short", 20, -1},
        {"more sections than fit", 24, 17},
        {"fewer sections than there are", 24, 2},
        {"a reserved field", 28, 1},
        {"another size", 32, 1},
        {"a reserved byte", 50, 1},
        {"a section's name with a capital", 64, 'C'},
        {"a section's name without end", 64 + 31, 'a'},
        {"a section that begins early", 64 + 32, 0},
        {"a section far outside", 64 + 39, 0x7f},
        {"a section of endless size", 64 + 47, 0xff},
        /* One that grows into its own padding can't be told apart here: model_file_section()
         * asks for the exact size. */
        {"a section that reaches into the next", 64 + 40, 129},
        {"a capital in a key", 64 + 3 * 48, 'K'},
        {"a key without a value", 64 + 3 * 48 + 4, 'x'},
        {"a byte that is no UTF-8", 64 + 3 * 48 + 6, 0xff},
        {"no end of the last line", 64 + 3 * 48 + 55, 'x'},
    };
    struct buffer bytes = {0};
    (void)state;
    example_bytes(&bytes);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err;
        struct buffer copy = {0};
        CASE(cases[i].why);
        buffer_add(&copy, buffer_str(&bytes));
        char *byte = &copy.data[cases[i].at];
        *byte = (char)(cases[i].byte < 0 ? *byte + cases[i].byte : cases[i].byte);
        assert_true(*byte != bytes.data[cases[i].at]); /* the case does change something */
        uint64_t sum = hash_fast(str_slice(buffer_str(&copy), 16, copy.size), 0);
        memcpy(copy.data + 8, &sum, sizeof sum);
        assert_int_equal(parse_copy(buffer_str(&copy), &err), E_BAD_MODEL);
        assert_null(strstr(err.text, "checksum"));
        buffer_deinit(&copy);
    }
    buffer_deinit(&bytes);
}

static void questions_that_have_no_answer(void **state)
{
    struct buffer bytes = {0};
    struct model_file file;
    struct err err;
    uint64_t value = 7;
    const void *data = &value;
    (void)state;
    example_bytes(&bytes);
    assert_int_equal(model_file_parse(buffer_str(&bytes), &file, &err), E_OK);
    assert_int_equal(model_file_get_u64(&file, "clusters", 1, 63, &value, &err), E_BAD_MODEL);
    assert_int_equal(model_file_get_u64(&file, "note", 0, 9, &value, &err), E_BAD_MODEL);
    assert_int_equal(model_file_get_u64(&file, "nothing", 0, 9, &value, &err), E_BAD_MODEL);
    assert_int_equal(model_file_section(&file, "nothing", 1, 1, &data, &err), E_BAD_MODEL);
    assert_int_equal(model_file_section(&file, "weights", 1, 7, &data, &err), E_BAD_MODEL);
    assert_int_equal(model_file_section(&file, "weights", 3, 2, &data, &err), E_BAD_MODEL);
    assert_int_equal(value, 7);
    assert_ptr_equal(data, &value);
    buffer_deinit(&bytes);
}

static void the_writer_refuses_what_the_format_cannot_hold(void **state)
{
    static const struct { const char *why, *key, *value, *section; } cases[] = {
        {"a value of two lines", "a", "x\ny", "s"}, {"a key with a capital", "A", "x", "s"},
        {"an empty key", "", "x", "s"},             {"a key that is set already", "name", "x", "s"},
        {"a section with a blank", "a", "x", "s t"},
        {"a section of 32 letters", "a", "x", "abcdefghijklmnopqrstuvwxyzabcdef"},
        {"two sections of one name", "a", "x", "twice"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct model_writer writer;
        struct buffer bytes = {0};
        struct err err;
        CASE(cases[i].why);
        model_writer_init(&writer, "segments", "x");
        model_writer_add(&writer, "twice", numbers, 1);
        model_writer_set(&writer, cases[i].key, "%s", cases[i].value);
        model_writer_add(&writer, cases[i].section, numbers, 1);
        assert_int_equal(model_writer_bytes(&writer, &bytes, &err), E_BAD_MODEL);
        assert_int_equal(bytes.size, 0);
        model_writer_deinit(&writer);
        buffer_deinit(&bytes);
    }
}

static void files_that_are_no_models(void **state)
{
    struct model_file file;
    struct err err;
    (void)state;
    assert_int_equal(model_file_open("/nonexistent/x.model", NULL, &file, &err), E_NO_INPUT);
    assert_int_equal(model_file_open("/tmp", NULL, &file, &err), E_BAD_MODEL);
    assert_int_equal(model_file_open("/dev/null", NULL, &file, &err), E_BAD_MODEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(the_same_model_is_the_same_bytes),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(lies_with_a_right_checksum_are_refused),
        cmocka_unit_test(questions_that_have_no_answer),
        cmocka_unit_test(the_writer_refuses_what_the_format_cannot_hold),
        cmocka_unit_test(files_that_are_no_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
