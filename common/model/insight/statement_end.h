/* Where a statement ends that has no room for all of its clause, for statement.c. */
#ifndef VERBATIM_MODEL_STATEMENT_END_H
#define VERBATIM_MODEL_STATEMENT_END_H

#include "base/str.h"

void statement_end_build(void); /* once, before the other is called */

/* Bytes to keep of what there is room for: up to where the last thought begins, which isn't whole,
 * if most of the room lies before it; and no further than to a word that may be the last. seam:
 * where the last clause begins; 0: nowhere. */
size_t statement_end(struct str statement, size_t seam);

#endif
