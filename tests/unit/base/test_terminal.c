/* Colours and progress for people; not a byte of either where a program reads. */
#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* A terminal of our own: what is written to `slave` can be read from `master`. */
static void open_terminal(int *master, int *slave)
{
    char name[128];
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    assert_int_equal(ptsname_r(*master, name, sizeof name), 0);
    *slave = open(name, O_RDWR | O_NOCTTY);
    assert_true(*slave >= 0);
}

static void colours_are_for_terminals(void **state)
{
    static const struct {
        const char *why, *no_colour, *term;
        bool terminal;
        const char *red, *reset;
    } cases[] = {
        {"a terminal", NULL, "xterm", true, "\x1b[31m", "\x1b[0m"},
        {"a file", NULL, "xterm", false, "", ""},
        {"who wants none (no-color.org)", "1", "xterm", true, "", ""},
        {"an empty NO_COLOR says nothing", "", "xterm", true, "\x1b[31m", "\x1b[0m"},
        {"a terminal that can't", NULL, "dumb", true, "", ""},
    };
    int master, slave, file = open("/dev/null", O_WRONLY);
    (void)state;
    assert_true(file >= 0);
    open_terminal(&master, &slave);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int fd = cases[i].terminal ? slave : file;
        CASE(cases[i].why);
        if (cases[i].no_colour) setenv("NO_COLOR", cases[i].no_colour, 1);
        else unsetenv("NO_COLOR");
        setenv("TERM", cases[i].term, 1);
        assert_int_equal(terminal_is(fd), cases[i].terminal);
        assert_string_equal(terminal_colour(fd, COLOUR_RED), cases[i].red);
        assert_string_equal(terminal_colour(fd, COLOUR_NONE), "");
        assert_string_equal(terminal_reset(fd), cases[i].reset);
    }
    struct winsize size = {.ws_col = 132, .ws_row = 24};
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    assert_int_equal(terminal_columns(slave), 132);
    assert_int_equal(terminal_columns(file), 80);
    close(master), close(slave), close(file);
}

#define WIPE    "\r\x1b[K"
#define HOUR_NS INT64_C(3600000000000)

/* What `progress` shows of 50 of `total` on a standard error that is `fd`. */
static void show(int fd, uint64_t total)
{
    struct progress progress;
    int before = dup(STDERR_FILENO);
    assert_true(before >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
    progress_start(&progress, "records", total);
    progress_set(&progress, 50);
    if (progress.drawn_ns) progress.drawn_ns += HOUR_NS; /* however long this thread stood still, */
    progress_set(&progress, 51); /* it is too soon to be drawn again */
    progress_end(&progress);
    progress_set(&progress, 52); /* nothing after its end */
    fflush(stderr);
    assert_true(dup2(before, STDERR_FILENO) == STDERR_FILENO);
    close(before);
}

static bool ends_wiped(const char *text)
{
    size_t size = strlen(text), wipe = strlen(WIPE);
    return size > wipe && strcmp(text + size - wipe, WIPE) == 0;
}

/* A line, until it was wiped: the kernel hands a terminal's bytes on when it has time. */
static void read_line(int fd, char *out, size_t room)
{
    enum { WAIT_MS = 60000 };
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t size = 0;
    out[0] = '\0';
    while (!ends_wiped(out) && poll(&ready, 1, WAIT_MS) == 1) {
        ssize_t got = read(fd, out + size, room - 1 - size);
        if (got <= 0) break;
        size += (size_t)got;
        out[size] = '\0';
    }
    assert_true(ends_wiped(out));
}

static void progress_is_drawn_on_terminals(void **state)
{
    char text[1024];
    int master, slave, ends[2];
    (void)state;
    open_terminal(&master, &slave);
    show(slave, 100);
    read_line(master, text, sizeof text);
    assert_int_equal(
        strncmp(text, "\r\x1b[K[###############...............] 50 of 100 records, ", 55), 0);
    assert_non_null(strstr(text, " s left"));
    assert_null(strstr(text, "51 of"));
    assert_null(strstr(text, "52 of"));
    show(slave, 0);
    read_line(master, text, sizeof text);
    assert_int_equal(strncmp(text, "\r\x1b[K50 records, ", 16), 0); /* no total, no bar */
    close(master), close(slave);
    assert_int_equal(pipe(ends), 0);
    show(ends[1], 100);
    close(ends[1]);
    assert_int_equal(read(ends[0], text, sizeof text), 0); /* not a byte, and the end */
    close(ends[0]);
}

/* In a child, as it is about the streams that this program reports on. */
static void closed_streams_keep_their_places(void **state)
{
    int status = 0;
    pid_t child = fork();
    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        char byte;
        /* whoever started the tests may have left more open */
        for (int fd = STDIN_FILENO; fd < 256; fd++) close(fd);
        terminal_hold_streams();
        int next = open("/dev/null", O_RDWR);
        bool fine = next == STDERR_FILENO + 1 && read(STDIN_FILENO, &byte, 1) < 0 &&
                    errno == EBADF && write(STDOUT_FILENO, "x", 1) < 0 && errno == EBADF &&
                    write(STDERR_FILENO, "x", 1) < 0 && errno == EBADF;
        terminal_hold_streams(); /* those that are open stay as they are */
        _exit(fine && fcntl(next, F_GETFD) >= 0 && open("/dev/null", O_RDWR) == next + 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* In a child, whose standard output it is. More than stdio holds, and less. */
static void what_is_printed_gets_there_or_says_why(void **state)
{
    static const struct {
        const char *why, *path;
        size_t size;
        bool failed;
        int rc;
        const char *text;
    } cases[] = {
        {"a line", "/dev/null", 10, false, E_OK, ""},
        {"nothing", "/dev/null", 0, false, E_OK, ""},
        {"a line, and no space", "/dev/full", 10, false, E_DISK_FULL,
         "standard output: No space left on device"},
        {"much, and no space", "/dev/full", 100000, false, E_DISK_FULL,
         "standard output: No space left on device"},
        {"what no memory was for", "/dev/null", 10, true, E_NO_MEMORY, "out of memory"},
        {"a stream that can't be written", NULL, 10, false, E_NO_OUTPUT,
         "standard output: Bad file descriptor"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int status = 0;
        CASE(cases[i].why);
        fflush(stdout);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct err err = {0};
            struct buffer text = {0};
            int fd = cases[i].path ? open(cases[i].path, O_WRONLY) : open("/dev/null", O_RDONLY);
            if (dup2(fd, STDOUT_FILENO) < 0) _exit(2);
            for (size_t size = 0; size < cases[i].size; size++) buffer_add_char(&text, 'x');
            text.failed = cases[i].failed;
            int rc = terminal_print(&text, &err);
            _exit(rc == cases[i].rc && strcmp(err.text, cases[i].text) == 0 && !text.data ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_are_for_terminals),
        cmocka_unit_test(closed_streams_keep_their_places),
        cmocka_unit_test(what_is_printed_gets_there_or_says_why),
        cmocka_unit_test(progress_is_drawn_on_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
