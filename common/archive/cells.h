/* Sums by topic, partition and hour: what the ledger tells beside what the archive holds. */
#ifndef VERBATIM_ARCHIVE_CELLS_H
#define VERBATIM_ARCHIVE_CELLS_H

#include "base/err.h"
#include "schema/ledger.h"
#include "schema/topic.h"

/* The partition of a cell that sums a whole topic. */
#define CELL_ALL UINT32_MAX

struct cell {
    enum topic topic;
    uint32_t partition;
    int64_t window;
    bool used;
    /* By partition, of records that a worker reads: */
    struct ledger_sum told_read, told_resent, told_passed, dropped, refused;
    struct ledger_sum found_read, found_resent; /* of those that the ledger says were read */
    struct ledger_sum waiting;                  /* behind all that it says were */
    /* CELL_ALL, of records that workers write: */
    struct ledger_sum told, found;
};

/* A hash table; a zeroed one is valid. Memory: 200 bytes a cell, at most twice as
 * many as there are. */
struct cells {
    struct cell *items;
    size_t count, capacity;
};

void cells_deinit(struct cells *cells);
/* Makes it if it is new; NULL without memory. Valid until the next call. */
struct cell *cells_get(struct cells *cells, enum topic topic, uint32_t partition, int64_t window);
/* By window, topic, partition; nothing may be added any more. */
void cells_sort(struct cells *cells);

#endif
