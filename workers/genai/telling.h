/* What the asker tells: its metrics, and a line in the log when a provider goes or comes back. */
#ifndef VERBATIM_WORKERS_GENAI_TELLING_H
#define VERBATIM_WORKERS_GENAI_TELLING_H

#include "workers/genai/asker.h"

void telling_write(const struct asker *asker, struct metrics_writer *writer);
/* NULL: it is back */
void telling_outage(const struct stage *stage, const struct llm_result *result);

#endif
