/* Where the files that ship with Verbatim are: cue lists, models, topics, the sample. */
#ifndef VERBATIM_CONFIG_SHIPPED_H
#define VERBATIM_CONFIG_SHIPPED_H

#include "base/err.h"

enum { SHIPPED_PATH_BYTES = 4096 };

/* `name` below the config folder ("cues", "models/segments.model"; "": itself), sought in
 * $VERBATIM_HOME/config, beside the program when installed (../share/verbatim/config), in the
 * source tree (../../../config from build/PRESET/bin) and in ./config. `chosen`, if not empty, is
 * taken instead as it is. NO_INPUT names where it was sought. */
int shipped_path(const char *chosen, const char *name, char out[static SHIPPED_PATH_BYTES],
                 struct err *err) CHECKED;

/* What became of opening a file that this option names ("segment.model"), which its error says
 * then; one that isn't there is a fault of the configuration, not of an input: BAD_CONFIG. Returns
 * the code. */
int shipped_named(const char *option, int rc, struct err *err) CHECKED;

#endif
