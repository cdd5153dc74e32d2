/* Where a writer's own words end, in a text that carries what they answer to. */
#ifndef VERBATIM_MODEL_OWN_WORDS_H
#define VERBATIM_MODEL_OWN_WORDS_H

#include "base/str.h"

/* Bytes of `text` before the message that it quotes at its end, as e-mail programs do: lines that
 * begin with ">" under "On … wrote:" (two such lines, without it), or what stands below
 * "-----Original Message-----". text.size where nothing is quoted, or nothing else is there. */
size_t own_words_end(struct str text);

#endif
