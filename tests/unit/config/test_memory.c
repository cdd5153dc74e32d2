/* Each allocation fails in turn: the answer is NO_MEMORY, nothing leaks, and what
 * was in force stays. */
#include "config/config.h"

#include <unistd.h>

#include "demo.h"
#include "test.h"
#include "failing_malloc.h"

static int read_all(void *user)
{
    struct config *config = NULL;
    struct demo_options options;
    struct err err = {0};
    const char *const environment[] = {"VERBATIM_DEMO_COUNT=5", "VERBATIM_KAFKA_LINGER_MS=5", NULL};
    const char *file = user;
    int rc = config_create(demo_tables, &config, &err);
    if (rc) return rc;
    rc = config_read_file(config, file, &err);
    if (rc == E_OK)
        rc = config_read_environment(config, (char *const *)(uintptr_t)environment, &err);
    for (int i = 0; i < 40 && rc == E_OK; i++) {
        char assignment[8192]; /* long ones fill the arena's blocks */
        int size = snprintf(assignment, sizeof assignment, "kafka.property%d=", i);
        memset(assignment + size, 'x', 4000);
        assignment[size + 4000] = '\0';
        rc = config_set(config, str_of(assignment), "flag", &err);
    }
    int get = config_get(config, &demo_option_table, &options, &err);
    assert_int_equal(get, E_OK); /* takes no memory */
    assert_true(options.count == 3 || options.count == 4 || options.count == 5);
    config_destroy(config);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    char path[] = "/tmp/verbatim-config-XXXXXX", secret[] = "/tmp/verbatim-secret-XXXXXX",
         text[256];
    (void)state;
    int fd = mkstemp(path), secret_fd = mkstemp(secret);
    assert_true(fd >= 0 && secret_fd >= 0);
    int size = snprintf(text, sizeof text, "[demo]\ncount = 4\nkey_file = %s\n", secret);
    assert_int_equal(write(fd, text, (size_t)size), size);
    assert_int_equal(write(secret_fd, "s\n", 2), 2);
    close(fd), close(secret_fd);
    assert_true(torture(read_all, path) > 8);
    unlink(path), unlink(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
