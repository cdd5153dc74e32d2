/* The genai worker: see genai.c. */
#ifndef VERBATIM_WORKERS_GENAI_H
#define VERBATIM_WORKERS_GENAI_H

#include "runtime/worker.h"

extern const struct worker genai_worker;

#endif
