/* A finished record as lines for people: feeling, language, safety, topic, what was
 * said, what to do. */
#ifndef VERBATIM_OPS_CLI_SHOW_H
#define VERBATIM_OPS_CLI_SHOW_H

#include "schema/record.h"

/* The columns' names, once above them. */
void show_heading(void);

/* To standard output, coloured and cut to its width where that is a terminal. */
void show_insight(const struct document *document, const struct safety *safety,
                  const struct insight *insight);

/* A text of at most so many cells of the terminal; what is cut off leaves an ellipsis, what would
 * break the line a blank. */
void show_cut(struct str text, unsigned columns);
/* All of it, and blanks up to so many cells. What others wrote (ids, names) goes this way to a
 * terminal: escape sequences in it would steer that. */
void show_padded(struct str text, unsigned columns);
/* Cells of the line that are left behind so many; 30 at least. */
unsigned show_columns_left(unsigned used);

#endif
