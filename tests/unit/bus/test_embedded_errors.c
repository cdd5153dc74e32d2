/* What LMDB tells the embedded bus, in our own codes and words. */
#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void test_denied(void **state)
{
    char folder[] = "/tmp/verbatim-denied-XXXXXX";
    struct bus_options options = {.path = folder, .size_limit = 1 << 20, .partitions = 1};
    struct bus *bus = NULL;
    struct err err = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0555), 0);
    bool root = geteuid() == 0; /* may write everywhere */
    if (root) assert_int_equal(seteuid(65534), 0);
    int rc = bus_embedded_open(&options, clock_system(), &bus, &err);
    if (root) assert_int_equal(seteuid(0), 0);
    CASE("a folder that one may only read says why that isn't enough, and what to do");
    assert_int_equal(rc, E_DENIED);
    assert_non_null(strstr(err.text, "run this as their owner"));
    assert_non_null(strstr(err.text, folder));
    assert_non_null(strstr(err.text, "live: Permission denied"));
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes),
                                       cmocka_unit_test(test_denied)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
