/* The preprocess worker: see preprocess.c. */
#ifndef VERBATIM_WORKERS_PREPROCESS_H
#define VERBATIM_WORKERS_PREPROCESS_H

#include "runtime/worker.h"

extern const struct worker preprocess_worker;

#endif
