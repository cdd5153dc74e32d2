/* Where the words that a model quotes stand in the text. */
#ifndef VERBATIM_WORKERS_GENAI_QUOTE_H
#define VERBATIM_WORKERS_GENAI_QUOTE_H

#include "base/arena.h"

/* One text, looked into for many quotes. Its plain form is made when a quote isn't found as it is.
 */
struct quotable {
    struct str text;
    struct arena *arena;
    struct str plain; /* lower case, no accents, single spaces, plain quotes and dashes */
    const uint32_t
        *starts; /* of each byte of plain: the first byte of the character that it comes from; */
    const uint32_t *ends; /* and the byte behind that */
};

enum quote_found { QUOTE_EXACT, QUOTE_PLAIN, QUOTE_NOWHERE, QUOTE_NO_MEMORY };

/* First as it is, then in the plain form. Marks around the quote and dots at its ends don't count.
 * What is found holds as evidence: [start, end) are bytes of the text. */
enum quote_found quote_find(struct quotable *quotable, struct str quote, uint32_t *ret_start,
                            uint32_t *ret_end);

#endif
