/* verbatim-featurize. */
#include "runtime/runtime.h"
#include "workers/featurize/featurize.h"

extern char **environ;

int main(int argc, char **argv) { return runtime_main(&featurize_worker, argc, argv, environ); }
