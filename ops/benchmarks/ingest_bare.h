/* What answering a POST costs at least: a responder on epoll, without a bus. */
#ifndef VERBATIM_OPS_BENCHMARKS_INGEST_BARE_H
#define VERBATIM_OPS_BENCHMARKS_INGEST_BARE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* As a child process; every answer is a 202 of so many bytes, head included. */
int ingest_bare_start(size_t answer_bytes, pid_t *ret_child, uint16_t *ret_port,
                      struct err *err) CHECKED;
void ingest_bare_stop(pid_t child);

#endif
