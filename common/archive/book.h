/* All that a ledger tells: which offsets were read, and sums of what became of them. */
#ifndef VERBATIM_ARCHIVE_BOOK_H
#define VERBATIM_ARCHIVE_BOOK_H

#include "archive/cells.h"
#include "archive/findings.h"
#include "archive/sources.h"
#include "schema/shape.h"

/* The way of a record: what is read, by whom, and what it writes for each that it passes on. */
struct stage {
    enum topic reads;
    const char *worker;
    enum topic writes;
};
enum { STAGES = 4 };
extern const struct stage stages[STAGES];
/* STAGES: nobody's. */
int stage_reading(enum topic topic);

struct range {
    int64_t from, to;
};

/* Of one partition, ascending, without overlaps; touching ones are one. */
struct coverage {
    struct range *items;
    size_t count, capacity;
};

/* A zeroed one with its wish is valid. Memory: the cells, and 16 bytes for each gap that a restart
 * or a rebalance left between positions. */
struct book {
    int64_t from_ms, to_ms; /* windows that are summed; coverage is of all */
    struct hash_table cells;
    struct coverage *coverage[STAGES]; /* by partition */
    uint32_t partitions[STAGES];
    struct sources sources; /* the door's receipts */
    uint64_t entries;
};

void book_deinit(struct book *book);

static inline bool book_wants(const struct book *book, int64_t window)
{
    return window >= book->from_ms && (!book->to_ms || window < book->to_ms);
}

/* Takes in one message of the ledger, which was read at this place. NO_MEMORY. */
int book_add(struct book *book, const struct ledger *ledger, const struct finding *place,
             struct findings *findings, struct err *err) CHECKED;

enum book_place {
    BOOK_READ,    /* the ledger says that a worker dealt with it */
    BOOK_WAITING, /* behind all that it tells of */
    BOOK_SKIPPED, /* between, or before */
};
enum book_place book_find(const struct book *book, int stage, uint32_t partition, int64_t offset);

#endif
