/* Whose words are whose in a call, a chat or an interview that was written down. */
#ifndef VERBATIM_MODEL_TURNS_H
#define VERBATIM_MODEL_TURNS_H

#include "text/tokens.h"

/* Tokens of the customer's own turns, in *ret_own, which takes them from the arena: what the agent
 * says, and the labels ("Agent:", "Cliente :"), are none of them, but for what the agent
 * states and the customer confirms with no more than a yes. All of `tokens` where the text is
 * no such transcript: three labelled turns or more, of two sides, one of which is known by its
 * name and speaks twice. The first token of a turn begins a sentence. NO_MEMORY only. */
int turns_own(struct str text, const struct tokens *tokens, struct arena *arena,
              struct tokens *ret_own, struct err *err) CHECKED;

#endif
