/* Posts records to a front door, as any caller would. */
#ifndef VERBATIM_OPS_CLI_POST_H
#define VERBATIM_OPS_CLI_POST_H

#include "base/buffer.h"

/* E_OK: the bus holds *ret_accepted records of the body. UNAVAILABLE, BAD_MESSAGE, NO_MEMORY. */
int post_ndjson(const char *url, struct str body, uint64_t *ret_accepted, struct err *err) CHECKED;

#endif
