/* The asker's metrics. */
#ifndef VERBATIM_WORKERS_GENAI_TELLING_H
#define VERBATIM_WORKERS_GENAI_TELLING_H

#include "workers/genai/asker.h"

void telling_write(const struct asker *asker, struct metrics_writer *writer);

#endif
