/* The words of a need that only one customer has, for statement.c. */
#ifndef VERBATIM_MODEL_STATEMENT_OWN_H
#define VERBATIM_MODEL_STATEMENT_OWN_H

#include "model/statement.h"

void statement_own_build(void); /* once, before the other is called */

/* Tokens from `at` on that keep equal needs apart: a number that belongs to one order, with what
 * says so, and of problems how long they took. "Error 403" and "the 7.42" are what it is about. */
uint32_t statement_own_words(struct str text, const struct tokens *all, uint32_t first, uint32_t at,
                             uint32_t last, enum insight_need_kind kind);

#endif
