/* What must work before a test has anything to judge. */
#ifndef VERBATIM_TESTS_MUST_H
#define VERBATIM_TESTS_MUST_H

#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"

/* rc and err as of a call of ours. cmocka can end a test from its own thread only: a failure on
 * another one ends the program. */
static inline void must(int rc, const struct err *err)
{
    if (rc == E_OK) return;
    if (gettid() == getpid()) fail_msg("%s: %s", err_name((enum err_code)rc), err->text);
    fprintf(stderr, "%s: %s\n", err_name((enum err_code)rc), err->text);
    abort();
}

#endif
