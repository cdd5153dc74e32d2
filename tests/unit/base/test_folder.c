/* Folders are made with those above them. */
#include "base/folder.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static void folders_are_made(void **state)
{
    static const struct { const char *why, *path; int rc; } cases[] = {
        {"one", "a", E_OK},
        {"it may be there", "a", E_OK},
        {"with those above it", "b/c/d", E_OK},
        {"a slash at the end", "e/", E_OK},
        {"two slashes", "f//g", E_OK},
        {"a file is in the way", "file/h", E_NO_OUTPUT},
        {"a file is there", "file", E_NO_OUTPUT},
    };
    char root[] = "/tmp/verbatim-folder-XXXXXX", path[128], remove[160];
    struct err err = {0};
    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/file", root);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct stat status;
        CASE(cases[i].why);
        snprintf(path, sizeof path, "%s/%s", root, cases[i].path);
        assert_int_equal(folder_create(path, &err), cases[i].rc);
        if (cases[i].rc) assert_non_null(strstr(err.text, path)); /* says which */
        else
            assert_true(stat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
                        (status.st_mode & 077) == 0);
    }
    snprintf(remove, sizeof remove, "rm -rf '%s'", root);
    assert_int_equal(system(remove), 0);
}

static void names_that_are_none(void **state)
{
    char *longest = malloc(5001);
    struct err err = {0};
    (void)state;
    assert_non_null(longest);
    memset(longest, 'x', 5000);
    longest[5000] = '\0';
    assert_int_equal(folder_create("", &err), E_BAD_CONFIG);
    assert_int_equal(folder_create(longest, &err), E_BAD_CONFIG);
    assert_true(strlen(err.text) < 200);
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_made),
        cmocka_unit_test(names_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
