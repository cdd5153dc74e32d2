/* verbatim evaluate --provider: the same labelled rows answered by several, and who says it best.
 */
#ifndef VERBATIM_OPS_CLI_COMPARE_H
#define VERBATIM_OPS_CLI_COMPARE_H

#include "ops/cli/cli.h"
#include "ops/evaluate/contest.h"
#include "spend/money.h"

struct compare_wish {
    const struct evaluation_task *task;
    struct examples_source data;
    const char *label;
    struct flag_list providers, prompts;
    const char *promote, *budget;
    uint64_t limit;
    bool yes, dry_run, json;
};

/* The whole command. Ends the process with 1 where a prompt isn't to be promoted. */
int compare(const struct compare_wish *wish, const struct arguments *arguments,
            struct err *err) CHECKED;

/* --- for its files
 * --------------------------------------------------------------------------------- */

/* A row, and the message that genai would read of it. */
struct compare_row {
    struct example example;
    struct str key, segments;
    struct str local; /* what the local models say of it, as a label */
    bool asked;       /* models are asked about it */
};

struct comparing {
    const struct compare_wish *wish;
    struct cli_config config;
    struct contest *contest;
    struct examples examples;
    struct compare_row *rows;
    uint64_t row_count;
    struct arena arena; /* of the rows */
    uint64_t refused;
    uint64_t budget_micros, paid_micros; /* budget 0: none was named */
};

/* compare_rows.c: all rows, through preprocess, featurize and segment. */
int compare_read(struct comparing *comparing, struct err *err) CHECKED;
void compare_refuse(struct comparing *comparing, const struct example *example, struct err *err);
/* compare_cost.c: what it would cost, and whether to go on. *ret_go false: it was only asked what
 * it would cost. */
int compare_agree(struct comparing *comparing, bool *ret_go, struct err *err) CHECKED;
/* compare_ask.c: one contender and all rows. For the first, local, says what is asked of the
 * others. */
struct progress;
int compare_ask(struct comparing *comparing, uint32_t number, struct progress *progress,
                uint64_t *done, struct err *err) CHECKED;
/* Options of one contender. */
int compare_configure(struct comparing *comparing, const struct contender *contender,
                      struct err *err) CHECKED;

#endif
