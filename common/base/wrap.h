/* Help that a narrow terminal can show: broken between words. */
#ifndef VERBATIM_BASE_WRAP_H
#define VERBATIM_BASE_WRAP_H

#include "base/buffer.h"

/* To standard output: wrapped to its width where that is a terminal, else as it is. */
void wrap_print(struct buffer *text);

/* Appends `text` with no line longer than so many columns, where words allow it. Lines that fit
 * stay as they are; what is broken goes on below its second column ("--flag   text") or its
 * indentation; lines of 90 characters and more that aren't indented are a paragraph and flow on. */
void wrap_text(struct buffer *out, struct str text, unsigned columns);

#endif
