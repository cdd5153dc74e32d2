/* A mapped file that is cut short under its reader: the process says which, and ends with 74. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapped.h"
#include "test.h"

enum { PAGE = 4096, PAGES = 3 };

/* In a process of its own, which ends by what it reads. */
static void read_beyond(const char *path, int stderr_fd)
{
    int fd = open(path, O_RDWR);
    signal(SIGBUS, SIG_DFL); /* sanitizers have a handler of theirs */
    mapped_explain();
    dup2(stderr_fd, STDERR_FILENO);
    const volatile char *map = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED || map[(PAGES - 1) * PAGE] != 0 || ftruncate(fd, PAGE)) _exit(1);
    _exit(map[(PAGES - 1) * PAGE] ? 2 : 3);
}

static void test_cut_short(void **state)
{
    (void)state;
    char path[] = "/tmp/verbatim-mapped-XXXXXX", said[1024] = "";
    int status, pipes[2], fd = mkstemp(path);
    assert_true(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0 && pipe(pipes) == 0);
    pid_t child = fork();
    if (child == 0) read_beyond(path, pipes[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 74);
    assert_true(read(pipes[0], said, sizeof said - 1) > 0);
    assert_non_null(strstr(said, path));
    assert_non_null(strstr(said, "ends too early"));
    close(pipes[0]), close(pipes[1]), close(fd);
    unlink(path);
}

static void test_sent_by_a_process(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, SIG_DFL);
        mapped_explain();
        kill(getpid(), SIGBUS);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void keep(int number) { (void)number; }

static void test_leaves_others_handlers_alone(void **state)
{
    (void)state;
    struct sigaction now;
    signal(SIGBUS, keep);
    mapped_explain();
    assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
    assert_true(now.sa_handler == keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_sent_by_a_process),
        cmocka_unit_test(test_leaves_others_handlers_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
