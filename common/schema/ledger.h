/* What the ledger counts, and how: shared by who writes it and who verifies it.
 *
 * A sum of ids is the sum, modulo 2^64, of XXH3 of each: the same for the same records in whatever
 * order, and another when one is missing, doubled or exchanged (but for one chance in 2^64; it is
 * no defence against somebody who can choose ids). A message that holds no readable id counts with
 * the empty one. */
#ifndef VERBATIM_SCHEMA_LEDGER_H
#define VERBATIM_SCHEMA_LEDGER_H

#include "base/arena.h"
#include "base/hash.h"

/* Hours are the same for every worker whatever is configured: else they could not be compared. */
#define LEDGER_WINDOW_MS INT64_C(3600000)

enum { LEDGER_IDS_BYTES = 17 }; /* of a sum as hex, with its NUL */

struct ledger_sum {
    uint64_t records, ids;
};

static inline uint64_t ledger_hash(struct str id) { return hash_fast(id, 0); }

static inline void ledger_add(struct ledger_sum *sum, uint64_t id_hash)
{
    sum->records++;
    sum->ids += id_hash;
}

static inline bool ledger_same(struct ledger_sum a, struct ledger_sum b)
{
    return a.records == b.records && a.ids == b.ids;
}

/* The start of the hour that a message's timestamp lies in; before 1970 and behind 9999, the
 * nearest that can be told. */
int64_t ledger_window(int64_t timestamp_ms);

/* 16 hex digits in the arena; data NULL without memory. */
struct str ledger_ids_text(uint64_t ids, struct arena *arena);
bool ledger_ids_read(struct str text, uint64_t *ret_ids);

#endif
