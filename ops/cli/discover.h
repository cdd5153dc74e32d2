/* verbatim topics discover: what recurs in feedback and no topic covers. */
#ifndef VERBATIM_OPS_CLI_DISCOVER_H
#define VERBATIM_OPS_CLI_DISCOVER_H

#include "ops/cli/cli.h"

struct discover_wish {
    const char *input, *archive, *language, *text_column; /* NULL: not given */
    uint64_t records_min, limit;
    bool json;
};

int topics_discover(const struct discover_wish *wish, const struct arguments *arguments,
                    struct err *err) CHECKED;

#endif
