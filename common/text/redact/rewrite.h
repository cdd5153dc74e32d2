/* From what the finders found to the text anew (rewrite.c). */
#ifndef VERBATIM_TEXT_REDACT_REWRITE_H
#define VERBATIM_TEXT_REDACT_REWRITE_H

#include "text/redact/find.h"

/* Behind the placeholder that starts at `start`, or `start`. */
size_t redact_placeholder_end(struct str text, size_t start);
/* What is left is sorted and doesn't overlap. */
void redact_settle(struct redact_finder *finder);
int redact_rewrite(const struct redact_finder *finder, struct redacted *result, struct err *err);

static inline bool redact_is_inside(struct str text, size_t at)
{
    return at < text.size && ((unsigned char)text.data[at] & 0xC0) == 0x80;
}

#endif
