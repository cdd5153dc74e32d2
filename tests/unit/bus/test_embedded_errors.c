/* What LMDB tells the embedded bus, in our own codes and words. */
#include <errno.h>
#include <lmdb.h>
#include <string.h>

#include "bus/embedded.h"
#include "test.h"

static void test_codes(void **state)
{
    static const struct {
        const char *why;
        int told, code;
        const char *says;
    } cases[] = {
        {"the limit of ours", MDB_MAP_FULL, E_DISK_FULL, "bus.size_limit"},
        {"a full disk", ENOSPC, E_DISK_FULL, "No space left"},
        {"a write that was cut short, most often by a full disk", EIO, E_IO, "it is full"},
        {"a disk that can only be read", EROFS, E_DENIED, "Read-only"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(environment_error(cases[i].told, "produce", &err), cases[i].code);
        assert_non_null(strstr(err.text, "produce: "));
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
