/* What the door gave receipts for, on its way to the ledger; see tally.c. */
#ifndef VERBATIM_WORKERS_INGEST_TALLY_H
#define VERBATIM_WORKERS_INGEST_TALLY_H

#include "workers/ingest/state.h"

struct tally;

/* *ret_tally NULL: no ledger is kept; all but this accept that. Loop thread,
 * but for tally_add(). */
int tally_open(struct ingest_state *state, struct tally **ret_tally, struct err *err) CHECKED;
/* After the producer, which still reports to it. */
void tally_close(struct tally *tally);

/* The bus holds these records, and they have a receipt: outputs of outputs_make(). Any thread. */
void tally_add(struct tally *tally, const struct taken *taken, const struct bus_output *outputs,
               size_t count);

/* From now on what is counted is told at once; settled: the bus holds all of it. */
void tally_drain(struct tally *tally);
bool tally_settled(struct tally *tally);

#endif
