/* Claims against the text: what the text doesn't hold is dropped, and counted. */
#ifndef VERBATIM_WORKERS_GENAI_EVIDENCE_H
#define VERBATIM_WORKERS_GENAI_EVIDENCE_H

#include "schema/shape.h"

/* Drops every need, mention, aspect, recommendation and piece of sentiment evidence that text
 * doesn't hold at its offsets, and topics that no mention is left of. Lists are shortened in
 * place. Returns how many. */
uint32_t evidence_check(struct insight *insight, struct str text);

#endif
