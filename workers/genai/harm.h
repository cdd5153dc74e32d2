/* What the safety screen found, for whoever is asked about the record. */
#ifndef VERBATIM_WORKERS_GENAI_HARM_H
#define VERBATIM_WORKERS_GENAI_HARM_H

#include "workers/genai/provider.h"

/* Sets the question's harm: the alarm; where there is an alert, the first finding that counts, and
 * all that its lists tell of events and hazards, in the arena. NO_MEMORY. */
int harm_note(const struct safety *safety, struct arena *arena, struct provider_question *question,
              struct err *err) CHECKED;

#endif
