/* A provider in place of a real one: OpenAI's chat completions on loopback, in a process of
 * its own, so that its CPU isn't ours. It answers each call after a fixed time, with a quote of
 * what it was asked about. */
#ifndef VERBATIM_OPS_BENCHMARKS_GENAI_PROVIDER_H
#define VERBATIM_OPS_BENCHMARKS_GENAI_PROVIDER_H

#include <sys/types.h>

#include "base/err.h"

/* IN_USE, SYSTEM. */
int genai_provider_start(unsigned latency_ms, pid_t *ret_pid, unsigned *ret_port,
                         struct err *err) CHECKED;
void genai_provider_stop(pid_t pid);

#endif
