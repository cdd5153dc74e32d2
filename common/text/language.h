/* Which language a text is written in. */
#ifndef VERBATIM_TEXT_LANGUAGE_H
#define VERBATIM_TEXT_LANGUAGE_H

#include "base/str.h"

struct language_guess {
    char code[8];     /* ISO 639-1, or "und" when nothing can be told */
    float confidence; /* probability that it is this one, 0 to 1 */
};

/* text: valid UTF-8. Never fails, allocates nothing. */
void language_detect(struct str text, struct language_guess *ret_guess);

#endif
