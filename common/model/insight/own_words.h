/* A writer's own words, in a text that carries what they answer to. */
#ifndef VERBATIM_MODEL_OWN_WORDS_H
#define VERBATIM_MODEL_OWN_WORDS_H

#include "base/str.h"

/* `text` without the message that it quotes, as e-mail programs do: at its end lines that begin with
 * ">" under "On … wrote:" (two such lines, without it), or what stands below
 * "-----Original Message-----", a mail's "From:" and "Sent:", "On … wrote:", or "Response from the
 * owner"; at its head two lines or more that begin with ">". All of it where nothing is quoted, or
 * nothing else is there. */
struct str own_words(struct str text);

#endif
