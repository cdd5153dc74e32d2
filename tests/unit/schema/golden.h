/* tests/golden/whole: one record with every field of every section set. */
#ifndef VERBATIM_TEST_GOLDEN_H
#define VERBATIM_TEST_GOLDEN_H

#include <stdlib.h>

#include "base/buffer.h"
#include "must.h"

static inline struct str golden(const char *name, struct buffer *into)
{
    char path[4096];
    struct err err = {0};
    const char *source = getenv("VERBATIM_SOURCE");
    snprintf(path, sizeof path, "%s/tests/golden/%s", source ? source : ".", name);
    must(buffer_read_file(into, path, 1 << 20, &err), &err);
    return buffer_str(into);
}

#endif
