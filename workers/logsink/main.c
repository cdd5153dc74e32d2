/* verbatim-logsink. */
#include "runtime/runtime.h"
#include "workers/logsink/logsink.h"

extern char **environ;

int main(int argc, char **argv) { return runtime_main(&logsink_worker, argc, argv, environ); }
