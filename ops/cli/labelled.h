/* Labelled rows as anyone would send them: what reads them is what reads analyze's input. */
#ifndef VERBATIM_OPS_CLI_LABELLED_H
#define VERBATIM_OPS_CLI_LABELLED_H

#include "ops/cli/cli.h"
#include "ops/evaluate/examples.h"
#include "schema/intake.h"

struct labelled {
    struct cli_ids ids;
    struct buffer json;
};

void labelled_init(struct labelled *labelled);
void labelled_deinit(struct labelled *labelled);
/* What it holds is in the arena. BAD_MESSAGE, BAD_JSON: no feedback; NO_MEMORY. */
int labelled_intake(const struct example *example, bool hides_language, struct labelled *labelled,
                    struct arena *arena, struct intake *ret_intake, struct err *err) CHECKED;

#endif
