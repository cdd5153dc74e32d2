/* Tells on standard error what the records of an input were refused for. */
#include "ops/cli/refusals.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 20 };

void refusals_add(struct refusals *refusals, const struct err *why)
{
    refusals->other_bytes |= strstr(why->text, "not UTF-8") != NULL;
    if (refusals->count++ < SHOWN)
        fprintf(stderr, "verbatim %s: %s\n", refusals->command, why->text);
    else if (refusals->count == SHOWN + 1)
        fprintf(stderr, "verbatim %s: further refusals are only counted\n", refusals->command);
}

int refusals_end(const struct refusals *refusals, uint64_t read, struct err *err)
{
    if (!refusals->count) return E_OK;
    return err_set(err, E_BAD_MESSAGE, "%llu of %llu records were refused%s",
                   (unsigned long long)refusals->count, (unsigned long long)read,
                   refusals->other_bytes ? REFUSALS_WINDOWS : "");
}
