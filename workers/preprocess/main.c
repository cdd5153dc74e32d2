/* verbatim-preprocess. */
#include "runtime/runtime.h"
#include "workers/preprocess/preprocess.h"

extern char **environ;

int main(int argc, char **argv) { return runtime_main(&preprocess_worker, argc, argv, environ); }
