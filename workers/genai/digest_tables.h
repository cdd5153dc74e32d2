/* The tables that a digest's counts are kept in: digest_counts.c fills them, digest_fill.c reads
 * them. Nobody else includes it. */
#ifndef VERBATIM_WORKERS_GENAI_DIGEST_TABLES_H
#define VERBATIM_WORKERS_GENAI_DIGEST_TABLES_H

#include "workers/genai/digest_counts.h"

enum { ROW_SLOTS = 2 * DIGEST_ROWS_MAX, STATEMENT_SLOTS = 2 * DIGEST_STATEMENTS_MAX };
/* A row that hasn't been seen for long isn't kept, nor told. */
#define USUAL_LEAST 0.02

struct usual {
    double records, variance, score;
    uint32_t windows;
};
struct row {
    uint64_t hash; /* 0: free */
    uint32_t side;
    struct str name;
    uint64_t records;
    double score; /* sum */
    struct usual usual;
};
struct statement {
    uint64_t hash; /* 0: free */
    uint32_t kind;
    struct str text, example;
    float sure; /* of the record that is surest of it */
    uint64_t records, last; /* last: hash of the id that was counted last */
};
struct tenant {
    struct str name;
    uint64_t records;
    uint32_t row_count, statement_count, windows; /* windows: that are over */
    struct row *rows;             /* ROW_SLOTS */
    struct statement *statements; /* STATEMENT_SLOTS */
    struct arena names;           /* of the rows */
    struct arena window;          /* texts of the statements */
};
struct digest_counts {
    double fade; /* 1 / trailing */
    struct tenant *tenants[DIGEST_TENANTS_MAX];
    uint32_t tenant_count;
    struct arena names; /* of tenants */
};

#endif
