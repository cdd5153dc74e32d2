/* A worker's program as a child: started, waited for, stopped, and what it has spent. */
#ifndef VERBATIM_OPS_BENCHMARKS_PROGRAM_H
#define VERBATIM_OPS_BENCHMARKS_PROGRAM_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { PROGRAM_GIVE_UP_MS = 20000 };

struct program {
    pid_t child; /* 0: none */
    int log;     /* what the child writes to stderr */
};

/* verbatim-NAME beside our own program, with these options (the last one NULL). */
int program_start(struct program *program, const char *name, const char *const *options,
                  struct err *err) CHECKED;
/* Until it writes the line "ready". */
int program_await_ready(const struct program *program, const char *name, struct err *err) CHECKED;
void program_stop(struct program *program); /* one that wasn't started is ignored */

/* CPU so far: of the thread that main() runs on, and of all. */
double program_main_thread_seconds(pid_t pid);
double program_cpu_seconds(pid_t pid);
double program_system_seconds(pid_t pid); /* what the kernel has of it, by its ticks */

uint16_t program_free_port(void); /* of the loopback address */

#endif
