/* Once everything is summed: does it balance? */
#ifndef VERBATIM_ARCHIVE_BALANCE_H
#define VERBATIM_ARCHIVE_BALANCE_H

#include "archive/ids.h"
#include "archive/verify.h"

/* READ, WRITTEN, LOST and BALANCE, and the report's rows. `dropped` and `vanished`: ids_judge().
 * Sorts the book's cells. NO_MEMORY. */
int balance(struct book *book, struct ledger_sum dropped, const struct id_note *vanished,
            struct verify_report *report, struct err *err) CHECKED;

#endif
