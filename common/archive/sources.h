/* The door's receipts, by source and hour, against what `feedback` holds.
 *
 * One-sided: a door that is killed takes up to about a second of receipts with it untold, and a
 * post that was written without a receipt has none. So there may be more records than receipts,
 * never fewer; and where there are as many, they must be the same. */
#ifndef VERBATIM_ARCHIVE_SOURCES_H
#define VERBATIM_ARCHIVE_SOURCES_H

#include "archive/findings.h"
#include "base/hash_table.h"
#include "schema/ledger.h"

/* Bounds: what comes later is summed under the empty name, by hour. That is also what the door,
 * which has bounds of its own, tells of sources that it doesn't name. */
enum { SOURCES_MAX = 2048, SOURCE_CELLS_MAX = 16384, SOURCE_NAME_MAX = 256 };
/* Ledger messages that a door may have sent twice: the last ones of each. */
enum { TOLD_DOORS = 256, TOLD_IDS = 64 };

struct source_cell {
    int64_t window;  /* these two are its key */
    uint32_t source; /* number of its name; 0: the empty one */
    struct ledger_sum told, found;
};

struct told_ids {
    uint64_t hashes[TOLD_IDS];
    size_t next;
};

/* A zeroed one is valid. */
struct sources {
    struct arena arena; /* names */
    struct str *names;  /* by number */
    uint32_t *by_hash;  /* numbers, open addressing */
    uint32_t name_count;
    struct hash_table cells;
    struct told_ids *told; /* by the door's name; two that share a place remember less each */
};

struct source_sums {
    char name[SOURCE_NAME_MAX + 1];
    uint64_t receipts, records;
};

void sources_deinit(struct sources *sources);
/* Makes it if it is new; NULL without memory. Valid until the next call. */
struct source_cell *sources_get(struct sources *sources, struct str source, int64_t window);
/* Was this message of this door here before? It is from now on. */
bool sources_told_before(struct sources *sources, struct str member, struct str id);
/* For people: what isn't printable is a question mark. */
void source_show(struct str name, char out[static SOURCE_NAME_MAX + 1]);
/* Findings of RECEIPTS; and the sums over all hours, by most records, to be freed. Nothing may be
 * added any more. NO_MEMORY. */
int sources_judge(struct sources *sources, struct findings *findings, struct source_sums **ret_sums,
                  size_t *ret_count, struct err *err) CHECKED;

#endif
