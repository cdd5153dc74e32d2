/* What to do where people may have come to harm stands first, whoever answered. */
#ifndef VERBATIM_WORKERS_GENAI_ADVISE_H
#define VERBATIM_WORKERS_GENAI_ADVISE_H

#include "workers/genai/provider.h"

/* The insight's own advice to the safety team moves to the front; where a model gave none, that of
 * the local rules is put there, with the words in which the screen found harm, or the model danger,
 * and the last of too many goes. `local` answers at once.
 * NO_MEMORY, and what asking it gives. */
int advise_safety_first(struct job *job, struct provider *local,
                        const struct provider_question *asked, struct insight *insight,
                        struct err *err) CHECKED;

#endif
