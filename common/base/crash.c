/* Death at a named place. */
#include "base/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/str.h"

void crash_point(const char *name)
{
    static atomic_uint passed;
    struct str armed = str_of(getenv("VERBATIM_TEST_CRASH"));
    uint64_t times = 1;
    if (!armed.size || !str_equal(str_cut(&armed, ':'), str_of(name))) return;
    if (armed.size && !str_to_u64(armed, &times)) return;
    if (atomic_fetch_add(&passed, 1) + 1 == times) raise(SIGKILL);
}
