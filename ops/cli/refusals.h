/* Records of an input that were refused: the first are told, all are counted. */
#ifndef VERBATIM_OPS_CLI_REFUSALS_H
#define VERBATIM_OPS_CLI_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What is not UTF-8 mostly comes from there. */
#define REFUSALS_WINDOWS                                                       \
    "; of a spreadsheet on Windows? Convert it: iconv -f windows-1252 -t utf-8 " \
    "FILE | verbatim ..."

struct refusals {
    const char *command; /* says it */
    uint64_t count;
    bool other_bytes;    /* some as they are not UTF-8 */
};

void refusals_add(struct refusals *refusals, const struct err *why);
/* BAD_MESSAGE with their number, if there are any. read: all records of the input, these too. */
int refusals_end(const struct refusals *refusals, uint64_t read, struct err *err) CHECKED;

#endif
