/* What people see: colours that honour NO_COLOR, and a progress bar on stderr when
 * that is a terminal. */
#ifndef VERBATIM_BASE_TERMINAL_H
#define VERBATIM_BASE_TERMINAL_H

#include <signal.h>

#include "base/buffer.h"
#include "base/clock.h"

enum colour {
    COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_DIM, COLOUR_BOLD
};

/* The escape sequence, or "" if `fd` is no terminal, NO_COLOR is set or TERM is "dumb". */
const char *terminal_colour(int fd, enum colour colour);
const char *terminal_reset(int fd);
bool terminal_is(int fd);
unsigned terminal_columns(int fd); /* 80 if unknown */

/* At a program's start. Where a standard stream was closed (`>&-`, some supervisors), the next file
 * that is opened would take its number, and what is printed or logged would be written into it,
 * such as the bus. What stands in their places fails as a closed stream does. */
void terminal_hold_streams(void);

/* Does standard output take a page (a pipe's, 4096 bytes) by then? Where it doesn't, a reader
 * stands still, or somebody typed Ctrl-S, and to write would be to wait for them. What can only
 * fail is taken. */
bool terminal_takes(int wait_ms);

/* All of it, a page at a time, and as long as that takes. False: *stop, or nobody reads any
 * more. */
bool terminal_put(struct str text, const volatile sig_atomic_t *stop);

/* Text for standard output, a line of many; empties the buffer. NO_MEMORY where that failed,
 * NO_OUTPUT, DISK_FULL. No error, but ferror(stdout), where nobody reads any more. */
int terminal_write(struct buffer *text, struct err *err) CHECKED;

/* As terminal_write(), and all that was printed until now out of our hands. */
int terminal_print(struct buffer *text, struct err *err) CHECKED;

/* At a program's end, with its result: what was printed and got nowhere is no success (a full disk
 * behind `> report.txt`); a reader that went away had seen enough. NO_OUTPUT, DISK_FULL. */
int terminal_printed(int rc, struct err *err) CHECKED;

/* Drawn at most ten times a second, and not at all unless stderr is a terminal. */
struct progress {
    const char *what; /* "records" */
    uint64_t total;   /* 0: unknown */
    int64_t started_ns, drawn_ns;
    bool shown;
};
void progress_start(struct progress *progress, const char *what, uint64_t total);
void progress_set(struct progress *progress, uint64_t done);
/* Where it isn't known how many there will be, but how much of the whole (bytes of a file) they
 * are; whole 0: not known either. */
void progress_part(struct progress *progress, uint64_t done, uint64_t part, uint64_t whole);
void progress_end(struct progress *progress); /* wipes the line */

#endif
