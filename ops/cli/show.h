/* A finished record as lines for people: feeling, language, safety, topic, what was said, what to do. */
#ifndef VERBATIM_OPS_CLI_SHOW_H
#define VERBATIM_OPS_CLI_SHOW_H

#include "schema/record.h"

/* The columns' names, once above them. */
void show_heading(void);

/* To standard output, coloured and cut to its width where that is a terminal. */
void show_insight(const struct document *document, const struct safety *safety, const struct insight *insight);

#endif
