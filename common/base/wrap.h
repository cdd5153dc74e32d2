/* Help that a narrow terminal can show: broken between words. */
#ifndef VERBATIM_BASE_WRAP_H
#define VERBATIM_BASE_WRAP_H

#include "base/buffer.h"

/* As terminal_print(), but wrapped to its width where standard output is a terminal. */
int wrap_print(struct buffer *text, struct err *err) CHECKED;

/* Appends `text` with no line longer than so many columns, where words allow it. Lines that fit
 * stay as they are; what is broken goes on below its second column ("--flag   text") or its
 * indentation; lines of 90 characters and more that aren't indented are a paragraph and flow on. */
void wrap_text(struct buffer *out, struct str text, unsigned columns);

#endif
