/* Files that people write line by line: lists of names, topics, prices, keys. '#' opens a comment,
 * and lines without anything else are passed over. */
#ifndef VERBATIM_BASE_LIST_FILE_H
#define VERBATIM_BASE_LIST_FILE_H

#include "base/err.h"
#include "base/str.h"

struct list_file {
    const char *path;      /* for errors */
    struct str rest;       /* what isn't read yet */
    bool comments_in_line; /* a '#' anywhere opens one; else only at a line's start */
    uint32_t line;         /* number of the line that was read last, from 1 */
};

/* The next line that says something, without blanks around it. False: there is none. */
bool list_file_next(struct list_file *file, struct str *ret_line);
/* BAD_CONFIG: "PATH:LINE: …". */
int list_file_bad(const struct list_file *file, struct err *err, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
