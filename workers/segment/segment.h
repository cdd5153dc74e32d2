/* The segment worker: see segment.c. */
#ifndef VERBATIM_WORKERS_SEGMENT_H
#define VERBATIM_WORKERS_SEGMENT_H

#include "runtime/worker.h"

extern const struct worker segment_worker;

#endif
