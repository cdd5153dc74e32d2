/* verbatim-ingest. */
#include "runtime/runtime.h"
#include "workers/ingest/ingest.h"

extern char **environ;

int main(int argc, char **argv) { return runtime_main(&ingest_worker, argc, argv, environ); }
