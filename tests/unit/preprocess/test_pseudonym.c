/* Customers under another name: the same for the same key, and the key's file. */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workers/preprocess/pseudonym.h"

static void hashes_with_a_key(void **state)
{
    /* RFC 4231, test case 2: HMAC-SHA-256 with the key "Jefe", first half. */
    struct pseudonym pseudonym = {0}, other = {0};
    struct arena arena = {0};
    struct err err;
    (void)state;
    assert_int_equal(pseudonym_open(&pseudonym, "Jefe", "", &err), E_OK);
    struct str hash = pseudonym_of(&pseudonym, STR("what do ya want for nothing?"), &arena);
    assert_true(str_equal(hash, STR("5bdcc146bf60754e6a042426089575c7")));
    assert_int_equal(pseudonym_open(&other, "Jef2", "", &err), E_OK);
    assert_false(
        str_equal(hash, pseudonym_of(&other, STR("what do ya want for nothing?"), &arena)));
    assert_false(
        str_equal(hash, pseudonym_of(&pseudonym, STR("what do ya want for nothing!"), &arena)));
    pseudonym_close(&pseudonym), pseudonym_close(&other);
    arena_deinit(&arena);
}

static void makes_a_key(void **state)
{
    struct pseudonym first = {0}, second = {0};
    struct err err;
    (void)state;
    assert_int_equal(pseudonym_open(&first, "", "", &err), E_OK); /* of this run only */
    assert_int_equal(pseudonym_open(&second, "", "", &err), E_OK);
    assert_true(first.key_size >= 32 && second.key_size >= 32);
    assert_memory_not_equal(first.key, second.key, 32);
    pseudonym_close(&first), pseudonym_close(&second);
}

static void keeps_the_key(void **state)
{
    char folder[] = "/tmp/verbatim-key-XXXXXX", path[64], window[64];
    struct pseudonym first = {0}, second = {0};
    struct stat status;
    struct err err;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/customer.key", folder);
    assert_int_equal(pseudonym_open(&first, "", folder, &err), E_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(pseudonym_open(&second, "", folder, &err), E_OK);
    assert_int_equal(first.key_size, second.key_size);
    assert_memory_equal(first.key, second.key, first.key_size);
    pseudonym_close(&first), pseudonym_close(&second);
    CASE("a key that is too short is refused");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("short\n", file);
    fclose(file);
    assert_int_equal(pseudonym_open(&second, "", folder, &err), E_BAD_CONFIG);
    unlink(path);
    CASE("one that is gone isn't made anew where a window says that there was one");
    snprintf(window, sizeof window, "%s/preprocess-3.window", folder);
    fclose(fopen(window, "w"));
    assert_int_equal(pseudonym_open(&second, "", folder, &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(stat(path, &status), -1);
    assert_int_equal(pseudonym_open(&second, "of configuration", folder, &err), E_OK);
    pseudonym_close(&second);
    unlink(window);
    rmdir(folder);
}

/* Of one in another container that has our process number, and is just linking its key into place:
 * what it wrote isn't ours to write over. */
static void leaves_anothers_file_alone(void **state)
{
    char folder[] = "/tmp/verbatim-key-XXXXXX", path[64], theirs[96];
    struct pseudonym pseudonym = {0};
    struct stat status;
    struct err err;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/customer.key", folder);
    snprintf(theirs, sizeof theirs, "%s.%ld", path, (long)getpid());
    FILE *file = fopen(theirs, "w");
    assert_non_null(file);
    fputs("their key, not ours", file);
    fclose(file);
    assert_int_equal(pseudonym_open(&pseudonym, "", folder, &err), E_OK);
    assert_int_equal(stat(theirs, &status), 0);
    assert_int_equal(status.st_size, sizeof "their key, not ours" - 1);
    pseudonym_close(&pseudonym);
    unlink(path), unlink(theirs);
    assert_int_equal(rmdir(folder), 0); /* nothing else is left there */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_with_a_key),
        cmocka_unit_test(makes_a_key),
        cmocka_unit_test(keeps_the_key),
        cmocka_unit_test(leaves_anothers_file_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
