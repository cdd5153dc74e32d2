/* Death at a named place. */
#include "base/crash.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/str.h"

static const char *wanted; /* as the environment had it at first */

static void learn(void) { wanted = getenv("VERBATIM_TEST_CRASH"); }

void crash_point(const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static atomic_uint passed;
    uint64_t times = 1;
    pthread_once(&once, learn);
    if (!wanted) return;
    struct str armed = str_of(wanted);
    if (!armed.size || !str_equal(str_cut(&armed, ':'), str_of(name))) return;
    if (armed.size && !str_to_u64(armed, &times)) return;
    if (atomic_fetch_add(&passed, 1) + 1 == times) raise(SIGKILL);
}
