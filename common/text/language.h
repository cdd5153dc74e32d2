/* Which language a text is written in. */
#ifndef VERBATIM_TEXT_LANGUAGE_H
#define VERBATIM_TEXT_LANGUAGE_H

#include "base/err.h"
#include "base/str.h"

struct language_guess {
    char code[8];     /* ISO 639-1, or "und" when nothing can be told */
    float confidence; /* probability that it is this one, 0 to 1 */
};

/* text: valid UTF-8. Never fails, allocates nothing. */
void language_detect(struct str text, struct language_guess *ret_guess);

/* A model of verbatim train language instead of the one that is compiled in. Any number of
 * threads may use it. */
struct language_table;
/* NO_INPUT, BAD_MODEL, NO_MEMORY */
int language_open(const char *path, struct language_table **ret_table, struct err *err) CHECKED;
void language_close(struct language_table *table); /* NULL is ignored */
void language_detect_by(const struct language_table *table, struct str text,
                        struct language_guess *ret_guess); /* NULL: compiled in */

/* A language as people tag it: "es", "ES", "es-MX" and "es_MX" are es. False: a name, or anything
 * else that is no code. */
bool language_code(struct str tag, char ret_code[static 4]);

#endif
