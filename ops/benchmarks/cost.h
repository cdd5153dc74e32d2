/* What this process spends: CPU time, instructions, memory. */
#ifndef VERBATIM_BENCHMARKS_COST_H
#define VERBATIM_BENCHMARKS_COST_H

#include <stdint.h>

struct cost {
    double user, system, seconds; /* seconds: by the wall */
    double instructions;          /* 0: no counter */
};

/* User-space instructions of this thread: what a busy machine doesn't change. -1:
 * the kernel doesn't let us. The caller closes it. */
int cost_open_counter(void);
struct cost cost_now(int counter);
struct cost cost_since(struct cost start, int counter, uint64_t calls); /* a call */

double cost_resident_mib(void);
/* Bytes that malloc has given out, in KiB: at rest, between rounds, what a leak would add to. */
double cost_heap_kib(void);

#endif
