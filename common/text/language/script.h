/* The language of a text whose script isn't Latin. */
#ifndef VERBATIM_TEXT_LANGUAGE_SCRIPT_H
#define VERBATIM_TEXT_LANGUAGE_SCRIPT_H

#include "text/language.h"

/* Leaves the guess alone when the text has no letters that it knows. */
void language_of_script(struct str text, struct language_guess *guess);

#endif
