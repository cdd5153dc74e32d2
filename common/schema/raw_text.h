/* What no table knows, as text: an attribute of a field of any kind. */
#ifndef VERBATIM_SCHEMA_RAW_TEXT_H
#define VERBATIM_SCHEMA_RAW_TEXT_H

#include "base/arena.h"

/* `raw` is one encoded value; a list or object becomes JSON, null and bytes nothing. BAD_MESSAGE:
 * it nests too deeply; NO_MEMORY. */
int raw_as_text(struct str raw, struct arena *arena, struct str *ret_text) CHECKED;

#endif
