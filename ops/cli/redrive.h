/* A run of `verbatim redrive`: what its command (redrive.c) and its output
 * (redrive_show.c) share. */
#ifndef VERBATIM_OPS_CLI_REDRIVE_H
#define VERBATIM_OPS_CLI_REDRIVE_H

#include "ops/cli/edit.h"
#include "ops/cli/letters.h"

struct journal;

struct redrive {
    /* the wish */
    struct letter_filter filter;
    struct flag_list set;
    const char *since, *until;
    bool edit, dry_run, again, json;
    uint64_t most;
    /* the run */
    int worker_width;          /* of the column in a list */
    struct hash_table marks; /* sent before, as the journal knows, and by this run */
    struct journal *journal;   /* NULL: nothing is written */
    struct edits edits;
    struct buffer text;        /* of the file that is edited */
    struct progress progress;
    /* what became of the letters */
    uint64_t matched, collected, pending, sent, edited, refused, obstacles[LETTER_OBSTACLES];
};

void redrive_show_heading(const struct redrive *redrive);
void redrive_show_row(const struct redrive *redrive, const struct letter *letter,
                      enum letter_obstacle obstacle);
int redrive_show_json(const struct letter *letter, enum letter_obstacle obstacle,
                      struct err *err) CHECKED;
/* Why this one isn't sent, to standard error. */
void redrive_explain(const struct letter *letter, enum letter_obstacle obstacle);
void redrive_show_sum(const struct redrive *redrive);

#endif
