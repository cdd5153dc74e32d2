/* Text as customers send it, made fit to be read by machines: one normal form, nothing hidden, no
 * markup. */
#ifndef VERBATIM_TEXT_CLEAN_H
#define VERBATIM_TEXT_CLEAN_H

#include "base/arena.h"

/* Unicode NFC; control, format and private characters out (tab and newline stay, CRLF becomes LF);
 * HTML tags and entities out; runs of blanks to one. Text that is clean already is returned as a
 * view, without a copy. BAD_TEXT: not UTF-8. NO_MEMORY. */
int text_clean(struct str text, struct arena *arena, struct str *ret_clean,
               struct err *err) CHECKED;
/* The same of UTF-8 that was checked, as all texts of records are by whoever reads them. */
int text_clean_checked(struct str text, struct arena *arena, struct str *ret_clean,
                       struct err *err) CHECKED;

#endif
