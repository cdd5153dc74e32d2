/* The ingest worker: see ingest.c. */
#ifndef VERBATIM_WORKERS_INGEST_H
#define VERBATIM_WORKERS_INGEST_H

#include "runtime/worker.h"

extern const struct worker ingest_worker;

#endif
