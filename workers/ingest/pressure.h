/* Back-pressure: what waits behind the door turns callers away before it grows without bound. */
#ifndef VERBATIM_WORKERS_INGEST_PRESSURE_H
#define VERBATIM_WORKERS_INGEST_PRESSURE_H

#include "workers/ingest/state.h"

/* *ret_pressure is NULL where no limit is set; all that follows then says that there is room. */
int pressure_open(struct ingest_state *state, struct pressure **ret_pressure,
                  struct err *err) CHECKED;
void pressure_stop(struct pressure *pressure); /* no more questions: the door is closing */
void pressure_close(struct pressure *pressure);

/* Seconds after which there is room again; 0: there is. The loop's thread. */
unsigned pressure_retry_after_s(const struct pressure *pressure);
void pressure_turned_away(struct pressure *pressure); /* counts */
bool pressure_is_high(const struct pressure *pressure); /* as last seen; any thread */
void pressure_metrics(const struct pressure *pressure, struct metrics_writer *writer);

#endif
