/* Sums by topic, partition and hour: what the ledger tells beside what the archive holds. */
#ifndef VERBATIM_ARCHIVE_CELLS_H
#define VERBATIM_ARCHIVE_CELLS_H

#include "base/hash_table.h"
#include "schema/ledger.h"
#include "schema/topic.h"

/* The partition of a cell that sums a whole topic. */
#define CELL_ALL UINT32_MAX

struct cell {
    enum topic topic; /* these three are its key */
    uint32_t partition;
    int64_t window;
    /* By partition, of records that a worker reads: */
    struct ledger_sum told_read, told_resent, told_passed, dropped, refused;
    struct ledger_sum found_read, found_resent; /* of those that the ledger says were read */
    struct ledger_sum waiting;                  /* behind all that it says were */
    /* CELL_ALL, of records that workers write: */
    struct ledger_sum told, found;
};

/* Makes it if it is new; NULL without memory. Valid until the next call. Memory: 200 bytes a cell,
 * with room for at most 2.7 times as many as there are. */
struct cell *cells_get(struct hash_table *cells, enum topic topic, uint32_t partition,
                       int64_t window);
/* All of them, by window, topic, partition; NULL if there are none. Nothing may be added
 * any more. */
struct cell *cells_sort(struct hash_table *cells);

#endif
