/* Files that ship are found by choice, by VERBATIM_HOME, beside the program, or here. */
#include "config/shipped.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static void files_are_found(void **state)
{
    char home[] = "/tmp/verbatim-home-XXXXXX", folder[64], file[80], found[SHIPPED_PATH_BYTES];
    char *longest = malloc(SHIPPED_PATH_BYTES + 2);
    struct err err = {0};
    (void)state;
    assert_non_null(mkdtemp(home));
    snprintf(folder, sizeof folder, "%s/config", home);
    snprintf(file, sizeof file, "%s/only-here", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    FILE *made = fopen(file, "w");
    assert_non_null(made);
    fclose(made);

    assert_int_equal(shipped_path("/chosen/by/hand", "only-here", found, &err), E_OK);
    assert_string_equal(found, "/chosen/by/hand"); /* as it is, there or not */
    setenv("VERBATIM_HOME", home, 1);
    assert_int_equal(shipped_path("", "only-here", found, &err), E_OK);
    assert_string_equal(found, file);
    /* not there, but in the tree beside the program */
    assert_int_equal(shipped_path(NULL, "cues", found, &err), E_OK);
    assert_non_null(strstr(found, "config/cues"));
    assert_null(strstr(found, "..")); /* people read it in messages */
    assert_int_equal(shipped_path(NULL, "", found, &err), E_OK);
    assert_string_equal(strrchr(found, '/'), "/config");
    unsetenv("VERBATIM_HOME");
    assert_int_equal(shipped_path(NULL, "only-here", found, &err), E_NO_INPUT);
    assert_non_null(strstr(err.text, "config/only-here was not found"));
    assert_non_null(longest);
    memset(longest, 'x', SHIPPED_PATH_BYTES + 1);
    longest[SHIPPED_PATH_BYTES + 1] = '\0';
    assert_int_equal(shipped_path(longest, "cues", found, &err), E_BAD_CONFIG);
    free(longest);
    unlink(file), rmdir(folder), rmdir(home);
}

static void an_option_is_named(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(shipped_named("a.file", E_OK, &err), E_OK);
    int rc = err_set(&err, E_NO_INPUT, "x.txt: No such file or directory");
    assert_int_equal(shipped_named("a.file", rc, &err), E_BAD_CONFIG);
    assert_int_equal(err.code, E_BAD_CONFIG);
    assert_string_equal(err.text, "a.file: x.txt: No such file or directory");
    rc = err_set(&err, E_BAD_MODEL, "x.model: damaged");
    assert_int_equal(shipped_named("a.model", rc, &err), E_BAD_MODEL);
    assert_string_equal(err.text, "a.model: x.model: damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files_are_found),
                                       cmocka_unit_test(an_option_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
