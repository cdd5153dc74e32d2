/* The marks of a text that stay in a statement, for statement.c: those within a word or number
 * ("wi-fi", "09/27", "7.42"), and the sign of an amount ("£9", "12 €", "5 %"). */
#ifndef VERBATIM_MODEL_STATEMENT_MARK_H
#define VERBATIM_MODEL_STATEMENT_MARK_H

#include "text/tokens.h"

/* What stands between a token and the one before: the mark within both, or a blank. */
char statement_mark_before(struct str text, const struct token *token);

/* Bytes of the sign right before a number; of that behind it, with the blank between. */
size_t statement_sign_before(struct str text, const struct token *token);
size_t statement_sign_behind(struct str text, const struct token *token);

#endif
