/* Posts records to a front door, as any caller would. */
#ifndef VERBATIM_OPS_CLI_POST_H
#define VERBATIM_OPS_CLI_POST_H

#include "base/buffer.h"

struct post_target {
    const char *url;
    /* PEM file of the one certificate that a door of https may show, whatever its name; "": the
     * system's authorities decide */
    const char *trusted;
    const char *key;     /* an API key, NAME.SECRET; "": none. In no error */
};

struct post_counts {
    uint64_t accepted, refused; /* records of the body */
};

/* E_OK: the bus holds what was accepted. UNAVAILABLE, BAD_MESSAGE, NO_MEMORY. */
int post_ndjson(const struct post_target *target, struct str body, struct post_counts *ret_counts,
                struct err *err) CHECKED;

#endif
