/* The store of answers: what is found is what was put last, and it stays within its bound. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "workers/genai/answers.h"

static struct answer_key key_of(uint64_t number)
{
    struct answer_key key;
    hash_sha256(str_make(&number, sizeof number), key.bytes);
    return key;
}

static struct answers *open_memory(size_t bytes)
{
    struct answers *answers;
    struct err err;
    assert_int_equal(answers_open(NULL, bytes, &answers, &err), E_OK);
    return answers;
}

static void test_put_and_find(void **state)
{
    struct answers *answers = open_memory(1 << 20);
    struct answer_key one = key_of(1), two = key_of(2);
    struct str value;
    (void)state;
    assert_false(answers_find(answers, &one, &value));
    answers_put(answers, &one, STR("first"));
    answers_put(answers, &two, STR(""));
    assert_true(answers_find(answers, &one, &value) && str_equal(value, STR("first")));
    assert_true(answers_find(answers, &two, &value) && value.size == 0);
    answers_put(answers, &one, STR("of another replica, later"));
    assert_true(answers_find(answers, &one, &value) &&
                str_equal(value, STR("of another replica, later")));
    assert_int_equal(answers_count(answers), 2);
    answers_close(answers);
    answers_close(NULL);
}

static void test_too_large(void **state)
{
    struct answers *answers = open_memory(ANSWERS_BYTES_MIN);
    struct answer_key key = key_of(1);
    static char large[ANSWERS_BYTES_MIN / 8];
    struct str value;
    (void)state;
    answers_put(answers, &key, str_make(large, sizeof large));
    assert_false(answers_find(answers, &key, &value));
    answers_put(answers, &key, str_make(large, sizeof large - 64));
    assert_true(answers_find(answers, &key, &value) && value.size == sizeof large - 64);
    answers_close(answers);
}

/* Against a plain array of what was put last: nothing else is ever found, and the
 * newest always is. */
static void test_against_a_model(void **state)
{
    enum { KEYS = 3000, STEPS = 60000, SIZE_MOST = 700 };
    static uint32_t last[KEYS], version[KEYS]; /* 0: never put */
    struct answers *answers = open_memory(ANSWERS_BYTES_MIN);
    struct random random;
    uint64_t found = 0, lost = 0;
    (void)state;
    random_seed(&random, 6);
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t number = (uint32_t)random_below(&random, KEYS);
        struct answer_key key = key_of(number);
        struct str value;
        uint8_t bytes[SIZE_MOST];
        if (random_below(&random, 2)) {
            last[number] = (uint32_t)random_below(&random, SIZE_MOST);
            version[number] = step;
            memset(bytes, (int)(step % 251), last[number]);
            answers_put(answers, &key, str_make(bytes, last[number]));
            assert_true(answers_find(answers, &key, &value));
        }
        if (!answers_find(answers, &key, &value)) {
            lost += version[number] != 0;
            continue;
        }
        found++;
        assert_true(version[number] != 0);
        assert_int_equal(value.size, last[number]);
        for (size_t i = 0; i < value.size; i++)
            assert_int_equal((uint8_t)value.data[i], version[number] % 251);
    }
    assert_true(found > 1000 && lost > 1000); /* both happened */
    assert_in_range(answers_count(answers), 1, ANSWERS_BYTES_MIN / 48);
    answers_close(answers);
}

static void test_use_keeps(void **state)
{
    struct answers *answers = open_memory(ANSWERS_BYTES_MIN);
    struct answer_key used = key_of(1), unused = key_of(2);
    static const char filler[200];
    struct str value;
    (void)state;
    answers_put(answers, &used, STR("used"));
    answers_put(answers, &unused, STR("unused"));
    for (uint64_t i = 0; i < 3000; i++) { /* the ring comes round several times */
        struct answer_key key = key_of(100 + i);
        answers_put(answers, &key, str_make(filler, sizeof filler));
        assert_true(answers_find(answers, &used, &value) && str_equal(value, STR("used")));
    }
    assert_false(answers_find(answers, &unused, &value));
    answers_close(answers);
}

static void test_file(void **state)
{
    char path[] = "/tmp/verbatim-answers-XXXXXX";
    struct answers *answers, *second;
    struct answer_key key = key_of(1);
    struct str value;
    struct err err;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(answers_open(path, ANSWERS_BYTES_MIN, &answers, &err), E_OK);
    answers_put(answers, &key, STR("kept"));
    assert_int_equal(answers_open(path, ANSWERS_BYTES_MIN, &second, &err), E_IN_USE);
    answers_close(answers);
    assert_int_equal(answers_open(path, ANSWERS_BYTES_MIN, &answers, &err), E_OK);
    assert_false(answers_find(answers, &key, &value)); /* begun anew: the topic fills it */
    answers_close(answers);
    unlink(path);
    assert_int_not_equal(answers_open("/nowhere/answers", ANSWERS_BYTES_MIN, &answers, &err), E_OK);
}

static void test_keys(void **state)
{
    static const struct {
        const char *why;
        struct str parts[3];
        size_t count;
    } cases[] = {
        {"two parts", {{"ab", 2}, {"c", 1}}, 2},
        {"cut elsewhere", {{"a", 1}, {"bc", 2}}, 2},
        {"in one", {{"abc", 3}}, 1},
        {"an empty part behind", {{"abc", 3}, {"", 0}}, 2},
        {"an empty part in front", {{"", 0}, {"abc", 3}}, 2},
        {"nothing", {{NULL, 0}}, 0},
        {"another case", {{"ABC", 3}}, 1},
    };
    struct answer_key keys[COUNT_OF(cases)], again;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        answer_key_of(cases[i].parts, cases[i].count, &keys[i]);
        answer_key_of(cases[i].parts, cases[i].count, &again);
        assert_memory_equal(&keys[i], &again, sizeof again);
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(&keys[i], &keys[j], sizeof keys[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_find),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_against_a_model),
        cmocka_unit_test(test_use_keeps),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
