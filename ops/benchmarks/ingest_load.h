/* Callers of a server on loopback: so many connections at once, each with one request under way. */
#ifndef VERBATIM_OPS_BENCHMARKS_INGEST_LOAD_H
#define VERBATIM_OPS_BENCHMARKS_INGEST_LOAD_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct load {
    uint16_t port;
    unsigned connections;
    uint64_t requests;           /* in all */
    const struct str *messages;  /* heads and bodies, sent in turn */
    size_t message_count;
    /* what came of it: */
    double *latencies_ms;        /* room for each request; unsorted */
    double seconds;
    size_t answer_bytes;         /* of the last one */
};

/* Every answer must be a 202. */
int load_run(struct load *load, struct err *err) CHECKED;

#endif
