/* verbatim-segment. */
#include "runtime/runtime.h"
#include "workers/segment/segment.h"

extern char **environ;

int main(int argc, char **argv) { return runtime_main(&segment_worker, argc, argv, environ); }
