/* A float matrix that grows: the vectors that a training reads. */
#ifndef VERBATIM_OPS_CLI_ROWS_H
#define VERBATIM_OPS_CLI_ROWS_H

#include "config/config.h"
#include "ops/cli/refusals.h"
#include "schema/record.h"

struct rows {
    float *values; /* count x dimensions */
    size_t count, capacity;
    uint32_t dimensions; /* of the first row; 0 before */
    char extractor[33];
};

/* Adds the features section of a record. NOT_FOUND: it has none; BAD_MESSAGE: another extractor. */
int rows_add(struct rows *rows, const struct record *record, struct arena *arena,
             struct err *err) CHECKED;
/* Every *.ndjson and *.ndjson.zst below the folder, as logsink writes them. */
int rows_from_archive(struct rows *rows, const char *folder,
                      void (*on_row)(void *user, size_t count), void *user,
                      struct err *err) CHECKED;
/* Feedback as `verbatim analyze` reads it, and what became of its records. */
struct rows_feedback {
    const char *path; /* "-": standard input */
    const char *text_column;
    struct refusals refusals;
    uint64_t read;
};
/* Through preprocess and featurize here. What is refused is no row. */
int rows_from_feedback(struct rows *rows, struct rows_feedback *feedback, struct config *config,
                       void (*on_row)(void *user, size_t count), void *user,
                       struct err *err) CHECKED;
void rows_deinit(struct rows *rows);

#endif
