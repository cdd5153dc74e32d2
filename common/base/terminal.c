/* Escape sequences, one redrawn line, and whether what was printed got anywhere. */
#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is(int fd) { return isatty(fd) == 1; }

static bool coloured(int fd)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no_colour && no_colour[0]) return false;
    return terminal_is(fd) && !(term && strcmp(term, "dumb") == 0);
}

const char *terminal_colour(int fd, enum colour colour)
{
    static const char *const sequences[] = {
        "", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[1m"};
    return coloured(fd) ? sequences[colour] : "";
}

const char *terminal_reset(int fd) { return coloured(fd) ? "\x1b[0m" : ""; }

unsigned terminal_columns(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

void progress_start(struct progress *progress, const char *what, uint64_t total)
{
    *progress = (struct progress){
        .what = what, .total = total, .started_ns = clock_mono_ns(clock_system()),
        .shown = terminal_is(STDERR_FILENO)};
}

static void draw_bar(uint64_t done, uint64_t total)
{
    enum { CELLS = 30 };
    uint64_t full = total ? done * CELLS / total : 0;
    fputc('[', stderr);
    for (uint64_t i = 0; i < CELLS; i++) fputc(i < full ? '#' : '.', stderr);
    fputs("] ", stderr);
}

void progress_set(struct progress *progress, uint64_t done)
{
    progress_part(progress, done, done, progress->total);
}

void progress_part(struct progress *progress, uint64_t done, uint64_t part, uint64_t whole)
{
    int64_t now = clock_mono_ns(clock_system());
    if (!progress->shown || now - progress->drawn_ns < 100000000) return;
    progress->drawn_ns = now;
    double seconds = (double)(now - progress->started_ns) * 1e-9;
    fputs("\r\x1b[K", stderr);
    if (whole) draw_bar(part, whole);
    fprintf(stderr, "%llu", (unsigned long long)done);
    if (progress->total) fprintf(stderr, " of %llu", (unsigned long long)progress->total);
    fprintf(stderr, " %s, %.0f/s", progress->what, seconds > 0 ? (double)done / seconds : 0);
    if (part && part <= whole)
        fprintf(stderr, ", %.0f s left", seconds * (double)(whole - part) / (double)part);
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown && progress->drawn_ns) fputs("\r\x1b[K", stderr);
    progress->shown = false;
}

/* --- standard streams ------------------------------------------------------------------------- */

/* Standard input can't be read, and the others can't be written. */
void terminal_hold_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            abort(); /* the least number that is free is this one */
}

/* A reader that went away had seen enough. */
static bool nobody_reads(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) == 1 && fd.revents & POLLERR;
}

bool terminal_takes(int wait_ms)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    int ready = poll(&fd, 1, wait_ms);
    return ready > 0 || (ready < 0 && errno != EINTR);
}

bool terminal_put(struct str text, const volatile sig_atomic_t *stop)
{
    enum { PAGE_BYTES = 4096, LOOK_MS = 500 };
    while (text.size) {
        struct str page = str_slice(text, 0, text.size < PAGE_BYTES ? text.size : PAGE_BYTES);
        while (!*stop && !terminal_takes(LOOK_MS)) continue;
        if (*stop || fwrite(page.data, 1, page.size, stdout) != page.size || fflush(stdout))
            return false;
        text = str_slice(text, page.size, text.size);
    }
    return true;
}

/* By errno, where that is known. */
static int lost(struct err *err)
{
    if (errno == EPIPE || nobody_reads()) return E_OK;
    return errno ? err_system(err, E_NO_OUTPUT, "standard output")
                 : err_set(err, E_NO_OUTPUT, "standard output could not be written");
}

int terminal_write(struct buffer *text, struct err *err)
{
    bool failed = text->failed;
    errno = 0;
    bool got = !text->size || fwrite(text->data, 1, text->size, stdout) == text->size;
    int rc = failed ? err_set(err, E_NO_MEMORY, NULL) : got ? E_OK : lost(err);
    buffer_deinit(text);
    return rc;
}

int terminal_print(struct buffer *text, struct err *err)
{
    int rc = terminal_write(text, err);
    return rc ? rc : terminal_printed(E_OK, err);
}

int terminal_printed(int rc, struct err *err)
{
    errno = 0;
    bool got = fflush(stdout) == 0 && !ferror(stdout);
    return rc || got ? rc : lost(err);
}
