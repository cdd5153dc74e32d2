/* verbatim-ingest. */
#include <malloc.h>

#include "runtime/runtime.h"
#include "workers/ingest/ingest.h"

extern char **environ;

enum { MAPPED_FROM_BYTES = 32 << 20, KEPT_BYTES = 16 << 20 };

/* What a large post has taken is there for the next one: to have it from the kernel each time costs
 * as much as reading its records. door.c gives it back when no more come. */
int main(int argc, char **argv)
{
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    return runtime_main(&ingest_worker, argc, argv, environ);
}
