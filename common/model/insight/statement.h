/* A need in few words, so that the same need of different customers meets: its clause in lower
 * case, without what only opens or closes it ("it would be nice if you could add", "por favor", "ce
 * serait bien d'avoir", "the app"), without marks, single blanks, at most STATEMENT_BYTES in whole
 * words, in the language of the text. */
#ifndef VERBATIM_MODEL_STATEMENT_H
#define VERBATIM_MODEL_STATEMENT_H

#include "model/insight.h"

enum { STATEMENT_BYTES = INSIGHT_NEED_TEXT_BYTES };

/* Of tokens [first, last), at least one. In the arena, never empty; data == NULL: out of memory. */
struct str statement_make(struct str text, const struct tokens *tokens, uint32_t first,
                          uint32_t last, enum insight_need_kind kind, struct arena *arena);

#endif
