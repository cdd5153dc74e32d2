/* The featurize worker: see featurize.c. */
#ifndef VERBATIM_WORKERS_FEATURIZE_H
#define VERBATIM_WORKERS_FEATURIZE_H

#include "runtime/worker.h"

extern const struct worker featurize_worker;

#endif
