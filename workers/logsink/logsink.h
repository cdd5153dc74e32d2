/* The logsink worker: see logsink.c. */
#ifndef VERBATIM_WORKERS_LOGSINK_H
#define VERBATIM_WORKERS_LOGSINK_H

#include "runtime/worker.h"

extern const struct worker logsink_worker;

#endif
