/* "Did you mean": the known name that somebody is likely to have meant. */
#ifndef VERBATIM_BASE_NEAREST_H
#define VERBATIM_BASE_NEAREST_H

#include "base/str.h"

/* Of the names that are offered, the one that is spelled most like `name`. What is farther than a
 * typo isn't found: half of the letters of a short name, two fifths of a long one. */
struct nearest {
    struct str name, found; /* a view of the offer; no data: none was near */
    size_t distance;
};
struct nearest nearest_to(struct str name);
/* True: it is the one, so far. */
bool nearest_offer(struct nearest *nearest, struct str known);

#endif
