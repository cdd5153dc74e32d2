/* The least that as many calls cost anybody with libcurl on libuv: the same body again and again,
 * the reply thrown away. */
#ifndef VERBATIM_OPS_BENCHMARKS_GENAI_BARE_H
#define VERBATIM_OPS_BENCHMARKS_GENAI_BARE_H

#include "base/str.h"
#include "base/err.h"

/* `calls` in all, `at_once` under way. SYSTEM, UPSTREAM: one of them failed. */
int genai_bare_run(const char *url, struct str body, uint64_t calls, uint32_t at_once,
                   struct err *err) CHECKED;

#endif
