/* verbatim-genai. */
#include "runtime/runtime.h"
#include "workers/genai/genai.h"

extern char **environ;

int main(int argc, char **argv) { return runtime_main(&genai_worker, argc, argv, environ); }
